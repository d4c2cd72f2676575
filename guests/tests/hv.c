// SPDX-License-Identifier: MIT
#include "hv.h"

#include "l2.h"

enum {
	VMCS_MSR_BITMAP_ADDRESS = 0x2004,
	REASON_VMCLEAR = 19,
	REASON_VMLAUNCH = 20,
	REASON_VMPTRLD = 21,
	REASON_VMPTRST = 22,
	REASON_VMRESUME = 24,
	REASON_VMXOFF = 26,
	REASON_VMXON = 27,
	REASON_INVEPT = 50,
	PRIMARY_MSR_BITMAPS = 1 << 28,
	EXIT_HOST_64 = 1 << 9,
	INTERRUPTIBILITY_NMI = 8,
	AR_DATA = 0xc093,
	AR_CODE = 0xa09b,
	AR_TSS = 0x8b,
	AR_UNUSABLE = 0x10000,
};
#define INFO_VALID 0x80000000u
#define ENTRY_FAILURE 0x80000000u
#define NO_POINTER (~0ull)
#define ADDRESS 0x000ffffffffff000ull
#define EPT_LARGE (1u << 7)
#define QUALIFICATION_NMI (1u << 12)
#define SIZE(array) (sizeof(array) / sizeof((array)[0]))

/* First and last of runs of fields, in steps of 2. */
struct run {
	u32 first, last;
};
static const struct run guest_fields[] = {
	{ 0x0800, 0x080e }, { 0x2802, 0x2806 }, { 0x280a, 0x2810 }, { 0x4800, 0x4826 },
	{ 0x482a, 0x482a }, { 0x482e, 0x482e }, { 0x6800, 0x6826 },
};
static const struct run information_fields[] = {
	{ 0x2400, 0x2400 },
	{ 0x4402, 0x440e },
	{ 0x6400, 0x6400 },
	{ 0x640a, 0x640a },
};
static const struct run error_field[] = { { VMCS_ERROR, VMCS_ERROR } };
/* Of the guest's controls, those that its guest gets as they are. */
static const struct run control_fields[] = {
	{ 0x2000, 0x2004 }, { 0x4000, 0x4008 }, { 0x4012, 0x4012 },
	{ 0x4016, 0x401a }, { 0x401e, 0x401e }, { 0x6000, 0x6006 },
};
static const struct run host_fields[] = {
	{ 0x0c00, 0x0c0c }, { 0x201a, 0x201a }, { 0x400c, 0x400c },
	{ 0x4c00, 0x4c00 }, { 0x6c00, 0x6c16 },
};

static u32 key(u64 encoding)
{
	return (u32)(encoding >> 1 & 0x3f) | (u32)(encoding >> 4 & 0xc0) |
	       (u32)(encoding >> 5 & 0x300);
}

static u64 *field_of(const struct hv *hv, u64 encoding)
{
	return &hv->current->field[key(encoding)];
}

/* From the current VMCS into the guest's, or back. */
static void copy_runs(struct hv *hv, const struct run *runs, u64 n, bool out)
{
	for (u64 i = 0; i < n; i++)
		for (u32 e = runs[i].first; e <= runs[i].last; e += 2) {
			u64 value;

			if (vmx_read(e, &value) != VM_SUCCEED)
				continue;
			if (out)
				vmx_write(e, *field_of(hv, e));
			else
				*field_of(hv, e) = value;
		}
}

/* ---------------------------------------------------------------- VMCS shadowing */

static void show(struct hv *hv, const struct run *runs, u64 n)
{
	for (u64 i = 0; i < n; i++)
		for (u32 e = runs[i].first; e <= runs[i].last; e += 2) {
			hv->read_bitmap[e / 8] &= (u8) ~(1u << (e & 7));
			hv->write_bitmap[e / 8] &= (u8) ~(1u << (e & 7));
		}
}

/* The guest's current VMCS and the shadow that the processor gives it for that. */
static void sync_shadow(struct hv *hv, bool out)
{
	if (!hv->shadowing || !hv->current)
		return;
	vmx_load((u64)hv->region_shadow);
	copy_runs(hv, guest_fields, SIZE(guest_fields), out);
	copy_runs(hv, information_fields, SIZE(information_fields), out);
	copy_runs(hv, error_field, SIZE(error_field), out);
	copy_runs(hv, control_fields, SIZE(control_fields), out);
	copy_runs(hv, host_fields, SIZE(host_fields), out);
	vmx_clear((u64)hv->region_shadow);
	vmx_load((u64)hv->region_guest);
}

static void set_current(struct hv *hv, struct hv_vmcs *vmcs)
{
	sync_shadow(hv, false);
	hv->current = vmcs;
	sync_shadow(hv, true);
	vmx_load((u64)hv->region_guest);
	if (hv->shadowing)
		vmx_set(VMCS_LINK, vmcs ? (u64)hv->region_shadow : NO_POINTER);
}

/* ---------------------------------------------------------------- how instructions end */

static void skip(void)
{
	vmx_set(VMCS_GUEST_RIP, vmx_get(VMCS_GUEST_RIP) + vmx_get(VMCS_LENGTH));
}

static void end_with(u32 flags)
{
	u64 rflags = vmx_get(VMCS_GUEST_RFLAGS);

	vmx_set(VMCS_GUEST_RFLAGS, (rflags & ~(u64)FLAGS_ARITHMETIC) | flags);
	skip();
}

static void fail(struct hv *hv, u32 error)
{
	if (!hv->current) {
		end_with(FLAG_CF);
		return;
	}
	sync_shadow(hv, false);
	*field_of(hv, VMCS_ERROR) = error;
	sync_shadow(hv, true);
	end_with(FLAG_ZF);
}

/* ---------------------------------------------------------------- operands */

static word *gpr(struct hv *hv, u32 number)
{
	struct regs *r = &hv->regs;
	word *const order[] = {
		&r->ax, &r->cx, &r->dx,	 &r->bx,  &r->sp,  &r->bp,  &r->si,  &r->di,
		&r->r8, &r->r9, &r->r10, &r->r11, &r->r12, &r->r13, &r->r14, &r->r15
	};

	r->sp = vmx_get(VMCS_GUEST_RSP);
	return order[number];
}

/* SDM vol. 3 "Basic VM-Exit Information": linear is physical on all levels. */
static u64 *memory_operand(struct hv *hv, u64 info)
{
	u64 address = vmx_get(VMCS_QUALIFICATION);

	if (!(info >> 27 & 1))
		address += *gpr(hv, info >> 23 & 15);
	if (!(info >> 22 & 1))
		address += *gpr(hv, info >> 18 & 15) << (info & 3);
	return (u64 *)address;
}

static u64 *operand(struct hv *hv)
{
	u64 info = vmx_get(VMCS_INSTRUCTION);

	if (info >> 10 & 1)
		return (u64 *)gpr(hv, info >> 3 & 15);
	return memory_operand(hv, info);
}

/* ---------------------------------------------------------------- pointers and fields */

static struct hv_vmcs *find_vmcs(struct hv *hv, u64 pointer, bool create)
{
	for (u32 i = 0; i < HV_VMCSS; i++)
		if (hv->vmcs[i].pointer == pointer)
			return &hv->vmcs[i];
	for (u32 i = 0; create && i < HV_VMCSS; i++)
		if (!hv->vmcs[i].launched && &hv->vmcs[i] != hv->current) {
			memset(&hv->vmcs[i], 0, sizeof(hv->vmcs[i]));
			hv->vmcs[i].pointer = pointer;
			return &hv->vmcs[i];
		}
	return NULL;
}

static void vmclear(struct hv *hv, u64 pointer)
{
	struct hv_vmcs *vmcs = find_vmcs(hv, pointer, false);

	if (pointer & 0xfff) {
		fail(hv, 2);
		return;
	}
	if (vmcs)
		vmcs->launched = false;
	if (vmcs && vmcs == hv->current)
		set_current(hv, NULL);
	end_with(0);
}

static void vmptrld(struct hv *hv, u64 pointer)
{
	struct hv_vmcs *vmcs;

	if (pointer & 0xfff || pointer == hv->on_pointer) {
		fail(hv, pointer & 0xfff ? 9 : 10);
		return;
	}
	vmcs = find_vmcs(hv, pointer, true);
	CHECK(vmcs != NULL, true);
	if (vmcs != hv->current)
		set_current(hv, vmcs);
	end_with(0);
}

static u64 width_of(u64 encoding)
{
	static const u64 widths[] = { 0xffff, ~0ull, 0xffffffff, ~0ull };

	return widths[encoding >> 13 & 3];
}

/* There is what this hypervisor itself is given. */
static void access_field(struct hv *hv, bool write)
{
	u64 encoding = *gpr(hv, vmx_get(VMCS_INSTRUCTION) >> 28 & 15), ignored;
	u64 *at = operand(hv);

	if (!hv->current)
		end_with(FLAG_CF);
	else if (vmx_read(encoding, &ignored) != VM_SUCCEED)
		fail(hv, 12);
	else {
		if (write)
			*field_of(hv, encoding) = *at & width_of(encoding);
		else
			*at = *field_of(hv, encoding);
		end_with(0);
	}
}

/* ---------------------------------------------------------------- the shadow of the guest's EPT */

static void drop_shadow(struct hv *hv)
{
	memset(hv->shadow_ept[0], 0, 4096);
	hv->tables = 1;
	vmx_invept(2, 0);
}

static void give(struct hv *hv, u64 gpa, u64 page, u64 rights)
{
	u64 *table = hv->shadow_ept[0];

	if (hv->tables > HV_TABLES - 3)
		drop_shadow(hv);
	for (int level = 4; level > 1; level--) {
		u64 *slot = &table[gpa >> (3 + 9 * level) & 511];

		if (!*slot) {
			memset(hv->shadow_ept[hv->tables], 0, 4096);
			*slot = (u64)hv->shadow_ept[hv->tables++] | EPT_ALL;
		}
		table = (u64 *)(*slot & ADDRESS);
	}
	table[gpa >> 12 & 511] = page | EPT_WB | rights;
	hv->fills++;
}

static bool misconfigured(u64 entry, int level)
{
	u64 width = cpuid(0x80000008, 0).eax & 0xff, type = entry >> 3 & 7;
	bool leaf = level == 1 || (level < 4 && entry & EPT_LARGE);

	if ((entry & 3) == 2 || (entry & ADDRESS) >> width)
		return true;
	if (leaf)
		return type == 2 || type == 3 || type == 7 ||
		       (level > 1 && entry & ((1ull << (3 + 9 * level)) - 0x1000));
	return entry & (level == 4 ? 0xf8 : 0x78);
}

/* The exit that the guest's EPT has for @gpa; 0: none, with the page and its rights. */
static u32 follow(struct hv *hv, u64 gpa, u64 need, u64 *page, u64 *rights)
{
	u64 *table = (u64 *)(*field_of(hv, VMCS_EPTP) & ADDRESS);

	*rights = 7;
	for (int level = 4;; level--) {
		u64 entry = table[gpa >> (3 + 9 * level) & 511];
		u64 inside = (1ull << (3 + 9 * level)) - 1;

		*rights &= entry;
		if (!(entry & 7))
			return REASON_EPT;
		if (misconfigured(entry, level))
			return REASON_EPT_MISCONFIG;
		if (level == 1 || entry & EPT_LARGE) {
			*page = ((entry & ADDRESS & ~inside) | (gpa & inside)) & ADDRESS;
			return need & ~*rights ? REASON_EPT : 0;
		}
		table = (u64 *)(entry & ADDRESS);
	}
}

/* What the guest's guest was doing is done again. */
static void again(void)
{
	u64 event = vmx_get(VMCS_IDT_INFO), blocking = vmx_get(VMCS_INTERRUPTIBILITY);

	if (event & INFO_VALID) {
		vmx_set(VMCS_ENTRY_INFO, event & ~0x1000ull);
		vmx_set(VMCS_ENTRY_ERROR, vmx_get(VMCS_IDT_ERROR));
		vmx_set(VMCS_ENTRY_LENGTH, vmx_get(VMCS_LENGTH));
	} else if (vmx_get(VMCS_QUALIFICATION) & QUALIFICATION_NMI) {
		vmx_set(VMCS_INTERRUPTIBILITY, blocking | INTERRUPTIBILITY_NMI);
	}
}

/*
 * An EPT violation by the shadow. True: the guest's EPT allows it, and so does the shadow now.
 * Otherwise the exit is the guest's: *@reason and *@qualification say which.
 */
static bool filled(struct hv *hv, u32 *reason, u64 *qualification)
{
	u64 gpa = vmx_get(VMCS_GPA), report = vmx_get(VMCS_QUALIFICATION), page, rights;

	*reason = follow(hv, gpa, report & 7, &page, &rights);
	if (!*reason) {
		give(hv, gpa, page, rights);
		again();
		return true;
	}
	*qualification = 0;
	if (*reason == REASON_EPT)
		*qualification = (report & 0x1f87) | rights << 3;
	return false;
}

/* ---------------------------------------------------------------- the guest's guest */

static bool has_ept(const struct hv *hv)
{
	return *field_of(hv, VMCS_PRIMARY) & PRIMARY_SECONDARY &&
	       *field_of(hv, VMCS_SECONDARY) & SECONDARY_EPT;
}

/* What must be 1 is refused here, for below it is merged. */
static bool controls_allowed(const struct hv *hv)
{
	static const u32 fields[] = { VMCS_PIN, VMCS_PRIMARY, VMCS_EXIT_CONTROLS,
				      VMCS_ENTRY_CONTROLS };

	for (u32 i = 0; i < SIZE(fields); i++)
		if (vmx_must_be_1(fields[i]) & ~(u32)*field_of(hv, fields[i]))
			return false;
	return true;
}

static void merge(struct hv *hv)
{
	u64 secondary = 0;

	vmx_load((u64)hv->region_nested);
	copy_runs(hv, guest_fields, SIZE(guest_fields), true);
	copy_runs(hv, control_fields, SIZE(control_fields), true);
	if (*field_of(hv, VMCS_PRIMARY) & PRIMARY_SECONDARY)
		secondary = *field_of(hv, VMCS_SECONDARY);
	vmx_set(VMCS_PRIMARY, *field_of(hv, VMCS_PRIMARY) | PRIMARY_SECONDARY);
	vmx_set(VMCS_SECONDARY, secondary | SECONDARY_EPT);
	if (has_ept(hv)) {
		if (hv->shadow_of != *field_of(hv, VMCS_EPTP))
			drop_shadow(hv);
		hv->shadow_of = *field_of(hv, VMCS_EPTP);
		vmx_set(VMCS_EPTP, (u64)hv->shadow_ept[0] | 0x1e);
	} else {
		vmx_set(VMCS_EPTP, (u64)hv->ept[0] | 0x1e);
	}
}

/* SDM vol. 3 "Loading Host State" */
static void load_host(struct hv *hv)
{
	for (u32 i = 0; i < 8; i++) {
		u64 selector = i == 6 ? 0 : *field_of(hv, VMCS_HOST_ES + 2 * (i == 7 ? 6 : i));
		u64 base = i == 4   ? *field_of(hv, 0x6c06)
			   : i == 5 ? *field_of(hv, 0x6c08)
			   : i == 7 ? *field_of(hv, VMCS_HOST_TR_BASE)
				    : 0;
		u32 rights = i == 1 ? AR_CODE : i == 7 ? AR_TSS : selector ? AR_DATA : AR_UNUSABLE;

		vmx_set(VMCS_GUEST_ES + 2 * i, selector);
		vmx_set(VMCS_GUEST_ES_BASE + 2 * i, base);
		vmx_set(VMCS_GUEST_ES_LIMIT + 2 * i, i == 7 ? 0x67 : 0xffffffff);
		vmx_set(VMCS_GUEST_ES_AR + 2 * i, rights);
	}
	vmx_set(VMCS_GUEST_GDTR_BASE, *field_of(hv, VMCS_HOST_GDTR_BASE));
	vmx_set(VMCS_GUEST_IDTR_BASE, *field_of(hv, VMCS_HOST_IDTR_BASE));
	vmx_set(VMCS_GUEST_GDTR_LIMIT, 0xffff);
	vmx_set(VMCS_GUEST_IDTR_LIMIT, 0xffff);
	vmx_set(VMCS_GUEST_CR0, *field_of(hv, VMCS_HOST_CR0));
	vmx_set(VMCS_GUEST_CR3, *field_of(hv, VMCS_HOST_CR3));
	vmx_set(VMCS_GUEST_CR4, *field_of(hv, VMCS_HOST_CR4));
	vmx_set(VMCS_GUEST_DR7, 0x400);
	vmx_set(VMCS_GUEST_RFLAGS, FLAG_ONE);
	vmx_set(VMCS_GUEST_RSP, *field_of(hv, VMCS_HOST_RSP));
	vmx_set(VMCS_GUEST_RIP, *field_of(hv, VMCS_HOST_RIP));
}

/* The exit as the guest is to see it. */
static void reflect(struct hv *hv, u32 reason, u64 qualification)
{
	if (!(reason & ENTRY_FAILURE)) {
		copy_runs(hv, guest_fields, SIZE(guest_fields), false);
		copy_runs(hv, information_fields, SIZE(information_fields), false);
		*field_of(hv, VMCS_ENTRY_CONTROLS) =
			(*field_of(hv, VMCS_ENTRY_CONTROLS) & ~(u64)ENTRY_IA32E) |
			(vmx_get(VMCS_ENTRY_CONTROLS) & ENTRY_IA32E);
		*field_of(hv, VMCS_ENTRY_INFO) &= ~(u64)INFO_VALID;
		hv->current->launched = true;
	}
	*field_of(hv, VMCS_REASON) = reason;
	*field_of(hv, VMCS_QUALIFICATION) = qualification;
	if (reason == REASON_EPT_MISCONFIG)
		*field_of(hv, VMCS_GLA) = 0;
	vmx_load((u64)hv->region_guest);
	sync_shadow(hv, true);
	load_host(hv);
}

static void enter_nested(struct hv *hv)
{
	for (;;) {
		u64 qualification;
		u32 reason;
		int result;

		vmx_load((u64)hv->region_nested);
		result = vmx_switch(&hv->regs, hv->nested_launched);
		if (result != VM_SUCCEED) {
			u32 error = result == VM_FAIL_VALID ? (u32)vmx_get(VMCS_ERROR) : 0;

			vmx_load((u64)hv->region_guest);
			fail(hv, error);
			return;
		}
		reason = (u32)vmx_get(VMCS_REASON);
		qualification = vmx_get(VMCS_QUALIFICATION);
		if (!(reason & ENTRY_FAILURE))
			hv->nested_launched = true;
		if (reason == REASON_EPT && has_ept(hv) && filled(hv, &reason, &qualification))
			continue;
		reflect(hv, reason, qualification);
		return;
	}
}

static void launch(struct hv *hv, bool resume)
{
	sync_shadow(hv, false);
	if (!hv->current)
		fail(hv, 0);
	else if (hv->current->launched != resume)
		fail(hv, resume ? 5 : 4);
	else if (!controls_allowed(hv))
		fail(hv, 7);
	else {
		merge(hv);
		enter_nested(hv);
	}
}

/* ---------------------------------------------------------------- the guest */

static void emulate_cpuid(struct hv *hv)
{
	struct cpuid r = cpuid((u32)hv->regs.ax, (u32)hv->regs.cx);

	hv->regs.ax = r.eax;
	hv->regs.bx = r.ebx;
	hv->regs.cx = r.ecx;
	hv->regs.dx = r.edx;
	skip();
}

static void turn_on(struct hv *hv, u64 pointer)
{
	hv->on = true;
	hv->on_pointer = pointer;
	set_current(hv, NULL);
	end_with(0);
}

static void turn_off(struct hv *hv)
{
	set_current(hv, NULL);
	hv->on = false;
	end_with(0);
}

static bool handle(struct hv *hv, u32 reason)
{
	hv->exits++;
	switch (reason) {
	case REASON_CPUID:
		emulate_cpuid(hv);
		return true;
	case REASON_VMXON:
		turn_on(hv, *operand(hv));
		return true;
	case REASON_VMXOFF:
		turn_off(hv);
		return true;
	case REASON_VMCLEAR:
		vmclear(hv, *operand(hv));
		return true;
	case REASON_VMPTRLD:
		vmptrld(hv, *operand(hv));
		return true;
	case REASON_VMPTRST:
		*operand(hv) = hv->current ? hv->current->pointer : NO_POINTER;
		end_with(0);
		return true;
	case REASON_VMREAD:
	case REASON_VMWRITE:
		access_field(hv, reason == REASON_VMWRITE);
		return true;
	case REASON_VMLAUNCH:
	case REASON_VMRESUME:
		launch(hv, reason == REASON_VMRESUME);
		return true;
	case REASON_INVEPT:
		drop_shadow(hv);
		end_with(0);
		return true;
	default:
		return false;
	}
}

/* 4 GB one to one, by 2 MB. */
static void map_all(struct hv *hv)
{
	hv->ept[0][0] = (u64)hv->ept[1] | EPT_ALL;
	for (u64 i = 0; i < 4; i++) {
		hv->ept[1][i] = (u64)hv->ept[2 + i] | EPT_ALL;
		for (u64 j = 0; j < 512; j++)
			hv->ept[2 + i][j] = i << 30 | j << 21 | EPT_LARGE | EPT_WB | EPT_ALL;
	}
}

static void new_vmcs(u8 *region, code_t *code)
{
	*(u32 *)region = (u32)read_msr(0x480) & 0x7fffffff;
	vmx_new_at((u64)region, code, 0);
}

static void set_guest(struct hv *hv, code_t *code)
{
	u64 secondary = SECONDARY_EPT | SECONDARY_UNRESTRICTED | SECONDARY_RDTSCP;

	if (hv->shadowing)
		secondary |= SECONDARY_SHADOW;
	new_vmcs(hv->region_guest, code);
	vmx_primary(PRIMARY_MSR_BITMAPS);
	vmx_set(VMCS_MSR_BITMAP_ADDRESS, (u64)hv->msr_bitmap);
	vmx_set(VMCS_SECONDARY, vmx_controls(VMCS_SECONDARY, secondary));
	vmx_set(VMCS_EPTP, (u64)hv->ept[0] | 0x1e);
	vmx_set(VMCS_GUEST_RSP, (u64)hv->stack + sizeof(hv->stack) - 64);
	if (!hv->shadowing)
		return;
	memset(hv->read_bitmap, 0xff, 4096);
	memset(hv->write_bitmap, 0xff, 4096);
	show(hv, guest_fields, SIZE(guest_fields));
	show(hv, information_fields, SIZE(information_fields));
	show(hv, error_field, SIZE(error_field));
	show(hv, control_fields, SIZE(control_fields));
	show(hv, host_fields, SIZE(host_fields));
	vmx_set(VMCS_VMREAD_BITMAP, (u64)hv->read_bitmap);
	vmx_set(VMCS_VMWRITE_BITMAP, (u64)hv->write_bitmap);
	*(u32 *)hv->region_shadow = (u32)read_msr(0x480) | 1u << 31;
	vmx_clear((u64)hv->region_shadow);
}

CODE(hv_start, "call *%rdi; vmcall");

bool hv_run(struct hv *hv, void (*program)(void), bool shadowing)
{
	memset(hv, 0, sizeof(*hv));
	hv->shadowing = shadowing;
	*(u32 *)hv->on_region = (u32)read_msr(0x480) & 0x7fffffff;
	if (!vmx_on_at((u64)hv->on_region))
		return false;
	map_all(hv);
	new_vmcs(hv->region_nested, hv_start);
	set_guest(hv, hv_start);
	hv->regs.di = (u64)program;
	for (;;) {
		u32 reason;

		vmx_load((u64)hv->region_guest);
		CHECK(vmx_switch(&hv->regs, hv->guest_launched), VM_SUCCEED);
		hv->guest_launched = true;
		reason = (u32)vmx_get(VMCS_REASON);
		if (reason == REASON_VMCALL)
			break;
		if (!handle(hv, reason)) {
			CHECK(reason, REASON_VMCALL);
			CHECK(vmx_get(VMCS_GUEST_RIP), 0);
			break;
		}
	}
	vmx_clear((u64)hv->region_guest);
	vmx_clear((u64)hv->region_nested);
	asm volatile("vmxoff");
	return true;
}
