// SPDX-License-Identifier: MIT
/*
 * VMX instructions of a hypervisor: operands of every kind, regions and the current VMCS, each
 * encoding of VMREAD and VMWRITE, shadow VMCSs; and the host state that an exit loads. A
 * hypervisor below runs most of this in the processor's place.
 *
 * SDM vol. 3 "VMX Instruction Reference", "Loading Host State"
 */
#include "l2.h"

enum {
	VMCS_GUEST_PAT = 0x2804,
	VMCS_HOST_PAT = 0x2c00,
	VMCS_HOST_EFER = 0x2c02,
	VMCS_GUEST_PKRS = 0x2818,
	VMCS_HOST_PKRS = 0x2c06,
	PRIMARY_MSR_BITMAPS = 1 << 28,
	ENTRY_LOAD_DEBUG = 1 << 2,
	ENTRY_LOAD_PAT = 1 << 14,
	ENTRY_LOAD_PKRS = 1 << 22,
	EXIT_SAVE_DEBUG = 1 << 2,
	EXIT_SAVE_PAT = 1 << 18,
	EXIT_LOAD_PAT = 1 << 19,
	EXIT_SAVE_EFER = 1 << 20,
	EXIT_LOAD_EFER = 1 << 21,
	EXIT_LOAD_PKRS = 1 << 29,
	MSR_DEBUGCTL = 0x1d9,
	MSR_PAT = 0x277,
	MSR_PKRS = 0x6e1,
	MSR_VMX_MISC = 0x485,
};
#define HOLE 0x90000000ull
#define LINEAR 0x8040600000ull

CODE(i_vmcall, "vmcall");
CODE(i_ptrst, "vmptrst (%rax)");
CODE(i_ptrst_32, "addr32 vmptrst (%eax)");
CODE(i_ptrst_index, "vmptrst 0x10(%rbx,%rcx,8)");
CODE(i_ptrst_fs, "vmptrst %fs:0x10(%rax)");
CODE(i_ptrst_gs, "vmptrst %gs:(%rax)");
CODE(i_ptrst_rbp, "vmptrst (%rbp)");
CODE(i_ptrst_rsp, "vmptrst -0x40(%rsp)");
CODE(i_ptrst_rip, "vmptrst insns_here(%rip)");
CODE(i_ptrld, "vmptrld (%rax)");
CODE(i_clear, "vmclear (%rax)");
CODE(i_xon, "vmxon (%rax)");
CODE(i_xoff, "vmxoff");
CODE(i_read, "vmread %rcx, (%rax)");
CODE(i_write, "vmwrite (%rax), %rcx");
CODE(i_invept, "invept (%rax), %rcx");
CODE(i_invvpid, "invvpid (%rax), %rcx");
CODE(i_launch, "vmlaunch");
CODE32(i_clear32, "vmclear (%eax)");
CODE32(i_read32, "vmread %ecx, (%eax)");
CODE32(i_launch32, "vmlaunch");
CODE(i_vmread, "vmread %rcx, %rdx; lahf; mov %rax, %rbx; vmcall");
CODE(i_vmread_memory, "vmread %rcx, (%rax); vmcall");
CODE(i_vmwrite, "vmwrite %rdx, %rcx; lahf; mov %rax, %rbx; vmcall");
CODE(i_set_pat, "wrmsr; vmcall");

CODE(i_in, "in $0x80, %al");

u64 insns_here;

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

/* ---------------------------------------------------------------- N113..N119 */

static void stores(const char *name, code_t *code, struct regs r, volatile u64 *where)
{
	struct fault f;

	*where = 0x1111;
	f = run(code, &r);
	CHECK_NAMED(name, f.vector, NO_FAULT);
	CHECK_NAMED(name, f.flags & (FLAG_CF | FLAG_ZF), 0);
	CHECK_NAMED(name, *where, vmx_pointer());
}

static void addresses(void)
{
	static u64 place[8];
	u64 *page = page_new();
	struct regs r = { .ax = 1ull << 63 };
	struct fault f;

	section("addresses of operands");
	vmx_new(i_vmcall, 0);
	stores("plain", i_ptrst, (struct regs){ .ax = (u64)place }, place);
	stores("32 bits", i_ptrst_32, (struct regs){ .ax = 0xabcd00000000 | (u64)place }, place);
	stores("index", i_ptrst_index, (struct regs){ .bx = (u64)place - 0x30, .cx = 4 }, place);
	stores("RIP", i_ptrst_rip, (struct regs){ 0 }, &insns_here);
	write_msr(MSR_FS_BASE, (u64)place - 0x20);
	stores("FS", i_ptrst_fs, (struct regs){ .ax = 0x18 }, place + 1);
	write_msr(MSR_FS_BASE, 0);
	write_msr(MSR_GS_BASE, 0xffff800000000000);
	f = run(i_ptrst_gs, &(struct regs){ .ax = (u64)place });
	EXPECT(f, VECTOR_PF, 2, (word)i_ptrst_gs);
	CHECK(f.cr2, 0xffff800000000000 + (u64)place);
	write_msr(MSR_GS_BASE, 0);
	stores("RSP", i_ptrst_rsp, (struct regs){ .sp = (u64)(page + 100) }, page + 100 - 9);
	f = run(i_ptrst, &r);
	EXPECT(f, VECTOR_GP, 0, (word)i_ptrst);
	r.bp = 1ull << 63;
	f = run(i_ptrst_rbp, &r);
	EXPECT(f, VECTOR_SS, 0, (word)i_ptrst_rbp);
}

/* N117, N130: each of them, on pages of which the second is not there, or not writable, or the
 * user's. */
static void pages(void)
{
	static const struct {
		const char *name;
		code_t *code;
		u32 error; /* of a #PF */
		u32 size;
		u64 type;
	} cases[] = {
		{ "VMPTRST", i_ptrst, 2, 8, 0 },
		{ "VMPTRLD", i_ptrld, 0, 8, 0 },
		{ "VMCLEAR", i_clear, 0, 8, 0 },
		{ "VMREAD", i_read, 2, 8, VMCS_GUEST_RSP },
		{ "VMWRITE", i_write, 0, 8, VMCS_GUEST_RSP },
		{ "INVEPT", i_invept, 0, 16, 2 },
		{ "INVVPID", i_invvpid, 0, 16, 2 },
	};
	u64 *first = page_new(), root = read_cr3() & PTE_ADDRESS;

	section("operands on two pages");
	map(root, LINEAR, (u64)first | PTE_P | PTE_W, 1);
	for (u32 i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct regs r = { .ax = LINEAR + 0x1000 - 4, .cx = cases[i].type };
		u64 current;
		struct fault f;

		vmx_new(i_vmcall, 0);
		current = vmx_pointer();
		first[511] = 0x5555555555555555;
		f = run(cases[i].code, &r);
		EXPECT(f, VECTOR_PF, cases[i].error, (word)cases[i].code);
		CHECK_NAMED(cases[i].name, f.cr2, LINEAR + 0x1000);
		CHECK_NAMED(cases[i].name, first[511], 0x5555555555555555);
		CHECK_NAMED(cases[i].name, vmx_pointer(), current);
		/* for 16 bytes the end counts: the first eight are here */
		r = (struct regs){ .ax = LINEAR + 0x1000 - 8, .cx = cases[i].type };
		first[511] = cases[i].code == i_ptrld || cases[i].code == i_clear ? current : 0;
		f = run(cases[i].code, &r);
		CHECK_NAMED(cases[i].name, f.vector, cases[i].size == 16 ? VECTOR_PF : NO_FAULT);
		if (cases[i].size == 16)
			CHECK_NAMED(cases[i].name, f.cr2, LINEAR + 0x1000);
		/* where nothing is: ones come, and writes go */
		vmx_load(current);
		r = (struct regs){ .ax = HOLE, .cx = cases[i].type };
		f = run(cases[i].code, &r);
		CHECK_NAMED(cases[i].name, f.vector, NO_FAULT);
		CHECK_NAMED(cases[i].name, f.flags & (FLAG_CF | FLAG_ZF),
			    cases[i].code == i_ptrld || cases[i].code == i_clear ||
					    cases[i].code == i_invvpid
				    ? FLAG_ZF
				    : 0);
		if (cases[i].code == i_ptrld)
			CHECK_NAMED(cases[i].name, vmx_get(VMCS_ERROR), 9);
		if (cases[i].code == i_clear)
			CHECK_NAMED(cases[i].name, vmx_get(VMCS_ERROR), 2);
		if (cases[i].code == i_invvpid) /* reserved bits */
			CHECK_NAMED(cases[i].name, vmx_get(VMCS_ERROR), 28);
	}
}

/* N118: the operand is the supervisor's access. */
static void supervisor_access(void)
{
	u64 old = read_cr3(), *root = page_new(), current;
	struct fault f;

	section("operands under SMAP");
	memcpy(root, (void *)(old & PTE_ADDRESS), 4096);
	root[0] &= ~PTE_U;
	map((u64)root, LINEAR, (u64)page_new() | PTE_P | PTE_W | PTE_U, 1);
	vmx_new(i_vmcall, 0);
	current = vmx_pointer();
	write_cr3((u64)root);
	write_cr4(read_cr4() | CR4_SMAP);
	f = run(i_ptrst, &(struct regs){ .ax = LINEAR });
	EXPECT(f, VECTOR_PF, 3, (word)i_ptrst);
	CHECK(f.cr2, LINEAR);
	f = run(i_ptrst, &(struct regs){ .ax = LINEAR, .flags = FLAG_AC });
	EXPECT(f, NO_FAULT, 0, ANY);
	f = run(i_write, &(struct regs){ .ax = LINEAR, .cx = VMCS_GUEST_RSP });
	EXPECT(f, VECTOR_PF, 1, (word)i_write);
	write_cr4(read_cr4() & ~CR4_SMAP);
	CHECK(*(u64 *)LINEAR, current);
	write_cr3(old);
}

static void privilege(void)
{
	static code_t *const codes[] = { i_ptrst,  i_ptrld,   i_clear,	i_read,	  i_write,
					 i_invept, i_invvpid, i_launch, i_vmcall, i_xoff };
	static code_t *const narrow[] = { i_clear32, i_read32, i_launch32 };

	section("CPL and mode");
	for (u32 i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
		struct regs r = { .ax = 1ull << 63 };
		struct fault f = run_in(USER, codes[i], &r);

		EXPECT(f, VECTOR_GP, 0, (word)codes[i]);
	}
	for (u32 i = 0; i < 3; i++) {
		struct regs r = { 0 };
		struct fault f = run_in(KERNEL32, narrow[i], &r);

		EXPECT(f, VECTOR_UD, 0, (word)narrow[i]);
	}
}

/* ---------------------------------------------------------------- N120..N125 */

static u32 error_of(int result)
{
	return result == VM_FAIL_VALID ? (u32)vmx_get(VMCS_ERROR) : (u32)result << 16;
}

static void regions(void)
{
	u64 first, second, width = cpuid(0x80000008, 0).eax & 0xff, on = (u64)vmx_region();
	struct fault f;
	u64 value;

	section("regions");
	vmx_new(i_vmcall, 0);
	first = vmx_pointer();
	vmx_set(VMCS_GUEST_RSP, 0x1234);
	memset((void *)(first + 8), 0, 4088); /* N120: the contents are the processor's */
	CHECK(vmx_load(first), VM_SUCCEED);
	CHECK(vmx_get(VMCS_GUEST_RSP), 0x1234);
	CHECK(vmx_clear(first), VM_SUCCEED); /* N121 */
	CHECK(vmx_pointer(), ~0ull);
	CHECK(vmx_read(VMCS_GUEST_RSP, &value), VM_FAIL_INVALID);
	CHECK(vmx_write(VMCS_GUEST_RSP, 1), VM_FAIL_INVALID);
	CHECK(vmx_load(1), VM_FAIL_INVALID);
	CHECK(vmx_clear(1), VM_FAIL_INVALID);
	CHECK(vmx_load(first), VM_SUCCEED);
	CHECK(vmx_get(VMCS_GUEST_RSP), 0x1234);
	vmx_new(i_vmcall, 0); /* N142: two, in turn */
	second = vmx_pointer();
	for (u32 i = 0; i < 8; i++) {
		CHECK(vmx_load(i & 1 ? first : second), VM_SUCCEED);
		vmx_set(VMCS_GUEST_RSP, 100 + i);
		CHECK(vmx_load(i & 1 ? second : first), VM_SUCCEED);
		CHECK(vmx_get(VMCS_GUEST_RSP), i ? 100 + i - 1 : 0x1234);
	}
	CHECK(error_of(vmx_load(1ull << width)), 9);
	CHECK(error_of(vmx_clear(1ull << width)), 2);
	CHECK(error_of(vmx_load(HOLE)), 11);
	CHECK(vmx_clear(HOLE), VM_SUCCEED);
	*(u32 *)second |= 1u << 31; /* N123: it is cached, and its revision is in memory */
	CHECK(vmx_load(first), VM_SUCCEED);
	CHECK(vmx_load(second), VM_SUCCEED);
	CHECK(go(), 0x20000);
	*(u32 *)second &= ~(1u << 31);
	/* N122: the VMXON region is no VMCS */
	asm volatile("vmxoff");
	f = run(i_ptrst, &(struct regs){ .ax = (u64)&value });
	EXPECT(f, VECTOR_UD, 0, (word)i_ptrst);
	for (u32 i = 0; i < 3; i++) {
		u64 bad[] = { on + 8, 1ull << width, HOLE };

		value = bad[i];
		f = run(i_xon, &(struct regs){ .ax = (u64)&value });
		CHECK(f.flags & (FLAG_CF | FLAG_ZF), FLAG_CF);
	}
	value = on;
	write_cr4(read_cr4() & ~(1ull << 13));
	f = run(i_xon, &(struct regs){ .ax = (u64)&value });
	EXPECT(f, VECTOR_UD, 0, (word)i_xon);
	write_cr4(read_cr4() | 1 << 13);
	f = run_in(USER, i_xon, &(struct regs){ .ax = (u64)&value });
	EXPECT(f, VECTOR_GP, 0, (word)i_xon);
	f = run(i_xon, &(struct regs){ .ax = (u64)&value });
	CHECK(f.flags & (FLAG_CF | FLAG_ZF), 0);
	CHECK(vmx_pointer(), ~0ull);
	f = run(i_xon, &(struct regs){ .ax = (u64)&value });
	CHECK(f.flags & (FLAG_CF | FLAG_ZF), FLAG_CF); /* no current VMCS to tell */
	CHECK(vmx_load(first), VM_SUCCEED);
	CHECK(vmx_get(VMCS_GUEST_RSP), 107); /* VMXOFF has written it back */
	f = run(i_xon, &(struct regs){ .ax = (u64)&value });
	CHECK(vmx_get(VMCS_ERROR), 15);
	CHECK(error_of(vmx_load(on)), 10);
	CHECK(error_of(vmx_clear(on)), 3);
	f = run(i_vmcall, &(struct regs){ 0 });
	CHECK(vmx_get(VMCS_ERROR), 1);
}

/* N124, N125: every encoding there could be. */
static void encodings(void)
{
	static const u64 widths[] = { 0xffff, ~0ull, 0xffffffff, ~0ull };
	bool any = read_msr(MSR_VMX_MISC) >> 29 & 1;
	u32 fields = 0;
	u64 value;

	section("encodings");
	vmx_new(i_vmcall, 0);
	for (u64 e = 0; e < 0x8000; e++) {
		u64 width = widths[e >> 13 & 3], old;
		bool read_only = (e >> 10 & 3) == 1;
		int result = vmx_read(e, &old);

		if (result != VM_SUCCEED) {
			CHECK(error_of(result), 12);
			CHECK(error_of(vmx_write(e, 0)), 12);
			continue;
		}
		fields++;
		if (e & 1)
			width = 0xffffffff; /* the high half */
		CHECK(old & ~width, 0);
		CHECK(error_of(vmx_read(1ull << 32 | e, &value)), 12);
		CHECK(error_of(vmx_write(1ull << 32 | e, 0)), 12);
		if (read_only && !any) {
			CHECK(error_of(vmx_write(e, 0)), 13);
			continue;
		}
		CHECK(vmx_write(e, 0x123456789abcdef0), VM_SUCCEED);
		CHECK(vmx_read(e, &value), VM_SUCCEED);
		CHECK(value, 0x123456789abcdef0 & width);
		if ((e >> 13 & 3) == 1 && (e & 1)) {
			CHECK(vmx_read(e & ~1ull, &value), VM_SUCCEED);
			CHECK(value >> 32, 0x9abcdef0);
		}
		CHECK(vmx_write(e, old), VM_SUCCEED);
		CHECK(vmx_read(e, &value), VM_SUCCEED);
		CHECK(value, old);
	}
	CHECK(fields > 150, true);
	vmx_clear(vmx_pointer());
}

/* ---------------------------------------------------------------- N126..N129 */

static u32 shadow_begin(code_t *code, u64 *bitmaps, bool linked, u64 *shadow)
{
	u32 *region = vmx_region();

	region[0] |= 1u << 31;
	*shadow = (u64)region;
	vmx_clear(*shadow);
	vmx_load(*shadow);
	vmx_set(VMCS_GUEST_RSP, 0x5ad0);
	vmx_clear(*shadow);
	vmx_new(code, SECONDARY_SHADOW);
	bitmaps[0] = (u64)page_new();
	bitmaps[1] = (u64)page_new();
	vmx_set(VMCS_VMREAD_BITMAP, bitmaps[0]);
	vmx_set(VMCS_VMWRITE_BITMAP, bitmaps[1]);
	vmx_set(VMCS_LINK, linked ? *shadow : ~0ull);
	return vmx_may_be_1(VMCS_SECONDARY) & SECONDARY_SHADOW;
}

static void shadow_vmcs(void)
{
	u64 bitmaps[2], shadow, own;

	section("VMREAD and VMWRITE of a guest");
	for (u32 write = 0; write < 2; write++) {
		code_t *code = write ? i_vmwrite : i_vmread;
		struct regs r = { .cx = VMCS_GUEST_RSP, .dx = 0x77 };

		if (!shadow_begin(code, bitmaps, true, &shadow))
			return;
		own = vmx_get(VMCS_GUEST_RSP);
		CHECK(enter(&r), REASON_VMCALL);
		CHECK(r.bx >> 8 & 0x41, 0);
		CHECK(r.dx, write ? 0x77 : 0x5ad0);
		CHECK(vmx_get(VMCS_GUEST_RSP), own);
		own = vmx_pointer();
		vmx_clear(own); /* what it wrote is in the region */
		vmx_load(shadow);
		CHECK(vmx_get(VMCS_GUEST_RSP), write ? 0x77 : 0x5ad0);
		vmx_clear(shadow);
		/* a bit of the bitmap, a wide encoding: exits */
		shadow_begin(code, bitmaps, true, &shadow);
		((u8 *)bitmaps[write])[VMCS_GUEST_RSP / 8] = 1 << (VMCS_GUEST_RSP & 7);
		r = (struct regs){ .cx = VMCS_GUEST_RSP };
		CHECK(enter(&r), write ? REASON_VMWRITE : REASON_VMREAD);
		CHECK(vmx_get(VMCS_LENGTH), 3);
		CHECK(vmx_get(VMCS_INSTRUCTION), 1 << 28 | 1 << 10 | 2 << 3);
		shadow_begin(code, bitmaps, true, &shadow);
		r.cx = 0x8000;
		CHECK(enter(&r), write ? REASON_VMWRITE : REASON_VMREAD);
		/* no shadow, no field, no right to write it */
		shadow_begin(code, bitmaps, false, &shadow);
		r.cx = VMCS_GUEST_RSP;
		CHECK(enter(&r), REASON_VMCALL);
		CHECK(r.bx >> 8 & 0x41, 1); /* CF */
		shadow_begin(code, bitmaps, true, &shadow);
		r.cx = 0x6ffe;
		vmx_read(0x7001, &(u64){ 0 });
		CHECK(enter(&r), REASON_VMCALL);
		CHECK(r.bx >> 8 & 0x41, 0x40); /* ZF */
		CHECK(vmx_get(VMCS_ERROR), 12);
	}
	shadow_begin(i_vmread, bitmaps, true, &shadow); /* a link to itself, to no VMCS */
	vmx_set(VMCS_LINK, vmx_pointer());
	CHECK(go(), 0x80000000u | REASON_ENTRY_GUEST);
	CHECK(vmx_get(VMCS_QUALIFICATION), 4);
}

/*
 * A region that software has filled with ones, which no VMCS is: of a field of 16 or 32 bits VMREAD
 * gives no more than these. SDM vol. 3 "VMREAD"
 */
static void noise(void)
{
	u32 *region = vmx_region();
	u64 bitmaps[2], shadow, value;
	u32 fields[2] = { 0 };

	section("VMREAD of a region of noise");
	memset(region + 1, 0xff, 4096 - 4);
	CHECK(vmx_clear((u64)region), VM_SUCCEED);
	CHECK(vmx_load((u64)region), VM_SUCCEED);
	for (u32 encoding = 0; encoding < 0x8000; encoding += 2) {
		u32 width = encoding >> 13;

		if (width & 1 || vmx_read(encoding, &value) != VM_SUCCEED)
			continue;
		CHECK_NAMED("field", value >> (width ? 32 : 16), 0);
		fields[width / 2]++;
	}
	CHECK(fields[0] >= 14 && fields[1] >= 40, true);
	vmx_clear((u64)region);
	for (u32 i = 0; i < 4; i++) {
		struct regs r = { .ax = (word)&value,
				  .cx = i & 1 ? VMCS_EXIT_CONTROLS : VMCS_GUEST_CS };

		if (!shadow_begin(i & 2 ? i_vmread_memory : i_vmread, bitmaps, true, &shadow))
			return;
		memset((u8 *)shadow + 12, 0xff, 4096 - 12);
		value = 0;
		CHECK(enter(&r), REASON_VMCALL);
		CHECK(i & 2 ? value : r.dx, i & 1 ? 0xffffffff : 0xffff);
	}
}

/* ---------------------------------------------------------------- N107..N112 */

static u16 selector(u32 which)
{
	u16 value;

	switch (which) {
	case 0:
		asm volatile("mov %%es, %0" : "=r"(value));
		return value;
	case 1:
		asm volatile("mov %%ss, %0" : "=r"(value));
		return value;
	case 2:
		asm volatile("mov %%ds, %0" : "=r"(value));
		return value;
	case 3:
		asm volatile("mov %%fs, %0" : "=r"(value));
		return value;
	case 4:
		asm volatile("mov %%gs, %0" : "=r"(value));
		return value;
	default:
		asm volatile("sldt %0" : "=r"(value));
		return value;
	}
}

/* With its limit as the GDT has it, which an exit does not look at. */
static void reload_tr(void)
{
	u16 tr;

	asm volatile("str %0" : "=r"(tr));
	*gdt(tr) &= ~(2ull << 40);
	asm volatile("ltr %0" : : "r"(tr));
}

static void host_segments(void)
{
	static const u32 fields[] = { 0x0c00, 0x0c04, 0x0c06, 0x0c08, 0x0c0a };
	struct {
		u16 limit;
		u64 base;
	} __attribute__((packed)) gdtr, idtr;
	struct fault f;

	section("host segments");
	reload_tr();
	memset(tss()->bitmap, 0, 0x80 / 8 + 2);
	f = run_in(USER, i_in, &(struct regs){ 0 });
	EXPECT(f, NO_FAULT, 0, ANY);
	*gdt(0x50) = 0x0000820000000007; /* an LDT */
	asm volatile("lldt %0" : : "r"((u16)0x50));
	CHECK(selector(5), 0x50);
	vmx_new(i_vmcall, 0);
	for (u32 i = 0; i < 5; i++)
		vmx_set(fields[i], 0);
	vmx_set(0x6c06, 0x123450); /* FS base */
	vmx_set(0x6c08, 0x678900);
	CHECK(go(), REASON_VMCALL);
	for (u32 i = 0; i < 6; i++)
		CHECK(selector(i), 0);
	CHECK(read_msr(MSR_FS_BASE), 0x123450);
	CHECK(read_msr(MSR_GS_BASE), 0x678900);
	asm volatile("sgdt %0" : "=m"(gdtr));
	asm volatile("sidt %0" : "=m"(idtr));
	CHECK(gdtr.limit, 0xffff);
	CHECK(idtr.limit, 0xffff);
	/* TR's limit is 67H: its permission bitmap is out of reach */
	f = run_in(USER, i_in, &(struct regs){ 0 });
	EXPECT(f, VECTOR_GP, 0, (word)i_in);
	reload_tr();
	f = run_in(USER, i_in, &(struct regs){ 0 });
	EXPECT(f, NO_FAULT, 0, ANY);
	asm volatile("mov %0, %%ss; mov %0, %%ds; mov %0, %%es" : : "r"(SEL_DATA));
}

static void host_registers(void)
{
	section("host registers");
	for (u32 bits = 0; bits < 4; bits++) {
		bool load = bits & 1, save = bits & 2;

		vmx_new(i_vmcall, 0);
		vmx_set(VMCS_ENTRY_CONTROLS,
			vmx_controls(VMCS_ENTRY_CONTROLS,
				     ENTRY_IA32E | (load ? ENTRY_LOAD_DEBUG : 0)));
		vmx_set(VMCS_EXIT_CONTROLS,
			vmx_controls(VMCS_EXIT_CONTROLS, 1 << 9) & ~(u64)EXIT_SAVE_DEBUG);
		if (save)
			vmx_set(VMCS_EXIT_CONTROLS, vmx_get(VMCS_EXIT_CONTROLS) | EXIT_SAVE_DEBUG);
		vmx_set(VMCS_GUEST_DR7, 0x455);
		vmx_set(VMCS_GUEST_DEBUGCTL, 2);
		write_dr7(0x401);
		write_msr(MSR_DEBUGCTL, 1);
		vmx_set(VMCS_GUEST_RFLAGS, FLAG_ONE | FLAG_CF | FLAG_OF);
		CHECK(go(), REASON_VMCALL);
		CHECK(read_dr7(), 0x400);
		CHECK(read_msr(MSR_DEBUGCTL), 0);
		CHECK(vmx_get(VMCS_GUEST_DR7), save && !load ? 0x401 : 0x455);
		CHECK(vmx_get(VMCS_GUEST_DEBUGCTL), save && !load ? 1 : 2);
	}
}

/* PAT, EFER, PKRS: loaded by an entry or not, saved by an exit or not, loaded by it or not. */
static void switched_msrs(void)
{
	static const struct {
		const char *name;
		u32 msr, guest, host, entry, save, load;
		u64 values[4]; /* the host's before, the guest's, the guest's own, the host's */
	} rows[] = {
		{ "PAT",
		  MSR_PAT,
		  VMCS_GUEST_PAT,
		  VMCS_HOST_PAT,
		  ENTRY_LOAD_PAT,
		  EXIT_SAVE_PAT,
		  EXIT_LOAD_PAT,
		  { 0x0007040600070406, 0x0606060606060606, 0x0404040404040404,
		    0x0007010600070406 } },
		{ "PKRS",
		  MSR_PKRS,
		  VMCS_GUEST_PKRS,
		  VMCS_HOST_PKRS,
		  ENTRY_LOAD_PKRS,
		  0,
		  EXIT_LOAD_PKRS,
		  { 0x10, 0x20, 0x30, 0x40 } },
		{ "EFER",
		  MSR_EFER,
		  VMCS_GUEST_EFER,
		  VMCS_HOST_EFER,
		  ENTRY_LOAD_EFER,
		  EXIT_SAVE_EFER,
		  EXIT_LOAD_EFER,
		  { 0xd00, 0x500, 0xd01, 0xd01 } },
	};

	section("MSRs that entries and exits switch");
	for (u32 i = 0; i < 3; i++) {
		u64 old = read_msr(rows[i].msr);

		for (u32 bits = 0; bits < 16; bits++) {
			bool entry = bits & 1, save = (bits & 2) && rows[i].save, load = bits & 4;
			bool writes = bits & 8;
			const u64 *v = rows[i].values;
			u64 own = writes ? v[2] : entry ? v[1] : v[0];
			struct regs r = { .cx = rows[i].msr, .ax = (u32)own, .dx = own >> 32 };

			vmx_new(writes ? i_set_pat : i_vmcall, 0);
			vmx_primary(PRIMARY_MSR_BITMAPS);
			vmx_set(0x2004, (u64)page_new());
			vmx_set(VMCS_ENTRY_CONTROLS,
				vmx_controls(VMCS_ENTRY_CONTROLS,
					     ENTRY_IA32E | (entry ? rows[i].entry : 0)));
			vmx_set(VMCS_EXIT_CONTROLS,
				vmx_controls(VMCS_EXIT_CONTROLS,
					     1 << 9 | (save ? rows[i].save : 0) |
						     (load ? rows[i].load : 0)));
			write_msr(rows[i].msr, v[0]);
			vmx_set(rows[i].guest, v[1]);
			vmx_set(rows[i].host, v[3]);
			CHECK_NAMED(rows[i].name, enter(&r), REASON_VMCALL);
			CHECK_NAMED(rows[i].name, read_msr(rows[i].msr), load ? v[3] : own);
			/* PKRS is saved where the processor can load it */
			CHECK_NAMED(rows[i].name, vmx_get(rows[i].guest),
				    save || !rows[i].save ? own : v[1]);
		}
		write_msr(rows[i].msr, old);
	}
}

int main(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	section("VMXON");
	if (!CHECK(vmx_on(), true))
		return 1;
	addresses();
	pages();
	supervisor_access();
	privilege();
	regions();
	encodings();
	shadow_vmcs();
	noise();
	host_segments();
	host_registers();
	switched_msrs();
	return 0;
}
