/* SPDX-License-Identifier: MIT */
#include <undervisor/exit_info.h>

#include "oracle_internal.h"

/* SDM Vol 3C "Exit Qualification for EPT Violations", bit after bit. */

/* "Information About NMI Unblocking Due to IRET": not while an event is being delivered */
static bool nmi_unblocking(uint32_t access)
{
	return (access & UDV_ACCESS_NMI_UNBLOCKING) && !(access & UDV_ACCESS_EVENT_DELIVERY);
}

static bool violation_bit(const struct udv_paging_config *config, uint32_t access,
			  const struct oracle_result *r, bool advanced, unsigned n)
{
	bool has_gla = r->stage != UDV_STAGE_NONE;
	bool final = r->stage == UDV_STAGE_FINAL;

	switch (n) {
	case 0:
		return r->access & UDV_ACCESS_READ;
	case 1:
		return r->access & UDV_ACCESS_WRITE;
	case 2:
		return r->access & UDV_ACCESS_FETCH;
	case 3:
		return r->ept_rights & UDV_EPT_R;
	case 4:
		return r->ept_rights & UDV_EPT_W;
	case 5:
		return r->ept_rights & UDV_EPT_X;
	case 6:
		return r->ept_rights & UDV_EPT_XU;
	case 7:
		return has_gla;
	case 8:
		return final;
	case 9:
		return final && advanced && (r->guest_rights & UDV_GUEST_USER);
	case 10:
		return final && advanced && (r->guest_rights & UDV_GUEST_WRITE);
	case 11:
		return final && advanced && (r->guest_rights & UDV_GUEST_NX);
	case 12:
		return nmi_unblocking(access);
	case 13:
		return r->flags & UDV_FAULT_SHADOW_STACK;
	case 14:
		return bit(config->eptp, 7) && (r->flags & UDV_FAULT_LEAF_REACHED) &&
		       bit(r->entry, 60);
	case 15:
		return r->flags & UDV_FAULT_VERIFICATION;
	case 16:
		return access & UDV_ACCESS_ASYNC;
	default:
		return false;
	}
}

static uint64_t violation(const struct udv_paging_config *config, uint32_t access,
			  const struct oracle_result *r, bool advanced)
{
	uint64_t qualification = 0;

	for (unsigned n = 0; n < 64; n++)
		if (violation_bit(config, access, r, advanced, n))
			qualification |= 1ull << n;
	return qualification;
}

static uint64_t event_qualification(uint32_t access, const struct oracle_result *r)
{
	uint64_t qualification = 0;

	if (nmi_unblocking(access))
		qualification |= 1ull << 12;
	if (r->outcome == UDV_WALK_SPP_EVENT && r->spp_miss)
		qualification |= 1ull << 11;
	if (r->outcome == UDV_WALK_PML_FULL && (access & UDV_ACCESS_ASYNC))
		qualification |= 1ull << 16;
	return qualification;
}

/* EXITINFO1 of #VMEXIT(NPF). Exactly one of bits 32 and 33 tells the stage. */
static uint64_t nested_page_fault(const struct oracle_result *r)
{
	bool table = r->stage == UDV_STAGE_TABLE;
	bool misconfig = r->outcome == UDV_WALK_EPT_MISCONFIG;
	uint64_t info = 1ull << 2;

	if (misconfig || (r->flags & UDV_FAULT_LEAF_REACHED))
		info |= 1ull << 0;
	if (table || (r->access & UDV_ACCESS_WRITE))
		info |= 1ull << 1;
	if (misconfig)
		info |= 1ull << 3;
	if (r->access & UDV_ACCESS_FETCH)
		info |= 1ull << 4;
	if (r->flags & UDV_FAULT_SHADOW_STACK)
		info |= 1ull << 6;
	return info | 1ull << (table ? 33 : 32);
}

void oracle_report(const struct udv_paging_config *config, uint32_t access, struct oracle_result *r)
{
	switch (r->outcome) {
	case UDV_WALK_EPT_VIOLATION:
		r->exit_reason = 48;
		r->qualification = violation(config, access, r, true);
		r->qualification_basic = violation(config, access, r, false);
		r->npf = nested_page_fault(r);
		break;
	case UDV_WALK_EPT_MISCONFIG:
		r->exit_reason = 49;
		r->npf = nested_page_fault(r);
		break;
	case UDV_WALK_PML_FULL:
		r->exit_reason = 62;
		r->qualification = r->qualification_basic = event_qualification(access, r);
		break;
	case UDV_WALK_SPP_EVENT:
		r->exit_reason = 66;
		r->qualification = r->qualification_basic = event_qualification(access, r);
		break;
	default:
		break;
	}
}
