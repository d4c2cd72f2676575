/* SPDX-License-Identifier: MIT */
#include "vmx/text.h"

#include <string.h>

#include "arch/vmcs_fields.h"

/*
 * A VMCS in the kernel's log. Three sections, each begun by a line with stars; in them lines that
 * begin with a word of their own and hold KEY=VALUE pairs, all hexadecimal. What the kernel does
 * not use it does not write.
 */

enum section {
	OUTSIDE,
	GUEST,
	HOST,
	CONTROL,
};

static const char *const section_titles[] = {
	[GUEST] = "*** Guest State ***",
	[HOST] = "*** Host State ***",
	[CONTROL] = "*** Control State ***",
};

struct pair {
	enum section section;
	const char *start; /* of the line */
	const char *key;
	uint32_t field;
	uint32_t second; /* of the number behind a colon; 0: none */
};

#define F(name) ARCH_VMCS_##name
#define SEGMENT(name)                                                                              \
	{ GUEST, #name ":", "sel", F(GUEST_##name##_SELECTOR), 0 },                                \
		{ GUEST, #name ":", "attr", F(GUEST_##name##_ACCESS_RIGHTS), 0 },                  \
		{ GUEST, #name ":", "limit", F(GUEST_##name##_LIMIT), 0 },                         \
	{                                                                                          \
		GUEST, #name ":", "base", F(GUEST_##name##_BASE), 0                                \
	}
#define TABLE(name)                                                                                \
	{ GUEST, #name ":", "limit", F(GUEST_##name##_LIMIT), 0 },                                 \
	{                                                                                          \
		GUEST, #name ":", "base", F(GUEST_##name##_BASE), 0                                \
	}

static const struct pair pairs[] = {
	{ GUEST, "CR0:", "actual", F(GUEST_CR0), 0 },
	{ GUEST, "CR0:", "shadow", F(CR0_READ_SHADOW), 0 },
	{ GUEST, "CR0:", "gh_mask", F(CR0_GUEST_HOST_MASK), 0 },
	{ GUEST, "CR4:", "actual", F(GUEST_CR4), 0 },
	{ GUEST, "CR4:", "shadow", F(CR4_READ_SHADOW), 0 },
	{ GUEST, "CR4:", "gh_mask", F(CR4_GUEST_HOST_MASK), 0 },
	{ GUEST, "CR3 ", "CR3", F(GUEST_CR3), 0 },
	{ GUEST, "PDPTR0", "PDPTR0", F(GUEST_PDPTE0), 0 },
	{ GUEST, "PDPTR0", "PDPTR1", F(GUEST_PDPTE1), 0 },
	{ GUEST, "PDPTR2", "PDPTR2", F(GUEST_PDPTE2), 0 },
	{ GUEST, "PDPTR2", "PDPTR3", F(GUEST_PDPTE3), 0 },
	{ GUEST, "RSP", "RSP", F(GUEST_RSP), 0 },
	{ GUEST, "RSP", "RIP", F(GUEST_RIP), 0 },
	{ GUEST, "RFLAGS", "RFLAGS", F(GUEST_RFLAGS), 0 },
	{ GUEST, "RFLAGS", "DR7", F(GUEST_DR7), 0 },
	{ GUEST, "Sysenter", "RSP", F(GUEST_SYSENTER_ESP), 0 },
	{ GUEST, "Sysenter", "CS:RIP", F(GUEST_SYSENTER_CS), F(GUEST_SYSENTER_EIP) },
	SEGMENT(CS),
	SEGMENT(DS),
	SEGMENT(SS),
	SEGMENT(ES),
	SEGMENT(FS),
	SEGMENT(GS),
	SEGMENT(LDTR),
	SEGMENT(TR),
	TABLE(GDTR),
	TABLE(IDTR),
	{ GUEST, "EFER", "EFER", F(GUEST_EFER), 0 },
	{ GUEST, "EFER", "PAT", F(GUEST_PAT), 0 },
	{ GUEST, "PAT", "PAT", F(GUEST_PAT), 0 },
	{ GUEST, "DebugCtl", "DebugCtl", F(GUEST_DEBUGCTL), 0 },
	{ GUEST, "DebugCtl", "DebugExceptions", F(GUEST_PENDING_DEBUG_EXCEPTIONS), 0 },
	{ GUEST, "PerfGlobCtl", "PerfGlobCtl", F(GUEST_PERF_GLOBAL_CTRL), 0 },
	{ GUEST, "BndCfgS", "BndCfgS", F(GUEST_BNDCFGS), 0 },
	{ GUEST, "Interruptibility", "Interruptibility", F(GUEST_INTERRUPTIBILITY_STATE), 0 },
	{ GUEST, "Interruptibility", "ActivityState", F(GUEST_ACTIVITY_STATE), 0 },
	{ GUEST, "InterruptStatus", "InterruptStatus", F(GUEST_INTERRUPT_STATUS), 0 },
	{ GUEST, "S_CET", "S_CET", F(GUEST_S_CET), 0 },
	{ GUEST, "S_CET", "SSP", F(GUEST_SSP), 0 },
	{ GUEST, "S_CET", "SSP TABLE", F(GUEST_INTERRUPT_SSP_TABLE_ADDRESS), 0 },
	{ HOST, "RIP", "RIP", F(HOST_RIP), 0 },
	{ HOST, "RIP", "RSP", F(HOST_RSP), 0 },
	{ HOST, "CS=", "CS", F(HOST_CS_SELECTOR), 0 },
	{ HOST, "CS=", "SS", F(HOST_SS_SELECTOR), 0 },
	{ HOST, "CS=", "DS", F(HOST_DS_SELECTOR), 0 },
	{ HOST, "CS=", "ES", F(HOST_ES_SELECTOR), 0 },
	{ HOST, "CS=", "FS", F(HOST_FS_SELECTOR), 0 },
	{ HOST, "CS=", "GS", F(HOST_GS_SELECTOR), 0 },
	{ HOST, "CS=", "TR", F(HOST_TR_SELECTOR), 0 },
	{ HOST, "FSBase", "FSBase", F(HOST_FS_BASE), 0 },
	{ HOST, "FSBase", "GSBase", F(HOST_GS_BASE), 0 },
	{ HOST, "FSBase", "TRBase", F(HOST_TR_BASE), 0 },
	{ HOST, "GDTBase", "GDTBase", F(HOST_GDTR_BASE), 0 },
	{ HOST, "GDTBase", "IDTBase", F(HOST_IDTR_BASE), 0 },
	{ HOST, "CR0", "CR0", F(HOST_CR0), 0 },
	{ HOST, "CR0", "CR3", F(HOST_CR3), 0 },
	{ HOST, "CR0", "CR4", F(HOST_CR4), 0 },
	{ HOST, "Sysenter", "RSP", F(HOST_SYSENTER_ESP), 0 },
	{ HOST, "Sysenter", "CS:RIP", F(HOST_SYSENTER_CS), F(HOST_SYSENTER_EIP) },
	{ HOST, "EFER", "EFER", F(HOST_EFER), 0 },
	{ HOST, "EFER", "PAT", F(HOST_PAT), 0 },
	{ HOST, "PAT", "PAT", F(HOST_PAT), 0 },
	{ HOST, "PerfGlobCtl", "PerfGlobCtl", F(HOST_PERF_GLOBAL_CTRL), 0 },
	{ HOST, "S_CET", "S_CET", F(HOST_S_CET), 0 },
	{ HOST, "S_CET", "SSP", F(HOST_SSP), 0 },
	{ HOST, "S_CET", "SSP TABLE", F(HOST_INTERRUPT_SSP_TABLE_ADDRESS), 0 },
	{ CONTROL, "", "PinBased", F(PIN_BASED_CONTROLS), 0 },
	{ CONTROL, "", "CPUBased", F(PRIMARY_CONTROLS), 0 },
	{ CONTROL, "", "SecondaryExec", F(SECONDARY_CONTROLS), 0 },
	{ CONTROL, "", "TertiaryExec", F(TERTIARY_CONTROLS), 0 },
	{ CONTROL, "", "EntryControls", F(ENTRY_CONTROLS), 0 },
	{ CONTROL, "", "ExitControls", F(EXIT_CONTROLS), 0 },
	{ CONTROL, "", "ExceptionBitmap", F(EXCEPTION_BITMAP), 0 },
	{ CONTROL, "", "PFECmask", F(PAGE_FAULT_ERROR_CODE_MASK), 0 },
	{ CONTROL, "", "PFECmatch", F(PAGE_FAULT_ERROR_CODE_MATCH), 0 },
	{ CONTROL, "VMEntry:", "intr_info", F(ENTRY_INTERRUPTION_INFO), 0 },
	{ CONTROL, "VMEntry:", "errcode", F(ENTRY_EXCEPTION_ERROR_CODE), 0 },
	{ CONTROL, "VMEntry:", "ilen", F(ENTRY_INSTRUCTION_LENGTH), 0 },
	{ CONTROL, "VMExit:", "intr_info", F(EXIT_INTERRUPTION_INFO), 0 },
	{ CONTROL, "VMExit:", "errcode", F(EXIT_INTERRUPTION_ERROR_CODE), 0 },
	{ CONTROL, "VMExit:", "ilen", F(EXIT_INSTRUCTION_LENGTH), 0 },
	{ CONTROL, "reason", "reason", F(EXIT_REASON), 0 },
	{ CONTROL, "reason", "qualification", F(EXIT_QUALIFICATION), 0 },
	{ CONTROL, "IDTVectoring:", "info", F(IDT_VECTORING_INFO), 0 },
	{ CONTROL, "IDTVectoring:", "errcode", F(IDT_VECTORING_ERROR_CODE), 0 },
	{ CONTROL, "", "TSC Offset", F(TSC_OFFSET), 0 },
	{ CONTROL, "", "TSC Multiplier", F(TSC_MULTIPLIER), 0 },
	{ CONTROL, "", "TPR Threshold", F(TPR_THRESHOLD), 0 },
	{ CONTROL, "", "APIC-access addr", F(APIC_ACCESS_ADDRESS), 0 },
	{ CONTROL, "", "virt-APIC addr", F(VIRTUAL_APIC_ADDRESS), 0 },
	{ CONTROL, "", "PostedIntrVec", F(POSTED_INTERRUPT_NOTIFICATION_VECTOR), 0 },
	{ CONTROL, "", "EPT pointer", F(EPT_POINTER), 0 },
	{ CONTROL, "PLE", "Gap", F(PLE_GAP), 0 },
	{ CONTROL, "PLE", "Window", F(PLE_WINDOW), 0 },
	{ CONTROL, "", "Virtual processor ID", F(VPID), 0 },
	{ CONTROL, "", "VE info address", F(VE_INFORMATION_ADDRESS), 0 },
};

bool kvm_dump_is(struct span text)
{
	return text_find(text, section_titles[GUEST]) || text_find(text, section_titles[CONTROL]);
}

/* A date and time of ISO 8601 at @text. */
static bool is_stamp(struct span text)
{
	static const char shape[] = "0000-00-00T00:00:00";

	if ((size_t)(text.end - text.at) < sizeof(shape) - 1)
		return false;
	for (unsigned i = 0; i < sizeof(shape) - 1; i++) {
		char c = text.at[i];

		if (shape[i] == '0' ? c < '0' || c > '9' : c != shape[i])
			return false;
	}
	return true;
}

/* @line behind such a word, whatever it ends with, if it has one. */
static struct span behind_stamp(struct span line)
{
	struct span word = line;

	while (word.at < word.end && !is_stamp(word)) {
		while (word.at < word.end && *word.at != ' ')
			word.at++;
		while (word.at < word.end && *word.at == ' ')
			word.at++;
	}
	if (word.at == word.end)
		return line;
	while (word.at < word.end && *word.at != ' ')
		word.at++;
	return word;
}

/*
 * What the kernel wrote, without the time and the names of logs or the > of letters before it.
 * Which of these there are depends on the kernel, and on who kept its log.
 */
static struct span content(struct span line)
{
	static const char *const marks[] = { "kernel: ", "] ", "kvm_intel: " };

	line = behind_stamp(line);
	for (unsigned i = 0; i < sizeof(marks) / sizeof(marks[0]); i++) {
		const char *mark = text_find(line, marks[i]);

		if (mark)
			line.at = mark + strlen(marks[i]);
	}
	while (line.at < line.end && (*line.at == '>' || *line.at == ' '))
		line.at++;
	return text_trim(line);
}

/* The value behind KEY and '='; @rest then begins after it. */
static bool value_of(struct span line, const char *key, struct span *rest, uint64_t *value)
{
	size_t length = strlen(key);

	for (const char *at = text_find(line, key); at;
	     at = text_find((struct span){ at + 1, line.end }, key)) {
		*rest = (struct span){ at + length, line.end };
		if (at > line.at && at[-1] != ' ')
			continue;
		*rest = text_trim(*rest);
		if (!text_starts(*rest, "="))
			continue;
		rest->at++;
		*rest = text_trim(*rest);
		return text_hex(rest, value);
	}
	return false;
}

static bool take_pair(struct udv_vmcs_text *text, const struct pair *pair, struct span line)
{
	struct span rest;
	uint64_t value;

	if (!text_starts(line, pair->start) || !value_of(line, pair->key, &rest, &value))
		return true;
	if (!text_give(text, pair->field, value))
		return false;
	if (!pair->second || !text_starts(rest, ":"))
		return true;
	rest.at++;
	return !text_hex(&rest, &value) || text_give(text, pair->second, value);
}

/* An entry of a list of MSRs, "0: msr=0x00000277 value=0x...". */
static bool take_msr(struct udv_vmcs_text *text, struct span line)
{
	struct udv_vmentry_msr *msr = &text->msr[text->nr_msrs];
	uint64_t index, value;
	struct span rest;

	if (!value_of(line, "msr", &rest, &index) || !value_of(line, "value", &rest, &value))
		return true;
	if (text->nr_msrs == UDV_VMCS_TEXT_MSRS)
		return text_refuse(text, "the list of MSRs is longer than any of KVM's");
	*msr = (struct udv_vmentry_msr){ .index = (uint32_t)index, .value = value };
	text->nr_msrs++;
	return true;
}

static bool take_title(struct udv_vmcs_text *text, struct span line, struct kvm_state *state)
{
	for (unsigned i = GUEST; i <= CONTROL; i++) {
		if (!text_starts(line, section_titles[i]))
			continue;
		state->section = i;
		state->entry_msrs = false;
		if (i == GUEST) {
			text_reset(text);
			text->nr_dumps++;
		}
		text->parts |= 1u << (i - GUEST);
		return true;
	}
	if (!text_starts(line, "MSR "))
		return false;
	state->entry_msrs = text_starts(line, "MSR guest autoload:");
	return true;
}

bool kvm_dump_line(struct udv_vmcs_text *text, struct span line, struct kvm_state *state)
{
	line = content(line);
	if (take_title(text, line, state))
		return true;
	if (state->entry_msrs)
		return take_msr(text, line);
	for (unsigned i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++)
		if (pairs[i].section == state->section && !take_pair(text, &pairs[i], line))
			return false;
	return true;
}
