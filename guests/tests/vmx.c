// SPDX-License-Identifier: MIT
/*
 * A hypervisor and its guest: VMX instructions and their failures, instructions that exit with all
 * that the exit says, exceptions, injection, EPT violations of each stage. SDM vol. 3 "VM Exits",
 * "VM Entries", "VMX Instruction Reference".
 */
#include "vmx.h"

enum {
	REASON_EXCEPTION = 0,
	REASON_TRIPLE = 2,
	REASON_CPUID = 10,
	REASON_HLT = 12,
	REASON_INVLPG = 14,
	REASON_RDTSC = 16,
	REASON_VMCALL = 18,
	REASON_CR = 28,
	REASON_DR = 29,
	REASON_IO = 30,
	REASON_RDMSR = 31,
	REASON_WRMSR = 32,
	REASON_MTF = 37,
	REASON_PAUSE = 40,
	REASON_TABLES = 46,
	REASON_TASK = 47,
	REASON_EPT = 48,
	REASON_EPT_MISCONFIG = 49,
	REASON_XSETBV = 55,
	REASON_RDRAND = 57,
};

#define ENTRY_FAILURE 0x80000000u

CODE(do_vmcall, "vmcall; nop; vmcall");
CODE(do_cpuid, "cpuid");
CODE(do_hlt, "hlt");
CODE(do_invlpg, "invlpg 0x1234(%rax,%rcx,4)");
CODE(do_rdtsc, "rdtsc");
CODE(write_cr0_code, "mov %rbx, %cr0");
CODE(write_cr3_code, "mov %r9, %cr3");
CODE(read_cr3_code, "mov %cr3, %r10");
CODE(do_clts, "clts");
CODE(do_lmsw, "lmsw %ax");
CODE(write_cr8_code, "mov %rcx, %cr8");
CODE(write_dr7_code, "mov %r11, %dr7");
CODE(do_in, "in $0x71, %al");
CODE(do_out, "out %eax, (%dx)");
CODE(do_rep_outs, "rep outsw");
CODE(do_rdmsr, "rdmsr");
CODE(do_wrmsr, "wrmsr");
CODE(do_pause, "pause");
CODE(do_sgdt, "sgdt 0x40(%rbx,%r9,2)");
CODE(do_lidt_fs, "lidt %fs:0x10(%rax)");
CODE(do_str, "str %r12d");
CODE(do_xsetbv, "xsetbv");
CODE(do_rdrand, "rdrand %r13");
CODE(do_vmread, "vmread %r8, %rdx");
CODE(do_vmptrld, "vmptrld 0x20(%rsi)");
CODE(do_ud, "ud2");
CODE(do_read, "mov (%rax), %rcx");
CODE(do_write, "mov %rcx, (%rax)");
CODE(do_call, "call *%rax");
CODE(do_int3, "int3");
CODE(do_nop, "nop; nop");

static u8 page_data[8192] __attribute__((aligned(4096)));

struct exit_case {
	const char *name;
	code_t *code;
	u32 primary, secondary;
	u32 reason, length;
	u64 qualification;
	u64 instruction;
	u64 defined; /* bits of it */
};

/* SDM vol. 3 "Information for VM Exits Due to Instruction Execution" */
static void instructions(void)
{
	static const struct exit_case cases[] = {
		{ "VMCALL", do_vmcall, 0, 0, REASON_VMCALL, 3, 0, 0, 0 },
		{ "CPUID", do_cpuid, 0, 0, REASON_CPUID, 2, 0, 0, 0 },
		{ "HLT", do_hlt, PRIMARY_HLT, 0, REASON_HLT, 1, 0, 0, 0 },
		{ "INVLPG", do_invlpg, PRIMARY_INVLPG, 0, REASON_INVLPG, 8, 0x1234 + 0xa0 + 4 * 0xc,
		  ANY, 0 },
		{ "RDTSC", do_rdtsc, PRIMARY_RDTSC, 0, REASON_RDTSC, 2, 0, 0, 0 },
		{ "MOV to CR3", write_cr3_code, PRIMARY_CR3_LOAD, 0, REASON_CR, 4, 0x903, 0, 0 },
		{ "MOV from CR3", read_cr3_code, PRIMARY_CR3_STORE, 0, REASON_CR, 4, 0xa13, 0, 0 },
		{ "MOV to CR8", write_cr8_code, PRIMARY_CR8_LOAD, 0, REASON_CR, 4, 0x108, 0, 0 },
		{ "MOV to DR7", write_dr7_code, PRIMARY_MOV_DR, 0, REASON_DR, 4, 0xb07, 0, 0 },
		{ "IN", do_in, PRIMARY_IO, 0, REASON_IO, 2, 0x710048, 0, 0 },
		{ "OUT", do_out, PRIMARY_IO, 0, REASON_IO, 1, 0x2400003, 0, 0 },
		{ "REP OUTSW", do_rep_outs, PRIMARY_IO, 0, REASON_IO, 3, 0x2400031, 0x18100,
		  0x38380 },
		{ "RDMSR", do_rdmsr, 0, 0, REASON_RDMSR, 2, 0, 0, 0 },
		{ "WRMSR", do_wrmsr, 0, 0, REASON_WRMSR, 2, 0, 0, 0 },
		{ "PAUSE", do_pause, PRIMARY_PAUSE, 0, REASON_PAUSE, 2, 0, 0, 0 },
		{ "SGDT", do_sgdt, 0, SECONDARY_TABLES, REASON_TABLES, 6, 0x40, 0x1a58101,
		  ~(1ull << 11) },
		{ "LIDT", do_lidt_fs, 0, SECONDARY_TABLES, REASON_TABLES, 5, 0x10, 0x30420100,
		  ~(1ull << 11) },
		{ "STR", do_str, 0, SECONDARY_TABLES, REASON_TASK, 4, 0, 0x10000460, ANY },
		{ "XSETBV", do_xsetbv, 0, 0, REASON_XSETBV, 3, 0, 0, 0 },
		{ "RDRAND", do_rdrand, 0, SECONDARY_RDRAND, REASON_RDRAND, 4, 0, 0x1068, 0x1878 },
		{ "VMREAD", do_vmread, 0, 0, 23, 4, 0, 0x80000410, ANY },
		{ "VMPTRLD", do_vmptrld, 0, 0, 21, 4, 0x20, 0x3418100, ANY },
	};

	section("instructions that exit");
	for (u32 i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct exit_case *c = &cases[i];
		struct regs r = { .ax = 0xa0, .bx = 0xb0, .cx = 0xc, .dx = 0x240, .si = 0x51 };

		vmx_new(c->code, c->secondary);
		vmx_primary(c->primary);
		vmx_set(VMCS_GUEST_CR4, read_cr4() | 1 << 18); /* OSXSAVE, for XSETBV */
		CHECK_NAMED(c->name, vmx_enter(&r), VM_SUCCEED);
		CHECK_NAMED(c->name, vmx_get(VMCS_REASON), c->reason);
		CHECK_NAMED(c->name, vmx_get(VMCS_LENGTH), c->length);
		CHECK_NAMED(c->name, vmx_get(VMCS_QUALIFICATION), c->qualification);
		CHECK_NAMED(c->name, vmx_get(VMCS_GUEST_RIP), (u64)c->code);
		CHECK_NAMED(c->name, vmx_get(VMCS_EXIT_INFO) >> 31, 0);
		CHECK_NAMED(c->name, vmx_get(VMCS_IDT_INFO) >> 31, 0);
		if (c->defined)
			CHECK_NAMED(c->name, vmx_get(VMCS_INSTRUCTION) & c->defined,
				    c->instruction);
	}
}

/* Masks and shadows. SDM vol. 3 "Guest/Host Masks and Read Shadows for CR0 and CR4" */
static void control_registers(void)
{
	struct regs r = { .bx = read_cr0() | 8 };

	section("CR0 behind a mask");
	vmx_new(write_cr0_code, 0);
	vmx_set(VMCS_CR0_MASK, 8);
	vmx_set(VMCS_CR0_SHADOW, 0);
	CHECK(vmx_enter(&r), VM_SUCCEED);
	CHECK(vmx_get(VMCS_REASON), REASON_CR);
	CHECK(vmx_get(VMCS_QUALIFICATION), 0x300);
	vmx_new(do_clts, 0);
	vmx_set(VMCS_CR0_MASK, 8);
	vmx_set(VMCS_CR0_SHADOW, 8);
	CHECK(vmx_enter(&r), VM_SUCCEED);
	CHECK(vmx_get(VMCS_REASON), REASON_CR);
	CHECK(vmx_get(VMCS_QUALIFICATION), 0x20);
	vmx_new(do_lmsw, 0);
	vmx_set(VMCS_CR0_MASK, 4);
	vmx_set(VMCS_CR0_SHADOW, 0);
	r.ax = 0x5;
	CHECK(vmx_enter(&r), VM_SUCCEED);
	CHECK(vmx_get(VMCS_REASON), REASON_CR);
	CHECK(vmx_get(VMCS_QUALIFICATION), 0x50030);
}

static void failures(void)
{
	u64 region = (u64)vmx_region(), value;

	section("VMX instructions that fail");
	vmx_new(do_vmcall, 0);
	CHECK(vmx_clear(region + 8), VM_FAIL_VALID);
	CHECK(vmx_get(VMCS_ERROR), 2);
	CHECK(vmx_load(region + 1), VM_FAIL_VALID);
	CHECK(vmx_get(VMCS_ERROR), 9);
	*(u32 *)region ^= 1;
	CHECK(vmx_load(region), VM_FAIL_VALID);
	CHECK(vmx_get(VMCS_ERROR), 11);
	CHECK(vmx_read(0x6fff, &value), VM_FAIL_VALID);
	CHECK(vmx_get(VMCS_ERROR), 12);
	vmx_set(VMCS_PIN, 0);
	CHECK(vmx_enter(&(struct regs){ 0 }), VM_FAIL_VALID);
	CHECK(vmx_get(VMCS_ERROR), 7);
	vmx_new(do_vmcall, 0);
	vmx_set(VMCS_HOST_CR4, 0);
	CHECK(vmx_enter(&(struct regs){ 0 }), VM_FAIL_VALID);
	CHECK(vmx_get(VMCS_ERROR), 8);
	vmx_new(do_vmcall, 0);
	vmx_set(VMCS_GUEST_RFLAGS, 0);
	CHECK(vmx_enter(&(struct regs){ 0 }), VM_SUCCEED);
	CHECK(vmx_get(VMCS_REASON), ENTRY_FAILURE | 33u);
	CHECK(vmx_get(VMCS_QUALIFICATION), 0);
	vmx_new(do_vmcall, 0);
	vmx_set(VMCS_LINK, 0x123);
	CHECK(vmx_enter(&(struct regs){ 0 }), VM_SUCCEED);
	CHECK(vmx_get(VMCS_REASON), ENTRY_FAILURE | 33u);
	CHECK(vmx_get(VMCS_QUALIFICATION), 4);
}

static void exceptions(void)
{
	struct regs r = { .ax = 0x6fff1234238 };

	section("exceptions that exit");
	vmx_new(do_ud, 0);
	vmx_set(VMCS_EXCEPTIONS, 1 << VECTOR_UD);
	CHECK(vmx_enter(&r), VM_SUCCEED);
	CHECK(vmx_get(VMCS_REASON), REASON_EXCEPTION);
	CHECK(vmx_get(VMCS_EXIT_INFO), 0x80000306);
	CHECK(vmx_get(VMCS_GUEST_RFLAGS) & FLAG_RF, FLAG_RF);
	vmx_new(do_write, 0);
	vmx_set(VMCS_EXCEPTIONS, 1 << VECTOR_PF);
	CHECK(vmx_enter(&r), VM_SUCCEED);
	CHECK(vmx_get(VMCS_EXIT_INFO), 0x80000b0e);
	CHECK(vmx_get(VMCS_EXIT_ERROR), 2);
	CHECK(vmx_get(VMCS_QUALIFICATION), 0x6fff1234238);
	vmx_new(do_int3, 0);
	vmx_set(VMCS_EXCEPTIONS, 1 << VECTOR_BP);
	CHECK(vmx_enter(&r), VM_SUCCEED);
	CHECK(vmx_get(VMCS_EXIT_INFO), 0x80000603);
	CHECK(vmx_get(VMCS_LENGTH), 1);
	CHECK(vmx_get(VMCS_GUEST_RIP), (u64)do_int3);
}

/* An event that cannot be delivered: the exit says which one it was. */
static void injection(void)
{
	struct regs r = { 0 };

	section("injection");
	vmx_new(do_vmcall, 0);
	vmx_set(VMCS_ENTRY_INFO, 0x80000b0d); /* #GP with an error code */
	vmx_set(VMCS_ENTRY_ERROR, 0x1238);
	vmx_set(VMCS_GUEST_IDTR_LIMIT, 0);
	vmx_set(VMCS_EXCEPTIONS, 1 << VECTOR_GP);
	CHECK(vmx_enter(&r), VM_SUCCEED);
	CHECK(vmx_get(VMCS_REASON), REASON_EXCEPTION);
	CHECK(vmx_get(VMCS_EXIT_INFO), 0x80000b0d);
	CHECK(vmx_get(VMCS_EXIT_ERROR), 13 * 8 + 2 + 1);
	CHECK(vmx_get(VMCS_IDT_INFO), 0x80000b0d);
	CHECK(vmx_get(VMCS_IDT_ERROR), 0x1238);
	CHECK(vmx_get(VMCS_ENTRY_INFO) >> 31, 0);
	vmx_new(do_vmcall, 0);
	vmx_set(VMCS_ENTRY_INFO, 0x80000306);
	vmx_set(VMCS_GUEST_IDTR_LIMIT, 0);
	CHECK(vmx_enter(&r), VM_SUCCEED);
	CHECK(vmx_get(VMCS_REASON), REASON_TRIPLE);
	CHECK(vmx_get(VMCS_IDT_INFO) >> 31, 0);
	vmx_new(do_nop, 0);
	vmx_primary(PRIMARY_MTF);
	CHECK(vmx_enter(&r), VM_SUCCEED);
	CHECK(vmx_get(VMCS_REASON), REASON_MTF);
	CHECK(vmx_get(VMCS_GUEST_RIP), (u64)do_nop + 1);
	CHECK(vmx_enter(&r), VM_SUCCEED);
	CHECK(vmx_get(VMCS_GUEST_RIP), (u64)do_nop + 2);
}

/* What an EPT violation must say: bits 0..8 of the qualification, and both addresses. */
static void ept_case(const char *name, code_t *code, u64 address, u64 page, u64 rights,
		     u64 qualification)
{
	struct regs r = { .ax = address };
	u64 root;

	vmx_new(code, SECONDARY_EPT);
	root = vmx_get(VMCS_EPTP) & ~0xfffull;
	*ept_page(root, page) = (page & ~0xfffull) | EPT_WB | rights;
	CHECK_NAMED(name, vmx_enter(&r), VM_SUCCEED);
	CHECK_NAMED(name, vmx_get(VMCS_REASON), REASON_EPT);
	CHECK_NAMED(name, vmx_get(VMCS_QUALIFICATION) & 0x1ff, qualification);
	CHECK_NAMED(name, vmx_get(VMCS_GPA), page);
	CHECK_NAMED(name, vmx_get(VMCS_GLA), address);
	CHECK_NAMED(name, vmx_get(VMCS_GUEST_RIP), code == do_call ? address : (u64)code);
}

static void ept_violations(void)
{
	u64 data = (u64)page_data + 0x238;

	section("EPT violations");
	ept_case("read, not present", do_read, data, data, 0, 0x181);
	ept_case("write, not present", do_write, data, data, 0, 0x182);
	ept_case("write, read-only", do_write, data, data, 1, 0x18a);
	ept_case("read, execute-only", do_read, data, data, 4, 0x1a1);
	ept_case("fetch, no execute", do_call, data, data, 3, 0x19c);
}

/* One stage earlier: the guest-physical address is that of an entry, at an index that is not 0. */
static void ept_table(void)
{
	u64 root = (u64)page_new(), linear = 0x8040607238ull;
	u64 *old = (u64 *)read_cr3(), *leaf;
	struct regs r = { .ax = linear };
	u64 ept, *entry_page;

	section("EPT violations by guest paging structures");
	memcpy((void *)root, (void *)((u64)old & ~0xfffull), 4096);
	((u64 *)root)[1] = 0;
	leaf = map(root, linear & ~0xfffull, ((u64)page_data) | PTE_P | PTE_W, 1);
	for (int ad = 0; ad < 2; ad++) {
		vmx_new(do_write, SECONDARY_EPT);
		vmx_set(VMCS_GUEST_CR3, root);
		ept = vmx_get(VMCS_EPTP);
		if (ad)
			vmx_set(VMCS_EPTP, ept | 1 << 6);
		entry_page = ept_page(ept & ~0xfffull, (u64)leaf);
		*entry_page = ((u64)leaf & ~0xfffull) | EPT_WB | 4;
		CHECK(vmx_enter(&r), VM_SUCCEED);
		CHECK(vmx_get(VMCS_REASON), REASON_EPT);
		/* With A/D flags the read of an entry counts as a write as well. */
		CHECK(vmx_get(VMCS_QUALIFICATION) & 0x1ff, ad ? 0xa3 : 0xa1);
		CHECK(vmx_get(VMCS_GPA), (u64)leaf);
		CHECK(vmx_get(VMCS_GLA), linear);
		*entry_page = ((u64)leaf & ~0xfffull) | EPT_WB | 6;
		CHECK(vmx_enter(&r), VM_SUCCEED);
		CHECK(vmx_get(VMCS_REASON), REASON_EPT_MISCONFIG);
		CHECK(vmx_get(VMCS_GPA), (u64)leaf);
	}
}

/* The guest's IDT is out of reach: the event is told. SDM vol. 3 "VM Exits That Occur During ..."
 */
static void ept_delivery(void)
{
	struct regs r = { 0 };
	u64 root, idt;

	section("EPT violation during delivery");
	vmx_new(do_ud, SECONDARY_EPT);
	root = vmx_get(VMCS_EPTP) & ~0xfffull;
	idt = vmx_get(VMCS_GUEST_IDTR_BASE) + 16 * VECTOR_UD;
	*ept_page(root, idt) = 0;
	CHECK(vmx_enter(&r), VM_SUCCEED);
	CHECK(vmx_get(VMCS_REASON), REASON_EPT);
	CHECK(vmx_get(VMCS_QUALIFICATION) & 0x1ff, 0x181);
	CHECK(vmx_get(VMCS_GPA), idt);
	CHECK(vmx_get(VMCS_GLA), idt);
	CHECK(vmx_get(VMCS_IDT_INFO), 0x80000306);
	CHECK(vmx_get(VMCS_GUEST_RIP), (u64)do_ud);
	CHECK(vmx_get(VMCS_EXIT_INFO) >> 31, 0);
}

int main(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	section("VMXON");
	if (!CHECK(vmx_on(), true))
		return 1;
	failures();
	instructions();
	control_registers();
	exceptions();
	injection();
	ept_violations();
	ept_table();
	ept_delivery();
	return 0;
}
