/* SPDX-License-Identifier: MIT */
/* What the assembly files and the C files of the library must agree on. */
#ifndef GUEST_LAYOUT_H
#define GUEST_LAYOUT_H

#define GUEST_CPUS 8
#define GUEST_STACK 16384

/* Selectors of the GDT; the order suits SYSCALL, SYSRET and SYSENTER. */
#define SEL_CODE64 0x08
#define SEL_DATA 0x10
#define SEL_CODE32 0x18
#define SEL_CODE16 0x20
#define SEL_DATA16 0x28
#define SEL_USER_CODE32 0x33
#define SEL_USER_DATA 0x3b
#define SEL_USER_CODE64 0x43
#define SEL_USER_CODE16 0x4b
#define SEL_FREE 0x50 /* to 0x9f: for tests */
#define SEL_FREE_COUNT 10
#define SEL_TSS 0xa0 /* 16 bytes for each processor */

#ifdef __x86_64__
#define SEL_CODE SEL_CODE64
#define SEL_USER_CODE SEL_USER_CODE64
#define WORD 8
#else
#define SEL_CODE SEL_CODE32
#define SEL_USER_CODE SEL_USER_CODE32
#define WORD 4
#endif

/* Ends code that run() started, from any mode and ring. */
#define VECTOR_RETURN 0xf0

/* struct regs, in words */
#define REG_AX (0 * WORD)
#define REG_BX (1 * WORD)
#define REG_CX (2 * WORD)
#define REG_DX (3 * WORD)
#define REG_SI (4 * WORD)
#define REG_DI (5 * WORD)
#define REG_BP (6 * WORD)
#define REG_SP (7 * WORD)
#define REG_R8 (8 * WORD)
#define REG_IP (16 * WORD)
#define REG_FLAGS (17 * WORD)
#define REG_CS (18 * WORD)
#define REG_SS (19 * WORD)
#define REG_DS (20 * WORD)
#define REG_ES (21 * WORD)
#define REG_SAVED (22 * WORD) /* stack pointer of the caller of run() */

#endif
