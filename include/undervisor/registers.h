/* SPDX-License-Identifier: MIT */
#ifndef UNDERVISOR_REGISTERS_H
#define UNDERVISOR_REGISTERS_H

/*
 * The bits of control registers, IA32_EFER and fault codes that translation depends on, for those
 * who fill in a struct udv_paging_config or read one.
 * SDM Vol 3A "Control Registers", "Extended Feature Enable Register (EFER)", "Linear-Address
 * Masking".
 */
#define UDV_CR0_PE (1ull << 0)
#define UDV_CR0_ET (1ull << 4) /* always 1 */
#define UDV_CR0_NE (1ull << 5)
#define UDV_CR0_WP (1ull << 16)
#define UDV_CR0_NW (1ull << 29)
#define UDV_CR0_CD (1ull << 30)
#define UDV_CR0_PG (1ull << 31)

#define UDV_CR3_LAM_U57 (1ull << 61)
#define UDV_CR3_LAM_U48 (1ull << 62)
#define UDV_CR3_NO_FLUSH (1ull << 63) /* of a MOV to CR3 with CR4.PCIDE = 1; never stored */

#define UDV_CR4_PSE (1ull << 4)
#define UDV_CR4_PAE (1ull << 5)
#define UDV_CR4_LA57 (1ull << 12)
#define UDV_CR4_VMXE (1ull << 13)
#define UDV_CR4_PCIDE (1ull << 17)
#define UDV_CR4_SMEP (1ull << 20)
#define UDV_CR4_SMAP (1ull << 21)
#define UDV_CR4_PKE (1ull << 22)
#define UDV_CR4_CET (1ull << 23)
#define UDV_CR4_PKS (1ull << 24)
#define UDV_CR4_LASS (1ull << 27)
#define UDV_CR4_LAM_SUP (1ull << 28)

#define UDV_EFER_LME (1ull << 8)
#define UDV_EFER_LMA (1ull << 10)
#define UDV_EFER_NXE (1ull << 11)

/*
 * Error-code bits of #PF that no walk here reports; those that one does are in paging.h.
 * SDM Vol 3A "Page-Fault Exceptions".
 */
#define UDV_PF_HLAT (1ull << 7)
#define UDV_PF_SGX (1ull << 15)

/*
 * EXITINFO1 of a nested page fault: bits 6:0 are as in a #PF's error code, and exactly one of these
 * says what was translated. AMD64 Vol 2 "Nested versus Guest Page Faults, Fault Ordering".
 */
#define UDV_NPF_FINAL (1ull << 32)
#define UDV_NPF_TABLE (1ull << 33)

#endif
