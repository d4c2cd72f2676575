/* SPDX-License-Identifier: MIT */
#include "machine/state.h"

#include "machine/state_lists.h"

/* The lists as tables. */

#define MEMBER(T, member) (((T *)0)->member)
/* A truth value that is neither 0 nor 1 would be undefined behaviour. */
#define HIGHEST(member) _Generic((member), bool : 1ull, default : ~0ull)

#define FIELD(T, m, element, n, lo, hi)                                                            \
	{                                                                                          \
		#m,                                                                                \
		offsetof(T, m),                                                                    \
		sizeof(element),                                                                   \
		n,                                                                                 \
		sizeof(element),                                                                   \
		(uint64_t)(lo),                                                                    \
		(uint64_t)(hi),                                                                    \
		NULL                                                                               \
	},
#define NESTED(T, m, element, n, list)                                                             \
	{ #m, offsetof(T, m), sizeof(element), n, 0, 0, 0, &state_##list },
#define LENGTH(T, m) (sizeof(MEMBER(T, m)) / sizeof(MEMBER(T, m)[0]))

#define ROW_V(T, m) FIELD(T, m, MEMBER(T, m), 1, 0, HIGHEST(MEMBER(T, m)))
#define ROW_R(T, m, lo, hi) FIELD(T, m, MEMBER(T, m), 1, lo, hi)
#define ROW_A(T, m) FIELD(T, m, MEMBER(T, m)[0], LENGTH(T, m), 0, HIGHEST(MEMBER(T, m)[0]))
#define ROW_RA(T, m, lo, hi) FIELD(T, m, MEMBER(T, m)[0], LENGTH(T, m), lo, hi)
#define ROW_S(T, m, list) NESTED(T, m, MEMBER(T, m), 1, list)
#define ROW_SA(T, m, list) NESTED(T, m, MEMBER(T, m)[0], LENGTH(T, m), list)
#define ROW_N(T, m) { #m, offsetof(T, m), 0, 0, 0, 0, 0, NULL },

/* Every field of a VMCS is 64 bits. */
#define NR_VMCS_FIELDS (sizeof(struct vmx_vmcs) / sizeof(uint64_t))
static const struct state_field fields_vmx_vmcs[] = {
	{ "fields", 0, 8, NR_VMCS_FIELDS, 8, 0, ~0ull, NULL },
};
static const struct state_table state_vmx_vmcs = {
	"vmx_vmcs",
	fields_vmx_vmcs,
	1,
	sizeof(struct vmx_vmcs),
};

#define TABLE(kind, name)                                                                          \
	static const struct state_field fields_##name[] = { STATE_##name(                          \
		kind name, ROW_V, ROW_R, ROW_A, ROW_RA, ROW_S, ROW_SA, ROW_N) };                   \
	const struct state_table state_##name = {                                                  \
		#name,                                                                             \
		fields_##name,                                                                     \
		sizeof(fields_##name) / sizeof(fields_##name[0]),                                  \
		sizeof(kind name),                                                                 \
	};
STATE_LISTS(TABLE, TABLE)
