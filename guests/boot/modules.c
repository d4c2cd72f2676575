// SPDX-License-Identifier: MIT
/*
 * Prints its command line, modules and memory map as a kernel finds them; without the library,
 * because that starts by multiboot 1. START is 1 or 2 for multiboot 1 and 2, and 3 for PVH.
 */
typedef unsigned char u8;
typedef unsigned u32;

/* clang-format off */
#if START == 1
asm(".pushsection .text\n.balign 4\n.long 0x1badb002, 3, -(0x1badb002 + 3)\n.popsection");
#elif START == 2
/* magic, architecture, length, checksum; the last tag */
asm(".pushsection .text\n.balign 8\n1: .long 0xe85250d6, 0, 2f - 1b, -(0xe85250d6 + (2f - 1b)), 0, 8\n2:\n.popsection");
#else
/* XEN_ELFNOTE_PHYS32_ENTRY */
asm(".pushsection .note.Xen, \"a\", @note\n.long 4, 4, 18\n.asciz \"Xen\"\n.long boot_start\n.popsection");
#endif
asm(".pushsection .text\n.globl boot_start\nboot_start: mov $boot_stack + 4096, %esp\nmov %ebx, %edx\ncall boot_main\n.popsection");
/* clang-format on */

u8 boot_stack[4096] __attribute__((aligned(16)));

static void out(unsigned short port, u8 value)
{
	asm volatile("outb %0, %1" ::"a"(value), "Nd"(port));
}

static void print(const char *text)
{
	while (*text)
		out(0x3f8, (u8)*text++);
}

static void print_bytes(const u8 *bytes, u32 size)
{
	while (size--)
		out(0x3f8, *bytes++);
}

static void print_module(u32 start, u32 size, u32 text)
{
	print(start & 0xfff ? "module, not on a page: '" : "module: '");
	print(text ? (const char *)text : "");
	print("' '");
	print_bytes((const u8 *)start, size);
	print("'\n");
}

static void print_line(u32 text)
{
	print("command line: '");
	print((const char *)text);
	print("'\n");
}

static void print_number(const u32 *value)
{
	char digits[17] = "";

	for (u32 i = 0; i < 16; i++)
		digits[i] = "0123456789abcdef"[value[i < 8] >> (28 - i % 8 * 4) & 15];
	print(digits);
}

/* Base and size have 64 bits. */
static void print_range(const u32 *range)
{
	print("memory: ");
	print_number(range);
	print(" ");
	print_number(range + 2);
	print(range[4] == 1 ? " RAM\n" : range[4] == 2 ? " reserved\n" : " of another type\n");
}

void boot_main(u32 magic, const u32 *info) __attribute__((noreturn));

#if START == 1
static void print_all(u32 magic, const u32 *info)
{
	const u32 *modules = (const u32 *)info[6];

	print(magic == 0x2badb002 ? "multiboot 1\n" : "another magic\n");
	print_line(info[4]);
	for (u32 i = 0; info[0] & 8 && i < info[5]; i++, modules += 4)
		print_module(modules[0], modules[1] - modules[0], modules[2]);
	/* flag 6: ranges, each behind its size */
	for (u32 at = 0; info[0] & 0x40 && at < info[11]; at += *(const u32 *)(info[12] + at) + 4)
		print_range((const u32 *)(info[12] + at + 4));
}
#elif START == 2
static void print_all(u32 magic, const u32 *info)
{
	print(magic == 0x36d76289 ? "multiboot 2\n" : "another magic\n");
	/* tags: type, size; they begin at multiples of 8 */
	for (const u32 *tag = info + 2; tag[0]; tag += (tag[1] + 7) / 8 * 2) {
		if (tag[0] == 1)
			print_line((u32)(tag + 2));
		if (tag[0] == 3)
			print_module(tag[2], tag[3] - tag[2], (u32)(tag + 4));
	}
	/* the map: size of a range, version, ranges */
	for (const u32 *tag = info + 2; tag[0]; tag += (tag[1] + 7) / 8 * 2)
		for (u32 at = 16; tag[0] == 6 && at < tag[1]; at += tag[2])
			print_range(tag + at / 4);
}
#else
static void print_all(u32 magic, const u32 *info)
{
	const u32 *modules = (const u32 *)info[4];

	(void)magic;
	print(info[0] == 0x336ec578 ? "PVH\n" : "another magic\n");
	print_line(info[6]);
	for (u32 i = 0; i < info[3]; i++, modules += 8)
		print_module(modules[0], modules[2], modules[4]);
	for (u32 i = 0; i < info[12]; i++)
		print_range((const u32 *)info[10] + i * 6);
}
#endif

void boot_main(u32 magic, const u32 *info)
{
	print_all(magic, info);
	out(0xf4, 0);
	for (;;)
		asm volatile("hlt");
}
