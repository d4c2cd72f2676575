/* SPDX-License-Identifier: MIT */
#include "arch/msrs.h"
#include "arch/system_bits.h"
#include "cpu/access.h"
#include "cpu/cpuid.h"
#include "cpu/msr.h"
#include "cpu/system_misc.h"
#include "cpu/vmx_apic.h"

/* Identification, MSRs, counters, random numbers, protection keys, segment bases. */

static void put_edx_eax(struct cpu *cpu, uint64_t value)
{
	cpu->state.gpr[GPR_RAX] = (uint32_t)value;
	cpu->state.gpr[GPR_RDX] = value >> 32;
}

static uint64_t get_edx_eax(const struct cpu *cpu)
{
	return cpu->state.gpr[GPR_RDX] << 32 | (uint32_t)cpu->state.gpr[GPR_RAX];
}

bool insn_cpuid(struct cpu *cpu, const struct op *op)
{
	uint32_t leaf = (uint32_t)cpu->state.gpr[GPR_RAX];
	struct cpuid_result out;

	(void)op;
	if (cpu_intercepts(cpu, INTERCEPT_CPUID, 0, 0))
		return false;
	/* Leaf 1 loads the microcode revision. SDM Vol 3A "Microcode Update Facilities" */
	if (leaf == 1)
		cpu->state.bios_sign_id = (uint64_t)MICROCODE_REVISION << 32;
	out = cpu_cpuid(cpu, leaf, (uint32_t)cpu->state.gpr[GPR_RCX]);
	cpu->state.gpr[GPR_RAX] = out.reg[CPUID_EAX];
	cpu->state.gpr[GPR_RBX] = out.reg[CPUID_EBX];
	cpu->state.gpr[GPR_RCX] = out.reg[CPUID_ECX];
	cpu->state.gpr[GPR_RDX] = out.reg[CPUID_EDX];
	cpu_charge(cpu, COST_CPUID);
	return true;
}

bool insn_rdmsr(struct cpu *cpu, const struct op *op)
{
	uint32_t index = (uint32_t)cpu->state.gpr[GPR_RCX];
	uint64_t value;

	(void)op;
	if (cpu->state.cpl)
		return raise_gp0(cpu);
	if (cpu_intercepts(cpu, INTERCEPT_MSR_READ, index, 0))
		return false;
	if (!vmx_x2apic_read(cpu, index, &value) && !cpu_read_msr(cpu, index, &value))
		return raise_gp0(cpu);
	if (index == ARCH_MSR_TIME_STAMP_COUNTER)
		value = vmx_guest_tsc(cpu, value);
	put_edx_eax(cpu, value);
	cpu_charge(cpu, COST_MSR);
	return true;
}

bool insn_wrmsr(struct cpu *cpu, const struct op *op)
{
	uint32_t index = (uint32_t)cpu->state.gpr[GPR_RCX];

	(void)op;
	if (cpu->state.cpl)
		return raise_gp0(cpu);
	if (cpu_intercepts(cpu, INTERCEPT_MSR_WRITE, index, 0))
		return false;
	cpu_charge(cpu, COST_MSR);
	switch (vmx_x2apic_write(cpu, index, get_edx_eax(cpu))) {
	case VMX_X2APIC_DONE:
		return true;
	case VMX_X2APIC_FAULT:
		return raise_gp0(cpu);
	case VMX_X2APIC_REAL:
		break;
	}
	return cpu_write_msr(cpu, index, get_edx_eax(cpu)) || raise_gp0(cpu);
}

/* ---------------------------------------------------------------- counters */

static bool tsc_disabled(const struct cpu *cpu)
{
	return cpu->state.cpl && cpu->state.cr4 & CR4_TSD;
}

bool insn_rdtsc(struct cpu *cpu, const struct op *op)
{
	(void)op;
	if (tsc_disabled(cpu))
		return raise_gp0(cpu);
	if (cpu_intercepts(cpu, INTERCEPT_RDTSC, 0, 0))
		return false;
	put_edx_eax(cpu, vmx_guest_tsc(cpu, cpu_tsc(cpu)));
	cpu_charge(cpu, COST_TSC);
	return true;
}

bool insn_rdtscp(struct cpu *cpu, const struct op *op)
{
	(void)op;
	if (vmx_refuses(cpu, ARCH_SECONDARY_RDTSCP))
		return raise_ud(cpu);
	if (tsc_disabled(cpu))
		return raise_gp0(cpu);
	if (cpu_intercepts(cpu, INTERCEPT_RDTSCP, 0, 0))
		return false;
	put_edx_eax(cpu, vmx_guest_tsc(cpu, cpu_tsc(cpu)));
	cpu->state.gpr[GPR_RCX] = (uint32_t)cpu->state.tsc_aux;
	cpu_charge(cpu, COST_TSC);
	return true;
}

/* There are no performance counters: every index is one too many. */
bool insn_rdpmc(struct cpu *cpu, const struct op *op)
{
	(void)op;
	if (cpu->state.cpl && cpu->state.cr0 & CR0_PE && !(cpu->state.cr4 & CR4_PCE))
		return raise_gp0(cpu);
	if (cpu_intercepts(cpu, INTERCEPT_RDPMC, 0, 0))
		return false;
	return raise_gp0(cpu);
}

bool insn_rdpid(struct cpu *cpu, const struct op *op)
{
	if (vmx_refuses(cpu, ARCH_SECONDARY_RDTSCP))
		return raise_ud(cpu);
	gpr_write(cpu, op->dst, 8, (uint32_t)cpu->state.tsc_aux);
	return true;
}

/* ---------------------------------------------------------------- random numbers */

/* The same run has the same numbers: a counter, well mixed. */
static uint64_t next_random(struct cpu *cpu)
{
	uint64_t z = cpu->random += 0x9e3779b97f4a7c15;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return z ^ z >> 31;
}

static bool put_random(struct cpu *cpu, const struct op *op)
{
	gpr_write(cpu, op->dst, 1u << op->size, next_random(cpu));
	set_status_flags(cpu, FLAG_CF);
	return true;
}

bool insn_rdrand(struct cpu *cpu, const struct op *op)
{
	return !cpu_intercepts(cpu, INTERCEPT_RDRAND, 0, 0) && put_random(cpu, op);
}

bool insn_rdseed(struct cpu *cpu, const struct op *op)
{
	return !cpu_intercepts(cpu, INTERCEPT_RDSEED, 0, 0) && put_random(cpu, op);
}

/* ---------------------------------------------------------------- protection keys */

bool insn_rdpkru(struct cpu *cpu, const struct op *op)
{
	(void)op;
	if (!(cpu->state.cr4 & CR4_PKE))
		return raise_ud(cpu);
	if ((uint32_t)cpu->state.gpr[GPR_RCX])
		return raise_gp0(cpu);
	put_edx_eax(cpu, cpu->state.pkru);
	return true;
}

bool insn_wrpkru(struct cpu *cpu, const struct op *op)
{
	uint32_t value = (uint32_t)cpu->state.gpr[GPR_RAX];

	(void)op;
	if (!(cpu->state.cr4 & CR4_PKE))
		return raise_ud(cpu);
	if ((uint32_t)cpu->state.gpr[GPR_RCX] || (uint32_t)cpu->state.gpr[GPR_RDX])
		return raise_gp0(cpu);
	if (cpu->state.pkru != value) {
		cpu->state.pkru = value;
		cpu_paging_changed(cpu);
	}
	return true;
}

/* ---------------------------------------------------------------- FS and GS */

/* @op: imm is the segment. */
bool insn_rdfsgsbase(struct cpu *cpu, const struct op *op)
{
	if (!(cpu->state.cr4 & CR4_FSGSBASE))
		return raise_ud(cpu);
	gpr_write(cpu, op->dst, 1u << op->size, cpu->state.seg[op->imm].base);
	return true;
}

bool insn_wrfsgsbase(struct cpu *cpu, const struct op *op)
{
	uint64_t base = gpr_read(cpu, op->dst, 1u << op->size);

	if (!(cpu->state.cr4 & CR4_FSGSBASE))
		return raise_ud(cpu);
	if (!cpu_is_canonical_msr(cpu, base))
		return raise_gp0(cpu);
	/* In 64-bit mode, where alone this exists, the base of FS and GS is used as it is. */
	cpu->state.seg[op->imm].base = base;
	cpu->segment_base[op->imm] = base;
	return true;
}
