/* SPDX-License-Identifier: MIT */
#include "control_world.h"

/* Events: what becomes of two of them, and what one leaves on the stack and in registers. */

static void test_combination(void **state)
{
	/* rows: the first; columns: the second */
	static const struct {
		unsigned vector;
		const char *row;
	} rows[] = {
		/*          DB  UD  DE  GP  PF  DF */
		{ VECTOR_DB, "ssssss" }, { VECTOR_UD, "ssssss" }, { VECTOR_DE, "ssddsd" },
		{ VECTOR_TS, "ssddsd" }, { VECTOR_NP, "ssddsd" }, { VECTOR_SS, "ssddsd" },
		{ VECTOR_GP, "ssddsd" }, { VECTOR_PF, "ssdddd" }, { VECTOR_VE, "ssdddd" },
		{ VECTOR_DF, "ssxxxx" }, { VECTOR_AC, "ssssss" }, { VECTOR_MC, "ssssss" },
	};
	static const uint8_t columns[] = { VECTOR_DB, VECTOR_UD, VECTOR_DE,
					   VECTOR_GP, VECTOR_PF, VECTOR_DF };

	(void)state;
	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		for (unsigned j = 0; j < sizeof(columns); j++) {
			struct cpu_event first = event_of(rows[i].vector, EVENT_EXCEPTION, -1);
			struct cpu_event second = event_of(columns[j], EVENT_EXCEPTION, -1);
			char expected = rows[i].row[j];

			assert_int_equal(event_combine(&first, &second),
					 expected == 's'   ? COMBINE_SERIAL
					 : expected == 'd' ? COMBINE_DOUBLE_FAULT
							   : COMBINE_SHUTDOWN);
			first.type = EVENT_SOFTWARE_INTERRUPT;
			assert_int_equal(event_combine(&first, &second), COMBINE_SERIAL);
			first.type = EVENT_EXTERNAL;
			assert_int_equal(event_combine(&first, &second), COMBINE_SERIAL);
		}
	}
}

static void check_long_frame(struct world *w, uint64_t rsp, unsigned cs, uint64_t rip,
			     uint64_t rflags, uint64_t old_rsp, unsigned ss)
{
	assert_true(peek(w, rsp, 8) == rip);
	assert_int_equal(peek(w, rsp + 8, 8), cs);
	assert_true(peek(w, rsp + 16, 8) == rflags);
	assert_true(peek(w, rsp + 24, 8) == old_rsp);
	assert_int_equal(peek(w, rsp + 32, 8), ss);
}

static void test_long_inner(void **state)
{
	struct world *w = *state;
	struct cpu_state *s = &w->cpu->state;
	struct cpu_event event = event_of(VECTOR_GP, EVENT_EXCEPTION, 0x18);

	world_long(w, 3);
	set_vector(w, VECTOR_GP, SEL_CODE0, 0x12345678, 0x8e, 0);
	s->rflags |= FLAG_IF | FLAG_TF | FLAG_NT | FLAG_DF;
	s->gpr[GPR_RSP] = 0x8ff3;
	s->interruptibility = BLOCKING_STI;
	assert_true(cpu_deliver(w->cpu, &event));
	assert_int_equal(s->rip, 0x12345678);
	assert_int_equal(s->seg[SEG_CS].selector, SEL_CODE0);
	assert_int_equal(s->seg[SEG_SS].selector, 0);
	assert_true(s->seg[SEG_SS].access_rights & AR_UNUSABLE);
	assert_int_equal(s->cpl, 0);
	assert_int_equal(s->gpr[GPR_RSP], AT_STACK0 - 48);
	assert_int_equal(s->rflags, FLAG_ONE | FLAG_DF);
	assert_int_equal(s->interruptibility, 0);
	assert_false(w->cpu->delivering.valid);
	assert_int_equal(peek(w, AT_STACK0 - 48, 8), 0x18);
	check_long_frame(w, AT_STACK0 - 40, SEL_CODE3 | 3, AT_CODE,
			 FLAG_ONE | FLAG_IF | FLAG_TF | FLAG_NT | FLAG_DF | FLAG_RF, 0x8ff3,
			 SEL_DATA3 | 3);
}

/* At the same level RSP is aligned, SS stays, and a trap gate leaves IF. */
static void test_long_same(void **state)
{
	struct world *w = *state;
	struct cpu_state *s = &w->cpu->state;
	struct cpu_event event = event_of(0x40, EVENT_EXTERNAL, -1);

	world_long(w, 0);
	set_vector(w, 0x40, SEL_CODE0, 0xffff800000001000ull, 0x8f, 0);
	s->rflags |= FLAG_IF;
	s->gpr[GPR_RSP] = 0x7ffd;
	assert_true(cpu_deliver(w->cpu, &event));
	assert_true(s->rip == 0xffff800000001000ull);
	assert_int_equal(s->gpr[GPR_RSP], 0x7ff0 - 40);
	assert_int_equal(s->seg[SEG_SS].selector, SEL_DATA0);
	assert_int_equal(s->rflags, FLAG_ONE | FLAG_IF);
	check_long_frame(w, 0x7ff0 - 40, SEL_CODE0, AT_CODE, FLAG_ONE | FLAG_IF, 0x7ffd, SEL_DATA0);
}

static void test_long_ist_nmi(void **state)
{
	struct world *w = *state;
	struct cpu_state *s = &w->cpu->state;

	world_long(w, 0);
	set_vector(w, VECTOR_NMI, SEL_CODE0, 0x1000, 0x8e, 1);
	s->nmi_pending = true;
	assert_true(cpu_take_events(w->cpu));
	assert_false(s->nmi_pending);
	assert_int_equal(s->interruptibility, BLOCKING_NMI);
	assert_int_equal(s->gpr[GPR_RSP], AT_IST - 40);
	s->nmi_pending = true;
	assert_false(cpu_take_events(w->cpu));
	assert_true(cpu_iret(w->cpu, 8));
	assert_int_equal(s->interruptibility, 0);
	assert_int_equal(s->gpr[GPR_RSP], AT_STACK0 - 0x100);
	assert_int_equal(s->rip, AT_CODE);
}

static void test_gate_faults(void **state)
{
	struct world *w = *state;
	struct cpu *cpu = w->cpu;
	struct cpu_event soft = event_of(0x30, EVENT_SOFTWARE_INTERRUPT, -1);
	struct cpu_event hard = event_of(0x30, EVENT_EXTERNAL, -1);
	struct cpu_state before;

	world_long(w, 3);
	memcpy(&before, &cpu->state, sizeof(before)); /* padding too */
	set_vector(w, 0x30, SEL_CODE0, 0x1000, 0x8e, 0);
	check_fault(w, cpu_deliver(cpu, &soft), &before, VECTOR_GP, 0x182);
	assert_true(cpu_deliver(cpu, &hard));
	world_long(w, 3);
	memcpy(&before, &cpu->state, sizeof(before));
	set_vector(w, 0x30, SEL_CODE0, 0x1000, 0x0e, 0);
	check_fault(w, cpu_deliver(cpu, &hard), &before, VECTOR_NP, 0x183);
	set_vector(w, 0x30, SEL_CODE0, 0x1000, 0x86, 0); /* a 16-bit gate */
	check_fault(w, cpu_deliver(cpu, &hard), &before, VECTOR_GP, 0x183);
	set_vector(w, 0x30, 0, 0x1000, 0x8e, 0);
	check_fault(w, cpu_deliver(cpu, &hard), &before, VECTOR_GP, 1);
	set_vector(w, 0x30, SEL_DATA0, 0x1000, 0x8e, 0);
	check_fault(w, cpu_deliver(cpu, &hard), &before, VECTOR_GP, SEL_DATA0 | 1);
	set_vector(w, 0x30, SEL_COMPATIBLE3, 0x1000, 0xee, 0);
	check_fault(w, cpu_deliver(cpu, &soft), &before, VECTOR_GP, SEL_COMPATIBLE3);
	set_vector(w, 0x30, SEL_CODE0, BIT(47), 0xee, 0);
	check_fault(w, cpu_deliver(cpu, &soft), &before, VECTOR_GP, 0);
	set_vector(w, 0x30, SEL_CODE0, 0x1000, 0xee, 0);
	poke(w, AT_TSS + TSS64_RSP(0), 8, BIT(50));
	check_fault(w, cpu_deliver(cpu, &soft), &before, VECTOR_SS, 0);
	check_fault(w, cpu_deliver(cpu, &hard), &before, VECTOR_SS, 1);
	cpu->state.seg[SEG_TR].limit = 10;
	memcpy(&before, &cpu->state, sizeof(before));
	check_fault(w, cpu_deliver(cpu, &hard), &before, VECTOR_TS, SEL_TSS | 1);
	cpu->state.idtr.limit = 0x30 * 16 + 14;
	memcpy(&before, &cpu->state, sizeof(before));
	check_fault(w, cpu_deliver(cpu, &hard), &before, VECTOR_GP, 0x183);
}

static void test_double_and_triple(void **state)
{
	struct world *w = *state;
	struct cpu_state *s = &w->cpu->state;

	world_long(w, 0);
	set_vector(w, VECTOR_DF, SEL_CODE0, 0x2000, 0x8e, 0);
	cpu_raise_error(w->cpu, VECTOR_GP, 0x50);
	assert_true(cpu_deliver_fault(w->cpu));
	assert_int_equal(s->rip, 0x2000);
	assert_int_equal(peek(w, s->gpr[GPR_RSP], 8), 0);
	assert_int_equal(peek(w, s->gpr[GPR_RSP] + 8, 8), AT_CODE);
	s->idtr.limit = 0;
	cpu_raise(w->cpu, VECTOR_DE);
	assert_false(cpu_deliver_fault(w->cpu));
	assert_int_equal(s->activity, ACTIVITY_SHUTDOWN);
}

/* A #GP of a software interrupt's gate is delivered in its place; a #PF during #GP as well. */
static void test_serial(void **state)
{
	struct world *w = *state;
	struct cpu_state *s = &w->cpu->state;

	world_long(w, 3);
	set_vector(w, VECTOR_GP, SEL_CODE0, 0x3000, 0x8e, 0);
	assert_false(cpu_software_event(w->cpu, 0x80, EVENT_SOFTWARE_INTERRUPT, 2));
	assert_true(cpu_deliver_fault(w->cpu));
	assert_int_equal(s->rip, 0x3000);
	assert_int_equal(peek(w, AT_STACK0 - 48, 8), 0x402);

	world_long(w, 3);
	set_vector(w, VECTOR_PF, SEL_CODE0, 0x4000, 0x8e, 1);
	poke(w, AT_TSS + TSS64_RSP(0), 8, 0x40001000);
	cpu_raise_error(w->cpu, VECTOR_GP, 0);
	assert_true(cpu_deliver_fault(w->cpu));
	assert_int_equal(s->rip, 0x4000);
	assert_int_equal(s->cr2, 0x40001000 - 8); /* the first push faults */
	assert_int_equal(peek(w, AT_IST - 48, 8), 2);
}

static void test_debug(void **state)
{
	struct world *w = *state;
	struct cpu_state *s = &w->cpu->state;

	world_long(w, 0);
	set_vector(w, VECTOR_DB, SEL_CODE0, 0x5000, 0x8e, 0);
	s->dr6 = 0xffff4ff3;
	s->dr7 = 0x2400;
	s->pending_debug = BIT(14) | PENDING_DEBUG_ENABLED | 4;
	s->interruptibility = BLOCKING_MOV_SS;
	assert_false(cpu_take_events(w->cpu));
	s->interruptibility = 0;
	assert_true(cpu_take_events(w->cpu));
	assert_int_equal(s->dr6, 0xffff4ff4);
	assert_int_equal(s->dr7, 0x400);
	assert_int_equal(s->pending_debug, 0);
	assert_int_equal(peek(w, s->gpr[GPR_RSP] + 16, 8), FLAG_ONE);
}

/* Between two iterations of a string instruction RF is pushed as 1, as it goes on there. */
static void test_repeating(void **state)
{
	struct world *w = *state;
	struct cpu_event event = event_of(0x40, EVENT_EXTERNAL, -1);

	for (unsigned repeating = 0; repeating < 2; repeating++) {
		world_long(w, 0);
		set_vector(w, 0x40, SEL_CODE0, 0x1000, 0x8e, 0);
		w->cpu->repeating = repeating;
		assert_true(cpu_deliver(w->cpu, &event));
		assert_int_equal(peek(w, w->cpu->state.gpr[GPR_RSP] + 16, 8),
				 FLAG_ONE | (repeating ? FLAG_RF : 0));
	}
}

/* MOV SS holds traps back; a #DB that comes first takes breakpoints with it, and drops a step. */
static void test_debug_behind_mov_ss(void **state)
{
	struct world *w = *state;
	struct cpu_state *s = &w->cpu->state;

	world_long(w, 0);
	set_vector(w, VECTOR_DB, SEL_CODE0, 0x5000, 0xee, 0);
	set_vector(w, VECTOR_BP, SEL_CODE0, 0x6000, 0xee, 0);
	s->dr6 = 0xffff0ff0;
	s->pending_debug = BIT(14) | PENDING_DEBUG_ENABLED | 1;
	s->interruptibility = BLOCKING_MOV_SS;
	assert_true(cpu_software_event(w->cpu, VECTOR_DB, EVENT_PRIVILEGED_EXCEPTION, 1));
	assert_int_equal(s->dr6, 0xffff0ff1);
	assert_int_equal(s->pending_debug, 0);
	/* One that is not enabled made no #DB but with the step. */
	s->dr6 = 0xffff0ff0;
	s->pending_debug = BIT(14) | 1;
	s->interruptibility = BLOCKING_MOV_SS;
	assert_true(cpu_software_event(w->cpu, VECTOR_BP, EVENT_SOFTWARE_EXCEPTION, 1));
	assert_int_equal(s->pending_debug, 0);
	/* INT3 does not take them: they follow at the first instruction of its handler. */
	s->pending_debug = PENDING_DEBUG_ENABLED | 2;
	s->interruptibility = BLOCKING_MOV_SS;
	assert_true(cpu_software_event(w->cpu, VECTOR_BP, EVENT_SOFTWARE_EXCEPTION, 1));
	assert_int_equal(s->rip, 0x6000);
	assert_true(cpu_take_events(w->cpu));
	assert_int_equal(s->rip, 0x5000);
	assert_int_equal(s->dr6, 0xffff0ff2);
	/* Those of an instruction that faults have not happened. */
	s->pending_debug = PENDING_DEBUG_ENABLED | 4;
	set_vector(w, VECTOR_GP, SEL_CODE0, 0x7000, 0x8e, 0);
	raise_gp0(w->cpu);
	assert_true(cpu_deliver_fault(w->cpu));
	assert_int_equal(s->pending_debug, 0);
}

static void test_protected_inner(void **state)
{
	struct world *w = *state;
	struct cpu_state *s = &w->cpu->state;

	world_protected(w, 3);
	set_vector(w, 0x80, SEL_CODE0, 0x12345, 0xee, 0);
	s->rflags |= FLAG_IF;
	assert_true(cpu_software_event(w->cpu, 0x80, EVENT_SOFTWARE_INTERRUPT, 2));
	assert_int_equal(s->gpr[GPR_RSP], AT_STACK0 - 20);
	assert_int_equal(s->seg[SEG_SS].selector, SEL_DATA0);
	assert_int_equal(s->rflags, FLAG_ONE);
	assert_int_equal(peek(w, AT_STACK0 - 20, 4), AT_CODE);
	assert_int_equal(peek(w, AT_STACK0 - 16, 4), SEL_CODE3 | 3);
	assert_int_equal(peek(w, AT_STACK0 - 12, 4), FLAG_ONE | FLAG_IF);
	assert_int_equal(peek(w, AT_STACK0 - 8, 4), AT_STACK3);
	assert_int_equal(peek(w, AT_STACK0 - 4, 4), SEL_DATA3 | 3);
	assert_true(cpu_iret(w->cpu, 4));
	assert_int_equal(s->cpl, 3);
	assert_int_equal(s->gpr[GPR_RSP], AT_STACK3);
	assert_int_equal(s->rip, AT_CODE);
	assert_int_equal(s->rflags, FLAG_ONE | FLAG_IF);
	assert_int_equal(s->seg[SEG_DS].selector, SEL_DATA3 | 3);
}

static void test_protected_16(void **state)
{
	struct world *w = *state;
	struct cpu_state *s = &w->cpu->state;

	world_protected(w, 0);
	set_vector(w, 0x80, SEL_CODE0, 0x54321, 0x87, 0);
	assert_true(cpu_software_event(w->cpu, 0x80, EVENT_SOFTWARE_INTERRUPT, 2));
	assert_int_equal(s->rip, 0x4321);
	assert_int_equal(s->gpr[GPR_RSP], AT_STACK0 - 0x106);
	assert_int_equal(peek(w, s->gpr[GPR_RSP], 2), AT_CODE & 0xffff);
}

static void test_stack_faults(void **state)
{
	struct world *w = *state;
	struct cpu_state before;

	world_protected(w, 3);
	set_vector(w, 0x80, SEL_CODE0, 0x12345, 0xee, 0);
	before = w->cpu->state;
	poke(w, AT_TSS + 8, 4, 0);
	check_fault(w, cpu_software_event(w->cpu, 0x80, EVENT_SOFTWARE_INTERRUPT, 2), &before,
		    VECTOR_TS, 0);
	poke(w, AT_TSS + 8, 4, SEL_DATA3);
	check_fault(w, cpu_software_event(w->cpu, 0x80, EVENT_SOFTWARE_INTERRUPT, 2), &before,
		    VECTOR_TS, SEL_DATA3);
	set_descriptor(w, SEL_GATE, descriptor_of(0, 0xfff, 0x13, 0), 0);
	poke(w, AT_TSS + 8, 4, SEL_GATE);
	check_fault(w, cpu_software_event(w->cpu, 0x80, EVENT_SOFTWARE_INTERRUPT, 2), &before,
		    VECTOR_SS, SEL_GATE);
	set_descriptor(w, SEL_GATE, descriptor_of(0, 0xfff, 0x93, 0), 0);
	poke(w, AT_TSS + 4, 4, 0x1008);
	check_fault(w, cpu_software_event(w->cpu, 0x80, EVENT_SOFTWARE_INTERRUPT, 2), &before,
		    VECTOR_SS, SEL_GATE);
}

static void test_v86(void **state)
{
	struct world *w = *state;
	struct cpu_state *s = &w->cpu->state;
	struct cpu_event event = event_of(VECTOR_GP, EVENT_EXCEPTION, 0);
	struct cpu_state before;

	world_v86(w, 0);
	before = *s;
	set_vector(w, VECTOR_GP, SEL_CODE0, 0x12345, 0x8e, 0);
	check_fault(w, cpu_software_event(w->cpu, VECTOR_GP, EVENT_SOFTWARE_INTERRUPT, 2), &before,
		    VECTOR_GP, 0);
	assert_true(cpu_deliver(w->cpu, &event));
	assert_int_equal(s->gpr[GPR_RSP], AT_STACK0 - 40);
	assert_int_equal(s->rflags, FLAG_ONE);
	assert_int_equal(s->cpl, 0);
	for (unsigned i = 0; i < 10; i++) {
		static const uint32_t frame[] = { 0,	 0x123, 0x200, FLAG_ONE | FLAG_VM | FLAG_RF,
						  0x800, 0x300, 0x100, 0x400,
						  0x500, 0x600 };

		assert_int_equal(peek(w, AT_STACK0 - 40 + 4 * i, 4), frame[i]);
	}
	assert_true(s->seg[SEG_GS].access_rights & AR_UNUSABLE);
	s->gpr[GPR_RSP] += 4;
	assert_true(cpu_iret(w->cpu, 4));
	assert_int_equal(s->rflags, FLAG_ONE | FLAG_VM | FLAG_RF);
	assert_int_equal(s->cpl, 3);
	check_segments(s, &before);
	assert_int_equal(s->gpr[GPR_RSP], 0x800);
	set_vector(w, VECTOR_GP, SEL_CODE3 | 3, 0x12345, 0x8e, 0);
	before = *s;
	check_fault(w, cpu_deliver(w->cpu, &event), &before, VECTOR_GP, SEL_CODE3 | 1);
}

/* INT n with CR4.VME: by the redirection bitmap, and VIF in the place of IF. */
static void test_v86_redirection(void **state)
{
	struct world *w = *state;
	struct cpu_state *s = &w->cpu->state;
	struct cpu_state before;

	world_v86(w, 0);
	s->cr4 |= BIT(0);
	s->seg[SEG_TR].limit = 0xfff;
	poke(w, AT_TSS + 102, 2, 0x100);
	poke(w, AT_TSS + 0x100 - 32 + 0x21 / 8, 1, 0xfd);
	poke(w, 4 * 0x21, 4, 0x12345678);
	s->rflags |= FLAG_VIF;
	before = *s;
	check_fault(w, cpu_software_event(w->cpu, 0x20, EVENT_SOFTWARE_INTERRUPT, 2), &before,
		    VECTOR_GP, 0);
	assert_true(cpu_software_event(w->cpu, 0x21, EVENT_SOFTWARE_INTERRUPT, 2));
	assert_int_equal(s->seg[SEG_CS].selector, 0x1234);
	assert_int_equal(s->rip, 0x5678);
	assert_int_equal(s->rflags, FLAG_ONE | FLAG_VM);
	assert_int_equal(s->gpr[GPR_RSP], 0x7fa);
	assert_int_equal(peek(w, 0x3000 + 0x7fe, 2), FLAG_ONE | FLAG_IF | FLAG_IOPL);
	assert_true(cpu_iret(w->cpu, 2));
	assert_int_equal(s->rflags, FLAG_ONE | FLAG_VM | FLAG_VIF);
	assert_int_equal(s->rip, 0x123);
}

static void test_real(void **state)
{
	struct world *w = *state;
	struct cpu_state *s = &w->cpu->state;
	struct cpu_event event = event_of(VECTOR_GP, EVENT_EXCEPTION, 0);
	struct cpu_state before;

	world_real(w);
	poke(w, 4 * VECTOR_GP, 4, 0x0f00abcd);
	s->rflags |= FLAG_IF | FLAG_TF;
	assert_true(cpu_deliver(w->cpu, &event));
	assert_int_equal(s->seg[SEG_CS].base, 0xf000);
	assert_int_equal(s->rip, 0xabcd);
	assert_int_equal(s->gpr[GPR_RSP], 0x7fa); /* no error code */
	assert_int_equal(s->rflags, FLAG_ONE);
	assert_int_equal(peek(w, 0x3000 + 0x7fe, 2), FLAG_ONE | FLAG_IF | FLAG_TF);
	assert_int_equal(peek(w, 0x3000 + 0x7fc, 2), 0x200);
	assert_int_equal(peek(w, 0x3000 + 0x7fa, 2), 0x123);
	assert_true(cpu_iret(w->cpu, 2));
	assert_int_equal(s->rip, 0x123);
	assert_int_equal(s->rflags, FLAG_ONE | FLAG_IF | FLAG_TF);
	s->idtr.limit = 4 * VECTOR_GP + 2;
	before = *s;
	assert_false(cpu_deliver(w->cpu, &event));
	assert_int_equal(w->cpu->fault.vector, VECTOR_GP);
	assert_memory_equal(s, &before, sizeof(before));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_combination),
		TEST(test_long_inner),
		TEST(test_long_same),
		TEST(test_long_ist_nmi),
		TEST(test_gate_faults),
		TEST(test_double_and_triple),
		TEST(test_serial),
		TEST(test_debug),
		TEST(test_protected_inner),
		TEST(test_repeating),
		TEST(test_debug_behind_mov_ss),
		TEST(test_protected_16),
		TEST(test_stack_faults),
		TEST(test_v86),
		TEST(test_v86_redirection),
		TEST(test_real),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
