/* SPDX-License-Identifier: MIT */
#ifndef UDV_ARCH_PAGING_BITS_H
#define UDV_ARCH_PAGING_BITS_H

#include <undervisor/entries.h>
#include <undervisor/registers.h>

#include "base/bits.h"

/*
 * Control-register and entry bits that translation depends on.
 * SDM Vol 3A "Control Registers", "Paging"; Vol 3C "The Extended Page Table Mechanism (EPT)".
 */

/* The public names without their prefix. */
#define CR0_PE UDV_CR0_PE
#define CR0_WP UDV_CR0_WP
#define CR0_PG UDV_CR0_PG

#define CR3_LAM_U57 UDV_CR3_LAM_U57
#define CR3_LAM_U48 UDV_CR3_LAM_U48

#define CR4_PSE UDV_CR4_PSE
#define CR4_PAE UDV_CR4_PAE
#define CR4_LA57 UDV_CR4_LA57
#define CR4_SMEP UDV_CR4_SMEP
#define CR4_SMAP UDV_CR4_SMAP
#define CR4_PKE UDV_CR4_PKE
#define CR4_CET UDV_CR4_CET
#define CR4_PKS UDV_CR4_PKS
#define CR4_LASS UDV_CR4_LASS
#define CR4_LAM_SUP UDV_CR4_LAM_SUP

#define EFER_LME UDV_EFER_LME
#define EFER_LMA UDV_EFER_LMA
#define EFER_NXE UDV_EFER_NXE

#define PTE_P UDV_PTE_P
#define PTE_W UDV_PTE_W
#define PTE_U UDV_PTE_U
#define PTE_A UDV_PTE_A
#define PTE_D UDV_PTE_D
#define PTE_PS UDV_PTE_PS
#define PTE_PAT BIT(7)	      /* of a 4-KByte page */
#define PTE_LARGE_PAT BIT(12) /* of a larger one */
#define PTE_XD UDV_PTE_XD
#define PTE_KEY_SHIFT UDV_PTE_KEY_SHIFT
#define PTE_KEY_MASK UDV_PTE_KEY_MASK

#define EPT_R UDV_EPTE_R
#define EPT_W UDV_EPTE_W
#define EPT_X UDV_EPTE_X
#define EPT_RWX (EPT_R | EPT_W | EPT_X)
#define EPT_TYPE_SHIFT UDV_EPTE_TYPE_SHIFT
#define EPT_TYPE_MASK UDV_EPTE_TYPE_MASK
#define EPT_PS UDV_EPTE_PS
#define EPT_A UDV_EPTE_A
#define EPT_D UDV_EPTE_D
#define EPT_XU UDV_EPTE_XU
#define EPT_VERIFY_GUEST_PAGING UDV_EPTE_VERIFY_GUEST_PAGING
#define EPT_PAGING_WRITE UDV_EPTE_PAGING_WRITE
#define EPT_SUPERVISOR_SHADOW_STACK UDV_EPTE_SUPERVISOR_SHADOW_STACK
#define EPT_SUB_PAGE_WRITE UDV_EPTE_SUB_PAGE_WRITE
#define EPT_SUPPRESS_VE UDV_EPTE_SUPPRESS_VE
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

#define ENTRY_ADDRESS UDV_ENTRY_ADDRESS

#endif
