/* SPDX-License-Identifier: MIT */
/*
 * Code that runs in the first 64 KBytes: where processors start, and the way to real mode and back.
 * The section is linked at 0x8000, so SIPI vector 8 starts at guest_low_start.
 */
#include "layout.h"

	.section .low.start, "awx", @progbits
	.code16
	/* Processors start here, each with a stack of its own. */
	cli
	xor %ax, %ax
	mov %ax, %ds
	lgdtl low_gdt_pointer
	mov %cr0, %eax
	or $1, %eax
	mov %eax, %cr0
	ljmpl $SEL_CODE32, $1f
	.code32
1:	mov $SEL_DATA, %eax
	mov %eax, %ds
	mov %eax, %es
	mov %eax, %ss
	mov $1, %eax
	cpuid			/* the initial APIC ID numbers processors */
	shr $24, %ebx
	mov %ebx, %edi
	mov %edi, %esp
	inc %esp
	imul $GUEST_STACK, %esp, %esp
	add $guest_stacks, %esp
	jmp guest_start_cpu

	.section .low, "awx", @progbits
	.balign 4
low_gdt_pointer:
	.word 0x13f
	.long guest_gdt
	.globl low_regs, low_stack_pointer, low_vector, low_fs, low_gs
	.balign 8
low_regs:
	.skip 4 * 16		/* eax, ebx, ecx, edx, esi, edi, ebp, esp, ip, flags, cs, ss, ds, es */
low_vector:
	.long 0
low_saved:
	.skip 8 * 4
low_real_idt:
	.word 0x3ff
	.long 0
	.balign 8
low_saved_idt:
	.skip 16
low_saved_gdt:
	.skip 16

/* void low_real(void): runs what low_regs says in real mode, until an interrupt. */
	.text
	.globl low_real
low_real:
#ifdef __x86_64__
	.code64
	push %rbx
	push %rbp
	push %r12
	push %r13
	push %r14
	push %r15
	mov %rsp, low_saved
	mov %cr3, %rax
	mov %rax, low_saved + 8
	mov %cr4, %rax
	mov %rax, low_saved + 16
	sidt low_saved_idt
	sgdt low_saved_gdt
	pushq $SEL_CODE32
	pushq $1f
	lretq
	.code32
1:	mov %cr0, %eax
	and $0x7fffffff, %eax
	mov %eax, %cr0
	mov $0xc0000080, %ecx
	rdmsr
	and $~0x100, %eax
	wrmsr
	mov %cr4, %eax
	and $~0x20000, %eax
	mov %eax, %cr4
#else
	.code32
	push %ebx
	push %ebp
	push %esi
	push %edi
	mov %esp, low_saved
	mov %cr3, %eax
	mov %eax, low_saved + 8
	mov %cr0, %eax
	mov %eax, low_saved + 16
	and $0x7fffffff, %eax
	sidt low_saved_idt
	sgdt low_saved_gdt
	ljmp $SEL_CODE32, $1f
1:	mov %eax, %cr0
#endif
	mov $SEL_DATA16, %eax
	mov %eax, %ds
	mov %eax, %es
	mov %eax, %fs
	mov %eax, %gs
	mov %eax, %ss
	ljmp $SEL_CODE16, $1f

	.section .low
	.code16
1:	mov %cr0, %eax
	and $~1, %eax
	mov %eax, %cr0
	ljmp $0, $2f
2:	xor %ax, %ax
	mov %ax, %ds
	mov %ax, %fs
	mov %ax, %gs
	lidtl low_real_idt
	mov low_regs + 44, %ss
	mov low_regs + 28, %esp
	mov low_regs + 52, %es
	pushw low_regs + 36
	pushw low_regs + 40
	pushw low_regs + 32
	mov low_regs, %eax
	mov low_regs + 4, %ebx
	mov low_regs + 8, %ecx
	mov low_regs + 12, %edx
	mov low_regs + 16, %esi
	mov low_regs + 20, %edi
	mov low_regs + 24, %ebp
	mov low_regs + 48, %ds
	iretw

	.globl low_stubs
	.balign 8
low_stubs:
	.set vector, 0
	.rept 256
	.byte 0x68		/* pushw $vector */
	.word vector
	.byte 0xe9		/* jmp low_interrupt */
	.word low_interrupt - . - 2
	.set vector, vector + 1
	.endr

low_interrupt:
	mov %eax, %cs:low_regs
	pop %ax
	mov %ax, %cs:low_vector
	mov %ebx, %cs:low_regs + 4
	mov %ecx, %cs:low_regs + 8
	mov %edx, %cs:low_regs + 12
	mov %esi, %cs:low_regs + 16
	mov %edi, %cs:low_regs + 20
	mov %ebp, %cs:low_regs + 24
	popw %cs:low_regs + 32
	popw %cs:low_regs + 40
	popw %cs:low_regs + 36
	mov %esp, %cs:low_regs + 28
	mov %ss, %cs:low_regs + 44
	mov %ds, %cs:low_regs + 48
	mov %es, %cs:low_regs + 52
	cli
	cld
	lgdtl %cs:low_gdt_pointer
	mov %cr0, %eax
	or $1, %eax
	mov %eax, %cr0
	ljmpl $SEL_CODE32, $1f

	.text
	.code32
1:	mov $SEL_DATA, %eax
	mov %eax, %ds
	mov %eax, %es
	mov %eax, %ss
	xor %eax, %eax
	mov %eax, %fs
	mov %eax, %gs
#ifdef __x86_64__
	mov low_saved + 16, %eax
	and $~0x20000, %eax
	mov %eax, %cr4
	mov low_saved + 8, %eax
	mov %eax, %cr3
	mov $0xc0000080, %ecx
	rdmsr
	or $0x100, %eax
	wrmsr
	mov %cr0, %eax
	or $0x80010000, %eax
	mov %eax, %cr0
	ljmp $SEL_CODE64, $1f
	.code64
1:	mov low_saved + 16, %rax
	mov %rax, %cr4
	mov low_saved, %rsp
	lidt low_saved_idt
	lgdt low_saved_gdt
	pop %r15
	pop %r14
	pop %r13
	pop %r12
	pop %rbp
	pop %rbx
	ret
#else
	mov low_saved + 8, %eax
	mov %eax, %cr3
	mov low_saved + 16, %eax
	mov %eax, %cr0
	mov low_saved, %esp
	lidt low_saved_idt
	lgdt low_saved_gdt
	pop %edi
	pop %esi
	pop %ebp
	pop %ebx
	ret
#endif
	.section .note.GNU-stack, "", @progbits

/* void paging_switch(u32 cr3, u32 cr4): new roots and modes that paging must be off for. */
#ifdef __x86_64__
	.text
	.globl paging_switch
	.code64
paging_switch:
	pushq $SEL_CODE32
	pushq $1f
	lretq
	.code32
1:	mov %cr0, %eax
	mov %eax, %edx
	and $0x7fffffff, %eax
	mov %eax, %cr0
	mov %esi, %cr4
	mov %edi, %cr3
	mov %edx, %cr0
	ljmp $SEL_CODE64, $1f
	.code64
1:	ret
#endif
