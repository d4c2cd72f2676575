/* SPDX-License-Identifier: MIT */
/*
 * From the multiboot entry (32-bit protected mode, no paging) to C: in a 64-bit image through page tables
 * that map 4 GBytes one to one, in a 32-bit image without paging.
 */
#include "layout.h"

#define MULTIBOOT_MAGIC 0x1badb002
#define MULTIBOOT_FLAGS 2

	.section .multiboot, "ax"
	.balign 4
	.long MULTIBOOT_MAGIC
	.long MULTIBOOT_FLAGS
	.long -(MULTIBOOT_MAGIC + MULTIBOOT_FLAGS)

	.text
	.code32
	.globl guest_start
guest_start:
	cli
	cld
	mov $guest_stacks + GUEST_STACK, %esp
	mov %ebx, guest_multiboot
	lgdt guest_gdt_pointer32
	ljmp $SEL_CODE32, $1f
1:	mov $SEL_DATA, %eax
	mov %eax, %ds
	mov %eax, %es
	mov %eax, %ss
	xor %eax, %eax
	mov %eax, %fs
	mov %eax, %gs

	mov $guest_low_load, %esi
	mov $guest_low_start, %edi
	mov $guest_low_end, %ecx
	sub %edi, %ecx
	rep movsb
#ifdef __x86_64__
	/* Four page directories of 2-MByte pages: present, writable, user, accessed, dirty. */
	mov $guest_page_directories, %edi
	mov $0xe7, %eax
	mov $4 * 512, %ecx
2:	mov %eax, (%edi)
	movl $0, 4(%edi)
	add $0x200000, %eax
	add $8, %edi
	dec %ecx
	jnz 2b
	mov $guest_pdpt, %edi
	mov $guest_page_directories + 7, %eax
	mov $4, %ecx
3:	mov %eax, (%edi)
	add $0x1000, %eax
	add $8, %edi
	dec %ecx
	jnz 3b
	movl $guest_pdpt + 7, guest_pml4
#endif
	xor %edi, %edi
	/* falls through */

/* EDI: number of this processor; ESP: its stack. */
	.globl guest_start_cpu
guest_start_cpu:
	mov %cr4, %eax
	or $0x600, %eax		/* OSFXSR, OSXMMEXCPT */
#ifdef __x86_64__
	or $0x20, %eax		/* PAE */
#endif
	mov %eax, %cr4
#ifdef __x86_64__
	mov $guest_pml4, %eax
	mov %eax, %cr3
	mov $0xc0000080, %ecx
	rdmsr
	or $0x900, %eax		/* LME, NXE */
	wrmsr
#endif
	mov %cr0, %eax
	and $0x9ffffff3, %eax	/* no EM, TS, NW, CD */
#ifdef __x86_64__
	or $0x80010022, %eax	/* PG, WP, NE, MP */
	mov %eax, %cr0
	ljmp $SEL_CODE64, $1f
	.code64
1:	mov %edi, %edi
	call guest_main
#else
	or $0x00010022, %eax
	mov %eax, %cr0
	mov %edi, %eax
	call guest_main
#endif
1:	cli
	hlt
	jmp 1b

	.data
	.balign 16
guest_gdt_pointer32:
	.word 0x13f
	.long guest_gdt
	.globl guest_gdt
	.balign 16
guest_gdt:
	.quad 0
	.quad 0x00af9b000000ffff	/* SEL_CODE64 */
	.quad 0x00cf93000000ffff	/* SEL_DATA */
	.quad 0x00cf9b000000ffff	/* SEL_CODE32 */
	.quad 0x00009b000000ffff	/* SEL_CODE16 */
	.quad 0x000093000000ffff	/* SEL_DATA16 */
	.quad 0x00cffb000000ffff	/* SEL_USER_CODE32 */
	.quad 0x00cff3000000ffff	/* SEL_USER_DATA */
	.quad 0x00affb000000ffff	/* SEL_USER_CODE64 */
	.quad 0x0000fb000000ffff	/* SEL_USER_CODE16 */
	.fill SEL_FREE_COUNT, 8, 0
	.fill 2 * GUEST_CPUS + 12, 8, 0

	.bss
	.balign 4096
	.globl guest_pml4
#ifdef __x86_64__
guest_pml4:
	.skip 4096
guest_pdpt:
	.skip 4096
guest_page_directories:
	.skip 4 * 4096
#endif
	.globl guest_stacks
guest_stacks:
	.skip GUEST_STACK * GUEST_CPUS
	.globl guest_multiboot
guest_multiboot:
	.skip 8
	.section .note.GNU-stack, "", @progbits
