/* SPDX-License-Identifier: MIT */
#include <undervisor/exit_info.h>

#include "arch/paging_bits.h"

/*
 * The hardware path: what the processor reported of vmcs02, turned into what L1 must see.
 *
 * A report knows the stage of the access, and what the guest's tables said of it. It knows nothing
 * of EPT12: its rights are EPT02's, which may be empty or stricter. So the walk of EPT12 gives bits
 * 0 to 6, 14 and 15, and the report the rest, if and only if it is of an EPT violation.
 */

#define EQ_KIND (UDV_EQ_READ | UDV_EQ_WRITE | UDV_EQ_FETCH)
#define EQ_ADVANCED (UDV_EQ_USER | UDV_EQ_WRITABLE | UDV_EQ_NX)
#define EQ_FROM_WALK                                                                               \
	(EQ_KIND | UDV_EQ_R | UDV_EQ_W | UDV_EQ_X | UDV_EQ_XU | UDV_EQ_SSS | UDV_EQ_VERIFICATION)

static bool is_violation(const struct udv_hardware_report *report)
{
	return report->exit_reason == UDV_EXIT_REASON_EPT_VIOLATION;
}

/* Bit 8 without bit 7 means nothing. */
static enum udv_stage report_stage(const struct udv_hardware_report *report)
{
	if (!(report->exit_qualification & UDV_EQ_GLA_VALID))
		return UDV_STAGE_NONE;
	return report->exit_qualification & UDV_EQ_FINAL ? UDV_STAGE_FINAL : UDV_STAGE_TABLE;
}

static bool kind_possible(uint64_t qualification)
{
	uint64_t kind = qualification & EQ_KIND;

	return kind && (!(kind & UDV_EQ_FETCH) || kind == UDV_EQ_FETCH);
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

	if (report->advanced_info || report_stage(report) != UDV_STAGE_FINAL)
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

/* An access that is not the walk's own. */
static uint32_t final_access(const struct udv_hardware_report *report)
{
	uint64_t qualification = report->exit_qualification;
	uint32_t access = (uint32_t)(qualification & EQ_KIND);

	if (!(qualification & UDV_EQ_SHADOW_STACK))
		return access;
	/* A shadow-stack access has the mode of its page; mode_unknown() where that matters. */
	if (report_stage(report) == UDV_STAGE_FINAL && report_rights(report) & UDV_GUEST_USER)
		access |= UDV_ACCESS_USER;
	return access | UDV_ACCESS_SHADOW_STACK;
}

/* What is particular about the access, whatever it touches. */
static uint32_t particulars(const struct udv_hardware_report *report)
{
	uint64_t qualification = report->exit_qualification;
	uint32_t access = 0;

	if (report->event_delivery)
		access |= UDV_ACCESS_EVENT_DELIVERY;
	else if (report->nmi_unblocking_defined && qualification & UDV_EQ_NMI_UNBLOCKING)
		access |= UDV_ACCESS_NMI_UNBLOCKING;
	if (qualification & UDV_EQ_ASYNC)
		access |= UDV_ACCESS_ASYNC;
	if (report->enclave)
		access |= UDV_ACCESS_ENCLAVE;
	return access;
}

enum udv_status udv_report_access(const struct udv_hardware_report *report,
				  const struct udv_paging *ept12, uint32_t *access,
				  struct udv_gpa_origin *origin)
{
	uint64_t qualification = report->exit_qualification;

	*origin = (struct udv_gpa_origin){ .stage = UDV_STAGE_NONE };
	*access = 0;
	if (report->exit_reason == UDV_EXIT_REASON_EPT_MISCONFIG) {
		/* Nobody made this access, so it sets no flag. */
		*access = UDV_ACCESS_READ | UDV_ACCESS_PEEK;
		return UDV_ERR_RETRY;
	}
	if (!is_violation(report) || !kind_possible(qualification))
		return UDV_ERR_ARGUMENT;
	origin->stage = report_stage(report);
	if (origin->stage != UDV_STAGE_NONE)
		origin->gla = report->guest_linear_address;
	if (origin->stage == UDV_STAGE_FINAL) {
		origin->guest_rights = report_rights(report);
		origin->unverified = qualification & UDV_EQ_VERIFICATION;
	}
	if (mode_unknown(report, ept12))
		return UDV_ERR_NEEDS_WALK;
	*access = origin->stage == UDV_STAGE_TABLE ? table_access(report, ept12)
						   : final_access(report);
	*access |= particulars(report);
	return flag_update_unknown(report, ept12) ? UDV_ERR_NEEDS_WALK : UDV_OK;
}

/* The report of an EPT violation and the refusal of EPT12 that it led to. */
static enum udv_status mix_violation(const struct udv_hardware_report *report, uint64_t l1_cap,
				     struct udv_exit_info *info)
{
	enum udv_stage stage = report_stage(report);
	uint64_t from_report = UDV_EQ_SHADOW_STACK | UDV_EQ_ASYNC;
	uint64_t hidden = report->enclave ? BITS(11, 0) : 0;

	if (stage != UDV_STAGE_NONE)
		from_report |= UDV_EQ_GLA_VALID | UDV_EQ_FINAL;
	if (report->nmi_unblocking_defined && !report->event_delivery)
		from_report |= UDV_EQ_NMI_UNBLOCKING;
	if (stage == UDV_STAGE_FINAL && l1_cap & UDV_EPT_CAP_ADVANCED_INFO) {
		if (!report->advanced_info)
			return UDV_ERR_NEEDS_WALK;
		from_report |= EQ_ADVANCED;
	}
	info->exit_qualification &= EQ_FROM_WALK;
	info->exit_qualification |= report->exit_qualification & from_report;
	info->guest_physical_address = UDV_GPA(report->guest_physical_address.value & ~hidden);
	info->gla_valid = stage != UDV_STAGE_NONE;
	if (info->gla_valid)
		info->guest_linear_address = UDV_GVA(report->guest_linear_address.value & ~hidden);
	else
		info->guest_linear_address = UDV_GVA(0);
	return UDV_OK;
}

/* EPT12 has no objection. */
static enum udv_status allowed(const struct udv_hardware_report *report,
			       const struct udv_paging *ept12, const struct udv_walk_result *walk)
{
	if (!is_violation(report))
		return UDV_OK;
	if (flag_update_unknown(report, ept12) && !(walk->ept_rights & UDV_EPT_W))
		return UDV_ERR_NEEDS_WALK;
	return walk->write_by_spp ? UDV_ERR_NEEDS_WALK : UDV_OK;
}

static enum udv_status refused(const struct udv_hardware_report *report,
			       const struct udv_walk_result *walk, uint64_t l1_cap,
			       struct udv_exit_info *info)
{
	/* A misconfiguration of EPT12 is one for any access; the rest depends on the access. */
	if (!is_violation(report) && walk->outcome != UDV_WALK_EPT_MISCONFIG)
		return UDV_ERR_RETRY;
	*info = udv_exit_info(walk, l1_cap);
	return walk->outcome == UDV_WALK_EPT_VIOLATION ? mix_violation(report, l1_cap, info)
						       : UDV_OK;
}

static enum udv_status judge(const struct udv_hardware_report *report,
			     const struct udv_paging *ept12, const struct udv_walk_result *walk,
			     uint64_t l1_cap, struct udv_exit_info *info)
{
	switch (walk->outcome) {
	case UDV_WALK_OK:
		return allowed(report, ept12, walk);
	case UDV_WALK_EPT_VIOLATION:
	case UDV_WALK_EPT_MISCONFIG:
	case UDV_WALK_PML_FULL:
	case UDV_WALK_SPP_EVENT:
		return refused(report, walk, l1_cap, info);
	case UDV_WALK_NO_MEMORY:
		return UDV_ERR_NOT_FOUND;
	case UDV_WALK_CONTENDED:
		return UDV_ERR_RETRY;
	default:
		return UDV_ERR_ARGUMENT;
	}
}

enum udv_status udv_exit_info_from_report(const struct udv_hardware_report *report,
					  const struct udv_paging *ept12,
					  const struct udv_walk_result *walk, uint64_t l1_cap,
					  struct udv_exit_info *info)
{
	enum udv_status status;

	*info = (struct udv_exit_info){ 0 };
	status = judge(report, ept12, walk, l1_cap, info);
	if (status != UDV_OK)
		*info = (struct udv_exit_info){ 0 };
	return status;
}
