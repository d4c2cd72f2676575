// SPDX-License-Identifier: MIT
/*
 * What operating systems and hypervisors insist on, or fall over: clocks that agree, a clock chip
 * that can be read, MSRs that answer, capabilities that KVM asks for. The tags are those of
 * tests/tags.txt.
 */
#include "guest.h"

enum {
	PIT = 0x40,
	PIT_MODE = 0x43,
	PORT_B = 0x61,
	CMOS = 0x70,
	PM1_CONTROL = 0x604,
	PM_TIMER = 0x608
};
enum { SLEEP_ENABLE = 0x20 }; /* in PM1 control's high byte, above the type */
enum { VECTOR_WAKE = 0x51, LVT_MASKED = 0x10000, LVT_DEADLINE = 0x40000 };
enum { PIT_HZ = 1193182, PM_HZ = 3579545 };

static u8 cmos(u8 index)
{
	out8(CMOS, index);
	return in8(CMOS + 1);
}

static u32 bcd(u8 value)
{
	return (value >> 4) * 10u + (value & 15u);
}

/* The time of day in seconds, read as kernels do: not while it changes, and twice the same. */
static u32 seconds_of_day(void)
{
	u32 last = ~0u;

	for (;;) {
		while (cmos(0x0a) & 0x80)
			asm volatile("pause");
		u32 now = bcd(cmos(4)) * 3600 + bcd(cmos(2)) * 60 + bcd(cmos(0));
		if (now == last)
			return now;
		last = now;
	}
}

static u64 tsc_hz(void)
{
	struct cpuid clock = cpuid(0x15, 0);

	return clock.eax ? (u64)clock.ecx * clock.ebx / clock.eax : 0;
}

static bool is_near(u64 got, u64 wanted, u64 percent)
{
	bool near = got * 100 >= wanted * (100 - percent) && got * 100 <= wanted * (100 + percent);

	if (!near)
		print("%llu is not near %llu\n", got, wanted);
	return near;
}

/* GUEST-01: TSC, local-APIC timer, PIT, ACPI timer and CPUID 15H and 16H are on one clock. */
static void test_clocks(void)
{
	u64 hz = tsc_hz();

	section("clocks");
	CHECK(cpuid(0, 0).eax >= 0x16, true);
	CHECK(hz, 1000000000);
	CHECK(cpuid(0x16, 0).eax, hz / 1000000);
	apic_write(APIC_TIMER_DIVIDE, 0xb);
	apic_write(APIC_LVT_TIMER, LVT_MASKED);
	apic_write(APIC_TIMER_INITIAL, ~0u);
	/* Counter 2 through its gate, 50 ms. */
	out8(PORT_B, (u8)((in8(PORT_B) & ~3) | 1));
	out8(PIT_MODE, 0xb0);
	out8(PIT + 2, (u8)(PIT_HZ / 20)), out8(PIT + 2, (u8)(PIT_HZ / 20 >> 8));
	u64 tsc = read_tsc();
	u32 apic = apic_read(APIC_TIMER_CURRENT), pm = in32(PM_TIMER);
	while (!(in8(PORT_B) & 0x20))
		;
	tsc = read_tsc() - tsc;
	apic -= apic_read(APIC_TIMER_CURRENT);
	pm = (in32(PM_TIMER) - pm) & 0xffffff;
	CHECK(is_near(tsc, hz / 20, 1), true);
	CHECK(is_near(apic, cpuid(0x15, 0).ecx / 20, 1), true);
	CHECK(is_near(pm, PM_HZ / 20, 1), true);
	apic_write(APIC_TIMER_INITIAL, 0);
}

/* GUEST-02: the clock chip is there, is not always updating, and ticks with the others. */
static void test_rtc(void)
{
	u32 updating = 0;

	section("clock chip");
	CHECK(cmos(0x0d) & 0x80, 0x80);
	for (u32 i = 0; i < 1000; i++)
		updating += cmos(0x0a) >> 7;
	CHECK(updating < 500, true);
	CHECK(bcd(cmos(0x32)), 20);
	u32 second = seconds_of_day();
	while (seconds_of_day() == second)
		;
	u64 start = read_tsc();
	while (seconds_of_day() == second + 1)
		;
	CHECK(is_near(read_tsc() - start, tsc_hz(), 1), true);
}

static void touch(word msr)
{
	read_msr((u32)msr);
}

/* GUEST-03: MSRs that kernels touch on one model or another. */
static void test_msrs(void)
{
	static const u32 touched[] = { 0x17,  0x33,  0x8b,  0xce,  0xe2, 0x140,
				       0x179, 0x17a, 0x19b, 0x1a0, 0x1b2 };

	section("MSRs");
	for (u32 i = 0; i < sizeof(touched) / sizeof(touched[0]); i++) {
		struct fault f = catch (touch, touched[i]);

		if (!EXPECT(f, NO_FAULT, 0, ANY))
			print("MSR 0x%x\n", touched[i]);
	}
	/* What is read can be written where the register is one to write. */
	write_msr(0x33, read_msr(0x33));
	write_msr(0xe2, read_msr(0xe2));
	write_msr(0x140, read_msr(0x140));
	write_msr(0x19b, read_msr(0x19b));
	write_msr(0x1a0, read_msr(0x1a0));
	write_msr(0x1b2, read_msr(0x1b2));
}

/* GUEST-04: fast short REP MOV needs fast strings, which IA32_MISC_ENABLE has to say. */
static void test_fast_strings(void)
{
	struct cpuid leaf = cpuid(7, 0);

	section("fast strings");
	CHECK(leaf.edx >> 4 & 1, 1);
	CHECK(leaf.ebx >> 9 & 1, 1);
	CHECK(read_msr(0x1a0) & 1, 1);
}

/* GUEST-05: no page-table isolation, no flushing: RDCL_NO, SKIP_L1DFL_VMENTRY, SSB_NO, MDS_NO,
 * TAA_NO. */
static void test_immune(void)
{
	section("immunity");
	CHECK(cpuid(7, 0).edx >> 29 & 1, 1);
	CHECK(read_msr(0x10a) & 0x139, 0x139);
}

/* GUEST-06: a microcode revision that no kernel finds too old, by CPUID as the manual has it. */
static void test_microcode(void)
{
	section("microcode");
	write_msr(0x8b, 0);
	cpuid(1, 0);
	CHECK(read_msr(0x8b) >> 32, 0xff000000);
}

static volatile u32 woken;
static volatile u64 line[8] __attribute__((aligned(64)));

static void wake(struct frame *frame)
{
	(void)frame;
	woken++;
	apic_write(APIC_EOI, 0);
}

/* GUEST-07: time is skipped in MWAIT as in HLT; 1000 seconds could not be waited for. */
static void test_mwait(void)
{
	u64 start = read_tsc(), sleep = 1000 * tsc_hz();

	section("MWAIT");
	CHECK(cpuid(1, 0).ecx >> 3 & 1, 1);
	CHECK(cpuid(5, 0).ebx >= 64, true);
	on_vector(VECTOR_WAKE, wake);
	apic_write(APIC_LVT_TIMER, VECTOR_WAKE | LVT_DEADLINE);
	asm volatile("mfence");
	u32 second = seconds_of_day();
	write_msr(MSR_TSC_DEADLINE, start + sleep);
	asm volatile("monitor" ::"a"(line), "c"(0), "d"(0));
	if (!woken)
		asm volatile("sti; mwait; cli" ::"a"(0), "c"(0));
	CHECK(woken, 1);
	CHECK(is_near(read_tsc() - start, sleep, 1), true);
	u32 slept = seconds_of_day() - second;
	CHECK(slept >= 999 && slept <= 1001, true);
	apic_write(APIC_LVT_TIMER, LVT_MASKED);
}

static volatile u64 mtrrs[2][1 + 11 + 16];

static void read_mtrrs(word cpu)
{
	static const u32 fixed[] = { 0x250, 0x258, 0x259, 0x268, 0x269, 0x26a,
				     0x26b, 0x26c, 0x26d, 0x26e, 0x26f };

	mtrrs[cpu][0] = read_msr(0x2ff);
	for (u32 i = 0; i < 11; i++)
		mtrrs[cpu][1 + i] = read_msr(fixed[i]);
	for (u32 i = 0; i < 16; i++)
		mtrrs[cpu][12 + i] = read_msr(0x200 + i);
}

/* GUEST-08: firmware has made RAM write-back, on all processors alike; without it there is no PAT.
 */
static void test_memory_types(void)
{
	u64 width = cpuid(0x80000008, 0).eax & 0xff, differences = 0;

	section("memory types");
	read_mtrrs(0);
	CHECK(mtrrs[0][0], 0xc06);
	CHECK(mtrrs[0][1], 0x0606060606060606);
	CHECK(mtrrs[0][3], 0); /* A0000H */
	CHECK(mtrrs[0][11], 0x0606060606060606);
	/* The gigabyte of devices. */
	CHECK(mtrrs[0][12], 0xc0000000);
	CHECK(mtrrs[0][13], ((1ull << width) - 0x40000000) | 0x800);
	if (cpus_start(2) < 2)
		return;
	cpu_call(1, read_mtrrs, 1);
	cpu_wait(1);
	for (u32 i = 0; i < 28; i++)
		differences += mtrrs[0][i] != mtrrs[1][i];
	CHECK(differences, 0);
}

static bool sums_to_0(const u8 *table, u32 size)
{
	u8 sum = 0;

	while (size--)
		sum = (u8)(sum + *table++);
	return !sum;
}

static const u8 *find_table(const u8 *rsdt, const char *signature)
{
	u32 size = *(const u32 *)(rsdt + 4);

	for (u32 at = 36; at + 4 <= size; at += 4) {
		const u8 *table = (const u8 *)(word) * (const u32 *)(rsdt + at);

		if (memcmp(table, signature, 4) == 0)
			return table;
	}
	return NULL;
}

/*
 * GUEST-15: what _S5 says is a package of four zeros, and no other type than 0 powers off. That 0
 * does is for who can see the end: tests/machine/golden/off.txt.
 */
static void test_sleep_types(const u8 *package)
{
	const u8 zeros[] = { 0x12, 0x47, 0x00, 4, 0, 0, 0, 0 }; /* PackageOp, PkgLength, ZeroOp */

	CHECK(memcmp(package, zeros, sizeof(zeros)), 0);
	for (u8 type = 1; type < 8; type++) {
		out8(PM1_CONTROL + 1, (u8)(type << 2 | SLEEP_ENABLE));
		CHECK(in8(PM1_CONTROL + 1), type << 2);
	}
	out8(PM1_CONTROL + 1, 0);
}

/* GUEST-09: ACPI's tables are where firmware puts them, and say how to power off and reset. */
static void test_acpi(void)
{
	const u8 *rsdp = (const u8 *)0xe0000;

	section("ACPI");
	while ((word)rsdp < 0x100000 && memcmp(rsdp, "RSD PTR ", 8) != 0)
		rsdp += 16;
	CHECK((word)rsdp < 0x100000 && sums_to_0(rsdp, 20) && sums_to_0(rsdp, 36), true);
	const u8 *rsdt = (const u8 *)(word) * (const u32 *)(rsdp + 16);
	CHECK(sums_to_0(rsdt, *(const u32 *)(rsdt + 4)), true);
	const u8 *fadt = find_table(rsdt, "FACP"), *madt = find_table(rsdt, "APIC");
	CHECK(fadt && madt, true);
	CHECK(sums_to_0(fadt, *(const u32 *)(fadt + 4)), true);
	CHECK(sums_to_0(madt, *(const u32 *)(madt + 4)), true);
	CHECK(*(const u32 *)(fadt + 76), PM_TIMER);
	CHECK(*(const u32 *)(fadt + 64), PM1_CONTROL);
	CHECK(*(const u32 *)(fadt + 112) & 0x400, 0x400); /* the reset register is there */
	const u8 *dsdt = (const u8 *)(word) * (const u32 *)(fadt + 40);
	u32 size = *(const u32 *)(dsdt + 4), s5 = 0, found = 0;
	for (u32 i = 36; i + 4 <= size; i++) {
		if (memcmp(dsdt + i, "_S5_", 4) == 0) {
			s5 = i;
			found++;
		}
	}
	CHECK(found, 1);
	test_sleep_types(dsdt + s5 + 4);
	CHECK(find_table(rsdt, "HPET") == NULL, true); /* there is none, and none is claimed */
}

/* The controls of a capability MSR that may be 1. */
static u32 may_be_1(u32 msr)
{
	return (u32)(read_msr(msr) >> 32);
}

#define BIT(n) (1u << (n))

/* GUEST-10: what KVM needs of VT-x. */
static void test_kvm_controls(void)
{
	const u32 pin = BIT(0) | BIT(3);
	const u32 primary = BIT(2) | BIT(3) | BIT(7) | BIT(9) | BIT(10) | BIT(11) | BIT(15) |
			    BIT(16) | BIT(19) | BIT(20) | BIT(23) | BIT(24) | BIT(29);
	const u32 exit = BIT(2) | BIT(9) | BIT(15);
	const u32 entry = BIT(2) | BIT(9);
	u64 basic = read_msr(0x480), ept = read_msr(0x48c);

	section("what KVM needs");
	CHECK(may_be_1(0x481) & pin, pin);
	CHECK(may_be_1(0x482) & primary, primary);
	CHECK(may_be_1(0x483) & exit, exit);
	CHECK(may_be_1(0x484) & entry, entry);
	CHECK((basic >> 32 & 0x1fff) <= 4096, true);
	CHECK(basic >> 48 & 1, 0);
	CHECK(basic >> 50 & 15, 6);
	/* 4 levels, write-back, INVEPT for all contexts; INVVPID for one */
	CHECK(ept & 0x4104040, 0x4104040);
	CHECK(ept >> 32 & 0x201, 0x201);
	/* GUEST-11: loading of PAT, EFER and PERF_GLOBAL_CTRL: on entry and on exit, or not at all.
	 */
	CHECK(may_be_1(0x484) >> 14 & 1, may_be_1(0x483) >> 19 & 1);
	CHECK(may_be_1(0x484) >> 15 & 1, may_be_1(0x483) >> 21 & 1);
	CHECK(may_be_1(0x484) >> 13 & 1, may_be_1(0x483) >> 12 & 1);
}

int main(int argc, char **argv)
{
	(void)argc, (void)argv;
	apic_on();
	test_clocks();
	test_rtc();
	test_msrs();
	test_fast_strings();
	test_immune();
	test_microcode();
	test_mwait();
	test_memory_types();
	test_acpi();
	test_kvm_controls();
	return 0;
}
