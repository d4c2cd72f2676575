/* SPDX-License-Identifier: MIT */
#include "apic_bench.h"

static void test_reset_values(void **state)
{
	static const struct {
		uint32_t offset, value;
	} expected[] = {
		{ 0x020, 0x01000000 }, { 0x030, 0x00050014 }, { 0x080, 0 },
		{ 0x090, 0 },	       { 0x0a0, 0 },	      { 0x0b0, 0 },
		{ 0x0d0, 0 },	       { 0x0e0, 0xffffffff }, { 0x0f0, 0xff },
		{ 0x100, 0 },	       { 0x1f0, 0 },	      { 0x270, 0 },
		{ 0x280, 0 },	       { 0x300, 0 },	      { 0x310, 0 },
		{ 0x320, 0x10000 },    { 0x330, 0x10000 },    { 0x340, 0x10000 },
		{ 0x350, 0x10000 },    { 0x360, 0x10000 },    { 0x370, 0x10000 },
		{ 0x380, 0 },	       { 0x390, 0 },	      { 0x3e0, 0 },
	};
	static struct apic_bench b;
	uint64_t base;

	(void)state;
	bench_setup(&b);
	for (unsigned i = 0; i < sizeof(expected) / sizeof(expected[0]); i++)
		assert_int_equal(xread(&b, 1, expected[i].offset), expected[i].value);
	assert_int_equal(xread(&b, 1, 0x280), 0);
	assert_int_equal(b.cpu[1].lapic.state.errors, 0);
	assert_true(lapic_read_msr(&b.cpu[0].lapic, 0x1b, &base));
	assert_int_equal(base, 0xfee00900);
	assert_true(lapic_read_msr(&b.cpu[1].lapic, 0x1b, &base));
	assert_int_equal(base, 0xfee00800);
	assert_int_equal(b.cpu[1].base_after, 0xfee00800);
}

static void test_odd_accesses(void **state)
{
	static struct apic_bench b;
	struct lapic *lapic = &b.cpu[2].lapic;

	(void)state;
	bench_setup(&b);
	assert_int_equal(lapic_read(lapic, 0x030, 1), 0x14);
	assert_int_equal(lapic_read(lapic, 0x032, 1), 0x05);
	assert_int_equal(lapic_read(lapic, 0x032, 2), 0x05);
	assert_int_equal(lapic_read(lapic, 0x030, 8), 0x50014);
	assert_int_equal(lapic_read(lapic, 0x034, 4), 0);
	assert_true(lapic_read(lapic, 0x10000, 8) == UINT64_MAX);
	lapic_write(lapic, 0x080, 1, 0x50);
	lapic_write(lapic, 0x084, 4, 0x50);
	lapic_write(lapic, 0x080, 8, 0x50);
	lapic_write(lapic, 0x10080, 4, 0x50);
	lapic_write(lapic, 0x1000, 4, 0x50);
	assert_int_equal(xread(&b, 2, 0x080), 0);
	assert_int_equal(lapic->state.errors, 0);
	for (uint64_t offset = 0; offset < 0x1008; offset++) {
		for (unsigned size = 1; size <= 8; size *= 2) {
			lapic_write(lapic, offset, size, UINT64_MAX);
			lapic_read(lapic, offset, size);
		}
	}
}

static void test_priorities(void **state)
{
	static struct apic_bench b;
	struct bench_cpu *cpu = &b.cpu[0];

	(void)state;
	bench_setup(&b);
	enable(&b);
	send_ipi(&b, 0, 0x4041, 0);
	assert_true(cpu->interrupt);
	send_ipi(&b, 0, 0x4045, 0);
	send_ipi(&b, 0, 0x4062, 0);
	assert_int_equal(xread(&b, 0, 0x220), 0x22);
	assert_int_equal(xread(&b, 0, 0x230), 0x4);
	assert_int_equal(lapic_acknowledge(&cpu->lapic), 0x62);
	assert_int_equal(xread(&b, 0, 0x130), 0x4);
	assert_int_equal(xread(&b, 0, 0x230), 0);
	assert_int_equal(xread(&b, 0, 0x0a0), 0x60);
	assert_false(cpu->interrupt);
	assert_int_equal(lapic_acknowledge(&cpu->lapic), -1);
	xwrite(&b, 0, 0x0b0, 0);
	assert_int_equal(xread(&b, 0, 0x0a0), 0);
	assert_true(cpu->interrupt);
	xwrite(&b, 0, 0x080, 0x40); /* the class of 45H itself is held */
	assert_false(cpu->interrupt);
	assert_int_equal(xread(&b, 0, 0x0a0), 0x40);
	xwrite(&b, 0, 0x080, 0x3f);
	assert_true(cpu->interrupt);
	assert_int_equal(xread(&b, 0, 0x090), 0x40); /* APR: the highest request */
	assert_int_equal(lapic_read_cr8(&cpu->lapic), 3);
	lapic_write_cr8(&cpu->lapic, 0xf);
	assert_int_equal(xread(&b, 0, 0x080), 0xf0);
	assert_false(cpu->interrupt);
	lapic_write_cr8(&cpu->lapic, 0);
	assert_int_equal(lapic_acknowledge(&cpu->lapic), 0x45);
	assert_false(cpu->interrupt); /* 41H is of the same class */
	xwrite(&b, 0, 0x0b0, 0);
	assert_int_equal(lapic_acknowledge(&cpu->lapic), 0x41);
	xwrite(&b, 0, 0x080, 0x47);
	assert_int_equal(xread(&b, 0, 0x0a0), 0x47);
	xwrite(&b, 0, 0x0b0, 0);
	xwrite(&b, 0, 0x080, 0);
	send_ipi(&b, 0, 0x4010, 0); /* the lowest there is, and the highest */
	send_ipi(&b, 0, 0x40ff, 0);
	assert_int_equal(lapic_acknowledge(&cpu->lapic), 0xff);
	xwrite(&b, 0, 0x0b0, 0);
	assert_int_equal(lapic_acknowledge(&cpu->lapic), 0x10);
	assert_int_equal(b.eois, 0); /* edges end here */
}

static void test_level_eoi(void **state)
{
	static struct apic_bench b;
	struct apic_message message = { .destination = 0, .vector = 0x79, .level = true };

	(void)state;
	bench_setup(&b);
	assert_false(apic_bus_send(&b.bus, &message)); /* disabled by SVR */
	enable(&b);
	assert_true(apic_bus_send(&b.bus, &message));
	assert_int_equal(xread(&b, 0, 0x1b0), 0x02000000);
	assert_int_equal(lapic_acknowledge(&b.cpu[0].lapic), 0x79);
	xwrite(&b, 0, 0x0b0, 0);
	assert_int_equal(b.eois, 1);
	assert_int_equal(b.eoi_vector, 0x79);
	assert_int_equal(xread(&b, 0, 0x1b0), 0x02000000); /* until the next one is accepted */
	message.level = false;
	assert_true(apic_bus_send(&b.bus, &message));
	assert_int_equal(xread(&b, 0, 0x1b0), 0);
	assert_int_equal(lapic_acknowledge(&b.cpu[0].lapic), 0x79);
	xwrite(&b, 0, 0x0b0, 0);
	xwrite(&b, 0, 0x0b0, 0); /* nothing in service */
	assert_int_equal(b.eois, 1);
}

static void test_destinations(void **state)
{
	static struct apic_bench b;

	(void)state;
	bench_setup(&b);
	enable(&b);
	send_ipi(&b, 0, 0x40f1, 2);
	assert_int_equal(take_requests(&b, 0xf1), 0x4);
	send_ipi(&b, 0, 0x40f1, 0xff);
	assert_int_equal(take_requests(&b, 0xf1), 0xf);
	send_ipi(&b, 0, 0x40f1, 7);
	assert_int_equal(take_requests(&b, 0xf1), 0x0);
	send_ipi(&b, 1, 0x440f1, 3); /* shorthands: self, all, others */
	assert_int_equal(take_requests(&b, 0xf1), 0x2);
	send_ipi(&b, 1, 0x840f1, 3);
	assert_int_equal(take_requests(&b, 0xf1), 0xf);
	send_ipi(&b, 1, 0xc40f1, 3);
	assert_int_equal(take_requests(&b, 0xf1), 0xd);
	xwrite(&b, 3, 0x020, 0x02000000); /* two with ID 2 */
	send_ipi(&b, 0, 0x40f1, 2);
	assert_int_equal(take_requests(&b, 0xf1), 0xc);
	xwrite(&b, 2, 0x0f0, 0xff);
	send_ipi(&b, 0, 0x40f1, 2);
	assert_int_equal(take_requests(&b, 0xf1), 0x8);
}

static void test_logical_destinations(void **state)
{
	static struct apic_bench b;

	(void)state;
	bench_setup(&b);
	enable(&b);
	for (unsigned i = 0; i < BENCH_CPUS; i++)
		xwrite(&b, i, 0x0d0, 0x00ffffffu | 1u << (24 + i));
	assert_int_equal(xread(&b, 3, 0x0d0), 0x08000000);
	for (unsigned to = 0; to < 0xff; to++) {
		send_ipi(&b, 0, 0x48f1, to);
		assert_int_equal(take_requests(&b, 0xf1), to & 0xf);
	}
	send_ipi(&b, 0, 0x48f1, 0xff);
	assert_int_equal(take_requests(&b, 0xf1), 0xf);
	for (unsigned i = 0; i < BENCH_CPUS; i++) { /* clusters of two: 3.0, 3.1, 4.0, 4.1 */
		xwrite(&b, i, 0x0e0, 0x00000000);
		assert_int_equal(xread(&b, i, 0x0e0), 0x0fffffff);
		xwrite(&b, i, 0x0d0, (i / 2 + 3) << 28 | 1u << (24 + i % 2));
	}
	for (unsigned to = 0; to < 0xff; to++) {
		send_ipi(&b, 0, 0x48f1, to);
		assert_int_equal(take_requests(&b, 0xf1), to >> 4 == 3	 ? to & 3
							  : to >> 4 == 4 ? (to & 3) << 2
									 : 0);
	}
	send_ipi(&b, 0, 0x48f1, 0xff);
	assert_int_equal(take_requests(&b, 0xf1), 0xf);
	xwrite(&b, 0, 0x0e0, 0x7fffffff); /* neither model */
	send_ipi(&b, 0, 0x48f1, 0x33);
	assert_int_equal(take_requests(&b, 0xf1), 0x2);
	to_x2apic(&b, 1);
	assert_true(lapic_write_msr(&b.cpu[1].lapic, 0x830, 0x00000131000048f1));
	assert_int_equal(take_requests(&b, 0xf1), 0x0); /* no xAPIC has so many bits */
}

static void test_lowest_priority(void **state)
{
	static struct apic_bench b;

	(void)state;
	bench_setup(&b);
	enable(&b);
	for (unsigned i = 0; i < BENCH_CPUS; i++)
		xwrite(&b, i, 0x0d0, 1u << (24 + i));
	xwrite(&b, 0, 0x080, 0x30);
	xwrite(&b, 1, 0x080, 0x20);
	xwrite(&b, 2, 0x080, 0x10);
	send_ipi(&b, 0, 0x49f1, 0x7);
	assert_int_equal(take_requests(&b, 0xf1), 0x4);
	send_ipi(&b, 0, 0x49f1, 0x3);
	assert_int_equal(take_requests(&b, 0xf1), 0x2);
	xwrite(&b, 1, 0x080, 0x30);
	send_ipi(&b, 0, 0x49f1, 0x3); /* a tie: the first */
	assert_int_equal(take_requests(&b, 0xf1), 0x1);
}

static void test_other_modes(void **state)
{
	static struct apic_bench b;

	(void)state;
	bench_setup(&b); /* none of these needs SVR */
	send_ipi(&b, 0, 0x4400, 1);
	assert_int_equal(b.cpu[1].nmis, 1);
	send_ipi(&b, 0, 0x4500, 1);
	assert_int_equal(b.cpu[1].inits, 1);
	send_ipi(&b, 0, 0x8500, 1); /* de-assert */
	assert_int_equal(b.cpu[1].inits, 1);
	send_ipi(&b, 0, 0xc4500, 0);
	assert_int_equal(b.cpu[0].inits, 0);
	assert_int_equal(b.cpu[1].inits, 2);
	assert_int_equal(b.cpu[3].inits, 1);
	send_ipi(&b, 0, 0x469a, 3);
	assert_int_equal(b.cpu[3].sipis, 1);
	assert_int_equal(b.cpu[3].sipi_vector, 0x9a);
	send_ipi(&b, 0, 0x4200, 3); /* SMI, reserved, ExtINT: nobody hears them */
	send_ipi(&b, 0, 0x4300, 3);
	send_ipi(&b, 0, 0x47f1, 3);
	assert_int_equal(take_requests(&b, 0xf1), 0);
	assert_int_equal(b.cpu[3].nmis + b.cpu[3].sipis + b.cpu[3].inits, 2);
	assert_int_equal(xread(&b, 0, 0x300), 0x47f1); /* delivery status is never pending */
}

static void test_errors(void **state)
{
	static struct apic_bench b;

	(void)state;
	bench_setup(&b);
	enable(&b);
	xwrite(&b, 0, 0x370, 0xfe);
	xread(&b, 0, 0x2f0);			  /* no CMCI */
	assert_int_equal(xread(&b, 0, 0x280), 0); /* reads what the last write found */
	assert_int_equal(take_requests(&b, 0xfe), 0x1);
	xwrite(&b, 0, 0x3f0, 0xf1);			/* SELF IPI is x2APIC's */
	assert_int_equal(take_requests(&b, 0xfe), 0x0); /* once, until ESR is written */
	xwrite(&b, 0, 0x280, 0xffffffff);
	assert_int_equal(xread(&b, 0, 0x280), 0x80);
	xwrite(&b, 0, 0x280, 0);
	assert_int_equal(xread(&b, 0, 0x280), 0);
	send_ipi(&b, 0, 0x400f, 1);
	assert_int_equal(take_requests(&b, 0xfe), 0x1);
	xwrite(&b, 0, 0x280, 0);
	assert_int_equal(xread(&b, 0, 0x280), 0x20);
	xwrite(&b, 1, 0x280, 0);
	assert_int_equal(xread(&b, 1, 0x280), 0x40);
	xwrite(&b, 2, 0x370, 0x5); /* the error interrupt's own vector is illegal */
	xread(&b, 2, 0x000);
	xwrite(&b, 2, 0x280, 0);
	assert_int_equal(xread(&b, 2, 0x280), 0xc0);
	assert_int_equal(take_requests(&b, 0), 0);
}

static void test_software_disable(void **state)
{
	static struct apic_bench b;

	(void)state;
	bench_setup(&b);
	xwrite(&b, 0, 0x350, 0x00700);
	assert_int_equal(xread(&b, 0, 0x350), 0x10700); /* cannot be unmasked */
	enable(&b);
	assert_int_equal(xread(&b, 0, 0x350), 0x10700);
	for (unsigned i = 0; i < 6; i++)
		xwrite(&b, 0, 0x320 + 0x10 * i, 0xfffeffff);
	assert_int_equal(xread(&b, 0, 0x320), 0x600ff);
	assert_int_equal(xread(&b, 0, 0x330), 0x007ff);
	assert_int_equal(xread(&b, 0, 0x340), 0x007ff);
	assert_int_equal(xread(&b, 0, 0x350), 0x0a7ff);
	assert_int_equal(xread(&b, 0, 0x360), 0x0a7ff);
	assert_int_equal(xread(&b, 0, 0x370), 0x000ff);
	send_ipi(&b, 0, 0x4041, 0);
	xwrite(&b, 0, 0x0f0, 0xfffffeff);
	assert_int_equal(xread(&b, 0, 0x0f0), 0x2ff);
	assert_int_equal(xread(&b, 0, 0x320), 0x700ff);
	assert_int_equal(xread(&b, 0, 0x370), 0x100ff);
	assert_int_equal(lapic_acknowledge(&b.cpu[0].lapic), 0x41); /* held, not lost */
	send_ipi(&b, 1, 0x4042, 0);
	assert_false(b.cpu[0].interrupt);
}

static void test_external(void **state)
{
	static struct apic_bench b;
	struct lapic *lapic = &b.cpu[0].lapic;

	(void)state;
	bench_setup(&b);
	b.external_vector = 0x08;
	apic_bus_set_lint(&b.bus, 0, true);
	assert_false(b.cpu[0].interrupt); /* masked */
	lapic_firmware_setup(lapic);
	lapic_firmware_setup(&b.cpu[1].lapic);
	assert_int_equal(xread(&b, 0, 0x350), 0x700);
	assert_int_equal(xread(&b, 0, 0x360), 0x400);
	assert_int_equal(xread(&b, 1, 0x350), 0x10000);
	assert_true(b.cpu[0].interrupt);
	assert_false(b.cpu[1].interrupt);
	xwrite(&b, 0, 0x080, 0xff); /* TPR does not hold it */
	assert_true(b.cpu[0].interrupt);
	assert_int_equal(lapic_acknowledge(lapic), 0x08);
	assert_false(b.cpu[0].interrupt);
	assert_int_equal(xread(&b, 0, 0x100), 0); /* not in service here */
	apic_bus_set_lint(&b.bus, 1, true);
	apic_bus_set_lint(&b.bus, 1, true);
	assert_int_equal(b.cpu[0].nmis, 1);
	assert_int_equal(b.cpu[1].nmis, 0);
	assert_true(lapic_write_msr(lapic, 0x1b, 0xfee00100)); /* the pins are INTR and NMI now */
	apic_bus_set_lint(&b.bus, 0, true);
	assert_true(b.cpu[0].interrupt);
	apic_bus_set_lint(&b.bus, 1, false);
	apic_bus_set_lint(&b.bus, 1, true);
	assert_int_equal(b.cpu[0].nmis, 2);
	assert_int_equal(lapic_acknowledge(lapic), 0x08);
}

static void test_lint_fixed(void **state)
{
	static struct apic_bench b;
	struct lapic *lapic = &b.cpu[0].lapic;

	(void)state;
	bench_setup(&b);
	enable(&b);
	xwrite(&b, 0, 0x350, 0x51);
	lapic_set_lint(lapic, 0, true);
	lapic_set_lint(lapic, 0, false);
	assert_int_equal(lapic_acknowledge(lapic), 0x51);
	xwrite(&b, 0, 0x0b0, 0);
	xwrite(&b, 0, 0x350, 0x8052); /* level */
	lapic_set_lint(lapic, 0, true);
	assert_int_equal(xread(&b, 0, 0x350), 0xc052);
	assert_int_equal(lapic_acknowledge(lapic), 0x52);
	assert_false(b.cpu[0].interrupt);
	xwrite(&b, 0, 0x0b0, 0);
	assert_true(b.cpu[0].interrupt); /* still high */
	assert_int_equal(lapic_acknowledge(lapic), 0x52);
	lapic_set_lint(lapic, 0, false);
	xwrite(&b, 0, 0x0b0, 0);
	assert_false(b.cpu[0].interrupt);
	assert_int_equal(xread(&b, 0, 0x350), 0x8052);
	xwrite(&b, 0, 0x360, 0x18053);
	lapic_set_lint(lapic, 1, true);
	assert_false(b.cpu[0].interrupt);
	xwrite(&b, 0, 0x360, 0x8053); /* unmasked while high */
	assert_int_equal(xread(&b, 0, 0x360), 0xc053);
	xwrite(&b, 0, 0x360, 0x8053); /* remote IRR is not to be written */
	assert_int_equal(xread(&b, 0, 0x360), 0xc053);
	assert_int_equal(lapic_acknowledge(lapic), 0x53);
	assert_false(b.cpu[0].interrupt);
	xwrite(&b, 0, 0x360, 0x500);
	assert_int_equal(b.cpu[0].inits, 0);
	lapic_set_lint(lapic, 1, false);
	lapic_set_lint(lapic, 1, true);
	assert_int_equal(b.cpu[0].inits, 1);
}

static void test_local_events(void **state)
{
	static struct apic_bench b;
	struct lapic *lapic = &b.cpu[0].lapic;

	(void)state;
	bench_setup(&b);
	enable(&b);
	lapic_raise_local(lapic, APIC_LVT_PERF);
	assert_false(b.cpu[0].interrupt);
	xwrite(&b, 0, 0x340, 0x400);
	lapic_raise_local(lapic, APIC_LVT_PERF);
	lapic_raise_local(lapic, APIC_LVT_PERF);
	assert_int_equal(b.cpu[0].nmis, 1); /* it masks itself */
	assert_int_equal(xread(&b, 0, 0x340), 0x10400);
	xwrite(&b, 0, 0x330, 0x33);
	lapic_raise_local(lapic, APIC_LVT_THERMAL);
	assert_int_equal(take_requests(&b, 0x33), 0x1);
	assert_int_equal(xread(&b, 0, 0x330), 0x33);
}

static void test_init_signal(void **state)
{
	static struct apic_bench b;

	(void)state;
	bench_setup(&b);
	enable(&b);
	xwrite(&b, 1, 0x020, 0x55000000);
	xwrite(&b, 1, 0x080, 0x20);
	xwrite(&b, 1, 0x0d0, 0x02000000);
	xwrite(&b, 1, 0x380, 1000);
	send_ipi(&b, 0, 0x4041, 0x55);
	assert_true(b.cpu[1].interrupt);
	lapic_init_signal(&b.cpu[1].lapic);
	assert_false(b.cpu[1].interrupt);
	assert_int_equal(xread(&b, 1, 0x020), 0x55000000); /* INIT keeps the ID */
	assert_int_equal(xread(&b, 1, 0x080), 0);
	assert_int_equal(xread(&b, 1, 0x0d0), 0);
	assert_int_equal(xread(&b, 1, 0x0f0), 0xff);
	assert_int_equal(xread(&b, 1, 0x220), 0);
	assert_int_equal(xread(&b, 1, 0x390), 0);
	lapic_reset(&b.cpu[1].lapic);
	assert_int_equal(xread(&b, 1, 0x020), 0x01000000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_reset_values),	cmocka_unit_test(test_odd_accesses),
		cmocka_unit_test(test_priorities),	cmocka_unit_test(test_level_eoi),
		cmocka_unit_test(test_destinations),	cmocka_unit_test(test_logical_destinations),
		cmocka_unit_test(test_lowest_priority), cmocka_unit_test(test_other_modes),
		cmocka_unit_test(test_errors),		cmocka_unit_test(test_software_disable),
		cmocka_unit_test(test_external),	cmocka_unit_test(test_lint_fixed),
		cmocka_unit_test(test_local_events),	cmocka_unit_test(test_init_signal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
