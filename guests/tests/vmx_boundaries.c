// SPDX-License-Identifier: MIT
/*
 * What belongs to the host's instruction and what to the guest's, where a guest is entered or an
 * entry fails: steps, RF, shadows; and which debug exceptions are pending then. SDM vol. 3 "VM
 * Entries", "Loading Guest RIP, RSP, and RFLAGS", "Delivery of Pending Debug Exceptions after VM
 * Entry". And whether MWAIT waits: "Changes to Instruction Behavior in VMX Non-Root Operation".
 */
#include "vmx.h"

enum {
	VMCS_GUEST_INTERRUPT_STATUS = 0x0810,
	VMCS_ENTRY_MSR_ADDRESS = 0x200a,
	VMCS_VIRTUAL_APIC = 0x2012,
	VMCS_ENTRY_MSR_COUNT = 0x4014,
	PIN_INTERRUPT = 1 << 0,
	PIN_TIMER = 1 << 6,
	PRIMARY_INTERRUPT_WINDOW = 1 << 2,
	PRIMARY_TPR_SHADOW = 1 << 21,
	SECONDARY_DELIVERY = 1 << 9,
	BLOCKED_BY_STI = 1,
	EXCEPTION_DB = 1 << 1,
	PENDING_ENABLED = 1 << 12,
	ACTIVE = 0,
	HALTED = 1,
	SHUT_DOWN = 2,
	REASON_EXCEPTION = 0,
	REASON_INTERRUPT_WINDOW = 7,
	REASON_VMCALL = 18,
	REASON_ENTRY_GUEST = 33,
	REASON_ENTRY_MSR = 34,
	REASON_TIMER = 52,
};
#define ENTRY_FAILURE 0x80000000u

CODE(do_nops, "nop; nop; nop; nop; vmcall");
/* MONITOR of (RAX), MWAIT with the extensions in EBX */
CODE(do_mwait, "xor %ecx, %ecx; xor %edx, %edx; monitor; mov %ebx, %ecx; mwait; vmcall");

/* ---------------------------------------------------------------- VMLAUNCH in many a state */

/* What the host is in at VMLAUNCH: a step, the shadow of STI, RF from IRET. */
enum host_state { PLAIN, STEPPED, BEHIND_STI, RESUMED };

int launch(enum host_state state);
extern code_t launch_stepped_end;

asm(".globl launch, launch_stepped_end\n"
    "launch:\n"
    "push %rbx\n push %rbp\n push %r12\n push %r13\n push %r14\n push %r15\n"
    "mov $0x6c14, %eax\n vmwrite %rsp, %rax\n"
    "lea 6f(%rip), %rdx\n mov $0x6c16, %eax\n vmwrite %rdx, %rax\n"
    "cmp $1, %edi\n je 1f\n cmp $2, %edi\n je 2f\n cmp $3, %edi\n je 3f\n"
    "vmlaunch\n jmp 5f\n"
    "1: pushf\n orl $0x100, (%rsp)\n popf\n vmlaunch\n"
    "launch_stepped_end: jmp 5f\n"
    "2: sti\n vmlaunch\n jmp 5f\n"
    "3: mov %rsp, %rcx\n mov %ss, %eax\n push %rax\n push %rcx\n"
    "pushf\n orl $0x10000, (%rsp)\n mov %cs, %eax\n push %rax\n"
    "lea 4f(%rip), %rax\n push %rax\n iretq\n"
    "4: vmlaunch\n"
    "5: cli\n mov $1, %eax\n jc 7f\n mov $2, %eax\n jmp 7f\n"
    "6: xor %eax, %eax\n"
    "7: pop %r15\n pop %r14\n pop %r13\n pop %r12\n pop %rbp\n pop %rbx\n ret\n");

static volatile u64 steps, step_ip;

static void on_step(struct frame *frame)
{
	steps++;
	step_ip = frame->ip;
	frame->flags &= ~(word)FLAG_TF;
}

/* The trap of a step is the host's only where the host goes on behind the instruction. */
static void stepped(void)
{
	static struct {
		u32 index, reserved;
		u64 value;
	} msr __attribute__((aligned(16))) = { MSR_FS_BASE, 0, 0 };

	section("VMLAUNCH in a single step");
	on_vector(VECTOR_DB, on_step);
	steps = 0;
	vmx_new(do_nops, 0);
	vmx_set(VMCS_EXCEPTIONS, EXCEPTION_DB);
	CHECK(launch(STEPPED), VM_SUCCEED);
	CHECK(vmx_get(VMCS_REASON), REASON_VMCALL);
	CHECK(steps, 0);

	vmx_new(do_nops, 0);
	vmx_set(VMCS_GUEST_RFLAGS, 0);
	CHECK(launch(STEPPED), VM_SUCCEED);
	CHECK(vmx_get(VMCS_REASON), ENTRY_FAILURE | REASON_ENTRY_GUEST);
	CHECK(steps, 0);

	vmx_new(do_nops, 0);
	vmx_set(VMCS_ENTRY_MSR_ADDRESS, (u64)&msr);
	vmx_set(VMCS_ENTRY_MSR_COUNT, 1);
	CHECK(launch(STEPPED), VM_SUCCEED);
	CHECK(vmx_get(VMCS_REASON), ENTRY_FAILURE | REASON_ENTRY_MSR);
	CHECK(vmx_get(VMCS_QUALIFICATION), 1);
	CHECK(steps, 0);

	vmx_new(do_nops, 0);
	vmx_set(VMCS_PIN, 0);
	CHECK(launch(STEPPED), VM_FAIL_VALID);
	CHECK(vmx_get(VMCS_ERROR), 7);
	CHECK(steps, 1);
	CHECK(step_ip, (u64)&launch_stepped_end);
}

/* The guest as it is loaded, whatever the host was in: up to an exit for an interrupt window. */
static void to_window(enum host_state state, u64 flags, u64 blocking)
{
	vmx_new(do_nops, 0);
	vmx_primary(PRIMARY_INTERRUPT_WINDOW);
	vmx_set(VMCS_GUEST_RFLAGS, FLAG_ONE | FLAG_IF | flags);
	vmx_set(VMCS_INTERRUPTIBILITY, blocking);
	CHECK(launch(state), VM_SUCCEED);
	CHECK(vmx_get(VMCS_REASON), REASON_INTERRUPT_WINDOW);
	CHECK(vmx_get(VMCS_INTERRUPTIBILITY), 0);
}

static void shadows(void)
{
	static const enum host_state states[] = { PLAIN, BEHIND_STI };

	section("VMLAUNCH behind STI");
	for (u32 i = 0; i < 2; i++) {
		to_window(states[i], 0, BLOCKED_BY_STI);
		CHECK(vmx_get(VMCS_GUEST_RIP), (u64)do_nops + 1);
		to_window(states[i], 0, 0);
		CHECK(vmx_get(VMCS_GUEST_RIP), (u64)do_nops);
	}
}

static void resume_flag(void)
{
	static const enum host_state states[] = { PLAIN, RESUMED };

	section("VMLAUNCH with RF");
	for (u32 i = 0; i < 2; i++) {
		to_window(states[i], FLAG_RF, 0);
		CHECK(vmx_get(VMCS_GUEST_RFLAGS), FLAG_ONE | FLAG_IF | FLAG_RF);
		to_window(states[i], 0, 0);
		CHECK(vmx_get(VMCS_GUEST_RFLAGS), FLAG_ONE | FLAG_IF);
		to_window(states[i], FLAG_RF, BLOCKED_BY_STI); /* the guest's own instruction */
		CHECK(vmx_get(VMCS_GUEST_RFLAGS), FLAG_ONE | FLAG_IF);
	}
}

/* ---------------------------------------------------------------- pending debug exceptions */

/* In shutdown nothing but the timer ends what is entered, whatever is pending. */
static void in_shutdown(void)
{
	static const u64 pending[] = { 0, PENDING_ENABLED | 1 };

	section("pending debug exceptions and activity states");
	for (u32 activity = ACTIVE; activity <= SHUT_DOWN; activity++) {
		for (u32 i = 0; i < 2; i++) {
			bool raised = pending[i] && activity != SHUT_DOWN;
			u32 reason = raised ? REASON_EXCEPTION : REASON_TIMER;

			vmx_new(do_nops, 0);
			vmx_set(VMCS_PIN, vmx_get(VMCS_PIN) | PIN_TIMER);
			vmx_set(VMCS_TIMER, activity == ACTIVE ? 0 : 100);
			vmx_set(VMCS_EXCEPTIONS, EXCEPTION_DB);
			vmx_set(VMCS_ACTIVITY, activity);
			vmx_set(VMCS_PENDING_DEBUG, pending[i]);
			CHECK(vmx_enter(&(struct regs){ 0 }), VM_SUCCEED);
			CHECK(vmx_get(VMCS_REASON), reason);
			CHECK(vmx_get(VMCS_QUALIFICATION), raised ? 1 : 0);
			CHECK(vmx_get(VMCS_ACTIVITY), activity);
			CHECK(vmx_get(VMCS_PENDING_DEBUG), 0);
			CHECK(vmx_get(VMCS_GUEST_RIP), (u64)do_nops);
		}
	}
}

/* ---------------------------------------------------------------- MWAIT */

enum waiting { NOTHING, WINDOW, VIRTUAL_INTERRUPT };

/* MWAIT with IF=0 and @waiting for IF=1: the reason that ends it, or of what comes behind it. */
static u32 end_of_mwait(u32 extensions, enum waiting waiting)
{
	static u8 line[64] __attribute__((aligned(64)));
	static u8 virtual_apic[4096] __attribute__((aligned(4096)));
	struct regs r = { .ax = (word)line, .bx = extensions };

	vmx_new(do_mwait, waiting == VIRTUAL_INTERRUPT ? SECONDARY_DELIVERY : 0);
	vmx_set(VMCS_PIN, vmx_get(VMCS_PIN) | PIN_TIMER);
	vmx_set(VMCS_TIMER, 100);
	if (waiting == WINDOW)
		vmx_primary(PRIMARY_INTERRUPT_WINDOW);
	if (waiting == VIRTUAL_INTERRUPT) {
		vmx_primary(PRIMARY_TPR_SHADOW | PRIMARY_SECONDARY);
		vmx_set(VMCS_PIN, vmx_get(VMCS_PIN) | PIN_INTERRUPT);
		vmx_set(VMCS_VIRTUAL_APIC, (u64)virtual_apic);
		vmx_set(VMCS_GUEST_INTERRUPT_STATUS, 0x35);
	}
	CHECK(vmx_enter(&r), VM_SUCCEED);
	CHECK(vmx_get(VMCS_ACTIVITY), ACTIVE);
	return (u32)vmx_get(VMCS_REASON);
}

static void mwait(void)
{
	section("MWAIT of an interrupt that waits for IF");
	CHECK(end_of_mwait(0, NOTHING), REASON_TIMER);
	CHECK(end_of_mwait(1, NOTHING), REASON_TIMER);
	CHECK(end_of_mwait(0, WINDOW), REASON_TIMER);
	CHECK(end_of_mwait(1, WINDOW), REASON_VMCALL);
	CHECK(end_of_mwait(0, VIRTUAL_INTERRUPT), REASON_TIMER);
	CHECK(end_of_mwait(1, VIRTUAL_INTERRUPT), REASON_VMCALL);
}

int main(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	if (!CHECK(vmx_on(), true))
		return 1;
	stepped();
	shadows();
	resume_flag();
	in_shutdown();
	mwait();
	return 0;
}
