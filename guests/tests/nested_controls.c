// SPDX-License-Identifier: MIT
/*
 * Controls that decide what a guest may do and what of it exits: enabling controls, masks of CR0
 * and CR4, bitmaps, events of software, the TSC, the preemption timer. A hypervisor below has
 * merged its own wishes into each of them, and none of those may show.
 *
 * SDM vol. 3 "VMX Non-Root Operation", "VM-Execution Control Fields"
 */
#include "l2.h"

enum {
	VMCS_EXIT_STORE = 0x2006,
	VMCS_TSC_OFFSET = 0x2010,
	VMCS_VIRTUAL_APIC = 0x2012,
	VMCS_TSC_MULTIPLIER = 0x2032,
	VMCS_EXIT_STORE_COUNT = 0x400e,
	VMCS_CR3_TARGETS = 0x400a,
	VMCS_CR3_TARGET = 0x6008,
	PRIMARY_TSC_OFFSET = 1 << 3,
	PRIMARY_CR8_STORE = 1 << 20,
	PRIMARY_TPR_SHADOW = 1 << 21,
	PRIMARY_IO_BITMAPS = 1 << 25,
	PRIMARY_MSR_BITMAPS = 1 << 28,
	PIN_NMI = 1 << 3,
	PIN_VIRTUAL_NMIS = 1 << 5,
	PIN_TIMER = 1 << 6,
	MSR_VMX_MISC = 0x485,
	SECONDARY_APIC_ACCESS = 1 << 0,
	SECONDARY_X2APIC = 1 << 4,
	SECONDARY_APIC_REGISTERS = 1 << 8,
	SECONDARY_SCALING = 1 << 25,
	EXIT_SAVE_TIMER = 1 << 22,
	REASON_DR = 29,
	REASON_RDMSR = 31,
	REASON_WRMSR = 32,
};
#define HOLE 0x90000000ull

CODE(c_rdtscp, "rdtscp; vmcall");
CODE(c_invpcid, "invpcid (%rbx), %rcx; vmcall");
CODE(c_xsaves, "xsaves (%rbx); vmcall");
CODE(c_umwait, ".byte 0xf2, 0x0f, 0xae, 0xf1; vmcall"); /* UMWAIT ECX */
CODE(c_iret, "iretq");
CODE(c_write_cr0, "mov %rax, %cr0; mov %cr0, %rbx; vmcall");
CODE(c_write_cr4, "mov %rax, %cr4; mov %cr4, %rbx; vmcall");
CODE(c_clts, "clts; mov %cr0, %rbx; vmcall");
CODE(c_lmsw, "lmsw %ax; mov %cr0, %rbx; vmcall");
CODE(c_smsw, "smsw %rbx; vmcall");
CODE(c_write_cr3, "mov %rax, %cr3; vmcall");
CODE(c_write_cr8, "mov %rax, %cr8; vmcall");
CODE(c_read_cr8, "mov %cr8, %rbx; vmcall");
CODE(c_int3, "int3; vmcall");
CODE(c_int_3, ".byte 0xcd, 3; vmcall");
CODE(c_int1, ".byte 0xf1; vmcall");
CODE32(c_into, "into; vmcall");
CODE(c_step, "nop; nop; vmcall");
CODE(c_touch, "mov %eax, (%rax); nop; vmcall");
CODE(c_handler, "vmcall");
CODE(c_in8, "in %dx, %al; vmcall");
CODE(c_in16, "in %dx, %ax; vmcall");
CODE(c_in32, "in %dx, %eax; vmcall");
CODE(c_out32, "out %eax, %dx; vmcall");
CODE(c_outs, "outsl; vmcall");
CODE(c_rdmsr, "rdmsr; vmcall");
CODE(c_wrmsr, "wrmsr; vmcall");
CODE(c_rdtsc, "rdtsc; vmcall");
CODE(c_hlt, "hlt; vmcall");
CODE(c_nops, "nop; nop; nop; nop; nop; nop; nop; nop; vmcall");
CODE(c_timed, "rdtsc; .skip 288, 0x90; vmcall");
CODE(c_spin, "rdtsc; 1: dec %ecx; jnz 1b; vmcall");
CODE(c_ports, "rdtsc; 1: out %al, $0x80; dec %ecx; jnz 1b; vmcall");

static u32 enter(struct regs *regs)
{
	int result = vmx_enter(regs);

	if (result == VM_SUCCEED)
		return (u32)vmx_get(VMCS_REASON);
	return result == VM_FAIL_VALID ? 0x10000u | (u32)vmx_get(VMCS_ERROR) : 0x20000u;
}

static void pin(u64 controls)
{
	vmx_set(VMCS_PIN, vmx_controls(VMCS_PIN, controls));
}

/* An IDT of the guest's alone whose handlers all end it; and the stack that they find. */
static u64 own_idt(void)
{
	u8 *tss = page_new();
	u64 stack = (u64)page_new() + 0xff0;

	l2_idt(c_handler, 1);
	*(u64 *)(tss + 0x24) = stack;
	vmx_set(VMCS_GUEST_IDTR_LIMIT, 0xfff);
	vmx_set(VMCS_GUEST_TR_BASE, (u64)tss);
	return stack;
}

/* ---------------------------------------------------------------- N30..N33, N33a */

/* What is not enabled is not there, at any CPL, whatever the processor and the levels below have.
 */
static void enabling(void)
{
	static u8 operand[4096] __attribute__((aligned(4096)));
	static const struct {
		const char *name;
		code_t *code;
		u32 control;
	} cases[] = {
		{ "RDTSCP", c_rdtscp, SECONDARY_RDTSCP },
		{ "INVPCID", c_invpcid, SECONDARY_INVPCID },
		{ "XSAVES", c_xsaves, SECONDARY_XSAVES },
		{ "UMWAIT", c_umwait, 0 },
	};

	section("instructions that are not enabled");
	for (u32 i = 0; i < 4; i++)
		for (u32 on = 0; on < 2; on++)
			for (u32 user = 0; user < 2; user++) {
				bool privileged = user && i != 0, works = on && cases[i].control;
				struct regs r = { .bx = (u64)operand, .cx = 2 };

				vmx_new(cases[i].code, on ? cases[i].control : 0);
				vmx_set(VMCS_EXCEPTIONS, 1 << VECTOR_UD | 1 << VECTOR_GP);
				vmx_set(VMCS_GUEST_CR4, read_cr4() | CR4_OSXSAVE);
				if (user) {
					vmx_set(VMCS_GUEST_CS, SEL_USER_CODE64);
					vmx_set(VMCS_GUEST_CS_AR, 0xa0fb);
					vmx_set(VMCS_GUEST_SS, SEL_USER_DATA);
					vmx_set(VMCS_GUEST_SS_AR, 0xc0f3);
				}
				enter(&r);
				if (works && !privileged) {
					CHECK_NAMED(cases[i].name, vmx_get(VMCS_REASON),
						    REASON_VMCALL);
					continue;
				}
				CHECK_NAMED(cases[i].name, vmx_get(VMCS_REASON), REASON_EXCEPTION);
				CHECK_NAMED(cases[i].name, vmx_get(VMCS_EXIT_INFO),
					    works ? 0x80000b0d : 0x80000306);
				CHECK_NAMED(cases[i].name, vmx_get(VMCS_GUEST_RIP),
					    (u64)cases[i].code);
			}
}

/* N33a: what IRET does to blocking by NMI. */
static void iret_unblocks(void)
{
	static u64 frame[5];

	section("IRET and blocking by NMI");
	for (u32 i = 0; i < 3; i++) {
		frame[0] = (u64)c_handler;
		frame[1] = SEL_CODE64;
		frame[2] = FLAG_ONE;
		frame[3] = (u64)frame;
		frame[4] = SEL_DATA;
		vmx_new(c_iret, 0);
		pin(i == 0 ? 0 : i == 1 ? PIN_NMI : PIN_NMI | PIN_VIRTUAL_NMIS);
		vmx_set(VMCS_GUEST_RSP, (u64)frame);
		vmx_set(VMCS_INTERRUPTIBILITY, 8);
		CHECK(enter(&(struct regs){ 0 }), REASON_VMCALL);
		CHECK(vmx_get(VMCS_INTERRUPTIBILITY), i == 1 ? 8 : 0);
	}
}

/* ---------------------------------------------------------------- N38..N44 */

/*
 * @bit of CR0 or CR4 is this hypervisor's or not, as the shadow has it or not, and the guest writes
 * it or not. Bits that a hypervisor below keeps are among them: CD and NW, PSE.
 */
static void mask_case(code_t *code, u64 bit, bool owned, bool shadow, bool real, bool written)
{
	bool cr4 = code == c_write_cr4;
	u32 base = cr4 ? 2 : 0;
	u64 value = cr4 ? read_cr4() : read_cr0();
	struct regs r = { 0 };
	bool exits = owned && written != shadow;

	vmx_new(code, 0);
	vmx_set(VMCS_CR0_MASK + base, owned ? bit : 0);
	vmx_set(VMCS_CR0_SHADOW + base, shadow ? bit : 0);
	value &= ~bit;
	if (!cr4)
		write_cr0(real ? value | bit : value); /* CD and NW are not loaded by entries */
	vmx_set(cr4 ? VMCS_GUEST_CR4 : VMCS_GUEST_CR0, real ? value | bit : value);
	r.ax = written ? value | bit : value;
	enter(&r);
	if (!cr4)
		write_cr0(value);
	if (exits) {
		CHECK(vmx_get(VMCS_REASON), REASON_CR);
		CHECK(vmx_get(VMCS_QUALIFICATION), cr4 ? 4 : 0);
		CHECK(vmx_get(VMCS_GUEST_RIP), (u64)code);
		CHECK(vmx_get(VMCS_LENGTH), 3);
		return;
	}
	CHECK(vmx_get(VMCS_REASON), REASON_VMCALL);
	CHECK((r.bx & bit) != 0, owned ? shadow : written);
	CHECK((vmx_get(cr4 ? VMCS_GUEST_CR4 : VMCS_GUEST_CR0) & bit) != 0, owned ? real : written);
	CHECK(vmx_get(VMCS_CR0_SHADOW + base), shadow ? bit : 0);
	CHECK(vmx_get(VMCS_CR0_MASK + base), owned ? bit : 0);
}

static void masks(void)
{
	static const u64 cr0_bits[] = { CR0_TS, CR0_AM, CR0_CD };
	static const u64 cr4_bits[] = { CR4_PSE, CR4_DE, CR4_PGE };

	section("masks and shadows of CR0 and CR4");
	for (u32 i = 0; i < 3; i++)
		for (u32 bits = 0; bits < 16; bits++) {
			mask_case(c_write_cr0, cr0_bits[i], bits & 1, bits & 2, bits & 4, bits & 8);
			mask_case(c_write_cr4, cr4_bits[i], bits & 1, bits & 2, bits & 4, bits & 8);
		}
}

/* SDM vol. 3 "Changes to Instruction Behavior in VMX Non-Root Operation": CLTS, LMSW, SMSW */
static void machine_status(void)
{
	section("CLTS, LMSW and SMSW");
	for (u32 bits = 0; bits < 8; bits++) {
		bool owned = bits & 1, shadow = bits & 2, real = bits & 4;
		u64 cr0 = (read_cr0() & ~CR0_TS) | (real ? CR0_TS : 0);
		struct regs r = { 0 };

		vmx_new(c_clts, 0);
		vmx_set(VMCS_CR0_MASK, owned ? CR0_TS : 0);
		vmx_set(VMCS_CR0_SHADOW, shadow ? CR0_TS : 0);
		vmx_set(VMCS_GUEST_CR0, cr0);
		enter(&r);
		CHECK(vmx_get(VMCS_REASON), owned && shadow ? REASON_CR : REASON_VMCALL);
		if (owned && shadow)
			CHECK(vmx_get(VMCS_QUALIFICATION), 0x20);
		CHECK((vmx_get(VMCS_GUEST_CR0) & CR0_TS) != 0, owned && real);
		if (!owned || !shadow)
			CHECK(r.bx & CR0_TS, 0);
		vmx_set(VMCS_GUEST_RIP, (u64)c_smsw);
		vmx_set(VMCS_GUEST_CR0, cr0);
		CHECK(enter(&r), REASON_VMCALL);
		CHECK((r.bx & CR0_TS) != 0, owned ? shadow : real);
		for (u32 source = 1; source < 16; source += 2) { /* PE cannot be cleared */
			bool exits = owned && ((source & CR0_TS) != 0) != shadow;

			vmx_set(VMCS_GUEST_RIP, (u64)c_lmsw);
			vmx_set(VMCS_GUEST_CR0, cr0);
			r.ax = 0xabcd0000 | source;
			CHECK(enter(&r), exits ? REASON_CR : REASON_VMCALL);
			if (exits)
				CHECK(vmx_get(VMCS_QUALIFICATION), (u64)source << 16 | 0x30);
			else
				CHECK((vmx_get(VMCS_GUEST_CR0) & CR0_TS) != 0,
				      owned ? real : (source & CR0_TS) != 0);
		}
	}
	/* PE: a write of 0 is none */
	for (u32 source = 0; source < 2; source++) {
		struct regs r = { .ax = source };

		vmx_new(c_lmsw, 0);
		vmx_set(VMCS_CR0_MASK, CR0_PE);
		vmx_set(VMCS_CR0_SHADOW, 0);
		CHECK(enter(&r), source ? REASON_CR : REASON_VMCALL);
	}
}

/* N45, N47: targets, and bit 63. */
static void cr3(void)
{
	u64 value = read_cr3();

	section("MOV to CR3");
	for (u32 count = 0; count <= 4; count++) {
		for (u32 which = 0; which < 5; which++) {
			struct regs r = { .ax = value };

			vmx_new(c_write_cr3, 0);
			vmx_primary(PRIMARY_CR3_LOAD);
			for (u32 i = 0; i < 4; i++)
				vmx_set(VMCS_CR3_TARGET + 2 * i, i == which ? value : 0x1000);
			vmx_set(VMCS_CR3_TARGETS, count);
			CHECK(enter(&r), which < count ? REASON_VMCALL : REASON_CR);
			if (which >= count)
				CHECK(vmx_get(VMCS_QUALIFICATION), 3);
		}
	}
	for (u32 pcid = 0; pcid < 2; pcid++) {
		struct regs r = { .ax = value | 1ull << 63 };

		vmx_new(c_write_cr3, 0);
		vmx_set(VMCS_EXCEPTIONS, 1 << VECTOR_GP);
		vmx_set(VMCS_GUEST_CR4, read_cr4() | (pcid ? CR4_PCIDE : 0));
		CHECK(enter(&r), pcid ? REASON_VMCALL : REASON_EXCEPTION);
		CHECK(vmx_get(VMCS_GUEST_CR3), value);
	}
}

/* N46: TPR shadow and CR8 exits; without either it is the task priority of this processor. */
static void cr8(void)
{
	u8 *virtual_apic = page_new();

	section("CR8");
	apic_on();
	for (u32 bits = 0; bits < 8; bits++) {
		bool shadow = bits & 1, load = bits & 2, store = bits & 4;
		struct regs r = { .ax = 5 };

		vmx_new(c_write_cr8, 0);
		vmx_primary((shadow ? PRIMARY_TPR_SHADOW : 0) | (load ? PRIMARY_CR8_LOAD : 0) |
			    (store ? PRIMARY_CR8_STORE : 0));
		vmx_set(VMCS_VIRTUAL_APIC, (u64)virtual_apic);
		virtual_apic[0x80] = 0x30;
		apic_write(APIC_TPR, 0x70);
		enter(&r);
		CHECK(vmx_get(VMCS_REASON), load ? REASON_CR : REASON_VMCALL);
		if (load)
			CHECK(vmx_get(VMCS_QUALIFICATION), 8);
		CHECK(virtual_apic[0x80], shadow && !load ? 0x50 : 0x30);
		CHECK(apic_read(APIC_TPR), shadow || load ? 0x70 : 0x50);
		vmx_set(VMCS_GUEST_RIP, (u64)c_read_cr8);
		r.bx = 0x55;
		enter(&r);
		CHECK(vmx_get(VMCS_REASON), store ? REASON_CR : REASON_VMCALL);
		if (store)
			CHECK(vmx_get(VMCS_QUALIFICATION), 0x318);
		else
			CHECK(r.bx, load ? shadow ? 3 : 7 : 5);
	}
	apic_write(APIC_TPR, 0);
}

/* ---------------------------------------------------------------- N50..N52 */

struct software_event {
	const char *name;
	code_t *code;
	u32 vector, info, length;
};

static void software_events(void)
{
	static const struct software_event events[] = {
		{ "INT3", c_int3, VECTOR_BP, 0x80000603, 1 },
		{ "INT1", c_int1, VECTOR_DB, 0x80000501, 1 },
		{ "INTO", c_into, VECTOR_OF, 0x80000604, 1 },
		{ "INT 3", c_int_3, VECTOR_BP, 0, 2 },
	};

	section("events of software");
	for (u32 i = 0; i < 4; i++)
		for (u32 wanted = 0; wanted < 2; wanted++) {
			const struct software_event *e = &events[i];
			u64 stack;

			vmx_new(e->code, 0);
			stack = own_idt();
			if (e->code == c_into) {
				vmx_set(VMCS_GUEST_CS_AR, 0xc09b);
				vmx_set(VMCS_GUEST_RFLAGS, FLAG_ONE | FLAG_OF);
			}
			vmx_set(VMCS_EXCEPTIONS, wanted ? 1u << e->vector : 0);
			enter(&(struct regs){ 0 });
			if (wanted && e->info) {
				CHECK_NAMED(e->name, vmx_get(VMCS_REASON), REASON_EXCEPTION);
				CHECK_NAMED(e->name, vmx_get(VMCS_EXIT_INFO), e->info);
				CHECK_NAMED(e->name, vmx_get(VMCS_LENGTH), e->length);
				CHECK_NAMED(e->name, vmx_get(VMCS_GUEST_RIP), (u64)e->code);
				CHECK_NAMED(e->name, vmx_get(VMCS_QUALIFICATION), 0);
				continue;
			}
			CHECK_NAMED(e->name, vmx_get(VMCS_REASON), REASON_VMCALL);
			CHECK_NAMED(e->name, vmx_get(VMCS_GUEST_RIP), (u64)c_handler);
			CHECK_NAMED(e->name, *(u64 *)(stack - 40), (u64)e->code + e->length);
		}
}

/* N51: what a #DB that exits would have put into DR6 is in the qualification, and not there. */
static void debug_exceptions(void)
{
	section("#DB");
	for (u32 kind = 0; kind < 3; kind++) { /* single step, data, instruction breakpoint */
		u64 bits[] = { 1 << 14, 1 << 1, 1 << 0 };

		for (u32 wanted = 0; wanted < 2; wanted++) {
			static u64 data;
			struct regs r = { .ax = (u64)&data };
			code_t *code = kind == 1 ? c_touch : c_step;

			vmx_new(code, 0);
			own_idt();
			vmx_set(VMCS_EXCEPTIONS, wanted ? 1 << VECTOR_DB : 0);
			vmx_set(VMCS_GUEST_DR7, kind == 1   ? 0x400 | 1 << 2 | 0xdull << 20
						: kind == 2 ? 0x400 | 1
							    : 0x400);
			vmx_set(VMCS_ENTRY_CONTROLS, vmx_get(VMCS_ENTRY_CONTROLS) | 4);
			if (!kind)
				vmx_set(VMCS_GUEST_RFLAGS, FLAG_ONE | FLAG_TF);
			write_dr0((u64)code + 1);
			write_dr1((u64)&data);
			write_dr6(0xffff0ff0);
			enter(&r);
			CHECK(vmx_get(VMCS_REASON), wanted ? REASON_EXCEPTION : REASON_VMCALL);
			if (wanted) {
				CHECK(vmx_get(VMCS_EXIT_INFO), 0x80000301);
				CHECK(vmx_get(VMCS_QUALIFICATION), bits[kind]);
				CHECK(read_dr6(), 0xffff0ff0);
				CHECK(vmx_get(VMCS_GUEST_RIP), (u64)code + (kind == 1 ? 2 : 1));
				CHECK(vmx_get(VMCS_PENDING_DEBUG), 0);
			} else {
				CHECK(read_dr6(), 0xffff0ff0 | bits[kind]);
			}
			write_dr6(0xffff0ff0);
		}
	}
}

/* ---------------------------------------------------------------- N53..N60 */

static void set_bit(u8 *bitmap, u32 bit)
{
	bitmap[bit >> 3] |= (u8)(1u << (bit & 7));
}

/* N53..N56: any byte of the access whose bit is set; beyond FFFFH always. */
static void io_bitmaps(void)
{
	static const u32 ports[] = { 0x80, 0x7ffe, 0x7fff, 0x8000, 0xfffd, 0xfffe, 0xffff };
	static code_t *const codes[] = { c_in8, c_in16, c_in32, c_out32, c_outs };
	static const u32 sizes[] = { 1, 2, 4, 4, 4 };
	u8 *a, *b;

	section("I/O bitmaps");
	vmx_new(c_in8, 0);
	a = page_new();
	b = page_new();
	for (u32 p = 0; p < 7; p++)
		for (u32 i = 0; i < 5; i++)
			for (int marked = -1; marked < 5; marked++) {
				u32 port = ports[p], bit = (port + (u32)marked) & 0xffff;
				bool exits = port + sizes[i] > 0x10000 ||
					     (marked >= 0 && (u32)marked < sizes[i]);
				u64 text = 0;
				struct regs r = { .dx = port, .si = (u64)&text };

				memset(a, 0, 4096);
				memset(b, 0, 4096);
				if (marked >= 0)
					set_bit(bit < 0x8000 ? a : b, bit & 0x7fff);
				vmx_set(VMCS_GUEST_RIP, (u64)codes[i]);
				/* "unconditional I/O exiting" does not count then */
				vmx_primary(PRIMARY_IO_BITMAPS | (p & 1 ? PRIMARY_IO : 0));
				vmx_set(VMCS_IO_BITMAP_A, (u64)a);
				vmx_set(VMCS_IO_BITMAP_B, (u64)b);
				CHECK(enter(&r), exits ? REASON_IO : REASON_VMCALL);
				if (exits)
					CHECK(vmx_get(VMCS_QUALIFICATION),
					      (u64)port << 16 | (sizes[i] - 1) | (i < 3 ? 8 : 0) |
						      (i == 4 ? 0x10 : 0));
			}
	vmx_set(VMCS_IO_BITMAP_A, HOLE); /* ones */
	vmx_set(VMCS_GUEST_RIP, (u64)c_in8);
	CHECK(enter(&(struct regs){ .dx = 0x80 }), REASON_IO);
}

/* N57, N58, N60: the four quarters; what is in none of them; bits that change without VMWRITE. */
static void msr_bitmaps(void)
{
	static const struct {
		u32 index, low, high; /* where the bits are; ~0: none */
	} rows[] = { { MSR_SYSENTER_CS, 0x174, 0x800 * 8 + 0x174 },
		     { MSR_STAR, 0x400 * 8 + 0x81, 0xc00 * 8 + 0x81 },
		     { 0x2000, ~0u, ~0u },
		     { 0xc0002000, ~0u, ~0u },
		     { 0x40000000, ~0u, ~0u } };
	u8 *bitmap;

	section("MSR bitmaps");
	vmx_new(c_rdmsr, 0);
	vmx_primary(PRIMARY_MSR_BITMAPS);
	bitmap = page_new();
	vmx_set(VMCS_MSR_BITMAP, (u64)bitmap);
	vmx_set(VMCS_EXCEPTIONS, 1 << VECTOR_GP);
	for (u32 i = 0; i < 5; i++)
		for (u32 write = 0; write < 2; write++)
			for (u32 bits = 0; bits < 4; bits++) {
				struct regs r = { .cx = rows[i].index };
				bool exits = rows[i].low == ~0u || (bits >> write & 1);

				memset(bitmap, 0, 4096);
				if (rows[i].low != ~0u && (bits & 1))
					set_bit(bitmap, rows[i].low);
				if (rows[i].low != ~0u && (bits & 2))
					set_bit(bitmap, rows[i].high);
				vmx_set(VMCS_GUEST_RIP, (u64)(write ? c_wrmsr : c_rdmsr));
				CHECK(enter(&r), !exits	 ? REASON_VMCALL
						 : write ? REASON_WRMSR
							 : REASON_RDMSR);
				CHECK(vmx_get(VMCS_QUALIFICATION), 0);
			}
	vmx_set(VMCS_MSR_BITMAP, HOLE);
	vmx_set(VMCS_GUEST_RIP, (u64)c_rdmsr);
	CHECK(enter(&(struct regs){ .cx = MSR_STAR }), REASON_RDMSR);
}

/* ---------------------------------------------------------------- N61..N65 */

static u64 guest_tsc(u32 primary, u32 secondary, u64 offset, u64 multiplier)
{
	struct regs r = { 0 };

	vmx_new(c_rdtsc, secondary);
	vmx_primary(primary);
	vmx_set(VMCS_TSC_OFFSET, offset);
	if (secondary)
		vmx_set(VMCS_TSC_MULTIPLIER, multiplier);
	CHECK(enter(&r), REASON_VMCALL);
	return (u64)(u32)r.ax | (u64)r.dx << 32;
}

/* Between the two readings of this hypervisor, times the multiplier, plus the offset. */
static void tsc_case(u32 primary, u32 secondary, u64 offset, u64 multiplier)
{
	bool offsetting = primary & PRIMARY_TSC_OFFSET;
	u64 before = read_tsc(), got = guest_tsc(primary, secondary, offset, multiplier);
	u64 after = read_tsc();

	if (offsetting && secondary) {
		before = (u64)((unsigned __int128)before * multiplier >> 48);
		after = (u64)((unsigned __int128)after * multiplier >> 48);
	}
	if (offsetting)
		got -= offset;
	CHECK(got - before <= after - before, true);
}

static void tsc(void)
{
	static const u64 offsets[] = { 0, 0x123456789ab, ~0x123456ull };
	static const u64 multipliers[] = { 1ull << 48, 3ull << 48, 1ull << 46, 0x1123456789abc };
	struct regs r = { 0 };
	static struct {
		u32 index, reserved;
		u64 value;
	} store __attribute__((aligned(16)));
	u64 now;

	section("TSC");
	for (u32 i = 0; i < 3; i++)
		for (u32 j = 0; j < 4; j++) {
			tsc_case(0, 0, offsets[i], 0);
			tsc_case(PRIMARY_TSC_OFFSET, 0, offsets[i], 0);
			tsc_case(PRIMARY_TSC_OFFSET, SECONDARY_SCALING, offsets[i], multipliers[j]);
			tsc_case(0, SECONDARY_SCALING, offsets[i], multipliers[j]);
		}
	/* N64, N65: a guest that writes it writes this hypervisor's; a list stores no other */
	vmx_new(c_wrmsr, 0);
	vmx_primary(PRIMARY_MSR_BITMAPS | PRIMARY_TSC_OFFSET);
	vmx_set(VMCS_TSC_OFFSET, 0x100000000000);
	vmx_set(VMCS_MSR_BITMAP, (u64)page_new());
	store.index = MSR_TSC;
	vmx_set(VMCS_EXIT_STORE, (u64)&store);
	vmx_set(VMCS_EXIT_STORE_COUNT, 1);
	now = read_tsc();
	r.cx = MSR_TSC;
	r.dx = 0x77;
	CHECK(enter(&r), REASON_VMCALL);
	CHECK(read_tsc() >> 32, 0x77);
	CHECK(store.value >> 32, 0x77); /* the TSC itself, no guest's */
	write_msr(MSR_TSC, now);
}

/* ---------------------------------------------------------------- N66..N71 */

static u32 timed(code_t *code, u64 value, bool save, struct regs *regs)
{
	vmx_new(code, 0);
	pin(PIN_TIMER);
	vmx_set(VMCS_EXIT_CONTROLS,
		vmx_controls(VMCS_EXIT_CONTROLS, 1 << 9 | (save ? EXIT_SAVE_TIMER : 0)));
	vmx_set(VMCS_TIMER, value);
	return enter(regs);
}

static unsigned timer_rate(void)
{
	return (unsigned)read_msr(MSR_VMX_MISC) & 31;
}

/*
 * How many ticks a guest has behind its first instruction, RDTSC, until a timer of @value ends: at
 * a multiple of 2^rate of the TSC. RDTSC takes 21, OUT 401, an exit 41, and the rest one.
 */
static u64 timer_leaves(u64 value, const struct regs *r)
{
	u32 now = (u32)r->ax, end = (u32)(((now >> timer_rate()) + value) << timer_rate());

	return end - now > 21 ? end - now - 21 : 0;
}

static void timer(void)
{
	struct regs r = { 0 };
	u64 left;

	section("preemption timer");
	for (u64 n = 0; n < 8; n++) {
		CHECK(timed(c_timed, n, true, &r), REASON_TIMER);
		CHECK(vmx_get(VMCS_GUEST_RIP), (u64)c_timed + (n ? 2 + timer_leaves(n, &r) : 0));
		CHECK(vmx_get(VMCS_TIMER), 0);
		CHECK(vmx_get(VMCS_QUALIFICATION), 0);
	}
	CHECK(timed(c_timed, 1000000, true, &r), REASON_VMCALL);
	CHECK(vmx_get(VMCS_TIMER), 1000000 - (((r.ax & 31) + 21 + 288 + 41) >> timer_rate()));
	CHECK(timed(c_timed, 1000000, false, &r), REASON_VMCALL);
	CHECK(vmx_get(VMCS_TIMER), 1000000);
	r.cx = 100000;
	CHECK(timed(c_spin, 1001, true, &r), REASON_TIMER);
	CHECK(r.cx, 100000 - (timer_leaves(1001, &r) + 1) / 2);
	/* N68: through exits that this hypervisor does not see */
	r.cx = 100000;
	CHECK(timed(c_ports, 3001, true, &r), REASON_TIMER);
	left = timer_leaves(3001, &r);
	CHECK(r.cx, 100000 - left / 403 - (left % 403 > 401));
	/* N69: in HLT */
	CHECK(timed(c_hlt, 5000, true, &r), REASON_TIMER);
	CHECK(vmx_get(VMCS_ACTIVITY), 1);
	CHECK(vmx_get(VMCS_GUEST_RIP), (u64)c_hlt + 1);
	CHECK(vmx_get(VMCS_TIMER), 0);
	/* N71: behind a single step, before an NMI */
	vmx_new(c_nops, 0);
	pin(PIN_TIMER | PIN_NMI | PIN_VIRTUAL_NMIS);
	vmx_set(VMCS_TIMER, 1);
	vmx_set(VMCS_GUEST_RFLAGS, FLAG_ONE | FLAG_TF);
	vmx_set(VMCS_EXCEPTIONS, 1 << VECTOR_DB);
	CHECK(enter(&r), REASON_EXCEPTION);
	CHECK(vmx_get(VMCS_QUALIFICATION), 1 << 14);
	vmx_new(c_nops, 0);
	pin(PIN_TIMER | PIN_NMI | PIN_VIRTUAL_NMIS);
	vmx_primary(1 << 22); /* NMI window, open */
	vmx_set(VMCS_TIMER, 0);
	CHECK(enter(&r), REASON_TIMER);
}

int main(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	section("VMXON");
	if (!CHECK(vmx_on(), true))
		return 1;
	enabling();
	iret_unblocks();
	masks();
	machine_status();
	cr3();
	cr8();
	software_events();
	debug_exceptions();
	io_bitmaps();
	msr_bitmaps();
	tsc();
	timer();
	return 0;
}
