/* SPDX-License-Identifier: MIT */
#include "diff_compare.h"

#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <undervisor/explain.h>

/* Are two records the same? Each field by name. */

/* @who may be "", or ends with a space. */
static void compare(struct diff_fields *fields, const char *who, const char *name, uint64_t a,
		    uint64_t b)
{
	struct diff_field *field;

	if (a == b)
		return;
	if (fields->count < DIFF_MAX_FIELDS) {
		field = &fields->list[fields->count];
		snprintf(field->name, sizeof(field->name), "%s%s", who, name);
		field->values[0] = a;
		field->values[1] = b;
	}
	fields->count++;
}

struct place {
	const char *name;
	uint16_t offset;
	uint16_t size;
};

#define PLACE(type, member, text)                                                                  \
	{                                                                                          \
		text, offsetof(struct type, member), sizeof(((struct type *)0)->member)            \
	}

static uint64_t at(const void *data, const struct place *place)
{
	const uint8_t *from = (const uint8_t *)data + place->offset;
	uint64_t wide;
	uint32_t half;
	uint16_t word;

	switch (place->size) {
	case 8:
		memcpy(&wide, from, sizeof(wide));
		return wide;
	case 4:
		memcpy(&half, from, sizeof(half));
		return half;
	case 2:
		memcpy(&word, from, sizeof(word));
		return word;
	default:
		return *from;
	}
}

static void compare_places(struct diff_fields *fields, const char *who, const struct place *places,
			   size_t count, const void *a, const void *b)
{
	for (size_t i = 0; i < count; i++)
		compare(fields, who, places[i].name, at(a, &places[i]), at(b, &places[i]));
}

#define COMPARE_PLACES(fields, who, places, a, b)                                                  \
	compare_places(fields, who, places, sizeof(places) / sizeof((places)[0]), a, b)

/* "name 3" */
static void compare_numbered(struct diff_fields *fields, const char *who, const char *name,
			     unsigned number, uint64_t a, uint64_t b)
{
	char text[32];

	if (a == b)
		return;
	snprintf(text, sizeof(text), "%s%u", name, number);
	compare(fields, who, text, a, b);
}

/* ---------------------------------------------------------------- registers */

static const char *const gpr_names[16] = { "RAX", "RCX", "RDX", "RBX", "RSP", "RBP", "RSI", "RDI",
					   "R8",  "R9",	 "R10", "R11", "R12", "R13", "R14", "R15" };

static const char *const segment_names[8] = { "ES", "CS", "SS", "DS", "FS", "GS", "LDTR", "TR" };

static const struct place register_places[] = {
	PLACE(udv_registers, rip, "RIP"),
	PLACE(udv_registers, rflags, "RFLAGS"),
	PLACE(udv_registers, gdtr_base, "GDTR base"),
	PLACE(udv_registers, idtr_base, "IDTR base"),
	PLACE(udv_registers, gdtr_limit, "GDTR limit"),
	PLACE(udv_registers, idtr_limit, "IDTR limit"),
	PLACE(udv_registers, cr0, "CR0"),
	PLACE(udv_registers, cr2, "CR2"),
	PLACE(udv_registers, cr3, "CR3"),
	PLACE(udv_registers, cr4, "CR4"),
	PLACE(udv_registers, efer, "IA32_EFER"),
	PLACE(udv_registers, dr[0], "DR0"),
	PLACE(udv_registers, dr[1], "DR1"),
	PLACE(udv_registers, dr[2], "DR2"),
	PLACE(udv_registers, dr[3], "DR3"),
	PLACE(udv_registers, dr6, "DR6"),
	PLACE(udv_registers, dr7, "DR7"),
};

static const struct place system_places[] = {
	PLACE(udv_system_registers, pdpte[0], "PDPTE0"),
	PLACE(udv_system_registers, pdpte[1], "PDPTE1"),
	PLACE(udv_system_registers, pdpte[2], "PDPTE2"),
	PLACE(udv_system_registers, pdpte[3], "PDPTE3"),
	PLACE(udv_system_registers, xcr0, "XCR0"),
	PLACE(udv_system_registers, xss, "IA32_XSS"),
	PLACE(udv_system_registers, pkru, "PKRU"),
	PLACE(udv_system_registers, pkrs, "IA32_PKRS"),
	PLACE(udv_system_registers, star, "IA32_STAR"),
	PLACE(udv_system_registers, lstar, "IA32_LSTAR"),
	PLACE(udv_system_registers, cstar, "IA32_CSTAR"),
	PLACE(udv_system_registers, fmask, "IA32_FMASK"),
	PLACE(udv_system_registers, kernel_gs_base, "IA32_KERNEL_GS_BASE"),
	PLACE(udv_system_registers, sysenter_cs, "IA32_SYSENTER_CS"),
	PLACE(udv_system_registers, sysenter_esp, "IA32_SYSENTER_ESP"),
	PLACE(udv_system_registers, sysenter_eip, "IA32_SYSENTER_EIP"),
	PLACE(udv_system_registers, pat, "IA32_PAT"),
	PLACE(udv_system_registers, tsc_aux, "IA32_TSC_AUX"),
	PLACE(udv_system_registers, misc_enable, "IA32_MISC_ENABLE"),
	PLACE(udv_system_registers, debugctl, "IA32_DEBUGCTL"),
	PLACE(udv_system_registers, spec_ctrl, "IA32_SPEC_CTRL"),
	PLACE(udv_system_registers, feature_control, "IA32_FEATURE_CONTROL"),
	PLACE(udv_system_registers, tsc_offset, "TSC, from virtual time"),
	PLACE(udv_system_registers, pending_debug, "pending debug exceptions"),
	PLACE(udv_system_registers, activity, "activity state"),
	PLACE(udv_system_registers, interruptibility, "interruptibility"),
};

static const struct place float_places[] = {
	PLACE(udv_float_registers, mxcsr, "MXCSR"),
	PLACE(udv_float_registers, control, "x87 control word"),
	PLACE(udv_float_registers, status, "x87 status word"),
	PLACE(udv_float_registers, empty, "x87 empty registers"),
	PLACE(udv_float_registers, opcode, "x87 opcode"),
	PLACE(udv_float_registers, instruction_pointer, "x87 instruction pointer"),
	PLACE(udv_float_registers, instruction_selector, "x87 instruction selector"),
	PLACE(udv_float_registers, data_pointer, "x87 data pointer"),
	PLACE(udv_float_registers, data_selector, "x87 data selector"),
};

static void compare_segment(struct diff_fields *fields, const char *who, const char *name,
			    const struct udv_segment_register *a,
			    const struct udv_segment_register *b)
{
	static const struct place places[] = {
		PLACE(udv_segment_register, selector, " selector"),
		PLACE(udv_segment_register, base, " base"),
		PLACE(udv_segment_register, limit, " limit"),
		PLACE(udv_segment_register, access_rights, " access rights"),
	};
	char text[32];

	snprintf(text, sizeof(text), "%s%s", who, name);
	COMPARE_PLACES(fields, text, places, a, b);
}

static void compare_registers(struct diff_fields *fields, const char *who,
			      const struct udv_registers *a, const struct udv_registers *b)
{
	for (unsigned i = 0; i < 16; i++)
		compare(fields, who, gpr_names[i], a->gpr[i], b->gpr[i]);
	COMPARE_PLACES(fields, who, register_places, a, b);
	for (unsigned i = 0; i < 8; i++)
		if (memcmp(&a->segment[i], &b->segment[i], sizeof(a->segment[i])) != 0)
			compare_segment(fields, who, segment_names[i], &a->segment[i],
					&b->segment[i]);
}

static void compare_floats(struct diff_fields *fields, const struct udv_float_registers *a,
			   const struct udv_float_registers *b)
{
	char text[32];

	for (unsigned i = 0; i < 8; i++) {
		compare_numbered(fields, "", "x87 significand of R", i, a->significand[i],
				 b->significand[i]);
		compare_numbered(fields, "", "x87 sign, exponent of R", i, a->sign_exponent[i],
				 b->sign_exponent[i]);
	}
	for (unsigned i = 0; i < 16; i++) {
		if (memcmp(a->ymm[i], b->ymm[i], sizeof(a->ymm[i])) == 0)
			continue;
		snprintf(text, sizeof(text), "YMM%u ", i);
		for (unsigned j = 0; j < 4; j++)
			compare_numbered(fields, text, "quadword ", j, a->ymm[i][j], b->ymm[i][j]);
	}
	COMPARE_PLACES(fields, "", float_places, a, b);
}

/* ---------------------------------------------------------------- records */

static void compare_vmcs(struct diff_fields *fields, const struct udv_vmcs *a,
			 const struct udv_vmcs *b)
{
	struct udv_list_row row;
	uint64_t left, right;

	if (memcmp(a, b, sizeof(*a)) == 0)
		return;
	for (unsigned i = 0; udv_list_row(UDV_LIST_VMCS_FIELDS, i, &row) == UDV_OK; i++)
		if (udv_vmcs_read(a, row.number, &left) == UDV_OK &&
		    udv_vmcs_read(b, row.number, &right) == UDV_OK)
			compare(fields, "", row.name, left, right);
}

static void compare_ve(struct diff_fields *fields, const struct udv_ve_information *a,
		       const struct udv_ve_information *b)
{
	static const struct place places[] = {
		PLACE(udv_ve_information, exit_reason, "exit reason"),
		PLACE(udv_ve_information, busy, "offset 4"),
		PLACE(udv_ve_information, exit_qualification, "exit qualification"),
		PLACE(udv_ve_information, guest_linear_address, "guest-linear address"),
		PLACE(udv_ve_information, guest_physical_address, "guest-physical address"),
		PLACE(udv_ve_information, eptp_index, "EPTP index"),
	};

	COMPARE_PLACES(fields, "#VE information: ", places, a, b);
}

static void compare_exits(struct diff_fields *fields, const struct udv_vm_exit *a,
			  const struct udv_vm_exit *b)
{
	static const struct place places[] = {
		PLACE(udv_vm_exit, cpu, "processor"),
		PLACE(udv_vm_exit, instructions, "instructions"),
		PLACE(udv_vm_exit, ticks, "virtual time (ticks)"),
		PLACE(udv_vm_exit, aborted, "VMX abort"),
		PLACE(udv_vm_exit, vmcs_pointer, "VMCS pointer"),
		PLACE(udv_vm_exit, has_ve, "#VE information"),
	};

	COMPARE_PLACES(fields, "", places, a, b);
	compare_vmcs(fields, &a->vmcs, &b->vmcs);
	compare_registers(fields, "L2's ", &a->guest, &b->guest);
	COMPARE_PLACES(fields, "L2's ", system_places, &a->guest_system, &b->guest_system);
	compare_registers(fields, "L1's ", &a->host, &b->host);
	COMPARE_PLACES(fields, "L1's ", system_places, &a->host_system, &b->host_system);
	compare_floats(fields, &a->floats, &b->floats);
	compare_ve(fields, &a->ve, &b->ve);
}

static void compare_events(struct diff_fields *fields, const struct diff_record *a,
			   const struct diff_record *b)
{
	static const struct place places[] = {
		PLACE(udv_trace_event, cpu, "processor"),
		PLACE(udv_trace_event, instructions, "instructions"),
		PLACE(udv_trace_event, nanoseconds, "virtual time (ns)"),
		PLACE(udv_trace_event, level, "level"),
		PLACE(udv_trace_event, rip, "RIP"),
		PLACE(udv_trace_event, a, "first value"),
		PLACE(udv_trace_event, b, "second value"),
		PLACE(udv_trace_event, c, "third value"),
	};

	COMPARE_PLACES(fields, "", places, &a->event, &b->event);
	compare_ve(fields, &a->ve, &b->ve);
}

static void compare_ends(struct diff_fields *fields, const struct diff_end *a,
			 const struct diff_end *b)
{
	char who[32];

	compare(fields, "", "reason to stop", a->info.stop, b->info.stop);
	compare(fields, "", "processor", a->info.cpu, b->info.cpu);
	compare(fields, "", "value of the debug exit", a->info.value, b->info.value);
	compare(fields, "", "instructions", a->info.instructions, b->info.instructions);
	compare(fields, "", "virtual time (ticks)", a->ticks, b->ticks);
	for (unsigned i = 0; i < a->nr_cpus && i < b->nr_cpus; i++) {
		snprintf(who, sizeof(who), "processor %u's ", i);
		compare_registers(fields, who, &a->registers[i], &b->registers[i]);
	}
}

void diff_compare(const struct diff_record *a, const struct diff_record *b,
		  struct diff_fields *fields)
{
	fields->count = 0;
	compare(fields, "", "what happens", a->kind, b->kind);
	if (a->kind == DIFF_EVENT)
		compare(fields, "", "what happens", a->event.kind, b->event.kind);
	if (fields->count)
		return;
	switch (a->kind) {
	case DIFF_EVENT:
		compare_events(fields, a, b);
		break;
	case DIFF_EXIT:
		compare_exits(fields, a->exit, b->exit);
		break;
	case DIFF_SERIAL:
	case DIFF_CONSOLE:
		compare(fields, "", "byte", a->byte, b->byte);
		break;
	case DIFF_END:
		compare_ends(fields, a->end, b->end);
		break;
	}
}
