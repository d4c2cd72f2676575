/* SPDX-License-Identifier: MIT */
#ifndef UDV_CPU_SYSTEM_MISC_H
#define UDV_CPU_SYSTEM_MISC_H

#include "cpu/handler.h"
#include "cpu/op.h"

/*
 * System instructions other than control transfers: what they do, as bool f(cpu, op) (handler.h).
 * Which op each is made of is in the table of system_misc.c.
 */

/* io.c */
slow_fn insn_in, insn_out;
/* control_regs.c */
slow_fn insn_mov_from_cr, insn_mov_to_cr0, insn_mov_to_cr2, insn_mov_to_cr3, insn_mov_to_cr4,
	insn_mov_to_cr8, insn_lmsw, insn_smsw, insn_clts, insn_xgetbv, insn_xsetbv;
/* debug_regs.c */
slow_fn insn_mov_from_dr, insn_mov_to_dr;
/* tlb_insns.c */
slow_fn insn_invlpg, insn_invpcid, insn_invd, insn_wbinvd, insn_monitor, insn_mwait;
/* system_insns.c */
slow_fn insn_cpuid, insn_rdmsr, insn_wrmsr, insn_rdtsc, insn_rdtscp, insn_rdpmc, insn_rdpid,
	insn_rdrand, insn_rdseed, insn_rdpkru, insn_wrpkru, insn_rdfsgsbase, insn_wrfsgsbase;
/* fxsave.c, xsave.c */
slow_fn insn_fxsave, insn_fxrstor, insn_ldmxcsr, insn_stmxcsr, insn_xsave, insn_xsaveopt,
	insn_xsavec, insn_xsaves, insn_xrstor, insn_xrstors;

/* CR4 bits that a processor with these features has. */
uint64_t cpu_cr4_supported(const struct cpu_config *config);

/* MOV whose destination or source is of CLASS_CR or CLASS_DR. */
translate_fn translate_mov_cr;

#endif
