// SPDX-License-Identifier: MIT
/*
 * Virtual interrupts of a guest: delivery, end of interrupt, posting by an interrupt that finds the
 * guest at its entry, running or halted, and the TPR threshold.
 *
 * SDM vol. 3 "APIC Virtualization and Virtual Interrupts"
 */
#include "l2.h"

enum {
	VMCS_NOTIFICATION = 0x0002,
	VMCS_STATUS = 0x0810,
	VMCS_VIRTUAL_APIC = 0x2012,
	VMCS_APIC_ACCESS = 0x2014,
	VMCS_DESCRIPTOR = 0x2016,
	VMCS_EOI_EXIT = 0x201c,
	VMCS_TPR_THRESHOLD = 0x401c,
	PIN_INTERRUPT = 1 << 0,
	PIN_TIMER = 1 << 6,
	PIN_POSTED = 1 << 7,
	PRIMARY_INTERRUPT_WINDOW = 1 << 2,
	PRIMARY_TPR_SHADOW = 1 << 21,
	PRIMARY_MSR_BITMAPS = 1 << 28,
	SECONDARY_APIC_ACCESS = 1 << 0,
	SECONDARY_X2APIC = 1 << 4,
	SECONDARY_REGISTERS = 1 << 8,
	SECONDARY_DELIVERY = 1 << 9,
	EXIT_ACKNOWLEDGE = 1 << 15,
	REASON_TPR = 43,
	REASON_EOI = 45,
	REASON_WRMSR = 32,
};
#define ICR_SELF 0x40000u
#define VIRTUAL 0x61u
#define NOTIFICATION 0xf2u
#define VTPR 0x80u
#define VISR 0x100u
#define VIRR 0x200u

CODE(v_nops, "nop; nop; nop; vmcall");
CODE(v_handler, "nop; vmcall");
CODE(v_spin, "1: dec %ecx; jnz 1b; vmcall");
CODE(v_hlt, "hlt; vmcall");
CODE(v_mwait, "monitor; mwait; vmcall"); /* at RAX */
CODE(v_cr8, "mov %rax, %cr8; nop; vmcall");
CODE(v_eoi, "wrmsr; nop; vmcall");
CODE(v_eoi_page, "movl $0, (%rax); nop; vmcall");
CODE(v_sti, "sti; nop; nop; vmcall");
CODE(v_rdmsr, "rdmsr; vmcall");

static u8 *virtual_apic;
static u64 line[8] __attribute__((aligned(64)));
static u32 *posting;

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

static bool bit_of(u32 base, u32 vector)
{
	return *(u32 *)(virtual_apic + base + 0x10 * (vector / 32)) >> (vector % 32) & 1;
}

static void set_bit_of(u32 base, u32 vector)
{
	*(u32 *)(virtual_apic + base + 0x10 * (vector / 32)) |= 1u << (vector % 32);
}

static void own_idt(void)
{
	struct gate *idt = page_new();

	for (u32 i = 0; i < 256; i++)
		idt[i] = *gate(i);
	idt[VIRTUAL].offset_low = (u16)(u64)v_handler;
	idt[VIRTUAL].offset_middle = (u16)((u64)v_handler >> 16);
	vmx_set(VMCS_GUEST_IDTR_BASE, (u64)idt);
}

/* A guest with virtual-interrupt delivery, @requested in its RVI. */
static void begin(code_t *code, u32 secondary, u32 requested)
{
	memset(virtual_apic, 0, 4096);
	memset(posting, 0, 64);
	vmx_new(code, secondary | SECONDARY_DELIVERY);
	own_idt();
	vmx_set(VMCS_PIN, vmx_controls(VMCS_PIN, PIN_INTERRUPT));
	vmx_primary(PRIMARY_TPR_SHADOW);
	vmx_set(VMCS_VIRTUAL_APIC, (u64)virtual_apic);
	for (u32 i = 0; i < 4; i++)
		vmx_set(VMCS_EOI_EXIT + 2 * i, 0);
	vmx_set(VMCS_STATUS, requested);
	if (requested)
		set_bit_of(VIRR, requested);
	vmx_set(VMCS_GUEST_RFLAGS, FLAG_ONE | FLAG_IF);
}

static void was_delivered(const char *name, u64 from)
{
	CHECK_NAMED(name, vmx_get(VMCS_GUEST_RIP), (u64)v_handler + 1);
	CHECK_NAMED(name, *(u64 *)vmx_get(VMCS_GUEST_RSP), from);
	CHECK_NAMED(name, vmx_get(VMCS_STATUS), VIRTUAL << 8);
	CHECK_NAMED(name, bit_of(VIRR, VIRTUAL), 0);
	CHECK_NAMED(name, bit_of(VISR, VIRTUAL), 1);
}

/* N135: what is requested arrives before the first instruction, unless it is held back. */
static void delivery(void)
{
	section("virtual-interrupt delivery");
	begin(v_nops, 0, VIRTUAL);
	CHECK(go(), REASON_VMCALL);
	was_delivered("at once", (u64)v_nops);
	begin(v_nops, 0, VIRTUAL);
	vmx_set(VMCS_GUEST_RFLAGS, FLAG_ONE);
	CHECK(go(), REASON_VMCALL);
	CHECK(vmx_get(VMCS_GUEST_RIP), (u64)v_nops + 3);
	CHECK(vmx_get(VMCS_STATUS), VIRTUAL);
	begin(v_sti, 0, VIRTUAL); /* behind the one after STI */
	vmx_set(VMCS_GUEST_RFLAGS, FLAG_ONE);
	CHECK(go(), REASON_VMCALL);
	was_delivered("STI", (u64)v_sti + 2);
	begin(v_nops, 0, VIRTUAL); /* the task priority; then it is lowered */
	virtual_apic[VTPR] = 0x60;
	CHECK(go(), REASON_VMCALL);
	CHECK(vmx_get(VMCS_GUEST_RIP), (u64)v_nops + 3);
	vmx_set(VMCS_GUEST_RIP, (u64)v_cr8);
	CHECK(go(), REASON_VMCALL);
	was_delivered("CR8", (u64)v_cr8 + 4);
	begin(v_nops, 0, VIRTUAL); /* an event that is injected comes first */
	vmx_set(VMCS_ENTRY_INFO, 0x80000306);
	vmx_set(VMCS_EXCEPTIONS, 0);
	((struct gate *)vmx_get(VMCS_GUEST_IDTR_BASE))[VECTOR_UD] =
		((struct gate *)vmx_get(VMCS_GUEST_IDTR_BASE))[VIRTUAL];
	((struct gate *)vmx_get(VMCS_GUEST_IDTR_BASE))[VECTOR_UD].type = 0x8f;
	CHECK(go(), REASON_VMCALL);
	was_delivered("injection", (u64)v_handler);
	begin(v_nops, 0, VIRTUAL); /* the window is shut by one that is about to come: not so */
	vmx_primary(PRIMARY_TPR_SHADOW | PRIMARY_INTERRUPT_WINDOW);
	CHECK(go(), REASON_INTERRUPT_WINDOW);
	CHECK(vmx_get(VMCS_GUEST_RIP), (u64)v_nops);
	CHECK(vmx_get(VMCS_STATUS), VIRTUAL);
	begin(v_hlt, 0, VIRTUAL); /* wakes */
	vmx_set(VMCS_ACTIVITY, 1);
	CHECK(go(), REASON_VMCALL);
	was_delivered("halted", (u64)v_hlt);
	CHECK(vmx_get(VMCS_ACTIVITY), 0);
}

/* N136: an end of interrupt exits if the bitmap has the vector so, and behind itself. */
static void end_of_interrupt(void)
{
	section("EOI virtualization");
	for (u32 bits = 0; bits < 4; bits++) {
		bool exits = bits & 1, msr = bits & 2;
		struct regs r = { .cx = 0x80b, .ax = msr ? 0 : 0xfee000b0 };
		code_t *code = msr ? v_eoi : v_eoi_page;
		u64 length = msr ? 2 : 6;

		begin(code, msr ? SECONDARY_X2APIC : SECONDARY_APIC_ACCESS | SECONDARY_REGISTERS,
		      0);
		vmx_primary(PRIMARY_TPR_SHADOW | PRIMARY_MSR_BITMAPS);
		vmx_set(0x2004, (u64)page_new());
		vmx_set(VMCS_APIC_ACCESS, 0xfee00000);
		vmx_set(VMCS_STATUS, VIRTUAL << 8);
		set_bit_of(VISR, VIRTUAL);
		set_bit_of(VISR, 0x45);
		if (exits)
			vmx_set(VMCS_EOI_EXIT + 2 * (VIRTUAL / 64), 1ull << VIRTUAL % 64);
		CHECK(enter(&r), exits ? REASON_EOI : REASON_VMCALL);
		if (exits)
			CHECK(vmx_get(VMCS_QUALIFICATION), VIRTUAL);
		CHECK(vmx_get(VMCS_GUEST_RIP), (u64)code + length + !exits);
		CHECK(vmx_get(VMCS_STATUS), 0x4500);
		CHECK(bit_of(VISR, VIRTUAL), 0);
		CHECK(bit_of(VISR, 0x45), 1);
	}
}

/* ---------------------------------------------------------------- N137 */

static void posted_begin(code_t *code)
{
	begin(code, 0, 0);
	vmx_set(VMCS_PIN, vmx_controls(VMCS_PIN, PIN_INTERRUPT | PIN_POSTED));
	vmx_set(VMCS_EXIT_CONTROLS, vmx_controls(VMCS_EXIT_CONTROLS, 1 << 9 | EXIT_ACKNOWLEDGE));
	vmx_set(VMCS_NOTIFICATION, NOTIFICATION);
	vmx_set(VMCS_DESCRIPTOR, (u64)posting);
	posting[VIRTUAL / 32] = 1u << VIRTUAL % 32;
	posting[8] = 1; /* outstanding */
}

static void was_posted(const char *name)
{
	CHECK_NAMED(name, posting[VIRTUAL / 32], 0);
	CHECK_NAMED(name, posting[8], 0);
	/* acknowledged and ended at this processor's APIC */
	CHECK_NAMED(name, apic_read(APIC_IRR + 0x10 * (NOTIFICATION / 32)), 0);
	CHECK_NAMED(name, apic_read(APIC_ISR + 0x10 * (NOTIFICATION / 32)), 0);
}

static void posted(void)
{
	struct regs r = { .cx = 100000 };

	section("posted interrupts");
	posted_begin(v_nops); /* the notification is there when the guest is entered */
	apic_ipi(apic_id(), ICR_SELF | NOTIFICATION);
	CHECK(go(), REASON_VMCALL);
	was_delivered("at the entry", (u64)v_nops);
	was_posted("at the entry");
	posted_begin(v_spin); /* while it runs */
	apic_write(APIC_LVT_TIMER, NOTIFICATION);
	apic_write(APIC_TIMER_DIVIDE, 0xb);
	apic_write(APIC_TIMER_INITIAL, 30000);
	CHECK(enter(&r), REASON_VMCALL);
	CHECK(vmx_get(VMCS_GUEST_RIP), (u64)v_handler + 1);
	CHECK(r.cx > 0 && r.cx < 100000, true);
	was_posted("running");
	posted_begin(v_hlt); /* while it is halted */
	apic_write(APIC_TIMER_INITIAL, 30000);
	CHECK(go(), REASON_VMCALL);
	was_delivered("halted", (u64)v_hlt + 1);
	was_posted("halted");
	posted_begin(v_mwait); /* ends MWAIT, though the task priority holds what was posted back */
	virtual_apic[VTPR] = 0xf0;
	vmx_set(VMCS_PIN, vmx_controls(VMCS_PIN, PIN_INTERRUPT | PIN_POSTED | PIN_TIMER));
	vmx_set(VMCS_TIMER, 1000000); /* ends the wait if nothing else does */
	r = (struct regs){ .ax = (u64)line };
	apic_write(APIC_TIMER_INITIAL, 30000);
	CHECK(enter(&r), REASON_VMCALL);
	CHECK(vmx_get(VMCS_GUEST_RIP), (u64)v_mwait + 6);
	CHECK(vmx_get(VMCS_STATUS), VIRTUAL);
	was_posted("in MWAIT");
	posted_begin(v_hlt); /* but not HLT */
	virtual_apic[VTPR] = 0xf0;
	vmx_set(VMCS_PIN, vmx_controls(VMCS_PIN, PIN_INTERRUPT | PIN_POSTED | PIN_TIMER));
	vmx_set(VMCS_TIMER, 1000000);
	apic_write(APIC_TIMER_INITIAL, 30000);
	CHECK(go(), REASON_TIMER);
	CHECK(vmx_get(VMCS_GUEST_RIP), (u64)v_hlt + 1);
	CHECK(vmx_get(VMCS_ACTIVITY), 1);
	was_posted("in HLT");
	posted_begin(v_hlt); /* another vector is an interrupt for this hypervisor */
	apic_write(APIC_LVT_TIMER, NOTIFICATION - 1);
	apic_write(APIC_TIMER_INITIAL, 30000);
	CHECK(go(), REASON_INTERRUPT);
	CHECK(vmx_get(VMCS_EXIT_INFO), 0x80000000u | (NOTIFICATION - 1));
	CHECK(posting[8], 1);
	CHECK(vmx_get(VMCS_ACTIVITY), 1);
	apic_write(APIC_EOI, 0);
	posted_begin(v_nops); /* without a guest it is one as well */
	posting[8] = 0;
	vmx_set(VMCS_PIN, vmx_controls(VMCS_PIN, PIN_INTERRUPT));
	apic_ipi(apic_id(), ICR_SELF | NOTIFICATION);
	CHECK(go(), REASON_INTERRUPT);
	CHECK(vmx_get(VMCS_EXIT_INFO), 0x80000000u | NOTIFICATION);
	apic_write(APIC_EOI, 0);
}

/* N138 */
static void threshold(void)
{
	section("TPR threshold");
	for (u32 tpr = 0; tpr < 16; tpr += 3)
		for (u32 limit = 0; limit < 16; limit += 5) {
			struct regs r = { .ax = tpr };

			memset(virtual_apic, 0, 4096);
			vmx_new(v_nops, SECONDARY_APIC_ACCESS);
			vmx_primary(PRIMARY_TPR_SHADOW);
			vmx_set(VMCS_VIRTUAL_APIC, (u64)virtual_apic);
			vmx_set(VMCS_APIC_ACCESS, 0xfee00000);
			vmx_set(VMCS_TPR_THRESHOLD, limit);
			virtual_apic[VTPR] = (u8)(tpr << 4);
			CHECK(go(), tpr < limit ? REASON_TPR : REASON_VMCALL);
			CHECK(vmx_get(VMCS_GUEST_RIP), (u64)v_nops + (tpr < limit ? 0 : 3));
			vmx_set(VMCS_GUEST_RIP, (u64)v_cr8); /* behind the instruction */
			virtual_apic[VTPR] = 0xf0;
			CHECK(enter(&r), tpr < limit ? REASON_TPR : REASON_VMCALL);
			CHECK(vmx_get(VMCS_GUEST_RIP), (u64)v_cr8 + (tpr < limit ? 4 : 5));
			CHECK(virtual_apic[VTPR], tpr << 4);
		}
	vmx_new(v_nops, 0); /* without "virtualize APIC accesses" the entry is refused */
	vmx_primary(PRIMARY_TPR_SHADOW);
	vmx_set(VMCS_VIRTUAL_APIC, (u64)virtual_apic);
	vmx_set(VMCS_TPR_THRESHOLD, 5);
	virtual_apic[VTPR] = 0x40;
	CHECK(go(), 0x10007);
}

/* N59: which accesses to x2APIC MSRs are virtual, by the controls. */
static void x2apic_msrs(void)
{
	static const u32 indices[] = { 0x802, 0x808, 0x80a, 0x80b, 0x83f };

	section("x2APIC MSRs");
	for (u32 bits = 0; bits < 16; bits++)
		for (u32 i = 0; i < 5; i++)
			for (u32 write = 0; write < 2; write++) {
				bool x2 = bits & 1, registers = bits & 2, vid = bits & 4;
				bool marked = bits & 8;
				u32 index = indices[i], at = index / 8, bit = 1u << (index & 7);
				struct regs r = { .cx = index, .ax = index == 0x83f ? VIRTUAL : 0 };
				bool is_virtual =
					x2 &&
					(index == 0x808 || (!write && registers) ||
					 (write && vid && (index == 0x80b || index == 0x83f)));
				u8 *bitmap = page_new();

				if (!x2 && (registers || vid))
					continue;
				begin(write ? v_eoi : v_rdmsr, 0, 0);
				vmx_set(VMCS_SECONDARY,
					vmx_controls(VMCS_SECONDARY,
						     (x2 ? SECONDARY_X2APIC : 0) |
							     (registers ? SECONDARY_REGISTERS : 0) |
							     (vid ? SECONDARY_DELIVERY : 0)));
				vmx_primary(PRIMARY_TPR_SHADOW | PRIMARY_MSR_BITMAPS);
				vmx_set(0x2004, (u64)bitmap);
				if (marked)
					bitmap[at + (write ? 0x800 : 0)] |= (u8)bit;
				vmx_set(VMCS_EXCEPTIONS, 1 << VECTOR_GP);
				*(u32 *)(virtual_apic + 0x20) = 0x12340000;
				*(u32 *)(virtual_apic + 0xa0) = 0x40;
				enter(&r);
				if (marked)
					CHECK(vmx_get(VMCS_REASON),
					      write ? REASON_WRMSR : REASON_WRMSR - 1);
				else if (is_virtual)
					CHECK(vmx_get(VMCS_REASON), REASON_VMCALL);
				else /* this processor's APIC is not in x2APIC mode */
					CHECK(vmx_get(VMCS_EXIT_INFO), 0x80000b0d);
				if (!marked && is_virtual && !write && index == 0x802)
					CHECK(r.ax, 0x12340000);
			}
}

int main(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	section("VMXON");
	if (!CHECK(vmx_on(), true))
		return 1;
	apic_on();
	virtual_apic = page_new();
	posting = page_new();
	delivery();
	end_of_interrupt();
	posted();
	threshold();
	x2apic_msrs();
	return 0;
}
