/* SPDX-License-Identifier: MIT */
/*
 * What L2 executes: pieces that are copied to 1000H and report by port 10H (vm.h). HLT ends them, or port 13H where
 * HLT waits.
 */

#define SAY 0x10
#define OUT 0x11
#define IN 0x12
#define END 0x13
#define DATA 0x10000
#define MMIO 0x10000000
#define APIC 0xfee00000
#define X2APIC_EOI 0x80b

.macro piece name
	.globl \name
	.balign 16
\name:
.endm
.macro ends name
	.globl \name\()_end
\name\()_end:
.endm
/* A label of @piece as an address in the guest. */
#define A(label, piece) (0x1000 + label - piece)

	.section .rodata

/* ---------------------------------------------------------------- real mode */

	.code16
piece real_arithmetic
	mov $100, %cx
	xor %ax, %ax
1:	add %cx, %ax
	loop 1b
	out %ax, $SAY
	mov $1234, %ax
	mov $567, %bx
	mul %bx
	out %ax, $SAY
	mov %dx, %ax
	out %ax, $SAY
	mov $0x8765, %ax
	rcl $3, %ax
	out %ax, $SAY
	mov $0x43218765, %eax
	mov $0x1001, %ebx
	xor %edx, %edx
	div %ebx
	out %eax, $SAY
	mov %edx, %eax
	out %eax, $SAY
	mov $0x2000, %ax
	mov %ax, %ds
	movl $0xcafe1234, %ds:0x0ffe
	mov %ds:0x1000, %ax
	out %ax, $SAY
	hlt
ends real_arithmetic

/* Strings of bytes, words and doublewords that begin just before a page ends. */
	.code16
piece real_strings
	mov $0x1000, %ax
	mov %ax, %ds
	mov %ax, %es
	cld
	mov $0x0fd1, %di
	mov $97, %cx
	mov $IN, %dx
	rep insb
	mov $0x0fd1, %si
	mov $97, %cx
	mov $OUT, %dx
	rep outsb
	mov $0x1fd1, %di
	mov $97, %cx
	mov $IN, %dx
	rep insw
	mov $0x1fd1, %si
	mov $97, %cx
	mov $OUT, %dx
	rep outsw
	std
	mov $0x3005, %di
	mov $7, %cx
	mov $IN, %dx
	rep insl
	mov $0x3005, %si
	mov $7, %cx
	mov $OUT, %dx
	rep outsl
	mov %si, %ax
	out %ax, $SAY
	mov %di, %ax
	out %ax, $SAY
	hlt
ends real_strings

/* Calls of a handler by the vector table, from the instruction and from outside. */
	.code16
piece real_interrupts
	xor %ax, %ax
	mov %ax, %ds
	movw $A(1f, real_interrupts), 4 * 0x42
	movw $0, 4 * 0x42 + 2
	movw $A(2f, real_interrupts), 4 * 0x40
	movw $0, 4 * 0x40 + 2
	mov $3, %bx
	int $0x42
	int $0x42
	mov %bx, %ax
	out %ax, $SAY
	xor %cx, %cx
	sti
3:	cmp $16, %cx
	jne 3b
	cli
	mov %cx, %ax
	out %ax, $SAY
	mov %sp, %ax
	out %ax, $SAY
	hlt
1:	imul $7, %bx, %bx
	iret
2:	inc %cx
	iret
ends real_interrupts

/* From real mode to long mode by way of protected mode, and back. */
	.code16
piece round_trip
	cli
	lgdtl %cs:A(gdt_pointer, round_trip)
	mov %cr0, %eax
	or $1, %al
	mov %eax, %cr0
	ljmpl $8, $A(1f, round_trip)
	.code32
1:	mov $0x10, %ax
	mov %ax, %ds
	mov %ax, %es
	mov %ax, %ss
	mov $0x32323232, %eax
	out %eax, $SAY
	mov %cr4, %eax
	or $0x20, %eax
	mov %eax, %cr4
	mov $0x5000, %eax
	mov %eax, %cr3
	mov $0xc0000080, %ecx
	rdmsr
	or $0x100, %eax
	wrmsr
	mov %cr0, %eax
	or $0x80000000, %eax
	mov %eax, %cr0
	rdmsr
	out %eax, $SAY
	ljmpl $0x18, $A(2f, round_trip)
	.code64
2:	movabs $0x6464646464646464, %rax
	mov %rax, %r8
	shr $32, %rax
	add %r8d, %eax
	out %eax, $SAY
	ljmpl *far_pointer(%rip)
	.code32
3:	mov %cr0, %eax
	and $0x7fffffff, %eax
	mov %eax, %cr0
	mov $0xc0000080, %ecx
	rdmsr
	out %eax, $SAY
	ljmpl $0x20, $A(4f, round_trip)
	.code16
4:	mov $0x28, %ax
	mov %ax, %ds
	mov %ax, %es
	mov %ax, %ss
	mov %cr0, %eax
	and $~1, %al
	mov %eax, %cr0
	ljmp $0, $A(5f, round_trip)
5:	xor %ax, %ax
	mov %ax, %ds
	mov %ax, %ss
	mov $0x1616, %ax
	out %ax, $SAY
	hlt
	.balign 8
far_pointer:
	.long A(3b, round_trip)
	.word 8
	.balign 8
gdt_pointer:
	.word 0x2f
	.long 0x4000
ends round_trip

/* ---------------------------------------------------------------- protected mode */

	.code32
piece protected_arithmetic
	mov $1071, %eax
	mov $462, %ebx
1:	xor %edx, %edx
	div %ebx
	mov %ebx, %eax
	mov %edx, %ebx
	test %ebx, %ebx
	jnz 1b
	out %eax, $SAY
	mov $0x12345678, %eax
	mov $0x9abcdef0, %ebx
	mul %ebx
	out %eax, $SAY
	mov %edx, %eax
	out %eax, $SAY
	mov $-7, %eax
	cdq
	mov $2, %ecx
	idiv %ecx
	out %eax, $SAY
	mov %edx, %eax
	out %eax, $SAY
	call 2f
	out %eax, $SAY
	mov $0x5a, %al
	out %al, $SAY
	hlt
2:	lea -0xf000(%esp), %eax
	ret
ends protected_arithmetic

/* Two-level paging with 4-MByte pages: 8 MB and 12 MB are the first 4 MB again. */
	.code32
piece protected_paging
	mov $0x20000, %edi
	mov $0x83, %eax
	mov %eax, (%edi)
	mov %eax, 8(%edi)
	mov %eax, 12(%edi)
	mov %cr4, %eax
	or $0x10, %eax
	mov %eax, %cr4
	mov %edi, %cr3
	mov %cr0, %eax
	or $0x80000000, %eax
	mov %eax, %cr0
	movl $0x11223344, 0x830000
	addl $0x01010101, 0xc30000
	mov 0x30000, %eax
	out %eax, $SAY
	mov (%edi), %eax
	out %eax, $SAY
	mov 8(%edi), %eax
	out %eax, $SAY
	mov $0xc30ffe, %edi
	mov $0x30ffe, %esi
	mov $11, %ecx
	mov $IN, %edx
	rep insl
	mov $11, %ecx
	mov $OUT, %edx
	rep outsl
	hlt
ends protected_paging

/* ---------------------------------------------------------------- long mode */

	.code64
piece long_arithmetic
	xor %eax, %eax
	mov $1, %edx
	mov $90, %ecx
1:	xadd %rdx, %rax
	loop 1b
	call say64
	movabs $0xfedcba9876543210, %rax
	movabs $0x0123456789abcdef, %rbx
	mul %rbx
	mov %rdx, %rbx
	call say64
	mov %rbx, %rax
	call say64
	mov $2, %eax
	cvtsi2sd %eax, %xmm0
	sqrtsd %xmm0, %xmm0
	movq %xmm0, %rax
	call say64
	fldpi
	fstpl DATA
	mov DATA, %rax
	call say64
	hlt
say64:	out %eax, $SAY
	mov %rax, %r8
	shr $32, %rax
	out %eax, $SAY
	mov %r8, %rax
	ret
ends long_arithmetic

	.code64
piece long_strings
	mov $DATA + 0xfff, %edi
	mov $4999, %ecx
	mov $IN, %edx
	rep insb
	mov $DATA + 0xfff, %esi
	mov $4999, %ecx
	mov $OUT, %edx
	rep outsb
	mov $DATA + 0x3ffd, %edi
	mov $2050, %ecx
	mov $IN, %edx
	rep insl
	mov $DATA + 0x3ffd, %esi
	mov $2050, %ecx
	mov $OUT, %edx
	rep outsl
	lea -DATA(%rdi), %eax
	out %eax, $SAY
	hlt
ends long_strings

	.code64
piece long_mmio
	mov $MMIO, %ebx
	mov 1(%rbx), %al
	out %al, $SAY
	mov 2(%rbx), %ax
	out %ax, $SAY
	mov 4(%rbx), %eax
	out %eax, $SAY
	mov 8(%rbx), %rax
	out %eax, $SAY
	shr $32, %rax
	out %eax, $SAY
	movzbl 0x21(%rbx), %eax
	out %eax, $SAY
	movswl 0x2a(%rbx), %eax
	out %eax, $SAY
	movb $0x5a, 0x10(%rbx)
	movw $0x1234, 0x12(%rbx)
	movl $0x89abcdef, 0x14(%rbx)
	movq $-2, 0x18(%rbx)
	addl $5, 0x30(%rbx)
	pushfq
	pop %rax
	and $0x8d5, %eax
	out %eax, $SAY
	cmpb $0xc0, 0x40(%rbx)
	sete %al
	out %al, $SAY
	lea 0x100(%rbx), %rsi
	mov $DATA, %edi
	mov $6, %ecx
	rep movsw
	mov DATA + 8, %eax
	out %eax, $SAY
	mov $DATA, %esi
	lea 0x204(%rbx), %rdi
	mov $2, %ecx
	rep movsl
	mov 0xffe(%rbx), %eax
	out %eax, $SAY
	hlt
ends long_mmio

/* Every page of the second and third MByte and of the fourth, in one stride and then in another. */
	.code64
piece long_fresh
	mov $0x100000, %edi
	xor %ecx, %ecx
1:	mov %ecx, %eax
	imul %eax, %eax
	mov %rax, (%rdi)
	add $0x1000, %rdi
	inc %ecx
	cmp $768, %ecx
	jne 1b
	mov $0x100000, %esi
	mov $767, %ecx
	xor %eax, %eax
2:	imul $349, %ecx, %edx
	and $0xff, %edx
	shl $12, %edx
	add (%rsi,%rdx), %rax
	add 0xff8(%rsi,%rdx), %rax
	sub $1, %ecx
	jnc 2b
	out %eax, $SAY
	hlt
ends long_fresh

/*
 * Faults and traps: each handler reports its vector, the error code if there is one, and CR2 if
 * it is a page fault, and goes on at R15.
 */
	.code64
piece long_exceptions
	lidt A(idt_pointer, long_exceptions)
	lea 1f(%rip), %r15
	xor %ecx, %ecx
	mov $1, %eax
	cltd
	idiv %ecx
1:	lea 2f(%rip), %r15
	ud2
2:	lea 3f(%rip), %r15
	movq $0, 0xa000 + 8 * 500
	mov $0xfe812345, %ebx
	invlpg (%rbx)
	movb $1, (%rbx)
3:	lea 4f(%rip), %r15
	mov $0x77, %eax
	mov %eax, %fs
4:	lea 5f(%rip), %r15
	int3
5:	lea 6f(%rip), %r15
	mov $0x123, %ecx
	rdmsr
6:	mov $0x31, %eax
	out %al, $SAY
	hlt
	.globl long_exceptions_de, long_exceptions_bp, long_exceptions_ud
	.globl long_exceptions_gp, long_exceptions_pf
long_exceptions_de:
	mov $0, %al
	jmp 8f
long_exceptions_bp:
	mov $3, %al
	jmp 8f
long_exceptions_ud:
	mov $6, %al
	jmp 8f
long_exceptions_gp:
	mov $13, %al
	jmp 7f
long_exceptions_pf:
	mov %cr2, %rax
	out %eax, $SAY
	mov $14, %al
7:	out %al, $SAY
	pop %rax
	out %eax, $SAY
	mov %r15, (%rsp)
	iretq
8:	out %al, $SAY
	mov %r15, (%rsp)
	iretq
	.balign 8
idt_pointer:
	.word 0x7ff
	.quad 0x4800
ends long_exceptions

/* Counts interrupts that come from outside, with and without HLT, and its own rounds between. */
	.code64
piece long_interrupts
	xor %ecx, %ecx
	sti
1:	cmp $20, %ecx
	jb 1b
	cli
	mov %ecx, %eax
	out %eax, $SAY
	mov %esp, %eax
	out %eax, $SAY
	hlt
	.globl long_interrupts_handler
long_interrupts_handler:
	inc %ecx
	iretq
ends long_interrupts

/* The local APIC, by memory: an IPI to itself, priorities, and a timer that ends a HLT. */
	.code64
piece long_xapic
	mov $APIC, %ebx
	movl $0x1ff, 0xf0(%rbx)
	xor %r12d, %r12d
	xor %r13d, %r13d
	mov 0x30(%rbx), %eax
	out %al, $SAY
	movl $0x50, 0x80(%rbx)
	movl $0x44045, 0x300(%rbx)
	movl $0x44061, 0x300(%rbx)
	sti
	nop
	cli
	mov %r12d, %eax
	out %eax, $SAY
	mov 0x220(%rbx), %eax
	out %eax, $SAY
	xor %eax, %eax
	mov %rax, %cr8
	sti
	nop
	nop
	cli
	mov %r12d, %eax
	out %eax, $SAY
	mov %cr8, %rax
	out %eax, $SAY
	movl $0xb, 0x3e0(%rbx)
	movl $0x70, 0x320(%rbx)
	movl $100000, 0x380(%rbx)
1:	cli
	test %r13d, %r13d
	jnz 2f
	sti
	hlt
	jmp 1b
2:	mov 0x390(%rbx), %eax
	out %eax, $SAY
	mov %r13d, %eax
	out %eax, $SAY
	out %al, $END
	hlt
	.globl long_xapic_low, long_xapic_high, long_xapic_timer
long_xapic_low:
	shl $8, %r12d
	or $0x45, %r12d
	movl $0, 0xb0(%rbx)
	iretq
long_xapic_high:
	shl $8, %r12d
	or $0x61, %r12d
	movl $0, 0xb0(%rbx)
	iretq
long_xapic_timer:
	inc %r13d
	movl $0, 0xb0(%rbx)
	iretq
ends long_xapic

/* The same by MSRs, with a deadline for the timer. */
	.code64
piece long_x2apic
	xor %r12d, %r12d
	mov $0x1b, %ecx
	rdmsr
	or $0xc00, %eax
	wrmsr
	mov $0x80f, %ecx
	mov $0x1ff, %eax
	xor %edx, %edx
	wrmsr
	mov $0x83f, %ecx
	mov $0x45, %eax
	wrmsr
	mov $0x61, %eax
	wrmsr
	sti
	nop
	nop
	cli
	mov %r12d, %eax
	out %eax, $SAY
	mov $0x832, %ecx
	mov $0x40070, %eax
	wrmsr
	rdtsc
	shl $32, %rdx
	or %rdx, %rax
	add $200000, %rax
	mov %rax, %r14
	mov %rax, %rdx
	shr $32, %rdx
	mov $0x6e0, %ecx
	wrmsr
	xor %r13d, %r13d
1:	cli
	test %r13d, %r13d
	jnz 2f
	sti
	hlt
	jmp 1b
2:	rdtsc
	shl $32, %rdx
	or %rdx, %rax
	cmp %r14, %rax
	setae %al
	movzbl %al, %eax
	out %eax, $SAY
	mov $0x6e0, %ecx
	rdmsr
	or %edx, %eax
	out %eax, $SAY
	out %al, $END
	hlt
	.globl long_x2apic_low, long_x2apic_high, long_x2apic_timer
long_x2apic_low:
	shl $8, %r12d
	or $0x45, %r12d
	jmp 4f
long_x2apic_high:
	shl $8, %r12d
	or $0x61, %r12d
	jmp 4f
long_x2apic_timer:
	inc %r13d
4:	mov $X2APIC_EOI, %ecx
	xor %eax, %eax
	xor %edx, %edx
	wrmsr
	iretq
ends long_x2apic

/* Two processors: the first sends an interrupt 300 times, and waits for the second's answer to each. */
	.code64
piece long_ipis
	mov $APIC, %ebx
	movl $0x1ff, 0xf0(%rbx)
	xor %r13d, %r13d
	mov 0x20(%rbx), %eax
	shr $24, %eax
	jnz 5f
1:	pause
	cmpl $1, DATA
	jne 1b
2:	lea 1(%r13), %r14d
	movl $0x1000000, 0x310(%rbx)
	movl $0x4052, 0x300(%rbx)
3:	cli
	cmp %r14d, %r13d
	jae 4f
	sti
	hlt
	jmp 3b
4:	cmp $300, %r13d
	jb 2b
	mov %r13d, %eax
	out %eax, $SAY
	mov DATA + 4, %eax
	out %eax, $SAY
	out %al, $END
5:	movl $1, DATA
6:	sti
	hlt
	jmp 6b
	.globl long_ipis_asked, long_ipis_answered
long_ipis_asked:
	incl DATA + 4
	movl $0, 0xb0(%rbx)
	movl $0, 0x310(%rbx)
	movl $0x4053, 0x300(%rbx)
	iretq
long_ipis_answered:
	inc %r13d
	movl $0, 0xb0(%rbx)
	iretq
ends long_ipis

/* CPUID that KVM answers, MSRs that it keeps, and a clock that does not run backwards. */
	.code64
piece long_registers
	mov $0x40000000, %eax
	cpuid
	mov %ebx, %eax
	out %eax, $SAY
	mov %ecx, %eax
	out %eax, $SAY
	xor %eax, %eax
	cpuid
	mov %ebx, %eax
	out %eax, $SAY
	mov $0xc0000082, %ecx
	mov $0x87654321, %eax
	mov $0xffff8000, %edx
	wrmsr
	xor %eax, %eax
	xor %edx, %edx
	rdmsr
	out %eax, $SAY
	mov %edx, %eax
	out %eax, $SAY
	mov $0xc0000101, %ecx
	mov $DATA, %eax
	xor %edx, %edx
	wrmsr
	movl $0x600df00d, %gs:4
	mov DATA + 4, %eax
	out %eax, $SAY
	mov $0x277, %ecx
	rdmsr
	out %eax, $SAY
	mov $1000, %r8d
	rdtsc
	shl $32, %rdx
	lea (%rax,%rdx), %rbx
1:	rdtsc
	shl $32, %rdx
	or %rdx, %rax
	cmp %rbx, %rax
	jb 2f
	mov %rax, %rbx
	dec %r8d
	jnz 1b
2:	mov %r8d, %eax
	out %eax, $SAY
	mov $0x12345, %eax
	mov %rax, %dr0
	mov %dr0, %rbx
	mov %ebx, %eax
	out %eax, $SAY
	mov %cr4, %rax
	out %eax, $SAY
	hlt
ends long_registers

/* Six instructions to be stepped, and a place to break at. */
	.code64
piece long_steps
	nop
	mov $1, %eax
	add $2, %eax
	lea (%rax,%rax,2), %ecx
	.globl long_steps_break
long_steps_break:
	imul %ecx, %eax
	out %eax, $SAY
	hlt
ends long_steps

/* Writes pages 3, 64 and 65 of the slot at 8 MB. */
	.code64
piece long_dirty
	movl $1, 0x803000
	movq $2, 0x840ffc
	mov 0x805000, %eax
	out %eax, $SAY
	hlt
ends long_dirty

/* Reads what cannot be written, tries to, and reads again. */
	.code64
piece long_readonly
	mov 0x800010, %eax
	out %eax, $SAY
	movl $0x99, 0x800010
	mov 0x800010, %eax
	out %eax, $SAY
	hlt
ends long_readonly

/* ---------------------------------------------------------------- benchmarks: RDI rounds */

	.code64
piece bench_alu
1:	add %rdi, %rax
	xor %rax, %rbx
	rol $7, %rbx
	lea 3(%rbx,%rax,4), %rcx
	imul %rcx, %rdx
	sub %rcx, %rax
	and $0xffff, %ecx
	cmp %rcx, %rdi
	dec %rdi
	jnz 1b
	hlt
ends bench_alu

	.code64
piece bench_cpuid
1:	xor %eax, %eax
	cpuid
	dec %rdi
	jnz 1b
	hlt
ends bench_cpuid

	.code64
piece bench_io
1:	in $IN, %al
	dec %rdi
	jnz 1b
	hlt
ends bench_io

	.code64
piece bench_page
	mov $0x1000000, %esi
1:	mov %rdi, (%rsi)
	add $0x1000, %rsi
	dec %rdi
	jnz 1b
	hlt
ends bench_page

	.section .note.GNU-stack, "", @progbits
