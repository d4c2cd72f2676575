/* SPDX-License-Identifier: MIT */
#include <undervisor/explain.h>

#include "arch/controls.h"
#include "arch/exit_reasons.h"
#include "arch/msrs.h"
#include "arch/vmcs_fields.h"

const char *udv_list_name(enum udv_list list)
{
	static const char *const names[UDV_NR_LISTS] = {
		[UDV_LIST_VMCS_FIELDS] = "vmcs-fields",
		[UDV_LIST_EXIT_REASONS] = "exit-reasons",
		[UDV_LIST_MSRS] = "msrs",
		[UDV_LIST_CONTROLS] = "controls",
	};

	return list < UDV_NR_LISTS ? names[list] : "";
}

static enum udv_status vmcs_field_row(unsigned index, struct udv_list_row *row)
{
	const struct arch_vmcs_field *field;

	if (index >= arch_nr_vmcs_fields)
		return UDV_ERR_NOT_FOUND;
	field = &arch_vmcs_fields[index];
	*row = (struct udv_list_row){ field->encoding, field->name, field->holds, field->section };
	return UDV_OK;
}

static enum udv_status exit_reason_row(unsigned index, struct udv_list_row *row)
{
	const struct arch_exit_reason_row *reason;

	if (index >= arch_nr_exit_reasons)
		return UDV_ERR_NOT_FOUND;
	reason = &arch_exit_reasons[index];
	*row = (struct udv_list_row){ reason->number, reason->name, reason->cause, "" };
	return UDV_OK;
}

static enum udv_status msr_row(unsigned index, struct udv_list_row *row)
{
	const struct arch_msr *msr;

	if (index >= arch_nr_msrs)
		return UDV_ERR_NOT_FOUND;
	msr = &arch_msrs[index];
	*row = (struct udv_list_row){ msr->index, msr->name, msr->what, msr->exists };
	return UDV_OK;
}

static enum udv_status control_row(unsigned index, struct udv_list_row *row)
{
	const struct arch_control_table *table = arch_control_tables;
	const struct arch_control *control;

	for (; index >= table->nr_controls; table++) {
		index -= table->nr_controls;
		if (table == &arch_control_tables[ARCH_NR_CONTROL_GROUPS - 1])
			return UDV_ERR_NOT_FOUND;
	}
	control = &table->controls[index];
	*row = (struct udv_list_row){ control->bit, control->id, control->name, table->words };
	return UDV_OK;
}

enum udv_status udv_list_row(enum udv_list list, unsigned index, struct udv_list_row *row)
{
	switch (list) {
	case UDV_LIST_VMCS_FIELDS:
		return vmcs_field_row(index, row);
	case UDV_LIST_EXIT_REASONS:
		return exit_reason_row(index, row);
	case UDV_LIST_MSRS:
		return msr_row(index, row);
	case UDV_LIST_CONTROLS:
		return control_row(index, row);
	default:
		return UDV_ERR_ARGUMENT;
	}
}

static char fold(char c)
{
	if (c >= 'a' && c <= 'z')
		return (char)(c - 'a' + 'A');
	return c == '-' || c == ' ' ? '_' : c;
}

static bool same_name(const char *a, const char *b)
{
	while (*a && fold(*a) == fold(*b)) {
		a++;
		b++;
	}
	return !*a && !*b;
}

enum udv_status udv_list_find(enum udv_list list, const char *name, uint32_t *number)
{
	const size_t prefix = sizeof("IA32_") - 1;
	struct udv_list_row row;
	unsigned index;

	if (list == UDV_LIST_CONTROLS || list >= UDV_NR_LISTS)
		return UDV_ERR_ARGUMENT;
	for (index = 0; udv_list_row(list, index, &row) == UDV_OK; index++) {
		if (!same_name(row.name, name) &&
		    !(list == UDV_LIST_MSRS && same_name(row.name + prefix, name)))
			continue;
		*number = row.number;
		return UDV_OK;
	}
	return UDV_ERR_NOT_FOUND;
}
