/* SPDX-License-Identifier: MIT */
#include "world.h"

#include "arch/exit_reasons.h"
#include "nested/nested.h"

/* Whose is an exit of vmcs02? SDM Vol 3C "VMX Non-Root Operation" */

#define BITMAP_A 0x10000u
#define BITMAP_B 0x11000u
#define NOWHERE 0x800000u /* beyond the world's memory */
#define ON(group, control) BIT(ARCH_##group##_##control)

struct question {
	struct vmx_exit exit;
	struct vmx_vmcs vmcs12;
	uint64_t gpr[NR_GPRS];
	bool code64;
	struct mem_space *memory;
};

static struct question ask(struct world *w, uint32_t reason, uint64_t qualification)
{
	return (struct question){
		.exit = { .reason = reason, .qualification = qualification },
		.code64 = true,
		.memory = &w->memory,
	};
}

static struct nested_question of(const struct question *q)
{
	return (struct nested_question){
		.exit = &q->exit,
		.vmcs12 = &q->vmcs12,
		.gpr = q->gpr,
		.code64 = q->code64,
		.memory = q->memory,
	};
}

static bool l1(const struct question *q)
{
	const struct nested_question n = of(q);

	return nested_l1_wants(&n);
}

/* EPT violations and misconfigurations are about EPT02; all else that exits is L1's or emulated. */
static void test_l0(void **state)
{
	struct world *w = *state;

	for (uint32_t reason = 0; reason < 80; reason++) {
		struct question q = ask(w, reason, ~0ull);
		const struct nested_question n = of(&q);

		assert_int_equal(nested_l0_wants(&n), reason == 48 || reason == 49);
	}
}

/* What vmcs02 has only from vmcs12 is L1's: I/O, MOV to CR and VMFUNC are looked at. */
static void test_l1_always(void **state)
{
	struct world *w = *state;

	for (uint32_t reason = 0; reason < 80; reason++) {
		struct question q = ask(w, reason, 0);

		if (reason == ARCH_EXIT_IO_INSTRUCTION_REASON ||
		    reason == ARCH_EXIT_CR_ACCESS_REASON || reason == ARCH_EXIT_VMFUNC_REASON)
			continue;
		assert_true(l1(&q));
	}
}

static bool io(struct world *w, uint64_t primary, unsigned port, unsigned size, unsigned extra)
{
	struct question q =
		ask(w, ARCH_EXIT_IO_INSTRUCTION_REASON, (uint64_t)port << 16 | (size - 1) | extra);

	q.vmcs12.primary_controls = primary;
	q.vmcs12.io_bitmap_a = BITMAP_A;
	q.vmcs12.io_bitmap_b = BITMAP_B;
	return l1(&q);
}

static void mark(struct world *w, unsigned port, unsigned value)
{
	uint64_t at = (port & 0x8000 ? BITMAP_B : BITMAP_A) + (port & 0x7fff) / 8;

	mem_write(&w->memory, at, 1, value << (port & 7));
}

/* N53..N56 */
static void test_io(void **state)
{
	static const unsigned ports[] = { 0, 0x80, 0x7fff, 0x8000, 0xfffc, 0xffff };
	struct world *w = *state;

	for (unsigned extra = 0; extra < 4; extra++) { /* direction, string */
		assert_false(io(w, 0, 0x80, 4, extra << 3));
		assert_true(io(w, ON(PRIMARY, UNCONDITIONAL_IO), 0x80, 4, extra << 3));
		assert_false(io(w, ON(PRIMARY, IO_BITMAPS), 0x80, 4, extra << 3));
		assert_false(io(w, ON(PRIMARY, IO_BITMAPS) | ON(PRIMARY, UNCONDITIONAL_IO), 0x80, 4,
				extra << 3));
	}
	for (unsigned i = 0; i < 6; i++)
		for (unsigned size = 1; size < 5; size += size)
			for (unsigned offset = 0; offset < 5; offset++) {
				bool wraps = ports[i] + size > 0x10000, hit = offset < size;

				if (ports[i] + offset > 0xffff)
					continue;
				mark(w, ports[i] + offset, 1);
				assert_int_equal(io(w, ON(PRIMARY, IO_BITMAPS), ports[i], size, 0),
						 hit || wraps);
				mark(w, ports[i] + offset, 0);
			}
}

static void test_io_without_bitmap(void **state)
{
	struct world *w = *state;
	struct question q = ask(w, ARCH_EXIT_IO_INSTRUCTION_REASON, 0x800000);

	q.vmcs12.primary_controls = ON(PRIMARY, IO_BITMAPS);
	q.vmcs12.io_bitmap_a = q.vmcs12.io_bitmap_b = NOWHERE;
	assert_true(l1(&q)); /* memory that is not there reads as ones */
}

/* N38..N44: @bits written, where @mask is L1's and @shadow what L2 is shown. */
static bool cr_write(struct world *w, unsigned number, unsigned gpr, uint64_t bits, uint64_t mask,
		     uint64_t shadow)
{
	struct question q = ask(w, ARCH_EXIT_CR_ACCESS_REASON, number | gpr << 8);

	q.gpr[gpr] = bits;
	q.vmcs12.cr0_guest_host_mask = number == 0 ? mask : ~mask;
	q.vmcs12.cr0_read_shadow = number == 0 ? shadow : ~bits;
	q.vmcs12.cr4_guest_host_mask = number == 4 ? mask : ~mask;
	q.vmcs12.cr4_read_shadow = number == 4 ? shadow : ~bits;
	return l1(&q);
}

static void test_cr0_cr4(void **state)
{
	struct world *w = *state;

	for (unsigned gpr = 0; gpr < 16; gpr++)
		for (unsigned number = 0; number < 5; number += 4)
			for (unsigned bits = 0; bits < 64; bits++) {
				uint64_t value = bits & 3, mask = bits >> 2 & 3, seen = bits >> 4;

				assert_int_equal(cr_write(w, number, gpr, value << 29, mask << 29,
							  seen << 29),
						 ((value ^ seen) & mask) != 0);
			}

	/* in other than 64-bit code, 32 bits are written */
	for (unsigned code64 = 0; code64 < 2; code64++) {
		struct question q = ask(w, ARCH_EXIT_CR_ACCESS_REASON, 4 | GPR_RAX << 8);

		q.code64 = code64;
		q.gpr[GPR_RAX] = BIT(40);
		q.vmcs12.cr4_guest_host_mask = ~0ull;
		assert_int_equal(l1(&q), code64);
	}
}

/* N45, N46 */
static void test_cr3_cr8(void **state)
{
	struct world *w = *state;
	struct question q = ask(w, ARCH_EXIT_CR_ACCESS_REASON, 3 | GPR_RBX << 8);

	q.gpr[GPR_RBX] = 0x3000;
	assert_false(l1(&q));
	q.vmcs12.primary_controls = ON(PRIMARY, CR3_LOAD);
	q.vmcs12.cr3_target_value_0 = 0x1000;
	q.vmcs12.cr3_target_value_1 = 0x2000;
	q.vmcs12.cr3_target_value_2 = 0x3000;
	for (unsigned count = 0; count < 5; count++) {
		q.vmcs12.cr3_target_count = count;
		assert_int_equal(l1(&q), count < 3);
	}
	q.exit.qualification = 3 | 1 << 4; /* reads exit only if vmcs12 has it so */
	assert_true(l1(&q));
	q.exit.qualification = 8;
	q.vmcs12.primary_controls = 0;
	assert_false(l1(&q));
	q.vmcs12.primary_controls = ON(PRIMARY, CR8_LOAD);
	assert_true(l1(&q));
}

static void test_clts_lmsw(void **state)
{
	struct world *w = *state;

	for (unsigned bits = 0; bits < 4; bits++) {
		struct question q = ask(w, ARCH_EXIT_CR_ACCESS_REASON, 2 << 4);

		q.vmcs12.cr0_guest_host_mask = bits & 1 ? CR0_TS : 0;
		q.vmcs12.cr0_read_shadow = bits & 2 ? CR0_TS : 0;
		assert_int_equal(l1(&q), bits == 3);
	}
	for (unsigned source = 0; source < 16; source++)
		for (unsigned mask = 0; mask < 16; mask++)
			for (unsigned seen = 0; seen < 16; seen++) {
				struct question q = ask(w, ARCH_EXIT_CR_ACCESS_REASON,
							(uint64_t)source << 16 | 3 << 4);
				bool sets_pe = mask & source & ~seen & 1;

				q.vmcs12.cr0_guest_host_mask = mask;
				q.vmcs12.cr0_read_shadow = seen;
				assert_int_equal(l1(&q),
						 ((source ^ seen) & mask & 14) != 0 || sets_pe);
			}
}

/* T39, N140: a function that is on is tried by L0, one that is not is L1's to see. */
static void test_vmfunc(void **state)
{
	struct world *w = *state;

	for (unsigned function = 0; function < 70; function++)
		for (unsigned on = 0; on < 2; on++) {
			struct question q = ask(w, ARCH_EXIT_VMFUNC_REASON, 0);

			q.gpr[GPR_RAX] = 0xffffffff00000000 | function;
			q.vmcs12.vm_function_controls = on && function < 64 ? BIT(function)
							: on		    ? ~0ull
									    : ~BIT(function & 63);
			assert_int_equal(l1(&q), function > 63 || !on);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_l0, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_l1_always, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_io, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_io_without_bitmap, world_setup,
						world_teardown),
		cmocka_unit_test_setup_teardown(test_cr0_cr4, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_cr3_cr8, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_clts_lmsw, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_vmfunc, world_setup, world_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
