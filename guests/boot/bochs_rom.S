/* SPDX-License-Identifier: MIT */
/*
 * The last 64 KBytes of a ROM for emulators without a multiboot loader: from the reset vector to the entry
 * point of an image. The rest of the ROM, and what is zero here, comes from scripts/run_guest_bochs: a
 * list of parts to copy (source, destination, bytes; ends with zero bytes), entry point, information.
 */
	.section .text
	.code16
	.org 0xff00
rom_start:
	cli
	cld
	cs lgdtl (rom_gdt_pointer - rom_start + 0xff00)
	mov %cr0, %eax
	or $1, %eax
	mov %eax, %cr0
	ljmpl $8, $0xffff0000 + 1f - rom_start + 0xff00
	.code32
1:	mov $16, %eax
	mov %eax, %ds
	mov %eax, %es
	mov %eax, %ss
	mov %eax, %fs
	mov %eax, %gs
	mov $0xffffff80, %edx
2:	mov (%edx), %esi
	mov 4(%edx), %edi
	mov 8(%edx), %ecx
	add $12, %edx
	test %ecx, %ecx
	jz 3f
	rep movsb
	jmp 2b
3:	mov $0x2badb002, %eax
	mov 0xffffffe8, %ebx
	jmp *0xffffffe4
	.balign 4
rom_gdt:
	.quad 0
	.quad 0x00cf9b000000ffff
	.quad 0x00cf93000000ffff
rom_gdt_pointer:
	.word 23
	.long 0xffff0000 + rom_gdt - rom_start + 0xff00
	.org 0xfff0
	.code16
	jmp rom_start
	.org 0x10000
