/* SPDX-License-Identifier: MIT */
#ifndef UDV_CPU_MSR_H
#define UDV_CPU_MSR_H

#include "cpu/cpu.h"

/*
 * MSRs by index, as RDMSR and WRMSR at CPL 0 and the MSR lists of VMX reach them. False: #GP(0);
 * nothing has been changed.
 */
bool cpu_read_msr(struct cpu *cpu, uint32_t index, uint64_t *value);
bool cpu_write_msr(struct cpu *cpu, uint32_t index, uint64_t value);

/* The time-stamp counter now; exact in a slow handler. */
uint64_t cpu_tsc(const struct cpu *cpu);

/* IA32_APIC_BASE; 0 if there is no local APIC. */
uint64_t cpu_apic_base(const struct cpu *cpu);

/* EFER bits that software may set. */
uint64_t cpu_efer_writable(const struct cpu *cpu);

/*
 * A canonical address of the widest linear addresses that the processor has. Values that go to
 * base registers and MSRs are held to this, whatever CR4.LA57 is.
 * SDM Vol 3A "Canonical Addressing"
 */
bool cpu_is_canonical_msr(const struct cpu *cpu, uint64_t address);

#define MICROCODE_REVISION 0xff000000u

#define MSR_INDEX_APIC_BASE 0x1bu
#define PAT_RESET 0x0007040600070406ull

/* IA32_DEBUGCTL: LBR, which records nothing anybody could read, and BTF */
#define DEBUGCTL_WRITABLE 3ull

/* What IA32_MISC_ENABLE is at power-up. */
uint64_t cpu_misc_enable_reset(const struct cpu *cpu);

#endif
