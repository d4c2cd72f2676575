/* SPDX-License-Identifier: MIT */
#include "arch/system_bits.h"
#include "cpu/access.h"
#include "cpu/msr.h"
#include "cpu/system_misc.h"

/*
 * Instructions about translations and caches, and the pair that waits for a store.
 * SDM Vol 2 "INVLPG", "INVPCID", "INVD", "WBINVD", "MONITOR", "MWAIT"
 */

#define MONITOR_LINE (~63ull)

/* No limit and no type is checked, and an address that is not canonical invalidates nothing. */
bool insn_invlpg(struct cpu *cpu, const struct op *op)
{
	uint64_t linear;

	if (cpu->state.cpl)
		return raise_gp0(cpu);
	linear = cpu->segment_base[op->segment] + cpu_effective_address(cpu, op);
	if (!is_64bit(cpu))
		linear = (uint32_t)linear;
	if (cpu_intercepts(cpu, INTERCEPT_INVLPG, linear, 0))
		return false;
	cpu_tlb_flush_page(cpu, linear);
	cpu_charge(cpu, COST_INVALIDATION);
	return true;
}

enum invpcid_type {
	INVPCID_ADDRESS,
	INVPCID_SINGLE,
	INVPCID_ALL_GLOBAL,
	INVPCID_ALL,
};

static bool invpcid_valid(const struct cpu *cpu, uint64_t type, const uint64_t descriptor[2])
{
	if (type > INVPCID_ALL || descriptor[0] & ~CR3_PCID)
		return false;
	if (type <= INVPCID_SINGLE && !(cpu->state.cr4 & CR4_PCIDE) && descriptor[0])
		return false;
	return type != INVPCID_ADDRESS || cpu_is_canonical_msr(cpu, descriptor[1]);
}

bool insn_invpcid(struct cpu *cpu, const struct op *op)
{
	uint64_t type = gpr_read(cpu, op->dst, is_64bit(cpu) ? 8 : 4);
	uint64_t descriptor[2], linear;

	if (vmx_refuses(cpu, ARCH_SECONDARY_INVPCID))
		return raise_ud(cpu);
	if (cpu->state.cpl)
		return raise_gp0(cpu);
	if (cpu_intercepts(cpu, INTERCEPT_INVPCID, 0, 0))
		return false;
	if (!cpu_operand_linear(cpu, op, 16, UDV_ACCESS_READ, &linear) ||
	    !cpu_read_bytes(cpu, linear, descriptor, 16, 0))
		return false;
	if (!invpcid_valid(cpu, type, descriptor))
		return raise_gp0(cpu);
	if (type == INVPCID_ADDRESS)
		cpu_tlb_flush_page(cpu, descriptor[1]);
	else if (type == INVPCID_SINGLE)
		cpu_forget_spaces(cpu, SPACES_OF_PCID, descriptor[0]);
	else
		cpu_forget_vpid(cpu);
	cpu_charge(cpu, COST_INVALIDATION);
	return true;
}

bool insn_invd(struct cpu *cpu, const struct op *op)
{
	(void)op;
	if (cpu->state.cpl)
		return raise_gp0(cpu);
	return !cpu_intercepts(cpu, INTERCEPT_INVD, 0, 0);
}

bool insn_wbinvd(struct cpu *cpu, const struct op *op)
{
	(void)op;
	if (cpu->state.cpl)
		return raise_gp0(cpu);
	return !cpu_intercepts(cpu, INTERCEPT_WBINVD, 0, 0);
}

/* MONITOR and MWAIT exist at CPL 0, and as long as IA32_MISC_ENABLE has them on. */
static bool can_monitor(const struct cpu *cpu)
{
	return !cpu->state.cpl && cpu->state.misc_enable & MISC_ENABLE_MONITOR;
}

/* All of RCX counts in 64-bit mode. */
static uint64_t extensions_of(const struct cpu *cpu)
{
	return gpr_read(cpu, GPR_OFFSET(GPR_RCX), is_64bit(cpu) ? 8 : 4);
}

bool insn_monitor(struct cpu *cpu, const struct op *op)
{
	static const uint8_t address_bits[] = { 16, 32, 64 };
	uint32_t access = UDV_ACCESS_READ;
	uint64_t offset, linear, physical;

	if (!can_monitor(cpu))
		return raise_ud(cpu);
	if (cpu_intercepts(cpu, INTERCEPT_MONITOR, 0, 0))
		return false;
	if (extensions_of(cpu))
		return raise_gp0(cpu);
	offset = cpu->state.gpr[GPR_RAX] & ~bits_from(address_bits[op->address]);
	if (cpu->state.rflags & FLAG_AC)
		access |= UDV_ACCESS_AC;
	if (!cpu_segment_linear(cpu, op->segment, offset, 1, UDV_ACCESS_READ, &linear) ||
	    !cpu_translate(cpu, linear, access, &physical))
		return false;
	cpu->state.monitor_address = physical & MONITOR_LINE;
	cpu->state.monitor_armed = true;
	mem_peek(cpu->memory, cpu->state.monitor_address, cpu->state.monitor_data,
		 sizeof(cpu->state.monitor_data));
	return true;
}

/* ECX[0], CPUID.5:ECX[1]: an interrupt ends it even while interrupts are masked. */
#define MWAIT_BREAK 1u

/*
 * In a guest an interrupt that waits for IF alone has come already.
 * SDM Vol 3C "Changes to Instruction Behavior in VMX Non-Root Operation"
 */
static bool interrupt_waits(const struct cpu *cpu)
{
	return cpu->vmx.guest && !(cpu->state.rflags & FLAG_IF) &&
	       (cpu->vmx.virtual_interrupt ||
		VMX_HAS(cpu->vmx.vmcs.primary_controls, PRIMARY, INTERRUPT_WINDOW));
}

/* Without an armed monitor it goes on at once. */
bool insn_mwait(struct cpu *cpu, const struct op *op)
{
	uint64_t extensions = extensions_of(cpu);

	(void)op;
	if (!can_monitor(cpu))
		return raise_ud(cpu);
	if (cpu_intercepts(cpu, INTERCEPT_MWAIT, cpu->state.monitor_armed, 0))
		return false;
	if (extensions & ~(uint64_t)MWAIT_BREAK)
		return raise_gp0(cpu);
	if (cpu->state.monitor_armed) {
		cpu->state.monitor_armed = false;
		cpu->mwait_break = extensions & MWAIT_BREAK;
		if (!cpu->mwait_break || !interrupt_waits(cpu))
			cpu->state.activity = ACTIVITY_MWAIT;
	}
	return true;
}
