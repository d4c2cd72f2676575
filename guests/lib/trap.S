/* SPDX-License-Identifier: MIT */
/* Into and out of C: interrupts, and code that run() starts with given registers. */
#include "layout.h"

	.text
#ifdef __x86_64__
	.code64
	.globl guest_stubs
	.balign 16
guest_stubs:
	.set vector, 0
	.rept 256
	.balign 16
	.if (vector == 8) || (vector >= 10 && vector <= 14) || (vector == 17) || (vector == 21)
	.else
	push $0
	.endif
	push $vector
	jmp guest_interrupt_common
	.set vector, vector + 1
	.endr

	.balign 16
guest_interrupt_common:
	push %r15
	push %r14
	push %r13
	push %r12
	push %r11
	push %r10
	push %r9
	push %r8
	push %rdi
	push %rsi
	push %rbp
	push %rbx
	push %rdx
	push %rcx
	push %rax
	cld
	mov %rsp, %rdi
	mov %rsp, %rbp
	and $-16, %rsp
	call guest_interrupt
	mov %rbp, %rsp
	pop %rax
	pop %rcx
	pop %rdx
	pop %rbx
	pop %rbp
	pop %rsi
	pop %rdi
	pop %r8
	pop %r9
	pop %r10
	pop %r11
	pop %r12
	pop %r13
	pop %r14
	pop %r15
	add $16, %rsp
	.globl guest_iret
guest_iret:
	iretq

/* void guest_enter(struct regs *regs, bool stay): returns through guest_leave. */
	.globl guest_enter
guest_enter:
	push %rbx
	push %rbp
	push %r12
	push %r13
	push %r14
	push %r15
	pushf
	mov %rsp, REG_SAVED(%rdi)
	pushq REG_SS(%rdi)
	pushq REG_SP(%rdi)
	pushq REG_FLAGS(%rdi)
	pushq REG_CS(%rdi)
	pushq REG_IP(%rdi)
	mov REG_ES(%rdi), %es
	mov REG_AX(%rdi), %rax
	mov REG_BX(%rdi), %rbx
	mov REG_CX(%rdi), %rcx
	mov REG_DX(%rdi), %rdx
	mov REG_SI(%rdi), %rsi
	mov REG_BP(%rdi), %rbp
	mov REG_R8(%rdi), %r8
	mov REG_R8 + 8(%rdi), %r9
	mov REG_R8 + 16(%rdi), %r10
	mov REG_R8 + 24(%rdi), %r11
	mov REG_R8 + 32(%rdi), %r12
	mov REG_R8 + 40(%rdi), %r13
	mov REG_R8 + 48(%rdi), %r14
	mov REG_R8 + 56(%rdi), %r15
	mov REG_DS(%rdi), %ds
	mov REG_DI(%rdi), %rdi
	.globl guest_enter_iret
guest_enter_iret:
	iretq

/* void guest_leave(struct regs *regs): an IRET, so that NMIs are open again. */
	.globl guest_leave
guest_leave:
	mov REG_SAVED(%rdi), %rax
	mov $SEL_DATA, %ecx
	mov %ecx, %ds
	mov %ecx, %es
	pushq $SEL_DATA
	push %rax
	pushq $2
	pushq $SEL_CODE64
	pushq $1f
	iretq
1:	popf
	pop %r15
	pop %r14
	pop %r13
	pop %r12
	pop %rbp
	pop %rbx
	ret
#else
	.code32
	.globl guest_stubs
	.balign 16
guest_stubs:
	.set vector, 0
	.rept 256
	.balign 16
	.if (vector == 8) || (vector >= 10 && vector <= 14) || (vector == 17) || (vector == 21)
	.else
	push $0
	.endif
	push $vector
	jmp guest_interrupt_common
	.set vector, vector + 1
	.endr

	.balign 16
guest_interrupt_common:
	push %edi
	push %esi
	push %ebp
	push %ebx
	push %edx
	push %ecx
	push %eax
	cld
	mov %ds, %esi
	mov %es, %edi
	mov $SEL_DATA, %eax
	mov %eax, %ds
	mov %eax, %es
	mov %esp, %eax
	mov %esp, %ebp
	mov %esi, %edx
	mov %edi, %ecx
	and $-16, %esp
	call guest_interrupt
	mov %ebp, %esp
	mov %esi, %ds
	mov %edi, %es
	pop %eax
	pop %ecx
	pop %edx
	pop %ebx
	pop %ebp
	pop %esi
	pop %edi
	add $8, %esp
	.globl guest_iret
guest_iret:
	iretl

/* void guest_enter(struct regs *regs): returns through guest_leave. */
	.globl guest_enter
guest_enter:
	push %ebx
	push %ebp
	push %esi
	push %edi
	pushf
	mov %eax, %edi
	mov %esp, REG_SAVED(%edi)
	testl $0x20000, REG_FLAGS(%edi)
	jz 1f
	pushl $0
	pushl $0
	pushl REG_DS(%edi)
	pushl REG_ES(%edi)
	pushl REG_SS(%edi)
	pushl REG_SP(%edi)
	jmp 3f
1:	mov REG_ES(%edi), %es
	testl $3, REG_CS(%edi)
	jz 2f
	pushl REG_SS(%edi)
	pushl REG_SP(%edi)
	jmp 3f
2:	mov REG_SS(%edi), %ss
	mov REG_SP(%edi), %esp
3:	pushl REG_FLAGS(%edi)
	pushl REG_CS(%edi)
	pushl REG_IP(%edi)
	mov REG_AX(%edi), %eax
	mov REG_BX(%edi), %ebx
	mov REG_CX(%edi), %ecx
	mov REG_DX(%edi), %edx
	mov REG_SI(%edi), %esi
	mov REG_BP(%edi), %ebp
	testl $0x20000, REG_FLAGS(%edi)
	jnz 4f
	mov REG_DS(%edi), %ds
4:	mov %cs:REG_DI(%edi), %edi
	.globl guest_enter_iret
guest_enter_iret:
	iretl

/* void guest_leave(struct regs *regs): an IRET, so that NMIs are open again. */
	.globl guest_leave
guest_leave:
	mov $SEL_DATA, %ecx
	mov %ecx, %ds
	mov %ecx, %es
	mov %ecx, %ss
	mov REG_SAVED(%eax), %esp
	pushl $2
	pushl $SEL_CODE32
	pushl $1f
	iretl
1:	popf
	pop %edi
	pop %esi
	pop %ebp
	pop %ebx
	ret
#endif
	.section .note.GNU-stack, "", @progbits
