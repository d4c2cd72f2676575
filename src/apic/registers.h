/* SPDX-License-Identifier: MIT */
#ifndef UDV_APIC_REGISTERS_H
#define UDV_APIC_REGISTERS_H

#include "arch/system_bits.h"

/*
 * The local APIC's registers by number: byte offset / 16 in the xAPIC page, and MSR 800H + number
 * in x2APIC mode. SDM Vol 3A "The Local APIC Block Diagram", "x2APIC Register Address Space"
 */
enum apic_register {
	APIC_REG_ID = 0x02,
	APIC_REG_VERSION = 0x03,
	APIC_REG_TPR = 0x08,
	APIC_REG_APR = 0x09,
	APIC_REG_PPR = 0x0a,
	APIC_REG_EOI = 0x0b,
	APIC_REG_LDR = 0x0d,
	APIC_REG_DFR = 0x0e,
	APIC_REG_SVR = 0x0f,
	APIC_REG_ISR = 0x10, /* eight of each */
	APIC_REG_TMR = 0x18,
	APIC_REG_IRR = 0x20,
	APIC_REG_ESR = 0x28,
	APIC_REG_ICR = 0x30,
	APIC_REG_ICR_HIGH = 0x31,
	APIC_REG_LVT = 0x32, /* as many as enum apic_lvt */
	APIC_REG_TIMER_INITIAL = 0x38,
	APIC_REG_TIMER_CURRENT = 0x39,
	APIC_REG_TIMER_DIVIDE = 0x3e,
	APIC_REG_SELF_IPI = 0x3f,
	NR_APIC_REGISTERS = 0x100,
};

/* The local vector table, in the order of its registers. */
enum apic_lvt {
	APIC_LVT_TIMER,
	APIC_LVT_THERMAL,
	APIC_LVT_PERF,
	APIC_LVT_LINT0,
	APIC_LVT_LINT1,
	APIC_LVT_ERROR,
	NR_APIC_LVTS,
};

/*
 *  18..17   16   15   14    13    12    10..8  7..0
 *  timer   mask level remote pol. pending mode  vector
 */
#define APIC_LVT_VECTOR 0xffu
#define APIC_LVT_MODE_SHIFT 8
#define APIC_LVT_MODE 0x700u
#define APIC_LVT_PENDING 0x1000u
#define APIC_LVT_POLARITY 0x2000u
#define APIC_LVT_REMOTE_IRR 0x4000u
#define APIC_LVT_LEVEL 0x8000u
#define APIC_LVT_MASKED 0x10000u
#define APIC_LVT_TIMER_MODE 0x60000u
#define APIC_LVT_TIMER_ONE_SHOT 0x0u
#define APIC_LVT_TIMER_PERIODIC 0x20000u
#define APIC_LVT_TIMER_TSC_DEADLINE 0x40000u

enum apic_delivery_mode {
	APIC_MODE_FIXED,
	APIC_MODE_LOWEST,
	APIC_MODE_SMI,
	APIC_MODE_RESERVED,
	APIC_MODE_NMI,
	APIC_MODE_INIT,
	APIC_MODE_SIPI,
	APIC_MODE_EXTINT,
};

/*
 * Interrupt command.
 *  63..32 (x2APIC), 63..56   19..18     15    14     12      11      10..8  7..0
 *  destination              shorthand level assert pending logical  mode  vector
 */
#define APIC_ICR_VECTOR 0xffu
#define APIC_ICR_MODE_SHIFT 8
#define APIC_ICR_LOGICAL 0x800u
#define APIC_ICR_PENDING 0x1000u
#define APIC_ICR_ASSERT 0x4000u
#define APIC_ICR_LEVEL 0x8000u
#define APIC_ICR_SHORTHAND_SHIFT 18
#define APIC_ICR_RESERVED 0xfff32000u /* of the low half */
enum apic_shorthand {
	APIC_TO_DESTINATION,
	APIC_TO_SELF,
	APIC_TO_ALL,
	APIC_TO_OTHERS,
};

#define APIC_SVR_ENABLE 0x100u
#define APIC_SVR_WRITABLE 0x3ffu

#define APIC_ESR_SEND_ILLEGAL 0x20u
#define APIC_ESR_RECEIVE_ILLEGAL 0x40u
#define APIC_ESR_REGISTER 0x80u

#define APIC_DIVIDE_WRITABLE 0xbu

#define APIC_BASE_X2APIC 0x400ull
#define APIC_BASE_RESERVED_LOW 0x2ffull
#define APIC_DEFAULT_BASE 0xfee00000ull
#define APIC_PAGE_SIZE 4096u

#define APIC_MSR_BASE 0x1bu
#define APIC_MSR_TSC_DEADLINE 0x6e0u
#define APIC_MSR_X2APIC 0x800u
#define APIC_MSR_X2APIC_LAST 0x8ffu

#endif
