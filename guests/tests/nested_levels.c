// SPDX-License-Identifier: MIT
/*
 * Levels of hypervisors: a program that runs guests and looks at each of their exits, first on the
 * processor, then in a hypervisor that offers it VMX (hv.c), then in two of them, one in the other.
 * It sees the same each time. (N141)
 */
#include "hv.h"
#include "l2.h"

CODE(g_sum, "xor %eax, %eax; 1: add %rcx, %rax; dec %rcx; jnz 1b; vmcall");
CODE(g_fib, "mov $1, %edx; 1: lea (%rax,%rdx), %rbx; mov %rdx, %rax; mov %rbx, %rdx; "
	    "dec %ecx; jnz 1b; vmcall");
CODE(g_cpuid, "cpuid; cpuid; vmcall");
CODE(g_load, "mov (%rax), %ecx; vmcall");
CODE(g_store, "mov %ecx, (%rax); vmcall");
CODE(g_outs, "outsb; vmcall");
CODE(g_jmp, "jmp *%rax");
CODE(g_ud, "ud2");
CODE(g_int, "int $0x41");
CODE(g_hlt, "hlt; vmcall");
CODE(g_vmxon, "vmxon (%rax)");
CODE(g_vmread, "vmread %rcx, %rdx");

#define LEAF (PTE_P | PTE_W | PTE_A | PTE_D)

static struct hv outer, inner;
static u8 on_region[4096] __attribute__((aligned(4096)));
static u64 log[64], expected[64];
static u32 logged;

static void note(u64 value)
{
	if (logged < 64)
		log[logged++] = value;
}

static u32 enter(struct regs *regs)
{
	int result = vmx_enter(regs);

	return result == VM_SUCCEED	 ? (u32)vmx_get(VMCS_REASON)
	       : result == VM_FAIL_VALID ? 0x10000u | (u32)vmx_get(VMCS_ERROR)
					 : 0x20000u;
}

static void arithmetic(void)
{
	struct regs r = { .cx = 1000 };

	vmx_new(g_sum, 0);
	CHECK(enter(&r), REASON_VMCALL);
	CHECK(r.ax, 500500);
	vmx_set(VMCS_GUEST_RIP, (u64)g_fib);
	r = (struct regs){ .cx = 50, .r15 = 0x1234 };
	CHECK(enter(&r), REASON_VMCALL);
	CHECK(r.ax, 12586269025);
	CHECK(r.r15, 0x1234);
	for (u64 i = 1; i < 40; i++) { /* many entries of one VMCS */
		r = (struct regs){ .cx = i };
		vmx_set(VMCS_GUEST_RIP, (u64)g_sum);
		CHECK(enter(&r), REASON_VMCALL);
		CHECK(r.ax, i * (i + 1) / 2);
	}
}

static void exits(void)
{
	struct regs r = { .ax = 1 };

	vmx_new(g_cpuid, 0);
	CHECK(enter(&r), REASON_CPUID);
	CHECK(vmx_get(VMCS_LENGTH), 2);
	vmx_set(VMCS_GUEST_RIP, vmx_get(VMCS_GUEST_RIP) + 2);
	CHECK(enter(&r), REASON_CPUID);
	vmx_set(VMCS_GUEST_RIP, (u64)g_hlt);
	vmx_primary(PRIMARY_HLT);
	CHECK(enter(&r), REASON_HLT);
	vmx_set(VMCS_GUEST_RIP, (u64)g_ud);
	vmx_set(VMCS_EXCEPTIONS, 1 << VECTOR_UD | 1 << VECTOR_GP);
	CHECK(enter(&r), REASON_EXCEPTION);
	CHECK(vmx_get(VMCS_EXIT_INFO), 0x80000306);
	vmx_set(VMCS_GUEST_RIP, (u64)g_int);
	vmx_set(VMCS_GUEST_IDTR_LIMIT, 0);
	CHECK(enter(&r), REASON_EXCEPTION);
	CHECK(vmx_get(VMCS_EXIT_INFO), 0x80000b0d);
	CHECK(vmx_get(VMCS_IDT_INFO), 0x80000441);
	CHECK(vmx_get(VMCS_LENGTH), 2);
	vmx_set(VMCS_ENTRY_INFO, 0x80000b0e);
	vmx_set(VMCS_ENTRY_ERROR, 2);
	CHECK(enter(&r), REASON_EXCEPTION);
	CHECK(vmx_get(VMCS_IDT_INFO), 0x80000b0e);
	CHECK(vmx_get(VMCS_IDT_ERROR), 2);
	vmx_set(VMCS_GUEST_RIP, (u64)g_vmxon); /* the guest would be a hypervisor, too */
	r.ax = 0x5000;
	CHECK(enter(&r), 27);
	CHECK(vmx_get(VMCS_QUALIFICATION), 0);
	note(vmx_get(VMCS_INSTRUCTION));
	vmx_set(VMCS_GUEST_RIP, (u64)g_vmread);
	CHECK(enter(&r), REASON_VMREAD);
	CHECK(vmx_get(VMCS_INSTRUCTION), 1 << 28 | 1 << 10 | 2 << 3);
}

static void failures(void)
{
	u64 first;

	vmx_new(g_hlt, 0);
	first = vmx_pointer();
	CHECK(vmx_clear(first), VM_SUCCEED);
	CHECK(vmx_pointer(), ~0ull);
	CHECK(vmx_load(first), VM_SUCCEED);
	CHECK(vmx_load(first + 1), VM_FAIL_VALID);
	CHECK(vmx_get(VMCS_ERROR), 9);
	CHECK(vmx_load((u64)on_region), VM_FAIL_VALID);
	CHECK(vmx_get(VMCS_ERROR), 10);
	CHECK(vmx_read(0x6fff, &(u64){ 0 }), VM_FAIL_VALID);
	CHECK(vmx_get(VMCS_ERROR), 12);
	vmx_set(VMCS_PIN, 0);
	CHECK(enter(&(struct regs){ 0 }), 0x10007);
	vmx_set(VMCS_PIN, vmx_controls(VMCS_PIN, 0));
	CHECK(vmx_switch(&(struct regs){ 0 }, true), VM_FAIL_VALID);
	CHECK(vmx_get(VMCS_ERROR), 5);
	vmx_set(VMCS_GUEST_RFLAGS, 0);
	CHECK(enter(&(struct regs){ 0 }), 0x80000000u | REASON_ENTRY_GUEST);
	CHECK(vmx_get(VMCS_QUALIFICATION), 0);
}

/* Exits of EPT, on the data's page and on the guest's tables, plain and by string I/O. */
static void ept(enum l2_mode mode)
{
	static code_t *const codes[] = { g_load, g_store, g_outs, g_jmp };
	static const u32 kinds[] = { READ, WRITE, READ, FETCH };

	for (u32 i = 0; i < 4; i++)
		for (u64 rights = 0; rights < 7; rights++) {
			bool bad = (rights & 3) == 2;
			struct l2 l2;
			u64 rip;

			if (!bad && !(kinds[i] & ~rights))
				continue;
			l2_start(&l2, mode, 1, LEAF, codes[i], 0);
			l2.regs = (struct regs){ .ax = l2.gla, .si = l2.gla, .dx = 0x80 };
			memcpy((void *)L2_DATA, "\x0f\x01\xc1", 3);
			rip = kinds[i] == FETCH ? l2.gla : (u64)codes[i];
			l2_ept(&l2, l2.data, rights);
			l2_ept(&l2, l2.entry_at[1], 4);
			l2_enter(&l2);
			l2_violation("table", &(struct l2_fault){ .qualification = 0xa1,
								  .gpa = l2.entry_at[1],
								  .gla = l2.gla,
								  .rip = rip });
			l2_ept(&l2, l2.entry_at[1], EPT_ALL);
			l2_enter(&l2);
			if (bad)
				l2_misconfig("data", l2.data, rip);
			else
				l2_violation(
					"data",
					&(struct l2_fault){ .qualification =
								    kinds[i] | rights << 3 | 0x180 |
								    l2_advanced(false, true, false),
							    .gpa = l2.data,
							    .gla = l2.gla,
							    .rip = rip });
			l2_ept(&l2, l2.data, EPT_ALL);
			CHECK(l2_enter(&l2), REASON_VMCALL);
			if (i == 0)
				CHECK(l2.regs.cx, 0xc1010f);
		}
}

/* An event that is injected finds its tables one after the other, and arrives once. */
static void injection(void)
{
	struct l2 l2;

	l2_start(&l2, L2_LONG4, 1, LEAF, g_hlt, 0);
	vmx_set(VMCS_ENTRY_INFO, 0x80000306);
	vmx_primary(PRIMARY_HLT);
	*ept_page(l2.ept, vmx_get(VMCS_GUEST_IDTR_BASE) + 16 * VECTOR_UD) = 0;
	CHECK(l2_enter(&l2), REASON_EPT);
	CHECK(vmx_get(VMCS_IDT_INFO), 0x80000306);
	CHECK(vmx_get(VMCS_GPA), vmx_get(VMCS_GUEST_IDTR_BASE) + 16 * VECTOR_UD);
	CHECK(vmx_get(VMCS_ENTRY_INFO) >> 31, 0);
}

static void program(void)
{
	logged = 0;
	*(u32 *)on_region = (u32)read_msr(0x480) & 0x7fffffff;
	if (!CHECK(vmx_on_at((u64)on_region), true))
		return;
	arithmetic();
	exits();
	failures();
	ept(L2_LONG4);
	ept(L2_PAE);
	injection();
	vmx_clear(vmx_pointer());
	asm volatile("vmxoff");
}

static void same(const char *name)
{
	for (u32 i = 0; i < 64; i++)
		CHECK_NAMED(name, log[i], expected[i]);
}

static void program_in_inner(void)
{
	CHECK(hv_run(&inner, program, false), true);
}

int main(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	write_cr4(read_cr4() | 1 << 13);
	write_cr0(read_cr0() | CR0_NE);
	if (!(read_msr(0x3a) & 1))
		write_msr(0x3a, 5);
	section("two levels");
	program();
	memcpy(expected, log, sizeof(log));
	for (u32 i = 0; i < 2; i++) {
		section(i ? "three levels, VMCS shadowing" : "three levels");
		CHECK(hv_run(&outer, program, i), true);
		same("three levels");
		CHECK(outer.exits > 200 && outer.fills > 200, true);
	}
	section("four levels");
	CHECK(hv_run(&outer, program_in_inner, true), true);
	same("four levels");
	CHECK(inner.exits > 200 && outer.exits > inner.exits, true);
	return 0;
}
