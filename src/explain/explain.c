/* SPDX-License-Identifier: MIT */
#include "explain/explain.h"

struct kind {
	const char *name, *title;
	enum udv_status (*explain)(struct explainer *e, uint64_t value);
	uint8_t width; /* of the widest value */
};

static const struct kind kinds[UDV_EXPLAIN_NR_KINDS] = {
	[UDV_EXPLAIN_EPT_VIOLATION] = { "ept-violation", "exit qualification of an EPT violation",
					explain_ept_violation, 64 },
	[UDV_EXPLAIN_PAGE_FAULT] = { "page-fault", "page-fault error code", explain_page_fault,
				     32 },
	[UDV_EXPLAIN_NPF] = { "npf", "EXITINFO1 of a nested page fault (AMD)", explain_npf, 64 },
	[UDV_EXPLAIN_QUALIFICATION] = { "exit-qualification", "exit qualification",
					explain_qualification, 64 },
	[UDV_EXPLAIN_EXIT_REASON] = { "exit-reason", "exit reason", explain_exit_reason, 32 },
	[UDV_EXPLAIN_VMCS_FIELD] = { "vmcs-field", "VMCS field encoding", explain_vmcs_field, 32 },
	[UDV_EXPLAIN_MSR] = { "msr", "value of an MSR", explain_msr, 64 },
	[UDV_EXPLAIN_MSR_INDEX] = { "msr", "MSR index", explain_msr_index, 32 },
	[UDV_EXPLAIN_EPTP] = { "eptp", "EPT pointer", explain_eptp, 64 },
	[UDV_EXPLAIN_EPT_ENTRY] = { "ept-entry", "EPT paging-structure entry", explain_ept_entry,
				    64 },
	[UDV_EXPLAIN_PTE] = { "pte", "guest paging-structure entry", explain_pte, 64 },
	[UDV_EXPLAIN_CR0] = { "cr0", "CR0", explain_cr0, 64 },
	[UDV_EXPLAIN_CR3] = { "cr3", "CR3", explain_cr3, 64 },
	[UDV_EXPLAIN_CR4] = { "cr4", "CR4", explain_cr4, 64 },
	[UDV_EXPLAIN_EFER] = { "efer", "IA32_EFER", explain_efer, 64 },
};

void udv_explain_defaults(struct udv_explain_options *options)
{
	*options = (struct udv_explain_options){
		.mode = UDV_PAGING_4_LEVEL,
		.level = 1,
		.maxphyaddr = 52,
		.vector = 14,
		.exit_reason = 48,
		.features = UDV_FEATURES_ALL,
		.ept_vpid_cap = UDV_EPT_CAP_ALL,
		.nxe = true,
		.pse = true,
	};
}

static bool options_valid(const struct udv_explain_options *options)
{
	return options->maxphyaddr >= 32 && options->maxphyaddr <= 52 && options->level <= 5 &&
	       options->mode <= UDV_PAGING_5_LEVEL;
}

enum udv_status udv_explain(enum udv_explain_kind kind, uint64_t value,
			    const struct udv_explain_options *options,
			    struct udv_explanation *explanation)
{
	struct udv_explain_options defaults;
	struct explainer e = { .out = explanation, .options = options };

	if (!options) {
		udv_explain_defaults(&defaults);
		e.options = &defaults;
	}
	if (kind >= UDV_EXPLAIN_NR_KINDS || !options_valid(e.options))
		return UDV_ERR_ARGUMENT;
	if (kinds[kind].width == 32 && value >> 32)
		return UDV_ERR_ARGUMENT;
	explanation->kind = kind;
	explanation->width = kinds[kind].width;
	explanation->value = value;
	explanation->title = kinds[kind].title;
	explanation->nr_rows = 0;
	explanation->nr_notes = 0;
	explanation->paired = false;
	explanation->truncated = false;
	explanation->text_used = 0;
	explanation->text[0] = '\0';
	return kinds[kind].explain(&e, value);
}

const char *udv_explain_kind_name(enum udv_explain_kind kind)
{
	return kind < UDV_EXPLAIN_NR_KINDS ? kinds[kind].name : "";
}

const char *udv_explain_kind_title(enum udv_explain_kind kind)
{
	return kind < UDV_EXPLAIN_NR_KINDS ? kinds[kind].title : "";
}

const char *udv_explain_class_name(enum udv_explain_class class)
{
	static const char *const names[] = {
		[UDV_CLASS_DEFINED] = "defined",     [UDV_CLASS_RESERVED] = "reserved",
		[UDV_CLASS_UNDEFINED] = "undefined", [UDV_CLASS_IGNORED] = "ignored",
		[UDV_CLASS_VIOLATED] = "violated",
	};

	return class <= UDV_CLASS_VIOLATED ? names[class] : "";
}
