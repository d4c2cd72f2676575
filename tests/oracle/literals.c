/* SPDX-License-Identifier: MIT */
#include "literals.h"

/*
 * The world of these walks (world.c), 4-level paging over 4-level EPT unless a row says otherwise:
 *
 *   linear address   0x62ccd4fd19a8
 *   PML4E   at 0x45803628      PDPTE at 0x18145804998
 *   PDE     at 0x10105805538   PTE   at 0x80c5806e88
 *   final page          0x3021543d000
 *
 * Every entry allows everything and has its flags set, until a row changes it.
 */

#define READ UDV_ACCESS_READ
#define WRITE UDV_ACCESS_WRITE
#define FETCH UDV_ACCESS_FETCH
#define USER UDV_ACCESS_USER
#define SS UDV_ACCESS_SHADOW_STACK

#define VIOLATION UDV_WALK_EPT_VIOLATION
#define MISCONFIG UDV_WALK_EPT_MISCONFIG
#define PF UDV_WALK_PAGE_FAULT
#define OK UDV_WALK_OK

/* clang-format off */
#define TWO { D_MODE, 3 }, { D_EPT, 1 }
#define FIVE { D_MODE, 4 }, { D_EPT, 1 }
#define ONE { D_MODE, 3 }
#define PAE { D_MODE, 2 }, { D_EPT, 1 }
#define LEGACY { D_MODE, 1 }, { D_EPT, 1 }
#define FLAT { D_MODE, 0 }, { D_EPT, 1 }

#define GUEST(level, clear, set) { GUEST_ENTRY, 0, level, clear, set }
#define FINAL(level, clear, set) { EPT_ENTRY, 0, level, clear, set }
#define TABLE(page, level, clear, set) { EPT_ENTRY, page, level, clear, set }
#define RIGHTS 0x407ull

#define GUEST_AFTER(level, mask, value) { GUEST_ENTRY, 0, level, mask, value }
#define FINAL_AFTER(level, mask, value) { EPT_ENTRY, 0, level, mask, value }
#define TABLE_AFTER(page, level, mask, value) { EPT_ENTRY, page, level, mask, value }
#define LOG_AFTER(slot, value) { LOG_SLOT, slot, 0, ~0ull, value }

#define CLEAR_FLAGS { D_GUEST_FLAGS, 3 }, { D_EPT_FLAGS, 3 }
#define PML(index) { D_AD, 1 }, { D_PML, 1 }, { D_PML_INDEX, index } /* 0: 511, 1: 0, 3: 512 */

const struct literal literals[] = {
	/* T1, T38: bits 9, 10, 11 are those of all guest entries together */
	{ .tag = "T1 user rwx", { TWO }, { FINAL(1, RIGHTS, 0) }, READ, VIOLATION, 0x181, 0x781,
	  0x3021543d9a8 },
	{ .tag = "T1 supervisor rwx (I8)", { TWO }, { GUEST(1, GUEST_U, 0), FINAL(1, RIGHTS, 0) },
	  READ, VIOLATION, 0x181, 0x581, 0x3021543d9a8 },
	{ .tag = "T1 user read-only", { TWO }, { GUEST(2, GUEST_W, 0), FINAL(1, RIGHTS, 0) },
	  READ, VIOLATION, 0x181, 0x381, 0x3021543d9a8 },
	{ .tag = "T1 user nx", { TWO }, { GUEST(4, 0, GUEST_XD), FINAL(1, RIGHTS, 0) }, READ,
	  VIOLATION, 0x181, 0xf81, 0x3021543d9a8 },
	{ .tag = "T1 supervisor read-only nx", { TWO }, { GUEST(3, GUEST_U | GUEST_W, GUEST_XD),
	  FINAL(1, RIGHTS, 0) }, READ, VIOLATION, 0x181, 0x981, 0x3021543d9a8 },
	{ .tag = "T1 2 MB read-only", { TWO, { D_GUEST_LEAF, 1 } }, { GUEST(2, GUEST_W, 0),
	  FINAL(1, RIGHTS, 0) }, READ, VIOLATION, 0x181, 0x381, 0x302155d19a8 },
	{ .tag = "T1 1 GB nx", { TWO, { D_GUEST_LEAF, 2 } }, { GUEST(3, 0, GUEST_XD), FINAL(1,
	  RIGHTS, 0) }, READ, VIOLATION, 0x181, 0xf81, 0x30214fd19a8 },
	{ .tag = "T1 PAE nx supervisor", { PAE }, { GUEST(2, GUEST_U, GUEST_XD), FINAL(1, RIGHTS,
	  0) }, READ, VIOLATION, 0x181, 0xd81, 0x3021543d9a8 },
	{ .tag = "T1 PAE 2 MB", { PAE, { D_GUEST_LEAF, 1 } }, { GUEST(2, GUEST_W, 0), FINAL(1,
	  RIGHTS, 0) }, WRITE, PF, 0x3 },
	{ .tag = "T1 32-bit", { LEGACY }, { FINAL(1, RIGHTS, 0) }, READ, VIOLATION, 0x181, 0x781,
	  0x9543d9a8 },
	{ .tag = "T1 4 MB supervisor", { LEGACY, { D_GUEST_LEAF, 1 } }, { GUEST(2, GUEST_U, 0),
	  FINAL(1, RIGHTS, 0) }, READ, VIOLATION, 0x181, 0x581, 0x955d19a8 },
	{ .tag = "T1 PSE-36: bit 13 is address bit 32", { LEGACY, { D_GUEST_LEAF, 1 } }, {
	  GUEST(2, 0, 1ull << 13) }, READ, VIOLATION, 0x181, 0x781, 0x1955d19a8 },
	{ .tag = "T1 NXE clear", { TWO, { D_NXE, 1 } }, { FINAL(1, RIGHTS, 0) }, FETCH, VIOLATION,
	  0x184, 0x784, 0x3021543d9a8 },

	/* T2 */
	{ .tag = "T2 read", { FLAT }, { FINAL(1, RIGHTS, 0) }, READ, VIOLATION, 0x181, 0x781,
	  0x9543d9a8 },
	{ .tag = "T2 write", { FLAT }, { FINAL(1, RIGHTS, 0) }, WRITE, VIOLATION, 0x182, 0x782,
	  0x9543d9a8 },
	{ .tag = "T2 fetch", { FLAT }, { FINAL(1, RIGHTS, 0) }, FETCH, VIOLATION, 0x184, 0x784,
	  0x9543d9a8 },
	{ .tag = "T2 MBEC asks XU", { FLAT, { D_MBEC, 1 } }, { FINAL(1, RIGHTS, 5) }, FETCH,
	  VIOLATION, 0x1ac, 0x7ac, 0x9543d9a8 },
	{ .tag = "T2 MBEC has XU", { FLAT, { D_MBEC, 1 } }, { FINAL(1, RIGHTS, 0x401) }, FETCH, OK
	  },

	/* T3, T4 */
	{ .tag = "T3 supervisor by PML4E", { TWO, { D_MBEC, 1 } }, { GUEST(4, GUEST_U, 0),
	  FINAL(1, RIGHTS, 0x401) }, FETCH, VIOLATION, 0x1cc, 0x5cc, 0x3021543d9a8 },
	{ .tag = "T4 fetch from a user page", { TWO, { D_MBEC, 1 } }, { FINAL(1, RIGHTS, 5) },
	  FETCH, VIOLATION, 0x1ac, 0x7ac, 0x3021543d9a8 },
	{ .tag = "T4 with SMEP", { TWO, { D_MBEC, 1 }, { D_SMEP, 1 } }, { FINAL(1, RIGHTS, 5) },
	  FETCH, PF, 0x11 },

	/* T5, D3, I4: the entry's own address */
	{ .tag = "T5 PML4E", { TWO }, { TABLE(4, 1, RIGHTS, 0) }, FETCH, VIOLATION, 0x81, 0,
	  0x45803628, 0, 0x62ccd4fd19a8 },
	{ .tag = "T5 PDPTE", { TWO }, { TABLE(3, 1, RIGHTS, 0) }, WRITE, VIOLATION, 0x81, 0,
	  0x18145804998, 0, 0x62ccd4fd19a8 },
	{ .tag = "T5 PDE", { TWO }, { TABLE(2, 4, RIGHTS, 0) }, READ, VIOLATION, 0x81, 0,
	  0x10105805538, 0, 0x62ccd4fd19a8 },
	{ .tag = "T5 PTE", { TWO }, { TABLE(1, 3, RIGHTS, 0) }, READ, VIOLATION, 0x81, 0,
	  0x80c5806e88, 0, 0x62ccd4fd19a8 },
	{ .tag = "T5 PML5E", { FIVE }, { TABLE(5, 1, RIGHTS, 0) }, READ, VIOLATION, 0x81, 0,
	  0x458032d8, 0, 0x5b62ccd4fd19a8 },
	{ .tag = "T5 PML4E of 5", { FIVE }, { TABLE(4, 1, RIGHTS, 0) }, READ, VIOLATION, 0x81, 0,
	  0x20185804628 },
	{ .tag = "T5 32-bit PDE", { LEGACY }, { TABLE(2, 1, RIGHTS, 0) }, READ, VIOLATION, 0x81,
	  0, 0x580329c, 0, 0x29dd19a8 },
	{ .tag = "T5 32-bit PTE", { LEGACY }, { TABLE(1, 1, RIGHTS, 0) }, READ, VIOLATION, 0x81,
	  0, 0x45804744, 0, 0x29dd19a8 },
	{ .tag = "T5 PAE PDE", { PAE }, { TABLE(2, 1, RIGHTS, 0) }, READ, VIOLATION, 0x81, 0,
	  0x10105804538, 0, 0xd4fd19a8 },
	{ .tag = "T5 PAE PTE, A/D", { PAE, { D_AD, 1 } }, { TABLE(1, 1, RIGHTS, 0) }, READ,
	  VIOLATION, 0x83, 0, 0x80c5805e88, 0, 0xd4fd19a8 },

	/* T7 */
	{ .tag = "T7 PDPTE register", { PAE }, { { PDPTE_REGISTER, 0, 3, 0, 0 } }, READ, PF, 0x0
	  },

	/* T8, T9, T10: the first entry that stops the walk decides, rights come last */
	{ .tag = "T8 (I5)", { TWO }, { FINAL(2, 2, 0), FINAL(1, RIGHTS, 0) }, WRITE, VIOLATION,
	  0x182, 0x782, 0x3021543d9a8 },
	{ .tag = "T9 (H17)", { TWO }, { FINAL(4, 3, 0), FINAL(1, 1, 0) }, READ, MISCONFIG, 0, 0,
	  0x3021543d9a8 },
	{ .tag = "T10", { TWO }, { FINAL(2, RIGHTS, 0), FINAL(1, 1, 0) }, READ, VIOLATION, 0x181,
	  0x781, 0x3021543d9a8 },

	/* T11, D11, W6: bits 51:48 of the address, which no entry of a 4-level EPT translates */
	{ .tag = "T11 4 levels", { TWO, { D_LAYOUT, LAYOUT_WIDE } }, { { 0 } }, READ, VIOLATION,
	  0x81, 0, 0x30180c5804998 },
	{ .tag = "T11 5 levels", { { D_MODE, 3 }, { D_EPT, 2 }, { D_LAYOUT, LAYOUT_WIDE } }, { { 0
	  } }, READ, OK, 0, 0, 0 },

	/* T14 */
	{ .tag = "T14 WC 4 KB is fine", { TWO }, { FINAL(1, 0x38, 1 << 3) }, READ, OK },
	{ .tag = "T14 type 2", { TWO }, { FINAL(1, 0x38, 2 << 3) }, READ, MISCONFIG },
	{ .tag = "T14 type 3", { TWO }, { FINAL(1, 0x38, 3 << 3) }, READ, MISCONFIG },
	{ .tag = "T14 type 7", { TWO }, { FINAL(1, 0x38, 7 << 3) }, READ, MISCONFIG },
	{ .tag = "T14 type 7, 2 MB", { TWO, { D_FINAL_LEAF, 1 } }, { FINAL(2, 0x38, 7 << 3) },
	  READ, MISCONFIG },
	{ .tag = "T14 type 2, 1 GB", { TWO, { D_FINAL_LEAF, 2 } }, { FINAL(3, 0x38, 2 << 3) },
	  READ, MISCONFIG },
	{ .tag = "T14 bit 3 of a PDE", { TWO }, { FINAL(2, 0, 8) }, READ, MISCONFIG },
	{ .tag = "T14 bit 6 of a PDPTE", { TWO }, { FINAL(3, 0, 0x40) }, READ, MISCONFIG },
	{ .tag = "T14 bit 5 of a PML4E", { TWO }, { TABLE(1, 4, 0, 0x20) }, READ, MISCONFIG, 0, 0,
	  0x80c5806e88 },

	/* T15 */
	{ .tag = "T15 bit 20 of 2 MB", { TWO, { D_FINAL_LEAF, 1 } }, { FINAL(2, 0, 1 << 20) },
	  READ, MISCONFIG },
	{ .tag = "T15 bit 12 of 2 MB", { TWO, { D_FINAL_LEAF, 1 } }, { FINAL(2, 0, 1 << 12) },
	  READ, MISCONFIG },
	{ .tag = "T15 bit 21 of 2 MB is address", { TWO, { D_FINAL_LEAF, 1 } }, { FINAL(2, 0, 1 <<
	  21) }, READ, OK },
	{ .tag = "T15 bit 29 of 1 GB", { TWO, { D_FINAL_LEAF, 2 } }, { FINAL(3, 0, 1 << 29) },
	  READ, MISCONFIG },
	{ .tag = "T15 bit 12 of 1 GB", { TWO, { D_FINAL_LEAF, 2 } }, { FINAL(3, 0, 1 << 12) },
	  READ, MISCONFIG },

	/* T16 */
	{ .tag = "T16 2 MB unsupported", { TWO, { D_FINAL_LEAF, 1 }, { D_CAP, 2 } }, { { 0 } },
	  READ, MISCONFIG },
	{ .tag = "T16 1 GB unsupported", { TWO, { D_FINAL_LEAF, 2 }, { D_CAP, 4 } }, { { 0 } },
	  READ, MISCONFIG },
	{ .tag = "T16 bit 7 of a PML4E", { TWO }, { FINAL(4, 0, 0x80) }, READ, MISCONFIG },
	{ .tag = "T16 bit 7 of a PML5E", { { D_MODE, 3 }, { D_EPT, 2 } }, { FINAL(5, 0, 0x80) },
	  READ, MISCONFIG },
	{ .tag = "T16 bit 7 of a PTE", { TWO }, { FINAL(1, 0, 0x80) }, READ, OK },

	/* T17..T21: which of the two dimensions wins */
	{ .tag = "T17", { TWO, CLEAR_FLAGS }, { GUEST(1, GUEST_W, 0), TABLE(1, 1, RIGHTS, 1) },
	  WRITE, PF, 0x3 },
	{ .tag = "T18", { TWO, CLEAR_FLAGS, { D_AD, 1 } }, { GUEST(1, GUEST_W, 0), TABLE(1, 1,
	  RIGHTS, 1) }, WRITE, VIOLATION, 0x8b, 0, 0x80c5806e88 },
	{ .tag = "T19", { TWO }, { GUEST(1, GUEST_U, 0), FINAL(1, RIGHTS, 0) }, USER | READ, PF,
	  0x5 },
	{ .tag = "T20", { TWO }, { GUEST(4, 0, GUEST_PS), TABLE(3, 1, RIGHTS, 0) }, READ, PF, 0x9
	  },
	{ .tag = "T21 read (D4)", { TWO, { D_GUEST_FLAGS, 2 } }, { TABLE(1, 1, RIGHTS, 1) }, READ,
	  OK },
	{ .tag = "T21 write", { TWO, { D_GUEST_FLAGS, 2 } }, { TABLE(1, 1, RIGHTS, 1) }, WRITE,
	  VIOLATION, 0x8b, 0, 0x80c5806e88, 0, 0, 0, { GUEST_AFTER(1, GUEST_D, 0) } },

	/* T28 */
	{ .tag = "T28 read", { TWO, CLEAR_FLAGS, { D_AD, 1 } }, { { 0 } }, READ, OK, 0, 0, 0, 0,
	  0, 0, { FINAL_AFTER(4, 0x300, 0x100), FINAL_AFTER(1, 0x300, 0x100), TABLE_AFTER(1, 1,
	  0x300, 0x300), GUEST_AFTER(1, 0x60, 0x20) } },
	{ .tag = "T28 write", { TWO, CLEAR_FLAGS, { D_AD, 1 } }, { { 0 } }, WRITE, OK, 0, 0, 0, 0,
	  0, 0, { FINAL_AFTER(2, 0x300, 0x100), FINAL_AFTER(1, 0x300, 0x300), TABLE_AFTER(4, 3,
	  0x300, 0x100), GUEST_AFTER(1, 0x60, 0x60) } },
	{ .tag = "T28 2 MB leaf", { TWO, CLEAR_FLAGS, { D_AD, 1 }, { D_FINAL_LEAF, 1 } }, { { 0 }
	  }, WRITE, OK, 0, 0, 0, 0, 0, 0, { FINAL_AFTER(3, 0x300, 0x100), FINAL_AFTER(2, 0x300,
	  0x300) } },
	{ .tag = "T28 refused", { TWO, CLEAR_FLAGS, { D_AD, 1 } }, { FINAL(1, 2, 0) }, WRITE,
	  VIOLATION, 0x1aa, 0x7aa, 0x3021543d9a8, 0, 0, 0, { FINAL_AFTER(4, 0x300, 0),
	  FINAL_AFTER(1, 0x300, 0), GUEST_AFTER(1, 0x60, 0), GUEST_AFTER(4, 0x20, 0) } },
	{ .tag = "T28 A/D off", { TWO, CLEAR_FLAGS }, { { 0 } }, WRITE, OK, 0, 0, 0, 0, 0, 0, {
	  FINAL_AFTER(4, 0x300, 0), FINAL_AFTER(1, 0x300, 0), GUEST_AFTER(1, 0x60, 0x60) } },

	/* T30, H4, D10 */
	{ .tag = "T30 order", { TWO, CLEAR_FLAGS, PML(0) }, { { 0 } }, WRITE, OK, 0, 0, 0, 0, 0,
	  507, { LOG_AFTER(511, 0x45803000), LOG_AFTER(510, 0x18145804000), LOG_AFTER(508,
	  0x80c5806000), LOG_AFTER(507, 0x3021543d000) } },
	{ .tag = "T30 wrap", { TWO, PML(1) }, { FINAL(1, 0x200, 0) }, WRITE, OK, 0, 0, 0, 0, 0,
	  0x10000, { LOG_AFTER(0, 0x3021543d000), FINAL_AFTER(1, 0x200, 0x200) } },
	{ .tag = "T30 full on D", { TWO, PML(3) }, { FINAL(1, 0x200, 0) }, WRITE,
	  UDV_WALK_PML_FULL, 0, 0, 0x3021543d9a8, 0, 0, 513, { FINAL_AFTER(1, 0x200, 0) } },
	{ .tag = "T30 full on A alone", { TWO, PML(3) }, { FINAL(3, 0x100, 0) }, READ,
	  UDV_WALK_PML_FULL, 0, 0, 0x3021543d9a8, 0, 0, 513, { FINAL_AFTER(3, 0x100, 0) } },
	{ .tag = "T30 full, nothing to set", { TWO, PML(3) }, { { 0 } }, WRITE, OK, 0, 0, 0, 0, 0,
	  513 },
	{ .tag = "T30 full at a table", { TWO, PML(3) }, { TABLE(2, 1, 0x200, 0) }, READ,
	  UDV_WALK_PML_FULL, 0, 0, 0x10105805538, 0, 0, 513 },
	{ .tag = "T30 refused before full", { TWO, PML(3) }, { FINAL(1, 0x202, 0) }, WRITE,
	  VIOLATION, 0x1aa, 0x7aa, 0x3021543d9a8, 0, 0, 513 },

	/* T42: the vector's bits are pairs; sub-page 0x9a8 / 128 = 19 */
	{ .tag = "T42 allowed", { TWO, { D_SPP, 1 }, { D_SPPT, 1 } }, { FINAL(1, 2, 1ull << 61) },
	  WRITE, OK },
	{ .tag = "T42 denied (I6)", { TWO, { D_SPP, 1 }, { D_SPPT, 2 } }, { FINAL(1, 2, 1ull <<
	  61) }, WRITE, VIOLATION, 0x1aa, 0x7aa, 0x3021543d9a8 },
	{ .tag = "T42 bit 61 clear", { TWO, { D_SPP, 1 }, { D_SPPT, 3 } }, { FINAL(1, 2, 0) },
	  WRITE, VIOLATION, 0x1aa, 0x7aa, 0x3021543d9a8 },
	{ .tag = "T42 miss", { TWO, { D_SPP, 1 }, { D_SPPT, 7 } }, { FINAL(1, 2, 1ull << 61) },
	  WRITE, UDV_WALK_SPP_EVENT, 0x800, 0, 0x3021543d9a8 },
	{ .tag = "T42 misconfiguration", { TWO, { D_SPP, 1 }, { D_SPPT, 4 } }, { FINAL(1, 2, 1ull
	  << 61) }, WRITE, UDV_WALK_SPP_EVENT, 0, 0, 0x3021543d9a8 },
	{ .tag = "T42 crossing", { TWO, { D_SPP, 1 }, { D_SPPT, 1 } }, { FINAL(1, 2, 1ull << 61)
	  }, WRITE | UDV_ACCESS_SIZE(0x59), VIOLATION, 0x1aa, 0x7aa, 0x3021543d9a8 },
	{ .tag = "T42 not crossing", { TWO, { D_SPP, 1 }, { D_SPPT, 1 } }, { FINAL(1, 2, 1ull <<
	  61) }, WRITE | UDV_ACCESS_SIZE(0x58), OK },
	{ .tag = "T42 read needs none", { TWO, { D_SPP, 1 } }, { FINAL(1, 2, 1ull << 61) }, READ,
	  OK },
	{ .tag = "T42 walk access", { TWO, { D_SPP, 1 }, { D_SPPT, 3 }, { D_GUEST_FLAGS, 3 } }, {
	  TABLE(1, 1, 2, 1ull << 61) }, READ, VIOLATION, 0xab, 0, 0x80c5806e88 },
	{ .tag = "T42 transaction", { TWO, { D_SPP, 1 }, { D_SPPT, 1 } }, { FINAL(1, 2, 1ull <<
	  61) }, WRITE | UDV_ACCESS_RTM, VIOLATION, 0x1aa, 0x7aa, 0x3021543d9a8 },

	/* T43 */
	{ .tag = "T43 user, not a shadow-stack page", { TWO }, { { 0 } }, USER | SS | READ, PF,
	  0x45 },
	{ .tag = "T43 user page", { TWO }, { GUEST(1, GUEST_W, 0) }, USER | SS | WRITE, OK },
	{ .tag = "T43 of the other mode", { TWO }, { GUEST(1, GUEST_W, 0) }, SS | WRITE, PF, 0x43
	  },
	{ .tag = "T43 clean page", { TWO, { D_GUEST_FLAGS, 2 } }, { GUEST(1, GUEST_W, 0) }, USER |
	  SS | READ, PF, 0x45 },
	{ .tag = "T43 write to one", { TWO }, { GUEST(1, GUEST_W, 0) }, WRITE, PF, 0x3 },
	{ .tag = "T43 bit 13 (D6)", { TWO }, { GUEST(1, GUEST_W, 0), FINAL(1, RIGHTS, 0) }, USER |
	  SS | READ, VIOLATION, 0x2181, 0x2381, 0x3021543d9a8 },
	{ .tag = "T43 walk is none", { TWO }, { GUEST(1, GUEST_W, 0), TABLE(1, 1, RIGHTS, 0) },
	  USER | SS | READ, VIOLATION, 0x81, 0, 0x80c5806e88 },
	{ .tag = "T43 EPTP[7], bit 60 clear", { TWO, { D_SSS, 1 } }, { GUEST(1, GUEST_W | GUEST_U,
	  0) }, SS | READ, VIOLATION, 0x21b9, 0x21b9, 0x3021543d9a8 },
	{ .tag = "T43 EPTP[7], bit 60, leaf W clear", { TWO, { D_SSS, 1 } }, { GUEST(1, GUEST_W |
	  GUEST_U, 0), FINAL(1, 2, 1ull << 60) }, SS | WRITE, OK },
	{ .tag = "T43 EPTP[7], W clear above", { TWO, { D_SSS, 1 } }, { GUEST(1, GUEST_W |
	  GUEST_U, 0), FINAL(1, 0, 1ull << 60), FINAL(2, 2, 0) }, SS | READ, VIOLATION, 0x61a9,
	  0x61a9, 0x3021543d9a8 },
	{ .tag = "T43 user under EPTP[7]", { TWO, { D_SSS, 1 } }, { GUEST(1, GUEST_W, 0), FINAL(1,
	  2, 0) }, USER | SS | WRITE, VIOLATION, 0x21aa, 0x23aa, 0x3021543d9a8 },
	{ .tag = "T43 bit 14 of any access", { TWO, { D_SSS, 1 } }, { FINAL(1, 2, 1ull << 60) },
	  WRITE, VIOLATION, 0x41aa, 0x47aa, 0x3021543d9a8 },
	{ .tag = "T43 EPTP[7] clear", { TWO }, { GUEST(1, GUEST_W | GUEST_U, 0), FINAL(1, 2, 1ull
	  << 60) }, SS | WRITE, VIOLATION, 0x21aa, 0x21aa, 0x3021543d9a8 },

	/* T44 */
	{ .tag = "T44 paging write off", { TWO, { D_AD, 1 } }, { TABLE(1, 1, 2, 1ull << 58) },
	  READ, VIOLATION, 0xab, 0, 0x80c5806e88 },
	{ .tag = "T44 paging write", { TWO, { D_AD, 1 }, { D_PAGING_WRITE, 1 } }, { TABLE(1, 1, 2,
	  1ull << 58) }, READ, OK },
	{ .tag = "T44 paging write, W clear above", { TWO, { D_AD, 1 }, { D_PAGING_WRITE, 1 } }, {
	  TABLE(1, 1, 2, 1ull << 58), TABLE(1, 2, 2, 0) }, READ, VIOLATION, 0xab, 0, 0x80c5806e88 },
	{ .tag = "T44 paging write of a flag", { TWO, { D_GUEST_FLAGS, 3 }, { D_PAGING_WRITE, 1 }
	  }, { TABLE(1, 1, 2, 1ull << 58) }, WRITE, OK, 0, 0, 0, 0, 0, 0, { GUEST_AFTER(1, 0x60,
	  0x60) } },
	{ .tag = "T44 no store by it", { TWO, { D_PAGING_WRITE, 1 } }, { FINAL(1, 2, 1ull << 58)
	  }, WRITE, VIOLATION, 0x1aa, 0x7aa, 0x3021543d9a8 },
	{ .tag = "T44 M4: bit 58 without R", { TWO, { D_PAGING_WRITE, 1 } }, { FINAL(1, 3, 1ull <<
	  58) }, READ, MISCONFIG },
	{ .tag = "T44 verified", { TWO, { D_VERIFICATION, 1 }, { D_TABLE_58, 15 } }, { FINAL(1, 0,
	  1ull << 57) }, READ, OK },
	{ .tag = "T44 not verified", { TWO, { D_VERIFICATION, 1 }, { D_TABLE_58, 13 } }, {
	  FINAL(1, 0, 1ull << 57) }, READ, VIOLATION, 0x81b9, 0x87b9, 0x3021543d9a8 },
	{ .tag = "T44 verification off", { TWO }, { FINAL(1, 0, 1ull << 57) }, READ, OK },
	{ .tag = "T44 #PF before verification", { TWO, { D_VERIFICATION, 1 } }, { GUEST(1,
	  GUEST_U, 0), FINAL(1, 0, 1ull << 57) }, USER | READ, PF, 0x5 },

	/* T46 */
	{ .tag = "T46 WP", { ONE }, { GUEST(2, GUEST_W, 0) }, WRITE, PF, 0x3 },
	{ .tag = "T46 WP clear", { ONE, { D_WP, 1 } }, { GUEST(2, GUEST_W, 0) }, WRITE, OK },
	{ .tag = "T46 user write, WP clear", { ONE, { D_WP, 1 } }, { GUEST(2, GUEST_W, 0) }, USER
	  | WRITE, PF, 0x7 },
	{ .tag = "T46 SMAP", { ONE, { D_SMAP, 1 } }, { { 0 } }, READ, PF, 0x1 },
	{ .tag = "T46 SMAP, AC", { ONE, { D_SMAP, 1 } }, { { 0 } }, READ | UDV_ACCESS_AC, OK },
	{ .tag = "T46 SMAP, AC, implicit", { ONE, { D_SMAP, 1 } }, { { 0 } }, READ | USER |
	  UDV_ACCESS_AC | UDV_ACCESS_IMPLICIT, PF, 0x1 },
	{ .tag = "T46 SMEP", { ONE, { D_SMEP, 1 } }, { { 0 } }, FETCH, PF, 0x11 },
	{ .tag = "T46 SMEP, supervisor page", { ONE, { D_SMEP, 1 } }, { GUEST(3, GUEST_U, 0) },
	  FETCH, OK },
	{ .tag = "T46 NX", { ONE }, { GUEST(3, 0, GUEST_XD) }, USER | FETCH, PF, 0x15 },
	{ .tag = "T46 XD without NXE", { ONE, { D_NXE, 1 } }, { GUEST(3, 0, GUEST_XD) }, READ, PF,
	  0x9 },
	{ .tag = "T46 user fetch, no NXE, no SMEP: no I/D", { ONE, { D_NXE, 1 } }, { GUEST(1,
	  GUEST_U, 0) }, USER | FETCH, PF, 0x5 },
	{ .tag = "T46 not present, fetch", { ONE }, { GUEST(1, GUEST_P, 0) }, USER | FETCH, PF,
	  0x14 },
	{ .tag = "T46 not present, reserved ignored", { ONE }, { GUEST(2, GUEST_P, 1ull << 50) },
	  WRITE, PF, 0x2 },
	{ .tag = "T46 PKU AD", { ONE, { D_PKE, 1 }, { D_PKRU, 1 } }, { { 0 } }, USER | READ, PF,
	  0x25 },
	{ .tag = "T46 PKU AD, supervisor", { ONE, { D_PKE, 1 }, { D_PKRU, 1 } }, { { 0 } }, READ,
	  PF, 0x21 },
	{ .tag = "T46 PKU AD, fetch", { ONE, { D_PKE, 1 }, { D_PKRU, 1 } }, { { 0 } }, USER |
	  FETCH, OK },
	{ .tag = "T46 PKU WD, WP clear", { ONE, { D_PKE, 1 }, { D_PKRU, 2 }, { D_WP, 1 } }, { { 0
	  } }, WRITE, OK },
	{ .tag = "T46 PKU WD, WP clear, user", { ONE, { D_PKE, 1 }, { D_PKRU, 2 }, { D_WP, 1 } },
	  { { 0 } }, USER | WRITE, PF, 0x27 },
	{ .tag = "T46 PKU of other keys", { ONE, { D_PKE, 1 }, { D_PKRU, 4 } }, { { 0 } }, USER |
	  WRITE, OK },
	{ .tag = "T46 PKS AD", { ONE, { D_PKS, 1 }, { D_PKRS, 1 } }, { GUEST(1, GUEST_U, 0) },
	  READ, PF, 0x21 },
	{ .tag = "T46 PKS leaves user pages", { ONE, { D_PKS, 1 }, { D_PKRS, 3 } }, { { 0 } },
	  WRITE, OK },
	{ .tag = "T46 PKS WD, WP clear", { ONE, { D_PKS, 1 }, { D_PKRS, 2 }, { D_WP, 1 } }, {
	  GUEST(1, GUEST_U, 0) }, WRITE, OK },
	{ .tag = "T46 RMW counts as write", { ONE }, { GUEST(1, GUEST_W, 0) }, READ | WRITE, PF,
	  0x3 },

	/* T47 */
	{ .tag = "T47", { TWO, { D_GUEST_WIDTH, 3 }, { D_LAYOUT, LAYOUT_PACKED } }, { GUEST(1, 0,
	  1ull << 40) }, READ, PF, 0x9 },
	{ .tag = "T47 within", { TWO, { D_GUEST_WIDTH, 3 }, { D_LAYOUT, LAYOUT_PACKED } }, {
	  GUEST(1, 0, 1ull << 39) }, READ, VIOLATION, 0x181, 0x781, 0x809543d9a8 },

	/* T49 */
	{ .tag = "T49 U48", { TWO, { D_LAM_USER, 1 } }, { FINAL(1, RIGHTS, 0) }, USER | READ,
	  VIOLATION, 0x181, 0x781, 0x3021543d9a8, 0x2a0b000000000000, 0x62ccd4fd19a8 },
	{ .tag = "T49 U57", { TWO, { D_LAM_USER, 2 } }, { FINAL(1, RIGHTS, 0) }, USER | READ,
	  VIOLATION, 0x181, 0x781, 0x3021543d9a8, 0x7e00000000000000, 0x62ccd4fd19a8 },
	{ .tag = "T49 U57 keeps bit 48", { TWO, { D_LAM_USER, 2 } }, { { 0 } }, USER | READ,
	  UDV_WALK_NOT_CANONICAL, 0, 0, 0, 1ull << 48, 0 },
	{ .tag = "T49 not for fetches", { TWO, { D_LAM_USER, 1 } }, { { 0 } }, USER | FETCH,
	  UDV_WALK_NOT_CANONICAL, 0, 0, 0, 0x2a0b000000000000, 0 },
	{ .tag = "T49 table entry", { TWO, { D_LAM_USER, 1 } }, { TABLE(2, 1, RIGHTS, 0) }, USER |
	  READ, VIOLATION, 0x81, 0, 0x10105805538, 0x2a0b000000000000, 0x62ccd4fd19a8 },

	/* I6, I7 and the four known exits of an emulated string I/O instruction (6.3) */
	{ .tag = "6.3 data page unmapped", { TWO, { D_AD, 1 } }, { GUEST(1, GUEST_U, 0), FINAL(1,
	  RIGHTS, 0) }, READ, VIOLATION, 0x181, 0x581 },
	{ .tag = "6.3 table unmapped (H1)", { TWO, { D_AD, 1 } }, { TABLE(1, 1, RIGHTS, 0) },
	  READ, VIOLATION, 0x83 },
	{ .tag = "6.3 data page read-only (H2)", { TWO, { D_AD, 1 } }, { GUEST(1, GUEST_U, 0),
	  FINAL(1, 2, 0) }, WRITE, VIOLATION, 0x1aa, 0x5aa },
	{ .tag = "6.3 table read-only (H12)", { TWO, { D_AD, 1 } }, { TABLE(1, 1, 2, 0) }, READ,
	  VIOLATION, 0xab },

	/*
	 * The choices of docs/walk.md. W4 and W5 are in tests/walk/test_memory.c, W15 is
	 * compare_peek() of every enumeration, W20 the groups "ve", W21 the groups "report" and
	 * tests/walk/test_report.c.
	 */
	/* W1: the table was read, and counts as written, whatever its entry then says */
	{ .tag = "W1 table of an entry that is not present", { TWO, CLEAR_FLAGS, { D_AD, 1 } }, {
	  GUEST(1, GUEST_P, 0) }, READ, PF, 0x0, 0, 0, 0, 0, 0, { TABLE_AFTER(1, 1, 0x300, 0x300),
	  TABLE_AFTER(1, 3, 0x300, 0x100), FINAL_AFTER(1, 0x300, 0) } },
	{ .tag = "W1 refused, nor in ancestors", { TWO, CLEAR_FLAGS, { D_AD, 1 } }, { TABLE(1, 1, 2,
	  0) }, READ, VIOLATION, 0xab, 0, 0x80c5806e88, 0, 0, 0, { TABLE_AFTER(2, 1, 0x300, 0x300),
	  TABLE_AFTER(1, 1, 0x300, 0), TABLE_AFTER(1, 3, 0x300, 0) } },

	/* W2 */
	{ .tag = "W2 guest rights", { ONE, { D_GUEST_FLAGS, 3 } }, { GUEST(1, GUEST_U, 0) }, USER |
	  READ, PF, 0x5, 0, 0, 0, 0, 0, { GUEST_AFTER(4, 0x20, 0), GUEST_AFTER(1, 0x60, 0) } },
	{ .tag = "W2 right to set a flag", { TWO, { D_GUEST_FLAGS, 3 } }, { TABLE(1, 1, 2, 0) },
	  WRITE, VIOLATION, 0xab, 0, 0x80c5806e88, 0, 0, 0, { GUEST_AFTER(4, 0x20, 0),
	  GUEST_AFTER(1, 0x60, 0) } },
	{ .tag = "W2 final address", { TWO, { D_GUEST_FLAGS, 3 } }, { FINAL(1, RIGHTS, 0) }, WRITE,
	  VIOLATION, 0x182, 0x782, 0x3021543d9a8, 0, 0, 0, { GUEST_AFTER(4, 0x20, 0),
	  GUEST_AFTER(1, 0x60, 0) } },
	{ .tag = "W2 verification", { TWO, { D_GUEST_FLAGS, 3 }, { D_VERIFICATION, 1 } }, {
	  FINAL(1, 0, 1ull << 57) }, READ, VIOLATION, 0x81b9, 0x87b9, 0x3021543d9a8, 0, 0, 0, {
	  GUEST_AFTER(1, 0x60, 0) } },
	{ .tag = "W2 SPP", { TWO, { D_GUEST_FLAGS, 3 }, { D_SPP, 1 }, { D_SPPT, 7 } }, { FINAL(1, 2,
	  1ull << 61) }, WRITE, UDV_WALK_SPP_EVENT, 0x800, 0, 0x3021543d9a8, 0, 0, 0, {
	  GUEST_AFTER(1, 0x60, 0) } },
	{ .tag = "W2 log full", { TWO, { D_GUEST_FLAGS, 3 }, PML(3) }, { FINAL(1, 0x200, 0) },
	  WRITE, UDV_WALK_PML_FULL, 0, 0, 0x3021543d9a8, 0, 0, 513, { GUEST_AFTER(1, 0x60, 0) } },

	/* W3 */
	{ .tag = "W3 from the root down", { TWO, { D_GUEST_FLAGS, 1 } }, { TABLE(3, 1, 2, 0),
	  TABLE(1, 1, 2, 0) }, READ, VIOLATION, 0xab, 0, 0x18145804998 },
	{ .tag = "W3 beats the final address", { TWO, { D_GUEST_FLAGS, 1 } }, { TABLE(1, 1, 2, 0),
	  FINAL(1, RIGHTS, 0) }, READ, VIOLATION, 0xab, 0, 0x80c5806e88 },

	/* W7: 0x9a8 is 0x28 bytes into its sub-page; the access's own is allowed, or is not */
	{ .tag = "W7 the second", { TWO, { D_SPP, 1 }, { D_SPPT, 1 } }, { FINAL(1, 2, 1ull << 61)
	  }, WRITE | UDV_ACCESS_SIZE(0x59), VIOLATION, 0x1aa, 0x7aa, 0x3021543d9a8 },
	{ .tag = "W7 the first", { TWO, { D_SPP, 1 }, { D_SPPT, 2 } }, { FINAL(1, 2, 1ull << 61)
	  }, WRITE | UDV_ACCESS_SIZE(0x59), VIOLATION, 0x1aa, 0x7aa, 0x3021543d9a8 },
	{ .tag = "W7 all", { TWO, { D_SPP, 1 }, { D_SPPT, 3 } }, { FINAL(1, 2, 1ull << 61) }, WRITE
	  | UDV_ACCESS_SIZE(0xff), OK },

	/* W8: states 9.. set bits 1, 52, 11, 51, 63, 46 of L2E, L3E, L4E in turn */
	{ .tag = "W8 bit 1 of the L2E", { TWO, { D_SPP, 1 }, { D_SPPT, 9 } }, { FINAL(1, 2, 1ull <<
	  61) }, WRITE, UDV_WALK_SPP_EVENT, 0, 0, 0x3021543d9a8 },
	{ .tag = "W8 bit 52 of the L3E", { TWO, { D_SPP, 1 }, { D_SPPT, 10 } }, { FINAL(1, 2, 1ull
	  << 61) }, WRITE, UDV_WALK_SPP_EVENT, 0, 0, 0x3021543d9a8 },
	{ .tag = "W8 bit 11 of the L4E", { TWO, { D_SPP, 1 }, { D_SPPT, 11 } }, { FINAL(1, 2, 1ull
	  << 61) }, WRITE, UDV_WALK_SPP_EVENT, 0, 0, 0x3021543d9a8 },
	{ .tag = "W8 bit 46 is MAXPHYADDR", { TWO, { D_SPP, 1 }, { D_SPPT, 14 } }, { FINAL(1, 2,
	  1ull << 61) }, WRITE, UDV_WALK_SPP_EVENT, 0, 0, 0x3021543d9a8 },
	{ .tag = "W8 odd bit of the vector", { TWO, { D_SPP, 1 }, { D_SPPT, 4 } }, { FINAL(1, 2,
	  1ull << 61) }, WRITE, UDV_WALK_SPP_EVENT, 0, 0, 0x3021543d9a8 },
	{ .tag = "W8 vector without bit 0", { TWO, { D_SPP, 1 }, { D_SPPT, 1 } }, { FINAL(1, 2, 1ull
	  << 61) }, WRITE, OK },

	{ .tag = "W9", { TWO }, { FINAL(1, RIGHTS, 0) }, READ | WRITE, VIOLATION, 0x183, 0x783,
	  0x3021543d9a8 },

	/* W10 */
	{ .tag = "W10 bit 12", { TWO }, { FINAL(1, RIGHTS, 0) }, READ | UDV_ACCESS_NMI_UNBLOCKING,
	  VIOLATION, 0x1181, 0x1781, 0x3021543d9a8 },
	{ .tag = "W10 bit 12 while an event is delivered", { TWO }, { FINAL(1, RIGHTS, 0) }, READ |
	  UDV_ACCESS_NMI_UNBLOCKING | UDV_ACCESS_EVENT_DELIVERY, VIOLATION, 0x181, 0x781,
	  0x3021543d9a8 },
	{ .tag = "W10 bits 11:9 of a table", { TWO, { D_GUEST_FLAGS, 1 } }, { TABLE(1, 1, 2, 0) },
	  READ, VIOLATION, 0xab, 0xab, 0x80c5806e88 },
	{ .tag = "W10 bit 14 without EPTP[7]", { TWO }, { FINAL(1, 2, 1ull << 60) }, WRITE,
	  VIOLATION, 0x1aa, 0x7aa, 0x3021543d9a8 },
	{ .tag = "W10 bit 14 without a leaf", { TWO, { D_SSS, 1 } }, { FINAL(1, RIGHTS, 1ull << 60)
	  }, WRITE, VIOLATION, 0x182, 0x782, 0x3021543d9a8 },
	{ .tag = "W10 bit 6 without MBEC", { TWO }, { FINAL(1, 2, 0x400) }, WRITE, VIOLATION, 0x1aa,
	  0x7aa, 0x3021543d9a8 },

	/* W11 */
	{ .tag = "W11 reserved before rights and keys", { ONE, { D_PKE, 1 }, { D_PKRU, 1 } }, {
	  GUEST(1, GUEST_U, 1ull << 50) }, USER | READ, PF, 0xd },
	{ .tag = "W11 not present before reserved", { ONE }, { GUEST(3, GUEST_P, 1ull << 50) }, USER
	  | READ, PF, 0x4 },
	{ .tag = "W11 key and R/W", { ONE, { D_PKE, 1 }, { D_PKRU, 1 } }, { GUEST(1, GUEST_W, 0) },
	  USER | WRITE, PF, 0x27 },
	{ .tag = "W11 key and U/S", { ONE, { D_PKS, 1 }, { D_PKRS, 1 } }, { GUEST(1, GUEST_U, 0) },
	  USER | READ, PF, 0x25 },

	/* W12 */
	{ .tag = "W12 after rights", { TWO, PML(3) }, { FINAL(1, 0x202, 0) }, WRITE, VIOLATION,
	  0x1aa, 0x7aa, 0x3021543d9a8, 0, 0, 513 },
	{ .tag = "W12 after verification", { TWO, PML(3), { D_VERIFICATION, 1 } }, { FINAL(1, 0x200,
	  1ull << 57) }, WRITE, VIOLATION, 0x81ba, 0x87ba, 0x3021543d9a8, 0, 0, 513 },
	{ .tag = "W12 after SPP", { TWO, PML(3), { D_SPP, 1 }, { D_SPPT, 2 } }, { FINAL(1, 0x202,
	  1ull << 61) }, WRITE, VIOLATION, 0x1aa, 0x7aa, 0x3021543d9a8, 0, 0, 513 },
	{ .tag = "W12 FFFFH", { TWO, PML(4) }, { FINAL(4, 0x100, 0) }, READ, UDV_WALK_PML_FULL, 0,
	  0, 0x3021543d9a8, 0, 0, 0x10000 },

	{ .tag = "W13 EPT", { TWO }, { FINAL(2, 0, 1ull << 45) }, READ, UDV_WALK_NO_MEMORY },
	{ .tag = "W13 guest", { ONE }, { GUEST(3, 0, 1ull << 45) }, READ, UDV_WALK_NO_MEMORY },

	{ .tag = "W14 after rights", { TWO, { D_VERIFICATION, 1 } }, { FINAL(1, 2, 1ull << 57) },
	  WRITE, VIOLATION, 0x1aa, 0x7aa, 0x3021543d9a8 },

	/* W16: address bits 63:47 set make it canonical, of the upper half, and not mapped */
	{ .tag = "W16 upper half, user mode", { ONE, { D_LASS, 1 } }, { { 0 } }, USER | READ,
	  UDV_WALK_NOT_CANONICAL, 0, 0, 0, 0x1ffffull << 47 },
	{ .tag = "W16 upper half, no LASS", { ONE }, { { 0 } }, USER | READ, PF, 0x4, 0, 0, 0x1ffffull
	  << 47 },
	{ .tag = "W16 lower half, supervisor fetch", { ONE, { D_LASS, 1 } }, { { 0 } }, FETCH,
	  UDV_WALK_NOT_CANONICAL },
	{ .tag = "W16 lower half, no SMAP", { ONE, { D_LASS, 1 } }, { { 0 } }, READ, OK },
	{ .tag = "W16 LASS outside long mode", { PAE, { D_LASS, 1 } }, { { 0 } }, FETCH, OK },
	{ .tag = "W16 LAM, implicit", { TWO, { D_LAM_USER, 1 } }, { { 0 } }, READ |
	  UDV_ACCESS_IMPLICIT, UDV_WALK_NOT_CANONICAL, 0, 0, 0, 0x2a0b000000000000, 0 },

	/* W17 */
	{ .tag = "W17 read without R", { TWO, { D_SSS, 1 } }, { GUEST(1, GUEST_W | GUEST_U, 0),
	  FINAL(1, 3, 1ull << 60) }, SS | READ, VIOLATION, 0x61a1, 0x61a1, 0x3021543d9a8 },
	{ .tag = "W17 write without R", { TWO, { D_SSS, 1 } }, { GUEST(1, GUEST_W | GUEST_U, 0),
	  FINAL(1, 3, 1ull << 60) }, SS | WRITE, VIOLATION, 0x61a2, 0x61a2, 0x3021543d9a8 },
	{ .tag = "W17 read, W clear above", { TWO, { D_SSS, 1 } }, { GUEST(1, GUEST_W | GUEST_U, 0),
	  FINAL(3, 2, 0), FINAL(1, 0, 1ull << 60) }, SS | READ, VIOLATION, 0x61a9, 0x61a9,
	  0x3021543d9a8 },

	/* W18 */
	{ .tag = "W18 a flag, W clear above", { TWO, { D_GUEST_FLAGS, 1 }, { D_PAGING_WRITE, 1 } },
	  { TABLE(1, 1, 2, 1ull << 58), TABLE(1, 2, 2, 0) }, READ, VIOLATION, 0xab, 0,
	  0x80c5806e88 },
	{ .tag = "W18 a flag by bit 58", { TWO, { D_GUEST_FLAGS, 1 }, { D_PAGING_WRITE, 1 } }, {
	  TABLE(1, 1, 2, 1ull << 58) }, READ, OK, 0, 0, 0, 0, 0, 0, { GUEST_AFTER(1, 0x20, 0x20) }
	  },

	/* W19; those without a linear address are in the group "spp-stages" */
	{ .tag = "W19", { TWO, { D_SPP, 1 }, { D_SPPT, 1 } }, { FINAL(1, 2, 1ull << 61) }, WRITE |
	  UDV_ACCESS_ASYNC, OK },
};
/* clang-format on */

const unsigned nr_literals = sizeof(literals) / sizeof(literals[0]);
