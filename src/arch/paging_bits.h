/* SPDX-License-Identifier: MIT */
#ifndef UDV_ARCH_PAGING_BITS_H
#define UDV_ARCH_PAGING_BITS_H

#include "base/bits.h"

/*
 * Control-register and entry bits that translation depends on.
 * SDM Vol 3A "Control Registers", "Paging"; Vol 3C "The Extended Page Table Mechanism (EPT)".
 */

#define CR0_PE BIT(0)
#define CR0_WP BIT(16)
#define CR0_PG BIT(31)

#define CR3_LAM_U57 BIT(61)
#define CR3_LAM_U48 BIT(62)

#define CR4_PSE BIT(4)
#define CR4_PAE BIT(5)
#define CR4_LA57 BIT(12)
#define CR4_SMEP BIT(20)
#define CR4_SMAP BIT(21)
#define CR4_PKE BIT(22)
#define CR4_CET BIT(23)
#define CR4_PKS BIT(24)
#define CR4_LASS BIT(27)
#define CR4_LAM_SUP BIT(28)

#define EFER_LME BIT(8)
#define EFER_LMA BIT(10)
#define EFER_NXE BIT(11)

/*
 * Guest entry, 8 bytes (a 4-byte one has the low half):
 *
 *  63 62  59        51        12        7   6   5        2   1   0
 * +--+------+-----+--------------+-----+--+---+---+-----+---+---+-+
 * |XD| key  |     |   address    |     |PS| D | A |     |U/S|R/W|P|
 * +--+------+-----+--------------+-----+--+---+---+-----+---+---+-+
 */
#define PTE_P BIT(0)
#define PTE_W BIT(1)
#define PTE_U BIT(2)
#define PTE_A BIT(5)
#define PTE_D BIT(6)
#define PTE_PS BIT(7)
#define PTE_PAT BIT(7)	      /* of a 4-KByte page */
#define PTE_LARGE_PAT BIT(12) /* of a larger one */
#define PTE_XD BIT(63)
#define PTE_KEY_SHIFT 59
#define PTE_KEY_MASK 0xfu

/*
 * EPT entry; bits 5:3, 6, 9, 57, 58, 60, 61 and 63 in a leaf only:
 *
 *  63   61  60  58 57   51        12  10  9  8  7  6   5:3  2 1 0
 * +---+---+---+--+--+-+--------------+--+-+-+-+--+---+----+-+-+-+
 * |SVE|SPP|SSS|PW|GV| |   address    |XU| |D|A|PS|IPA|type|X|W|R|
 * +---+---+---+--+--+-+--------------+--+-+-+-+--+---+----+-+-+-+
 */
#define EPT_R BIT(0)
#define EPT_W BIT(1)
#define EPT_X BIT(2)
#define EPT_RWX (EPT_R | EPT_W | EPT_X)
#define EPT_TYPE_SHIFT 3
#define EPT_TYPE_MASK 7u
#define EPT_PS BIT(7)
#define EPT_A BIT(8)
#define EPT_D BIT(9)
#define EPT_XU BIT(10)
#define EPT_VERIFY_GUEST_PAGING BIT(57)
#define EPT_PAGING_WRITE BIT(58)
#define EPT_SUPERVISOR_SHADOW_STACK BIT(60)
#define EPT_SUB_PAGE_WRITE BIT(61)
#define EPT_SUPPRESS_VE BIT(63)
/* Memory types 2, 3 and 7 are reserved: bit n of this set stands for type n. */
#define EPT_RESERVED_TYPES 0x8cu

#define EPTP_TYPE_MASK 7u
#define EPTP_TYPE_UC 0u
#define EPTP_TYPE_WB 6u
#define EPTP_WALK_SHIFT 3
#define EPTP_WALK_MASK 7u
#define EPTP_AD BIT(6)
#define EPTP_SSS BIT(7)

#define SPPT_VALID BIT(0)
#define SPPT_TABLE_RESERVED (BITS(11, 1) | BITS(63, 52))
#define SPPT_VECTOR_RESERVED 0xaaaaaaaaaaaaaaaaull
#define SPP_SUB_PAGE_SHIFT 7

#define PML_LAST_INDEX 511u

/* The address field of every entry of 8 bytes, before page-size and MAXPHYADDR masks. */
#define ENTRY_ADDRESS BITS(51, 12)

#endif
