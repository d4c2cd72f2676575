// SPDX-License-Identifier: MIT
/*
 * What leaving a guest costs: the least that a hypervisor does for an instruction that exits (read
 * the reason, step over the instruction, resume), for an EPT violation (read where, fill in the
 * entry, resume), and VMREAD and VMWRITE by themselves, ten a round. And what it costs to be in
 * one: 2,000 turns of a loop over 64 KB of memory for each exit.
 */
#include "bench.h"
#include "vmx.h"

#define REGION 0x4000000ul /* 256 pages that the guest reads one after the other */
#define REGION_PAGES 256u

CODE(guest_cpuid, "1: cpuid; jmp 1b");
CODE(guest_vmcall, "1: vmcall; jmp 1b");
CODE(guest_io, "1: in $0x61, %al; jmp 1b");
CODE(guest_ept, "1: mov (%rsi), %rax; add $0x1000, %rsi; and $~0x100000, %rsi; jmp 1b");
CODE(guest_compute, "1: mov $2000, %ecx; mov $1, %eax;"
		    "2: imul $0x41c64e6d, %eax, %eax; add $12345, %eax;"
		    "mov %eax, %edx; shr $16, %edx; and $0x1fff, %edx; add %rax, (%rsi,%rdx,8);"
		    "test $1, %al; jz 3f; add %rdx, %rbx; 3: dec %ecx; jnz 2b; vmcall; jmp 1b");

/*
 * Takes @exits exits, filling in entries of @table; the sum of their reasons, and of the
 * first nine bits of the qualification of EPT violations. The guest has the registers as they are,
 * RSI = REGION first.
 */
u64 take_exits(u64 exits, u64 *table, bool resume);
asm(".globl take_exits\n"
    "take_exits:\n"
    "push %rbx\n push %rbp\n push %r12\n push %r13\n push %r14\n push %r15\n"
    "mov %rdi, %r15\n mov %rsi, %r12\n xor %r13d, %r13d\n"
    "mov $0x6c14, %eax\n vmwrite %rsp, %rax\n"
    "lea 1f(%rip), %rcx\n mov $0x6c16, %eax\n vmwrite %rcx, %rax\n"
    "mov $0x4000000, %esi\n"
    "test %dl, %dl\n jnz 4f\n vmlaunch\n jmp 5f\n"
    "1: mov $0x4402, %eax\n vmread %rax, %rcx\n add %rcx, %r13\n" /* reason */
    "cmp $48, %ecx\n je 2f\n"
    "mov $0x681e, %eax\n vmread %rax, %rdx\n" /* RIP, and the length of the instruction */
    "mov $0x440c, %ebp\n vmread %rbp, %rcx\n"
    "add %rcx, %rdx\n vmwrite %rdx, %rax\n"
    "jmp 3f\n"
    "2: mov $0x6400, %eax\n vmread %rax, %rcx\n and $0x1ff, %ecx\n add %rcx, %r13\n"
    "mov $0x2400, %eax\n vmread %rax, %rdx\n" /* guest-physical address */
    "and $-0x1000, %rdx\n mov %edx, %ecx\n shr $12, %ecx\n and $0x1ff, %ecx\n"
    "or $0x37, %rdx\n mov %rdx, (%r12,%rcx,8)\n"
    "3: dec %r15\n jz 6f\n"
    "4: vmresume\n"
    "5: mov $-1, %r13\n"
    "6: mov %r13, %rax\n"
    "pop %r15\n pop %r14\n pop %r13\n pop %r12\n pop %rbp\n pop %rbx\n ret\n");

static u64 *table;

static void new_guest(code_t *code)
{
	vmx_new(code, SECONDARY_EPT | SECONDARY_VPID);
	vmx_primary(PRIMARY_IO);
	table = ept_page(vmx_get(VMCS_EPTP) & ~0xfffull, REGION);
}

static u64 exits_of(code_t *code, u64 rounds)
{
	new_guest(code);
	return take_exits(rounds, table, false);
}

static u64 cpuid_exits(u64 rounds)
{
	return exits_of(guest_cpuid, rounds);
}

static u64 vmcall_exits(u64 rounds)
{
	return exits_of(guest_vmcall, rounds);
}

static u64 io_exits(u64 rounds)
{
	return exits_of(guest_io, rounds);
}

static u64 compute_exits(u64 rounds)
{
	return exits_of(guest_compute, rounds);
}

/* Once all pages are there, they are taken away again. */
static u64 ept_exits(u64 rounds)
{
	u64 eptp, sum = 0;
	bool resume = false;

	new_guest(guest_ept);
	eptp = vmx_get(VMCS_EPTP);
	while (rounds) {
		u64 now = rounds < REGION_PAGES ? rounds : REGION_PAGES;

		memset(table, 0, REGION_PAGES * sizeof(*table));
		vmx_invept(1, eptp);
		sum += take_exits(now, table, resume);
		resume = true;
		rounds -= now;
	}
	return sum;
}

static u64 vmreads(u64 rounds)
{
	u64 sum = 0;

	vmx_new(guest_cpuid, SECONDARY_VPID);
	vmx_set(VMCS_CR0_SHADOW, 0x11);
	vmx_set(VMCS_CR4_SHADOW, 0x20);
	vmx_set(VMCS_TIMER, 0x300);
	while (rounds--) {
		u64 value[10];

		asm volatile("vmread %[f0], %[v0]\n vmread %[f1], %[v1]\n vmread %[f2], %[v2]\n"
			     "vmread %[f3], %[v3]\n vmread %[f4], %[v4]\n"
			     : [v0] "=&r"(value[0]), [v1] "=&r"(value[1]), [v2] "=&r"(value[2]),
			       [v3] "=&r"(value[3]), [v4] "=&r"(value[4])
			     : [f0] "r"((u64)VMCS_VPID), [f1] "r"((u64)VMCS_CR0_SHADOW),
			       [f2] "r"((u64)VMCS_CR4_SHADOW), [f3] "r"((u64)VMCS_TIMER),
			       [f4] "r"((u64)VMCS_GUEST_DR7)
			     : "cc");
		asm volatile("vmread %[f0], %[v0]\n vmread %[f1], %[v1]\n vmread %[f2], %[v2]\n"
			     "vmread %[f3], %[v3]\n vmread %[f4], %[v4]\n"
			     : [v0] "=&r"(value[5]), [v1] "=&r"(value[6]), [v2] "=&r"(value[7]),
			       [v3] "=&r"(value[8]), [v4] "=&r"(value[9])
			     : [f0] "r"((u64)VMCS_GUEST_RFLAGS), [f1] "r"((u64)VMCS_GUEST_CS),
			       [f2] "r"((u64)VMCS_GUEST_ES_LIMIT), [f3] "r"((u64)VMCS_EXCEPTIONS),
			       [f4] "r"((u64)VMCS_LINK)
			     : "cc");
		for (u32 i = 0; i < 10; i++)
			sum += value[i];
	}
	return sum;
}

static u64 vmwrites(u64 rounds)
{
	vmx_new(guest_cpuid, 0);
	for (u64 i = 1; i <= rounds; i++) {
		asm volatile("vmwrite %[v], %[f0]\n vmwrite %[v], %[f1]\n vmwrite %[v], %[f2]\n"
			     "vmwrite %[v], %[f3]\n vmwrite %[v], %[f4]\n"
			     :
			     : [v] "r"(i), [f0] "r"((u64)VMCS_GUEST_RIP),
			       [f1] "r"((u64)VMCS_CR0_SHADOW), [f2] "r"((u64)VMCS_CR4_SHADOW),
			       [f3] "r"((u64)VMCS_ENTRY_ERROR), [f4] "r"((u64)VMCS_GUEST_CR3)
			     : "cc");
		asm volatile("vmwrite %[v], %[f0]\n vmwrite %[v], %[f1]\n vmwrite %[v], %[f2]\n"
			     "vmwrite %[v], %[f3]\n vmwrite %[v], %[f4]\n"
			     :
			     : [v] "r"(i), [f0] "r"((u64)VMCS_GUEST_RSP),
			       [f1] "r"((u64)VMCS_CR0_MASK), [f2] "r"((u64)VMCS_CR4_MASK),
			       [f3] "r"((u64)VMCS_EXCEPTIONS), [f4] "r"((u64)VMCS_GUEST_RFLAGS)
			     : "cc");
	}
	return vmx_get(VMCS_GUEST_RIP) + vmx_get(VMCS_CR0_SHADOW) + vmx_get(VMCS_EXCEPTIONS);
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		bench_t *function;
		u64 one;
	} workloads[] = {
		{ "cpuid", cpuid_exits, 10 },
		{ "vmcall", vmcall_exits, 18 },
		{ "io", io_exits, 30 },
		{ "ept", ept_exits, 48 + 0x181 },
		{ "compute", compute_exits, 18 },
		{ "vmread", vmreads, 1 + 0x11 + 0x20 + 0x300 + 0x400 + 2 + 8 + 0xffffffffull - 1 },
		{ "vmwrite", vmwrites, 3 },
	};

	if (!vmx_on()) {
		CHECK_NAMED("VMXON", false, true);
		return 1;
	}
	for (u32 i = 0; i < sizeof(workloads) / sizeof(workloads[0]); i++)
		if (argument(argc, argv, workloads[i].name))
			return bench(argc, argv, workloads[i].function, 100000, workloads[i].one);
	print("exits COUNT cpuid|vmcall|io|ept|compute|vmread|vmwrite\n");
	CHECK_NAMED("a workload", false, true);
	return 1;
}
