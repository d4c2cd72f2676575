// SPDX-License-Identifier: MIT
/*
 * VM entries from their first check to their last: what a hypervisor gets for each mistake, and
 * what has then happened and what has not.
 *
 * SDM vol. 3 "VM Entries", "VMLAUNCH/VMRESUME"
 */
#include "l2.h"

enum {
	VMCS_ENTRY_LOAD = 0x200a,
	VMCS_EXIT_STORE = 0x2006,
	VMCS_EXIT_LOAD = 0x2008,
	VMCS_EXIT_STORE_COUNT = 0x400e,
	VMCS_EXIT_LOAD_COUNT = 0x4010,
	VMCS_ENTRY_LOAD_COUNT = 0x4014,
	VMCS_VIRTUAL_APIC = 0x2012,
	VMCS_APIC_ACCESS = 0x2014,
	VMCS_POSTED = 0x2016,
	VMCS_SPPT = 0x2030,
	VMCS_TPR_THRESHOLD = 0x401c,
	VMCS_GUEST_SS_LIMIT = 0x4804,
	PRIMARY_TPR_SHADOW = 1 << 21,
	PRIMARY_IO_BITMAPS = 1 << 25,
	PRIMARY_MSR_BITMAPS = 1 << 28,
	PIN_INTERRUPT = 1 << 0,
	PIN_NMI = 1 << 3,
	PIN_POSTED = 1 << 7,
	SECONDARY_APIC_ACCESS = 1 << 0,
	SECONDARY_DELIVERY = 1 << 9,
	SECONDARY_SPP = 1 << 23,
	EXIT_HOST_64 = 1 << 9,
	EXIT_ACKNOWLEDGE = 1 << 15,
	MSR_IA32_PAT = 0x277,
};
#define ENTRY_FAILURE 0x80000000u
#define HOLE 0x90000000ull
#define ERROR(n) (0x10000u | (n))
#define INVALID 0x20000u

CODE(e_nop, "nop; vmcall");
CODE(e_launch, "vmlaunch");
CODE(e_resume, "vmresume");
CODE(e_launch_mov_ss, "mov %ss, %eax; mov %eax, %ss; vmlaunch; lahf; mov %eax, %ebx");
CODE(e_launch_sti, "sti; vmlaunch; lahf; mov %eax, %ebx; cli");
CODE(e_io, "in $0x80, %al; vmcall");
CODE(e_rdmsr, "mov $0x174, %ecx; rdmsr; vmcall");

struct msr_entry {
	u32 index, reserved;
	u64 value;
};
static struct msr_entry msrs[8] __attribute__((aligned(16)));

/* How an entry ends: the exit's reason, an error number, or VMfailInvalid. */
static u32 outcome(struct regs *regs)
{
	int result = vmx_enter(regs);

	if (result == VM_FAIL_INVALID)
		return INVALID;
	if (result == VM_FAIL_VALID)
		return ERROR((u32)vmx_get(VMCS_ERROR));
	return (u32)vmx_get(VMCS_REASON);
}

static u32 enter(void)
{
	return outcome(&(struct regs){ 0 });
}

/* ---------------------------------------------------------------- N1..N9 */

/* N1: before VMXON */
static void outside(void)
{
	struct fault f;

	section("outside of VMX operation");
	f = run(e_launch, &(struct regs){ 0 });
	EXPECT(f, VECTOR_UD, 0, (word)e_launch);
	f = run(e_resume, &(struct regs){ 0 });
	EXPECT(f, VECTOR_UD, 0, (word)e_resume);
}

static u32 shadow_region(void)
{
	u32 *region = vmx_region();

	region[0] |= 1u << 31;
	return (u32)(u64)region;
}

/* N2..N5 */
static void preconditions(void)
{
	u64 previous, shadow = shadow_region();
	struct regs r = { 0 };
	struct fault f;

	section("VMLAUNCH where it may not be");
	vmx_new(e_nop, 0);
	previous = vmx_pointer();
	f = run_in(USER, e_launch, &r);
	EXPECT(f, VECTOR_GP, 0, (word)e_launch);
	CHECK(vmx_clear(previous), VM_SUCCEED);
	CHECK(enter(), INVALID); /* no current VMCS */
	CHECK(vmx_load(previous), VM_SUCCEED);
	vmx_read(0x6fff, &(u64){ 0 }); /* leaves error 12 */
	CHECK(vmx_clear(shadow), VM_SUCCEED);
	CHECK(vmx_load(shadow), VM_SUCCEED);
	vmx_set(VMCS_GUEST_RSP, 1);
	vmx_read(0x6fff, &(u64){ 0 });
	CHECK(enter(), INVALID); /* a shadow VMCS is for VMREAD and VMWRITE alone */
	CHECK(vmx_get(VMCS_ERROR), 12);
	vmx_clear(shadow);

	vmx_new(e_nop, 0);
	r = (struct regs){ 0 };
	f = run(e_launch_mov_ss, &r);
	CHECK(f.vector, NO_FAULT);
	CHECK(r.bx >> 8 & 0x41, 0x40); /* ZF */
	CHECK(vmx_get(VMCS_ERROR), 26);
	vmx_set(VMCS_HOST_RIP, 0x8000000000000000); /* STI does not block: another check fails */
	r = (struct regs){ 0 };
	f = run(e_launch_sti, &r);
	CHECK(f.vector, NO_FAULT);
	CHECK(r.bx >> 8 & 0x41, 0x40);
	CHECK(vmx_get(VMCS_ERROR), 8);
}

/* The launch state is the region's; @resume as it is, whatever the library believes. */
static u32 raw(bool resume)
{
	struct regs r = { 0 };
	int result = vmx_switch(&r, resume);

	return result == VM_FAIL_INVALID ? INVALID
	       : result			 ? ERROR((u32)vmx_get(VMCS_ERROR))
					 : (u32)vmx_get(VMCS_REASON);
}

/* N6..N9 */
static void launch_states(void)
{
	u64 first, second;

	section("launch states");
	vmx_new(e_nop, 0);
	first = vmx_pointer();
	CHECK(raw(true), ERROR(5));
	CHECK(raw(false), REASON_VMCALL);
	CHECK(raw(false), ERROR(4));
	CHECK(raw(true), REASON_VMCALL);
	vmx_new(e_nop, 0);
	second = vmx_pointer();
	CHECK(raw(false), REASON_VMCALL);
	CHECK(vmx_clear(first), VM_SUCCEED); /* N7: not the current one */
	CHECK(raw(true), REASON_VMCALL);
	CHECK(vmx_load(first), VM_SUCCEED);
	CHECK(raw(true), ERROR(5));
	CHECK(raw(false), REASON_VMCALL);
	CHECK(vmx_load(second), VM_SUCCEED);
	CHECK(raw(true), REASON_VMCALL);
	vmx_new(e_nop, 0); /* after a failed entry it is clear still */
	vmx_set(VMCS_GUEST_RFLAGS, 0);
	CHECK(raw(false), ENTRY_FAILURE | REASON_ENTRY_GUEST);
	vmx_set(VMCS_GUEST_RFLAGS, FLAG_ONE);
	CHECK(raw(true), ERROR(5));
	vmx_set(VMCS_PIN, 0);
	CHECK(raw(false), ERROR(7));
	vmx_set(VMCS_PIN, vmx_controls(VMCS_PIN, 0));
	CHECK(raw(true), ERROR(5));
	CHECK(raw(false), REASON_VMCALL);
}

/* ---------------------------------------------------------------- N10..N18 */

struct change {
	const char *name;
	u32 field;
	u64 value;
	u32 expected;
	u64 qualification;
};

static const struct change changes[] = {
	{ "host CR0 without PE", VMCS_HOST_CR0, 0x80000020, ERROR(8), 0 },
	{ "host CR4 without VMXE", VMCS_HOST_CR4, 0x20, ERROR(8), 0 },
	{ "host CR3 too wide", VMCS_HOST_CR3, 1ull << 51, ERROR(8), 0 },
	{ "host CS 0", 0x0c02, 0, ERROR(8), 0 },
	{ "host CS with RPL", 0x0c02, 9, ERROR(8), 0 },
	{ "host SS with TI", 0x0c04, 0x14, ERROR(8), 0 },
	{ "host TR 0", VMCS_HOST_TR, 0, ERROR(8), 0 },
	{ "host FS base", 0x6c06, 1ull << 63, ERROR(8), 0 },
	{ "host GDTR base", VMCS_HOST_GDTR_BASE, 1ull << 63, ERROR(8), 0 },
	{ "host IDTR base", VMCS_HOST_IDTR_BASE, 1ull << 62, ERROR(8), 0 },
	{ "host TR base", VMCS_HOST_TR_BASE, 1ull << 47, ERROR(8), 0 },
	{ "host SYSENTER_ESP", 0x6c10, 1ull << 63, ERROR(8), 0 },
	{ "host address-space size", VMCS_EXIT_CONTROLS, 0x36dfb, ERROR(8), 0 },
	{ "guest RFLAGS", VMCS_GUEST_RFLAGS, 0, ENTRY_FAILURE | 33, 0 },
	{ "guest CR0 without PG", VMCS_GUEST_CR0, 0x21, ENTRY_FAILURE | 33, 0 },
	{ "guest CR4 without VMXE", VMCS_GUEST_CR4, 0x20, ENTRY_FAILURE | 33, 0 },
	{ "guest CR4 without PAE", VMCS_GUEST_CR4, 0x2000, ENTRY_FAILURE | 33, 0 },
	{ "guest CR3 too wide", VMCS_GUEST_CR3, 1ull << 51, ENTRY_FAILURE | 33, 0 },
	{ "guest CS rights", VMCS_GUEST_CS_AR, 0xc093, ENTRY_FAILURE | 33, 0 },
	{ "guest SS rights", VMCS_GUEST_SS_AR, 0xc09b, ENTRY_FAILURE | 33, 0 },
	{ "guest TR rights", VMCS_GUEST_TR_AR, 0x89, ENTRY_FAILURE | 33, 0 },
	{ "guest TR limit", VMCS_GUEST_TR_LIMIT, 0x100067, ENTRY_FAILURE | 33, 0 },
	{ "guest GDTR limit", VMCS_GUEST_GDTR_LIMIT, 0x10000, ENTRY_FAILURE | 33, 0 },
	{ "guest IDTR base", VMCS_GUEST_IDTR_BASE, 1ull << 63, ENTRY_FAILURE | 33, 0 },
	{ "guest RIP", VMCS_GUEST_RIP, 1ull << 63, ENTRY_FAILURE | 33, 0 },
	{ "guest activity", VMCS_ACTIVITY, 4, ENTRY_FAILURE | 33, 0 },
	{ "both blockings", VMCS_INTERRUPTIBILITY, 3, ENTRY_FAILURE | 33, 0 },
	{ "reserved interruptibility", VMCS_INTERRUPTIBILITY, 1 << 5, ENTRY_FAILURE | 33, 0 },
	{ "STI without IF", VMCS_INTERRUPTIBILITY, 1, ENTRY_FAILURE | 33, 0 },
	{ "pending debug", VMCS_PENDING_DEBUG, 1 << 4, ENTRY_FAILURE | 33, 0 },
	{ "link pointer misaligned", VMCS_LINK, 0x123, ENTRY_FAILURE | 33, 4 },
	{ "link pointer nowhere", VMCS_LINK, HOLE, ENTRY_FAILURE | 33, 4 },
	{ "injection, reserved type", VMCS_ENTRY_INFO, 0x80000101, ERROR(7), 0 },
	{ "injection, NMI of vector 3", VMCS_ENTRY_INFO, 0x80000203, ERROR(7), 0 },
	{ "injection, exception 32", VMCS_ENTRY_INFO, 0x80000320, ERROR(7), 0 },
	{ "injection, #GP without a code", VMCS_ENTRY_INFO, 0x8000030d, ERROR(7), 0 },
	{ "injection, reserved bit", VMCS_ENTRY_INFO, 0x80001306, ERROR(7), 0 },
	{ "injection, interrupt with IF=0", VMCS_ENTRY_INFO, 0x80000041, ENTRY_FAILURE | 33, 0 },
	{ "CR3 targets", 0x400a, 5, ERROR(7), 0 },
};

/* N10: a reserved control is refused whichever way it is. */
static void reserved_controls(void)
{
	static const u32 fields[] = { VMCS_PIN, VMCS_PRIMARY, VMCS_SECONDARY, VMCS_EXIT_CONTROLS,
				      VMCS_ENTRY_CONTROLS };

	section("reserved controls");
	for (u32 i = 0; i < 5; i++)
		for (u32 bit = 0; bit < 32; bit++) {
			bool must = vmx_must_be_1(fields[i]) >> bit & 1;
			bool may = vmx_may_be_1(fields[i]) >> bit & 1;

			if (may && (!must || fields[i] == VMCS_SECONDARY))
				continue;
			vmx_new(e_nop, 0);
			vmx_set(fields[i], vmx_get(fields[i]) ^ 1ull << bit);
			CHECK_NAMED("control", enter(), ERROR(7));
		}
}

/* N11..N13, N16 */
static void fields(void)
{
	section("fields that an entry refuses");
	for (u32 i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
		const struct change *c = &changes[i];

		vmx_new(e_nop, 0);
		vmx_set(c->field, c->value);
		CHECK_NAMED(c->name, enter(), c->expected);
		if (!(c->expected & ENTRY_FAILURE)) {
			CHECK_NAMED(c->name, vmx_get(VMCS_REASON), 0); /* no exit */
			continue;
		}
		CHECK_NAMED(c->name, vmx_get(VMCS_QUALIFICATION), c->qualification);
		CHECK_NAMED(c->name, vmx_get(VMCS_LENGTH), 0);
		CHECK_NAMED(c->name, vmx_get(c->field), c->value);
	}
	vmx_new(e_nop, 0);
	vmx_set(VMCS_ENTRY_INFO, 0x80000202);
	vmx_set(VMCS_INTERRUPTIBILITY, 2);
	CHECK(enter(), ENTRY_FAILURE | 33);
	CHECK(vmx_get(VMCS_QUALIFICATION), 0); /* an NMI behind MOV SS; 3 is for STI */
	vmx_new(e_nop, 0);
	vmx_set(VMCS_PIN, 0);
	vmx_set(VMCS_HOST_CR4, 0);
	CHECK(enter(), ERROR(7));
}

/* N12: PDPTEs, from their fields with EPT and from memory without */
static void bad_pdptes(void)
{
	u64 *pdpt = page_new();
	struct l2 l2;

	section("PDPTEs that an entry refuses");
	for (u32 i = 0; i < 4; i++) {
		l2_start(&l2, L2_PAE, 1, PTE_P | PTE_W, e_nop, 0);
		vmx_set(VMCS_GUEST_PDPTE + 2 * i, 0x1003);
		CHECK(enter(), ENTRY_FAILURE | 33);
		CHECK(vmx_get(VMCS_QUALIFICATION), 2);
		vmx_set(VMCS_SECONDARY, 0);
		pdpt = (u64 *)(l2.cr3);
		CHECK(enter(), REASON_VMCALL);
		pdpt[i] |= 6;
		vmx_set(VMCS_GUEST_RIP, (u64)e_nop);
		CHECK(enter(), ENTRY_FAILURE | 33);
		CHECK(vmx_get(VMCS_QUALIFICATION), 2);
	}
}

static void set_list(u32 pointer, u32 count, u32 first, u32 n)
{
	vmx_set(pointer, (u64)&msrs[first]);
	vmx_set(count, n);
}

static void three_msrs(void)
{
	msrs[0] = (struct msr_entry){ MSR_SYSENTER_CS, 0, 0x11 };
	msrs[1] = (struct msr_entry){ MSR_SYSENTER_ESP, 0, 0x22 };
	msrs[2] = (struct msr_entry){ MSR_STAR, 0, 0x33 };
	msrs[3] = (struct msr_entry){ MSR_STAR, 0, 0 };	    /* exit store */
	msrs[4] = (struct msr_entry){ MSR_LSTAR, 0, 0x44 }; /* exit load */
	write_msr(MSR_STAR, 0x99);
	write_msr(MSR_LSTAR, 0x99);
}

/* N14..N18: which of the lists have run, and what has become of the event */
static void lists(void)
{
	static const struct msr_entry bad[] = {
		{ MSR_FS_BASE, 0, 0 },
		{ MSR_GS_BASE, 0, 0 },
		{ 0x12345678, 0, 0 },
		{ MSR_SYSENTER_EIP, 1, 0 },
		{ MSR_SYSENTER_EIP, 0, 1ull << 63 },
	};

	section("MSR lists");
	vmx_new(e_nop, 0);
	three_msrs();
	set_list(VMCS_ENTRY_LOAD, VMCS_ENTRY_LOAD_COUNT, 0, 3);
	set_list(VMCS_EXIT_STORE, VMCS_EXIT_STORE_COUNT, 3, 1);
	set_list(VMCS_EXIT_LOAD, VMCS_EXIT_LOAD_COUNT, 4, 1);
	CHECK(enter(), REASON_VMCALL);
	CHECK(msrs[3].value, 0x33);
	CHECK(read_msr(MSR_LSTAR), 0x44);
	CHECK(read_msr(MSR_STAR), 0x33); /* shared: it stays */
	for (u32 i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		for (u32 k = 0; k < 3; k++) {
			bool guest_too = i == 0;

			vmx_new(e_nop, 0);
			three_msrs();
			msrs[0].index = MSR_STAR;
			msrs[1].index = MSR_STAR;
			msrs[k] = bad[i];
			set_list(VMCS_ENTRY_LOAD, VMCS_ENTRY_LOAD_COUNT, 0, 3);
			set_list(VMCS_EXIT_STORE, VMCS_EXIT_STORE_COUNT, 3, 1);
			set_list(VMCS_EXIT_LOAD, VMCS_EXIT_LOAD_COUNT, 4, 1);
			vmx_set(VMCS_ENTRY_INFO, 0x80000306);
			CHECK(enter(), ENTRY_FAILURE | REASON_ENTRY_MSR);
			CHECK(vmx_get(VMCS_QUALIFICATION), k + 1);
			CHECK(read_msr(MSR_STAR), k == 0 ? 0x99 : 0x11 * k);
			CHECK(msrs[3].value, 0);	  /* not stored */
			CHECK(read_msr(MSR_LSTAR), 0x44); /* but loaded */
			CHECK(vmx_get(VMCS_ENTRY_INFO), 0x80000306);
			CHECK(vmx_get(VMCS_IDT_INFO), 0);
			CHECK(vmx_get(VMCS_GUEST_RIP), (u64)e_nop);
			if (!guest_too)
				continue;
			write_msr(MSR_STAR, 0x99); /* guest state is checked before */
			vmx_set(VMCS_GUEST_RFLAGS, 0);
			CHECK(enter(), ENTRY_FAILURE | REASON_ENTRY_GUEST);
			CHECK(vmx_get(VMCS_QUALIFICATION), 0);
			CHECK(read_msr(MSR_STAR), 0x99);
		}
	write_msr(MSR_STAR, 0);
	write_msr(MSR_LSTAR, 0);
}

/* ---------------------------------------------------------------- N19..N25 */

struct pointer {
	const char *name;
	u32 field;
	u32 pin, primary, secondary;
	u64 misaligned; /* the highest low bit that may not be set */
	u32 nowhere;	/* how an entry with an address without memory ends */
	code_t *code;
};

static const struct pointer pointers[] = {
	{ "I/O bitmap A", VMCS_IO_BITMAP_A, 0, PRIMARY_IO_BITMAPS, 0, 0x800, REASON_IO, e_io },
	{ "I/O bitmap B", VMCS_IO_BITMAP_B, 0, PRIMARY_IO_BITMAPS, 0, 1, REASON_VMCALL, e_io },
	{ "MSR bitmap", VMCS_MSR_BITMAP, 0, PRIMARY_MSR_BITMAPS, 0, 0x800, 31, e_rdmsr },
	{ "virtual APIC", VMCS_VIRTUAL_APIC, 0, PRIMARY_TPR_SHADOW, 0, 0x800, REASON_VMCALL,
	  e_nop },
	{ "APIC access", VMCS_APIC_ACCESS, 0, 0, SECONDARY_APIC_ACCESS, 0x800, REASON_VMCALL,
	  e_nop },
	{ "EPTP", VMCS_EPTP, 0, 0, SECONDARY_EPT, 0x800, REASON_EPT_MISCONFIG, e_nop },
	{ "VMREAD bitmap", VMCS_VMREAD_BITMAP, 0, 0, SECONDARY_SHADOW, 0x800, REASON_VMCALL,
	  e_nop },
	{ "VMWRITE bitmap", VMCS_VMWRITE_BITMAP, 0, 0, SECONDARY_SHADOW, 1, REASON_VMCALL, e_nop },
	{ "log", VMCS_PML, 0, 0, SECONDARY_EPT | SECONDARY_PML, 0x800, REASON_VMCALL, e_nop },
	{ "EPTP list", VMCS_EPTP_LIST, 0, 0, SECONDARY_EPT | SECONDARY_VMFUNC, 0x800, REASON_VMCALL,
	  e_nop },
	{ "#VE area", VMCS_VE_AREA, 0, 0, SECONDARY_VE, 0x800, REASON_VMCALL, e_nop },
	{ "SPPT", VMCS_SPPT, 0, 0, SECONDARY_EPT | SECONDARY_SPP, 0x800, REASON_VMCALL, e_nop },
	{ "posted-interrupt descriptor", VMCS_POSTED, PIN_INTERRUPT | PIN_POSTED,
	  PRIMARY_TPR_SHADOW, SECONDARY_DELIVERY, 0x20, REASON_VMCALL, e_nop },
	{ "entry MSR list", VMCS_ENTRY_LOAD, 0, 0, 0, 8, ENTRY_FAILURE | REASON_ENTRY_MSR, e_nop },
};

static void set_pointer(const struct pointer *p, u64 value)
{
	vmx_new(p->code, p->secondary);
	vmx_set(VMCS_PIN, vmx_controls(VMCS_PIN, p->pin));
	vmx_primary(p->primary);
	if (p->pin & PIN_POSTED)
		vmx_set(VMCS_EXIT_CONTROLS, vmx_get(VMCS_EXIT_CONTROLS) | EXIT_ACKNOWLEDGE);
	if (p->secondary & SECONDARY_PML)
		vmx_set(VMCS_EPTP, vmx_get(VMCS_EPTP) | EPTP_AD);
	if (p->secondary & SECONDARY_VMFUNC)
		vmx_set(VMCS_VMFUNC, 1);
	if (p->field == VMCS_ENTRY_LOAD)
		vmx_set(VMCS_ENTRY_LOAD_COUNT, 1);
	vmx_set(p->field, p->field == VMCS_EPTP ? value | 0x1e : value);
}

static void bad_pointers(void)
{
	u64 width = cpuid(0x80000008, 0).eax & 0xff;

	section("pointers");
	for (u32 i = 0; i < sizeof(pointers) / sizeof(pointers[0]); i++) {
		const struct pointer *p = &pointers[i];

		set_pointer(p, p->misaligned);
		CHECK_NAMED(p->name, enter(), ERROR(7));
		set_pointer(p, 1ull << width);
		CHECK_NAMED(p->name, enter(), ERROR(7));
		set_pointer(p, 1ull << 63);
		CHECK_NAMED(p->name, enter(), ERROR(7));
		set_pointer(p, HOLE);
		CHECK_NAMED(p->name, enter(), p->nowhere);
		if (p->field == VMCS_ENTRY_LOAD)
			CHECK_NAMED(p->name, vmx_get(VMCS_QUALIFICATION), 1);
	}
}

/* ---------------------------------------------------------------- N34..N37 */

CODE(e_clear_pe, "mov $0x80000020, %eax; mov %rax, %cr0; vmcall");
CODE(e_read_cr0, "mov %cr0, %rax; vmcall");
CODE32(e_efer32, "mov $0xc0000080, %ecx; rdmsr; vmcall");
CODE32(e_leave_long, "mov %cr0, %eax; and $0x7fffffff, %eax; mov %eax, %cr0; vmcall");
CODE32(e_bad_cr4, "mov $0x80000000, %eax; mov %eax, %cr4");
CODE32(e_beyond_ss, "mov 0x10000(%ebp), %eax");

/* The exit of @code in real-address mode, without an IVT: @exceptions exit. */
static u32 real_exit(code_t *code, u64 exceptions)
{
	vmx_new(code, SECONDARY_EPT | SECONDARY_UNRESTRICTED);
	vmx_set(VMCS_GUEST_CR0, read_cr0() & ~(CR0_PG | CR0_PE));
	vmx_set(VMCS_ENTRY_CONTROLS, vmx_controls(VMCS_ENTRY_CONTROLS, 0));
	vmx_set(VMCS_GUEST_CS_AR, 0xc09b);
	vmx_set(VMCS_GUEST_SS_LIMIT, 0xffff);
	vmx_set(VMCS_GUEST_SS_AR, 0x4093);
	vmx_set(VMCS_GUEST_IDTR_LIMIT, 0);
	vmx_set(VMCS_EXCEPTIONS, exceptions);
	CHECK(enter(), REASON_EXCEPTION);
	return (u32)vmx_get(VMCS_EXIT_INFO);
}

/* SDM Vol 3C "Information for VM Exits Due to Vectored Events": bit 11 is 0 in real mode. */
static void real_mode(void)
{
	section("no error codes in real-address mode");
	CHECK(real_exit(e_bad_cr4, 1 << VECTOR_GP), 0x8000030d);
	CHECK(vmx_get(VMCS_GUEST_RIP), (u64)e_bad_cr4 + 5);
	CHECK(vmx_get(VMCS_IDT_INFO), 0);
	CHECK(real_exit(e_bad_cr4, 1 << VECTOR_DF), 0x80000308);
	CHECK(vmx_get(VMCS_IDT_INFO), 0);
	CHECK(real_exit(e_beyond_ss, 1 << VECTOR_GP), 0x8000030d);
	CHECK(vmx_get(VMCS_IDT_INFO), 0x8000030c);
}

static void modes(void)
{
	struct regs r = { 0 };

	section("CR0, EFER and modes");
	vmx_new(e_clear_pe, 0);
	vmx_set(VMCS_EXCEPTIONS, 1 << VECTOR_GP);
	CHECK(enter(), REASON_EXCEPTION);
	CHECK(vmx_get(VMCS_EXIT_INFO), 0x80000b0d);
	CHECK(vmx_get(VMCS_GUEST_RIP), (u64)e_clear_pe + 5);
	for (u32 i = 0; i < 2; i++) { /* CD and NW are what they are */
		vmx_new(e_read_cr0, 0);
		vmx_set(VMCS_GUEST_CR0, read_cr0() ^ 0x60000000);
		if (i)
			write_cr0(read_cr0() ^ CR0_CD);
		CHECK(outcome(&r), REASON_VMCALL);
		CHECK(r.ax & 0x60000000, read_cr0() & 0x60000000);
		if (i)
			write_cr0(read_cr0() ^ CR0_CD);
	}
	/* Without paging and "load IA32_EFER", LME is the host's, and LMA 0. */
	vmx_new(e_efer32, SECONDARY_EPT | SECONDARY_UNRESTRICTED);
	vmx_set(VMCS_GUEST_CR0, read_cr0() & ~CR0_PG);
	vmx_set(VMCS_ENTRY_CONTROLS, vmx_controls(VMCS_ENTRY_CONTROLS, 0));
	vmx_set(VMCS_GUEST_CS_AR, 0xc09b);
	vmx_set(VMCS_MSR_BITMAP, (u64)page_new());
	vmx_primary(PRIMARY_MSR_BITMAPS);
	CHECK(outcome(&r), REASON_VMCALL);
	CHECK(r.ax & (EFER_LME | EFER_LMA), EFER_LME);
	/* Exits say what has become of IA32_EFER.LMA. */
	vmx_new(e_leave_long, SECONDARY_EPT | SECONDARY_UNRESTRICTED);
	vmx_set(VMCS_GUEST_CS_AR, 0xc09b); /* compatibility mode */
	CHECK(outcome(&r), REASON_VMCALL);
	CHECK(vmx_get(VMCS_ENTRY_CONTROLS) & ENTRY_IA32E, 0);
	CHECK(vmx_get(VMCS_GUEST_CR0) & CR0_PG, 0);
}

int main(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	outside();
	section("VMXON");
	if (!CHECK(vmx_on(), true))
		return 1;
	preconditions();
	launch_states();
	reserved_controls();
	fields();
	bad_pdptes();
	lists();
	bad_pointers();
	modes();
	real_mode();
	return 0;
}
