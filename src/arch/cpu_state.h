/* SPDX-License-Identifier: MIT */
#ifndef UDV_ARCH_CPU_STATE_H
#define UDV_ARCH_CPU_STATE_H

#include <stdbool.h>
#include <stdint.h>

/*
 * What one logical processor holds, as plain data. Everything software can observe of a processor
 * between two instructions is here (the local APIC apart), and nothing else is: caches of it live
 * in struct cpu.
 */

enum arch_gpr {
	GPR_RAX,
	GPR_RCX,
	GPR_RDX,
	GPR_RBX,
	GPR_RSP,
	GPR_RBP,
	GPR_RSI,
	GPR_RDI,
	GPR_ZERO = 16, /* always 0: stands for "no base" and "no index" */
};
#define NR_GPRS 16

enum arch_segment {
	SEG_ES,
	SEG_CS,
	SEG_SS,
	SEG_DS,
	SEG_FS,
	SEG_GS,
	SEG_LDTR,
	SEG_TR,
	NR_SEGMENTS,
};

/*
 * Access rights as a VMCS holds them. SDM Vol 3C "Guest Register State"
 *
 *   16  15  14   13  12  11..8  7  6..5  4  3..0
 *   un.  G  D/B   L  AVL   0    P   DPL  S  type
 */
#define AR_TYPE 0xfu
#define AR_ACCESSED 0x1u
#define AR_WRITABLE 0x2u    /* data; readable of code */
#define AR_EXPAND_DOWN 0x4u /* data; conforming of code */
#define AR_CODE 0x8u
#define AR_S 0x10u
#define AR_DPL_SHIFT 5
#define AR_DPL 0x60u
#define AR_P 0x80u
#define AR_AVL 0x1000u
#define AR_L 0x2000u
#define AR_DB 0x4000u
#define AR_G 0x8000u
#define AR_UNUSABLE 0x10000u
#define AR_DPL_OF(ar) ((ar) >> AR_DPL_SHIFT & 3u)

struct arch_segment_register {
	uint64_t base;
	uint32_t limit; /* in bytes, granularity applied */
	uint32_t access_rights;
	uint16_t selector;
};

struct arch_table_register {
	uint64_t base;
	uint16_t limit;
};

/* An x87 register or operand: SDM Vol 1 "Double Extended-Precision". */
struct arch_f80 {
	uint64_t significand;
	uint16_t sign_exponent;
};

/* x87 and MMX state. Registers are by physical number, as the tag word and FXSAVE's are not. */
struct arch_x87 {
	struct arch_f80 reg[8];	  /* R0..R7; ST(i) is R[(TOP + i) & 7]; MMi is R[i] */
	uint16_t control, status; /* TOP is in status */
	uint8_t empty;		  /* bit i: Ri is empty */
	uint16_t opcode;	  /* FOP, 11 bits */
	uint64_t instruction_pointer, data_pointer;
	uint16_t instruction_selector, data_selector;
};

union arch_vector {
	uint8_t u8[32];
	uint16_t u16[16];
	uint32_t u32[8];
	uint64_t u64[4];
	int8_t s8[32];
	int16_t s16[16];
	int32_t s32[8];
	int64_t s64[4];
};

enum arch_activity {
	ACTIVITY_ACTIVE,
	ACTIVITY_HLT,
	ACTIVITY_SHUTDOWN,
	ACTIVITY_WAIT_FOR_SIPI,
	ACTIVITY_MWAIT, /* not a VMCS value: HLT that a store to the monitored line ends as well */
};

/* Interruptibility, as a VMCS holds it. SDM Vol 3C "Guest Non-Register State" */
#define BLOCKING_STI 0x1u
#define BLOCKING_MOV_SS 0x2u
#define BLOCKING_NMI 0x8u

/* In pending debug exceptions, beside bits as in DR6: a breakpoint among them is enabled in DR7. */
#define PENDING_DEBUG_ENABLED 0x1000ull

struct arch_mtrr {
	uint64_t def_type;
	uint64_t fixed[11]; /* 64K, 16K 80000, 16K A0000, 4K C0000 .. F8000 */
	uint64_t base[8], mask[8];
};

struct cpu_state {
	uint64_t gpr[NR_GPRS + 1]; /* the last one is GPR_ZERO */
	uint64_t rip;
	/*
	 * All of RFLAGS between instructions. While blocks run, the status flags may instead be
	 * what struct cpu's lazy flags say.
	 */
	uint64_t rflags;
	struct arch_segment_register seg[NR_SEGMENTS];
	struct arch_table_register gdtr, idtr;

	uint64_t cr0, cr2, cr3, cr4;
	uint64_t efer;
	uint64_t xcr0, xss;
	uint64_t pdpte[4];
	uint32_t pkru, pkrs;
	uint64_t dr[4], dr6, dr7;

	uint8_t cpl;
	uint8_t activity;	  /* enum arch_activity */
	uint8_t interruptibility; /* BLOCKING_* */
	bool nmi_pending;
	bool init_pending, sipi_pending;
	uint8_t sipi_vector;
	/* traps that wait for an instruction boundary: as in DR6, and PENDING_DEBUG_ENABLED */
	uint64_t pending_debug;
	uint64_t monitor_address; /* physical, of the armed line */
	bool monitor_armed;
	uint8_t monitor_data[64]; /* what the line held then, if it is in memory */

	/* MSRs that are plain storage, after their checks */
	uint64_t star, lstar, cstar, fmask, kernel_gs_base;
	uint64_t sysenter_cs, sysenter_esp, sysenter_eip;
	uint64_t pat, tsc_aux, misc_enable, debugctl, spec_ctrl, feature_control;
	uint64_t bios_sign_id;
	uint64_t tsc_offset; /* TSC = virtual time in ticks + this; what IA32_TSC writes change */
	uint64_t tsc_adjust;
	struct arch_mtrr mtrr;

	struct arch_x87 x87;
	uint32_t mxcsr;
	union arch_vector ymm[16];
};

#endif
