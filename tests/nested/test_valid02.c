/* SPDX-License-Identifier: MIT */
#include "world.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "nested/nested.h"

/*
 * That L0 holds its vmcs02 to what a VM entry checks, and that this build of the library really
 * does. SDM Vol 3C "Checks on VMX Controls and Host-State Area"
 */

/* Of L0's memory, which no guest's MAXPHYADDR reaches; write-back, four levels. */
#define EPTP02 (NESTED_BASE | 0x1e)
#define CODE 0xa09bu
#define DATA 0xc093u
#define ABSENT 0x10000u
#define TSS 0x8bu

static void set_controls(struct cpu_vmx *vmx)
{
	const uint64_t *may = vmx->capabilities.controls;
	struct vmx_vmcs *v = &vmx->vmcs;

	v->pin_based_controls = (uint32_t)may[ARCH_GROUP_PIN];
	v->primary_controls = (uint32_t)may[ARCH_GROUP_PRIMARY] | BIT(ARCH_PRIMARY_SECONDARY) |
			      BIT(ARCH_PRIMARY_UNCONDITIONAL_IO);
	v->secondary_controls = BIT(ARCH_SECONDARY_EPT);
	v->exit_controls = (uint32_t)may[ARCH_GROUP_EXIT] | BIT(ARCH_EXIT_HOST_64BIT);
	v->entry_controls = (uint32_t)may[ARCH_GROUP_ENTRY] | BIT(ARCH_ENTRY_IA32E_GUEST);
	v->ept_pointer = EPTP02;
	v->vmcs_link_pointer = VMX_NO_POINTER;
}

/* 64-bit code in both, as L1 would have it. */
static void set_state(struct vmx_vmcs *v)
{
	v->host_cr0 = v->guest_cr0 = CR0_PE | CR0_NE | CR0_PG;
	v->host_cr3 = v->guest_cr3 = WORLD_PML4;
	v->host_cr4 = v->guest_cr4 = CR4_PAE | CR4_VMXE;
	v->host_cs_selector = v->guest_cs_selector = 8;
	v->host_tr_selector = v->guest_tr_selector = 16;
	v->host_ss_selector = 24;
	v->guest_cs_access_rights = CODE;
	v->guest_ss_access_rights = v->guest_ds_access_rights = v->guest_es_access_rights = DATA;
	v->guest_fs_access_rights = v->guest_gs_access_rights = DATA;
	v->guest_cs_limit = v->guest_ss_limit = v->guest_ds_limit = v->guest_es_limit = UINT32_MAX;
	v->guest_fs_limit = v->guest_gs_limit = UINT32_MAX;
	v->guest_ldtr_access_rights = ABSENT;
	v->guest_tr_access_rights = TSS;
	v->guest_tr_limit = 0x67;
	v->guest_rflags = 2;
	v->guest_dr7 = 0x400;
}

static struct cpu_vmx *vmcs02(struct world *w)
{
	struct cpu_vmx *vmx = &w->cpu->vmx;

	memset(&vmx->vmcs, 0, sizeof(vmx->vmcs));
	set_controls(vmx);
	set_state(&vmx->vmcs);
	return vmx;
}

#define EXPECT(vmx, id) assert_int_equal(nested_check02(vmx), VMX_CHECK_##id)

static void test_valid(void **state)
{
	struct cpu_vmx *vmx = vmcs02(*state);

	assert_int_equal(nested_check02(vmx), VMX_NR_CHECKS);
	assert_int_equal(vmx->capabilities.maxphyaddr, 46); /* which EPTP02 is beyond */
}

/* A control that L1 has not is L0's all the same. */
static void test_not_offered(void **state)
{
	struct world *w = world_new("-io-exiting");
	void *own = w;
	struct cpu_vmx *vmx = vmcs02(w);

	(void)state;
	assert_int_equal(vmx->capabilities.controls[ARCH_GROUP_PRIMARY] >>
					 (32 + ARCH_PRIMARY_UNCONDITIONAL_IO) &
				 1,
			 0);
	assert_int_equal(nested_check02(vmx), VMX_NR_CHECKS);
	vmx->vmcs.primary_controls |= BIT(ARCH_PRIMARY_TERTIARY);
	EXPECT(vmx, CTL_02);
	world_teardown(&own);
}

static void test_invalid(void **state)
{
	struct cpu_vmx *vmx = vmcs02(*state);
	struct vmx_vmcs good = vmx->vmcs, *v = &vmx->vmcs;

	v->pin_based_controls = 0;
	EXPECT(vmx, CTL_01);
	*v = good;
	v->ept_pointer |= 1u << 11; /* reserved */
	EXPECT(vmx, EXEC_23);
	*v = good;
	v->ept_pointer = BIT(52) | 0x1e; /* no processor has that */
	EXPECT(vmx, EXEC_23);
	*v = good;
	v->secondary_controls = BIT(ARCH_SECONDARY_PML);
	EXPECT(vmx, EXEC_24);
	*v = good;
	v->host_cr3 = BIT(52);
	EXPECT(vmx, HOST_04);
	*v = good;
	v->exit_controls &= ~BIT(ARCH_EXIT_HOST_64BIT);
	EXPECT(vmx, HOST_21);
	*v = good;
	v->guest_rflags = 0;
	EXPECT(vmx, RFL_01);
}

#define ABORTED 99

/* An emulator of user mode would say something of its own of a process that a signal ends. */
static void aborted(int number)
{
	(void)number;
	_exit(ABORTED);
}

/* What the program says that asserts it, and how it ends; the text is cut off at @size. */
static int assert_in_child(const struct cpu_vmx *vmx, char *said, size_t size)
{
	int ends[2], status;
	size_t have = 0;
	ssize_t got;
	pid_t child;

	assert_int_equal(pipe(ends), 0);
	child = fork();
	assert_int_not_equal(child, -1);
	if (child == 0) {
		signal(SIGABRT, aborted);
		dup2(ends[1], STDERR_FILENO);
		nested_assert02(vmx);
		_exit(0);
	}
	close(ends[1]);
	while (have < size - 1 && (got = read(ends[0], said + have, size - 1 - have)) > 0)
		have += (size_t)got;
	said[have] = 0;
	close(ends[0]);
	assert_int_equal(waitpid(child, &status, 0), child);
	return status;
}

static void test_asserted(void **state)
{
	struct cpu_vmx *vmx = vmcs02(*state);
	char said[512];
	int status = assert_in_child(vmx, said, sizeof(said));

	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
	assert_string_equal(said, "");
	vmx->vmcs.ept_pointer |= 1u << 11;
	status = assert_in_child(vmx, said, sizeof(said));
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), ABORTED);
	assert_string_equal(said, "undervisor: vmcs02 fails EXEC-23, bits 11:8 and those beyond "
				  "the physical-address width "
				  "must be 0\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_valid, world_setup, world_teardown),
		cmocka_unit_test(test_not_offered),
		cmocka_unit_test_setup_teardown(test_invalid, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_asserted, world_setup, world_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
