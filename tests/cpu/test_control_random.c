/* SPDX-License-Identifier: MIT */
#include "control_world.h"

/*
 * Transfers of control from random states through random tables. Whatever they find, a transfer
 * that faults has changed nothing, and one that does not leaves a state that the processor can be
 * in.
 */

static uint64_t seed = 0x243f6a8885a308d3ull;

static uint64_t random64(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed * 0x2545f4914f6cdd1dull;
}

static unsigned below(unsigned n)
{
	return (unsigned)(random64() >> 33) % n;
}

static uint16_t random_selector(void)
{
	unsigned rpl = below(3) ? below(2) * 3 : below(4);

	if (!below(12))
		return (uint16_t)rpl;
	if (!below(12))
		return SEL_TSS2;
	return (uint16_t)((below(GDT_LIMIT / 8 + 2) * 8) | rpl | (below(16) ? 0 : SELECTOR_TI));
}

static uint64_t random_offset(void)
{
	switch (below(4)) {
	case 0:
		return random64();
	case 1:
		return random64() & 0xffffffff;
	default:
		return random64() & 0xffff;
	}
}

/* A descriptor or a gate that is often nearly right. */
static uint64_t random_descriptor(void)
{
	unsigned access = (unsigned)random64() & 0xff;

	if (below(4))
		access |= 0x80;
	if (below(3) == 0)
		return random64();
	if (below(2))
		return descriptor_of((uint32_t)(random64() & 0xfffff), (uint32_t)random_offset(),
				     access, below(16));
	return gate_of(random_selector(), (uint32_t)random_offset(), access, below(32));
}

static void shake(struct world *w)
{
	struct cpu_state *s = &w->cpu->state;

	for (unsigned i = below(12); i > 0; i--)
		poke(w, AT_GDT + 8 + 8 * below(GDT_LIMIT / 8), 8, random_descriptor());
	for (unsigned i = below(8); i > 0; i--)
		poke(w, AT_IDT + 8 * below(64), 8, random_descriptor());
	for (unsigned i = 0; i < 6; i++)
		poke(w, AT_TSS2 + 0x48 + 4 * i, 2, i == 1 ? SEL_CODE0 : SEL_DATA0);
	poke(w, AT_TSS2 + 0x24, 4, random64() & 0x1c4fd5);
	for (unsigned i = below(6); i > 0; i--)
		poke(w, AT_TSS2 + 2 * below(52), 2, random_selector());
	for (unsigned i = below(3); i > 0; i--)
		poke(w, AT_TSS + 4 * below(26), 4, random64());
	for (unsigned i = 0; i < 12; i++)
		poke(w, (s->seg[SEG_SS].base + s->gpr[GPR_RSP] + 2 * i) & 0xffffe, 2,
		     below(2) ? random_selector() : random_offset());
	s->rflags = FLAG_ONE | (s->rflags & FLAG_VM) | (random64() & 0x1c4fd5);
	if (!below(8))
		s->gpr[GPR_RSP] = random_offset();
	if (!below(8))
		s->seg[SEG_TR].limit = below(0x80);
	if (!below(8))
		s->seg[SEG_SS].limit = (uint32_t)random_offset();
	s->cr4 = (s->cr4 & BIT(5)) | below(4);
}

static void enter_mode(struct world *w, unsigned mode)
{
	switch (mode) {
	case 0:
		world_long(w, below(2) * 3);
		break;
	case 1:
		world_v86(w, below(4));
		break;
	case 2:
		world_real(w);
		break;
	default:
		world_protected(w, below(2) * 3);
		break;
	}
}

static bool act(struct world *w, unsigned what)
{
	static const uint8_t sizes[] = { 2, 4, 8 };
	struct cpu *cpu = w->cpu;
	unsigned size = sizes[below(is_64bit(cpu) ? 3 : 2)];
	struct cpu_event event = event_of(below(32), below(2) ? EVENT_EXTERNAL : EVENT_EXCEPTION,
					  below(2) ? NO_CODE : (int)below(0x10000));

	switch (what) {
	case 0:
		return cpu_jump_far(cpu, random_selector(), random_offset(), size);
	case 1:
		return cpu_call_far(cpu, random_selector(), random_offset(), size);
	case 2:
		return cpu_return_far(cpu, size, below(2) * 8);
	case 3:
		return cpu_iret(cpu, size);
	case 4:
		return cpu_software_event(cpu, below(64), EVENT_SOFTWARE_INTERRUPT, 2);
	case 5:
		return cpu_load_segment(cpu, below(6) == 1 ? SEG_DS : SEG_SS, random_selector());
	default:
		return cpu_deliver(cpu, &event);
	}
}

static void check_state(const struct world *w)
{
	const struct cpu_state *s = &w->cpu->state;
	const struct arch_segment_register *cs = &s->seg[SEG_CS], *ss = &s->seg[SEG_SS];

	assert_true(s->rflags & FLAG_ONE);
	assert_false(s->rflags & ~0x3f7fd7ull);
	if (!(s->cr0 & BIT(0))) {
		assert_int_equal(s->cpl, 0);
		return;
	}
	if (s->rflags & FLAG_VM) {
		assert_int_equal(s->cpl, 3);
		assert_false(s->efer & BIT(10));
		for (unsigned i = 0; i < SEG_LDTR; i++)
			assert_int_equal(s->seg[i].access_rights, AR_V86);
		return;
	}
	assert_int_equal(SELECTOR_RPL(cs->selector), s->cpl);
	assert_true(ar_is_code(cs->access_rights) && cs->access_rights & AR_P);
	if (ar_is_conforming(cs->access_rights))
		assert_true(AR_DPL_OF(cs->access_rights) <= s->cpl);
	else
		assert_int_equal(AR_DPL_OF(cs->access_rights), s->cpl);
	assert_int_equal(AR_DPL_OF(ss->access_rights), s->cpl);
	assert_int_equal(SELECTOR_RPL(ss->selector), s->cpl);
	if (ss->access_rights & AR_UNUSABLE)
		assert_true(s->efer & BIT(10) && s->cpl != 3);
	else
		assert_true(ar_is_writable_data(ss->access_rights));
	if (s->efer & BIT(10) && cs->access_rights & AR_L)
		assert_true(cpu_is_canonical(w->cpu, s->rip));
	for (unsigned i = 0; i < SEG_LDTR; i++) {
		uint32_t ar = s->seg[i].access_rights;

		if (i == SEG_CS || i == SEG_SS || ar & AR_UNUSABLE)
			continue;
		assert_true(ar_is_readable(ar) && ar & AR_P);
		assert_true(ar_is_conforming(ar) || AR_DPL_OF(ar) >= s->cpl);
	}
}

static void test_random(void **state)
{
	struct world *w = *state;
	struct cpu_state before;
	unsigned faults = 0, switched = 0, arrived = 0, done = 0;

	for (unsigned i = 0; i < 200000; i++) {
		bool ok;

		enter_mode(w, below(5));
		shake(w);
		cpu_mode_changed(w->cpu);
		w->cpu->fault.valid = w->cpu->delivering.valid = false;
		before = w->cpu->state;
		ok = act(w, below(7));
		if (w->cpu->state.cr0 & BIT(3)) { /* a task switch has set TS */
			switched++;
			assert_true(ok || w->cpu->delivering.valid);
			if (ok && !w->cpu->fault.valid) {
				arrived++;
				check_state(w);
			}
			continue;
		}
		if (ok) {
			done++;
			check_state(w);
			continue;
		}
		faults++;
		assert_true(w->cpu->fault.valid);
		assert_memory_equal(&w->cpu->state, &before, sizeof(before));
	}
	print_message("%u faults, %u task switches, %u without a fault, %u transfers\n", faults,
		      switched, arrived, done);
	/* Each way has been gone often enough to mean something. */
	assert_true(faults > 100000 && done > 20000 && switched > 500 && arrived > 30);
}

/* Whatever the tables are, a fault is delivered in the end, or the processor shuts down. */
static void test_deliver_fault(void **state)
{
	struct world *w = *state;
	unsigned shutdowns = 0, delivered = 0;

	for (unsigned i = 0; i < 20000; i++) {
		enter_mode(w, below(5));
		shake(w);
		cpu_mode_changed(w->cpu);
		w->cpu->delivering.valid = false;
		cpu_raise_error(w->cpu, VECTOR_TS + below(5), 0x123 << 3);
		if (cpu_deliver_fault(w->cpu)) {
			delivered++;
			assert_int_equal(w->cpu->state.activity, ACTIVITY_ACTIVE);
		} else {
			shutdowns++;
			assert_int_equal(w->cpu->state.activity, ACTIVITY_SHUTDOWN);
		}
		assert_false(w->cpu->delivering.valid);
	}
	assert_true(shutdowns > 1000 && delivered > 1000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_random, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_deliver_fault, world_setup, world_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
