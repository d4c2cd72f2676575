// SPDX-License-Identifier: MIT
/* Four processors: atomic operations, a spin lock, interrupts between them, TLB shootdown, x2APIC.
 */
#include "guest.h"

enum { CPUS = 4, ROUNDS = 20000, VECTOR_PING = 0x61, VECTOR_SHOOTDOWN = 0x62, FIXED = 0x4000 };
enum { TO_ALL_BUT_SELF = 0xc0000, TO_ALL = 0x80000, TO_SELF = 0x40000, LOGICAL = 0x800 };
#define WINDOW 0x8000000000ull

static volatile u32 counter, atomic_sum, lock, protected_counter, pings[GUEST_CPUS], flushed,
	seen[GUEST_CPUS];
static volatile u64 compare_counter;
static u64 root;

static void add(word rounds)
{
	for (word i = 0; i < rounds; i++) {
		u32 one = 1;
		asm volatile("lock incl %0" : "+m"(counter));
		asm volatile("lock xaddl %1, %0" : "+m"(atomic_sum), "+r"(one));
		u64 old = compare_counter;
		while (!__atomic_compare_exchange_n(&compare_counter, &old, old + 3, false,
						    __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
			;
	}
}

static void locked(word rounds)
{
	for (word i = 0; i < rounds; i++) {
		u32 taken = 1;
		do {
			asm volatile("pause");
			taken = 1;
			asm volatile("xchgl %0, %1" : "+r"(taken), "+m"(lock));
		} while (taken);
		protected_counter = protected_counter + 1;
		asm volatile("movl $0, %0" : "=m"(lock)::"memory");
	}
}

static void everywhere(void (*function)(word), word argument)
{
	for (u32 cpu = 1; cpu < CPUS; cpu++)
		cpu_call(cpu, function, argument);
	function(argument);
	for (u32 cpu = 1; cpu < CPUS; cpu++)
		cpu_wait(cpu);
}

static void ping(struct frame *frame)
{
	(void)frame;
	__atomic_fetch_add(&pings[cpu_index()], 1, __ATOMIC_SEQ_CST);
	apic_write(APIC_EOI, 0);
}

static void shootdown(struct frame *frame)
{
	(void)frame;
	invlpg((void *)WINDOW);
	__atomic_fetch_add(&flushed, 1, __ATOMIC_SEQ_CST);
	apic_write(APIC_EOI, 0);
}

static volatile u32 stop;

static void listen(word unused)
{
	(void)unused;
	asm volatile("sti");
	while (!stop)
		asm volatile("pause");
	asm volatile("cli");
}

static void read_page(word unused)
{
	(void)unused;
	write_cr3(root);
	seen[cpu_index()] = *(volatile u32 *)WINDOW;
	asm volatile("sti");
	while (!stop)
		asm volatile("pause");
	asm volatile("cli");
	seen[cpu_index()] = *(volatile u32 *)WINDOW;
}

static u32 total(void)
{
	u32 sum = 0;

	for (u32 cpu = 0; cpu < CPUS; cpu++)
		sum += pings[cpu];
	return sum;
}

static void wait_total(u32 wanted)
{
	for (u32 spin = 0; spin < 10000000 && total() < wanted; spin++)
		asm volatile("pause");
}

static void test_interrupts(const char *name)
{
	section(name);
	for (u32 cpu = 0; cpu < CPUS; cpu++)
		pings[cpu] = 0;
	stop = 0;
	for (u32 cpu = 1; cpu < CPUS; cpu++)
		cpu_call(cpu, listen, 0);
	for (u32 cpu = 1; cpu < CPUS; cpu++) {
		apic_ipi(cpu, FIXED | VECTOR_PING);
		wait_total(cpu);
		CHECK(pings[cpu], 1);
	}
	apic_ipi(0, TO_ALL_BUT_SELF | FIXED | VECTOR_PING);
	wait_total(6);
	CHECK(total(), 6);
	CHECK(pings[0], 0);
	asm volatile("sti");
	apic_ipi(0, TO_ALL | FIXED | VECTOR_PING);
	wait_total(10);
	apic_ipi(0, TO_SELF | FIXED | VECTOR_PING);
	wait_total(11);
	asm volatile("cli");
	CHECK(pings[0], 2);
	CHECK(total(), 11);
	stop = 1;
	for (u32 cpu = 1; cpu < CPUS; cpu++)
		cpu_wait(cpu);
}

static void test_shootdown(void)
{
	u32 *first = page_new(), *second = page_new();

	section("TLB shootdown");
	root = root_new();
	*first = 1, *second = 2;
	u64 *e = map(root, WINDOW, (u64)first | PTE_P | PTE_W, 1);
	stop = 0;
	on_vector(VECTOR_SHOOTDOWN, shootdown);
	for (u32 cpu = 1; cpu < CPUS; cpu++)
		cpu_call(cpu, read_page, 0);
	for (u32 cpu = 1; cpu < CPUS; cpu++) {
		while (!seen[cpu])
			asm volatile("pause");
		CHECK(seen[cpu], 1);
	}
	*(volatile u64 *)e = (u64)second | PTE_P | PTE_W;
	apic_ipi(0, TO_ALL_BUT_SELF | FIXED | VECTOR_SHOOTDOWN);
	while (flushed < CPUS - 1)
		asm volatile("pause");
	stop = 1;
	for (u32 cpu = 1; cpu < CPUS; cpu++) {
		cpu_wait(cpu);
		CHECK(seen[cpu], 2);
	}
}

static void to_x2apic(word unused)
{
	(void)unused;
	write_msr(MSR_APIC_BASE, read_msr(MSR_APIC_BASE) | 0x400);
	seen[cpu_index()] = apic_id() + 100;
}

int main(int argc, char **argv)
{
	(void)argc, (void)argv;
	section("start");
	CHECK(cpus_start(CPUS), CPUS);
	section("atomic operations");
	everywhere(add, ROUNDS);
	CHECK(counter, CPUS * ROUNDS);
	CHECK(atomic_sum, CPUS * ROUNDS);
	CHECK(compare_counter, CPUS * ROUNDS * 3);
	everywhere(locked, ROUNDS / 4);
	CHECK(protected_counter, CPUS * ROUNDS / 4);
	on_vector(VECTOR_PING, ping);
	test_interrupts("xAPIC interrupts");
	test_shootdown();
	if (cpuid(1, 0).ecx & 1 << 21) {
		section("x2APIC");
		everywhere(to_x2apic, 0);
		for (u32 cpu = 0; cpu < CPUS; cpu++)
			CHECK(seen[cpu], 100 + cpu);
		test_interrupts("x2APIC interrupts");
	}
	return 0;
}
