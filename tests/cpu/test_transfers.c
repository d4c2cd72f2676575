/* SPDX-License-Identifier: MIT */
#include "control_world.h"

/* Far branches and returns, task switches, fast system calls, system flags. */

static void push(struct world *w, unsigned size, uint64_t value)
{
	w->cpu->state.gpr[GPR_RSP] -= size;
	poke(w, w->cpu->state.gpr[GPR_RSP], size, value);
}

/* ---------------------------------------------------------------- far branches */

static void test_jump(void **state)
{
	struct world *w = *state;
	struct cpu *cpu = w->cpu;
	struct cpu_state *s = &cpu->state;
	struct cpu_state before;

	world_protected(w, 3);
	before = *s;
	check_fault(w, cpu_jump_far(cpu, 0, 0x100, 4), &before, VECTOR_GP, 0);
	check_fault(w, cpu_jump_far(cpu, SEL_CODE0, 0x100, 4), &before, VECTOR_GP, SEL_CODE0);
	check_fault(w, cpu_jump_far(cpu, SEL_DATA3, 0x100, 4), &before, VECTOR_GP, SEL_DATA3);
	check_fault(w, cpu_jump_far(cpu, SEL_LDT, 0x100, 4), &before, VECTOR_GP, SEL_LDT);
	assert_true(cpu_jump_far(cpu, SEL_CONFORMING, 0x200, 4));
	assert_int_equal(s->seg[SEG_CS].selector, SEL_CONFORMING | 3);
	assert_int_equal(s->rip, 0x200);
	world_protected(w, 0);
	before = *s;
	check_fault(w, cpu_jump_far(cpu, SEL_CODE16, 0x10000, 4), &before, VECTOR_GP, 0);
	check_fault(w, cpu_jump_far(cpu, SEL_CODE3, 0, 4), &before, VECTOR_GP, SEL_CODE3);
	assert_true(cpu_jump_far(cpu, SEL_CODE16 | 0, 0xffff, 4));
	assert_false(s->seg[SEG_CS].access_rights & AR_DB);
}

static void test_call_and_return(void **state)
{
	struct world *w = *state;
	struct cpu *cpu = w->cpu;
	struct cpu_state *s = &cpu->state;

	world_protected(w, 3);
	push(w, 4, 0xdead);
	assert_true(cpu_call_far(cpu, SEL_CONFORMING, 0x200, 4));
	assert_int_equal(s->gpr[GPR_RSP], AT_STACK3 - 12);
	assert_int_equal(peek(w, AT_STACK3 - 12, 4), AT_CODE);
	assert_int_equal(peek(w, AT_STACK3 - 8, 4), SEL_CODE3 | 3);
	assert_true(cpu_return_far(cpu, 4, 4));
	assert_int_equal(s->gpr[GPR_RSP], AT_STACK3);
	assert_int_equal(s->rip, AT_CODE);
	assert_int_equal(s->seg[SEG_CS].selector, SEL_CODE3 | 3);
}

/* Through a gate with two parameters to level 0, and back. */
static void test_call_gate(void **state)
{
	struct world *w = *state;
	struct cpu *cpu = w->cpu;
	struct cpu_state *s = &cpu->state;
	struct cpu_state before;

	world_protected(w, 3);
	push(w, 4, 0x11111111);
	push(w, 4, 0x22222222);
	set_descriptor(w, SEL_GATE, gate_of(SEL_CODE0, 0x54321, 0x8c, 2), 0);
	before = *s;
	check_fault(w, cpu_call_far(cpu, SEL_GATE, 0, 4), &before, VECTOR_GP, SEL_GATE);
	set_descriptor(w, SEL_GATE, gate_of(SEL_CODE0, 0x54321, 0x6c, 2), 0);
	check_fault(w, cpu_call_far(cpu, SEL_GATE, 0, 4), &before, VECTOR_NP, SEL_GATE);
	set_descriptor(w, SEL_GATE, gate_of(SEL_CODE0, 0x54321, 0xec, 2), 0);
	check_fault(w, cpu_jump_far(cpu, SEL_GATE, 0, 4), &before, VECTOR_GP, SEL_CODE0);
	assert_true(cpu_call_far(cpu, SEL_GATE | 3, 0, 4));
	assert_int_equal(s->rip, 0x54321);
	assert_int_equal(s->cpl, 0);
	assert_int_equal(s->seg[SEG_CS].selector, SEL_CODE0);
	assert_int_equal(s->gpr[GPR_RSP], AT_STACK0 - 24);
	for (unsigned i = 0; i < 6; i++) {
		static const uint32_t frame[] = { AT_CODE,    SEL_CODE3 | 3, 0x22222222,
						  0x11111111, AT_STACK3 - 8, SEL_DATA3 | 3 };

		assert_int_equal(peek(w, AT_STACK0 - 24 + 4 * i, 4), frame[i]);
	}
	assert_true(cpu_load_segment(cpu, SEG_ES, SEL_DATA0));
	assert_true(cpu_return_far(cpu, 4, 8));
	assert_int_equal(s->cpl, 3);
	assert_int_equal(s->gpr[GPR_RSP], AT_STACK3);
	assert_int_equal(s->seg[SEG_ES].selector, 0);
	assert_true(s->seg[SEG_ES].access_rights & AR_UNUSABLE);
	assert_int_equal(s->seg[SEG_DS].selector, SEL_DATA3 | 3);
}

static void test_call_gate_long(void **state)
{
	struct world *w = *state;
	struct cpu *cpu = w->cpu;
	struct cpu_state *s = &cpu->state;
	struct cpu_state before;

	world_long(w, 3);
	set_descriptor(w, SEL_GATE, gate_of(SEL_CODE0, 0x54321, 0xec, 0), 0x12);
	before = *s;
	assert_true(cpu_call_far(cpu, SEL_GATE, 0, 4));
	assert_true(s->rip == 0x1200054321ull);
	assert_int_equal(s->gpr[GPR_RSP], AT_STACK0 - 32);
	assert_int_equal(s->seg[SEG_SS].selector, 0);
	assert_int_equal(peek(w, AT_STACK0 - 32, 8), AT_CODE);
	assert_int_equal(peek(w, AT_STACK0 - 8, 8), SEL_DATA3 | 3);
	assert_true(cpu_return_far(cpu, 8, 0));
	check_segments(s, &before);
	set_descriptor(w, SEL_GATE, gate_of(SEL_CODE0, 0x54321, 0xec, 0), BIT(40));
	before = *s;
	check_fault(w, cpu_call_far(cpu, SEL_GATE, 0, 4), &before, VECTOR_GP, SEL_GATE);
	check_fault(w, cpu_jump_far(cpu, SEL_TSS, 0, 4), &before, VECTOR_GP, SEL_TSS);
	assert_true(cpu_jump_far(cpu, SEL_COMPATIBLE3 | 3, 0x1000, 4));
	assert_false(is_64bit(cpu));
}

static void test_iret_long(void **state)
{
	struct world *w = *state;
	struct cpu *cpu = w->cpu;
	struct cpu_state *s = &cpu->state;
	struct cpu_state before;

	world_long(w, 0);
	push(w, 8, 0);
	push(w, 8, 0x1234567812345678ull);
	push(w, 8, FLAG_IF | FLAG_RF | FLAG_VM | FLAG_CF);
	push(w, 8, SEL_CODE0);
	push(w, 8, 0x1000);
	assert_true(cpu_iret(cpu, 8));
	assert_true(s->gpr[GPR_RSP] == 0x1234567812345678ull);
	assert_int_equal(s->seg[SEG_SS].selector, 0);
	assert_int_equal(s->rflags, FLAG_ONE | FLAG_IF | FLAG_RF | FLAG_CF);
	world_long(w, 0);
	push(w, 8, 3);
	push(w, 8, 0x1000);
	push(w, 8, 0);
	push(w, 8, SEL_CODE3 | 3);
	push(w, 8, 0x1000);
	before = *s;
	check_fault(w, cpu_iret(cpu, 8), &before, VECTOR_GP, 0);
	s->rflags |= FLAG_NT;
	before = *s;
	check_fault(w, cpu_iret(cpu, 8), &before, VECTOR_GP, 0);
}

/* ---------------------------------------------------------------- tasks */

static void fill_tss2(struct world *w)
{
	for (unsigned i = 0; i < 8; i++)
		poke(w, AT_TSS2 + 0x28 + 4 * i, 4, 0x01010101u * (i + 1));
	poke(w, AT_TSS2 + 0x20, 4, 0x2000);
	poke(w, AT_TSS2 + 0x24, 4, FLAG_CF);
	poke(w, AT_TSS2 + 0x48, 4, SEL_DATA3 | 3);
	poke(w, AT_TSS2 + 0x4c, 4, SEL_CODE3 | 3);
	poke(w, AT_TSS2 + 0x50, 4, SEL_DATA3 | 3);
	poke(w, AT_TSS2 + 0x54, 4, SEL_DATA3 | 3);
	poke(w, AT_TSS2 + 0x58, 4, 0);
	poke(w, AT_TSS2 + 0x5c, 4, 0);
	poke(w, AT_TSS2 + 0x60, 4, SEL_LDT);
}

static void test_task_call(void **state)
{
	struct world *w = *state;
	struct cpu *cpu = w->cpu;
	struct cpu_state *s = &cpu->state;
	struct cpu_state before;

	world_protected(w, 0);
	fill_tss2(w);
	poke(w, AT_TSS + 0x48, 4, 0xabcd0000);
	poke(w, AT_TSS + 0x60, 2, SEL_LDT);
	s->gpr[GPR_RAX] = 0x12345678;
	s->dr7 = 0x7ff;
	before = *s;
	assert_true(cpu_call_far(cpu, SEL_TSS2, 0, 4));
	assert_int_equal(s->rip, 0x2000);
	assert_int_equal(s->rflags, FLAG_ONE | FLAG_CF | FLAG_NT);
	assert_int_equal(s->cpl, 3);
	assert_int_equal(s->gpr[GPR_RAX], 0x01010101);
	assert_int_equal(s->gpr[GPR_RDI], 0x08080808);
	assert_int_equal(s->seg[SEG_TR].selector, SEL_TSS2);
	assert_int_equal(s->seg[SEG_TR].access_rights, 0x8b);
	assert_int_equal(s->dr7, 0x6aa);
	assert_true(s->cr0 & BIT(3));
	assert_int_equal(peek(w, AT_TSS2, 2), SEL_TSS);
	assert_int_equal(peek(w, AT_GDT + SEL_TSS + 5, 1), 0x8b);
	assert_int_equal(peek(w, AT_GDT + SEL_TSS2 + 5, 1), 0x8b);
	assert_int_equal(peek(w, AT_TSS + 0x20, 4), AT_CODE);
	assert_int_equal(peek(w, AT_TSS + 0x28, 4), 0x12345678);
	assert_int_equal(peek(w, AT_TSS + 0x48, 4), 0xabcd0000u | SEL_DATA0);
	assert_int_equal(peek(w, AT_TSS + 0x4c, 4), SEL_CODE0);
	s->rip = 0x2345;
	assert_true(cpu_iret(cpu, 4));
	assert_int_equal(s->rip, AT_CODE);
	assert_int_equal(s->rflags, FLAG_ONE);
	check_segments(s, &before);
	assert_int_equal(peek(w, AT_GDT + SEL_TSS2 + 5, 1), 0x89);
	assert_int_equal(peek(w, AT_GDT + SEL_TSS + 5, 1), 0x8b);
	assert_int_equal(peek(w, AT_TSS2 + 0x20, 4), 0x2345);
	assert_int_equal(peek(w, AT_TSS2 + 0x24, 4), FLAG_ONE | FLAG_CF);
}

static void test_task_jump(void **state)
{
	struct world *w = *state;
	struct cpu *cpu = w->cpu;
	struct cpu_state *s = &cpu->state;
	struct cpu_state before;

	world_protected(w, 0);
	fill_tss2(w);
	before = *s;
	check_fault(w, cpu_jump_far(cpu, SEL_TSS, 0, 4), &before, VECTOR_GP, SEL_TSS);
	set_descriptor(w, SEL_TSS2, descriptor_of(AT_TSS2, 0x66, 0x89, 0), 0);
	check_fault(w, cpu_jump_far(cpu, SEL_TSS2, 0, 4), &before, VECTOR_TS, SEL_TSS2);
	set_descriptor(w, SEL_TSS2, descriptor_of(AT_TSS2, 0x67, 0x09, 0), 0);
	check_fault(w, cpu_jump_far(cpu, SEL_TSS2, 0, 4), &before, VECTOR_NP, SEL_TSS2);
	set_descriptor(w, SEL_TSS2, descriptor_of(AT_TSS2, 0x67, 0x89, 0), 0);
	poke(w, AT_TSS2 + 0x64, 2, 1);
	assert_true(cpu_jump_far(cpu, SEL_TSS2, 0, 4));
	assert_int_equal(s->rflags, FLAG_ONE | FLAG_CF);
	assert_int_equal(s->pending_debug, BIT(15));
	assert_int_equal(peek(w, AT_GDT + SEL_TSS + 5, 1), 0x89);
	assert_int_equal(peek(w, AT_GDT + SEL_TSS2 + 5, 1), 0x8b);
}

/* A segment that the new task cannot have is a fault of the new task. */
static void test_task_fault(void **state)
{
	struct world *w = *state;
	struct cpu *cpu = w->cpu;
	struct cpu_state *s = &cpu->state;

	world_protected(w, 0);
	fill_tss2(w);
	poke(w, AT_TSS2 + 0x54, 4, SEL_DATA0);
	assert_true(cpu_jump_far(cpu, SEL_TSS2, 0, 4));
	assert_true(cpu->fault.valid);
	assert_int_equal(cpu->fault.vector, VECTOR_TS);
	assert_int_equal(cpu->fault.error_code, SEL_DATA0);
	assert_int_equal(s->rip, 0x2000);
	assert_int_equal(s->seg[SEG_TR].selector, SEL_TSS2);
	assert_int_equal(s->cpl, 3);
	/* The others are there all the same; the first fault is the one. */
	world_protected(w, 0);
	fill_tss2(w);
	poke(w, AT_TSS2 + 0x60, 4, SEL_DATA0);
	poke(w, AT_TSS2 + 0x48, 4, SEL_DATA0);
	cpu->fault.valid = false;
	assert_true(cpu_jump_far(cpu, SEL_TSS2, 0, 4));
	assert_int_equal(cpu->fault.vector, VECTOR_TS);
	assert_int_equal(cpu->fault.error_code, SEL_DATA0);
	assert_true(s->seg[SEG_LDTR].access_rights & AR_UNUSABLE);
	assert_true(s->seg[SEG_ES].access_rights & AR_UNUSABLE);
	assert_int_equal(s->seg[SEG_SS].access_rights, 0xc0f3);
	assert_int_equal(s->seg[SEG_CS].access_rights, 0xc0fb);
}

static void test_task_gate(void **state)
{
	struct world *w = *state;
	struct cpu *cpu = w->cpu;
	struct cpu_state *s = &cpu->state;

	world_protected(w, 3);
	fill_tss2(w);
	poke(w, AT_TSS2 + 0x38, 4, 0xc000); /* ESP */
	set_vector(w, VECTOR_TS, SEL_TSS2, 0, 0x85, 0);
	cpu_raise_error(cpu, VECTOR_TS, 0x1230);
	assert_true(cpu_deliver_fault(cpu));
	assert_int_equal(s->gpr[GPR_RSP], 0xbffc);
	assert_int_equal(peek(w, 0xbffc, 4), 0x1230);
	assert_int_equal(s->rflags, FLAG_ONE | FLAG_CF | FLAG_NT);
	assert_int_equal(peek(w, AT_TSS + 0x24, 4), FLAG_ONE | FLAG_RF);
}

static void test_task_16(void **state)
{
	struct world *w = *state;
	struct cpu *cpu = w->cpu;
	struct cpu_state *s = &cpu->state;

	world_protected(w, 0);
	set_descriptor(w, SEL_TSS2, descriptor_of(AT_TSS2, 0x2b, 0x81, 0), 0);
	poke(w, AT_TSS2 + 0x0e, 2, 0x2000);
	poke(w, AT_TSS2 + 0x10, 2, FLAG_ZF);
	poke(w, AT_TSS2 + 0x12, 2, 0x1234);
	poke(w, AT_TSS2 + 0x22, 2, SEL_DATA0);
	poke(w, AT_TSS2 + 0x24, 2, SEL_CODE0);
	poke(w, AT_TSS2 + 0x26, 2, SEL_DATA0);
	poke(w, AT_TSS2 + 0x28, 2, SEL_DATA3);
	poke(w, AT_TSS2 + 0x2a, 2, 0);
	assert_true(cpu_jump_far(cpu, SEL_TSS2, 0, 4));
	assert_int_equal(s->rip, 0x2000);
	assert_int_equal(s->rflags, FLAG_ONE | FLAG_ZF);
	assert_int_equal(s->gpr[GPR_RAX] & 0xffff, 0x1234);
	assert_int_equal(s->seg[SEG_DS].selector, SEL_DATA3);
	assert_true(s->seg[SEG_LDTR].access_rights & AR_UNUSABLE);
	assert_true(s->seg[SEG_FS].access_rights & AR_UNUSABLE);
	assert_int_equal(peek(w, AT_GDT + SEL_TSS2 + 5, 1), 0x83);
}

/* ---------------------------------------------------------------- fast system calls */

static void test_syscall(void **state)
{
	struct world *w = *state;
	struct cpu_state *s = &w->cpu->state;
	struct op op = { .size = 3 };

	world_long(w, 3);
	s->star = 0x0023001000000000ull;
	s->lstar = 0xffffffff80001000ull;
	s->fmask = FLAG_IF | FLAG_TF;
	s->rflags |= FLAG_IF | FLAG_CF;
	assert_true(control_syscall(w->cpu, &op));
	assert_true(s->rip == 0xffffffff80001000ull);
	assert_int_equal(s->gpr[GPR_RCX], AT_CODE);
	assert_int_equal(s->gpr[11], FLAG_ONE | FLAG_IF | FLAG_CF);
	assert_int_equal(s->rflags, FLAG_ONE | FLAG_CF);
	assert_int_equal(s->cpl, 0);
	assert_int_equal(s->seg[SEG_CS].selector, 0x10);
	assert_int_equal(s->seg[SEG_CS].access_rights, 0xa09b);
	assert_int_equal(s->seg[SEG_SS].selector, 0x18);
	assert_int_equal(s->seg[SEG_SS].access_rights, 0xc093);
	s->gpr[11] = ~0ull;
	assert_true(control_sysret(w->cpu, &op));
	assert_int_equal(s->rip, AT_CODE);
	assert_int_equal(s->rflags, 0x3c7fd7);
	assert_int_equal(s->seg[SEG_CS].selector, 0x33);
	assert_int_equal(s->seg[SEG_CS].access_rights, 0xa0fb);
	assert_int_equal(s->seg[SEG_SS].selector, 0x2b);
	assert_int_equal(s->seg[SEG_SS].access_rights, 0xc0f3);
	assert_int_equal(s->cpl, 3);
}

static void test_sysret_faults(void **state)
{
	struct world *w = *state;
	struct cpu_state *s = &w->cpu->state;
	struct op op = { .size = 3 };
	struct cpu_state before;

	world_long(w, 0);
	s->gpr[GPR_RCX] = BIT(47);
	before = *s;
	check_fault(w, control_sysret(w->cpu, &op), &before, VECTOR_GP, 0);
	s->efer &= ~BIT(0);
	before = *s;
	check_fault(w, control_sysret(w->cpu, &op), &before, VECTOR_UD, NO_CODE);
	check_fault(w, control_syscall(w->cpu, &op), &before, VECTOR_UD, NO_CODE);
	world_long(w, 3);
	before = *s;
	check_fault(w, control_sysret(w->cpu, &op), &before, VECTOR_GP, 0);
}

static void test_sysenter(void **state)
{
	struct world *w = *state;
	struct cpu_state *s = &w->cpu->state;
	struct op op = { .size = 2 };
	struct cpu_state before;

	world_protected(w, 3);
	s->sysenter_cs = 3;
	before = *s;
	check_fault(w, control_sysenter(w->cpu, &op), &before, VECTOR_GP, 0);
	s->sysenter_cs = 0x10b;
	s->sysenter_esp = 0x7000;
	s->sysenter_eip = 0x6000;
	s->rflags |= FLAG_IF | FLAG_TF;
	assert_true(control_sysenter(w->cpu, &op));
	assert_int_equal(s->rip, 0x6000);
	assert_int_equal(s->gpr[GPR_RSP], 0x7000);
	assert_int_equal(s->rflags, FLAG_ONE | FLAG_TF);
	assert_int_equal(s->seg[SEG_CS].selector, 0x108);
	assert_int_equal(s->seg[SEG_CS].access_rights, 0xc09b);
	assert_int_equal(s->seg[SEG_SS].selector, 0x110);
	s->gpr[GPR_RDX] = 0x1111;
	s->gpr[GPR_RCX] = 0x2222;
	s->sysenter_cs = 0x108;
	assert_true(control_sysexit(w->cpu, &op));
	assert_int_equal(s->rip, 0x1111);
	assert_int_equal(s->gpr[GPR_RSP], 0x2222);
	assert_int_equal(s->seg[SEG_CS].selector, 0x11b);
	assert_int_equal(s->seg[SEG_SS].selector, 0x123);
	assert_int_equal(s->seg[SEG_CS].access_rights, 0xc0fb);
	assert_int_equal(s->cpl, 3);
}

/* ---------------------------------------------------------------- flags */

/* CLI, STI and POPF by privilege: what a program of level 3 with IOPL and PVI may change. */
static void test_interrupt_flag(void **state)
{
	struct world *w = *state;
	struct cpu_state *s = &w->cpu->state;
	struct op op = { .size = 2 };
	struct cpu_state before;

	world_protected(w, 3);
	before = *s;
	check_fault(w, control_sti(w->cpu, &op), &before, VECTOR_GP, 0);
	check_fault(w, control_cli(w->cpu, &op), &before, VECTOR_GP, 0);
	s->cr4 |= BIT(1);
	assert_true(control_sti(w->cpu, &op));
	assert_int_equal(s->rflags, FLAG_ONE | FLAG_VIF);
	assert_true(control_cli(w->cpu, &op));
	assert_int_equal(s->rflags, FLAG_ONE);
	s->rflags |= FLAG_VIP;
	before = *s;
	check_fault(w, control_sti(w->cpu, &op), &before, VECTOR_GP, 0);
	s->rflags = FLAG_ONE | FLAG_IOPL;
	assert_true(control_sti(w->cpu, &op));
	assert_int_equal(s->rflags, FLAG_ONE | FLAG_IOPL | FLAG_IF);
	assert_int_equal(s->interruptibility, BLOCKING_STI);
	s->interruptibility = 0;
	assert_true(control_sti(w->cpu, &op));
	assert_int_equal(s->interruptibility, 0);
}

static void test_popf(void **state)
{
	struct world *w = *state;
	struct cpu_state *s = &w->cpu->state;
	struct op op = { .size = 2 };

	world_protected(w, 0);
	push(w, 4, 0xffffffff);
	assert_true(control_popf(w->cpu, &op));
	assert_int_equal(s->rflags, 0x247fd7);
	assert_true(control_pushf(w->cpu, &op));
	assert_int_equal(peek(w, s->gpr[GPR_RSP], 4), 0x247fd7);
	world_protected(w, 3);
	push(w, 4, 0xffffffff);
	assert_true(control_popf(w->cpu, &op));
	assert_int_equal(s->rflags, 0x244dd7);
	op.size = 1;
	world_protected(w, 3);
	s->rflags |= FLAG_IOPL;
	push(w, 2, 0xffff);
	assert_true(control_popf(w->cpu, &op));
	assert_int_equal(s->rflags, 0x7fd7);
}

static void test_flags_v86(void **state)
{
	struct world *w = *state;
	struct cpu_state *s = &w->cpu->state;
	struct op op = { .size = 1 };
	struct cpu_state before;

	world_v86(w, 0);
	before = *s;
	check_fault(w, control_pushf(w->cpu, &op), &before, VECTOR_GP, 0);
	check_fault(w, control_popf(w->cpu, &op), &before, VECTOR_GP, 0);
	s->cr4 |= BIT(0);
	s->rflags |= FLAG_VIF;
	assert_true(control_pushf(w->cpu, &op));
	assert_int_equal(peek(w, 0x3000 + 0x7fe, 2), FLAG_ONE | FLAG_IF | FLAG_IOPL);
	poke(w, 0x3000 + 0x7fe, 2, FLAG_CF | FLAG_IOPL);
	assert_true(control_popf(w->cpu, &op));
	assert_int_equal(s->rflags, FLAG_ONE | FLAG_VM | FLAG_CF);
	poke(w, 0x3000 + 0x800, 2, FLAG_TF);
	before = *s;
	check_fault(w, control_popf(w->cpu, &op), &before, VECTOR_GP, 0);
	op.size = 2;
	check_fault(w, control_pushf(w->cpu, &op), &before, VECTOR_GP, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_jump),	   TEST(test_call_and_return), TEST(test_call_gate),
		TEST(test_call_gate_long), TEST(test_iret_long),       TEST(test_task_call),
		TEST(test_task_jump),	   TEST(test_task_fault),      TEST(test_task_gate),
		TEST(test_task_16),	   TEST(test_syscall),	       TEST(test_sysret_faults),
		TEST(test_sysenter),	   TEST(test_interrupt_flag),  TEST(test_popf),
		TEST(test_flags_v86),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
