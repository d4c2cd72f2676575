/* SPDX-License-Identifier: MIT */
#include <undervisor/exit_info.h>

#include "arch/paging_bits.h"

/* Each public bit of rights has its place in the qualification by a shift. */
#define EQ_RIGHTS_SHIFT 3
#define EQ_ADVANCED (UDV_EQ_USER | UDV_EQ_WRITABLE | UDV_EQ_NX)

static uint64_t stage_bits(enum udv_stage stage)
{
	switch (stage) {
	case UDV_STAGE_TABLE:
		return UDV_EQ_GLA_VALID;
	case UDV_STAGE_FINAL:
		return UDV_EQ_GLA_VALID | UDV_EQ_FINAL;
	default:
		return 0;
	}
}

/* Bits 0 to 6 and 14: what EPT alone knows of the access. */
static uint64_t ept_bits(const struct udv_walk_result *walk)
{
	const struct udv_fault *fault = &walk->fault;
	uint64_t bits = fault->access & (UDV_EQ_READ | UDV_EQ_WRITE | UDV_EQ_FETCH);

	bits |= (uint64_t)walk->ept_rights << EQ_RIGHTS_SHIFT;
	if (fault->flags & UDV_FAULT_SSS_CONTROL && fault->flags & UDV_FAULT_LEAF_REACHED &&
	    fault->entry & EPT_SUPERVISOR_SHADOW_STACK)
		bits |= UDV_EQ_SSS;
	return bits;
}

/* Bits 9 to 11: the guest's tables, for a finished guest walk. */
static uint64_t advanced_bits(const struct udv_walk_result *walk)
{
	uint64_t bits = 0;

	if (!(walk->fault.flags & UDV_FAULT_RIGHTS_VALID))
		return 0;
	if (walk->guest_rights & UDV_GUEST_USER)
		bits |= UDV_EQ_USER;
	if (walk->guest_rights & UDV_GUEST_WRITE)
		bits |= UDV_EQ_WRITABLE;
	if (walk->guest_rights & UDV_GUEST_NX)
		bits |= UDV_EQ_NX;
	return bits;
}

static uint64_t nmi_bit(const struct udv_fault *fault)
{
	uint32_t relevant = fault->flags & (UDV_FAULT_NMI_UNBLOCKING | UDV_FAULT_EVENT_DELIVERY);

	/* Undefined while an event is being delivered. */
	return relevant == UDV_FAULT_NMI_UNBLOCKING ? UDV_EQ_NMI_UNBLOCKING : 0;
}

static uint64_t async_bit(const struct udv_fault *fault)
{
	return fault->flags & UDV_FAULT_ASYNC ? UDV_EQ_ASYNC : 0;
}

static uint64_t violation_qualification(const struct udv_walk_result *walk, uint64_t ept_vpid_cap)
{
	const struct udv_fault *fault = &walk->fault;
	uint64_t qualification = ept_bits(walk) | stage_bits(walk->stage);

	if (ept_vpid_cap & UDV_EPT_CAP_ADVANCED_INFO)
		qualification |= advanced_bits(walk);
	if (fault->flags & UDV_FAULT_SHADOW_STACK)
		qualification |= UDV_EQ_SHADOW_STACK;
	if (fault->flags & UDV_FAULT_VERIFICATION)
		qualification |= UDV_EQ_VERIFICATION;
	return qualification | nmi_bit(fault) | async_bit(fault);
}

static void set_addresses(struct udv_exit_info *info, const struct udv_walk_result *walk)
{
	uint64_t hidden = walk->fault.flags & UDV_FAULT_ENCLAVE ? BITS(11, 0) : 0;

	info->guest_physical_address = UDV_GPA(walk->gpa.value & ~hidden);
	info->gla_valid = walk->fault.flags & UDV_FAULT_GLA_VALID;
	if (info->gla_valid)
		info->guest_linear_address = UDV_GVA(walk->gla.value & ~hidden);
}

struct udv_exit_info udv_exit_info(const struct udv_walk_result *walk, uint64_t ept_vpid_cap)
{
	struct udv_exit_info info = { 0 };

	switch (walk->outcome) {
	case UDV_WALK_EPT_VIOLATION:
		info.exit_reason = UDV_EXIT_REASON_EPT_VIOLATION;
		info.exit_qualification = violation_qualification(walk, ept_vpid_cap);
		set_addresses(&info, walk);
		break;
	case UDV_WALK_EPT_MISCONFIG:
		info.exit_reason = UDV_EXIT_REASON_EPT_MISCONFIG;
		set_addresses(&info, walk);
		/* This exit has no qualification to say that there is a linear address. */
		info.gla_valid = false;
		info.guest_linear_address = UDV_GVA(0);
		break;
	case UDV_WALK_PML_FULL:
		info.exit_reason = UDV_EXIT_REASON_PML_FULL;
		info.exit_qualification = nmi_bit(&walk->fault) | async_bit(&walk->fault);
		break;
	case UDV_WALK_SPP_EVENT:
		info.exit_reason = UDV_EXIT_REASON_SPP;
		info.exit_qualification = nmi_bit(&walk->fault);
		if (walk->fault.cause == UDV_CAUSE_SPP_MISS)
			info.exit_qualification |= UDV_EQ_SPP_MISS;
		set_addresses(&info, walk);
		break;
	default:
		break;
	}
	return info;
}

/* AMD64 Manual Vol 2 "Nested Page Faults": bits 0 to 4 as a #PF's, the stage in 32 and 33. */
#define NPF_P BIT(0)
#define NPF_W BIT(1)
#define NPF_U BIT(2)
#define NPF_RSVD BIT(3)
#define NPF_I BIT(4)
#define NPF_SS BIT(6)

uint64_t udv_npf_exitinfo1(const struct udv_walk_result *walk)
{
	const struct udv_fault *fault = &walk->fault;
	uint64_t code = NPF_U; /* a nested walk is a user access */

	if (walk->outcome != UDV_WALK_EPT_VIOLATION && walk->outcome != UDV_WALK_EPT_MISCONFIG)
		return 0;
	if (walk->outcome == UDV_WALK_EPT_MISCONFIG)
		code |= NPF_P | NPF_RSVD;
	else if (fault->flags & UDV_FAULT_LEAF_REACHED)
		code |= NPF_P;
	/* Walks of the guest's tables are writes there, whatever the tables' state. */
	if (fault->access & UDV_ACCESS_WRITE || walk->stage == UDV_STAGE_TABLE)
		code |= NPF_W;
	if (fault->access & UDV_ACCESS_FETCH)
		code |= NPF_I;
	if (fault->flags & UDV_FAULT_SHADOW_STACK)
		code |= NPF_SS;
	return code | (walk->stage == UDV_STAGE_TABLE ? UDV_NPF_TABLE : UDV_NPF_FINAL);
}
