// SPDX-License-Identifier: MIT
/*
 * Rules of EPT and of the two-dimensional walk, one by one: advanced information, entries that are
 * misconfigured, who wins where a guest's tables and EPT both refuse, PDPTEs, accessed and dirty
 * flags. SDM vol. 3 "EPT Translation Mechanism", "EPT-Induced VM Exits".
 */
#include "l2.h"

CODE(g_load, "mov (%rax), %ecx; vmcall");
CODE(g_store, "mov %ecx, (%rax); vmcall");
CODE(g_jmp, "jmp *%rax");
CODE(g_cr3, "mov %rax, %cr3; vmcall");
CODE(g_cr4, "mov %rax, %cr4; vmcall");
CODE(g_cr0, "mov %rax, %cr0; vmcall");

#define LEAF (PTE_P | PTE_W | PTE_A | PTE_D)
#define XU (1ull << 10)
#define EPT_A (1ull << 8)
#define EPT_D (1ull << 9)

static code_t *const accesses[] = { g_load, g_store, g_jmp };
static const u32 kinds[] = { READ, WRITE, FETCH };

static void begin(struct l2 *l2, enum l2_mode mode, int leaf, u64 rights, u32 access, u32 secondary)
{
	l2_start(l2, mode, leaf, rights, accesses[access], secondary);
	l2->regs.ax = l2->gla;
	memcpy((void *)L2_DATA, "\x0f\x01\xc1", 3); /* VMCALL */
	vmx_set(VMCS_EXCEPTIONS, 1 << VECTOR_PF);
}

static void final(const char *name, struct l2 *l2, u32 access, u64 qualification)
{
	l2_enter(l2);
	l2_violation(name,
		     &(struct l2_fault){ .qualification = qualification | kinds[access] | 0x180,
					 .gpa = l2->data,
					 .gla = l2->gla,
					 .rip = access == 2 ? l2->gla : (u64)accesses[access] });
}

static bool guest_allows(u32 access, u64 rights)
{
	return access == 0 || (access == 1 && (rights & PTE_W)) ||
	       (access == 2 && !(rights & PTE_NX));
}

static void page_fault(const char *name, struct l2 *l2, u32 error)
{
	CHECK_NAMED(name, l2_enter(l2), REASON_EXCEPTION);
	CHECK_NAMED(name, vmx_get(VMCS_EXIT_INFO), 0x80000b0e);
	CHECK_NAMED(name, vmx_get(VMCS_EXIT_ERROR), error);
	CHECK_NAMED(name, vmx_get(VMCS_QUALIFICATION), l2->gla);
}

/* T1, I3, I8: the rights that the guest's tables give. */
static void advanced_leaf(enum l2_mode mode, int leaf)
{
	bool nx = mode != L2_TWO;

	for (u32 bits = 0; bits < (nx ? 8u : 4u); bits++) {
		u64 rights = PTE_P | PTE_A | PTE_D | (bits & 1 ? PTE_U : 0) |
			     (bits & 2 ? PTE_W : 0) | (bits & 4 ? PTE_NX : 0);

		for (u32 access = 0; access < 3; access++) {
			struct l2 l2;

			if (!guest_allows(access, rights))
				continue;
			begin(&l2, mode, leaf, rights, access, 0);
			l2_ept(&l2, l2.data, 0);
			final(l2_mode_name(mode), &l2, access,
			      l2_advanced(bits & 1, bits >> 1 & 1, bits >> 2 & 1));
		}
	}
}

/* T3: one entry on the way decides for all. */
static void advanced_way(enum l2_mode mode)
{
	int highest = mode == L2_PAE ? 2 : mode == L2_TWO ? 2 : mode == L2_LONG5 ? 5 : 4;

	for (int level = 1; level <= highest; level++) {
		for (u32 bit = 0; bit < (mode == L2_TWO ? 2u : 3u); bit++) {
			struct l2 l2;
			u64 entry;

			begin(&l2, mode, 1, LEAF | PTE_U, 0, 0);
			entry = l2_entry_get(&l2, level);
			entry = bit == 0   ? entry & ~PTE_U
				: bit == 1 ? entry & ~PTE_W
					   : entry | PTE_NX;
			l2_entry_set(&l2, level, entry);
			l2_ept(&l2, l2.data, 0);
			final(l2_mode_name(mode), &l2, 0,
			      l2_advanced(bit != 0, bit != 1, bit == 2));
		}
	}
}

/* XD is a reserved bit without NXE, and 11 is 0. */
static void advanced_without_nxe(void)
{
	struct l2 l2;

	write_msr(MSR_EFER, read_msr(MSR_EFER) & ~EFER_NXE);
	begin(&l2, L2_LONG4, 1, LEAF | PTE_NX, 0, 0);
	l2_ept(&l2, l2.data, 0);
	page_fault("XD without NXE", &l2, 9);
	begin(&l2, L2_LONG4, 1, LEAF, 0, 0);
	l2_ept(&l2, l2.data, 0);
	final("without NXE", &l2, 0, l2_advanced(false, true, false));
	write_msr(MSR_EFER, read_msr(MSR_EFER) | EFER_NXE);
}

static void advanced(void)
{
	section("advanced information");
	advanced_leaf(L2_LONG4, 1);
	advanced_leaf(L2_LONG4, 2);
	advanced_leaf(L2_LONG4, 3);
	advanced_leaf(L2_PAE, 1);
	advanced_leaf(L2_PAE, 2);
	advanced_leaf(L2_TWO, 1);
	advanced_leaf(L2_TWO, 2);
	advanced_way(L2_LONG4);
	advanced_way(L2_PAE);
	advanced_way(L2_TWO);
	if (l2_mode_exists(L2_LONG5))
		advanced_way(L2_LONG5);
	advanced_without_nxe();
}

/* Code of the guest lies in user pages: EPT lets it run, and the data's own entry decides there. */
static void allow_users(const struct l2 *l2)
{
	u64 *top = (u64 *)l2->ept, *pdpt = (u64 *)(top[0] & PTE_ADDRESS);

	top[0] |= XU;
	for (u32 i = 0; i < 4; i++) {
		u64 *directory = (u64 *)(pdpt[i] & PTE_ADDRESS);

		if (!(pdpt[i] & PTE_PS))
			for (u32 j = 0; j < 512; j++)
				directory[j] |= XU;
		pdpt[i] |= XU;
	}
}

/* T2, T3, T4, I6: which execute right counts is for the linear address to say, not for CPL. */
static void mode_based(void)
{
	static const u64 rights[] = { 0, 1, 4, 5, 7, XU, XU | 1, XU | 4, XU | 5, XU | 3 };

	section("mode-based execute control");
	for (u32 i = 0; i < sizeof(rights) / sizeof(rights[0]); i++) {
		for (u32 kind = 0; kind < 3; kind++) {
			for (int user = 0; user < 2; user++) {
				u64 r = rights[i], execute = user ? XU : 4;
				struct l2 l2;

				begin(&l2, L2_LONG4, 1, LEAF | (user ? PTE_U : 0), kind,
				      SECONDARY_MBEC);
				l2_ept(&l2, l2.data, r);
				allow_users(&l2);
				if (r & (kind == 0 ? 1u : kind == 1 ? 2u : execute))
					CHECK_NAMED("MBEC", l2_enter(&l2), REASON_VMCALL);
				else
					final("MBEC", &l2, kind,
					      (r & 7) << 3 | (r & XU ? 0x40 : 0) |
						      l2_advanced(user, true, false));
			}
		}
	}
}

/* Bits that must not be set in an EPT entry at @level, for a 4-KByte walk or a leaf there. */
static u64 *ept_at(const struct l2 *l2, int level)
{
	u64 *table = (u64 *)l2->ept;

	for (int at = 4; at > level; at--)
		table = (u64 *)(table[l2->data >> (3 + 9 * at) & 511] & PTE_ADDRESS);
	return &table[l2->data >> (3 + 9 * level) & 511];
}

static void misconfigured(const char *name, int level, u64 bits, bool large)
{
	for (u32 access = 0; access < 3; access++) {
		struct l2 l2;
		u64 *slot, old;

		begin(&l2, L2_LONG4, 1, LEAF, access, 0);
		ept_page(l2.ept, l2.data);
		slot = ept_at(&l2, level);
		if (large) {
			u64 size = 1ull << (3 + 9 * level);

			*slot = (l2.data & ~(size - 1)) | 1 << 7 | EPT_WB | EPT_ALL;
		}
		old = *slot;
		*slot = old | bits;
		l2_enter(&l2);
		l2_misconfig(name, l2.data, access == 2 ? l2.gla : (u64)accesses[access]);
		*slot = (old | bits) & ~7ull; /* not present: all else is ignored (M5) */
		vmx_invept(2, 0);
		final(name, &l2, access, l2_advanced(false, true, false));
		*slot = old;
		vmx_invept(2, 0);
		CHECK_NAMED(name, l2_enter(&l2), REASON_VMCALL);
	}
}

/* Levels above are needed by the code as well: the first fetch fails. */
static void misconfigured_top(const char *name, int level, u64 bits, u64 keep)
{
	struct l2 l2;
	u64 *slot, old;

	begin(&l2, L2_FLAT, 1, LEAF, 0, 0);
	l2.regs.ax = L2_DATA;
	slot = ept_at(&l2, level);
	old = *slot;
	*slot = (keep ? old & keep : old) | bits;
	l2_enter(&l2);
	l2_misconfig(name, (u64)g_load, (u64)g_load);
	*slot = old;
	CHECK_NAMED(name, l2_enter(&l2), REASON_VMCALL);
}

/* T14..T16, M1..M6 as far as the processor has them */
static void misconfigurations(void)
{
	u64 width = cpuid(0x80000008, 0).eax & 0xff;

	section("misconfigurations");
	for (int bit = 12; bit <= 20; bit++)
		misconfigured("address bit of a 2-MByte leaf", 2, 1ull << bit, true);
	for (int bit = 3; bit <= 6; bit++)
		misconfigured("reserved bit of a directory entry", 2, 1ull << bit, false);
	for (u64 bit = width; bit < 52; bit++) {
		misconfigured("address beyond the width", 1, 1ull << bit, false);
		misconfigured("address beyond the width, 2 MB", 2, 1ull << bit, true);
		misconfigured_top("address beyond the width, PDPTE", 3, 1ull << bit, 0);
		misconfigured_top("address beyond the width, PML4E", 4, 1ull << bit, 0);
	}
	for (int bit = 3; bit <= 6; bit++)
		misconfigured_top("reserved bit of a PDPTE", 3, 1ull << bit, 0);
	for (int bit = 3; bit <= 7; bit++)
		misconfigured_top("reserved bit of a PML4E", 4, 1ull << bit, 0);
	for (int bit = 12; bit <= 29; bit++)
		misconfigured_top("address bit of a 1-GByte leaf", 3,
				  1ull << bit | 1 << 7 | EPT_WB | EPT_ALL, XU);
	misconfigured_top("write only, PML4E", 4, 2, ~7ull);
	misconfigured_top("write and execute, PDPTE", 3, 6, ~7ull);
}

static void memory_types(void)
{
	section("memory types");
	for (u64 type = 0; type < 8; type++) {
		bool good = type == 0 || type == 1 || type == 4 || type == 5 || type == 6;
		struct l2 l2;

		begin(&l2, L2_LONG4, 1, LEAF, 0, 0);
		*ept_page(l2.ept, l2.data) = (l2.data & ~0xfffull) | type << 3 | EPT_ALL;
		CHECK(l2_enter(&l2), good ? REASON_VMCALL : REASON_EPT_MISCONFIG);
		begin(&l2, L2_LONG4, 1, LEAF, 0, 0);
		ept_page(l2.ept, l2.data);
		*ept_at(&l2, 2) = (l2.data & ~0x1fffffull) | 1 << 7 | type << 3 | EPT_ALL;
		CHECK(l2_enter(&l2), good ? REASON_VMCALL : REASON_EPT_MISCONFIG);
	}
}

/* T12, T16: bits that mean nothing. */
static void ignored(void)
{
	static const u8 bits[] = { 7, 8, 9, 10, 11, 52, 56, 57, 58, 59, 60, 61, 62, 63 };

	section("ignored bits");
	for (u32 i = 0; i < sizeof(bits); i++) {
		struct l2 l2;

		begin(&l2, L2_LONG4, 1, LEAF, 0, 0);
		l2_ept(&l2, l2.data, EPT_ALL | 1ull << bits[i]);
		CHECK(l2_enter(&l2), REASON_VMCALL);
		CHECK(l2_ept_get(&l2, l2.data) >> bits[i] & 1, 1);
		begin(&l2, L2_LONG4, 1, LEAF, 0, 0);
		l2_ept(&l2, l2.data, 1ull << bits[i]);
		final("only an ignored bit", &l2, 0, l2_advanced(false, true, false));
	}
}

/* T8..T10: the first entry that stops the walk wins, then the rights of all. */
static void order_in_ept(void)
{
	struct l2 l2;
	u64 *leaf;

	section("order within EPT");
	begin(&l2, L2_LONG4, 1, LEAF, 1, 0);
	leaf = ept_page(l2.ept, l2.data);
	*leaf &= ~7ull;
	*ept_at(&l2, 2) &= ~2ull;
	final("T8", &l2, 1, l2_advanced(false, true, false));
	*leaf |= 7; /* the ancestor alone */
	final("ancestor", &l2, 1, 0x28 | l2_advanced(false, true, false));
	begin(&l2, L2_LONG4, 1, LEAF, 0, 0);
	leaf = ept_page(l2.ept, l2.data);
	*leaf = (*leaf & ~7ull) | 2;
	*ept_at(&l2, 2) = (*ept_at(&l2, 2) & ~7ull) | 4;
	l2_enter(&l2);
	l2_misconfig("T9", l2.data, (u64)g_load);
	*ept_at(&l2, 2) &= ~7ull;
	vmx_invept(2, 0);
	final("T10", &l2, 0, l2_advanced(false, true, false));
}

/* T17..T20 */
static void guest_and_ept(void)
{
	struct l2 l2;

	section("guest tables before EPT, and after");
	begin(&l2, L2_LONG4, 1, LEAF & ~PTE_W, 1, 0);
	l2_ept(&l2, l2.entry_at[1], 1);
	page_fault("T17", &l2, 3);
	begin(&l2, L2_LONG4, 1, LEAF & ~PTE_W, 1, 0);
	vmx_set(VMCS_EPTP, vmx_get(VMCS_EPTP) | EPTP_AD);
	l2_ept(&l2, l2.entry_at[1], 1);
	l2_enter(&l2);
	l2_violation("T18", &(struct l2_fault){ .qualification = 0x8b,
						.gpa = l2.entry_at[1],
						.gla = l2.gla,
						.rip = (u64)g_store });
	begin(&l2, L2_LONG4, 1, LEAF & ~PTE_W, 1, 0);
	l2_ept(&l2, l2.data, 0);
	page_fault("T19", &l2, 3);
	begin(&l2, L2_LONG4, 1, LEAF, 0, 0);
	l2_entry_set(&l2, 3, l2_entry_get(&l2, 3) | 1ull << 51);
	l2_ept(&l2, l2.entry_at[2], 0);
	page_fault("T20", &l2, 9);
	begin(&l2, L2_LONG4, 1, LEAF, 0, 0);
	l2_entry_set(&l2, 2, l2_entry_get(&l2, 2) & ~PTE_P);
	l2_ept(&l2, l2.entry_at[1], 0);
	page_fault("not present", &l2, 0);
}

/* A page fault of the guest under L1's mask and match (T22 on this processor). */
static void page_fault_filter(void)
{
	section("#PF mask and match");
	for (u32 bits = 0; bits < 8; bits++) {
		bool wanted = bits & 1, equal = bits & 2, plain = bits & 4;
		struct l2 l2;

		begin(&l2, L2_LONG4, 1, LEAF & ~PTE_W, 1, 0); /* error code 3 */
		vmx_set(VMCS_EXCEPTIONS, (wanted ? 1 << VECTOR_PF : 0) | 1 << VECTOR_DF);
		vmx_set(VMCS_PFEC_MASK, plain ? 0 : 3);
		vmx_set(VMCS_PFEC_MATCH, equal ? plain ? 0 : 3 : 1);
		vmx_set(VMCS_GUEST_IDTR_LIMIT, 0); /* delivery ends in #DF */
		asm volatile("mov %0, %%cr2" ::"r"(0x1111ull));
		CHECK(l2_enter(&l2), REASON_EXCEPTION);
		if (wanted == equal) {
			CHECK(vmx_get(VMCS_EXIT_INFO), 0x80000b0e);
			CHECK(vmx_get(VMCS_EXIT_ERROR), 3);
			CHECK(vmx_get(VMCS_QUALIFICATION), l2.gla);
			CHECK(read_cr2(), 0x1111);
		} else {
			CHECK(vmx_get(VMCS_EXIT_INFO), 0x80000b08);
			CHECK(vmx_get(VMCS_EXIT_ERROR), 0);
			CHECK(read_cr2(), l2.gla);
		}
		CHECK(vmx_get(VMCS_IDT_INFO) >> 31, 0);
	}
}

/* T6: the processor reads four entries by their guest-physical address; there is no linear one. */
static void pdpte_load(code_t *code, u64 rights, bool ad)
{
	struct l2 l2;
	u64 before;

	l2_start(&l2, L2_PAE, 1, LEAF, code, 0);
	if (ad)
		vmx_set(VMCS_EPTP, vmx_get(VMCS_EPTP) | EPTP_AD);
	l2_ept(&l2, l2.cr3, rights);
	l2.regs.ax = code == g_cr3   ? l2.cr3
		     : code == g_cr4 ? vmx_get(VMCS_GUEST_CR4) ^ CR4_PGE
				     : vmx_get(VMCS_GUEST_CR0) ^ CR0_CD;
	before = vmx_get(code == g_cr4 ? VMCS_GUEST_CR4 : VMCS_GUEST_CR0);
	if (rights & 1) {
		u64 flags = ad ? EPT_A : 0;

		CHECK(l2_enter(&l2), REASON_VMCALL);
		CHECK(l2_ept_get(&l2, l2.cr3) & (EPT_A | EPT_D), flags);
		return;
	}
	CHECK(l2_enter(&l2), REASON_EPT);
	CHECK(vmx_get(VMCS_QUALIFICATION), 1 | rights << 3);
	CHECK(vmx_get(VMCS_GPA), l2.cr3);
	CHECK(vmx_get(VMCS_GUEST_RIP), (u64)code);
	CHECK(vmx_get(VMCS_GUEST_RFLAGS) & FLAG_RF, FLAG_RF);
	CHECK(vmx_get(code == g_cr4 ? VMCS_GUEST_CR4 : VMCS_GUEST_CR0), before);
	l2_ept(&l2, l2.cr3, EPT_ALL);
	CHECK(l2_enter(&l2), REASON_VMCALL);
}

static void pdptes(void)
{
	static code_t *const codes[] = { g_cr3, g_cr4, g_cr0 };
	struct l2 l2;

	section("PDPTEs");
	for (u32 i = 0; i < 3; i++)
		for (int ad = 0; ad < 2; ad++) {
			pdpte_load(codes[i], 0, ad);
			pdpte_load(codes[i], 4, ad);
			pdpte_load(codes[i], 1, ad);
			pdpte_load(codes[i], 7, ad);
		}
	/* T7: a register that is not present; memory is not read */
	begin(&l2, L2_PAE, 1, LEAF, 0, 0);
	vmx_set(VMCS_GUEST_PDPTE + 4, 0);
	l2_ept(&l2, l2.cr3, 0);
	page_fault("T7", &l2, 0);
	CHECK(vmx_get(VMCS_GUEST_PDPTE + 4), 0);
}

/* T28 */
static void flags(void)
{
	section("accessed and dirty flags");
	for (u32 access = 0; access < 3; access++) {
		u64 dirty = access == 1 ? EPT_D : 0;
		struct l2 l2;

		begin(&l2, L2_LONG4, 1, LEAF, access, 0);
		vmx_set(VMCS_EPTP, vmx_get(VMCS_EPTP) | EPTP_AD);
		ept_page(l2.ept, l2.data);
		ept_page(l2.ept, l2.entry_at[1]);
		CHECK(l2_enter(&l2), REASON_VMCALL);
		CHECK(*ept_at(&l2, 1) & (EPT_A | EPT_D), EPT_A | dirty);
		CHECK(*ept_at(&l2, 2) & (EPT_A | EPT_D), EPT_A);
		CHECK(*ept_at(&l2, 3) & (EPT_A | EPT_D), EPT_A);
		CHECK(*ept_at(&l2, 4) & (EPT_A | EPT_D), EPT_A);
		CHECK(l2_ept_get(&l2, l2.entry_at[1]) & (EPT_A | EPT_D), EPT_A | EPT_D);
		begin(&l2, L2_LONG4, 1, LEAF, access, 0); /* refused: no flag in the leaf */
		vmx_set(VMCS_EPTP, vmx_get(VMCS_EPTP) | EPTP_AD);
		l2_ept(&l2, l2.data, access == 0 ? 4 : 1);
		CHECK(l2_enter(&l2), REASON_EPT);
		CHECK(l2_ept_get(&l2, l2.data) & (EPT_A | EPT_D), 0);
		begin(&l2, L2_LONG4, 1, LEAF, access, 0); /* off: nothing is touched */
		ept_page(l2.ept, l2.data);
		CHECK(l2_enter(&l2), REASON_VMCALL);
		CHECK(*ept_at(&l2, 1) & (EPT_A | EPT_D), 0);
	}
}

/* T11: a 4-level EPT has no entry for it. */
static void beyond_48_bits(void)
{
	struct l2 l2;

	section("addresses beyond 48 bits");
	if ((cpuid(0x80000008, 0).eax & 0xff) <= 48)
		return;
	begin(&l2, L2_LONG4, 1, LEAF, 0, 0);
	l2_entry_set(&l2, 1, l2_entry_get(&l2, 1) | 1ull << 48);
	l2.data |= 1ull << 48;
	final("T11", &l2, 0, l2_advanced(false, true, false));
}

int main(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	section("VMXON");
	if (!CHECK(vmx_on(), true))
		return 1;
	write_msr(MSR_EFER, read_msr(MSR_EFER) | EFER_NXE);
	advanced();
	mode_based();
	misconfigurations();
	memory_types();
	ignored();
	order_in_ept();
	guest_and_ept();
	page_fault_filter();
	pdptes();
	flags();
	beyond_48_bits();
	return 0;
}
