/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "oracle_internal.h"

/*
 * What L1 is shown of a fault that the processor reported to L0: for each field, and each bit of
 * the qualification, where it comes from.
 */

static bool report_bit(const struct udv_hardware_report *report, unsigned n)
{
	return bit(report->exit_qualification, n);
}

/* Bit 8 has a meaning only where bit 7 is set. */
static enum udv_stage stage_of(const struct udv_hardware_report *report)
{
	if (!report_bit(report, 7))
		return UDV_STAGE_NONE;
	return report_bit(report, 8) ? UDV_STAGE_FINAL : UDV_STAGE_TABLE;
}

/* Bits 11:9 have one only at the final stage, and of a processor with advanced information. */
static bool rights_known(const struct udv_hardware_report *report)
{
	return stage_of(report) == UDV_STAGE_FINAL && report->advanced_info;
}

/* Bit 12: IRET was not delivering an event, and unblocking is a matter of the processor's. */
static bool unblocking_defined(const struct udv_hardware_report *report)
{
	return report->nmi_unblocking_defined && !report->event_delivery;
}

/* ------------------------------------------------------------------ the access */

static bool kind_exists(const struct udv_hardware_report *report)
{
	bool read = report_bit(report, 0), write = report_bit(report, 1);
	bool fetch = report_bit(report, 2);

	if (fetch)
		return !read && !write;
	return read || write;
}

/* A table access as EPT12 counts it. Never a fetch (I4), and no shadow-stack access. */
static uint32_t table_access(const struct udv_hardware_report *report, bool ad12)
{
	if (ad12)
		return UDV_ACCESS_READ | UDV_ACCESS_WRITE;
	/* Bit 1 says no more than that EPT02 has A/D flags. */
	if (report->ept02_ad)
		return UDV_ACCESS_READ;
	/* The setting of a flag is a read-modify-write. */
	return report_bit(report, 1) ? UDV_ACCESS_READ | UDV_ACCESS_WRITE : UDV_ACCESS_READ;
}

static uint32_t own_access(const struct udv_hardware_report *report)
{
	uint32_t access = 0;

	access |= report_bit(report, 0) ? UDV_ACCESS_READ : 0;
	access |= report_bit(report, 1) ? UDV_ACCESS_WRITE : 0;
	access |= report_bit(report, 2) ? UDV_ACCESS_FETCH : 0;
	/* A shadow-stack access has the mode of the address. */
	if (report_bit(report, 13)) {
		access |= UDV_ACCESS_SHADOW_STACK;
		if (rights_known(report) && report_bit(report, 9))
			access |= UDV_ACCESS_USER;
	}
	return access;
}

/* Whether EPT12 judges this access by the mode of the address, and nobody knows that. */
static bool mode_missing(const struct udv_hardware_report *report,
			 const struct udv_paging_config *ept12)
{
	if (stage_of(report) != UDV_STAGE_FINAL || report->advanced_info)
		return false;
	if (report_bit(report, 2) && (ept12->ept_controls & UDV_EPT_MBEC))
		return true;
	return report_bit(report, 13) && bit(ept12->eptp, 7);
}

static struct udv_gpa_origin origin_of(const struct udv_hardware_report *report)
{
	struct udv_gpa_origin origin = { .stage = stage_of(report) };

	if (origin.stage != UDV_STAGE_NONE)
		origin.gla = report->guest_linear_address;
	if (rights_known(report)) {
		origin.guest_rights |= report_bit(report, 9) ? UDV_GUEST_USER : 0;
		origin.guest_rights |= report_bit(report, 10) ? UDV_GUEST_WRITE : 0;
		origin.guest_rights |= report_bit(report, 11) ? UDV_GUEST_NX : 0;
	}
	if (origin.stage == UDV_STAGE_FINAL)
		origin.unverified = report_bit(report, 15);
	return origin;
}

static uint32_t particulars(const struct udv_hardware_report *report)
{
	uint32_t access = 0;

	if (report_bit(report, 12) && unblocking_defined(report))
		access |= UDV_ACCESS_NMI_UNBLOCKING;
	if (report_bit(report, 16))
		access |= UDV_ACCESS_ASYNC;
	if (report->event_delivery)
		access |= UDV_ACCESS_EVENT_DELIVERY;
	if (report->enclave)
		access |= UDV_ACCESS_ENCLAVE;
	return access;
}

void oracle_report_access(const struct udv_hardware_report *report,
			  const struct udv_paging_config *ept12, struct oracle_l1 *l1)
{
	bool ad12 = bit(ept12->eptp, 6);

	memset(l1, 0, sizeof(*l1));
	if (report->exit_reason == 49) {
		l1->access_status = UDV_ERR_RETRY;
		l1->access = UDV_ACCESS_READ | UDV_ACCESS_PEEK;
		return;
	}
	if (report->exit_reason != 48 || !kind_exists(report)) {
		l1->access_status = UDV_ERR_ARGUMENT;
		return;
	}
	l1->origin = origin_of(report);
	if (mode_missing(report, ept12)) {
		l1->access_status = UDV_ERR_NEEDS_WALK;
		return;
	}
	l1->access_status = UDV_OK;
	if (stage_of(report) == UDV_STAGE_TABLE) {
		l1->access = table_access(report, ad12);
		if (report->ept02_ad && !ad12)
			l1->access_status = UDV_ERR_NEEDS_WALK;
	} else {
		l1->access = own_access(report);
	}
	l1->access |= particulars(report);
}

/* ------------------------------------------------------------------ the exit */

static bool l1_bit(const struct udv_hardware_report *report, const struct udv_paging_config *ept12,
		   const struct oracle_result *walk, uint64_t l1_cap, unsigned n)
{
	switch (n) {
	case 0:
		return walk->access & UDV_ACCESS_READ;
	case 1:
		return walk->access & UDV_ACCESS_WRITE;
	case 2:
		return walk->access & UDV_ACCESS_FETCH;
	case 3:
		return walk->ept_rights & UDV_EPT_R;
	case 4:
		return walk->ept_rights & UDV_EPT_W;
	case 5:
		return walk->ept_rights & UDV_EPT_X;
	case 6:
		return walk->ept_rights & UDV_EPT_XU;
	case 7:
		return report_bit(report, 7);
	case 8:
		return report_bit(report, 7) && report_bit(report, 8);
	case 9:
	case 10:
	case 11:
		return rights_known(report) && bit(l1_cap, 22) && report_bit(report, n);
	case 12:
		return unblocking_defined(report) && report_bit(report, 12);
	case 13:
		return report_bit(report, 13);
	case 14:
		return bit(ept12->eptp, 7) && (walk->flags & UDV_FAULT_LEAF_REACHED) &&
		       bit(walk->entry, 60);
	case 15:
		return walk->flags & UDV_FAULT_VERIFICATION;
	case 16:
		return report_bit(report, 16);
	default:
		return false;
	}
}

static void reflect_violation(const struct udv_hardware_report *report,
			      const struct udv_paging_config *ept12,
			      const struct oracle_result *walk, uint64_t l1_cap,
			      struct oracle_l1 *l1)
{
	/* L1 has been promised bits that nobody knows. */
	if (stage_of(report) == UDV_STAGE_FINAL && bit(l1_cap, 22) && !report->advanced_info) {
		l1->status = UDV_ERR_NEEDS_WALK;
		return;
	}
	l1->info.exit_reason = 48;
	for (unsigned n = 0; n < 64; n++)
		if (l1_bit(report, ept12, walk, l1_cap, n))
			l1->info.exit_qualification |= 1ull << n;
	l1->info.guest_physical_address = report->guest_physical_address;
	l1->info.gla_valid = report_bit(report, 7);
	if (report_bit(report, 7))
		l1->info.guest_linear_address = report->guest_linear_address;
}

/* SDM Vol 3C: each of these two exits has its own few bits. */
static void reflect_log_full(const struct udv_hardware_report *report, struct oracle_l1 *l1)
{
	l1->info.exit_reason = 62;
	if (unblocking_defined(report) && report_bit(report, 12))
		l1->info.exit_qualification |= 1ull << 12;
	if (report_bit(report, 16))
		l1->info.exit_qualification |= 1ull << 16;
}

static void reflect_sub_page(const struct udv_hardware_report *report,
			     const struct oracle_result *walk, struct oracle_l1 *l1)
{
	l1->info.exit_reason = 66;
	if (walk->spp_miss)
		l1->info.exit_qualification |= 1ull << 11;
	if (unblocking_defined(report) && report_bit(report, 12))
		l1->info.exit_qualification |= 1ull << 12;
	l1->info.guest_physical_address = report->guest_physical_address;
	l1->info.gla_valid = true;
	l1->info.guest_linear_address = report->guest_linear_address;
}

/* EPT12 lets the reported access pass; was that all that the processor wanted? */
static void judge_allowed(const struct udv_hardware_report *report,
			  const struct udv_paging_config *ept12, const struct oracle_result *walk,
			  struct oracle_l1 *l1)
{
	bool ad12 = bit(ept12->eptp, 6);
	bool bit58 = (ept12->ept_controls & UDV_EPT_PAGING_WRITE) && bit(walk->ept_leaf, 58);

	l1->status = UDV_OK;
	if (report->exit_reason != 48)
		return;
	if (stage_of(report) == UDV_STAGE_TABLE && report->ept02_ad && !ad12 &&
	    !(walk->ept_rights & UDV_EPT_W)) {
		/* Bit 58 may allow the write: that depends on rights above the leaf. */
		l1->status = bit58 ? UDV_OK : UDV_ERR_NEEDS_WALK;
		l1->needs_walk_allowed = bit58;
	}
	/* W7: how many bytes are written is not known. */
	if (walk->write_by_spp)
		l1->status = UDV_ERR_NEEDS_WALK;
}

void oracle_reflect(const struct udv_hardware_report *report, const struct udv_paging_config *ept12,
		    const struct oracle_result *walk, uint64_t l1_cap, struct oracle_l1 *l1)
{
	l1->status = UDV_OK;
	switch (walk->outcome) {
	case UDV_WALK_OK:
		judge_allowed(report, ept12, walk, l1);
		return;
	case UDV_WALK_NO_MEMORY:
		l1->status = UDV_ERR_NOT_FOUND;
		return;
	case UDV_WALK_EPT_MISCONFIG:
		/* Wrong for every access, so it does not matter which one it was. */
		l1->info.exit_reason = 49;
		l1->info.guest_physical_address = report->guest_physical_address;
		return;
	default:
		break;
	}
	if (report->exit_reason == 49)
		l1->status = UDV_ERR_RETRY;
	else if (walk->outcome == UDV_WALK_EPT_VIOLATION)
		reflect_violation(report, ept12, walk, l1_cap, l1);
	else if (walk->outcome == UDV_WALK_PML_FULL)
		reflect_log_full(report, l1);
	else
		reflect_sub_page(report, walk, l1);
}

/* ------------------------------------------------------------------ #VE */

/* "Convertible EPT Violations" */
bool oracle_convertible(const struct udv_paging_config *config, const struct oracle_memory *memory,
			uint32_t access, const struct oracle_result *walk)
{
	uint64_t busy = config->ve_information + 4;

	if (walk->outcome != UDV_WALK_EPT_VIOLATION)
		return false;
	if (!(config->ept_controls & UDV_EPT_VE))
		return false;
	if (!bit(config->cr0, 0))
		return false;
	if (access & UDV_ACCESS_EVENT_DELIVERY)
		return false;
	if (access & UDV_ACCESS_ASYNC)
		return false;
	/* W6: where no entry was read, none has a bit 63 that is clear. */
	if (!(walk->flags & UDV_FAULT_ENTRY_VALID) || bit(walk->entry, 63))
		return false;
	return oracle_memory_has(memory, busy) && oracle_memory_get(memory, busy, 4) == 0;
}
