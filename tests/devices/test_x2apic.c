/* SPDX-License-Identifier: MIT */
#include "apic_bench.h"

static bool rdmsr(struct lapic *lapic, uint32_t index, uint64_t *value)
{
	return lapic_read_msr(lapic, index, value);
}

/*
 * The rights and reserved bits of each MSR, written down from the manual a second time: r, w, and
 * which bits of a write raise #GP.
 */
struct row {
	uint32_t first, last;
	bool r, w;
	uint64_t reserved;
};

static const struct row rows[] = {
	{ 0x802, 0x802, true, false, 0 },
	{ 0x803, 0x803, true, false, 0 },
	{ 0x808, 0x808, true, true, 0xffffffffffffff00 },
	{ 0x80a, 0x80a, true, false, 0 },
	{ 0x80b, 0x80b, false, true, 0xffffffffffffffff },
	{ 0x80d, 0x80d, true, false, 0 },
	{ 0x80f, 0x80f, true, true, 0xfffffffffffffc00 },
	{ 0x810, 0x827, true, false, 0 },
	{ 0x828, 0x828, true, true, 0xffffffffffffffff },
	{ 0x830, 0x830, true, true, 0x00000000fff32000 },
	{ 0x832, 0x832, true, true, 0xfffffffffff8ef00 },
	{ 0x833, 0x834, true, true, 0xfffffffffffee800 },
	{ 0x835, 0x836, true, true, 0xfffffffffffe0800 },
	{ 0x837, 0x837, true, true, 0xfffffffffffeef00 },
	{ 0x838, 0x838, true, true, 0xffffffff00000000 },
	{ 0x839, 0x839, true, false, 0 },
	{ 0x83e, 0x83e, true, true, 0xfffffffffffffff4 },
	{ 0x83f, 0x83f, false, true, 0xffffffffffffff00 },
};

static struct row row_of(uint32_t index)
{
	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (index >= rows[i].first && index <= rows[i].last)
			return rows[i];
	return (struct row){ index, index, false, false, 0 };
}

static void test_matrix(void **state)
{
	static struct apic_bench b;
	struct lapic *lapic = &b.cpu[0].lapic;

	(void)state;
	bench_setup(&b);
	enable(&b);
	to_x2apic(&b, 0);
	for (uint32_t index = 0x800; index <= 0x8ff; index++) {
		struct row row = row_of(index);
		uint64_t value = 0;

		assert_true(lapic_has_msr(lapic, index));
		assert_int_equal(rdmsr(lapic, index, &value), row.r);
		if (row.r && index != 0x830)
			assert_int_equal(value >> 32, 0);
		assert_int_equal(lapic_write_msr(lapic, index, 0), row.w);
		for (unsigned bit = 0; bit < 64; bit++)
			assert_int_equal(lapic_write_msr(lapic, index, 1ull << bit),
					 row.w && !(row.reserved >> bit & 1));
	}
}

static void test_refused_writes_change_nothing(void **state)
{
	static struct apic_bench b;
	static struct lapic_state before;
	struct lapic *lapic = &b.cpu[0].lapic;

	(void)state;
	bench_setup(&b);
	enable(&b);
	to_x2apic(&b, 0);
	before = lapic->state;
	for (uint32_t index = 0x800; index <= 0x8ff; index++) {
		struct row row = row_of(index);

		if (!row.w || row.reserved)
			assert_false(
				lapic_write_msr(lapic, index, row.w ? row.reserved : UINT64_MAX));
	}
	assert_memory_equal(&before, &lapic->state, sizeof(before));
}

static void test_only_in_x2apic_mode(void **state)
{
	static struct apic_bench b;
	struct lapic *lapic = &b.cpu[0].lapic;
	uint64_t value;

	(void)state;
	bench_setup(&b);
	for (unsigned off = 0; off < 2; off++) {
		for (uint32_t index = 0x800; index <= 0x8ff; index++) {
			assert_false(rdmsr(lapic, index, &value));
			assert_false(lapic_write_msr(lapic, index, 0));
		}
		assert_true(lapic_write_msr(lapic, 0x1b, 0xfee00100)); /* and disabled */
	}
	assert_false(lapic_has_msr(lapic, 0x7ff));
	assert_false(lapic_has_msr(lapic, 0x900));
	assert_false(rdmsr(lapic, 0x900, &value));
	assert_false(lapic_write_msr(lapic, 0x10, 0));
}

/* From each mode to each. SDM Vol 3A "x2APIC State Transitions" */
static void test_transitions(void **state)
{
	static const uint64_t mode[4] = { 0x000, 0x800, 0xc00, 0x400 };
	static const bool allowed[3][4] = {
		{ true, true, false, false },
		{ true, true, true, false },
		{ true, false, true, false },
	};
	static struct apic_bench b;
	struct lapic *lapic = &b.cpu[0].lapic;
	uint64_t value;

	(void)state;
	for (unsigned from = 0; from < 3; from++) {
		for (unsigned to = 0; to < 4; to++) {
			bench_setup(&b);
			if (from != 1)
				assert_true(lapic_write_msr(lapic, 0x1b, 0xfee00100 | mode[from]));
			assert_int_equal(lapic_write_msr(lapic, 0x1b, 0xfee00100 | mode[to]),
					 allowed[from][to]);
			assert_true(rdmsr(lapic, 0x1b, &value));
			assert_int_equal(value, 0xfee00100 | mode[allowed[from][to] ? to : from]);
			assert_int_equal(lapic_enabled(lapic), (value & 0x800) != 0);
		}
	}
	bench_setup(&b);
	lapic->config.x2apic = false;
	assert_false(lapic_write_msr(lapic, 0x1b, 0xfee00d00));
}

static void test_base_bits(void **state)
{
	static struct apic_bench b;
	struct lapic *lapic = &b.cpu[0].lapic;

	(void)state;
	bench_setup(&b);
	for (unsigned bit = 0; bit < 64; bit++) {
		bool reserved = bit < 8 || bit == 9 || bit >= 46;

		if (bit == 10 || bit == 11)
			continue;
		assert_int_equal(lapic_write_msr(lapic, 0x1b, 0xfee00800 | 1ull << bit), !reserved);
	}
	assert_true(lapic_write_msr(lapic, 0x1b, 0xfed40900));
	assert_int_equal(b.cpu[0].base_after, 0xfed40900);
	assert_int_equal(xread(&b, 0, 0x30), 0x50014);
}

/* What kvm-unit-tests' apic disable test looks at. */
static void test_disable_and_enable(void **state)
{
	static struct apic_bench b;
	struct lapic *lapic = &b.cpu[1].lapic;

	(void)state;
	bench_setup(&b);
	enable(&b);
	xwrite(&b, 1, 0x020, 0x09000000);
	send_ipi(&b, 0, 0x4041, 9);
	assert_true(b.cpu[1].interrupt);
	assert_true(lapic_write_msr(lapic, 0x1b, 0xfee00000));
	assert_false(b.cpu[1].interrupt);
	assert_int_equal(b.cpu[1].base_before, 0xfee00800);
	assert_int_equal(b.cpu[1].base_after, 0xfee00000);
	for (uint32_t offset = 0; offset < 0x1000; offset += 4)
		xwrite(&b, 1, offset, 0xffffffff);
	assert_int_equal(xread(&b, 1, 0x030), 0xffffffff);
	assert_int_equal(lapic_read_cr8(lapic), 0);
	lapic_write_cr8(lapic, 0xf);
	assert_int_equal(lapic_read_cr8(lapic), 0xf);
	assert_int_equal(xread(&b, 1, 0x080), 0xffffffff);
	lapic_write_cr8(lapic, 0x3);
	send_ipi(&b, 0, 0x4500, 1); /* nobody there */
	assert_int_equal(b.cpu[1].inits, 0);
	assert_true(lapic_write_msr(lapic, 0x1b, 0xfee00800));
	assert_int_equal(xread(&b, 1, 0x030), 0x50014);
	assert_int_equal(xread(&b, 1, 0x020), 0x01000000); /* the initial ID again */
	assert_int_equal(xread(&b, 1, 0x080), 0x30);
	assert_int_equal(xread(&b, 1, 0x0f0), 0xff);
	to_x2apic(&b, 1);
	assert_int_equal(xread(&b, 1, 0x030), 0xffffffff);
	xwrite(&b, 1, 0x080, 0);
	assert_int_equal(lapic_read_cr8(lapic), 3);
}

static void test_registers(void **state)
{
	static struct apic_bench b;
	struct lapic *lapic = &b.cpu[3].lapic;
	uint64_t value;

	(void)state;
	bench_setup(&b);
	enable(&b);
	lapic->config.id = 0x123;
	xwrite(&b, 3, 0x020, 0x55000000);
	to_x2apic(&b, 3);
	assert_true(rdmsr(lapic, 0x802, &value));
	assert_int_equal(value, 0x123); /* all 32 bits of the initial ID */
	assert_true(rdmsr(lapic, 0x80d, &value));
	assert_int_equal(value, 0x120008);
	assert_true(rdmsr(lapic, 0x80f, &value));
	assert_int_equal(value, 0x1ff); /* kept from xAPIC mode */
	assert_true(lapic_write_msr(lapic, 0x808, 0xa5));
	assert_true(rdmsr(lapic, 0x80a, &value));
	assert_int_equal(value, 0xa5);
	assert_true(lapic_write_msr(lapic, 0x830, 0x0000000700005061));
	assert_true(rdmsr(lapic, 0x830, &value));
	assert_int_equal(value, 0x0000000700004061);
	lapic_init_signal(lapic);
	assert_true(rdmsr(lapic, 0x80d, &value)); /* INIT leaves the mode alone */
	assert_int_equal(value, 0x120008);
}

static void test_destinations(void **state)
{
	static struct apic_bench b;
	struct lapic *lapic = &b.cpu[0].lapic;

	(void)state;
	bench_setup(&b);
	enable(&b);
	b.cpu[3].lapic.config.id = 0x102;
	for (unsigned i = 0; i < BENCH_CPUS; i++)
		to_x2apic(&b, i);
	assert_true(lapic_write_msr(lapic, 0x830, 0x00000102000040f1));
	assert_int_equal(take_requests(&b, 0xf1), 0x8);
	assert_true(lapic_write_msr(lapic, 0x830, 0x00000002000040f1));
	assert_int_equal(take_requests(&b, 0xf1), 0x4);
	assert_true(lapic_write_msr(lapic, 0x830, 0x000000ff000040f1)); /* no broadcast here */
	assert_int_equal(take_requests(&b, 0xf1), 0x0);
	assert_true(lapic_write_msr(lapic, 0x830, 0xffffffff000040f1));
	assert_int_equal(take_requests(&b, 0xf1), 0xf);
	assert_true(lapic_write_msr(lapic, 0x830, 0xffffffff000048f1));
	assert_int_equal(take_requests(&b, 0xf1), 0xf);
	assert_true(lapic_write_msr(lapic, 0x830, 0x00000005000048f1)); /* cluster 0: 0 and 2 */
	assert_int_equal(take_requests(&b, 0xf1), 0x5);
	assert_true(lapic_write_msr(lapic, 0x830, 0x00100004000048f1)); /* cluster 10H */
	assert_int_equal(take_requests(&b, 0xf1), 0x8);
	assert_true(lapic_write_msr(lapic, 0x830, 0x00000000000c40f1));
	assert_int_equal(take_requests(&b, 0xf1), 0xe);
	assert_true(lapic_write_msr(lapic, 0x83f, 0xf1));
	assert_int_equal(take_requests(&b, 0xf1), 0x1);
}

static void test_errors(void **state)
{
	static struct apic_bench b;
	struct lapic *lapic = &b.cpu[0].lapic;
	uint64_t value;

	(void)state;
	bench_setup(&b);
	enable(&b);
	to_x2apic(&b, 0);
	assert_false(rdmsr(lapic, 0x80e, &value)); /* #GP, and no error in ESR */
	assert_true(lapic_write_msr(lapic, 0x828, 0));
	assert_true(rdmsr(lapic, 0x828, &value));
	assert_int_equal(value, 0);
	assert_true(lapic_write_msr(lapic, 0x83f, 0x0f));
	assert_true(lapic_write_msr(lapic, 0x828, 0));
	assert_true(rdmsr(lapic, 0x828, &value));
	assert_int_equal(value, 0x60); /* sent and received by itself */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_matrix),
		cmocka_unit_test(test_refused_writes_change_nothing),
		cmocka_unit_test(test_only_in_x2apic_mode),
		cmocka_unit_test(test_transitions),
		cmocka_unit_test(test_base_bits),
		cmocka_unit_test(test_disable_and_enable),
		cmocka_unit_test(test_registers),
		cmocka_unit_test(test_destinations),
		cmocka_unit_test(test_errors),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
