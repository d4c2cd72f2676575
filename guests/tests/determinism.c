// SPDX-License-Identifier: MIT
/* A hash of time-stamp counter and timer readings around work: two runs must print the same. */
#include "guest.h"

enum { VECTOR_TIMER = 0x62 };

static volatile u32 ticks;
static u64 hash = 0xcbf29ce484222325ull;

static void mix(u64 value)
{
	hash = (hash ^ value) * 0x100000001b3ull;
}

static void timer(struct frame *frame)
{
	ticks++;
	mix(read_tsc());
	mix(frame->ip);
	apic_write(APIC_EOI, 0);
}

int main(int argc, char **argv)
{
	u64 last = read_tsc(), backwards = 0;

	(void)argc, (void)argv;
	section("time");
	for (u32 i = 0; i < 1000; i++) {
		u64 now = read_tsc();
		backwards += now < last;
		last = now;
		mix(now);
		for (u32 j = 0; j < i % 37; j++)
			asm volatile("");
		mix(in8(0x61));
	}
	CHECK(backwards, 0);
	apic_on();
	on_vector(VECTOR_TIMER, timer);
	apic_write(APIC_TIMER_DIVIDE, 0xb);
	apic_write(APIC_LVT_TIMER, VECTOR_TIMER | 0x20000);
	apic_write(APIC_TIMER_INITIAL, 100000);
	asm volatile("sti");
	while (ticks < 20) {
		asm volatile("pause");
		mix(apic_read(APIC_TIMER_CURRENT));
	}
	/* Instructions that take time in the midst of others, where interrupts fall on them */
	apic_write(APIC_TIMER_INITIAL, 1000);
	while (ticks < 200) {
		asm volatile("mov %%cr0, %%rax; nop; nop; nop; mov %%cr3, %%rax; nop; nop\n"
			     "mov %%cr4, %%rax; nop; nop; nop; nop; mov %%cr8, %%rax; nop; nop" ::
				     : "rax");
	}
	asm volatile("cli");
	apic_write(APIC_TIMER_INITIAL, 0);
	CHECK(ticks >= 20, 1);
	print("hash 0x%llx\n", hash);
	return 0;
}
