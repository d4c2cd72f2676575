// SPDX-License-Identifier: MIT
#include "vmx.h"
#include "internal.h"

#ifdef __x86_64__

enum {
	MSR_FEATURE_CONTROL = 0x3a,
	MSR_VMX_BASIC = 0x480,
	MSR_VMX_SECONDARY = 0x48b,
	MSR_VMX_EPT_VPID_CAP = 0x48c,
	MSR_VMX_PIN = 0x481,
	MSR_VMX_TRUE_PIN = 0x48d,
	MSR_VMX_TRUE_PRIMARY = 0x48e,
	MSR_VMX_TRUE_EXIT = 0x48f,
	MSR_VMX_TRUE_ENTRY = 0x490,
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

void vmx_invept(u64 type, u64 eptp)
{
	u64 descriptor[2] = { eptp, 0 };

	asm volatile("invept %0, %1" : : "m"(descriptor), "r"(type) : "memory", "cc");
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

bool vmx_on_at(u64 pointer)
{
	bool carry, zero;

	if (!(read_msr(MSR_FEATURE_CONTROL) & 1))
		write_msr(MSR_FEATURE_CONTROL, 5);
	write_cr4(read_cr4() | 1 << 13);
	write_cr0(read_cr0() | 1 << 5);
	asm volatile("vmxon %2" : "=@ccc"(carry), "=@ccz"(zero) : "m"(pointer) : "memory");
	return outcome(carry, zero) == VM_SUCCEED;
}

bool vmx_on(void)
{
	return vmx_on_at((u64)vmx_region());
}

/* The MSR about a field: the "true" one, if there is one. */
static u32 control_msr(u32 field)
{
	u32 old = read_msr(MSR_VMX_BASIC) >> 55 & 1 ? 0 : MSR_VMX_TRUE_PIN - MSR_VMX_PIN;

	switch (field) {
	case VMCS_PIN:
		return MSR_VMX_TRUE_PIN - old;
	case VMCS_PRIMARY:
		return MSR_VMX_TRUE_PRIMARY - old;
	case VMCS_EXIT_CONTROLS:
		return MSR_VMX_TRUE_EXIT - old;
	case VMCS_ENTRY_CONTROLS:
		return MSR_VMX_TRUE_ENTRY - old;
	default:
		return MSR_VMX_SECONDARY;
	}
}

u32 vmx_may_be_1(u32 field)
{
	return (u32)(read_msr(control_msr(field)) >> 32);
}

u32 vmx_must_be_1(u32 field)
{
	return (u32)read_msr(control_msr(field));
}

u64 vmx_controls(u32 field, u64 wanted)
{
	return (wanted | vmx_must_be_1(field)) & vmx_may_be_1(field);
}

static void set_allowed(u32 field, u64 wanted)
{
	vmx_set(field, vmx_controls(field, wanted));
}

void vmx_primary(u32 wanted)
{
	set_allowed(VMCS_PRIMARY, wanted | PRIMARY_SECONDARY);
}

static void set_controls(u32 secondary)
{
	set_allowed(VMCS_PIN, 0);
	vmx_primary(0);
	if (vmx_may_be_1(VMCS_PRIMARY) & PRIMARY_SECONDARY)
		set_allowed(VMCS_SECONDARY, secondary);
	set_allowed(VMCS_EXIT_CONTROLS, 1 << 9);
	set_allowed(VMCS_ENTRY_CONTROLS, 1 << 9);
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
	vmx_new_at((u64)vmx_region(), code, secondary);
}

void vmx_new_at(u64 pointer, code_t *code, u32 secondary)
{
	static u8 stack[4096] __attribute__((aligned(16)));

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

#define EPT_LARGE (1u << 7)
#define EPT_ADDRESS 0x000ffffffffff000ull

/* The table below @slot; where a page is mapped there, smaller ones take its place. */
static u64 *ept_split(u64 *slot, int shift)
{
	if (*slot & EPT_LARGE) {
		u64 *table = page_new(), page = *slot, step = 1ull << shift;

		if (shift == 12)
			page &= ~(u64)EPT_LARGE;
		for (u64 i = 0; i < 512; i++, page += step)
			table[i] = page;
		*slot = (u64)table | EPT_ALL;
	}
	return (u64 *)(*slot & EPT_ADDRESS);
}

/* 4 GB one to one, by pages of 1 GB where there are some, else of 2 MB. */
u64 ept_root(void)
{
	u64 *root = page_new(), *pdpt = page_new();
	bool gigabytes = read_msr(MSR_VMX_EPT_VPID_CAP) >> 17 & 1;

	root[0] = (u64)pdpt | EPT_ALL;
	for (u64 i = 0; i < 4; i++) {
		pdpt[i] = i << 30 | EPT_LARGE | EPT_WB | EPT_ALL;
		if (i == 0 || !gigabytes)
			ept_split(&pdpt[i], 21);
	}
	return (u64)root;
}

u64 *ept_page(u64 root, u64 address)
{
	u64 *pdpt = (u64 *)(((u64 *)root)[0] & EPT_ADDRESS);
	u64 *directory = ept_split(&pdpt[address >> 30], 21);

	return ept_split(&directory[address >> 21 & 511], 12) + (address >> 12 & 511);
}

#endif
