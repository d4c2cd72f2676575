/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "rig.h"

/*
 * Reports of the processor: what access L0 has to judge EPT12 by, and what L1 then sees. In between
 * lies a walk of EPT12, which each side does for itself.
 */

void l1_run_oracle(struct rig *rig)
{
	const struct test_case *c = &rig->test;
	struct oracle_l1 *l1 = &rig->expected_l1;

	memset(&rig->expected, 0, sizeof(rig->expected));
	oracle_report_access(&c->report, &c->config, l1);
	if (!l1->access)
		return;
	oracle_walk_gpa(&c->config, &rig->oracle_memory, l1->access, c->gpa, &l1->origin,
			&rig->expected);
	oracle_reflect(&c->report, &c->config, &rig->expected, c->l1_cap, l1);
}

uint32_t l1_library_access(struct rig *rig, struct udv_paging *paging)
{
	struct oracle_l1 *l1 = &rig->got_l1;

	memset(l1, 0xa5, sizeof(*l1));
	l1->access_status = udv_report_access(&rig->test.report, paging, &l1->access, &l1->origin);
	return l1->access;
}

void l1_library_reflect(struct rig *rig, struct udv_paging *paging)
{
	struct oracle_l1 *l1 = &rig->got_l1;

	l1->status = udv_exit_info_from_report(&rig->test.report, paging, &rig->got,
					       rig->test.l1_cap, &l1->info);
}

/* What an origin says counts as its stage says. */
static const char *compare_origin(const struct udv_gpa_origin *e, const struct udv_gpa_origin *g)
{
	if (g->stage != e->stage)
		return "stage of the report";
	if (e->stage != UDV_STAGE_NONE && g->gla.value != e->gla.value)
		return "gla of the report";
	if (e->stage != UDV_STAGE_FINAL)
		return NULL;
	if (g->guest_rights != e->guest_rights)
		return "guest rights of the report";
	return g->unverified == e->unverified ? NULL : "verification of the report";
}

static const char *compare_info(const struct udv_exit_info *e, const struct udv_exit_info *g)
{
	if (g->exit_reason != e->exit_reason)
		return "exit reason for L1";
	if (g->exit_qualification != e->exit_qualification)
		return "exit qualification for L1";
	if (g->guest_physical_address.value != e->guest_physical_address.value)
		return "guest-physical address for L1";
	if (g->gla_valid != e->gla_valid)
		return "guest-linear address valid for L1";
	if (g->guest_linear_address.value != e->guest_linear_address.value)
		return "guest-linear address for L1";
	return NULL;
}

const char *l1_compare(const struct rig *rig)
{
	const struct oracle_l1 *e = &rig->expected_l1;
	const struct oracle_l1 *g = &rig->got_l1;
	const char *difference;

	if (g->access_status != e->access_status)
		return "status of the report";
	if (g->access != e->access)
		return "access of the report";
	if (e->access_status == UDV_ERR_ARGUMENT)
		return NULL;
	difference = compare_origin(&e->origin, &g->origin);
	if (difference || !e->access)
		return difference;
	if (g->status != e->status && !(e->needs_walk_allowed && g->status == UDV_ERR_NEEDS_WALK))
		return "status for L1";
	return compare_info(&e->info, &g->info);
}
