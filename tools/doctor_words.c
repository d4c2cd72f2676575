/* SPDX-License-Identifier: MIT */
#include "doctor.h"

#include <inttypes.h>
#include <stdarg.h>
#include <string.h>

#include <undervisor/explain.h>

/* Values of VMCS fields in words: from the library's tables where it has one, from those here else.
 */

const char *doctor_field_name(uint32_t field)
{
	struct udv_list_row row;

	for (unsigned i = 0; udv_list_row(UDV_LIST_VMCS_FIELDS, i, &row) == UDV_OK; i++)
		if (row.number == field)
			return row.name;
	return "";
}

struct words {
	char *buffer;
	size_t size, used;
};

__attribute__((format(printf, 2, 3))) static void add(struct words *w, const char *format, ...)
{
	va_list arguments;
	int length;

	if (w->used)
		w->used += (size_t)snprintf(w->buffer + w->used, w->size - w->used, ", ");
	if (w->used >= w->size)
		w->used = w->size - 1;
	va_start(arguments, format);
	length = vsnprintf(w->buffer + w->used, w->size - w->used, format, arguments);
	va_end(arguments);
	w->used += length > 0 ? (size_t)length : 0;
	if (w->used >= w->size)
		w->used = w->size - 1;
}

/* ---------------------------------------------------------------- bits with names */

/* Fields whose bits are controls, by the words of the table of controls. */
static const char *control_group(const char *field)
{
	static const struct {
		const char *field, *group;
	} groups[] = {
		{ "PIN_BASED_CONTROLS", "pin-based" },
		{ "PRIMARY_CONTROLS", "primary processor-based" },
		{ "SECONDARY_CONTROLS", "secondary processor-based" },
		{ "TERTIARY_CONTROLS", "tertiary processor-based" },
		{ "EXIT_CONTROLS", "primary VM-exit" },
		{ "SECONDARY_EXIT_CONTROLS", "secondary VM-exit" },
		{ "ENTRY_CONTROLS", "VM-entry" },
		{ "VM_FUNCTION_CONTROLS", "VM-function" },
	};

	for (size_t i = 0; i < sizeof(groups) / sizeof(groups[0]); i++)
		if (strcmp(field, groups[i].field) == 0)
			return groups[i].group;
	return NULL;
}

static bool control_name(const char *group, unsigned bit, char *buffer, size_t size)
{
	struct udv_list_row row;

	for (unsigned i = 0; udv_list_row(UDV_LIST_CONTROLS, i, &row) == UDV_OK; i++) {
		if (row.number == bit && strcmp(row.extra, group) == 0) {
			snprintf(buffer, size, "\"%s\"", row.text);
			return true;
		}
	}
	return false;
}

struct bit_name {
	const char *ending; /* of the fields that have it */
	uint8_t bit;
	const char *name;
};

static const struct bit_name bit_names[] = {
	{ "_ACCESS_RIGHTS", 4, "S" },
	{ "_ACCESS_RIGHTS", 7, "P" },
	{ "_ACCESS_RIGHTS", 12, "AVL" },
	{ "_ACCESS_RIGHTS", 13, "L" },
	{ "_ACCESS_RIGHTS", 14, "D/B" },
	{ "_ACCESS_RIGHTS", 15, "G" },
	{ "_ACCESS_RIGHTS", 16, "unusable" },
	{ "_SELECTOR", 2, "TI" },
	{ "GUEST_RFLAGS", 0, "CF" },
	{ "GUEST_RFLAGS", 1, "the fixed 1" },
	{ "GUEST_RFLAGS", 2, "PF" },
	{ "GUEST_RFLAGS", 4, "AF" },
	{ "GUEST_RFLAGS", 6, "ZF" },
	{ "GUEST_RFLAGS", 7, "SF" },
	{ "GUEST_RFLAGS", 8, "TF" },
	{ "GUEST_RFLAGS", 9, "IF" },
	{ "GUEST_RFLAGS", 10, "DF" },
	{ "GUEST_RFLAGS", 11, "OF" },
	{ "GUEST_RFLAGS", 14, "NT" },
	{ "GUEST_RFLAGS", 16, "RF" },
	{ "GUEST_RFLAGS", 17, "VM" },
	{ "GUEST_RFLAGS", 18, "AC" },
	{ "GUEST_RFLAGS", 19, "VIF" },
	{ "GUEST_RFLAGS", 20, "VIP" },
	{ "GUEST_RFLAGS", 21, "ID" },
	{ "INTERRUPTIBILITY_STATE", 0, "blocking by STI" },
	{ "INTERRUPTIBILITY_STATE", 1, "blocking by MOV SS" },
	{ "INTERRUPTIBILITY_STATE", 2, "blocking by SMI" },
	{ "INTERRUPTIBILITY_STATE", 3, "blocking by NMI" },
	{ "INTERRUPTIBILITY_STATE", 4, "enclave interruption" },
	{ "ENTRY_INTERRUPTION_INFO", 11, "deliver error code" },
	{ "ENTRY_INTERRUPTION_INFO", 13, "nested exception" },
	{ "ENTRY_INTERRUPTION_INFO", 31, "valid" },
	{ "PENDING_DEBUG_EXCEPTIONS", 0, "B0" },
	{ "PENDING_DEBUG_EXCEPTIONS", 1, "B1" },
	{ "PENDING_DEBUG_EXCEPTIONS", 2, "B2" },
	{ "PENDING_DEBUG_EXCEPTIONS", 3, "B3" },
	{ "PENDING_DEBUG_EXCEPTIONS", 11, "bus lock" },
	{ "PENDING_DEBUG_EXCEPTIONS", 12, "enabled breakpoint" },
	{ "PENDING_DEBUG_EXCEPTIONS", 14, "BS" },
	{ "PENDING_DEBUG_EXCEPTIONS", 16, "RTM" },
	{ "GUEST_DEBUGCTL", 0, "LBR" },
	{ "GUEST_DEBUGCTL", 1, "BTF" },
	{ "GUEST_DEBUGCTL", 2, "bus-lock detection" },
	{ "GUEST_DEBUGCTL", 6, "TR" },
	{ "GUEST_DEBUGCTL", 7, "BTS" },
	{ "GUEST_DEBUGCTL", 8, "BTINT" },
	{ "GUEST_DEBUGCTL", 14, "FREEZE_WHILE_SMM" },
	{ "GUEST_DEBUGCTL", 15, "RTM" },
	{ "_PDPTE0", 0, "P" },
	{ "_PDPTE1", 0, "P" },
	{ "_PDPTE2", 0, "P" },
	{ "_PDPTE3", 0, "P" },
	{ "_S_CET", 0, "SH_STK_EN" },
	{ "_S_CET", 1, "WR_SHSTK_EN" },
	{ "_S_CET", 2, "ENDBR_EN" },
	{ "_S_CET", 3, "LEG_IW_EN" },
	{ "_S_CET", 4, "NO_TRACK_EN" },
	{ "_S_CET", 5, "SUPPRESS_DIS" },
	{ "_S_CET", 10, "SUPPRESS" },
	{ "_S_CET", 11, "TRACKER" },
};

static bool ends_with(const char *text, const char *end)
{
	size_t length = strlen(text), end_length = strlen(end);

	return length >= end_length && strcmp(text + length - end_length, end) == 0;
}

static bool table_name(const char *field, unsigned bit, char *buffer, size_t size)
{
	for (size_t i = 0; i < sizeof(bit_names) / sizeof(bit_names[0]); i++) {
		if (bit_names[i].bit == bit && ends_with(field, bit_names[i].ending)) {
			snprintf(buffer, size, "%s", bit_names[i].name);
			return true;
		}
	}
	return false;
}

/* What `undervisor explain` knows of it. */
static bool explained_name(const char *field, unsigned bit, char *buffer, size_t size)
{
	static const struct {
		const char *ending;
		enum udv_explain_kind kind;
	} kinds[] = {
		{ "T_CR0", UDV_EXPLAIN_CR0 },
		{ "T_CR4", UDV_EXPLAIN_CR4 },
		{ "_EFER", UDV_EXPLAIN_EFER },
	};
	static const struct udv_explanation none;
	struct udv_explanation e = none;

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (!ends_with(field, kinds[i].ending) ||
		    udv_explain(kinds[i].kind, 0, NULL, &e) != UDV_OK)
			continue;
		for (unsigned r = 0; r < e.nr_rows; r++) {
			if (e.rows[r].high == bit && e.rows[r].low == bit &&
			    strcmp(e.rows[r].name, "reserved") != 0) {
				snprintf(buffer, size, "%s", e.rows[r].name);
				return true;
			}
		}
	}
	return false;
}

void doctor_bit_name(uint32_t field, unsigned bit, char *buffer, size_t size)
{
	const char *name = doctor_field_name(field), *group = control_group(name);

	if (group ? control_name(group, bit, buffer, size)
		  : table_name(name, bit, buffer, size) || explained_name(name, bit, buffer, size))
		return;
	buffer[0] = '\0';
}

/* ---------------------------------------------------------------- values that are not bits */

/* Bits of parts that say more together are taken off *@value. */
static void add_access_rights(struct words *w, uint64_t *value)
{
	add(w, "type %" PRIu64, *value & 0xf);
	add(w, "DPL %" PRIu64, *value >> 5 & 3);
	*value &= ~(uint64_t)0x6f;
}

static void add_selector(struct words *w, uint64_t *value)
{
	add(w, "index %" PRIu64, *value >> 3);
	add(w, "RPL %" PRIu64, *value & 3);
	*value &= 4;
}

static void add_interruption(struct words *w, uint64_t *value)
{
	static const char *const types[] = {
		"external interrupt", "reserved type 1",    "NMI",
		"hardware exception", "software interrupt", "privileged software exception",
		"software exception", "other event",
	};

	add(w, "vector %" PRIu64, *value & 0xff);
	add(w, "%s", types[*value >> 8 & 7]);
	*value &= ~(uint64_t)0x7ff;
}

static void add_activity(struct words *w, uint64_t *value)
{
	static const char *const states[] = { "active", "HLT", "shutdown", "wait-for-SIPI" };

	add(w, "%s", *value < 4 ? states[*value] : "no such state");
	*value = 0;
}

static void add_eptp(struct words *w, uint64_t *value)
{
	add(w, "memory type %" PRIu64, *value & 7);
	add(w, "%" PRIu64 " levels", (*value >> 3 & 7) + 1);
	if (*value & 0x40)
		add(w, "accessed and dirty flags");
	if (*value & 0x80)
		add(w, "supervisor shadow-stack rights");
	if (*value & 0xf00)
		add(w, "bits 11:8 = %" PRIu64, *value >> 8 & 0xf);
	add(w, "root 0x%" PRIx64, *value & ~(uint64_t)0xfff);
	*value = 0;
}

static void add_pat(struct words *w, uint64_t *value)
{
	static const char *const types[] = {
		"UC", "WC", "no type 2", "no type 3", "WT", "WP", "WB", "UC-",
	};

	for (unsigned i = 0; i < 8; i++) {
		unsigned type = *value >> 8 * i & 0xff;

		if (type < 8)
			add(w, "PA%u %s", i, types[type]);
		else
			add(w, "PA%u no type %u", i, type);
	}
	*value = 0;
}

static const struct {
	const char *ending;
	void (*add)(struct words *w, uint64_t *value);
} composed[] = {
	{ "_ACCESS_RIGHTS", add_access_rights },
	{ "_SELECTOR", add_selector },
	{ "ENTRY_INTERRUPTION_INFO", add_interruption },
	{ "GUEST_ACTIVITY_STATE", add_activity },
	{ "EPT_POINTER", add_eptp },
	{ "T_PAT", add_pat },
};

/* "bits 47:46" */
static unsigned add_run(struct words *w, uint64_t value, unsigned high)
{
	unsigned low = high;

	while (low > 0 && value >> (low - 1) & 1)
		low--;
	if (low == high)
		add(w, "bit %u", high);
	else
		add(w, "bits %u:%u", high, low);
	return low;
}

void doctor_value_text(uint32_t field, uint64_t value, char *buffer, size_t size)
{
	struct words w = { .buffer = buffer, .size = size };
	const char *name = doctor_field_name(field);
	uint64_t nameless = 0;
	char bit_text[64];

	buffer[0] = '\0';
	for (size_t i = 0; i < sizeof(composed) / sizeof(composed[0]); i++)
		if (ends_with(name, composed[i].ending))
			composed[i].add(&w, &value);
	for (unsigned bit = 0; bit < 64; bit++) {
		if (!(value >> bit & 1))
			continue;
		doctor_bit_name(field, bit, bit_text, sizeof(bit_text));
		if (bit_text[0])
			add(&w, "%s", bit_text);
		else
			nameless |= 1ull << bit;
	}
	for (unsigned bit = 64; bit-- > 0;)
		if (nameless >> bit & 1)
			bit = add_run(&w, nameless, bit);
	if (!w.used)
		add(&w, "no bit is 1");
}
