/* SPDX-License-Identifier: MIT */
#include "world.h"

#include <stdlib.h>

#include "arch/exit_reasons.h"
#include "cpu/vmx.h"
#include "nested/nested.h"

/*
 * Exits that cannot be completed, with and without a hypervisor below: the indicator is in the
 * region, where other processors read it, and this one is in shutdown. SDM Vol 3C "VMX Aborts"
 */

#define REGION 0x40000u
#define LIST 0x41000u
#define TABLE 0x42000u
#define HOST_64 BIT(ARCH_EXIT_HOST_64BIT)
#define SYSENTER_CS 0x174u
#define UNKNOWN_MSR 0x12345678ull

static void guest(struct world *w)
{
	struct cpu *cpu = w->cpu;
	struct vmx_vmcs *v = &cpu->vmx.vmcs;

	cpu->vmx.operation = cpu->vmx.guest = true;
	cpu->vmx.current = REGION;
	v->exit_controls = HOST_64;
	v->host_cr0 = CR0_PE | CR0_NE | CR0_PG;
	v->host_cr3 = WORLD_PML4;
	v->host_cr4 = CR4_PAE | CR4_VMXE;
	v->host_cs_selector = 8;
	v->host_rip = 0x5000;
	mem_write(&w->memory, REGION, 4, VMX_REVISION);
	mem_write(&w->memory, REGION + VMX_REGION_ABORT, 4, 0);
}

static uint32_t indicator(struct world *w)
{
	return (uint32_t)mem_read(&w->memory, REGION + VMX_REGION_ABORT, 4);
}

static void leave(struct world *w)
{
	vmx_record(w->cpu, ARCH_EXIT_CPUID_REASON, 0);
	vmx_exit(w->cpu);
}

static void expect_abort(struct world *w, uint32_t why)
{
	leave(w);
	assert_int_equal(indicator(w), why);
	assert_int_equal(w->cpu->vmx.aborted, why);
	assert_int_equal(w->cpu->state.activity, ACTIVITY_SHUTDOWN);
	assert_false(w->cpu->vmx.guest);
	assert_false(w->cpu->fault.valid);
}

static void list(struct world *w, uint64_t *address, uint64_t *count)
{
	mem_write(&w->memory, LIST, 8, SYSENTER_CS);
	mem_write(&w->memory, LIST + 8, 8, 0x77);
	mem_write(&w->memory, LIST + 16, 8, UNKNOWN_MSR);
	*address = LIST;
	*count = 2;
}

static void test_completes(void **state)
{
	struct world *w = *state;

	guest(w);
	leave(w);
	assert_int_equal(indicator(w), 0);
	assert_int_equal(w->cpu->state.activity, ACTIVITY_ACTIVE);
	assert_int_equal(w->cpu->state.rip, 0x5000);
}

/* N27, N29 */
static void test_store_list(void **state)
{
	struct world *w = *state;

	guest(w);
	list(w, &w->cpu->vmx.vmcs.exit_msr_store_address, &w->cpu->vmx.vmcs.exit_msr_store_count);
	expect_abort(w, 1);
	assert_int_equal(w->cpu->vmx.vmcs.exit_reason, ARCH_EXIT_CPUID_REASON);
}

/* N26 */
static void test_load_list(void **state)
{
	struct world *w = *state;

	guest(w);
	list(w, &w->cpu->vmx.vmcs.exit_msr_load_address, &w->cpu->vmx.vmcs.exit_msr_load_count);
	expect_abort(w, 4);
	assert_int_equal(w->cpu->state.sysenter_cs, 0x77); /* the first of the two is loaded */
}

/* N28: PDPTEs of a host with PAE paging */
static void test_host_pdptes(void **state)
{
	struct world *w = *state;

	for (unsigned bad = 0; bad < 2; bad++) {
		guest(w);
		world_protected(w);
		w->cpu->vmx.vmcs.exit_controls = 0;
		w->cpu->vmx.vmcs.host_cr3 = TABLE;
		for (unsigned i = 0; i < 4; i++)
			mem_write(&w->memory, TABLE + 8 * i, 8, i == 2 && bad ? 0x1003 : 0x1001);
		if (bad) {
			expect_abort(w, 2);
			continue;
		}
		leave(w);
		assert_int_equal(indicator(w), 0);
		assert_int_equal(w->cpu->state.pdpte[3], 0x1001);
	}
}

static void test_host_size(void **state)
{
	struct world *w = *state;

	guest(w);
	w->cpu->vmx.vmcs.exit_controls = 0;
	expect_abort(w, 6);
}

/* The same with L0: vmcs12 is in force, and nothing is told to L0 after an abort. */
static void test_nested(void **state)
{
	struct world *w = *state;
	uint8_t *host = calloc(1, NESTED_MEMORY);
	static struct nested nested;

	assert_non_null(host);
	nested_init(&nested, w->cpu, NESTED_BASE, host);
	guest(w);
	list(w, &w->cpu->vmx.vmcs.exit_msr_store_address, &w->cpu->vmx.vmcs.exit_msr_store_count);
	expect_abort(w, 1);
	assert_false(w->cpu->vmx.hosted);
	w->cpu->state.activity = ACTIVITY_ACTIVE;
	guest(w);
	w->cpu->vmx.vmcs.exit_msr_store_count = 0;
	leave(w);
	assert_int_equal(indicator(w), 0);
	assert_true(w->cpu->vmx.hosted && w->cpu->vmx.level1);
	w->cpu->hypervisor = NULL;
	free(host);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_completes, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_store_list, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_load_list, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_host_pdptes, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_host_size, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_nested, world_setup, world_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
