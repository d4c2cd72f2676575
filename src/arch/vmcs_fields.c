/* SPDX-License-Identifier: MIT */
#include "arch/vmcs_fields.h"

/* clang-format off */
#define FIELD(e, w, t, n, m, exists_if, sdm, what, ...)                                          \
	{ .encoding = (e), .width = ARCH_WIDTH_##w, .type = ARCH_TYPE_##t, .exists = (exists_if), \
	  .name = #n, .section = (sdm), .holds = (what) },
const struct arch_vmcs_field arch_vmcs_fields[] = { ARCH_VMCS_FIELDS(FIELD) };
/* clang-format on */

const unsigned arch_nr_vmcs_fields = sizeof(arch_vmcs_fields) / sizeof(arch_vmcs_fields[0]);

/* The encoding says width and type itself; the columns are for readers, and must agree. */
#define CHECK(e, w, t, n, ...)                                                                     \
	_Static_assert(ARCH_VMCS_WIDTH(e) == ARCH_WIDTH_##w, #n ": width");                        \
	_Static_assert(ARCH_VMCS_TYPE(e) == ARCH_TYPE_##t, #n ": type");                           \
	_Static_assert(((e)&ARCH_VMCS_HIGH) == 0, #n ": full access");                             \
	_Static_assert(ARCH_VMCS_RESERVED(e) == 0, #n ": reserved bits of encoding");
ARCH_VMCS_FIELDS(CHECK)

/* A member for each field, and no two alike. */
#define MEMBER(e, w, t, n, member, ...) uint64_t member;
struct members {
	ARCH_VMCS_FIELDS(MEMBER)
};
#define ONE(...) +1
_Static_assert(sizeof(struct members) == sizeof(uint64_t) * (0 ARCH_VMCS_FIELDS(ONE)),
	       "one member per field");
