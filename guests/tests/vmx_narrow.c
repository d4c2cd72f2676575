// SPDX-License-Identifier: MIT
/*
 * What the VMX capability MSRs say is so: each capability that is there works, and what is not is
 * refused as the manual says. To be run with every capability turned off in its turn.
 * SDM vol. 3 "VMX Capability Reporting Facility"
 */
#include "vmx.h"

enum {
	MSR_BASIC = 0x480,
	MSR_MISC = 0x485,
	MSR_SECONDARY = 0x48b,
	MSR_EPT_VPID = 0x48c,
	MSR_VMFUNC = 0x491,
	REASON_IO = 30,
	REASON_VMCALL = 18,
	REASON_EPT = 48,
	REASON_EPT_MISCONFIG = 49,
	REASON_VMFUNC = 59,
	VMCS_VMFUNC = 0x2018,
	VMCS_EPTP_LIST = 0x2024,
	ERROR_CONTROL = 7,
	ERROR_READ_ONLY = 13,
	SECONDARY_VMFUNC = 1 << 13,
};
#define ENTRY_FAILURE_GUEST 0x80000021u

CODE(do_vmcall, "vmcall");
CODE(do_outs, "rep outsb");
CODE(do_read, "mov (%rax), %rcx; vmcall");
CODE(do_vmfunc, "vmfunc; vmcall");
CODE(do_invept, "invept (%rax), %rcx");
CODE(do_invvpid, "invvpid (%rax), %rcx");

static u8 page_data[4096] __attribute__((aligned(4096)));
static u64 basic, misc, secondary, cap;

static bool allowed(u32 control)
{
	return secondary >> 32 & control;
}

/* Enters as it is: the exit reason, or the VM-instruction error with bit 63. */
static u64 outcome(struct regs *r)
{
	int result = vmx_enter(r);

	return result == VM_SUCCEED ? vmx_get(VMCS_REASON) : vmx_get(VMCS_ERROR) | 1ull << 63;
}
#define REFUSED (1ull << 63 | ERROR_CONTROL)

static void miscellaneous(void)
{
	struct regs r = { .cx = 1, .si = (u64)page_data, .dx = 0x80 };

	section("basic and miscellaneous");
	vmx_new(do_vmcall, 0);
	CHECK(vmx_write(VMCS_REASON, 1), misc >> 29 & 1 ? VM_SUCCEED : VM_FAIL_VALID);
	if (!(misc >> 29 & 1))
		CHECK(vmx_get(VMCS_ERROR), ERROR_READ_ONLY);
	vmx_new(do_vmcall, 0);
	vmx_set(VMCS_ENTRY_INFO, 0x80000480); /* INT 80H */
	vmx_set(VMCS_ENTRY_LENGTH, 0);
	vmx_set(VMCS_GUEST_IDTR_LIMIT, 0);
	vmx_set(VMCS_EXCEPTIONS, ~0u);
	CHECK(outcome(&r), misc >> 30 & 1 ? 0 : REFUSED);
	for (u64 activity = 1; activity <= 3; activity++) {
		vmx_new(do_vmcall, 0);
		vmx_set(VMCS_ACTIVITY, activity);
		if (!(misc >> (5 + activity) & 1))
			CHECK(outcome(&r), ENTRY_FAILURE_GUEST);
	}
	if (!(vmx_may_be_1(VMCS_PRIMARY) & PRIMARY_IO))
		return;
	vmx_new(do_outs, 0);
	vmx_primary(PRIMARY_IO);
	CHECK(outcome(&r), REASON_IO);
	CHECK(vmx_get(VMCS_GLA), (u64)page_data);
	CHECK(vmx_get(VMCS_INSTRUCTION), basic >> 54 & 1 ? 2 << 7 | 3 << 15 : 0);
}

/* Controls that are 1 by default; with the "true" MSRs some of them may be 0. */
static void default_controls(void)
{
	static const struct {
		u32 field, bit;
	} rows[] = { { VMCS_PRIMARY, 15 },
		     { VMCS_PRIMARY, 16 },
		     { VMCS_EXIT_CONTROLS, 2 },
		     { VMCS_ENTRY_CONTROLS, 2 } };

	section("controls that are 1 by default");
	for (u32 i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		u64 value;

		vmx_new(do_vmcall, 0);
		value = vmx_get(rows[i].field);
		vmx_set(rows[i].field, value & ~(1ull << rows[i].bit));
		CHECK(outcome(&(struct regs){ 0 }),
		      vmx_must_be_1(rows[i].field) >> rows[i].bit & 1 ? REFUSED : REASON_VMCALL);
	}
}

/* Every control that may not be 1 is refused; those that may are other tests' to use. */
static void refused_controls(void)
{
	static const u32 fields[] = { VMCS_PIN, VMCS_PRIMARY, VMCS_SECONDARY, VMCS_EXIT_CONTROLS,
				      VMCS_ENTRY_CONTROLS };
	bool has_secondary = vmx_may_be_1(VMCS_PRIMARY) >> 31 & 1;

	section("controls that may not be 1");
	for (u32 i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		if (fields[i] == VMCS_SECONDARY && !has_secondary)
			continue;
		for (u32 bit = 0; bit < 32; bit++) {
			if (vmx_may_be_1(fields[i]) >> bit & 1)
				continue;
			vmx_new(do_vmcall, 0);
			vmx_set(fields[i], vmx_get(fields[i]) | 1u << bit);
			CHECK_NAMED("control", outcome(&(struct regs){ 0 }), REFUSED);
		}
	}
}

/* With @eptp's low bits, and the page of page_data as @entry at @level. */
static u64 run_ept(code_t *code, u64 low_bits, int level, u64 entry)
{
	u64 root, *slot;

	vmx_new(code, SECONDARY_EPT);
	root = vmx_get(VMCS_EPTP) & ~0xfffull;
	vmx_set(VMCS_EPTP, root | low_bits);
	slot = ept_page(root, (u64)page_data);
	if (level == 2)
		slot = (u64 *)((((u64 *)(((u64 *)root)[0] & ~0xfffull))[0] & ~0xfffull)) +
		       ((u64)page_data >> 21 & 511);
	if (level == 3) /* the first GB but for its first 2 MB is not touched but by this */
		slot = (u64 *)(((u64 *)root)[0] & ~0xfffull) + 1;
	if (level)
		*slot = entry;
	return outcome(&(struct regs){ .ax = level == 3 ? 0x40000000 : (u64)page_data });
}

static void ept(void)
{
	u64 base = (u64)page_data, large = base & ~0x1fffffull;

	section("EPT");
	CHECK(run_ept(do_vmcall, 6 | 3 << 3, 0, 0),
	      cap >> 14 & 1 && cap >> 6 & 1 ? REASON_VMCALL : REFUSED);
	CHECK(run_ept(do_vmcall, 0 | 3 << 3, 0, 0),
	      cap >> 8 & 1 && cap >> 6 & 1 ? REASON_VMCALL : REFUSED);
	if (!(cap >> 7 & 1))
		CHECK(run_ept(do_vmcall, 6 | 4 << 3, 0, 0), REFUSED);
	if (!(cap >> 14 & 1) || !(cap >> 6 & 1) || !(cap >> 16 & 1))
		return;
	CHECK(run_ept(do_vmcall, 6 | 3 << 3 | 1 << 6, 0, 0),
	      cap >> 21 & 1 ? REASON_VMCALL : REFUSED);
	CHECK(run_ept(do_read, 6 | 3 << 3, 1, base | EPT_WB | 4),
	      cap & 1 ? REASON_EPT : REASON_EPT_MISCONFIG);
	CHECK(run_ept(do_read, 6 | 3 << 3, 2, large | EPT_WB | EPT_ALL | 1 << 7), REASON_VMCALL);
	CHECK(run_ept(do_read, 6 | 3 << 3, 3, 0x40000000 | EPT_WB | EPT_ALL | 1 << 7),
	      cap >> 17 & 1 ? REASON_VMCALL : REASON_EPT_MISCONFIG);
	CHECK(run_ept(do_read, 6 | 3 << 3, 1, 0), REASON_EPT);
	/* the guest's page is user-mode and writable; advanced information says so */
	CHECK(vmx_get(VMCS_QUALIFICATION) & 0xe00, cap >> 22 & 1 ? 0x600 : 0);
}

/* #UD without the instruction, VMfail without the type, and for an EPTP that could not be entered.
 */
static void invalidation(const char *name, code_t *code, bool exists, u64 types)
{
	bool usual = cap >> 6 & cap >> 14 & 1; /* 4 levels, write-back */

	for (u64 type = 0; type <= 4; type++) {
		u64 descriptor[2] = { 1, 0 };
		struct regs r = { .ax = (u64)descriptor, .cx = type };
		struct fault fault;

		vmx_new(do_vmcall, 0);
		if (exists && code == do_invept)
			descriptor[0] = ept_root() | 6 | 3 << 3;
		fault = run(code, &r);
		CHECK_NAMED(name, fault.vector, exists ? NO_FAULT : VECTOR_UD);
		if (exists)
			CHECK_NAMED(name, fault.flags & (FLAG_ZF | FLAG_CF),
				    types >> type & 1 && (type != 1 || code != do_invept || usual)
					    ? 0
					    : FLAG_ZF);
	}
}

static void functions(void)
{
	u64 *list = page_new();

	section("VM functions");
	vmx_new(do_vmfunc, SECONDARY_EPT | SECONDARY_VMFUNC);
	list[0] = vmx_get(VMCS_EPTP);
	CHECK(outcome(&(struct regs){ 0 }), REASON_VMFUNC);
	vmx_new(do_vmfunc, SECONDARY_EPT | SECONDARY_VMFUNC);
	vmx_set(VMCS_VMFUNC, 1);
	if (!(read_msr(MSR_VMFUNC) & 1)) {
		CHECK(outcome(&(struct regs){ 0 }), REFUSED);
		CHECK(vmx_write(VMCS_EPTP_LIST, 0), VM_FAIL_VALID);
		return;
	}
	vmx_set(VMCS_EPTP_LIST, (u64)list);
	CHECK(outcome(&(struct regs){ 0 }), REASON_VMCALL);
}

int main(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	if (!CHECK(vmx_on(), true))
		return 1;
	basic = read_msr(MSR_BASIC);
	misc = read_msr(MSR_MISC);
	if (vmx_may_be_1(VMCS_PRIMARY) >> 31)
		secondary = read_msr(MSR_SECONDARY);
	if (allowed(SECONDARY_EPT | SECONDARY_VPID))
		cap = read_msr(MSR_EPT_VPID);
	miscellaneous();
	default_controls();
	refused_controls();
	if (allowed(SECONDARY_EPT))
		ept();
	section("INVEPT and INVVPID");
	invalidation("INVEPT", do_invept, cap >> 20 & 1, cap >> 24 & 6);
	invalidation("INVVPID", do_invvpid, cap >> 32 & 1, cap >> 40 & 0xf);
	if (allowed(SECONDARY_VMFUNC) && allowed(SECONDARY_EPT) &&
	    cap >> 6 & cap >> 14 & cap >> 16 & 1)
		functions();
	return 0;
}
