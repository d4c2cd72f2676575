/* SPDX-License-Identifier: MIT */
/*
 * A 64-KByte ROM for emulators without a multiboot loader: from the reset vector to the entry point of an
 * image that already is in memory. scripts/run_guest_bochs patches the last two words before the vector.
 */
	.section .text
	.code16
	.org 0xff00
rom_start:
	cli
	cs lgdtl (rom_gdt_pointer - rom_start + 0xff00)
	mov %cr0, %eax
	or $1, %eax
	mov %eax, %cr0
	ljmpl $8, $0xf0000 + 1f - rom_start + 0xff00
	.code32
1:	mov $16, %eax
	mov %eax, %ds
	mov %eax, %es
	mov %eax, %ss
	mov %eax, %fs
	mov %eax, %gs
	mov $0x2badb002, %eax
	mov 0xfffe8, %ebx	/* multiboot information */
	jmp *0xfffe4		/* entry point */
	.balign 8
rom_gdt:
	.quad 0
	.quad 0x00cf9b000000ffff
	.quad 0x00cf93000000ffff
rom_gdt_pointer:
	.word 23
	.long 0xf0000 + rom_gdt - rom_start + 0xff00
	.org 0xffe4
	.long 0, 0
	.org 0xfff0
	.byte 0xea		/* ljmp 0xf000:0xff00 */
	.word 0xff00, 0xf000
	.org 0x10000
