// SPDX-License-Identifier: MIT
/* The local APIC, through its page or through MSRs, whichever is on. */
#include "internal.h"

enum { X2APIC_MSRS = 0x800, APIC_BASE_X2 = 0x400, APIC_BASE_ON = 0x800, ICR_BUSY = 0x1000 };

static volatile u32 *page(u32 reg)
{
	return (volatile u32 *)(word)(0xfee00000u + reg);
}

bool apic_x2(void)
{
	return (read_msr(MSR_APIC_BASE) & APIC_BASE_X2) != 0;
}

u32 apic_read(u32 reg)
{
	return apic_x2() ? (u32)read_msr(X2APIC_MSRS + (reg >> 4)) : *page(reg);
}

void apic_write(u32 reg, u32 value)
{
	if (apic_x2())
		write_msr(X2APIC_MSRS + (reg >> 4), value);
	else
		*page(reg) = value;
}

u32 apic_id(void)
{
	u32 id = apic_read(APIC_ID);

	return apic_x2() ? id : id >> 24;
}

void apic_ipi(u32 destination, u32 command)
{
	if (apic_x2()) {
		write_msr(X2APIC_MSRS + (APIC_ICR >> 4), command | (u64)destination << 32);
		return;
	}
	*page(APIC_ICR + 0x10) = destination << 24;
	*page(APIC_ICR) = command;
	while (*page(APIC_ICR) & ICR_BUSY)
		asm volatile("pause");
}

void apic_on(void)
{
	write_msr(MSR_APIC_BASE, read_msr(MSR_APIC_BASE) | APIC_BASE_ON);
	apic_write(APIC_SPURIOUS, 0x1ff);
}
