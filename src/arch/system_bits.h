/* SPDX-License-Identifier: MIT */
#ifndef UDV_ARCH_SYSTEM_BITS_H
#define UDV_ARCH_SYSTEM_BITS_H

#include "arch/paging_bits.h"
#include "base/bits.h"

/*
 * Bits of control registers, debug registers and MSRs that instructions depend on, beside those of
 * paging_bits.h. What each means is in registers.h.
 * SDM Vol 3A "Control Registers", Vol 3B "Debug Registers", Vol 4 "Architectural MSRs".
 */

#define CR0_MP BIT(1)
#define CR0_EM BIT(2)
#define CR0_TS BIT(3)
#define CR0_ET BIT(4)
#define CR0_NE BIT(5)
#define CR0_AM BIT(18)
#define CR0_NW BIT(29)
#define CR0_CD BIT(30)
#define CR0_DEFINED                                                                                \
	(CR0_PE | CR0_MP | CR0_EM | CR0_TS | CR0_ET | CR0_NE | CR0_WP | CR0_AM | CR0_NW | CR0_CD | \
	 CR0_PG)

#define CR3_PCID BITS(11, 0)
#define CR3_NO_FLUSH BIT(63)

#define CR4_VME BIT(0)
#define CR4_PVI BIT(1)
#define CR4_TSD BIT(2)
#define CR4_DE BIT(3)
#define CR4_MCE BIT(6)
#define CR4_PGE BIT(7)
#define CR4_PCE BIT(8)
#define CR4_OSFXSR BIT(9)
#define CR4_OSXMMEXCPT BIT(10)
#define CR4_UMIP BIT(11)
#define CR4_VMXE BIT(13)
#define CR4_FSGSBASE BIT(16)
#define CR4_PCIDE BIT(17)
#define CR4_OSXSAVE BIT(18)
#define CR4_FRED BIT(32)

#define EFER_SCE BIT(0)

#define XCR0_X87 BIT(0)
#define XCR0_SSE BIT(1)
#define XCR0_AVX BIT(2)
#define XCR0_PKRU BIT(9)

#define DR6_BD BIT(13)
#define DR6_ONES 0xffff0ff0ull
#define DR6_WRITABLE 0xe00full /* B0..B3, BD, BS, BT */
#define DR7_ONES 0x400ull
#define DR7_WRITABLE 0xffff23ffull
#define DR7_GD BIT(13)
#define DR7_RW_SHIFT(n) (16 + 4 * (n))
#define DR7_LEN_SHIFT(n) (18 + 4 * (n))
#define DR7_RW_IO 2u

#define MISC_ENABLE_FAST_STRINGS BIT(0)
#define MISC_ENABLE_BTS_UNAVAILABLE BIT(11)
#define MISC_ENABLE_PEBS_UNAVAILABLE BIT(12)
#define MISC_ENABLE_MONITOR BIT(18)
#define MISC_ENABLE_LIMIT_CPUID BIT(22)
#define MISC_ENABLE_XD_DISABLE BIT(34)

#define FEATURE_CONTROL_LOCK BIT(0)

#define APIC_BASE_BSP BIT(8)
#define APIC_BASE_ENABLE BIT(11)

#define MXCSR_RESET 0x1f80u
#define MXCSR_MASK 0xffffu /* the bits that may be 1 */

#endif
