// SPDX-License-Identifier: MIT
/*
 * What the manual leaves to the processor, as docs/vmx.md says it is decided: each choice is a
 * section here. On another processor these may differ.
 */
#include "vmx.h"

enum {
	VMCS_APIC_ACCESS = 0x2014,
	VMCS_ENTRY_MSR_ADDRESS = 0x200a,
	VMCS_ENTRY_MSR_COUNT = 0x4014,
	VMCS_GUEST_CS_AR = 0x4816,
	PIN_INTERRUPT = 1 << 0,
	PIN_NMI = 1 << 3,
	PIN_VIRTUAL_NMIS = 1 << 5,
	PIN_TIMER = 1 << 6,
	PRIMARY_INTERRUPT_WINDOW = 1 << 2,
	PRIMARY_NMI_WINDOW = 1 << 22,
	SECONDARY_APIC_ACCESS = 1 << 0,
	EXIT_ACKNOWLEDGE = 1 << 15,
	EXIT_SAVE_TIMER = 1 << 22,
	ENTRY_IA32E = 1 << 9,
	BLOCKED_BY_STI = 1,
	BLOCKED_BY_MOV_SS = 2,
	REASON_INTERRUPT = 1,
	REASON_INTERRUPT_WINDOW = 7,
	REASON_NMI_WINDOW = 8,
	REASON_TASK_SWITCH = 9,
	REASON_CPUID = 10,
	REASON_VMCALL = 18,
	REASON_ENTRY_MSR = 34,
	REASON_APIC_ACCESS = 44,
	REASON_EPT = 48,
	REASON_TIMER = 52,
};
#define ENTRY_FAILURE 0x80000000u
#define ICR_SELF 0x40000u
#define VECTOR_TEST 0x51u

CODE(do_nops, "nop; nop; nop; nop; vmcall");
CODE(do_timed, "rdtsc; .skip 160, 0x90; vmcall");
CODE(do_cpuid, "cpuid");
CODE(do_read, "mov 0x12345678(%rax), %rcx");
CODE(do_call, "call *%rax");
CODE(do_monitor, "monitor");
CODE32(do_far_call, "lcall $0x50, $0");
CODE32(do_ud2, "ud2");
CODE32(do_int3, "int3");

static u8 page_data[8192] __attribute__((aligned(4096)));

static void pin(u64 controls)
{
	vmx_set(VMCS_PIN, vmx_get(VMCS_PIN) | controls);
}

/* Runs do_nops with @primary and @blocking: how many instructions until the exit for @reason. */
static u64 instructions_until(u32 primary, u64 blocking, u32 reason)
{
	vmx_new(do_nops, 0);
	pin(PIN_NMI | PIN_VIRTUAL_NMIS);
	vmx_primary(primary);
	vmx_set(VMCS_GUEST_RFLAGS, FLAG_ONE | FLAG_IF);
	vmx_set(VMCS_INTERRUPTIBILITY, blocking);
	CHECK(vmx_enter(&(struct regs){ 0 }), VM_SUCCEED);
	CHECK(vmx_get(VMCS_REASON), reason);
	return vmx_get(VMCS_GUEST_RIP) - (u64)do_nops;
}

static void windows(void)
{
	section("windows: STI holds back interrupts alone, MOV SS both");
	CHECK(instructions_until(PRIMARY_NMI_WINDOW, 0, REASON_NMI_WINDOW), 0);
	CHECK(instructions_until(PRIMARY_NMI_WINDOW, BLOCKED_BY_STI, REASON_NMI_WINDOW), 0);
	CHECK(instructions_until(PRIMARY_NMI_WINDOW, BLOCKED_BY_MOV_SS, REASON_NMI_WINDOW), 1);
	CHECK(instructions_until(PRIMARY_INTERRUPT_WINDOW, 0, REASON_INTERRUPT_WINDOW), 0);
	CHECK(instructions_until(PRIMARY_INTERRUPT_WINDOW, BLOCKED_BY_STI, REASON_INTERRUPT_WINDOW),
	      1);
	CHECK(instructions_until(PRIMARY_INTERRUPT_WINDOW, BLOCKED_BY_MOV_SS,
				 REASON_INTERRUPT_WINDOW),
	      1);
}

/* An interrupt that is pending at the entry, and exits: nothing else could happen to it. */
static u64 instructions_until_interrupt(u64 blocking)
{
	u64 done;

	vmx_new(do_nops, 0);
	pin(PIN_INTERRUPT);
	vmx_set(VMCS_EXIT_CONTROLS, vmx_get(VMCS_EXIT_CONTROLS) | EXIT_ACKNOWLEDGE);
	vmx_set(VMCS_GUEST_RFLAGS, FLAG_ONE | FLAG_IF);
	vmx_set(VMCS_INTERRUPTIBILITY, blocking);
	apic_ipi(0, ICR_SELF | VECTOR_TEST);
	CHECK(vmx_enter(&(struct regs){ 0 }), VM_SUCCEED);
	CHECK(vmx_get(VMCS_REASON), REASON_INTERRUPT);
	CHECK(vmx_get(VMCS_EXIT_INFO), 0x80000000u | VECTOR_TEST);
	done = vmx_get(VMCS_GUEST_RIP) - (u64)do_nops;
	apic_write(APIC_EOI, 0);
	return done;
}

static void interrupts(void)
{
	section("interrupts that exit are held back by STI and MOV SS");
	apic_on();
	CHECK(instructions_until_interrupt(0), 0);
	CHECK(instructions_until_interrupt(BLOCKED_BY_STI), 1);
	CHECK(instructions_until_interrupt(BLOCKED_BY_MOV_SS), 1);
}

/* What an exit does not define is 0, and not what an earlier one has left. */
static void undefined_fields(void)
{
	struct regs r = { .ax = (u64)page_data - 0x12345678 };
	u64 root;

	section("undefined fields are 0");
	vmx_new(do_read, SECONDARY_EPT);
	root = vmx_get(VMCS_EPTP) & ~0xfffull;
	*ept_page(root, (u64)page_data) = 0;
	CHECK(vmx_enter(&r), VM_SUCCEED);
	CHECK(vmx_get(VMCS_REASON), REASON_EPT);
	CHECK(vmx_get(VMCS_GPA), (u64)page_data);
	CHECK(vmx_get(VMCS_GLA), (u64)page_data);
	CHECK(vmx_get(VMCS_EXIT_INFO), 0);
	CHECK(vmx_get(VMCS_IDT_INFO), 0);
	CHECK(vmx_get(VMCS_INSTRUCTION), 0);
	vmx_set(VMCS_GUEST_RIP, (u64)do_cpuid);
	CHECK(vmx_enter(&r), VM_SUCCEED);
	CHECK(vmx_get(VMCS_REASON), REASON_CPUID);
	CHECK(vmx_get(VMCS_GPA), 0);
	CHECK(vmx_get(VMCS_GLA), 0);
	CHECK(vmx_get(VMCS_EXIT_ERROR), 0);
	CHECK(vmx_get(VMCS_IDT_ERROR), 0);
}

static void lengths(void)
{
	struct regs r = { .ax = (u64)page_data - 0x12345678 };
	u64 root;

	section("instruction length of memory accesses; of fetches 0");
	vmx_new(do_read, SECONDARY_EPT);
	root = vmx_get(VMCS_EPTP) & ~0xfffull;
	*ept_page(root, (u64)page_data) = 0;
	CHECK(vmx_enter(&r), VM_SUCCEED);
	CHECK(vmx_get(VMCS_LENGTH), 7);
	vmx_set(VMCS_GUEST_RIP, (u64)do_call);
	r.ax = (u64)page_data;
	CHECK(vmx_enter(&r), VM_SUCCEED);
	CHECK(vmx_get(VMCS_REASON), REASON_EPT);
	CHECK(vmx_get(VMCS_LENGTH), 0);
	vmx_new(do_read, SECONDARY_APIC_ACCESS);
	vmx_set(VMCS_APIC_ACCESS, (u64)page_data);
	r.ax = (u64)page_data - 0x12345678;
	CHECK(vmx_enter(&r), VM_SUCCEED);
	CHECK(vmx_get(VMCS_REASON), REASON_APIC_ACCESS);
	CHECK(vmx_get(VMCS_LENGTH), 7);
}

/* MONITOR is an access to the APIC-access page; type and offset are a read's. */
static void monitor(void)
{
	struct regs r = { .ax = (u64)page_data + 0x123 };

	section("MONITOR of the APIC-access page");
	vmx_new(do_monitor, SECONDARY_APIC_ACCESS);
	vmx_set(VMCS_APIC_ACCESS, (u64)page_data);
	CHECK(vmx_enter(&r), VM_SUCCEED);
	CHECK(vmx_get(VMCS_REASON), REASON_APIC_ACCESS);
	CHECK(vmx_get(VMCS_QUALIFICATION), 0x123);
}

static void check_order(void)
{
	section("controls are checked before host state, and that before guest state");
	vmx_new(do_nops, 0);
	vmx_set(VMCS_GUEST_RFLAGS, 0);
	vmx_set(VMCS_HOST_CR4, 0);
	vmx_set(VMCS_PIN, 0);
	CHECK(vmx_enter(&(struct regs){ 0 }), VM_FAIL_VALID);
	CHECK(vmx_get(VMCS_ERROR), 7);
	pin(0x16);
	CHECK(vmx_enter(&(struct regs){ 0 }), VM_FAIL_VALID);
	CHECK(vmx_get(VMCS_ERROR), 8);
	vmx_set(VMCS_HOST_CR4, read_cr4());
	CHECK(vmx_enter(&(struct regs){ 0 }), VM_SUCCEED);
	CHECK(vmx_get(VMCS_REASON), ENTRY_FAILURE | 33u);
}

/* More entries than IA32_VMX_MISC recommends: the 513th fails, whatever it holds. */
static void long_list(void)
{
	static struct {
		u32 index, reserved;
		u64 value;
	} list[514] __attribute__((aligned(16)));

	section("MSR lists of more than 512 entries");
	for (u32 i = 0; i < 514; i++)
		list[i].index = 0x174; /* IA32_SYSENTER_CS */
	for (u32 count = 512; count <= 514; count++) {
		vmx_new(do_cpuid, 0);
		vmx_set(VMCS_ENTRY_MSR_ADDRESS, (u64)list);
		vmx_set(VMCS_ENTRY_MSR_COUNT, count);
		CHECK(vmx_enter(&(struct regs){ 0 }), VM_SUCCEED);
		CHECK(vmx_get(VMCS_REASON),
		      count == 512 ? (u32)REASON_CPUID : ENTRY_FAILURE | REASON_ENTRY_MSR);
		CHECK(vmx_get(VMCS_QUALIFICATION), count == 512 ? 0 : 513);
	}
}

/*
 * The preemption timer counts where bit 5 of the TSC changes. RDTSC is the first instruction; it
 * reads the tick that it begins at and takes 21, NOP takes one.
 */
static void timer(void)
{
	const u64 written = 0x1234567890abcdeb;

	section("preemption timer");
	for (u64 n = 0; n < 5; n++) {
		struct regs r = { 0 };
		u64 end, nops;

		vmx_new(do_timed, 0);
		pin(PIN_TIMER);
		vmx_set(VMCS_EXIT_CONTROLS, vmx_get(VMCS_EXIT_CONTROLS) | EXIT_SAVE_TIMER);
		vmx_set(VMCS_TIMER, n);
		if (n == 4) /* what was written to the TSC counts */
			write_msr(MSR_TSC, written);
		CHECK(vmx_enter(&r), VM_SUCCEED);
		CHECK(vmx_get(VMCS_REASON), REASON_TIMER);
		CHECK(vmx_get(VMCS_TIMER), 0);
		if (!n) {
			CHECK(vmx_get(VMCS_GUEST_RIP), (u64)do_timed);
			continue;
		}
		end = (r.ax / 32 + n) * 32;
		nops = end > r.ax + 21 ? end - r.ax - 21 : 0;
		CHECK(vmx_get(VMCS_GUEST_RIP), (u64)do_timed + 2 + nops);
	}
}

/* An exit in a MOV SS shadow saves what is pending there, the single step too. */
static void pending_debug(void)
{
	section("pending debug exceptions behind MOV SS");
	vmx_new(do_cpuid, 0);
	vmx_set(VMCS_GUEST_RFLAGS, FLAG_ONE | FLAG_TF);
	vmx_set(VMCS_INTERRUPTIBILITY, BLOCKED_BY_MOV_SS);
	vmx_set(VMCS_PENDING_DEBUG, 1 << 14 | 1 << 12 | 2);
	CHECK(vmx_enter(&(struct regs){ 0 }), VM_SUCCEED);
	CHECK(vmx_get(VMCS_REASON), REASON_CPUID);
	CHECK(vmx_get(VMCS_PENDING_DEBUG), 1 << 14 | 1 << 12 | 2);
	CHECK(vmx_get(VMCS_INTERRUPTIBILITY), BLOCKED_BY_MOV_SS);
}

/* The task switch exits before either TSS is touched: the new one is not even mapped. */
static void task_switch(void)
{
	u64 *pdpt = page_new(), *directory = page_new();
	static u64 idt[32];

	section("task switch");
	for (u64 i = 0; i < 512; i++)
		directory[i] = i << 21 | PTE_P | PTE_W | 1 << 7;
	pdpt[0] = (u64)directory | PTE_P;
	*gdt(0x50) = 0x4000890000000067; /* available, base 40000000H, limit 67H */
	vmx_new(do_far_call, 0);
	vmx_set(VMCS_ENTRY_CONTROLS, vmx_get(VMCS_ENTRY_CONTROLS) & ~(u64)ENTRY_IA32E);
	vmx_set(VMCS_GUEST_CS_AR, 0xc09b);
	vmx_set(VMCS_GUEST_CR3, (u64)pdpt);
	CHECK(vmx_enter(&(struct regs){ 0 }), VM_SUCCEED);
	CHECK(vmx_get(VMCS_REASON), REASON_TASK_SWITCH);
	CHECK(vmx_get(VMCS_QUALIFICATION), 0x50);
	CHECK(vmx_get(VMCS_LENGTH), 7);
	CHECK(vmx_get(VMCS_GUEST_RIP), (u64)do_far_call);
	/* By a task gate for a fault: RF as the old TSS would have it. */
	idt[VECTOR_UD] = 0x0000850000500000;
	idt[VECTOR_BP] = 0x0000850000500000;
	for (u32 i = 0; i < 2; i++) {
		code_t *code = i ? do_int3 : do_ud2;

		vmx_new(code, 0);
		vmx_set(VMCS_ENTRY_CONTROLS, vmx_get(VMCS_ENTRY_CONTROLS) & ~(u64)ENTRY_IA32E);
		vmx_set(VMCS_GUEST_CS_AR, 0xc09b);
		vmx_set(VMCS_GUEST_CR3, (u64)pdpt);
		vmx_set(VMCS_GUEST_IDTR_BASE, (u64)idt);
		CHECK(vmx_enter(&(struct regs){ 0 }), VM_SUCCEED);
		CHECK(vmx_get(VMCS_REASON), REASON_TASK_SWITCH);
		CHECK(vmx_get(VMCS_QUALIFICATION), 3u << 30 | 0x50);
		CHECK(vmx_get(VMCS_LENGTH), i);
		CHECK(vmx_get(VMCS_IDT_INFO), i ? 0x80000603 : 0x80000306);
		CHECK(vmx_get(VMCS_GUEST_RIP), (u64)code);
		CHECK(vmx_get(VMCS_GUEST_RFLAGS) & FLAG_RF, i ? 0 : FLAG_RF);
	}
}

/*
 * Of an unusable segment: what is no right is saved as 0, bases of ES, SS and DS as 32 bits, that
 * of LDTR canonical. SDM vol. 3 "Saving Segment Registers and Descriptor-Table Registers"
 */
static void unusable_segments(void)
{
	static const struct {
		u32 number; /* as the VMCS counts them */
		u64 base;
	} rows[] = {
		{ 0, 0x12345000 }, { 2, 0x12345000 }, { 3, 0x12345000 }, { 6, 0xffff800012345000 }
	};
	const u64 base = 0x13ff800012345000; /* negative, of 48 bits and of 57 */

	section("unusable segments");
	vmx_new(do_nops, 0);
	for (u32 i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		vmx_set(VMCS_GUEST_ES_AR + 2 * rows[i].number, 0xffffff9f);
		vmx_set(VMCS_GUEST_ES_BASE + 2 * rows[i].number, base);
	}
	CHECK(vmx_enter(&(struct regs){ 0 }), VM_SUCCEED);
	CHECK(vmx_get(VMCS_REASON), REASON_VMCALL);
	for (u32 i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		CHECK(vmx_get(VMCS_GUEST_ES_AR + 2 * rows[i].number), 0x1f09f);
		CHECK(vmx_get(VMCS_GUEST_ES_BASE + 2 * rows[i].number), rows[i].base);
	}
}

int main(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	if (!CHECK(vmx_on(), true))
		return 1;
	windows();
	interrupts();
	undefined_fields();
	lengths();
	monitor();
	check_order();
	long_list();
	timer();
	pending_debug();
	task_switch();
	unusable_segments();
	return 0;
}
