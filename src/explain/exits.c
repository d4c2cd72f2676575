/* SPDX-License-Identifier: MIT */
#include "arch/exit_reasons.h"
#include "arch/fault_bits.h"
#include "explain/explain.h"
#include "explain/lookup.h"

/* SDM Vol 3C "Basic VM-Exit Information" */

#define BASIC_REASON BITS(15, 0)
#define BUSY_SHADOW_STACK BIT(25)
#define BUS_LOCK BIT(26)
#define SMM_TRANSFER BITS(29, 28)
#define RESERVED_BITS (BITS(24, 16) | BIT(30))
#define ENTRY_FAILURE BIT(31)

const struct arch_exit_reason_row *lookup_exit_reason(uint64_t basic)
{
	unsigned i;

	for (i = 0; i < arch_nr_exit_reasons; i++)
		if (arch_exit_reasons[i].number == basic)
			return &arch_exit_reasons[i];
	return NULL;
}

static bool is_entry_failure(uint64_t basic)
{
	return basic == ARCH_EXIT_ENTRY_GUEST_STATE_REASON ||
	       basic == ARCH_EXIT_ENTRY_MSR_LOADING_REASON ||
	       basic == ARCH_EXIT_ENTRY_MACHINE_CHECK_REASON;
}

static const char *kind_text(uint8_t kind)
{
	switch (kind) {
	case ARCH_EXIT_KIND_FAULT:
		return "fault-like: the instruction has had no effect and RIP points to it";
	case ARCH_EXIT_KIND_TRAP:
		return "trap-like: the operation has completed and RIP points behind it";
	case ARCH_EXIT_KIND_ASYNC:
		return "between two instructions";
	default:
		return "RIP is where the event would have been delivered";
	}
}

static void note_info(struct udv_explanation *out, unsigned info)
{
	static const struct {
		unsigned info;
		const char *text;
	} fields[] = {
		{ ARCH_INFO_QUALIFICATION, "exit qualification (6400H)" },
		{ ARCH_INFO_LINEAR, "guest-linear address (640AH, in some cases)" },
		{ ARCH_INFO_PHYSICAL, "guest-physical address (2400H)" },
		{ ARCH_INFO_EVENT, "VM-exit interruption information (4404H, and 4406H if its bit "
				   "11 is 1)" },
		{ ARCH_INFO_VECTORING,
		  "IDT-vectoring information (4408H, if delivering an event)" },
		{ ARCH_INFO_LENGTH, "VM-exit instruction length (440CH)" },
		{ ARCH_INFO_LENGTH_SOFT, "VM-exit instruction length (440CH, if delivering a "
					 "software event)" },
		{ ARCH_INFO_OPERANDS, "VM-exit instruction information (440EH)" },
		{ ARCH_INFO_MSR_DATA, "MSR data (2402H)" },
		{ ARCH_INFO_IO, "I/O RCX, RSI, RDI and RIP (6402H to 6408H)" },
	};
	unsigned nr = 0, i;

	text_add(out, "valid information: ");
	for (i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
		if ((info & fields[i].info) &&
		    !((info & ARCH_INFO_LENGTH) && fields[i].info == ARCH_INFO_LENGTH_SOFT))
			text_add_item(out, fields[i].text, &nr);
	if (!nr)
		text_add(out, "none");
	note_text(out);
	if (!(info & ARCH_INFO_QUALIFICATION))
		note(out, "the exit qualification is 0");
}

static void note_entry_failure(struct udv_explanation *out, uint64_t basic, uint64_t value)
{
	if (is_entry_failure(basic) && !(value & ENTRY_FAILURE))
		note(out, "contradiction: this basic reason always comes with bit 31");
	else if (!is_entry_failure(basic) && (value & ENTRY_FAILURE))
		note(out, "contradiction: bit 31 comes with basic reasons 33, 34 and 41 only");
	else if (value & ENTRY_FAILURE)
		note(out, "VM entry failed: host state is loaded as by a VM exit, the guest state "
			  "is not saved, and only exit reason and qualification are written");
}

static void note_modifiers(struct udv_explanation *out, uint64_t value)
{
	if (value & BUSY_SHADOW_STACK)
		note(out, "bit 25 needs the \"prematurely busy shadow stack\" VM-exit control");
	if (value & BUS_LOCK)
		note(out, "bit 26 needs \"VMM bus-lock detection\"; no bus-lock exit follows");
	if (value & SMM_TRANSFER)
		note(out, "bits 28 and 29 are set by SMM-transfer exits only");
	if (value & RESERVED_BITS)
		note(out, "contradiction: reserved bits of the exit reason are set");
}

enum udv_status explain_exit_reason(struct explainer *e, uint64_t value)
{
	const struct arch_exit_reason_row *row = lookup_exit_reason(value & BASIC_REASON);
	struct udv_explanation *out = e->out;

	explain_layout(e, &arch_layout_EXIT_REASON);
	out->title = row ? row->name : "unknown exit reason";
	explain_amend(out, 0, row ? UDV_CLASS_DEFINED : UDV_CLASS_VIOLATED,
		      row ? row->name : "no exit reason has this number");
	if (row) {
		note(out, row->cause);
		if (!is_entry_failure(row->number))
			note(out, kind_text(row->kind));
		note_info(out, row->info);
		note_entry_failure(out, row->number, value);
	}
	note_modifiers(out, value);
	return UDV_OK;
}

/* ---- qualifications by exit reason */

static const struct arch_layout *event_layout(uint8_t vector)
{
	if (vector == 1)
		return &arch_layout_Q_DEBUG;
	return vector == 14 ? &arch_layout_Q_LINEAR : &arch_layout_Q_NOTHING;
}

static const struct arch_layout *qualification_layout(const struct udv_explain_options *options)
{
	switch (options->exit_reason) {
	case ARCH_EXIT_EXCEPTION_OR_NMI_REASON:
		return event_layout(options->vector);
	case ARCH_EXIT_SIPI_REASON:
	case ARCH_EXIT_VIRTUALIZED_EOI_REASON:
		return &arch_layout_Q_VECTOR;
	case ARCH_EXIT_IO_SMI_REASON:
	case ARCH_EXIT_IO_INSTRUCTION_REASON:
		return &arch_layout_Q_IO;
	case ARCH_EXIT_TASK_SWITCH_REASON:
		return &arch_layout_Q_TASK_SWITCH;
	case ARCH_EXIT_INVLPG_REASON:
		return &arch_layout_Q_LINEAR;
	case ARCH_EXIT_CR_ACCESS_REASON:
		return &arch_layout_Q_CR_ACCESS;
	case ARCH_EXIT_DR_ACCESS_REASON:
		return &arch_layout_Q_DR_ACCESS;
	case ARCH_EXIT_ENTRY_GUEST_STATE_REASON:
		return &arch_layout_Q_ENTRY_STATE;
	case ARCH_EXIT_ENTRY_MSR_LOADING_REASON:
		return &arch_layout_Q_ENTRY_MSR;
	case ARCH_EXIT_MWAIT_REASON:
		return &arch_layout_Q_MWAIT;
	case ARCH_EXIT_APIC_ACCESS_REASON:
		return &arch_layout_Q_APIC_ACCESS;
	case ARCH_EXIT_APIC_WRITE_REASON:
		return &arch_layout_Q_APIC_WRITE;
	case ARCH_EXIT_PML_FULL_REASON:
		return &arch_layout_Q_PML_FULL;
	case ARCH_EXIT_SPP_EVENT_REASON:
		return &arch_layout_Q_SPP;
	case ARCH_EXIT_ENQCMD_PASID_REASON:
	case ARCH_EXIT_ENQCMDS_PASID_REASON:
		return &arch_layout_Q_PASID;
	case ARCH_EXIT_INSTRUCTION_TIMEOUT_REASON:
		return &arch_layout_Q_TIMEOUT;
	case ARCH_EXIT_RDMSRLIST_REASON:
	case ARCH_EXIT_WRMSRLIST_REASON:
	case ARCH_EXIT_URDMSR_REASON:
	case ARCH_EXIT_UWRMSR_REASON:
	case ARCH_EXIT_RDMSR_IMMEDIATE_REASON:
	case ARCH_EXIT_WRMSRNS_IMMEDIATE_REASON:
		return &arch_layout_Q_MSR_INDEX;
	default:
		return NULL;
	}
}

static void note_cr_access(struct udv_explanation *out, uint64_t value)
{
	static const uint16_t known = BITS(4, 3) | BIT(8) | BIT(0);
	unsigned number = (unsigned)(value & 0xf), type = (unsigned)(value >> 4 & 3);

	if (type >= 2 && (value & (BITS(3, 0) | BITS(11, 8))))
		note(out, "contradiction: CLTS and LMSW leave bits 3:0 and 11:8 at 0");
	if (type != 3 && (value & (BIT(6) | BITS(31, 16))))
		note(out, "contradiction: bits 6 and 31:16 belong to LMSW");
	if (!(known >> number & 1))
		note(out, "contradiction: only CR0, CR3, CR4 and CR8 accesses exit");
	text_add(out, type == 0 ? "MOV to CR" : type == 1 ? "MOV from CR" : "writes CR");
	text_add_decimal(out, number);
	if (type >= 2)
		text_add(out, type == 2 ? " by CLTS" : " by LMSW");
	note_text(out);
	if (type >= 2)
		explain_amend(out, 8, UDV_CLASS_RESERVED, "CLTS and LMSW have no register here");
}

static void note_io(struct udv_explanation *out, uint64_t value)
{
	static const char *const names[] = { "OUT", "IN", "OUTS", "INS" };

	if (value & BIT(5))
		text_add(out, "REP ");
	text_add(out, names[(value >> 3 & 1) | (value >> 3 & 2)]);
	text_add(out, " of ");
	text_add_decimal(out, (value & 7) + 1);
	text_add(out, value & 7 ? " bytes, port " : " byte, port ");
	text_add_hex(out, value >> 16 & 0xffff);
	note_text(out);
	if ((value & BIT(5)) && !(value & BIT(4)))
		note(out, "contradiction: REP (bit 5) belongs to string instructions (bit 4)");
	if ((value & BIT(4)) && (value & BIT(6)))
		note(out, "contradiction: string instructions take the port from DX");
}

static void note_apic_access(struct udv_explanation *out, uint64_t value)
{
	unsigned type = (unsigned)(value >> 12 & 0xf);

	if (type >= 10) {
		explain_amend(out, 0, UDV_CLASS_UNDEFINED, "undefined for guest-physical accesses");
		note(out, "a guest-physical access: bits 11:0 are undefined");
	}
}

static bool has_displacement(unsigned info)
{
	return (info & ARCH_I_QNF) == ARCH_I_QNF;
}

enum udv_status explain_qualification(struct explainer *e, uint64_t value)
{
	const struct arch_exit_reason_row *row = lookup_exit_reason(e->options->exit_reason);
	const struct arch_layout *layout = qualification_layout(e->options);

	if (!row)
		return UDV_ERR_ARGUMENT;
	if (row->number == ARCH_EXIT_EPT_VIOLATION_REASON)
		return explain_ept_violation(e, value);
	if (!layout)
		layout = has_displacement(row->info) ? &arch_layout_Q_DISPLACEMENT
						     : &arch_layout_Q_NOTHING;
	explain_layout(e, layout);
	text_add(e->out, "exit reason ");
	text_add_decimal(e->out, row->number);
	text_add(e->out, " (");
	text_add(e->out, row->name);
	text_add(e->out, "): ");
	text_add(e->out, row->cause);
	note_text(e->out);
	if (row->number == ARCH_EXIT_CR_ACCESS_REASON)
		note_cr_access(e->out, value);
	if (layout == &arch_layout_Q_IO)
		note_io(e->out, value);
	if (row->number == ARCH_EXIT_APIC_ACCESS_REASON)
		note_apic_access(e->out, value);
	if (explain_any_violated(e->out))
		note(e->out, "contradiction: a reserved bit or value");
	return UDV_OK;
}
