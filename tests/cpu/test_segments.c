/* SPDX-License-Identifier: MIT */
#include "control_world.h"

/* Descriptors, what may be done with them, and the loading of segment registers. */

static void test_descriptor_fields(void **state)
{
	struct descriptor d = { .low = 0x12cf9a3456789abcull };
	struct gate g;

	(void)state;
	descriptor_parse(&d);
	assert_int_equal(d.base, 0x12345678);
	assert_int_equal(d.limit, 0xf9abcfffu);
	assert_int_equal(d.ar, 0xc09a);
	d.low = 0x120f823456789abcull;
	descriptor_parse(&d);
	assert_int_equal(d.limit, 0xf9abcu);
	assert_int_equal(d.ar, 0x82);

	g = gate_parse(0xaabbee1f00083344ull, 0x11223344ull, false);
	assert_int_equal(g.offset, 0xaabb3344u);
	assert_int_equal(g.selector, 8);
	assert_int_equal(g.type, SYS_INTERRUPT_GATE);
	assert_int_equal(g.dpl, 3);
	assert_true(g.present && g.system);
	assert_int_equal(g.parameters, 0x1f);
	g = gate_parse(0xaabb8e0700083344ull, 0x11223344ull, true);
	assert_true(g.offset == 0x11223344aabb3344ull);
	assert_int_equal(g.ist, 7);
	g = gate_parse(0xaabb840200083344ull, 0, false);
	assert_int_equal(g.offset, 0x3344);
}

static void test_limits(void **state)
{
	struct arch_segment_register s = { .limit = 0xfff, .access_rights = 0x93 };

	(void)state;
	assert_true(segment_in_limit(&s, 0xfff, 1));
	assert_true(segment_in_limit(&s, 0xffc, 4));
	assert_false(segment_in_limit(&s, 0xffd, 4));
	assert_false(segment_in_limit(&s, 0x1000, 1));
	assert_false(segment_in_limit(&s, 0xffffffff, 4));
	s.limit = UINT32_MAX;
	assert_true(segment_in_limit(&s, 0xfffffffe, 4));
	/* expand-down: above the limit, up to 64 KB or 4 GB */
	s = (struct arch_segment_register){ .limit = 0xfff, .access_rights = 0x97 };
	assert_false(segment_in_limit(&s, 0xfff, 1));
	assert_true(segment_in_limit(&s, 0x1000, 4));
	assert_true(segment_in_limit(&s, 0xfffc, 4));
	assert_false(segment_in_limit(&s, 0xfffd, 4));
	s.access_rights |= AR_DB;
	assert_true(segment_in_limit(&s, 0xfffffffc, 4));
	assert_false(segment_in_limit(&s, 0xfffffffd, 4));
	/* a conforming code segment has the same bit and expands up */
	s.access_rights = 0x9f;
	assert_true(segment_in_limit(&s, 0xfff, 1));
	assert_false(segment_in_limit(&s, 0x1000, 1));
}

/* Every type, privilege and RPL against rules written out for each. */
static void test_privilege(void **state)
{
	(void)state;
	for (unsigned type = 0; type < 32; type++) {
		for (unsigned n = 0; n < 64; n++) {
			unsigned dpl = n & 3, cpl = n >> 2 & 3, rpl = n >> 4;
			uint32_t ar = type | AR_P | dpl << AR_DPL_SHIFT;
			bool segment = type & 16, code = segment && type & 8;
			bool conforming = code && type & 4, rw = type & 2;
			bool inner = (cpl > rpl ? cpl : rpl) <= dpl;

			assert_int_equal(segment_data_loadable(ar, cpl, rpl),
					 segment && (!code || rw) && (conforming || inner));
			assert_int_equal(segment_stack_loadable(ar, cpl, rpl),
					 segment && !code && rw && rpl == cpl && dpl == cpl);
			assert_int_equal(
				segment_code_reachable(ar, cpl, rpl),
				code && (conforming ? dpl <= cpl : rpl <= cpl && dpl == cpl));
		}
	}
}

static void test_load(void **state)
{
	struct world *w = *state;
	struct cpu_state before;
	struct cpu_state *s = &w->cpu->state;

	world_protected(w, 3);
	before = *s;
	check_fault(w, cpu_load_segment(w->cpu, SEG_DS, SEL_DATA0), &before, VECTOR_GP, SEL_DATA0);
	check_fault(w, cpu_load_segment(w->cpu, SEG_DS, SEL_EXECUTE_ONLY | 3), &before, VECTOR_GP,
		    SEL_EXECUTE_ONLY);
	check_fault(w, cpu_load_segment(w->cpu, SEG_DS, SEL_ABSENT | 3), &before, VECTOR_NP,
		    SEL_ABSENT);
	check_fault(w, cpu_load_segment(w->cpu, SEG_SS, SEL_ABSENT | 3), &before, VECTOR_SS,
		    SEL_ABSENT);
	check_fault(w, cpu_load_segment(w->cpu, SEG_SS, SEL_READ_ONLY | 3), &before, VECTOR_GP,
		    SEL_READ_ONLY);
	check_fault(w, cpu_load_segment(w->cpu, SEG_SS, SEL_DATA3), &before, VECTOR_GP, SEL_DATA3);
	check_fault(w, cpu_load_segment(w->cpu, SEG_SS, 3), &before, VECTOR_GP, 0);
	check_fault(w, cpu_load_segment(w->cpu, SEG_ES, GDT_LIMIT + 1), &before, VECTOR_GP,
		    GDT_LIMIT + 1);
	check_fault(w, cpu_load_segment(w->cpu, SEG_ES, 0x104), &before, VECTOR_GP, 0x104);
	assert_true(cpu_load_segment(w->cpu, SEG_FS, SEL_CONFORMING));
	assert_int_equal(s->seg[SEG_FS].access_rights, 0xc09f);
	assert_true(cpu_load_segment(w->cpu, SEG_FS, 3));
	assert_int_equal(s->seg[SEG_FS].selector, 3);
	assert_true(s->seg[SEG_FS].access_rights & AR_UNUSABLE);
	assert_int_equal(s->interruptibility, 0);
	assert_true(cpu_load_segment(w->cpu, SEG_SS, SEL_DATA3 | 3));
	assert_int_equal(s->interruptibility, BLOCKING_MOV_SS);
}

static void test_accessed(void **state)
{
	struct world *w = *state;

	world_protected(w, 0);
	set_descriptor(w, SEL_DATA3, descriptor_of(0x1234, 0xff, 0x92 | DPL(3), 0), 0);
	assert_true(cpu_load_segment(w->cpu, SEG_ES, SEL_DATA3));
	assert_int_equal(peek(w, AT_GDT + SEL_DATA3 + 5, 1), 0x93 | DPL(3));
	assert_int_equal(w->cpu->state.seg[SEG_ES].access_rights, 0x93 | DPL(3));
	assert_int_equal(w->cpu->state.seg[SEG_ES].base, 0x1234);
	assert_int_equal(w->cpu->state.seg[SEG_ES].limit, 0xff);
}

static void test_null_stack(void **state)
{
	struct world *w = *state;
	struct cpu_state before;

	world_long(w, 0);
	assert_true(cpu_load_segment(w->cpu, SEG_SS, 0));
	w->cpu->state.interruptibility = 0;
	before = w->cpu->state;
	check_fault(w, cpu_load_segment(w->cpu, SEG_SS, 3), &before, VECTOR_GP, 0);
}

static void test_real(void **state)
{
	struct world *w = *state;

	world_real(w);
	w->cpu->state.seg[SEG_DS].limit = UINT32_MAX;
	assert_true(cpu_load_segment(w->cpu, SEG_DS, 0x1234));
	assert_int_equal(w->cpu->state.seg[SEG_DS].base, 0x12340);
	assert_int_equal(w->cpu->state.seg[SEG_DS].limit, UINT32_MAX);
}

static void test_access(void **state)
{
	struct world *w = *state;
	struct cpu *cpu = w->cpu;
	struct cpu_state before;
	uint64_t linear;

	world_protected(w, 3);
	assert_true(cpu_load_segment(cpu, SEG_DS, SEL_READ_ONLY | 3));
	before = cpu->state;
	assert_true(cpu_segment_linear(cpu, SEG_DS, 0x10, 4, UDV_ACCESS_READ, &linear));
	assert_int_equal(linear, 0x10);
	check_fault(w, cpu_segment_linear(cpu, SEG_DS, 0x10, 4, UDV_ACCESS_WRITE, &linear), &before,
		    VECTOR_GP, 0);
	check_fault(w, cpu_segment_linear(cpu, SEG_CS, 0x10, 4, UDV_ACCESS_WRITE, &linear), &before,
		    VECTOR_GP, 0);
	check_fault(w, cpu_segment_linear(cpu, SEG_FS, 0, 1, UDV_ACCESS_READ, &linear), &before,
		    VECTOR_GP, 0);
	cpu->state.seg[SEG_SS].limit = 0xffff;
	before = cpu->state;
	check_fault(w, cpu_segment_linear(cpu, SEG_SS, 0xfffe, 4, UDV_ACCESS_READ, &linear),
		    &before, VECTOR_SS, 0);
	world_long(w, 0);
	before = cpu->state;
	check_fault(w, cpu_segment_linear(cpu, SEG_DS, BIT(47), 1, UDV_ACCESS_READ, &linear),
		    &before, VECTOR_GP, 0);
	check_fault(w, cpu_segment_linear(cpu, SEG_DS, BIT(47) - 1, 2, UDV_ACCESS_READ, &linear),
		    &before, VECTOR_GP, 0);
	check_fault(w, cpu_segment_linear(cpu, SEG_SS, BIT(47), 1, UDV_ACCESS_READ, &linear),
		    &before, VECTOR_SS, 0);
	assert_true(cpu_segment_linear(cpu, SEG_DS, ~0ull << 47, 8, UDV_ACCESS_READ, &linear));
	assert_true(linear == ~0ull << 47);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_descriptor_fields),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_privilege),
		cmocka_unit_test_setup_teardown(test_load, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_accessed, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_null_stack, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_real, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_access, world_setup, world_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
