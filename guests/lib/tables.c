// SPDX-License-Identifier: MIT
/* GDT, IDT and TSS of each processor. Code that fails has a stack of its own: IST 1 in 64-bit
 * images. */
#include "internal.h"

enum {
	GATE_INTERRUPT = 0x8e,
	GATE_USER = 0xee,
	STUB_SIZE = 16,
	EXCEPTIONS = 32,
	PIC_MASK = 0x21,
	PIC2_MASK = 0xa1
};

static struct gate idt[256] __attribute__((aligned(16)));
static struct tss tasks[GUEST_CPUS] __attribute__((aligned(16)));
#ifdef __x86_64__
static u8 fault_stacks[GUEST_CPUS][GUEST_STACK] __attribute__((aligned(16)));
#endif
static u8 privilege_stacks[GUEST_CPUS][GUEST_STACK] __attribute__((aligned(16)));

struct gate *gate(unsigned vector)
{
	return &idt[vector];
}

void gate_set(unsigned vector, void (*handler)(void), u8 type, u8 ist)
{
	u64 address = (u64)(word)handler;
	struct gate *g = &idt[vector];

	*g = (struct gate){
		.offset_low = (u16)address, .selector = SEL_CODE, .type = type, .ist = ist
	};
#ifdef __x86_64__
	g->offset_middle = (u16)(address >> 16);
	g->offset_high = (u32)(address >> 32);
#else
	g->offset_high = (u16)(address >> 16);
#endif
}

u32 cpu_index(void)
{
	u16 selector;

	asm volatile("str %0" : "=r"(selector));
	return selector < SEL_TSS ? 0 : (u32)(selector - SEL_TSS) / 16;
}

struct tss *tss(void)
{
	return &tasks[cpu_index()];
}

u64 *gdt(unsigned selector)
{
	return &guest_gdt[selector / 8];
}

/* TYPE_AND_FLAGS: the access byte in bits 7:0, G, D/B, L, AVL in bits 15:12. */
u64 descriptor(u32 base, u32 limit, u32 type_and_flags)
{
	return (limit & 0xffff) | (u64)(base & 0xffffff) << 16 |
	       (u64)(type_and_flags & 0xf0ff) << 40 | (u64)(limit >> 16 & 15) << 48 |
	       (u64)(base >> 24) << 56;
}

static void tss_init(u32 cpu)
{
	struct tss *t = &tasks[cpu];
	word stack = (word)privilege_stacks[cpu + 1];

	t->io_map = offsetof(struct tss, bitmap);
	memset(t->bitmap, 0xff, sizeof(t->bitmap));
#ifdef __x86_64__
	word fault_stack = (word)fault_stacks[cpu + 1];
	t->rsp[0] = (u32)stack;
	t->ist[0] = (u32)fault_stack;
#else
	t->esp0 = stack;
	t->ss0 = SEL_DATA;
#endif
	guest_gdt[(SEL_TSS + 16 * cpu) / 8] = descriptor((u32)(word)t, sizeof(*t) - 1, 0x89);
	guest_gdt[(SEL_TSS + 16 * cpu) / 8 + 1] = 0;
}

void cpu_tables_load(void)
{
	struct {
		u16 limit;
		word base;
	} __attribute__((packed)) pointer = { sizeof(idt) - 1, (word)idt },
				  gdt_pointer = { 0x13f, (word)guest_gdt };

	asm volatile("lgdt %0" ::"m"(gdt_pointer));
	asm volatile("lidt %0" ::"m"(pointer));
}

static void cpu_init(u32 cpu)
{
	tss_init(cpu);
	cpu_tables_load();
	asm volatile("ltr %w0" ::"r"(SEL_TSS + 16 * cpu));
}

void tables_init(void)
{
	for (unsigned i = 0; i < 256; i++) {
		bool stops = i < EXCEPTIONS || i == VECTOR_RETURN;
		u8 ist = WORD == 8 && stops;

		gate_set(i, (void (*)(void))(guest_stubs + i * STUB_SIZE),
			 i == VECTOR_RETURN ? GATE_USER : GATE_INTERRUPT, ist);
	}
	cpu_init(0);
	out8(PIC_MASK, 0xff);
	out8(PIC2_MASK, 0xff);
}

/* Where a processor other than the first waits for work. */
static struct {
	void (*volatile function)(word);
	volatile word argument;
} calls[GUEST_CPUS];

volatile u32 cpus_running = 1;

void cpu_loop(u32 cpu)
{
	cpu_init(cpu);
	apic_on();
	__atomic_fetch_add(&cpus_running, 1, __ATOMIC_SEQ_CST);
	for (;;) {
		while (!__atomic_load_n(&calls[cpu].function, __ATOMIC_ACQUIRE))
			asm volatile("pause");
		calls[cpu].function(calls[cpu].argument);
		__atomic_store_n(&calls[cpu].function, NULL, __ATOMIC_RELEASE);
	}
}

void cpu_call(u32 cpu, void (*function)(word), word value)
{
	cpu_wait(cpu);
	calls[cpu].argument = value;
	__atomic_store_n(&calls[cpu].function, function, __ATOMIC_RELEASE);
}

void cpu_wait(u32 cpu)
{
	while (__atomic_load_n(&calls[cpu].function, __ATOMIC_ACQUIRE))
		asm volatile("pause");
}

/* INIT, SIPI to all but self; waits until WANTED processors run or time is up. */
u32 cpus_start(u32 wanted)
{
	const u32 init = 0xc4500, startup = 0xc4600;

	apic_on();
	apic_ipi(0, init);
	for (int i = 0; i < 200; i++)
		in8(0x61);
	for (int attempt = 0; attempt < 2 && cpus_running < wanted; attempt++) {
		apic_ipi(0, startup | (u32)(word)guest_low_start >> 12);
		for (u32 spin = 0; spin < 2000000 && cpus_running < wanted; spin++)
			asm volatile("pause");
	}
	return cpus_running;
}
