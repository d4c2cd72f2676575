// SPDX-License-Identifier: MIT
/*
 * 32-bit paging with 4-KByte and 4-MByte pages, and PAE paging with 4-KByte and 2-MByte pages:
 * rights against a model, accessed and dirty flags, reserved bits, PDPTEs. The image is mapped one
 * to one for the supervisor and at 256 MBytes for ring 3.
 */
#include "guest.h"

enum { ALIAS = 0x10000000, WINDOW = 0x40000000, USER_TOP = 64 << 20 };
#define ALIASED(code) ((code_t *)((word)(code) + ALIAS))

CODE(read_access, "mov (%eax), %ecx");
CODE(write_access, "mov %ecx, (%eax)");
CODE(execute_access, "call *%eax");
CODE(load_cr3, "mov %eax, %cr3");
enum { READ, WRITE, EXECUTE };
static code_t *const accesses[] = { read_access, write_access, execute_access };
static u8 user_stack[4096] __attribute__((aligned(16)));
static u8 *page;
static u32 *directory, *table;
static u64 *pdpt, *pae_directories[4], *pae_table;
static bool pae;

static struct fault access(int kind, bool user, word address)
{
	struct regs r = { .ax = address,
			  .cx = 0xc3c3c3c3,
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

static void build(void)
{
	page = page_new();
	memset(page, 0xc3, 4096);
	directory = page_new();
	table = page_new();
	for (u32 i = 0; i < 1024; i++)
		directory[i] = (i << 22) | 0xe3;
	for (u32 i = 0; i < USER_TOP >> 22; i++)
		directory[i + (ALIAS >> 22)] = (i << 22) | 0xe7;
	pdpt = page_new();
	pae_table = page_new();
	for (u32 i = 0; i < 4; i++) {
		pae_directories[i] = page_new();
		pdpt[i] = (word)pae_directories[i] | 1;
		for (u32 j = 0; j < 512; j++)
			pae_directories[i][j] = ((u64)(i * 512 + j) << 21) | 0xe3;
	}
	for (u32 i = 0; i < USER_TOP >> 21; i++)
		pae_directories[0][i + (ALIAS >> 21)] = ((u64)i << 21) | 0xe7;
}

static u64 read_entry(bool upper)
{
	if (pae)
		return upper ? pae_directories[1][0] : pae_table[0];
	return upper ? directory[WINDOW >> 22] : table[0];
}

static void write_entry(bool upper, u64 value)
{
	if (pae && upper)
		pae_directories[1][0] = value;
	else if (pae)
		pae_table[0] = value;
	else if (upper)
		directory[WINDOW >> 22] = (u32)value;
	else
		table[0] = (u32)value;
}

static u64 bits(u32 four)
{
	return ((four & 1) ? PTE_W : 0) | ((four & 2) ? PTE_U : 0) | ((four & 4) ? PTE_NX : 0) |
	       PTE_P;
}

/* One combination: UPPER leads to a table, or is the leaf where LARGE. */
static bool differs(u64 upper, u64 leaf, bool large, int kind, bool user, bool wp, bool smep)
{
	u32 size = pae ? 21 : 22;
	word table_at = pae ? (word)pae_table : (word)table;
	word address = WINDOW + (large ? (word)page & ((1u << size) - 1) : 0);
	u64 base = large ? (word)page & ~((1u << size) - 1) : (word)page;
	u64 both = large ? upper : upper & leaf, any = large ? upper : upper | leaf;
	bool tells_fetch = smep || pae; /* NXE is on with PAE here */
	u32 code = (kind == WRITE ? 2u : 0) | (user ? 4 : 0) |
		   (kind == EXECUTE && tells_fetch ? 16 : 0),
	    want;
	bool bad = (user && !(both & PTE_U)) ||
		   (kind == WRITE && !(both & PTE_W) && (user || wp)) ||
		   (kind == EXECUTE && (any & PTE_NX)) ||
		   (kind == EXECUTE && !user && smep && (both & PTE_U));

	want = !(both & PTE_P) ? code : bad ? code | 1 : NO_FAULT;
	write_entry(true, upper | (large ? base | PTE_PS : table_at));
	write_entry(false, leaf | base);
	invlpg((void *)address);
	struct fault f = access(kind, user, address);
	u32 got = f.vector == NO_FAULT ? NO_FAULT : f.vector == VECTOR_PF ? f.error : 0xbad;
	bool wrong = got != want || (got != NO_FAULT && f.cr2 != address);
	if (got == NO_FAULT) {
		u64 now = read_entry(large);
		wrong = wrong || (now & 0x60) != (PTE_A | (kind == WRITE ? PTE_D : 0)) ||
			(!large && (read_entry(true) & 0x60) != PTE_A);
	}
	if (wrong)
		print("pae %d, upper 0x%llx, leaf 0x%llx, large %d, kind %d, user %d, wp %d, smep "
		      "%d: 0x%x, not 0x%x\n",
		      pae, upper, leaf, large, kind, user, wp, smep, got, want);
	return wrong;
}

static void test_rights(void)
{
	word cr0 = read_cr0(), cr4 = read_cr4();
	u32 bad = 0, rights = pae ? 8 : 4;

	for (u32 i = 0; i < 2 * 2 * 2 * 3 * 2 && bad < 10; i++) {
		bool wp = i & 1, smep = i & 2, user = i & 4, large = i / 24;
		int kind = (int)(i / 8 % 3);

		write_cr0(wp ? cr0 | CR0_WP : cr0 & ~CR0_WP);
		write_cr4(smep ? cr4 | CR4_SMEP : cr4 & ~CR4_SMEP);
		for (u32 upper = 0; upper < rights; upper++)
			for (u32 leaf = 0; leaf < (large ? 1 : rights); leaf++)
				bad += differs(bits(upper), bits(leaf), large, kind, user, wp,
					       smep);
		bad += differs(0, 7, large, kind, user, wp, smep);
		if (!large)
			bad += differs(7, 0, large, kind, user, wp, smep);
	}
	write_cr0(cr0);
	write_cr4(cr4);
	CHECK_NAMED("combinations that differ", bad, 0);
}

static void paging_on(word root, word cr4)
{
	write_cr0(read_cr0() & ~CR0_PG);
	write_cr4((read_cr4() & ~(CR4_PAE | CR4_PSE)) | cr4);
	write_cr3(root);
	write_cr0(read_cr0() | CR0_PG | CR0_WP);
}

static void test_pae_only(void)
{
	struct regs r = { .ax = (word)pdpt };
	struct fault f;

	section("PDPTEs");
	pdpt[3] |= 1 << 1; /* reserved: read and checked when CR3 is loaded */
	f = access(READ, false, 0xd0000000);
	EXPECT(f, NO_FAULT, 0, ANY);
	f = run(load_cr3, &r);
	EXPECT(f, VECTOR_GP, 0, (word)load_cr3);
	pdpt[3] = 0;
	f = access(READ, false, 0xd0000000);
	EXPECT(f, NO_FAULT, 0, ANY);
	write_cr3((word)pdpt);
	f = access(READ, false, 0xd0000000);
	EXPECT(f, VECTOR_PF, 0, (word)read_access);
	CHECK(f.cr2, 0xd0000000);
	pdpt[3] = (word)pae_directories[3] | 1;
	write_cr3((word)pdpt);
	f = access(READ, false, 0xd0000000);
	EXPECT(f, NO_FAULT, 0, ANY);
	CHECK(pdpt[3] & PTE_A, 0); /* PDPTEs have no accessed flag */
	pdpt[3] = 0;
	write_cr0(read_cr0() ^ CR0_CD); /* loads them too, though paging stays as it is */
	write_cr0(read_cr0() ^ CR0_CD);
	f = access(READ, false, 0xd0000000);
	EXPECT(f, VECTOR_PF, 0, (word)read_access);
	pdpt[3] = (word)pae_directories[3] | 1;
	write_cr3((word)pdpt);
	section("PAE reserved bits");
	write_entry(true, (word)pae_table | 7);
	write_entry(false, (word)page | 7 | 1ull << 62);
	flush_tlb();
	f = access(READ, false, WINDOW);
	EXPECT(f, VECTOR_PF, 9, (word)read_access);
	write_entry(false, (word)page | 7 | 7 << 9);
	flush_tlb();
	f = access(READ, false, WINDOW);
	EXPECT(f, NO_FAULT, 0, ANY);
	write_msr(MSR_EFER, read_msr(MSR_EFER) & ~EFER_NXE);
	write_entry(false, (word)page | 7 | PTE_NX);
	flush_tlb();
	f = access(READ, false, WINDOW);
	EXPECT(f, VECTOR_PF, 9, (word)read_access);
}

int main(int argc, char **argv)
{
	(void)argc, (void)argv;
	build();
	section("32-bit paging");
	paging_on((word)directory, CR4_PSE);
	test_rights();
	section("PAE paging");
	pae = true;
	write_msr(MSR_EFER, read_msr(MSR_EFER) | EFER_NXE);
	paging_on((word)pdpt, CR4_PAE);
	test_rights();
	test_pae_only();
	return 0;
}
