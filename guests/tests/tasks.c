// SPDX-License-Identifier: MIT
/* Task switches in 32-bit protected mode: every way in and out, both TSS formats, what can go
 * wrong. */
#include "guest.h"

enum { TSS32 = 0x89, TSS16 = 0x81, TASK_GATE = 0x85, BUSY = 2, DPL3 = 0x60, GATE_VECTOR = 0x70 };
#define SEL_NEW SEL_FREE
#define SEL_OTHER (SEL_FREE + 8)
#define SEL_GATE (SEL_FREE + 16)

struct tss16 {
	u16 link, sp0, ss0, sp1, ss1, sp2, ss2, ip, flags, ax, cx, dx, bx, sp, bp, si, di, es, cs,
		ss, ds, ldt;
};

static struct tss new_task __attribute__((aligned(128)));
static struct tss16 small __attribute__((aligned(64)));
static u8 new_stack[4096] __attribute__((aligned(16)));
static struct regs r;
static struct fault f;

CODE(call_task, "lcall $0x50, $0; mov %eax, %edi");
CODE(jump_task, "ljmp $0x50, $0");
CODE(call_gate, "lcall $0x60, $0");
CODE(int_task, "int $0x70; mov $0x77, %edi");
CODE(iret_task, "pushf; orl $0x4000, (%esp); popf; iretl");
CODE(in_task, "mov %cs, %edx; mov %ss, %esi");
CODE(return_task, "movl $0x1234, task_cell; iretl; movl $0x5678, task_cell; iretl");
CODE(use_fpu, "fnop");
CODE(undefined, "ud2; mov $0x99, %edi");
volatile u32 task_cell;

/* Back in the first task, whatever the last switch left. */
static void restore(void)
{
	*gdt(SEL_TSS) &= ~((u64)BUSY << 40);
	asm volatile("ltr %w0" ::"r"(SEL_TSS));
	asm volatile("clts");
	asm volatile("pushfl; andl $~0x4000, (%%esp); popfl" ::: "cc");
}

static void prepare(code_t *code)
{
	memset(&new_task, 0, sizeof(new_task));
	new_task.eip = (u32)(word)code;
	new_task.cs = SEL_CODE;
	new_task.ss = new_task.ds = new_task.es = SEL_DATA;
	new_task.esp = (u32)(word)new_stack + 4096;
	new_task.esp0 = (u32)(word)new_stack + 2048;
	new_task.ss0 = SEL_DATA;
	new_task.eflags = FLAG_ONE;
	new_task.eax = 0xaaaa;
	new_task.ecx = 0xcccc;
	new_task.ebx = 0xbbbb;
	new_task.cr3 = (u32)read_cr3();
	new_task.io_map = sizeof(new_task);
	*gdt(SEL_NEW) = descriptor((u32)(word)&new_task, sizeof(new_task) - 1, TSS32);
	r = (struct regs){ .ax = 1, .bx = 2, .cx = 3, .bp = 4, .flags = FLAG_CF };
	task_cell = 0;
}

static u32 type_of(u16 selector)
{
	return (u32)(*gdt(selector) >> 40 & 0x1f);
}

static void test_jump(void)
{
	section("JMP");
	prepare(in_task);
	f = run(jump_task, &r);
	EXPECT(f, NO_FAULT, 0, (word)in_task + 6);
	CHECK(r.ax, 0xaaaa);
	CHECK(r.cx, 0xcccc);
	CHECK(r.bx, 0xbbbb);
	CHECK(r.dx, SEL_CODE);
	CHECK(r.si & 0xffff, SEL_DATA);
	CHECK(r.flags & FLAG_NT, 0);
	CHECK(type_of(SEL_NEW), 0xb);
	CHECK(type_of(SEL_TSS), 0x9);
	CHECK(read_cr0() & CR0_TS, CR0_TS);
	CHECK(tss()->eax, 1);
	CHECK(tss()->ebx, 2);
	CHECK(tss()->ecx, 3);
	CHECK(tss()->ebp, 4);
	CHECK(tss()->eip, (word)jump_task + 7);
	CHECK(tss()->eflags & FLAG_CF, FLAG_CF);
	CHECK(tss()->cs, SEL_CODE);
	f = run(use_fpu, &r);
	EXPECT(f, VECTOR_NM, 0, (word)use_fpu);
	restore();
}

static void test_call(void)
{
	section("CALL and IRET");
	prepare(return_task);
	f = run(call_task, &r);
	EXPECT(f, NO_FAULT, 0, ANY);
	CHECK(task_cell, 0x1234);
	CHECK(r.ax, 1);
	CHECK(r.di, 1);
	CHECK(r.flags & (FLAG_NT | FLAG_CF), FLAG_CF);
	CHECK(new_task.link, SEL_TSS);
	CHECK(new_task.eip, (word)return_task + 11);
	CHECK(new_task.eflags & FLAG_NT, 0);
	CHECK(type_of(SEL_NEW), 0x9);
	CHECK(type_of(SEL_TSS), 0xb);
	r = (struct regs){ .ax = 1 };
	f = run(call_task, &r); /* goes on behind the IRET */
	EXPECT(f, NO_FAULT, 0, ANY);
	CHECK(task_cell, 0x5678);
	restore();
	*gdt(SEL_GATE) = (u64)SEL_NEW << 16 | (u64)TASK_GATE << 40;
	prepare(in_task);
	f = run(call_gate, &r);
	EXPECT(f, NO_FAULT, 0, (word)in_task + 6);
	CHECK(r.flags & FLAG_NT, FLAG_NT);
	CHECK(type_of(SEL_TSS), 0xb);
	restore();
}

static void test_interrupts(void)
{
	struct gate old = *gate(VECTOR_UD), old_vector = *gate(GATE_VECTOR);

	section("task gates in the IDT");
	*gate(GATE_VECTOR) = (struct gate){ .selector = SEL_NEW, .type = TASK_GATE };
	prepare(return_task);
	f = run(int_task, &r);
	EXPECT(f, NO_FAULT, 0, ANY);
	CHECK(task_cell, 0x1234);
	CHECK(r.di, 0x77);
	CHECK(new_task.esp, (word)new_stack + 4096);
	restore();
	/* #UD has no error code, and the task returns to the instruction that failed. */
	*gate(VECTOR_UD) = (struct gate){ .selector = SEL_NEW, .type = TASK_GATE };
	prepare(in_task);
	f = run(undefined, &r);
	EXPECT(f, NO_FAULT, 0, (word)in_task + 6);
	CHECK(tss()->eip, (word)undefined);
	CHECK(tss()->eflags & FLAG_RF, FLAG_RF);
	CHECK(r.flags & FLAG_NT, FLAG_NT);
	CHECK(r.sp, (word)new_stack + 4096);
	restore();
	*gate(VECTOR_UD) = old;
	*gate(GATE_VECTOR) = old_vector;
}

/*
 * An instruction that begins with RF has cleared it when the old task is saved, and leaves that of
 * the new one. SDM Vol 3B "Instruction-Breakpoint Exception Condition"
 */
static void test_resume_flag(void)
{
	struct gate old = *gate(GATE_VECTOR);

	section("RF");
	*gate(GATE_VECTOR) = (struct gate){ .selector = SEL_NEW, .type = TASK_GATE };
	for (u32 i = 0; i < 4; i++) {
		word before = i & 1 ? FLAG_RF : 0;

		prepare(in_task);
		new_task.eflags = FLAG_ONE | FLAG_RF;
		r.flags = FLAG_ONE | before;
		asm volatile("mov %0, %%dr0" : : "r"((word)in_task));
		asm volatile("mov %0, %%dr7" : : "r"(0x402)); /* global, so that it stays */
		f = run(i & 2 ? call_task : int_task, &r);
		asm volatile("mov %0, %%dr7" : : "r"(0x400));
		EXPECT(f, NO_FAULT, 0, (word)in_task + 6);
		CHECK(tss()->eflags & FLAG_RF, 0);
		restore();
	}
	*gate(GATE_VECTOR) = old;
}

CODE(load_bad, "mov %eax, %fs");

static void test_error_code(void)
{
	struct gate old = *gate(VECTOR_GP);

	section("error codes");
	*gate(VECTOR_GP) = (struct gate){ .selector = SEL_NEW, .type = TASK_GATE };
	prepare(in_task);
	r.ax = 0xfff8;
	f = run(load_bad, &r);
	EXPECT(f, NO_FAULT, 0, (word)in_task + 6);
	CHECK(r.sp, (word)new_stack + 4092);
	CHECK(*(u32 *)r.sp, 0xfff8);
	restore();
	*gate(VECTOR_GP) = old;
}

static void test_small(void)
{
	/* In ring 3, as the upper half of ESP is open after such a switch. */
	section("16-bit TSS");
	prepare(in_task);
	small = (struct tss16){ .ip = (u16)(word)in_task,
				.flags = FLAG_ONE,
				.ax = 0x1111,
				.cx = 0x2222,
				.sp0 = 0x6ff0,
				.ss0 = SEL_DATA,
				.cs = SEL_OTHER | 3,
				.ss = SEL_USER_DATA,
				.ds = SEL_USER_DATA };
	*gdt(SEL_OTHER) = descriptor((u32)(word)in_task & ~0xffffu, 0xffff, 0x40fa);
	*gdt(SEL_NEW) = descriptor((u32)(word)&small, sizeof(small) - 1, TSS16);
	f = run(jump_task, &r);
	EXPECT(f, NO_FAULT, 0, ((word)in_task & 0xffff) + 6);
	CHECK(r.ax & 0xffff, 0x1111);
	CHECK(r.cx & 0xffff, 0x2222);
	CHECK(r.cs, SEL_OTHER | 3);
	CHECK(type_of(SEL_NEW), 3);
	restore();
	*gdt(SEL_NEW) = descriptor((u32)(word)&small, 42, TSS16);
	r = (struct regs){ 0 };
	f = run(jump_task, &r);
	EXPECT(f, VECTOR_TS, SEL_NEW, (word)jump_task);
}

static void fails(code_t *code, u32 vector, u32 error, word ip)
{
	r = (struct regs){ .ax = 1 };
	f = run(code, &r);
	EXPECT(f, vector, error, ip);
	restore();
}

static void test_errors(void)
{
	section("errors");
	prepare(in_task);
	*gdt(SEL_NEW) |= (u64)BUSY << 40;
	fails(jump_task, VECTOR_GP, SEL_NEW, (word)jump_task);
	fails(call_task, VECTOR_GP, SEL_NEW, (word)call_task);
	prepare(in_task);
	*gdt(SEL_NEW) &= ~(0x80ull << 40);
	fails(jump_task, VECTOR_NP, SEL_NEW, (word)jump_task);
	prepare(in_task);
	*gdt(SEL_NEW) = descriptor((u32)(word)&new_task, 102, TSS32);
	fails(jump_task, VECTOR_TS, SEL_NEW, (word)jump_task);
	/* Beyond this point the fault belongs to the new task. */
	prepare(in_task);
	new_task.cs = SEL_DATA;
	fails(jump_task, VECTOR_TS, SEL_DATA, (word)in_task);
	prepare(in_task);
	new_task.cs = 0;
	fails(jump_task, VECTOR_TS, 0, (word)in_task);
	prepare(in_task);
	new_task.es = SEL_USER_CODE32 + 0xf00;
	fails(jump_task, VECTOR_TS, (SEL_USER_CODE32 + 0xf00) & ~3u, (word)in_task);
	prepare(in_task);
	new_task.ldt = SEL_DATA;
	fails(jump_task, VECTOR_TS, SEL_DATA, (word)in_task);
	prepare(in_task);
	new_task.eflags |= FLAG_TF;
	fails(jump_task, VECTOR_DB, 0, (word)in_task + 2);
	write_dr6(0xffff0ff0);
	prepare(in_task);
	new_task.trap = 1;
	fails(jump_task, VECTOR_DB, 0, (word)in_task);
	CHECK(read_dr6(), 0xffff8ff0);
	/* IRET with NT to a task that is not busy. */
	prepare(in_task);
	tss()->link = SEL_NEW;
	r = (struct regs){ 0 };
	f = run(iret_task, &r);
	EXPECT(f, VECTOR_TS, SEL_NEW, (word)iret_task + 9);
	restore();
	*gdt(SEL_NEW) |= (u64)BUSY << 40;
	r = (struct regs){ 0 };
	f = run(iret_task, &r);
	EXPECT(f, NO_FAULT, 0, (word)in_task + 6);
	CHECK(type_of(SEL_TSS), 9);
	CHECK(r.flags & FLAG_NT, 0);
	restore();
}

int main(int argc, char **argv)
{
	(void)argc, (void)argv;
	test_jump();
	test_call();
	test_interrupts();
	test_resume_flag();
	test_error_code();
	test_small();
	test_errors();
	return 0;
}
