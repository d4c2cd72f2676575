// SPDX-License-Identifier: MIT
#include "vmx.h"
#include "internal.h"

#ifdef __x86_64__

enum {
	MSR_FEATURE_CONTROL = 0x3a,
	MSR_VMX_BASIC = 0x480,
	MSR_VMX_SECONDARY = 0x48b,
	MSR_VMX_PIN = 0x48d,
	MSR_VMX_PRIMARY = 0x48e,
	MSR_VMX_EXIT = 0x48f,
	MSR_VMX_ENTRY = 0x490,
	MSR_EFER_INDEX = 0xc0000080,
};

#define AR_CODE64 0xa09bu
#define AR_DATA 0xc093u
#define AR_TSS 0x8bu
#define AR_NONE 0x10000u

static bool launched;

static int outcome(bool carry, bool zero)
{
	return carry ? VM_FAIL_INVALID : zero ? VM_FAIL_VALID : VM_SUCCEED;
}

int vmx_clear(u64 pointer)
{
	bool carry, zero;

	asm volatile("vmclear %2" : "=@ccc"(carry), "=@ccz"(zero) : "m"(pointer) : "memory");
	return outcome(carry, zero);
}

int vmx_load(u64 pointer)
{
	bool carry, zero;

	asm volatile("vmptrld %2" : "=@ccc"(carry), "=@ccz"(zero) : "m"(pointer) : "memory");
	return outcome(carry, zero);
}

int vmx_read(u64 field, u64 *value)
{
	bool carry, zero;

	asm volatile("vmread %3, %2" : "=@ccc"(carry), "=@ccz"(zero), "=r"(*value) : "r"(field));
	return outcome(carry, zero);
}

int vmx_write(u64 field, u64 value)
{
	bool carry, zero;

	asm volatile("vmwrite %3, %2" : "=@ccc"(carry), "=@ccz"(zero) : "r"(field), "r"(value));
	return outcome(carry, zero);
}

u64 vmx_get(u32 field)
{
	u64 value = 0;

	if (vmx_read(field, &value) != VM_SUCCEED)
		CHECK_NAMED("VMREAD", field, ~0ull);
	return value;
}

void vmx_set(u32 field, u64 value)
{
	if (vmx_write(field, value) != VM_SUCCEED)
		CHECK_NAMED("VMWRITE", field, ~0ull);
}

void *vmx_region(void)
{
	u32 *region = page_new();

	region[0] = (u32)read_msr(MSR_VMX_BASIC) & 0x7fffffff;
	return region;
}

bool vmx_on(void)
{
	u64 pointer = (u64)vmx_region();
	bool carry, zero;

	if (!(read_msr(MSR_FEATURE_CONTROL) & 1))
		write_msr(MSR_FEATURE_CONTROL, 5);
	write_cr4(read_cr4() | 1 << 13);
	write_cr0(read_cr0() | 1 << 5);
	asm volatile("vmxon %2" : "=@ccc"(carry), "=@ccz"(zero) : "m"(pointer) : "memory");
	return outcome(carry, zero) == VM_SUCCEED;
}

/* The controls that are wanted, those that must be, and none that may not. */
static u64 controls(u32 msr, u64 wanted)
{
	u64 allowed = read_msr(msr);

	return (wanted | (u32)allowed) & allowed >> 32;
}

void vmx_primary(u32 wanted)
{
	vmx_set(VMCS_PRIMARY, controls(MSR_VMX_PRIMARY, wanted | PRIMARY_SECONDARY));
}

static void set_controls(u32 secondary)
{
	vmx_set(VMCS_PIN, controls(MSR_VMX_PIN, 0));
	vmx_primary(0);
	vmx_set(VMCS_SECONDARY, controls(MSR_VMX_SECONDARY, secondary));
	vmx_set(VMCS_EXIT_CONTROLS, controls(MSR_VMX_EXIT, 1 << 9));
	vmx_set(VMCS_ENTRY_CONTROLS, controls(MSR_VMX_ENTRY, 1 << 9));
	vmx_set(VMCS_EXCEPTIONS, 0);
	vmx_set(VMCS_ENTRY_INFO, 0);
	vmx_set(VMCS_LINK, ~0ull);
	if (secondary & SECONDARY_EPT)
		vmx_set(VMCS_EPTP, ept_root() | 6 | 3 << 3);
	if (secondary & SECONDARY_VPID)
		vmx_set(VMCS_VPID, 1);
}

struct table {
	u16 limit;
	u64 base;
} __attribute__((packed));

static void set_tables(u32 tr)
{
	struct table gdtr, idtr;
	u64 low = *gdt(tr), base;

	asm("sgdt %0" : "=m"(gdtr));
	asm("sidt %0" : "=m"(idtr));
	base = (low >> 16 & 0xffffff) | (low >> 32 & 0xff000000) | *gdt(tr + 8) << 32;
	vmx_set(VMCS_GUEST_GDTR_BASE, gdtr.base);
	vmx_set(VMCS_GUEST_GDTR_LIMIT, gdtr.limit);
	vmx_set(VMCS_GUEST_IDTR_BASE, idtr.base);
	vmx_set(VMCS_GUEST_IDTR_LIMIT, idtr.limit);
	vmx_set(VMCS_HOST_GDTR_BASE, gdtr.base);
	vmx_set(VMCS_HOST_IDTR_BASE, idtr.base);
	vmx_set(VMCS_GUEST_TR_BASE, base);
	vmx_set(VMCS_HOST_TR_BASE, base);
}

/* ES, CS, SS, DS, FS, GS, LDTR, TR */
static void set_segments(void)
{
	static const u16 selectors[] = { SEL_DATA, SEL_CODE64, SEL_DATA, SEL_DATA, 0, 0, 0 };
	static const u32 rights[] = { AR_DATA, AR_CODE64, AR_DATA, AR_DATA,
				      AR_NONE, AR_NONE,	  AR_NONE, AR_TSS };
	u16 tr;

	asm("str %0" : "=r"(tr));
	for (u32 i = 0; i < 8; i++) {
		u16 selector = i == 7 ? tr : selectors[i];

		vmx_set(VMCS_GUEST_ES + 2 * i, selector);
		vmx_set(VMCS_GUEST_ES_LIMIT + 2 * i, i == 7 ? 0x67 : 0xffffffff);
		vmx_set(VMCS_GUEST_ES_AR + 2 * i, rights[i]);
		if (i != 7)
			vmx_set(VMCS_GUEST_ES_BASE + 2 * i, 0);
		if (i < 6)
			vmx_set(VMCS_HOST_ES + 2 * i, selector);
	}
	vmx_set(VMCS_HOST_TR, tr);
	set_tables(tr);
}

void vmx_new(code_t *code, u32 secondary)
{
	static u8 stack[4096] __attribute__((aligned(16)));
	u64 pointer = (u64)vmx_region();

	vmx_clear(pointer);
	vmx_load(pointer);
	launched = false;
	set_controls(secondary);
	set_segments();
	vmx_set(VMCS_GUEST_CR0, read_cr0());
	vmx_set(VMCS_GUEST_CR3, read_cr3());
	vmx_set(VMCS_GUEST_CR4, read_cr4());
	vmx_set(VMCS_HOST_CR0, read_cr0());
	vmx_set(VMCS_HOST_CR3, read_cr3());
	vmx_set(VMCS_HOST_CR4, read_cr4());
	vmx_set(VMCS_GUEST_DR7, 0x400);
	vmx_set(VMCS_GUEST_RSP, (u64)stack + sizeof(stack));
	vmx_set(VMCS_GUEST_RIP, (u64)code);
	vmx_set(VMCS_GUEST_RFLAGS, FLAG_ONE);
}

/* In: the registers, and whether to resume. The stack keeps what the host needs. */
int vmx_switch(struct regs *regs, bool resume);
asm(".globl vmx_switch\n"
    "vmx_switch:\n"
    "push %rbx\n push %rbp\n push %r12\n push %r13\n push %r14\n push %r15\n"
    "push %rdi\n"
    "mov $0x6c14, %eax\n vmwrite %rsp, %rax\n"
    "lea 1f(%rip), %rdx\n mov $0x6c16, %eax\n vmwrite %rdx, %rax\n"
    "test %sil, %sil\n"
    "mov 0x00(%rdi), %rax\n mov 0x08(%rdi), %rbx\n mov 0x10(%rdi), %rcx\n"
    "mov 0x18(%rdi), %rdx\n mov 0x20(%rdi), %rsi\n mov 0x30(%rdi), %rbp\n"
    "mov 0x40(%rdi), %r8\n mov 0x48(%rdi), %r9\n mov 0x50(%rdi), %r10\n"
    "mov 0x58(%rdi), %r11\n mov 0x60(%rdi), %r12\n mov 0x68(%rdi), %r13\n"
    "mov 0x70(%rdi), %r14\n mov 0x78(%rdi), %r15\n mov 0x28(%rdi), %rdi\n"
    "jnz 2f\n vmlaunch\n jmp 3f\n"
    "2: vmresume\n"
    "3: pop %rdi\n mov $1, %eax\n jc 4f\n mov $2, %eax\n jmp 4f\n"
    "1: xchg %rdi, (%rsp)\n"
    "mov %rax, 0x00(%rdi)\n mov %rbx, 0x08(%rdi)\n mov %rcx, 0x10(%rdi)\n"
    "mov %rdx, 0x18(%rdi)\n mov %rsi, 0x20(%rdi)\n mov %rbp, 0x30(%rdi)\n"
    "mov %r8, 0x40(%rdi)\n mov %r9, 0x48(%rdi)\n mov %r10, 0x50(%rdi)\n"
    "mov %r11, 0x58(%rdi)\n mov %r12, 0x60(%rdi)\n mov %r13, 0x68(%rdi)\n"
    "mov %r14, 0x70(%rdi)\n mov %r15, 0x78(%rdi)\n"
    "pop %rax\n mov %rax, 0x28(%rdi)\n xor %eax, %eax\n"
    "4: pop %r15\n pop %r14\n pop %r13\n pop %r12\n pop %rbp\n pop %rbx\n ret\n");

int vmx_enter(struct regs *regs)
{
	int result = vmx_switch(regs, launched);

	if (result == VM_SUCCEED && !(vmx_get(VMCS_REASON) >> 31))
		launched = true;
	return result;
}

/* 4 GB one to one, by pages of 2 MB. */
u64 ept_root(void)
{
	u64 *root = page_new(), *pdpt = page_new();

	root[0] = (u64)pdpt | EPT_ALL;
	for (u64 i = 0; i < 4; i++) {
		u64 *directory = page_new();

		pdpt[i] = (u64)directory | EPT_ALL;
		for (u64 j = 0; j < 512; j++)
			directory[j] = i << 30 | j << 21 | 1 << 7 | EPT_WB | EPT_ALL;
	}
	return (u64)root;
}

u64 *ept_page(u64 root, u64 address)
{
	u64 *pdpt = (u64 *)(((u64 *)root)[0] & ~0xfffull);
	u64 *directory = (u64 *)(pdpt[address >> 30] & ~0xfffull);
	u64 *slot = &directory[address >> 21 & 511];

	if (*slot & 1 << 7) {
		u64 *table = page_new();

		for (u64 i = 0; i < 512; i++)
			table[i] = (address & ~0x1fffffull) | i << 12 | EPT_WB | EPT_ALL;
		*slot = (u64)table | EPT_ALL;
	}
	return (u64 *)(*slot & ~0xfffull) + (address >> 12 & 511);
}

#endif
