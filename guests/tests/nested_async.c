// SPDX-License-Identifier: MIT
/*
 * Events that meet an entry or a guest from outside: interrupts, NMIs, INIT and SIPI that wait, the
 * event that is injected beside them, windows, the monitor trap flag, halted guests; and what an
 * exit says of an event in whose delivery it came.
 *
 * SDM vol. 3 "Event Injection", "Other Causes of VM Exits", "Monitor Trap Flag", "Priority Among
 * Concurrent Events"
 */
#include "l2.h"

enum {
	VMCS_APIC_ACCESS = 0x2014,
	PIN_INTERRUPT = 1 << 0,
	PIN_NMI = 1 << 3,
	PIN_VIRTUAL_NMIS = 1 << 5,
	PIN_TIMER = 1 << 6,
	PRIMARY_INTERRUPT_WINDOW = 1 << 2,
	PRIMARY_NMI_WINDOW = 1 << 22,
	SECONDARY_APIC_ACCESS = 1 << 0,
	EXIT_ACKNOWLEDGE = 1 << 15,
	REASON_APIC_ACCESS = 44,
	ACTIVE = 0,
	HALTED = 1,
	WAITS_FOR_SIPI = 3,
	BLOCKED_BY_STI = 1,
	BLOCKED_BY_MOV_SS = 2,
	BLOCKED_BY_NMI = 8,
};
#define ENTRY_FAILURE 0x80000000u
#define ICR_SELF 0x40000u
#define ICR_NMI 0x4400u
#define ICR_INIT 0x4500u
#define ICR_STARTUP 0x4600u
#define TEST 0x51u
#define INJECTED 0x80000306u /* #UD */

CODE(a_nops, "nop; nop; nop; nop; nop; nop; vmcall");
CODE(a_handler_test, "nop; vmcall");
CODE(a_handler_nmi, "nop; vmcall");
CODE(a_handler, "nop; vmcall");
CODE(a_outs, "outsb; outsb; vmcall");
CODE(a_rep, "rep stosb; vmcall");
CODE(a_rep_outs, "rep outsb; vmcall");
CODE(a_ud, "ud2");
CODE(a_int, "int $0x41");
CODE(a_int3, "int3");
CODE(a_int1, ".byte 0xf1");
CODE(a_hlt, "hlt; vmcall");
CODE(a_sti, "sti; nop; vmcall");
CODE(a_mov_ss, "mov %ss, %eax; mov %eax, %ss; nop; nop; vmcall");
CODE(a_send_nmi, "movl $0x4400, (%rbx); nop; nop; vmcall");
CODE32(a_far_call, "int $0x41");

static u32 enter(struct regs *regs)
{
	int result = vmx_enter(regs);

	if (result == VM_SUCCEED)
		return (u32)vmx_get(VMCS_REASON);
	return result == VM_FAIL_VALID ? 0x10000u | (u32)vmx_get(VMCS_ERROR) : 0x20000u;
}

static u32 go(void)
{
	return enter(&(struct regs){ 0 });
}

static void pin(u64 controls)
{
	vmx_set(VMCS_PIN, vmx_controls(VMCS_PIN, controls));
}

static void acknowledge(bool on)
{
	vmx_set(VMCS_EXIT_CONTROLS,
		vmx_controls(VMCS_EXIT_CONTROLS, 1 << 9 | (on ? EXIT_ACKNOWLEDGE : 0)));
}

static void point(struct gate *g, code_t *code)
{
	g->offset_low = (u16)(u64)code;
	g->offset_middle = (u16)((u64)code >> 16);
	g->type = 0x8f; /* a trap gate: IF stays */
	g->ist = 0;
}

/* An IDT of the guest's alone, on the guest's stack. */
static struct gate *own_idt(void)
{
	struct gate *idt = page_new();

	for (u32 i = 0; i < 256; i++) {
		idt[i] = *gate(i);
		point(&idt[i], a_handler);
	}
	point(&idt[TEST], a_handler_test);
	point(&idt[VECTOR_NMI], a_handler_nmi);
	vmx_set(VMCS_GUEST_IDTR_BASE, (u64)idt);
	vmx_set(VMCS_GUEST_IDTR_LIMIT, 0xfff);
	return idt;
}

/* ---------------------------------------------------------------- interrupts */

static volatile u32 taken;

static void count_and_end(struct frame *frame)
{
	(void)frame;
	taken++;
	apic_write(APIC_EOI, 0);
}

static void count(struct frame *frame)
{
	(void)frame;
	taken++;
}

static u32 pending_bits(u32 base)
{
	return apic_read(base + 0x10 * (TEST / 32)) >> (TEST % 32) & 1;
}

/* What is left of the interrupt comes to this hypervisor, and nothing else does. */
static void leftover(bool waits, bool in_service)
{
	CHECK(pending_bits(APIC_IRR), waits);
	CHECK(pending_bits(APIC_ISR), in_service);
	if (in_service)
		apic_write(APIC_EOI, 0);
	taken = 0;
	interrupts_on();
	interrupts_off();
	CHECK(taken, waits);
}

/* N72, N73, N139: one waits when the guest is entered, with an event to inject or without. */
static void interrupt_case(bool exits, bool ack, bool open, bool inject)
{
	u64 stack;
	u32 reason;

	vmx_new(a_nops, 0);
	own_idt();
	pin(exits ? PIN_INTERRUPT : 0);
	acknowledge(exits && ack);
	vmx_set(VMCS_GUEST_RFLAGS, FLAG_ONE | (open ? FLAG_IF : 0));
	vmx_set(VMCS_ENTRY_INFO, inject ? INJECTED : 0);
	stack = vmx_get(VMCS_GUEST_RSP);
	apic_ipi(apic_id(), ICR_SELF | TEST);
	reason = go();
	CHECK(vmx_get(VMCS_ENTRY_INFO) >> 31, 0);
	CHECK(vmx_get(VMCS_IDT_INFO) >> 31, 0);
	if (exits) { /* before any instruction, whatever IF is */
		CHECK(reason, REASON_INTERRUPT);
		CHECK(vmx_get(VMCS_EXIT_INFO), ack ? 0x80000000u | TEST : 0);
		CHECK(vmx_get(VMCS_GUEST_RIP), (u64)(inject ? a_handler : a_nops));
		CHECK(vmx_get(VMCS_GUEST_RSP), inject ? stack - 40 : stack);
		leftover(!ack, ack);
	} else if (open) { /* through the guest's IDT; injection comes first */
		CHECK(reason, REASON_VMCALL);
		CHECK(vmx_get(VMCS_GUEST_RIP), (u64)a_handler_test + 1);
		CHECK(vmx_get(VMCS_GUEST_RSP), stack - (inject ? 88 : 40));
		CHECK(*(u64 *)(vmx_get(VMCS_GUEST_RSP)), (u64)(inject ? a_handler : a_nops));
		leftover(false, true);
	} else {
		CHECK(reason, REASON_VMCALL);
		CHECK(vmx_get(VMCS_GUEST_RIP), inject ? (u64)a_handler + 1 : (u64)a_nops + 6);
		leftover(true, false);
	}
}

static void interrupts(void)
{
	section("an interrupt that waits");
	on_vector(TEST, count_and_end);
	for (u32 bits = 0; bits < 16; bits++)
		interrupt_case(bits & 1, bits & 2, bits & 4, bits & 8);
}

/* ---------------------------------------------------------------- NMIs */

/* Ends blocking by NMI in this hypervisor, as the handler of one would. */
static void unblock(void)
{
	struct regs r = { 0 };

	on_vector(VECTOR_NMI, count);
	asm volatile("mov %%rsp, %%rax; pushq %0; pushq %%rax; pushfq; pushq %1; lea 1f(%%rip), "
		     "%%rax; pushq %%rax; iretq; 1:"
		     :
		     : "i"(SEL_DATA), "i"(SEL_CODE64)
		     : "rax", "memory");
	(void)r;
}

/*
 * N74, N75: the guest sends the first one to itself. Then this hypervisor blocks NMIs, and a second
 * one waits for the next entry.
 */
static void nmi_case(bool exits, bool virtual, bool blocked, bool inject)
{
	struct regs r = { .bx = 0xfee00300 };
	bool held = blocked && !virtual;
	u64 stack;

	vmx_new(a_send_nmi, 0);
	own_idt();
	pin((exits ? PIN_NMI : 0) | (virtual ? PIN_VIRTUAL_NMIS : 0));
	*(volatile u32 *)0xfee00310 = apic_id() << 24;
	vmx_set(VMCS_INTERRUPTIBILITY, blocked ? BLOCKED_BY_NMI : 0);
	vmx_set(VMCS_ENTRY_INFO, inject ? INJECTED : 0);
	stack = vmx_get(VMCS_GUEST_RSP);
	if (inject) /* the handler is what sends */
		point(&((struct gate *)vmx_get(VMCS_GUEST_IDTR_BASE))[VECTOR_UD], a_send_nmi);
	enter(&r);
	taken = 0;
	if (held) {
		CHECK(vmx_get(VMCS_REASON), REASON_VMCALL);
		CHECK(vmx_get(VMCS_INTERRUPTIBILITY), BLOCKED_BY_NMI);
		CHECK(taken, 0);
		unblock();
		asm volatile("nop");
		CHECK(taken, 1);
		return;
	}
	if (!exits) {
		CHECK(vmx_get(VMCS_REASON), REASON_VMCALL);
		CHECK(vmx_get(VMCS_GUEST_RIP), (u64)a_handler_nmi + 1);
		CHECK(vmx_get(VMCS_INTERRUPTIBILITY), BLOCKED_BY_NMI);
		CHECK(vmx_get(VMCS_GUEST_RSP), stack - (inject ? 88 : 40));
		unblock();
		return;
	}
	CHECK(vmx_get(VMCS_REASON), REASON_EXCEPTION);
	CHECK(vmx_get(VMCS_EXIT_INFO), 0x80000202);
	CHECK(vmx_get(VMCS_GUEST_RIP), (u64)a_send_nmi + 6);
	CHECK(vmx_get(VMCS_INTERRUPTIBILITY), blocked ? BLOCKED_BY_NMI : 0);
	CHECK(vmx_get(VMCS_QUALIFICATION), 0);
	/* Another one: this hypervisor holds it back, the guest's entry does not, with virtual
	 * NMIs. */
	*(volatile u32 *)0xfee00300 = ICR_NMI;
	asm volatile("nop");
	CHECK(taken, 0);
	vmx_set(VMCS_ENTRY_INFO, inject ? INJECTED : 0);
	point(&((struct gate *)vmx_get(VMCS_GUEST_IDTR_BASE))[VECTOR_UD], a_handler);
	vmx_set(VMCS_GUEST_RIP, (u64)a_nops);
	CHECK(go(), REASON_EXCEPTION);
	CHECK(vmx_get(VMCS_EXIT_INFO), 0x80000202);
	CHECK(vmx_get(VMCS_GUEST_RIP), (u64)(inject ? a_handler : a_nops));
	unblock();
	CHECK(taken, 0);
}

static void nmis(void)
{
	section("NMIs");
	if (apic_x2())
		return;
	for (u32 bits = 0; bits < 16; bits++)
		if ((bits & 1) || !(bits & 2))
			nmi_case(bits & 1, bits & 2, bits & 4, bits & 8);
}

/* N76: INIT waits while VMX root operation lasts; behind what is injected, before all else. */
static void init(void)
{
	section("INIT");
	for (u32 bits = 0; bits < 8; bits++) {
		u64 stack;

		vmx_new(a_nops, 0);
		own_idt();
		vmx_primary(bits & 1 ? PRIMARY_MTF : 0);
		vmx_set(VMCS_ENTRY_INFO, bits & 2 ? INJECTED : 0);
		vmx_set(VMCS_GUEST_RFLAGS, FLAG_ONE | (bits & 4 ? FLAG_TF : 0));
		if (bits & 4 && !(bits & 2))
			vmx_set(VMCS_PENDING_DEBUG, 1 << 14);
		stack = vmx_get(VMCS_GUEST_RSP);
		apic_ipi(apic_id(), ICR_INIT);
		asm volatile("nop");
		CHECK(go(), REASON_INIT);
		CHECK(vmx_get(VMCS_QUALIFICATION), 0);
		CHECK(vmx_get(VMCS_GUEST_RIP), (u64)(bits & 2 ? a_handler : a_nops));
		CHECK(vmx_get(VMCS_GUEST_RSP), bits & 2 ? stack - 40 : stack);
		CHECK(vmx_get(VMCS_PENDING_DEBUG), bits & 4 && !(bits & 2) ? 1 << 14 : 0);
		vmx_primary(0);
		vmx_set(VMCS_GUEST_RFLAGS, FLAG_ONE);
		vmx_set(VMCS_PENDING_DEBUG, 0);
		CHECK(go(), REASON_VMCALL); /* and once */
	}
}

static volatile u32 waiting;
static volatile u64 sipi_reason, sipi_qualification, sipi_activity;

static void wait_for_sipi(word activity)
{
	apic_on();
	if (!vmx_on())
		return;
	vmx_new(a_hlt, 0);
	vmx_set(VMCS_ACTIVITY, activity);
	pin(PIN_TIMER);
	vmx_set(VMCS_TIMER, 200000);
	waiting = 1;
	vmx_enter(&(struct regs){ 0 });
	sipi_reason = vmx_get(VMCS_REASON);
	sipi_qualification = vmx_get(VMCS_QUALIFICATION);
	sipi_activity = vmx_get(VMCS_ACTIVITY);
	asm volatile("vmxoff");
}

/* N77, N101: only the wait-for-SIPI state takes notice of one, and of nothing else. */
static void sipi(u32 activity)
{
	waiting = 0;
	cpu_call(1, wait_for_sipi, activity);
	while (!waiting)
		asm volatile("pause");
	for (u32 i = 0; i < 10000; i++)
		asm volatile("pause");
	if (activity == WAITS_FOR_SIPI) /* neither exits nor wakes it */
		apic_ipi(1, ICR_NMI);
	apic_ipi(1, ICR_STARTUP | 0x12);
	cpu_wait(1);
	CHECK(sipi_reason, activity == WAITS_FOR_SIPI ? REASON_SIPI : REASON_TIMER);
	CHECK(sipi_qualification, activity == WAITS_FOR_SIPI ? 0x12 : 0);
	CHECK(sipi_activity, activity);
}

/* ---------------------------------------------------------------- N78..N83 */

struct event {
	const char *name;
	u32 info, error, length;
};

static const struct event events[] = {
	{ "#PF", 0x80000b0e, 2, 0 },	     { "#GP", 0x80000b0d, 0x1238, 0 },
	{ "NMI", 0x80000202, 0, 0 },	     { "interrupt", 0x80000041, 0, 0 },
	{ "INT n", 0x80000441, 0, 2 },	     { "#BP", 0x80000603, 0, 1 },
	{ "INT1", 0x80000501, 0, 1 },	     { "#UD", 0x80000306, 0, 0 },
	{ "long INT n", 0x80000441, 0, 15 },
};

enum way { BY_EXCEPTION, BY_APIC_ACCESS, BY_EPT, WAYS };

/* The event is injected; its delivery ends in an exit that must tell of it. */
static void vectoring(const struct event *e, enum way way)
{
	static u8 page[4096] __attribute__((aligned(4096)));
	u32 vector = e->info & 0xff;
	struct gate *idt;
	bool external = (e->info >> 8 & 7) < 4 || (e->info >> 8 & 7) == 5;

	vmx_new(a_nops, way == BY_APIC_ACCESS ? SECONDARY_APIC_ACCESS
			: way == BY_EPT	      ? SECONDARY_EPT
					      : 0);
	idt = own_idt();
	vmx_set(VMCS_ENTRY_INFO, e->info);
	vmx_set(VMCS_ENTRY_ERROR, e->error);
	vmx_set(VMCS_ENTRY_LENGTH, e->length);
	vmx_set(VMCS_GUEST_RFLAGS, FLAG_ONE | FLAG_IF);
	vmx_set(VMCS_EXCEPTIONS, 1 << VECTOR_GP | 1 << VECTOR_NP);
	if (way == BY_EXCEPTION)
		idt[vector].type &= 0x7f; /* #NP */
	if (way == BY_APIC_ACCESS) {
		memcpy(page, idt, 4096);
		vmx_set(VMCS_APIC_ACCESS, (u64)page);
		vmx_set(VMCS_GUEST_IDTR_BASE, (u64)page);
	}
	if (way == BY_EPT)
		*ept_page(vmx_get(VMCS_EPTP) & ~0xfffull, (u64)idt) = 0;
	go();
	CHECK_NAMED(e->name, vmx_get(VMCS_REASON),
		    way == BY_EXCEPTION	    ? REASON_EXCEPTION
		    : way == BY_APIC_ACCESS ? REASON_APIC_ACCESS
					    : REASON_EPT);
	CHECK_NAMED(e->name, vmx_get(VMCS_IDT_INFO), e->info);
	CHECK_NAMED(e->name, vmx_get(VMCS_IDT_ERROR), e->info & 1 << 11 ? e->error : 0);
	CHECK_NAMED(e->name, vmx_get(VMCS_EXIT_INFO), way == BY_EXCEPTION ? 0x80000b0b : 0);
	if (way == BY_EXCEPTION)
		CHECK_NAMED(e->name, vmx_get(VMCS_EXIT_ERROR), vector * 8 + 2 + external);
	if (e->length)
		CHECK_NAMED(e->name, vmx_get(VMCS_LENGTH), e->length);
	CHECK_NAMED(e->name, vmx_get(VMCS_GUEST_RIP), (u64)a_nops);
	CHECK_NAMED(e->name, vmx_get(VMCS_INTERRUPTIBILITY),
		    vector == VECTOR_NMI ? BLOCKED_BY_NMI : 0);
	CHECK_NAMED(e->name, vmx_get(VMCS_ENTRY_INFO) >> 31, 0);
}

/* A task gate: the exit says that the event led there. */
static void task_gates(void)
{
	u64 *pdpt = page_new(), *directory = page_new(), *idt = page_new();

	for (u64 i = 0; i < 512; i++)
		directory[i] = i << 21 | PTE_P | PTE_W | PTE_PS;
	pdpt[0] = (u64)directory | PTE_P;
	*gdt(0x50) = 0x4000890000000067;
	for (u32 i = 0; i < 256; i++)
		idt[i] = 0x0000850000500000; /* task gate to 50H */
	for (u32 i = 0; i < sizeof(events) / sizeof(events[0]); i++) {
		const struct event *e = &events[i];

		vmx_new(a_far_call, 0);
		vmx_set(VMCS_ENTRY_CONTROLS, vmx_get(VMCS_ENTRY_CONTROLS) & ~(u64)ENTRY_IA32E);
		vmx_set(VMCS_GUEST_CS_AR, 0xc09b);
		vmx_set(VMCS_GUEST_CR3, (u64)pdpt);
		vmx_set(VMCS_GUEST_IDTR_BASE, (u64)idt);
		vmx_set(VMCS_GUEST_RFLAGS, FLAG_ONE | FLAG_IF);
		vmx_set(VMCS_ENTRY_INFO, e->info);
		vmx_set(VMCS_ENTRY_ERROR, e->error);
		vmx_set(VMCS_ENTRY_LENGTH, e->length);
		CHECK_NAMED(e->name, go(), REASON_TASK_SWITCH);
		CHECK_NAMED(e->name, vmx_get(VMCS_QUALIFICATION), 0xc0000050);
		CHECK_NAMED(e->name, vmx_get(VMCS_IDT_INFO), e->info);
		if (e->length)
			CHECK_NAMED(e->name, vmx_get(VMCS_LENGTH), e->length);
	}
}

/* The instruction's own event: the same, by the instruction's length. */
static void software(void)
{
	static const struct {
		code_t *code;
		u32 info, length;
	} cases[] = { { a_int, 0x80000441, 2 },
		      { a_int3, 0x80000603, 1 },
		      { a_int1, 0x80000501, 1 } };

	for (u32 i = 0; i < 3; i++) {
		vmx_new(cases[i].code, 0);
		own_idt();
		vmx_set(VMCS_GUEST_IDTR_LIMIT, 0);
		vmx_set(VMCS_EXCEPTIONS, 1 << VECTOR_GP);
		CHECK(go(), REASON_EXCEPTION);
		CHECK(vmx_get(VMCS_EXIT_INFO), 0x80000b0d);
		CHECK(vmx_get(VMCS_EXIT_ERROR),
		      (cases[i].info & 0xff) * 8 + 2 + (cases[i].info >> 8 == 0x800005));
		CHECK(vmx_get(VMCS_IDT_INFO), cases[i].info);
		CHECK(vmx_get(VMCS_LENGTH), cases[i].length);
		CHECK(vmx_get(VMCS_GUEST_RIP), (u64)cases[i].code);
	}
}

/* N83: delivered once, however many tables had to be found for it. */
static void once(void)
{
	for (u32 i = 0; i < sizeof(events) / sizeof(events[0]); i++) {
		u64 stack;

		vmx_new(a_nops, SECONDARY_EPT);
		own_idt();
		vmx_invept(2, 0);
		vmx_set(VMCS_GUEST_RFLAGS, FLAG_ONE | FLAG_IF);
		vmx_set(VMCS_ENTRY_INFO, events[i].info);
		vmx_set(VMCS_ENTRY_ERROR, events[i].error);
		vmx_set(VMCS_ENTRY_LENGTH, events[i].length);
		stack = vmx_get(VMCS_GUEST_RSP);
		CHECK_NAMED(events[i].name, go(), REASON_VMCALL);
		CHECK_NAMED(events[i].name, vmx_get(VMCS_GUEST_RSP),
			    stack - (events[i].info & 1 << 11 ? 48 : 40));
	}
}

static void vectoring_information(void)
{
	section("IDT-vectoring information");
	for (u32 i = 0; i < sizeof(events) / sizeof(events[0]); i++)
		for (enum way way = 0; way < WAYS; way++)
			vectoring(&events[i], way);
	task_gates();
	software();
	once();
}

/* ---------------------------------------------------------------- N88..N92 */

static u32 stepped(code_t *code, u32 inject, struct regs *regs)
{
	vmx_new(code, 0);
	own_idt();
	vmx_primary(PRIMARY_MTF);
	vmx_set(VMCS_ENTRY_INFO, inject);
	return enter(regs);
}

static void monitor_trap(void)
{
	static u8 bytes[64];
	struct regs r = { .si = (u64)bytes, .dx = 0x80, .cx = 3 };

	section("monitor trap flag");
	CHECK(stepped(a_outs, 0, &r), REASON_MTF); /* N88 */
	CHECK(vmx_get(VMCS_GUEST_RIP), (u64)a_outs + 1);
	CHECK(enter(&r), REASON_MTF);
	CHECK(vmx_get(VMCS_GUEST_RIP), (u64)a_outs + 2);
	CHECK(r.si, (u64)bytes + 2);
	vmx_new(a_nops, 0); /* with TF: the step is what is pending then */
	vmx_primary(PRIMARY_MTF);
	vmx_set(VMCS_GUEST_RFLAGS, FLAG_ONE | FLAG_TF);
	CHECK(enter(&r), REASON_MTF);
	CHECK(vmx_get(VMCS_GUEST_RIP), (u64)a_nops + 1);
	CHECK(vmx_get(VMCS_PENDING_DEBUG), 1 << 14);
	CHECK(stepped(a_nops, INJECTED, &r), REASON_MTF); /* N89: no instruction */
	CHECK(vmx_get(VMCS_GUEST_RIP), (u64)a_handler);
	CHECK(enter(&r), REASON_MTF);
	CHECK(vmx_get(VMCS_GUEST_RIP), (u64)a_handler + 1);
	CHECK(stepped(a_ud, 0, &r), REASON_MTF); /* a fault's delivery */
	CHECK(vmx_get(VMCS_GUEST_RIP), (u64)a_handler);
	r.di = (u64)bytes;
	CHECK(stepped(a_rep, 0, &r), REASON_MTF); /* N90: an iteration */
	CHECK(r.cx, 2);
	CHECK(vmx_get(VMCS_GUEST_RIP), (u64)a_rep);
	r.si = (u64)bytes;
	CHECK(stepped(a_rep_outs, 0, &r), REASON_MTF);
	CHECK(r.cx, 1);
	CHECK(enter(&r), REASON_MTF);
	CHECK(r.cx, 0);
	vmx_new(a_nops, 0); /* N91: as an event, without the control */
	vmx_set(VMCS_ENTRY_INFO, 0x80000700);
	CHECK(enter(&r), REASON_MTF);
	CHECK(vmx_get(VMCS_GUEST_RIP), (u64)a_nops);
	CHECK(vmx_get(VMCS_ENTRY_INFO) >> 31, 0);
	CHECK(enter(&r), REASON_VMCALL);
}

/* N92: what pends behind MOV SS, STI and in HLT. */
static void pending_debug(void)
{
	struct regs r = { 0 };

	section("pending debug exceptions");
	for (u32 wanted = 0; wanted < 2; wanted++) {
		vmx_new(a_mov_ss, 0);
		own_idt();
		vmx_set(VMCS_EXCEPTIONS, wanted ? 1 << VECTOR_DB : 0);
		vmx_set(VMCS_GUEST_RFLAGS, FLAG_ONE | FLAG_TF);
		vmx_set(VMCS_GUEST_RIP, (u64)a_mov_ss + 2);
		CHECK(enter(&r), wanted ? REASON_EXCEPTION : REASON_VMCALL);
		if (wanted) { /* not behind MOV SS, but behind the one after it */
			CHECK(vmx_get(VMCS_GUEST_RIP), (u64)a_mov_ss + 5);
			CHECK(vmx_get(VMCS_QUALIFICATION), 1 << 14);
		}
		vmx_new(a_nops, 0);
		own_idt();
		vmx_set(VMCS_EXCEPTIONS, wanted ? 1 << VECTOR_DB : 0);
		vmx_set(VMCS_GUEST_RFLAGS, FLAG_ONE | FLAG_IF | FLAG_TF);
		vmx_set(VMCS_INTERRUPTIBILITY, BLOCKED_BY_STI);
		vmx_set(VMCS_PENDING_DEBUG, 1 << 14);
		CHECK(enter(&r), wanted ? REASON_EXCEPTION : REASON_VMCALL);
		if (wanted)
			CHECK(vmx_get(VMCS_GUEST_RIP), (u64)a_nops);
		else
			CHECK(*(u64 *)vmx_get(VMCS_GUEST_RSP), (u64)a_nops);
		vmx_new(a_nops, 0); /* wakes */
		own_idt();
		vmx_set(VMCS_EXCEPTIONS, wanted ? 1 << VECTOR_DB : 0);
		vmx_set(VMCS_ACTIVITY, HALTED);
		vmx_set(VMCS_PENDING_DEBUG, 1 << 12 | 1);
		CHECK(enter(&r), wanted ? REASON_EXCEPTION : REASON_VMCALL);
		if (wanted)
			CHECK(vmx_get(VMCS_QUALIFICATION), 1);
	}
}

/* ---------------------------------------------------------------- N93..N101 */

static void windows(void)
{
	static const struct {
		u32 primary, reason;
	} kinds[] = { { PRIMARY_INTERRUPT_WINDOW, REASON_INTERRUPT_WINDOW },
		      { PRIMARY_NMI_WINDOW, REASON_NMI_WINDOW } };

	section("windows");
	for (u32 i = 0; i < 2; i++)
		for (u32 bits = 0; bits < 4; bits++) {
			bool halted = bits & 1, inject = bits & 2;

			vmx_new(a_nops, 0);
			own_idt();
			pin(PIN_NMI | PIN_VIRTUAL_NMIS);
			vmx_primary(kinds[i].primary);
			vmx_set(VMCS_GUEST_RFLAGS, FLAG_ONE | FLAG_IF);
			vmx_set(VMCS_ACTIVITY, halted ? HALTED : ACTIVE);
			vmx_set(VMCS_ENTRY_INFO, inject ? 0x80000000u | TEST : 0);
			CHECK(go(), kinds[i].reason);
			CHECK(vmx_get(VMCS_GUEST_RIP), (u64)(inject ? a_handler_test : a_nops));
			/* it woke by the event; the window itself wakes it for the handler below */
			CHECK(vmx_get(VMCS_ACTIVITY), halted && !inject ? HALTED : ACTIVE);
			/* not twice, and not where it is shut */
			vmx_primary(0);
			vmx_set(VMCS_ACTIVITY, ACTIVE);
			CHECK(go(), REASON_VMCALL);
		}
	vmx_new(a_sti, 0); /* opens behind the one after STI */
	vmx_primary(PRIMARY_INTERRUPT_WINDOW);
	CHECK(go(), REASON_INTERRUPT_WINDOW);
	CHECK(vmx_get(VMCS_GUEST_RIP), (u64)a_sti + 2);
	vmx_new(a_nops, 0);
	pin(PIN_NMI | PIN_VIRTUAL_NMIS);
	vmx_primary(PRIMARY_NMI_WINDOW);
	vmx_set(VMCS_INTERRUPTIBILITY, BLOCKED_BY_NMI);
	CHECK(go(), REASON_VMCALL);
}

/* N98..N100: what a halted guest may be entered with, and what wakes it. */
static void halted(void)
{
	static const struct {
		u32 info;
		bool enters;
	} cases[] = { { 0x80000041, true },  { 0x80000202, true },  { 0x80000301, true },
		      { 0x80000312, true },  { 0x80000306, false }, { 0x80000b0d, false },
		      { 0x80000441, false }, { 0x80000603, false }, { 0x80000501, false } };

	section("halted guests");
	for (u32 i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		vmx_new(a_nops, 0);
		own_idt();
		vmx_set(VMCS_GUEST_RFLAGS, FLAG_ONE | FLAG_IF);
		vmx_set(VMCS_ACTIVITY, HALTED);
		vmx_set(VMCS_ENTRY_INFO, cases[i].info);
		vmx_set(VMCS_ENTRY_LENGTH, 1);
		CHECK(go(), cases[i].enters ? REASON_VMCALL : ENTRY_FAILURE | 33);
		if (cases[i].enters)
			CHECK(vmx_get(VMCS_ACTIVITY), ACTIVE);
	}
	vmx_new(a_hlt, 0); /* halts by itself, and is woken by what exits */
	pin(PIN_INTERRUPT);
	acknowledge(true);
	apic_write(APIC_LVT_TIMER, TEST);
	apic_write(APIC_TIMER_DIVIDE, 0xb);
	apic_write(APIC_TIMER_INITIAL, 100000);
	CHECK(go(), REASON_INTERRUPT);
	CHECK(vmx_get(VMCS_EXIT_INFO), 0x80000000u | TEST);
	CHECK(vmx_get(VMCS_ACTIVITY), HALTED);
	CHECK(vmx_get(VMCS_GUEST_RIP), (u64)a_hlt + 1);
	apic_write(APIC_EOI, 0);
	vmx_new(a_hlt, 0);
	own_idt();
	vmx_set(VMCS_GUEST_RFLAGS, FLAG_ONE | FLAG_IF);
	apic_write(APIC_TIMER_INITIAL, 100000);
	CHECK(go(), REASON_VMCALL); /* through its IDT */
	CHECK(vmx_get(VMCS_GUEST_RIP), (u64)a_handler_test + 1);
	CHECK(*(u64 *)vmx_get(VMCS_GUEST_RSP), (u64)a_hlt + 1);
	CHECK(vmx_get(VMCS_ACTIVITY), ACTIVE);
	apic_write(APIC_EOI, 0);
}

int main(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	section("VMXON");
	if (!CHECK(vmx_on(), true))
		return 1;
	apic_on();
	interrupts();
	nmis();
	init();
	if (cpus_start(2) == 2) {
		section("SIPI");
		sipi(WAITS_FOR_SIPI);
		sipi(HALTED);
	}
	vectoring_information();
	monitor_trap();
	pending_debug();
	windows();
	halted();
	return 0;
}
