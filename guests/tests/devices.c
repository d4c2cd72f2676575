// SPDX-License-Identifier: MIT
/* Devices of a PC: PIC, PIT, RTC, UART, local APIC with its timer, x2APIC, I/O APIC, ACPI's timer.
 */
#include "guest.h"

enum {
	PIC = 0x20,
	PIC2 = 0xa0,
	PIT = 0x40,
	PIT_MODE = 0x43,
	CMOS = 0x70,
	UART = 0x3f8,
	PORT_B = 0x61
};
enum { BASE = 0x30, IRQ_TIMER = 0, IRQ_UART = 4, IRQ_RTC = 8, PIC_EOI = 0x20 };
enum { VECTOR_APIC_TIMER = 0x51, VECTOR_SELF = 0x61, VECTOR_HIGH = 0x91, VECTOR_IOAPIC = 0x71 };
enum { LVT_MASKED = 0x10000, LVT_PERIODIC = 0x20000, LVT_DEADLINE = 0x40000, TO_SELF = 0x40000 };
#define IOAPIC ((volatile u32 *)0xfec00000)

static volatile u32 irqs[16], last_irq, apic_ticks, self_count, high_count, ioapic_count;

static void pic_irq(struct frame *frame)
{
	u32 irq = (u32)frame->vector - BASE;

	irqs[irq]++;
	last_irq = irq;
	if (irq == IRQ_RTC) {
		out8(CMOS, 0x0c);
		in8(CMOS + 1);
	}
	if (irq >= 8)
		out8(PIC2, PIC_EOI);
	out8(PIC, PIC_EOI);
}

static void pic_init(void)
{
	out8(PIC, 0x11), out8(PIC + 1, BASE), out8(PIC + 1, 4), out8(PIC + 1, 1);
	out8(PIC2, 0x11), out8(PIC2 + 1, BASE + 8), out8(PIC2 + 1, 2), out8(PIC2 + 1, 1);
	out8(PIC + 1, 0xff), out8(PIC2 + 1, 0xff);
	for (u32 i = 0; i < 16; i++)
		on_vector(BASE + i, pic_irq);
	/* LINT0 as the virtual wire. */
	apic_write(APIC_LVT_LINT0, 0x700);
}

static bool wait(volatile u32 *counter, u32 wanted, u32 spins)
{
	asm volatile("sti");
	for (u32 i = 0; i < spins && *counter < wanted; i++)
		asm volatile("pause");
	asm volatile("cli");
	return *counter >= wanted;
}

static void pit_set(u8 mode, u16 count)
{
	out8(PIT_MODE, (u8)(0x30 | mode << 1));
	out8(PIT, (u8)count);
	out8(PIT, (u8)(count >> 8));
}

static u32 pit_read(void)
{
	out8(PIT_MODE, 0);
	u32 low = in8(PIT);
	return low | (u32)in8(PIT) << 8;
}

static void test_pic(void)
{
	section("PIC");
	out8(PIC + 1, 0xa5);
	CHECK(in8(PIC + 1), 0xa5);
	out8(PIC2 + 1, 0x5a);
	CHECK(in8(PIC2 + 1), 0x5a);
	out8(PIC + 1, 0xff), out8(PIC2 + 1, 0xff);
	pit_set(0, 1000); /* one interrupt, at the end of the count */
	out8(PIC + 1, 0xfe);
	CHECK(wait(&irqs[IRQ_TIMER], 1, 100000000), true);
	CHECK(wait(&irqs[IRQ_TIMER], 2, 100000), false);
	out8(PIC + 1, 0xff);
	/* A request shows in IRR while it is masked, in ISR while it is served. */
	pit_set(0, 100);
	out8(PIC, 0x0a);
	u32 seen = 0;
	for (u32 i = 0; i < 1000000 && !seen; i++)
		seen = in8(PIC) & 1;
	CHECK(seen, 1);
	out8(PIC, 0x0b);
	CHECK(in8(PIC), 0);
}

static void test_pit(void)
{
	section("PIT");
	pit_set(2, 0xffff);
	u32 first = pit_read(), different = 0;
	for (u32 i = 0; i < 100000 && !different; i++)
		different = pit_read() != first;
	CHECK(different, 1);
	out8(PIC + 1, 0xfe);
	irqs[IRQ_TIMER] = 0;
	pit_set(2, 2000);
	CHECK(wait(&irqs[IRQ_TIMER], 5, 100000000), true);
	out8(PIC + 1, 0xff);
	out8(PIT_MODE, 0xe2); /* read back: status of counter 0 */
	CHECK(in8(PIT) & 0x3f, 0x34);
	pit_set(0, 0xffff);
	wait(&irqs[IRQ_TIMER], 100, 10);

	/* Counter 2, gate and output at port 61h. */
	out8(PORT_B, (u8)((in8(PORT_B) & ~3) | 1));
	out8(PIT_MODE, 0xb0);
	out8(PIT + 2, 100), out8(PIT + 2, 0);
	u32 high = 0;
	for (u32 i = 0; i < 10000000 && !high; i++)
		high = in8(PORT_B) & 0x20;
	CHECK(high, 0x20);
}

static u8 cmos(u8 index)
{
	out8(CMOS, index);
	return in8(CMOS + 1);
}

static void test_rtc(void)
{
	section("RTC");
	CHECK(cmos(0x0d) & 0x80, 0x80);
	out8(CMOS, 0x0b);
	out8(CMOS + 1, 0x02); /* BCD, 24 hours */
	u8 month = cmos(8), day = cmos(7), hour = cmos(4);
	CHECK(month >= 1 && month <= 0x12 && (month & 15) <= 9, 1);
	CHECK(day >= 1 && day <= 0x31 && (day & 15) <= 9, 1);
	CHECK(hour <= 0x23 && (hour & 15) <= 9, 1);
	out8(CMOS, 0x40), out8(CMOS + 1, 0xa7);
	out8(CMOS, 0x41), out8(CMOS + 1, 0x3c);
	CHECK(cmos(0x40), 0xa7);
	CHECK(cmos(0x41), 0x3c);
	out8(CMOS, 0x0a), out8(CMOS + 1, 0x26); /* 1,024 Hz */
	cmos(0x0c);
	out8(CMOS, 0x0b), out8(CMOS + 1, 0x42);
	out8(PIC + 1, 0xfb), out8(PIC2 + 1, 0xfe);
	CHECK(wait(&irqs[IRQ_RTC], 3, 400000000), true);
	out8(CMOS, 0x0b), out8(CMOS + 1, 0x02);
	out8(PIC + 1, 0xff), out8(PIC2 + 1, 0xff);
}

static void test_uart(void)
{
	section("UART");
	u8 line = in8(UART + 3);
	out8(UART + 7, 0x5a);
	CHECK(in8(UART + 7), 0x5a);
	out8(UART + 3, 0x83);
	CHECK(in8(UART), 1);
	CHECK(in8(UART + 1), 0);
	out8(UART + 3, line);
	CHECK(in8(UART + 2) & 1, 1); /* nothing pending */
	/* Loopback; what is printed meanwhile would go nowhere. */
	out8(UART + 4, 0x1b);
	out8(UART, 0x41);
	u32 ready = 0;
	for (u32 i = 0; i < 1000000 && !ready; i++)
		ready = in8(UART + 5) & 1;
	u8 received = in8(UART), after = in8(UART + 5), modem = in8(UART + 6);
	out8(UART + 4, 0x0b);
	CHECK(ready, 1);
	CHECK(received, 0x41);
	CHECK(after & 1, 0);
	CHECK(modem & 0xf0, 0xb0); /* RTS to CTS, DTR to DSR, OUT2 to DCD */
	out8(PIC + 1, 0xef);
	out8(UART + 1, 2); /* transmitter empty */
	CHECK(wait(&irqs[IRQ_UART], 1, 10000000), true);
	out8(UART + 1, 0);
	out8(PIC + 1, 0xff);
}

static void apic_timer(struct frame *frame)
{
	(void)frame;
	apic_ticks++;
	apic_write(APIC_EOI, 0);
}

static void count_self(struct frame *frame)
{
	(void)frame;
	self_count++;
	apic_write(APIC_EOI, 0);
}

static void count_high(struct frame *frame)
{
	(void)frame;
	high_count = self_count + 1;
	apic_write(APIC_EOI, 0);
}

static void test_apic(const char *name)
{
	section(name);
	self_count = high_count = apic_ticks = 0;
	CHECK(apic_read(APIC_VERSION) & 0xff, 0x14);
	on_vector(VECTOR_APIC_TIMER, apic_timer);
	on_vector(VECTOR_SELF, count_self);
	on_vector(VECTOR_HIGH, count_high);
	apic_ipi(0, TO_SELF | VECTOR_SELF);
	apic_ipi(0, TO_SELF | VECTOR_HIGH);
	CHECK(apic_read(APIC_IRR + (VECTOR_SELF / 32) * 16), 1u << VECTOR_SELF % 32);
	CHECK(apic_read(APIC_IRR + (VECTOR_HIGH / 32) * 16), 1u << VECTOR_HIGH % 32);
	apic_write(APIC_TPR, 0x70);
	CHECK(apic_read(APIC_PPR), 0x70);
	CHECK(wait(&self_count, 1, 1000), false);
	CHECK(high_count, 1); /* it came, and first */
	apic_write(APIC_TPR, 0);
	CHECK(wait(&self_count, 1, 1000), true);

	apic_write(APIC_TIMER_DIVIDE, 0xb);
	CHECK(apic_read(APIC_TIMER_DIVIDE), 0xb);
	apic_write(APIC_LVT_TIMER, VECTOR_APIC_TIMER);
	apic_write(APIC_TIMER_INITIAL, 10000);
	CHECK(wait(&apic_ticks, 1, 100000000), true);
	CHECK(apic_read(APIC_TIMER_CURRENT), 0);
	CHECK(wait(&apic_ticks, 2, 100000), false);
	apic_write(APIC_LVT_TIMER, VECTOR_APIC_TIMER | LVT_PERIODIC);
	apic_write(APIC_TIMER_INITIAL, 10000);
	CHECK(wait(&apic_ticks, 5, 100000000), true);
	apic_write(APIC_LVT_TIMER, VECTOR_APIC_TIMER | LVT_MASKED);
	apic_write(APIC_TIMER_INITIAL, 0);
	CHECK(apic_read(APIC_TIMER_CURRENT), 0);
	if (!(cpuid(1, 0).ecx >> 24 & 1))
		return;
	wait(&apic_ticks, 100, 10);
	apic_ticks = 0;
	apic_write(APIC_LVT_TIMER, VECTOR_APIC_TIMER | LVT_DEADLINE);
	asm volatile("mfence");
	u64 start = read_tsc();
	write_msr(MSR_TSC_DEADLINE, start + 100000);
	CHECK(wait(&apic_ticks, 1, 100000000), true);
	CHECK(read_tsc() >= start + 100000, 1);
	CHECK(read_msr(MSR_TSC_DEADLINE), 0);
	write_msr(MSR_TSC_DEADLINE, read_tsc() + (1ull << 50));
	write_msr(MSR_TSC_DEADLINE, 0); /* disarms */
	CHECK(wait(&apic_ticks, 2, 10000), false);
	apic_write(APIC_LVT_TIMER, VECTOR_APIC_TIMER | LVT_MASKED);
}

static u32 ioapic_read(u32 index)
{
	IOAPIC[0] = index;
	return IOAPIC[4];
}

static void ioapic_write(u32 index, u32 value)
{
	IOAPIC[0] = index;
	IOAPIC[4] = value;
}

static void ioapic_irq(struct frame *frame)
{
	(void)frame;
	if (++ioapic_count >= 3)
		ioapic_write(0x10 + 2 * 2, LVT_MASKED);
	apic_write(APIC_EOI, 0);
}

static void test_ioapic(void)
{
	section("I/O APIC");
	CHECK(ioapic_read(1) >> 16 & 0xff, 23);
	apic_write(APIC_LVT_LINT0, LVT_MASKED);
	out8(PIC + 1, 0xff), out8(PIC2 + 1, 0xff);
	ioapic_write(0x11 + 2 * 2, apic_id() << 24);
	ioapic_write(0x10 + 2 * 2, LVT_MASKED | 0x8000 | VECTOR_IOAPIC);
	CHECK(ioapic_read(0x10 + 2 * 2) & ~0x5000u, LVT_MASKED | 0x8000 | VECTOR_IOAPIC);
	CHECK(ioapic_read(0x11 + 2 * 2) >> 24, apic_id());
	on_vector(VECTOR_IOAPIC, ioapic_irq);
	ioapic_write(0x10 + 2 * 2, VECTOR_IOAPIC); /* edge: the PIT, at input 2 */
	pit_set(2, 2000);
	CHECK(wait(&ioapic_count, 3, 100000000), true);
	CHECK(ioapic_read(0x10 + 2 * 2) & LVT_MASKED, LVT_MASKED);
	pit_set(0, 1);
	ioapic_count = 0;
}

static volatile u32 level_count;

static void level_irq(struct frame *frame)
{
	(void)frame;
	if (++level_count == 3)
		out8(UART + 1, 0); /* takes the cause away */
	apic_write(APIC_EOI, 0);
}

static void test_level(void)
{
	section("level-triggered");
	on_vector(VECTOR_IOAPIC + 1, level_irq);
	ioapic_write(0x11 + 2 * 4, apic_id() << 24);
	ioapic_write(0x10 + 2 * 4, 0x8000 | (VECTOR_IOAPIC + 1));
	out8(UART + 4, 0x0b);
	out8(UART + 4, 0x1b); /* in loopback a received byte stays until it is read */
	out8(UART + 1, 1);
	out8(UART, 0x42);
	bool three = wait(&level_count, 3, 10000000), four = wait(&level_count, 4, 10000);
	u8 received = in8(UART);
	out8(UART + 4, 0x0b);
	CHECK(three, true);
	CHECK(four, false);
	CHECK(ioapic_read(0x10 + 2 * 4) >> 14 & 1, 0); /* remote IRR went with EOI */
	CHECK(received, 0x42);
	ioapic_write(0x10 + 2 * 4, LVT_MASKED);
}

static void test_x2apic(void)
{
	if (!(cpuid(1, 0).ecx >> 21 & 1))
		return;
	u32 id = apic_id();
	write_msr(MSR_APIC_BASE, read_msr(MSR_APIC_BASE) | 0x400);
	CHECK(apic_x2(), true);
	CHECK(apic_id(), id);
	CHECK(apic_read(APIC_LDR), (id >> 4) << 16 | 1u << (id & 15));
	CHECK(cpuid(0xb, 0).edx, id);
	test_apic("x2APIC");
	write_msr(0x83f, VECTOR_SELF);
	CHECK(wait(&self_count, 2, 1000), true);
}

static void test_acpi_timer(u16 port)
{
	u32 first = in32(port), different = 0;

	section("ACPI timer");
	for (u32 i = 0; i < 1000000 && !different; i++)
		different = in32(port) != first;
	CHECK(different, 1);
	CHECK(in32(port) >> 24, 0);
}

int main(int argc, char **argv)
{
	apic_on();
	pic_init();
	test_pic();
	test_pit();
	test_rtc();
	test_uart();
	test_apic("local APIC");
	test_ioapic();
	test_level();
	if (argument(argc, argv, "acpi-timer"))
		test_acpi_timer(0x608);
	test_x2apic();
	return 0;
}
