/* SPDX-License-Identifier: MIT */
#include "world.h"

static void expect_segment(const struct cpu_state *s, unsigned number, uint16_t selector,
			   uint64_t base, uint32_t rights)
{
	assert_int_equal(s->seg[number].selector, selector);
	assert_int_equal(s->seg[number].base, base);
	assert_int_equal(s->seg[number].limit, 0xffff);
	assert_int_equal(s->seg[number].access_rights, rights);
}

/* SDM Vol 3A, table "IA-32 and Intel 64 Processor States Following Power-up, Reset, or INIT" */
static void expect_common(const struct cpu_state *s)
{
	assert_int_equal(s->rip, 0xfff0);
	assert_int_equal(s->rflags, 2);
	expect_segment(s, SEG_CS, 0xf000, 0xffff0000, 0x9b);
	for (unsigned i = 0; i < SEG_LDTR; i++)
		if (i != SEG_CS)
			expect_segment(s, i, 0, 0, 0x93);
	expect_segment(s, SEG_LDTR, 0, 0, 0x82);
	expect_segment(s, SEG_TR, 0, 0, 0x8b);
	for (unsigned i = 0; i <= NR_GPRS; i++)
		assert_int_equal(s->gpr[i], i == GPR_RDX ? 0x806b0 : 0);
	assert_int_equal(s->gdtr.base, 0);
	assert_int_equal(s->gdtr.limit, 0xffff);
	assert_int_equal(s->idtr.base, 0);
	assert_int_equal(s->idtr.limit, 0xffff);
	assert_int_equal(s->cr2, 0);
	assert_int_equal(s->cr3, 0);
	assert_int_equal(s->cr4, 0);
	assert_int_equal(s->efer, 0);
	for (unsigned i = 0; i < 4; i++)
		assert_int_equal(s->dr[i], 0);
	assert_int_equal(s->dr6, 0xffff0ff0);
	assert_int_equal(s->dr7, 0x400);
	assert_int_equal(s->cpl, 0);
}

/* Everything is something else before. */
static void disturb(struct world *w)
{
	struct cpu_state *s = &w->cpu->state;

	memset(s, 0x11, sizeof(*s));
	s->gpr[GPR_ZERO] = 0;
	s->activity = ACTIVITY_HLT;
	s->nmi_pending = s->init_pending = s->sipi_pending = s->monitor_armed = true;
}

static void test_power_up(void **state)
{
	struct world *w = *state;
	const struct cpu_state *s = &w->cpu->state;

	disturb(w);
	cpu_reset(w->cpu);
	expect_common(s);
	assert_int_equal(s->cr0, 0x60000010);
	assert_int_equal(s->xcr0, 1);
	assert_int_equal(s->mxcsr, 0x1f80);
	assert_int_equal(s->x87.control, 0x40);
	assert_int_equal(s->x87.status, 0);
	assert_int_equal(s->x87.empty, 0);
	assert_int_equal(s->pat, 0x0007040600070406);
	assert_int_equal(s->misc_enable, 0x41801);
	assert_int_equal(s->bios_sign_id, 0xff00000000000000);
	assert_int_equal(cpu_tsc(w->cpu), 0);
	assert_int_equal(s->tsc_adjust, 0);
	assert_int_equal(s->pkru, 0);
	assert_int_equal(s->activity, ACTIVITY_ACTIVE);
	assert_int_equal(w->cpu->mode & MODE_REAL, MODE_REAL);
	for (unsigned i = 0; i < 16; i++)
		for (unsigned j = 0; j < 4; j++)
			assert_int_equal(s->ymm[i].u64[j], 0);
}

static void test_init(void **state)
{
	struct world *w = *state;
	const struct cpu_state *s = &w->cpu->state;
	struct cpu_state before;

	disturb(w);
	before = *s;
	cpu_init_signal(w->cpu);
	expect_common(s);
	assert_int_equal(s->cr0, 0x10 | (before.cr0 & (CR0_CD | CR0_NW)));
	assert_memory_equal(&s->x87, &before.x87, sizeof(s->x87));
	assert_memory_equal(s->ymm, before.ymm, sizeof(s->ymm));
	assert_memory_equal(&s->mtrr, &before.mtrr, sizeof(s->mtrr));
	assert_int_equal(s->mxcsr, before.mxcsr);
	assert_int_equal(s->xcr0, before.xcr0);
	assert_int_equal(s->pat, before.pat);
	assert_int_equal(s->lstar, before.lstar);
	assert_int_equal(s->kernel_gs_base, before.kernel_gs_base);
	assert_int_equal(s->tsc_offset, before.tsc_offset);
	assert_int_equal(s->tsc_aux, before.tsc_aux);
	assert_int_equal(s->misc_enable, before.misc_enable);
	assert_int_equal(s->pkru, before.pkru);
	assert_false(s->nmi_pending || s->init_pending || s->sipi_pending || s->monitor_armed);
	assert_int_equal(s->activity, ACTIVITY_ACTIVE);
}

static uint64_t apic_base;

static bool read_apic_base(void *opaque, uint32_t index, uint64_t *value)
{
	(void)opaque;
	*value = apic_base;
	return index == MSR_INDEX_APIC_BASE;
}

static void test_who_waits(void **state)
{
	struct world *w = *state;
	const struct cpu_state *s = &w->cpu->state;

	w->config.apic_id = 1;
	cpu_reset(w->cpu);
	assert_int_equal(s->activity, ACTIVITY_WAIT_FOR_SIPI);
	w->cpu->ops.read_msr = read_apic_base;
	apic_base = 0xfee00800;
	cpu_init_signal(w->cpu);
	assert_int_equal(s->activity, ACTIVITY_WAIT_FOR_SIPI);
	apic_base = 0xfee00900;
	cpu_init_signal(w->cpu);
	assert_int_equal(s->activity, ACTIVITY_ACTIVE);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, world_setup, world_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_power_up),
		TEST(test_init),
		TEST(test_who_waits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
