/* SPDX-License-Identifier: MIT */
/*
 * For kernels that are too large for a ROM: reads parts of the first ATA disk into memory, then jumps to
 * an entry point with EBX and ESI at the information. It runs at 8000H; bench/boot.py puts behind it, at
 * 8100H, the entry point and a list of parts (first sector, address, sectors; ends with no sectors).
 * ATA-6 "PIO data-in command protocol", READ SECTORS with 28-bit LBA.
 */
	.section .text
	.code32
disk_start:
	cld
	mov $0x7000, %esp
	mov $0x8104, %ebp
next_part:
	mov (%ebp), %esi
	mov 4(%ebp), %edi
	mov 8(%ebp), %ecx
	add $12, %ebp
	test %ecx, %ecx
	jz disk_end
next_command:
	mov $0x1f2, %edx	/* sectors: 256, which is written 0, or what is left */
	mov $256, %eax
	cmp %eax, %ecx
	jae 1f
	mov %ecx, %eax
1:	push %ecx
	mov %eax, %ecx
	out %al, %dx
	mov %esi, %eax		/* address, low byte first; bit 6 of the device register: LBA */
	inc %edx
	out %al, %dx
	shr $8, %eax
	inc %edx
	out %al, %dx
	shr $8, %eax
	inc %edx
	out %al, %dx
	shr $8, %eax
	or $0xe0, %al
	inc %edx
	out %al, %dx
	mov $0x20, %al
	inc %edx
	out %al, %dx
next_sector:
	mov $0x1f7, %edx
2:	in %dx, %al
	and $0x88, %al		/* not busy, with data */
	cmp $0x08, %al
	jne 2b
	push %ecx
	mov $256, %ecx
	mov $0x1f0, %edx
	rep insw
	pop %ecx
	inc %esi
	decl (%esp)
	loop next_sector
	pop %ecx
	test %ecx, %ecx
	jnz next_command
	jmp next_part
disk_end:
	mov $0x3f8, %edx	/* a mark on COM1: what came before is not the kernel's */
	mov $'@', %al
	out %al, %dx
	mov %ebx, %esi
	xor %ebp, %ebp
	xor %edi, %edi
	jmp *0x8100
	.org 0x100
