/* SPDX-License-Identifier: MIT */
#ifndef UNDERVISOR_ENTRIES_H
#define UNDERVISOR_ENTRIES_H

#include <stdint.h>

/*
 * The bits of paging-structure entries, for those who build tables or read them.
 *
 * Guest entry of 8 bytes; one of 4 bytes (32-bit paging) is its low half.
 * SDM Vol 3A "Paging": the tables of entry formats.
 *
 *  63 62  59        51        12    8  7   6   5        2   1   0
 * +--+------+-----+--------------+-+-+--+---+---+-----+---+---+-+
 * |XD| key  |     |   address    | |G|PS| D | A |     |U/S|R/W|P|
 * +--+------+-----+--------------+-+-+--+---+---+-----+---+---+-+
 */
#define UDV_PTE_P (1ull << 0)
#define UDV_PTE_W (1ull << 1)
#define UDV_PTE_U (1ull << 2)
#define UDV_PTE_A (1ull << 5)
#define UDV_PTE_D (1ull << 6)
#define UDV_PTE_PS (1ull << 7) /* in a PDE or PDPTE: it maps a page */
#define UDV_PTE_G (1ull << 8)
#define UDV_PTE_XD (1ull << 63)
#define UDV_PTE_KEY_SHIFT 59
#define UDV_PTE_KEY_MASK 0xfu

/*
 * EPT entry; bits 5:3, 6, 9, 57, 58, 60, 61 and 63 count in a leaf only (63 also where the entry is
 * not present). SDM Vol 3C "EPT Translation Mechanism": the tables of entry formats.
 *
 *  63   61  60  58 57   51        12  10  9  8  7  6   5:3  2 1 0
 * +---+---+---+--+--+-+--------------+--+-+-+-+--+---+----+-+-+-+
 * |SVE|SPP|SSS|PW|GV| |   address    |XU| |D|A|PS|IPA|type|X|W|R|
 * +---+---+---+--+--+-+--------------+--+-+-+-+--+---+----+-+-+-+
 */
#define UDV_EPTE_R (1ull << 0)
#define UDV_EPTE_W (1ull << 1)
#define UDV_EPTE_X                                                                                 \
	(1ull << 2) /* with mode-based execute control: from supervisor-mode addresses             \
		     */
#define UDV_EPTE_TYPE_SHIFT 3
#define UDV_EPTE_TYPE_MASK 7u
#define UDV_EPTE_IPAT (1ull << 6)
#define UDV_EPTE_PS (1ull << 7)
#define UDV_EPTE_A (1ull << 8)
#define UDV_EPTE_D (1ull << 9)
#define UDV_EPTE_XU (1ull << 10) /* with mode-based execute control: from user-mode addresses */
#define UDV_EPTE_VERIFY_GUEST_PAGING (1ull << 57)
#define UDV_EPTE_PAGING_WRITE (1ull << 58)
#define UDV_EPTE_SUPERVISOR_SHADOW_STACK (1ull << 60)
#define UDV_EPTE_SUB_PAGE_WRITE (1ull << 61)
#define UDV_EPTE_SUPPRESS_VE (1ull << 63)

/* The address field of every entry of 8 bytes, before page-size and MAXPHYADDR masks. */
#define UDV_ENTRY_ADDRESS 0x000ffffffffff000ull

/*
 * Where the 4-MByte page of a 32-bit PDE lies: bits 20:13 are address bits 39:32. On a processor
 * without PSE-36 they are reserved, and 0 in an entry that is used.
 */
static inline uint64_t udv_pse36_address(uint64_t entry)
{
	return (entry & 0xffc00000) | (entry >> 13 & 0xff) << 32;
}

#endif
