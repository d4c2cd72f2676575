/* SPDX-License-Identifier: MIT */
#include <undervisor/exit_info.h>

#include "arch/paging_bits.h"

/*
 * The hardware path: what the processor reported of vmcs02, turned into what L1 must see.
 *
 * A report knows the stage of the access, and what the guest's tables said of it. It knows nothing
 * of EPT12: its rights are EPT02's, which may be empty or stricter. So the walk of EPT12 gives bits
 * 0 to 6 and 14, and the report the rest, if and only if it is of an EPT violation.
 */

#define EQ_KIND (UDV_EQ_READ | UDV_EQ_WRITE | UDV_EQ_FETCH)
#define EQ_ADVANCED (UDV_EQ_USER | UDV_EQ_WRITABLE | UDV_EQ_NX)
#define EQ_FROM_REPORT                                                                             \
	(UDV_EQ_GLA_VALID | UDV_EQ_FINAL | UDV_EQ_NMI_UNBLOCKING | UDV_EQ_SHADOW_STACK |           \
	 UDV_EQ_ASYNC)

static enum udv_stage report_stage(const struct udv_hardware_report *report)
{
	if (!(report->exit_qualification & UDV_EQ_GLA_VALID))
		return UDV_STAGE_NONE;
	return report->exit_qualification & UDV_EQ_FINAL ? UDV_STAGE_FINAL : UDV_STAGE_TABLE;
}

static uint8_t report_rights(const struct udv_hardware_report *report)
{
	uint64_t qualification = report->exit_qualification;
	uint8_t rights = 0;

	if (!report->advanced_info)
		return 0;
	if (qualification & UDV_EQ_USER)
		rights |= UDV_GUEST_USER;
	if (qualification & UDV_EQ_WRITABLE)
		rights |= UDV_GUEST_WRITE;
	if (qualification & UDV_EQ_NX)
		rights |= UDV_GUEST_NX;
	return rights;
}

/* True if the report of a table access leaves open whether a flag was to be set. */
static bool flag_update_unknown(const struct udv_hardware_report *report,
				const struct udv_paging *ept12)
{
	return report_stage(report) == UDV_STAGE_TABLE && report->ept02_ad && !ept12->ept_ad;
}

/*
 * True if EPT12 treats user-mode and supervisor-mode addresses differently for this access, and the
 * report does not say which one it was.
 */
static bool mode_unknown(const struct udv_hardware_report *report, const struct udv_paging *ept12)
{
	uint64_t qualification = report->exit_qualification;

	if (report->advanced_info)
		return false;
	return (qualification & UDV_EQ_FETCH && ept12->config.ept_controls & UDV_EPT_MBEC) ||
	       (qualification & UDV_EQ_SHADOW_STACK && ept12->config.eptp & EPTP_SSS);
}

static uint32_t table_access(const struct udv_hardware_report *report,
			     const struct udv_paging *ept12)
{
	if (ept12->ept_ad)
		return UDV_ACCESS_READ | UDV_ACCESS_WRITE;
	if (report->ept02_ad)
		return UDV_ACCESS_READ;
	return report->exit_qualification & UDV_EQ_WRITE ? UDV_ACCESS_READ | UDV_ACCESS_WRITE
							 : UDV_ACCESS_READ;
}

/* Particulars of a final access that decide rights in EPT12. */
static uint32_t final_access(const struct udv_hardware_report *report)
{
	uint64_t qualification = report->exit_qualification;
	uint32_t access = (uint32_t)(qualification & EQ_KIND);

	if (qualification & UDV_EQ_SHADOW_STACK)
		access |= UDV_ACCESS_SHADOW_STACK;
	/* A shadow-stack access has the mode of its page; mode_unknown() where that matters. */
	if (qualification & UDV_EQ_SHADOW_STACK && report_rights(report) & UDV_GUEST_USER)
		access |= UDV_ACCESS_USER;
	return access;
}

enum udv_status udv_report_access(const struct udv_hardware_report *report,
				  const struct udv_paging *ept12, uint32_t *access,
				  struct udv_gpa_origin *origin)
{
	uint64_t qualification = report->exit_qualification;

	*origin = (struct udv_gpa_origin){ .stage = UDV_STAGE_NONE };
	if (report->exit_reason == UDV_EXIT_REASON_EPT_MISCONFIG) {
		*access = UDV_ACCESS_READ;
		return UDV_ERR_RETRY;
	}
	*access = 0;
	if (report->exit_reason != UDV_EXIT_REASON_EPT_VIOLATION || !(qualification & EQ_KIND))
		return UDV_ERR_ARGUMENT;
	origin->stage = report_stage(report);
	if (origin->stage != UDV_STAGE_NONE)
		origin->gla = report->guest_linear_address;
	if (origin->stage == UDV_STAGE_TABLE) {
		*access = table_access(report, ept12);
	} else {
		origin->guest_rights = report_rights(report);
		if (mode_unknown(report, ept12))
			return UDV_ERR_NEEDS_WALK;
		*access = final_access(report);
	}
	if (qualification & UDV_EQ_NMI_UNBLOCKING)
		*access |= UDV_ACCESS_NMI_UNBLOCKING;
	if (qualification & UDV_EQ_ASYNC)
		*access |= UDV_ACCESS_ASYNC;
	return flag_update_unknown(report, ept12) ? UDV_ERR_NEEDS_WALK : UDV_OK;
}

/* Guest-paging verification is the processor's to see: EPT12 alone does not know the tables. */
static bool verification_refused(const struct udv_hardware_report *report,
				 const struct udv_paging *ept12, const struct udv_walk_result *walk)
{
	return report->exit_reason == UDV_EXIT_REASON_EPT_VIOLATION &&
	       walk->outcome == UDV_WALK_OK && walk->stage == UDV_STAGE_FINAL &&
	       report->exit_qualification & UDV_EQ_VERIFICATION &&
	       ept12->config.ept_controls & UDV_EPT_VERIFICATION &&
	       walk->ept_leaf & EPT_VERIFY_GUEST_PAGING;
}

static void mix_violation(const struct udv_hardware_report *report, uint64_t l1_cap,
			  struct udv_exit_info *info)
{
	uint64_t from_report = EQ_FROM_REPORT;

	if (report_stage(report) == UDV_STAGE_FINAL && report->advanced_info &&
	    l1_cap & UDV_EPT_CAP_ADVANCED_INFO)
		from_report |= EQ_ADVANCED;
	info->exit_qualification &= ~(EQ_FROM_REPORT | EQ_ADVANCED);
	info->exit_qualification |= report->exit_qualification & from_report;
	info->guest_physical_address = report->guest_physical_address;
	info->gla_valid = report->exit_qualification & UDV_EQ_GLA_VALID;
	info->guest_linear_address = info->gla_valid ? report->guest_linear_address : UDV_GVA(0);
}

enum udv_status udv_exit_info_from_report(const struct udv_hardware_report *report,
					  const struct udv_paging *ept12,
					  const struct udv_walk_result *walk, uint64_t l1_cap,
					  struct udv_exit_info *info)
{
	bool violation = report->exit_reason == UDV_EXIT_REASON_EPT_VIOLATION;

	*info = udv_exit_info(walk, l1_cap);
	if (walk->outcome == UDV_WALK_NO_MEMORY)
		return UDV_ERR_NOT_FOUND;
	if (walk->outcome == UDV_WALK_CONTENDED)
		return UDV_ERR_RETRY;
	if (verification_refused(report, ept12, walk)) {
		info->exit_reason = UDV_EXIT_REASON_EPT_VIOLATION;
		info->exit_qualification = (report->exit_qualification & EQ_KIND) |
					   UDV_EQ_VERIFICATION | (uint64_t)walk->ept_rights << 3;
	}
	switch (info->exit_reason) {
	case UDV_EXIT_REASON_EPT_VIOLATION:
		if (!violation) {
			*info = (struct udv_exit_info){ 0 };
			return UDV_ERR_RETRY;
		}
		mix_violation(report, l1_cap, info);
		return UDV_OK;
	case 0:
		if (violation && walk->outcome == UDV_WALK_OK &&
		    flag_update_unknown(report, ept12) && !(walk->ept_rights & UDV_EPT_W))
			return UDV_ERR_NEEDS_WALK;
		return UDV_OK;
	default:
		return UDV_OK;
	}
}
