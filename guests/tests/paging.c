// SPDX-License-Identifier: MIT
/*
 * Paging in 64-bit mode: every combination of rights at two levels, access, privilege and control
 * bits against a model written from SDM vol. 3, "Determination of Access Rights"; accessed and
 * dirty flags; reserved bits; INVLPG, PCIDs, protection keys, five levels.
 *
 * The image itself is mapped for the supervisor alone (one to one) and, for code in ring 3, a
 * second time.
 */
#include "guest.h"

#define WINDOW 0x8000000000ull
#define ALIAS 0x10000000000ull
#define ALIASED(code) ((code_t *)((word)(code) + ALIAS))

CODE(read_access, "mov (%rax), %rcx");
CODE(write_access, "mov %rcx, (%rax)");
CODE(execute_access, "call *%rax");
CODE(stac_read, "stac; mov (%rax), %rcx; clac");
CODE(clac_read, "clac; mov (%rax), %rcx");
CODE(do_invpcid, "invpcid (%rax), %rcx");
CODE(set_cr3, "mov %rax, %cr3");
CODE(set_cr4, "mov %rax, %cr4");
CODE(do_wrpkru, "wrpkru");
CODE(do_rdpkru, "rdpkru");

enum { INVPCID = 1 << 10 };
enum { READ, WRITE, EXECUTE };
static code_t *const accesses[] = { read_access, write_access, execute_access };
static u64 root;
static u8 *page, *second;
static u8 user_stack[4096] __attribute__((aligned(16)));

static struct fault access(int kind, bool user, word flags, u64 address)
{
	struct regs r = { .ax = address,
			  .cx = 0xc3c3c3c3c3c3c3c3,
			  .flags = flags,
			  .cs = SEL_CODE,
			  .ss = SEL_DATA,
			  .ds = SEL_DATA,
			  .es = SEL_DATA,
			  .sp = (word)user_stack + 4096 };

	if (!user)
		return run_in(CUSTOM, accesses[kind], &r);
	r.cs = SEL_USER_CODE;
	r.ss = r.ds = r.es = SEL_USER_DATA;
	r.sp += ALIAS;
	return run_in(CUSTOM, ALIASED(accesses[kind]), &r);
}

static void prepare(void)
{
	u64 pdpt = (u64)page_new();

	root = (u64)page_new();
	page = page_new();
	second = page_new();
	memset(page, 0xc3, 4096);
	memset(second, 0xc3, 4096);
	*entry(root, 0, 4) = pdpt | PTE_P | PTE_W;
	for (u64 i = 0; i < 2048; i++)
		map(root, i << 21, i << 21 | PTE_P | PTE_W | PTE_PS | PTE_A | PTE_D, 2);
	for (u64 i = 0; i < 64; i++)
		map(root, ALIAS + (i << 21),
		    i << 21 | PTE_P | PTE_W | PTE_U | PTE_PS | PTE_A | PTE_D, 2);
	write_cr3(root);
}

struct rights {
	u64 upper, leaf;
	int access;
	bool user, wp, smep, smap, ac;
};

/* The error code, or NO_FAULT. */
static u32 model(const struct rights *x)
{
	u64 both = x->upper & x->leaf, any = x->upper | x->leaf;
	bool user_page = both & PTE_U, writable = both & PTE_W;
	u32 code =
		(x->access == WRITE ? 2 : 0) | (x->user ? 4 : 0) | (x->access == EXECUTE ? 16 : 0);
	bool bad = false;

	if (!(both & PTE_P))
		return code;
	if (x->user && !user_page)
		bad = true;
	if (x->access == WRITE && !writable && (x->user || x->wp))
		bad = true;
	if (x->access == EXECUTE && (any & PTE_NX))
		bad = true;
	if (!x->user && user_page && x->access == EXECUTE && x->smep)
		bad = true;
	if (!x->user && user_page && x->access != EXECUTE && x->smap && !x->ac)
		bad = true;
	return bad ? code | 1 : NO_FAULT;
}

static u64 bits(u32 three)
{
	return PTE_P | ((three & 1) ? PTE_W : 0) | ((three & 2) ? PTE_U : 0) |
	       ((three & 4) ? PTE_NX : 0);
}

static u32 try(const struct rights *x, int level)
{
	u64 *upper = entry(root, WINDOW, level + 1), *leaf = entry(root, WINDOW, level);
	u64 address = WINDOW + ((u64)page & ((1ull << (12 + 9 * (level - 1))) - 1));
	u64 base = (u64)page & ~((1ull << (12 + 9 * (level - 1))) - 1);
	u64 leaf_bits = x->leaf | (level > 1 ? PTE_PS : 0);
	u32 want = model(x);

	*upper = (*upper & PTE_ADDRESS) | x->upper;
	*leaf = base | leaf_bits;
	invlpg((void *)address);
	struct fault f = access(x->access, x->user, x->ac ? FLAG_AC : 0, address);
	u32 got = f.vector == NO_FAULT ? NO_FAULT : f.vector == VECTOR_PF ? f.error : 0xbad;
	bool good = got == want && (got == NO_FAULT || f.cr2 == address);
	if (want == NO_FAULT) {
		u64 flags = PTE_A | (x->access == WRITE ? PTE_D : 0);
		good = good && *leaf == (base | leaf_bits | flags) &&
		       (*upper & ~PTE_ADDRESS) == (x->upper | PTE_A);
	}
	if (!good)
		print("level %d, upper 0x%llx, leaf 0x%llx, access %d, user %d, wp %d, smep %d, "
		      "smap %d, ac %d: "
		      "got 0x%x, expected 0x%x; leaf now 0x%llx\n",
		      level, x->upper, x->leaf, x->access, x->user, x->wp, x->smep, x->smap, x->ac,
		      got, want, *leaf);
	return !good;
}

static u32 try_controls(int level, u32 controls)
{
	word cr0 = read_cr0(), cr4 = read_cr4();
	struct rights x = { .wp = controls & 1, .smep = controls & 2, .smap = controls & 4 };
	u32 bad = 0;

	write_cr0(x.wp ? cr0 | CR0_WP : cr0 & ~CR0_WP);
	write_cr4(cr4 | (x.smep ? CR4_SMEP : 0) | (x.smap ? CR4_SMAP : 0));
	for (u32 i = 0; i < 65 * 12 && bad < 5; i++) {
		x.upper = bits(i / 12 & 7);
		x.leaf = i / 12 < 64 ? bits(i / 96) : 0;
		x.access = (int)(i % 3);
		x.user = i / 3 & 1;
		x.ac = i / 6 & 1;
		bad += try(&x, level);
	}
	write_cr4(cr4);
	write_cr0(cr0);
	return bad;
}

static void test_rights(void)
{
	static const char *const names[] = { "4-KByte pages", "2-MByte pages", "1-GByte pages" };

	for (int level = 1; level <= 3; level++) {
		section(names[level - 1]);
		if (level == 1)
			map(root, WINDOW, (u64)page | PTE_P, 1);
		else
			*entry(root, WINDOW, level) = 0;
		for (u32 controls = 0; controls < 8; controls++)
			CHECK_NAMED("combinations that differ", try_controls(level, controls), 0);
	}
	*entry(root, WINDOW, 4) |= PTE_W | PTE_U;
	*entry(root, WINDOW, 3) = 0;
	flush_tlb();
}

static void reserved(const char *name, u64 *e, u64 bit, u64 address, u32 error)
{
	u64 old = *e;

	*e |= bit;
	flush_tlb();
	struct fault f = access(READ, false, 0, address);
	CHECK_NAMED(name, f.vector, VECTOR_PF);
	CHECK_NAMED(name, f.error, error);
	*e = old;
	flush_tlb();
}

static void test_reserved(void)
{
	u32 width = cpuid(0x80000008, 0).eax & 0xff;
	u64 address = WINDOW + 0x200000, large = WINDOW + 0x400000, huge = WINDOW + 0x40000000;

	section("reserved bits");
	map(root, address, (u64)page | PTE_P | PTE_W, 1);
	map(root, large, 0x200000 | PTE_P | PTE_W | PTE_PS, 2);
	map(root, huge, PTE_P | PTE_W | PTE_PS, 3);
	for (int level = 1; level <= 4 && width < 52; level++) {
		reserved("bit 51", entry(root, address, level), 1ull << 51, address, 9);
		reserved("first bit above the width", entry(root, address, level), 1ull << width,
			 address, 9);
	}
	reserved("page size in a PML4E", entry(root, address, 4), PTE_PS, address, 9);
	reserved("bit 13 of a 2-MByte page", entry(root, large, 2), 1 << 13, large, 9);
	reserved("bit 20 of a 2-MByte page", entry(root, large, 2), 1 << 20, large, 9);
	reserved("bit 13 of a 1-GByte page", entry(root, huge, 3), 1 << 13, huge, 9);
	reserved("bit 29 of a 1-GByte page", entry(root, huge, 3), 1 << 29, huge, 9);
	write_msr(MSR_EFER, read_msr(MSR_EFER) & ~EFER_NXE);
	reserved("NX without NXE", entry(root, address, 1), PTE_NX, address, 9);
	reserved("NX without NXE in a PDE", entry(root, address, 2), PTE_NX, address, 9);
	/* Without NXE and SMEP a fetch does not say that it was one. */
	struct fault f = access(EXECUTE, false, 0, WINDOW + 0x80000000);
	EXPECT(f, VECTOR_PF, 0, (word)(WINDOW + 0x80000000));
	write_msr(MSR_EFER, read_msr(MSR_EFER) | EFER_NXE);
	/* Ignored bits are ignored, and the bits above them reserved only where present. */
	*entry(root, address, 1) |= 7ull << 52 | 7ull << 9;
	invlpg((void *)address);
	f = access(READ, false, 0, address);
	EXPECT(f, NO_FAULT, 0, ANY);
	*entry(root, address, 1) = ~PTE_P;
	invlpg((void *)address);
	f = access(READ, false, 0, address);
	EXPECT(f, VECTOR_PF, 0, (word)read_access);
}

static void test_invalidation(void)
{
	u64 address = WINDOW + 0x200000;
	volatile u8 *at = (volatile u8 *)address;

	section("invalidation");
	second[0] = 0x22;
	page[0] = 0x11;
	u64 *e = map(root, address, (u64)page | PTE_P | PTE_W, 1);
	invlpg((void *)address);
	CHECK(*at, 0x11);
	*e = (u64)second | PTE_P | PTE_W;
	invlpg((void *)address);
	CHECK(*at, 0x22);
	*e = (u64)page | PTE_P | PTE_W;
	flush_tlb();
	CHECK(*at, 0x11);
	*e = (u64)second | PTE_P; /* fewer rights */
	invlpg((void *)(address + 0xfff));
	struct fault f = access(WRITE, false, 0, address);
	EXPECT(f, VECTOR_PF, 3, (word)write_access);
	*e |= PTE_W; /* a fault drops the entry: no INVLPG */
	f = access(WRITE, false, 0, address + 8);
	EXPECT(f, NO_FAULT, 0, ANY);
	CHECK(*e & (PTE_A | PTE_D), PTE_A | PTE_D);
	write_cr4(read_cr4() | CR4_PGE);
	*e = (u64)page | PTE_P | PTE_W | PTE_G;
	invlpg((void *)address);
	CHECK(*at, 0x11);
	*e = (u64)second | PTE_P | PTE_W | PTE_G;
	write_cr4(read_cr4() & ~CR4_PGE);
	CHECK(*at, 0x22);
	/* Across a page: both halves are checked before either is written. */
	map(root, address + 0x1000, 0, 1);
	memset(second + 0xff8, 0x55, 8);
	f = access(WRITE, false, 0, address + 0xffc);
	EXPECT(f, VECTOR_PF, 2, (word)write_access);
	CHECK(f.cr2, address + 0x1000);
	CHECK(second[0xffc], 0x55);
}

static void pcid_fault(u32 type, u64 pcid, u64 address)
{
	u64 words[2] = { pcid, address };
	struct regs r = { .ax = (word)words, .cx = type };
	struct fault f = run(do_invpcid, &r);

	EXPECT(f, VECTOR_GP, 0, (word)do_invpcid);
}

static void test_pcid(void)
{
	u64 address = WINDOW + 0x200000, descriptor_of[2] = { 5, address };
	volatile u8 *at = (volatile u8 *)address;
	struct regs r = { 0 };
	struct fault f;

	if (!(cpuid(7, 0).ebx & INVPCID))
		return;
	section("PCID");
	r.ax = read_cr4() | CR4_PCIDE;
	write_cr3(root | 1 << 3);
	f = run(set_cr4, &r);
	EXPECT(f, VECTOR_GP, 0, (word)set_cr4); /* CR3 bits 11:0 must be 0 */
	write_cr3(root);
	write_cr4(read_cr4() | CR4_PCIDE);
	write_cr3(root | 5);
	second[0] = 0x22;
	page[0] = 0x11;
	u64 *e = map(root, address, (u64)page | PTE_P | PTE_W, 1);
	for (u64 type = 0; type < 4; type++) {
		*e = (u64)page | PTE_P | PTE_W;
		asm volatile("invpcid %0, %1" ::"m"(descriptor_of), "r"(type) : "memory");
		CHECK(*at, 0x11);
		write_cr3(root | 6);
		*e = (u64)second | PTE_P | PTE_W;
		asm volatile("invpcid %0, %1" ::"m"(descriptor_of), "r"(type) : "memory");
		write_cr3(root | 5 | 1ull << 63);
		CHECK(*at, 0x22);
	}
	CHECK(read_cr3(), root | 5);
	pcid_fault(4, 5, address);
	pcid_fault(0, 0x1000, address);
	pcid_fault(1, 1ull << 63, address);
	pcid_fault(0, 5, 0x0000800000000000);
	r = (struct regs){ .ax = root | 5 | 1ull << 62 };
	f = run(set_cr3, &r);
	EXPECT(f, VECTOR_GP, 0, (word)set_cr3);
	write_cr3(root);
	write_cr4(read_cr4() & ~CR4_PCIDE);
	r = (struct regs){ .ax = root | 1ull << 63 };
	f = run(set_cr3, &r);
	EXPECT(f, VECTOR_GP, 0, (word)set_cr3);
}

static void test_smap(void)
{
	u64 address = WINDOW + 0x200000;
	struct regs r = { .ax = address };
	struct fault f;

	section("STAC and CLAC");
	map(root, address, (u64)page | PTE_P | PTE_W | PTE_U, 1);
	invlpg((void *)address);
	write_cr4(read_cr4() | CR4_SMAP);
	f = run(stac_read, &r);
	EXPECT(f, NO_FAULT, 0, ANY);
	CHECK(r.flags & FLAG_AC, 0);
	r = (struct regs){ .ax = address, .flags = FLAG_AC };
	f = run(clac_read, &r);
	EXPECT(f, VECTOR_PF, 1, (word)clac_read + 3);
	/* A descriptor-table access is the supervisor's, whatever CPL: and AC does not help it. */
	write_cr4(read_cr4() & ~CR4_SMAP);
	r = (struct regs){ .cs = SEL_USER_CODE,
			   .ss = SEL_USER_DATA,
			   .ds = SEL_USER_DATA,
			   .es = SEL_USER_DATA,
			   .sp = (word)user_stack + 4096 + ALIAS };
	f = run_in(CUSTOM, ALIASED(stac_read), &r);
	EXPECT(f, VECTOR_UD, 0, (word)ALIASED(stac_read));
}

static void test_keys(void)
{
	u64 address = WINDOW + 0x200000;
	word cr0 = read_cr0();
	u32 bad = 0;

	if (!(cpuid(7, 0).ecx & 8))
		return;
	section("protection keys");
	struct regs r = { 0 };
	struct fault f = run(do_rdpkru, &r);
	EXPECT(f, VECTOR_UD, 0, (word)do_rdpkru);
	write_cr4(read_cr4() | CR4_PKE);
	CHECK(cpuid(7, 0).ecx & 0x10, 0x10);
	r.cx = 1;
	f = run(do_rdpkru, &r);
	EXPECT(f, VECTOR_GP, 0, (word)do_rdpkru);
	/* Key 3 in bits 62:59; for every PKRU pair, page, access and WP. */
	for (u32 i = 0; i < 4 * 3 * 2 * 2 * 2; i++) {
		u32 pkru = i & 3, error;
		int kind = (int)(i / 4 % 3);
		bool user = i / 12 & 1, wp = i / 24 & 1, user_page = i / 48 & 1;

		map(root, address, (u64)page | 3ull << 59 | PTE_P | PTE_W | (user_page ? PTE_U : 0),
		    1);
		invlpg((void *)address);
		write_cr0(wp ? cr0 | CR0_WP : cr0 & ~CR0_WP);
		r = (struct regs){ .ax = pkru << 6 };
		run(do_wrpkru, &r);
		f = access(kind, user, 0, address);
		r = (struct regs){ 0 };
		run(do_wrpkru, &r);
		bool key_denies = user_page && kind != EXECUTE &&
				  ((pkru & 1) || (kind == WRITE && (pkru & 2) && (user || wp)));
		error = (kind == WRITE ? 2u : 0) | (user ? 4 : 0) | (kind == EXECUTE ? 16 : 0) | 1;
		u32 want = key_denies ? error | 32 : user && !user_page ? error : NO_FAULT;
		u32 got = f.vector == NO_FAULT ? NO_FAULT : f.error;
		if (got != want && bad++ < 5)
			print("pkru %u, kind %d, user %d, wp %d, user page %d: got 0x%x, expected "
			      "0x%x\n",
			      pkru, kind, user, wp, user_page, got, want);
	}
	CHECK(bad, 0);
	write_cr0(cr0);
	write_cr4(read_cr4() & ~CR4_PKE);
}

static void test_five_levels(void)
{
	u64 five = (u64)page_new(), address = 5ull << 48 | 0x123000;
	word cr4 = read_cr4();

	if (!(cpuid(7, 0).ecx & 0x10000))
		return;
	section("five levels");
	*(u64 *)five = root | PTE_P | PTE_W | PTE_U;
	paging_switch((u32)five, (u32)(cr4 | CR4_LA57));
	paging_levels = 5;
	CHECK(read_cr4() & CR4_LA57, CR4_LA57);
	map(five, address, (u64)page | PTE_P | PTE_W, 1);
	page[7] = 0x77;
	CHECK(((volatile u8 *)address)[7], 0x77);
	CHECK(*entry(five, address, 5) & PTE_A, PTE_A);
	struct fault f = access(READ, false, 0, address + 0x1000);
	EXPECT(f, VECTOR_PF, 0, (word)read_access);
	f = access(READ, false, 0, 0x0100000000000000);
	EXPECT(f, VECTOR_GP, 0, (word)read_access);
	f = access(READ, false, 0, 0xff00000000000000);
	EXPECT(f, VECTOR_PF, 0, (word)read_access);
	*entry(five, address, 5) |= PTE_PS;
	flush_tlb();
	f = access(READ, false, 0, address);
	EXPECT(f, VECTOR_PF, 9, (word)read_access);
	paging_levels = 4;
	paging_switch((u32)root, (u32)cr4);
	CHECK(read_cr4() & CR4_LA57, 0);
}

int main(int argc, char **argv)
{
	(void)argc, (void)argv;
	prepare();
	test_rights();
	test_reserved();
	test_invalidation();
	test_pcid();
	test_smap();
	test_keys();
	test_five_levels();
	return 0;
}
