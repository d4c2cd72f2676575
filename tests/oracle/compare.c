/* SPDX-License-Identifier: MIT */
#include "rig.h"

#define ENTRY_FLAGS_AD (1ull << 5 | 1ull << 6)
#define EPT_FLAGS_AD (1ull << 8 | 1ull << 9)
static const char *compare_success(const struct rig *rig, bool peek)
{
	const struct oracle_result *e = &rig->expected;
	const struct udv_walk_result *g = &rig->got;
	bool walk = rig->test.entry_point == ENTRY_WALK;
	uint64_t guest_ignored = peek ? ENTRY_FLAGS_AD : 0;
	uint64_t ept_ignored = peek ? EPT_FLAGS_AD : 0;

	if (g->gpa.value != e->gpa)
		return "gpa";
	if (g->hpa.value != e->hpa)
		return "hpa";
	if (rig->test.entry_point == ENTRY_PDPTES || rig->test.entry_point == ENTRY_PDPTES_BAD)
		return NULL;
	if (g->stage != e->stage)
		return "stage";
	if (e->stage != UDV_STAGE_NONE && g->gla.value != e->gla)
		return "gla";
	if (walk && (g->guest_leaf & ~guest_ignored) != (e->guest_leaf & ~guest_ignored) &&
	    !(peek && rig_roles_shared(rig)))
		return "guest leaf";
	if (walk && g->guest_rights != e->guest_rights)
		return "guest rights";
	if (walk && g->guest_page_shift != e->guest_page_shift)
		return "guest page shift";
	if ((g->ept_leaf & ~ept_ignored) != (e->ept_leaf & ~ept_ignored) &&
	    !(peek && rig_roles_shared(rig)))
		return "ept leaf";
	if (rig->test.config.ept && g->ept_rights != e->ept_rights)
		return "ept rights";
	if (g->ept_page_shift != e->ept_page_shift)
		return "ept page shift";
	return g->write_by_spp == e->write_by_spp ? NULL : "write by spp";
}

static const char *compare_exit(const struct rig *rig)
{
	const struct oracle_result *e = &rig->expected;
	struct udv_exit_info basic = udv_exit_info(&rig->got, 0);
	struct udv_exit_info full = udv_exit_info(&rig->got, UDV_EPT_CAP_ALL);
	/* In enclave mode the page is told, not the byte. */
	uint64_t reported = e->flags & UDV_FAULT_ENCLAVE ? ~0xfffull : ~0ull; /* T50 */
	bool has_gla = (e->exit_reason == 48 && (e->qualification & 0x80)) || e->exit_reason == 66;

	if (basic.exit_reason != e->exit_reason || full.exit_reason != e->exit_reason)
		return "exit reason";
	if (full.exit_qualification != e->qualification)
		return "exit qualification (with CAP[22])";
	if (basic.exit_qualification != e->qualification_basic)
		return "exit qualification (without CAP[22])";
	if (full.guest_physical_address.value != (e->exit_reason == 62 ? 0 : e->gpa & reported))
		return "guest-physical address";
	if (full.gla_valid != has_gla && rig->expected.stage != UDV_STAGE_NONE)
		return "guest-linear address valid";
	if (full.guest_linear_address.value != (full.gla_valid ? e->gla & reported : 0))
		return "guest-linear address";
	if ((e->exit_reason == 48 || e->exit_reason == 49) &&
	    udv_npf_exitinfo1(&rig->got) != e->npf)
		return "EXITINFO1";
	return NULL;
}

/* Which of several reasons is named is not fixed; that it is one of them is. */
static const char *compare_cause(const struct rig *rig)
{
	return rig->expected.causes >> rig->got.fault.cause & 1 ? NULL : "fault cause";
}

/* The entry that decided, the access as the refusing side counts it, and all flags. */
static const char *compare_fault(const struct rig *rig, bool peek)
{
	const struct oracle_result *e = &rig->expected;
	const struct udv_fault *f = &rig->got.fault;
	/* The flags that the accesses before would have set in an EPT entry. */
	uint64_t ignored = peek && e->dimension == UDV_DIM_EPT ? EPT_FLAGS_AD : 0;

	if (f->flags != e->flags)
		return "fault flags";
	if (f->access != e->access)
		return "fault access";
	if (!(e->flags & UDV_FAULT_ENTRY_VALID))
		return compare_cause(rig);
	if (f->dimension != e->dimension)
		return "fault dimension";
	if (f->level != e->level)
		return "fault level";
	if (f->entry_address != e->entry_address)
		return "fault entry address";
	if ((f->entry & ~ignored) != (e->entry & ~ignored))
		return "fault entry";
	return compare_cause(rig);
}

static const char *compare_refusal(const struct rig *rig, bool peek)
{
	const char *difference = compare_fault(rig, peek);
	const struct oracle_result *e = &rig->expected;
	const struct udv_walk_result *g = &rig->got;

	if (difference)
		return difference;
	if (g->stage != e->stage)
		return "stage";
	if (g->gpa.value != e->gpa)
		return "gpa";
	if (e->stage != UDV_STAGE_NONE && g->gla.value != e->gla)
		return "gla";
	if (e->exit_reason == 48) {
		if (g->ept_rights != e->ept_rights)
			return "ept rights";
		if (e->stage == UDV_STAGE_FINAL && g->guest_rights != e->guest_rights)
			return "guest rights";
	}
	return compare_exit(rig);
}

const char *compare_results(const struct rig *rig, bool peek)
{
	const struct oracle_result *e = &rig->expected;
	const struct udv_walk_result *g = &rig->got;

	if (g->outcome != e->outcome)
		return "outcome";
	switch (e->outcome) {
	case UDV_WALK_OK:
		return compare_success(rig, peek);
	case UDV_WALK_PAGE_FAULT:
		if (g->fault.error_code != e->error_code)
			return "error code";
		if (g->gla.value != e->gla)
			return "gla";
		return compare_fault(rig, peek);
	case UDV_WALK_EPT_VIOLATION:
	case UDV_WALK_EPT_MISCONFIG:
	case UDV_WALK_PML_FULL:
	case UDV_WALK_SPP_EVENT:
		return compare_refusal(rig, peek);
	case UDV_WALK_NOT_CANONICAL:
		return g->fault.flags == e->flags ? compare_cause(rig) : "fault flags";
	default:
		return compare_cause(rig);
	}
}
