/* SPDX-License-Identifier: MIT */
#ifndef UDV_ARCH_ENTRY_BITS_H
#define UDV_ARCH_ENTRY_BITS_H

#include "arch/layout.h"

/*
 * Paging-structure entries and what points to the first of them. SDM Vol 3A "Paging", the tables
 * "Format of ..."; Vol 3C "EPT Translation Mechanism", "Extended-Page-Table Pointer (EPTP)".
 */

/* clang-format off */

/* ---- guest entries */

#define ARCH_PTE_COMMON_ROWS(R) \
	R(BIT, 0, 0, NOTHING, "P", "not present", "present") \
	R(BIT, 1, 1, NOTHING, "R/W", "read-only", "writable") \
	R(BIT, 2, 2, NOTHING, "U/S", "supervisor-mode", "user-mode") \
	R(BIT, 3, 3, NOTHING, "PWT", "bit 0 of the PAT index is 0", "bit 0 of the PAT index is 1") \
	R(BIT, 4, 4, NOTHING, "PCD", "bit 1 of the PAT index is 0", "bit 1 of the PAT index is 1") \
	R(BIT, 5, 5, NOTHING, "A", "not accessed yet", "accessed")

#define ARCH_PTE_LEAF_ROWS(R) \
	ARCH_PTE_COMMON_ROWS(R) \
	R(BIT, 6, 6, NOTHING, "D", "not written yet", "dirty")

#define ARCH_PTE_PAGE_ROWS(R) \
	ARCH_PTE_LEAF_ROWS(R) \
	R(BIT, 7, 7, NOTHING, "PAT", "bit 2 of the PAT index is 0", "bit 2 of the PAT index is 1") \
	R(BIT, 8, 8, NOTHING, "G", "not global", "global, if CR4.PGE = 1") \
	R(IGNORED, 11, 9, NOTHING, "ignored", "", "")

#define ARCH_PTE_LARGE_ROWS(R) \
	ARCH_PTE_LEAF_ROWS(R) \
	R(BIT, 7, 7, NOTHING, "PS", "references a table", "maps a page") \
	R(BIT, 8, 8, NOTHING, "G", "not global", "global, if CR4.PGE = 1") \
	R(IGNORED, 11, 9, NOTHING, "ignored", "", "") \
	R(BIT, 12, 12, NOTHING, "PAT", "bit 2 of the PAT index is 0", "bit 2 of the PAT index is 1")

#define ARCH_PTE_TABLE_ROWS(R) \
	ARCH_PTE_COMMON_ROWS(R) \
	R(IGNORED, 6, 6, NOTHING, "ignored", "", "") \
	R(BIT, 7, 7, NOTHING, "PS", "references a table", "maps a page") \
	R(IGNORED, 11, 8, NOTHING, "ignored", "", "") \
	R(ADDRESS, 51, 12, NOTHING, "table", "", "physical address of the next table")

/* 4-level and 5-level paging */
#define ARCH_PTE_TOP_ROWS(R) \
	R(IGNORED, 58, 52, NOTHING, "ignored", "", "") \
	R(FIELD, 62, 59, KEYS, "key", "", "protection key") \
	R(BIT, 63, 63, NXE, "XD", "executable", "execute-disable")
#define ARCH_PTE_TABLE_TOP_ROWS(R) \
	R(IGNORED, 62, 52, NOTHING, "ignored", "", "") \
	R(BIT, 63, 63, NXE, "XD", "executable", "execute-disable")

#define ARCH_PTE_4K_ROWS(R) \
	ARCH_PTE_PAGE_ROWS(R) \
	R(ADDRESS, 51, 12, NOTHING, "page", "", "physical address of the 4 KB page") \
	ARCH_PTE_TOP_ROWS(R)
#define ARCH_PTE_2M_ROWS(R) \
	ARCH_PTE_LARGE_ROWS(R) \
	R(ZERO, 20, 13, NOTHING, "zero", "", "") \
	R(ADDRESS, 51, 21, NOTHING, "page", "", "physical address of the 2 MB page") \
	ARCH_PTE_TOP_ROWS(R)
#define ARCH_PTE_1G_ROWS(R) \
	ARCH_PTE_LARGE_ROWS(R) \
	R(ZERO, 29, 13, NOTHING, "zero", "", "") \
	R(ADDRESS, 51, 30, NOTHING, "page", "", "physical address of the 1 GB page") \
	ARCH_PTE_TOP_ROWS(R)
#define ARCH_PTE_TABLE64_ROWS(R) \
	ARCH_PTE_TABLE_ROWS(R) \
	ARCH_PTE_TABLE_TOP_ROWS(R)
/* PML5E and PML4E, and PDPTE without 1 GB pages */
#define ARCH_PTE_ROOT64_ROWS(R) \
	ARCH_PTE_COMMON_ROWS(R) \
	R(IGNORED, 6, 6, NOTHING, "ignored", "", "") \
	R(ZERO, 7, 7, NOTHING, "zero", "", "") \
	R(IGNORED, 11, 8, NOTHING, "ignored", "", "") \
	R(ADDRESS, 51, 12, NOTHING, "table", "", "physical address of the next table") \
	ARCH_PTE_TABLE_TOP_ROWS(R)
#define ARCH_PTE_ABSENT64_ROWS(R) \
	R(BIT, 0, 0, NOTHING, "P", "not present", "present") \
	R(IGNORED, 63, 1, NOTHING, "ignored", "", "")

/* PAE paging */
#define ARCH_PAE_TOP_ROWS(R) \
	R(ZERO, 62, 52, NOTHING, "zero", "", "") \
	R(BIT, 63, 63, NXE, "XD", "executable", "execute-disable")
#define ARCH_PAE_PDPTE_ROWS(R) \
	R(BIT, 0, 0, NOTHING, "P", "not present", "present") \
	R(ZERO, 2, 1, NOTHING, "zero", "", "") \
	R(BIT, 3, 3, NOTHING, "PWT", "bit 0 of the PAT index is 0", "bit 0 of the PAT index is 1") \
	R(BIT, 4, 4, NOTHING, "PCD", "bit 1 of the PAT index is 0", "bit 1 of the PAT index is 1") \
	R(ZERO, 8, 5, NOTHING, "zero", "", "") \
	R(IGNORED, 11, 9, NOTHING, "ignored", "", "") \
	R(ADDRESS, 51, 12, NOTHING, "table", "", "physical address of the page directory") \
	R(ZERO, 63, 52, NOTHING, "zero", "", "")
#define ARCH_PAE_4K_ROWS(R) \
	ARCH_PTE_PAGE_ROWS(R) \
	R(ADDRESS, 51, 12, NOTHING, "page", "", "physical address of the 4 KB page") \
	ARCH_PAE_TOP_ROWS(R)
#define ARCH_PAE_2M_ROWS(R) \
	ARCH_PTE_LARGE_ROWS(R) \
	R(ZERO, 20, 13, NOTHING, "zero", "", "") \
	R(ADDRESS, 51, 21, NOTHING, "page", "", "physical address of the 2 MB page") \
	ARCH_PAE_TOP_ROWS(R)
#define ARCH_PAE_TABLE_ROWS(R) \
	ARCH_PTE_TABLE_ROWS(R) \
	ARCH_PAE_TOP_ROWS(R)

/* 32-bit paging */
#define ARCH_PTE32_4K_ROWS(R) \
	ARCH_PTE_PAGE_ROWS(R) \
	R(ADDRESS, 31, 12, NOTHING, "page", "", "physical address of the 4 KB page")
#define ARCH_PTE32_4M_ROWS(R) \
	ARCH_PTE_LARGE_ROWS(R) \
	R(FIELD, 20, 13, NOTHING, "page 39:32", "", "bits 39:32 of the physical address (PSE-36)") \
	R(ZERO, 21, 21, NOTHING, "zero", "", "") \
	R(ADDRESS, 31, 22, NOTHING, "page", "", "bits 31:22 of the physical address")
#define ARCH_PTE32_TABLE_ROWS(R) \
	ARCH_PTE_COMMON_ROWS(R) \
	R(IGNORED, 6, 6, NOTHING, "ignored", "", "") \
	R(BIT, 7, 7, NOTHING, "PS", "references a table", "maps a page, if CR4.PSE = 1") \
	R(IGNORED, 11, 8, NOTHING, "ignored", "", "") \
	R(ADDRESS, 31, 12, NOTHING, "table", "", "physical address of the page table")
#define ARCH_PTE_ABSENT32_ROWS(R) \
	R(BIT, 0, 0, NOTHING, "P", "not present", "present") \
	R(IGNORED, 31, 1, NOTHING, "ignored", "", "")

/* CR3, by paging mode */
#define ARCH_CR3_LEGACY_ROWS(R) \
	R(IGNORED, 2, 0, NOTHING, "ignored", "", "") \
	R(BIT, 3, 3, NOTHING, "PWT", "bit 0 of the PAT index is 0", "bit 0 of the PAT index is 1") \
	R(BIT, 4, 4, NOTHING, "PCD", "bit 1 of the PAT index is 0", "bit 1 of the PAT index is 1") \
	R(IGNORED, 11, 5, NOTHING, "ignored", "", "") \
	R(ADDRESS, 31, 12, NOTHING, "page directory", "", \
	  "physical address of the page directory") \
	R(IGNORED, 63, 32, NOTHING, "ignored", "", "")
#define ARCH_CR3_PAE_ROWS(R) \
	R(IGNORED, 4, 0, NOTHING, "ignored", "", "") \
	R(ADDRESS, 31, 5, NOTHING, "PDPTEs", "", "physical address of the four PDPTEs") \
	R(IGNORED, 63, 32, NOTHING, "ignored", "", "")
#define ARCH_CR3_LONG_TOP_ROWS(R) \
	R(ADDRESS, 51, 12, NOTHING, "root", "", "physical address of the PML4 or PML5 table") \
	R(ZERO, 60, 52, NOTHING, "zero", "", "") \
	R(BIT, 61, 61, NOTHING, "LAM_U57", "no masking of user pointers (57 bits)", \
	  "metadata in bits 62:57 of user pointers is ignored") \
	R(BIT, 62, 62, NOTHING, "LAM_U48", "no masking of user pointers (48 bits)", \
	  "metadata in bits 62:48 of user pointers is ignored") \
	R(BIT, 63, 63, NOTHING, "no flush", "MOV to CR3 drops the PCID's translations", \
	  "MOV to CR3 keeps the PCID's translations; never stored")
#define ARCH_CR3_LONG_ROWS(R) \
	R(IGNORED, 2, 0, NOTHING, "ignored", "", "") \
	R(BIT, 3, 3, NOTHING, "PWT", "bit 0 of the PAT index is 0", "bit 0 of the PAT index is 1") \
	R(BIT, 4, 4, NOTHING, "PCD", "bit 1 of the PAT index is 0", "bit 1 of the PAT index is 1") \
	R(IGNORED, 11, 5, NOTHING, "ignored", "", "") \
	ARCH_CR3_LONG_TOP_ROWS(R)
#define ARCH_CR3_PCID_ROWS(R) \
	R(FIELD, 11, 0, NOTHING, "PCID", "", "process-context identifier") \
	ARCH_CR3_LONG_TOP_ROWS(R)

/* ---- EPT */

#define ARCH_EPT_RIGHTS_ROWS(R) \
	R(BIT, 0, 0, NOTHING, "R", "no read", "read") \
	R(BIT, 1, 1, NOTHING, "W", "no write", "write") \
	R(BIT, 2, 2, NOTHING, "X", "no execute", "execute")

#define ARCH_EPT_TABLE_END_ROWS(R) \
	R(BIT, 8, 8, AD, "A", "not accessed yet", "accessed") \
	R(IGNORED, 9, 9, NOTHING, "ignored", "", "") \
	R(BIT, 10, 10, MBEC, "XU", "no execute from user-mode addresses", \
	  "execute from user-mode addresses") \
	R(IGNORED, 11, 11, NOTHING, "ignored", "", "") \
	R(ADDRESS, 51, 12, NOTHING, "table", "", "physical address of the next table") \
	R(IGNORED, 63, 52, NOTHING, "ignored", "", "")
#define ARCH_EPT_TABLE_ROWS(R) \
	ARCH_EPT_RIGHTS_ROWS(R) \
	R(ZERO, 6, 3, NOTHING, "zero", "", "") \
	R(BIT, 7, 7, NOTHING, "PS", "references a table", "maps a page") \
	ARCH_EPT_TABLE_END_ROWS(R)
/* PML5E and PML4E, and PDPTE or PDE without such pages */
#define ARCH_EPT_ROOT_ROWS(R) \
	ARCH_EPT_RIGHTS_ROWS(R) \
	R(ZERO, 7, 3, NOTHING, "zero", "", "") \
	ARCH_EPT_TABLE_END_ROWS(R)

#define ARCH_EPT_LEAF_START_ROWS(R) \
	ARCH_EPT_RIGHTS_ROWS(R) \
	R(VALUES, 5, 3, NOTHING, "memory type", "", \
	  "uncacheable (UC)|write combining (WC)|||write through (WT)|write protected (WP)|" \
	  "write back (WB)") \
	R(BIT, 6, 6, NOTHING, "IPAT", "combined with the guest's PAT", "the guest's PAT is ignored")
#define ARCH_EPT_LEAF_FLAGS_ROWS(R) \
	R(BIT, 8, 8, AD, "A", "not accessed yet", "accessed") \
	R(BIT, 9, 9, AD, "D", "not written yet", "dirty") \
	R(BIT, 10, 10, MBEC, "XU", "no execute from user-mode addresses", \
	  "execute from user-mode addresses") \
	R(IGNORED, 11, 11, NOTHING, "ignored", "", "")
#define ARCH_EPT_LEAF_FEATURES_ROWS(R) \
	R(IGNORED, 56, 52, NOTHING, "ignored", "", "") \
	R(BIT, 57, 57, VERIFICATION, "VGP", "no guest-paging verification", \
	  "the guest's tables must lie on pages with bit 58 = 1") \
	R(BIT, 58, 58, PAGING_WRITE, "PWA", "paging writes need W", \
	  "paging writes are allowed without W") \
	R(IGNORED, 59, 59, NOTHING, "ignored", "", "") \
	R(BIT, 60, 60, SSS, "SSS", "no supervisor shadow stack", "a supervisor shadow-stack page")
#define ARCH_EPT_LEAF_VE_ROWS(R) \
	R(BIT, 63, 63, VE, "suppress #VE", "EPT violations become #VE", \
	  "EPT violations exit always")

#define ARCH_EPT_4K_ROWS(R) \
	ARCH_EPT_LEAF_START_ROWS(R) \
	R(IGNORED, 7, 7, NOTHING, "ignored", "", "") \
	ARCH_EPT_LEAF_FLAGS_ROWS(R) \
	R(ADDRESS, 51, 12, NOTHING, "page", "", "physical address of the 4 KB page") \
	ARCH_EPT_LEAF_FEATURES_ROWS(R) \
	R(BIT, 61, 61, SPP, "SPP", "no sub-page rights", \
	  "writes are judged by 128-byte sub-pages") \
	R(IGNORED, 62, 62, NOTHING, "ignored", "", "") \
	ARCH_EPT_LEAF_VE_ROWS(R)
#define ARCH_EPT_2M_ROWS(R) \
	ARCH_EPT_LEAF_START_ROWS(R) \
	R(BIT, 7, 7, NOTHING, "PS", "references a table", "maps a page") \
	ARCH_EPT_LEAF_FLAGS_ROWS(R) \
	R(ZERO, 20, 12, NOTHING, "zero", "", "") \
	R(ADDRESS, 51, 21, NOTHING, "page", "", "physical address of the 2 MB page") \
	ARCH_EPT_LEAF_FEATURES_ROWS(R) \
	R(IGNORED, 62, 61, NOTHING, "ignored", "", "") \
	ARCH_EPT_LEAF_VE_ROWS(R)
#define ARCH_EPT_1G_ROWS(R) \
	ARCH_EPT_LEAF_START_ROWS(R) \
	R(BIT, 7, 7, NOTHING, "PS", "references a table", "maps a page") \
	ARCH_EPT_LEAF_FLAGS_ROWS(R) \
	R(ZERO, 29, 12, NOTHING, "zero", "", "") \
	R(ADDRESS, 51, 30, NOTHING, "page", "", "physical address of the 1 GB page") \
	ARCH_EPT_LEAF_FEATURES_ROWS(R) \
	R(IGNORED, 62, 61, NOTHING, "ignored", "", "") \
	ARCH_EPT_LEAF_VE_ROWS(R)
#define ARCH_EPT_ABSENT_ROWS(R) \
	ARCH_EPT_RIGHTS_ROWS(R) \
	R(IGNORED, 9, 3, NOTHING, "ignored", "", "") \
	R(BIT, 10, 10, MBEC, "XU", "no execute from user-mode addresses", \
	  "execute from user-mode addresses") \
	R(IGNORED, 62, 11, NOTHING, "ignored", "", "") \
	ARCH_EPT_LEAF_VE_ROWS(R)

#define ARCH_EPTP_ROWS(R) \
	R(VALUES, 2, 0, NOTHING, "memory type", "", "uncacheable (UC)||||||write back (WB)") \
	R(VALUES, 5, 3, NOTHING, "walk length - 1", "", "|||4 levels|5 levels") \
	R(BIT, 6, 6, NOTHING, "A/D flags", "no accessed and dirty flags in EPT entries", \
	  "accessed and dirty flags; guest-table accesses count as writes") \
	R(BIT, 7, 7, NOTHING, "supervisor shadow stack", "no supervisor shadow-stack control", \
	  "supervisor shadow-stack accesses need bit 60 of the leaf") \
	R(ZERO, 11, 8, NOTHING, "zero", "", "") \
	R(ADDRESS, 51, 12, NOTHING, "root", "", "physical address of the EPT PML4 or PML5 table") \
	R(ZERO, 63, 52, NOTHING, "zero", "", "")
/* clang-format on */

#define ARCH_ENTRY_LAYOUTS(X)                                                                      \
	X(PTE_4K, 64, ZERO, "PTE that maps a 4 KB page")                                           \
	X(PTE_2M, 64, ZERO, "PDE that maps a 2 MB page")                                           \
	X(PTE_1G, 64, ZERO, "PDPTE that maps a 1 GB page")                                         \
	X(PTE_TABLE64, 64, ZERO, "entry that references a table")                                  \
	X(PTE_ROOT64, 64, ZERO, "entry that references a table")                                   \
	X(PTE_ABSENT64, 64, ZERO, "entry that is not present")                                     \
	X(PAE_PDPTE, 64, ZERO, "PDPTE of PAE paging")                                              \
	X(PAE_4K, 64, ZERO, "PAE PTE that maps a 4 KB page")                                       \
	X(PAE_2M, 64, ZERO, "PAE PDE that maps a 2 MB page")                                       \
	X(PAE_TABLE, 64, ZERO, "PAE PDE that references a page table")                             \
	X(PTE32_4K, 32, ZERO, "32-bit PTE that maps a 4 KB page")                                  \
	X(PTE32_4M, 32, ZERO, "32-bit PDE that maps a 4 MB page")                                  \
	X(PTE32_TABLE, 32, ZERO, "32-bit PDE that references a page table")                        \
	X(PTE_ABSENT32, 32, ZERO, "32-bit entry that is not present")                              \
	X(CR3_LEGACY, 64, ZERO, "CR3 with 32-bit paging")                                          \
	X(CR3_PAE, 64, ZERO, "CR3 with PAE paging")                                                \
	X(CR3_LONG, 64, ZERO, "CR3 with 4-level or 5-level paging, CR4.PCIDE = 0")                 \
	X(CR3_PCID, 64, ZERO, "CR3 with 4-level or 5-level paging, CR4.PCIDE = 1")                 \
	X(EPT_TABLE, 64, ZERO, "EPT entry that references a table")                                \
	X(EPT_ROOT, 64, ZERO, "EPT entry that references a table")                                 \
	X(EPT_4K, 64, ZERO, "EPT PTE that maps a 4 KB page")                                       \
	X(EPT_2M, 64, ZERO, "EPT PDE that maps a 2 MB page")                                       \
	X(EPT_1G, 64, ZERO, "EPT PDPTE that maps a 1 GB page")                                     \
	X(EPT_ABSENT, 64, ZERO, "EPT entry that is not present")                                   \
	X(EPTP, 64, ZERO, "EPT pointer")

#define ARCH_LAYOUT_EXTERN(name, ...) extern const struct arch_layout arch_layout_##name;
ARCH_ENTRY_LAYOUTS(ARCH_LAYOUT_EXTERN)
#undef ARCH_LAYOUT_EXTERN

#endif
