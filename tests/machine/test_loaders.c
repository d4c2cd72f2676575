/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <undervisor/machine.h>

#include "build_image.h"

/* What is loaded where, in which state it starts, and what is refused. */

#define MB (1ull << 20)

static struct udv_machine *new_machine(uint64_t memory)
{
	struct udv_machine_config config = { .memory = memory };
	struct udv_machine *machine;

	assert_int_equal(udv_machine_create(&config, &machine, NULL), UDV_OK);
	return machine;
}

static enum udv_status try_load(struct udv_machine *machine, const void *data, size_t size,
				struct udv_problem *problem)
{
	/* A copy of exactly this size, for sanitizers to see what is read behind it. */
	uint8_t *copy = malloc(size ? size : 1);
	struct udv_boot boot = { .image = copy, .size = size };
	enum udv_status status;

	assert_non_null(copy);
	if (size)
		memcpy(copy, data, size);
	memset(problem, 0, sizeof(*problem));
	status = udv_machine_load(machine, &boot, problem);
	free(copy);
	return status;
}

static void assert_refused(const struct test_image *image, size_t size, uint64_t memory,
			   enum udv_status status, const char *text)
{
	struct udv_machine *machine = new_machine(memory);
	struct udv_problem problem;

	assert_int_equal(try_load(machine, image->data, size, &problem), status);
	assert_null(strchr(problem.text, '\n'));
	if (text)
		assert_string_equal(problem.text, text);
	else
		assert_true(problem.text[0]);
	udv_machine_destroy(machine);
}

static struct udv_machine *load(const struct test_image *image, struct udv_registers *registers)
{
	struct udv_machine *machine = new_machine(4 * MB);
	struct udv_problem problem;

	assert_int_equal(try_load(machine, image->data, image->size, &problem), UDV_OK);
	assert_int_equal(udv_machine_get_registers(machine, 0, registers), UDV_OK);
	return machine;
}

static uint64_t read_field(struct udv_machine *machine, uint64_t address, unsigned size)
{
	uint64_t value = 0;

	assert_int_equal(udv_machine_read(machine, UDV_GPA(address), &value, size), UDV_OK);
	return value;
}

/* ---------------------------------------------------------------- the three ways to start */

static const struct test_segment two_segments[] = {
	{ 0xc0100000, 0x100000, 64, 64 },
	{ 0xc0200000, 0x200000, 16, 48 },
};

static void assert_flat32(const struct udv_registers *r)
{
	assert_int_equal(r->cr0, 0x11);
	assert_int_equal(r->cr4, 0);
	assert_int_equal(r->efer, 0);
	assert_int_equal(r->rflags, 2);
	assert_int_equal(r->segment[UDV_CS].base, 0);
	assert_int_equal(r->segment[UDV_CS].limit, 0xffffffff);
	assert_int_equal(r->segment[UDV_CS].access_rights, 0xc09b);
	for (unsigned i = UDV_ES; i <= UDV_GS; i++) {
		assert_int_equal(r->segment[i].base, 0);
		assert_int_equal(r->segment[i].limit, 0xffffffff);
		if (i != UDV_CS)
			assert_int_equal(r->segment[i].access_rights, 0xc093);
	}
}

static void test_multiboot_elf(void **state)
{
	struct udv_registers registers;
	struct test_image image;
	struct udv_machine *machine;

	(void)state;
	for (unsigned is64 = 0; is64 < 2; is64++) {
		image_elf(&image, is64, 0xc0100010, two_segments, 2);
		image_multiboot(&image, image_contents(is64, 2), 3);
		machine = load(&image, &registers);
		assert_flat32(&registers);
		assert_string_equal(udv_machine_mode(machine, 0), "32-bit protected mode");
		assert_int_equal(registers.rip, 0x100010);
		assert_int_equal(registers.gpr[UDV_RAX], 0x2badb002);
		assert_int_equal(read_field(machine, 0x100000, 4), 0x1badb002);
		assert_int_equal(read_field(machine, 0x100000 + 63, 1), 0x10 + 63);
		assert_int_equal(read_field(machine, 0x200000, 8), 0x2726252423222120);
		assert_int_equal(read_field(machine, 0x20000f, 2), 0x002f);
		/* flags, and memory in KB below 640 K and above 1 MB */
		assert_int_equal(read_field(machine, registers.gpr[UDV_RBX], 4), 0x24d);
		assert_int_equal(read_field(machine, registers.gpr[UDV_RBX] + 4, 4), 639);
		assert_int_equal(read_field(machine, registers.gpr[UDV_RBX] + 8, 4), 3 * 1024);
		udv_machine_destroy(machine);
	}
}

static void test_flat_elf32(void **state)
{
	struct udv_registers registers;
	struct test_image image;
	struct udv_machine *machine;

	(void)state;
	image_elf(&image, false, 0xc0200004, two_segments, 2);
	machine = load(&image, &registers);
	assert_flat32(&registers);
	assert_int_equal(registers.rip, 0x200004);
	assert_int_equal(registers.gpr[UDV_RAX], 0);
	assert_int_equal(read_field(machine, registers.gpr[UDV_RBX], 4), 0x24d);
	udv_machine_destroy(machine);
}

static void test_long_elf64(void **state)
{
	struct udv_registers registers;
	struct test_image image;
	struct udv_machine *machine;
	uint64_t value = 0;

	(void)state;
	image_elf(&image, true, 0xc0100020, two_segments, 2);
	machine = load(&image, &registers);
	assert_string_equal(udv_machine_mode(machine, 0), "64-bit mode");
	assert_int_equal(registers.rip, 0x100020);
	assert_int_equal(registers.cr0, 0x80000011);
	assert_int_equal(registers.cr4, 0x20);
	assert_int_equal(registers.efer, 0x500);
	assert_int_equal(registers.segment[UDV_CS].access_rights, 0xa09b);
	assert_int_equal(read_field(machine, registers.gpr[UDV_RDI], 4), 0x24d);
	/* the first 4 GB are mapped to themselves, and nothing else is */
	assert_int_equal(udv_machine_read_linear(machine, 0, UDV_GVA(0x100000), &value, 8), UDV_OK);
	assert_int_equal(value, 0x1716151413121110);
	assert_int_equal(udv_machine_write_linear(machine, 0, UDV_GVA(0x1ffffc), "abcdefgh", 8),
			 UDV_OK);
	assert_int_equal(read_field(machine, 0x1ffffc, 8), 0x6867666564636261);
	assert_int_equal(udv_machine_read_linear(machine, 0, UDV_GVA(0xffffffff), &value, 1),
			 UDV_ERR_NOT_FOUND);
	assert_int_equal(udv_machine_read_linear(machine, 0, UDV_GVA(1ull << 32), &value, 1),
			 UDV_ERR_NOT_FOUND);
	udv_machine_destroy(machine);
}

/* A flat file: 16 bytes of something, the header, code. */
static void kludge(struct test_image *image, uint32_t header, uint32_t load_address, uint32_t end,
		   uint32_t bss_end, uint32_t entry)
{
	memset(image, 0, sizeof(*image));
	for (unsigned i = 0; i < 128; i++)
		image_put(image, i, i, 1);
	image_multiboot(image, 16, 0x10000);
	image_put(image, 28, header, 4);
	image_put(image, 32, load_address, 4);
	image_put(image, 36, end, 4);
	image_put(image, 40, bss_end, 4);
	image_put(image, 44, entry, 4);
}

static void test_kludge(void **state)
{
	struct udv_registers registers;
	struct test_image image;
	struct udv_machine *machine;

	(void)state;
	/* loaded from 8 bytes before the header on, 64 bytes, then zeros */
	kludge(&image, 0x100008, 0x100000, 0x100040, 0x100080, 0x100030);
	machine = load(&image, &registers);
	assert_flat32(&registers);
	assert_int_equal(registers.rip, 0x100030);
	assert_int_equal(registers.gpr[UDV_RAX], 0x2badb002);
	assert_int_equal(read_field(machine, 0x100000, 8), 0x0f0e0d0c0b0a0908);
	assert_int_equal(read_field(machine, 0x100008, 4), 0x1badb002);
	assert_int_equal(read_field(machine, 0x10003f, 2), 0x0047);
	udv_machine_destroy(machine);
	/* ends of 0: all of the file, and no zeros */
	kludge(&image, 0x100010, 0x100000, 0, 0, 0x10007f);
	machine = load(&image, &registers);
	assert_int_equal(read_field(machine, 0x10007f, 2), 0x007f);
	udv_machine_destroy(machine);
}

/* ---------------------------------------------------------------- modules, command line, map */

/* GUEST-14 */
static void test_modules(void **state)
{
	static const struct udv_module modules[] = {
		{ "first", 5, "one a b" },
		{ NULL, 0, NULL },
		{ "third!", 6, "" },
	};
	struct test_image image;
	struct udv_boot boot = { .cmdline = "name x y", .modules = modules, .nr_modules = 3 };
	struct udv_machine *machine = new_machine(4 * MB);
	struct udv_registers registers;
	uint64_t info, table, start;
	char text[16];

	(void)state;
	image_elf(&image, false, 0xc0100010, two_segments, 2);
	image_multiboot(&image, image_contents(false, 2), 0);
	boot.image = image.data;
	boot.size = image.size;
	assert_int_equal(udv_machine_load(machine, &boot, NULL), UDV_OK);
	udv_machine_get_registers(machine, 0, &registers);
	info = registers.gpr[UDV_RBX];
	udv_machine_read(machine, UDV_GPA(read_field(machine, info + 16, 4)), text, 9);
	assert_string_equal(text, "name x y");
	assert_int_equal(read_field(machine, info + 20, 4), 3);
	table = read_field(machine, info + 24, 4);
	/* behind the image, each at a page of its own */
	start = read_field(machine, table, 4);
	assert_int_equal(start, 0x201000);
	assert_int_equal(read_field(machine, table + 4, 4), start + 5);
	assert_int_equal(read_field(machine, start, 5), 0x7473726966);
	udv_machine_read(machine, UDV_GPA(read_field(machine, table + 8, 4)), text, 8);
	assert_string_equal(text, "one a b");
	assert_int_equal(read_field(machine, table + 16, 4), 0x202000);
	assert_int_equal(read_field(machine, table + 20, 4), 0x202000);
	assert_int_equal(read_field(machine, table + 32, 4), 0x203000);
	assert_int_equal(read_field(machine, table + 36, 4), 0x203006);
	udv_machine_destroy(machine);
}

struct map_entry {
	uint64_t base, size;
	uint32_t type;
};

static void assert_map(uint64_t memory, const struct map_entry *expected, unsigned count)
{
	struct udv_machine *machine = new_machine(memory);
	struct udv_registers registers;
	struct udv_problem problem;
	struct test_image image;
	uint64_t info, at;

	image_elf(&image, false, 0x10000, &(struct test_segment){ 0x10000, 0x10000, 16, 16 }, 1);
	assert_int_equal(try_load(machine, image.data, image.size, &problem), UDV_OK);
	udv_machine_get_registers(machine, 0, &registers);
	info = registers.gpr[UDV_RBX];
	assert_int_equal(read_field(machine, info + 44, 4), 24 * count);
	at = read_field(machine, info + 48, 4);
	for (unsigned i = 0; i < count; i++, at += 24) {
		assert_int_equal(read_field(machine, at, 4), 20);
		assert_int_equal(read_field(machine, at + 4, 8), expected[i].base);
		assert_int_equal(read_field(machine, at + 12, 8), expected[i].size);
		assert_int_equal(read_field(machine, at + 20, 4), expected[i].type);
	}
	udv_machine_destroy(machine);
}

#define LOW_MAP                                                                                    \
	{ 0, 0x9fc00, 1 }, { 0x9fc00, 0x400, 2 },                                                  \
	{                                                                                          \
		0xe0000, 0x20000, 2                                                                \
	}

static void test_memory_map(void **state)
{
	const struct map_entry small[] = { LOW_MAP };
	const struct map_entry normal[] = { LOW_MAP, { MB, 127 * MB, 1 } };
	const struct map_entry full[] = { LOW_MAP, { MB, 3071 * MB, 1 } };
	const struct map_entry high[] = { LOW_MAP, { MB, 3071 * MB, 1 }, { 4096 * MB, 4096, 1 } };
	const struct map_entry most[] = { LOW_MAP,
					  { MB, 3071 * MB, 1 },
					  { 4096 * MB, 61 * 1024 * MB, 1 } };

	(void)state;
	assert_map(MB, small, 3);
	assert_map(0, normal, 4);
	assert_map(3072 * MB, full, 4);
	assert_map(3072 * MB + 1, high, 5);
	assert_map(64 * 1024 * MB, most, 5);
}

/* ---------------------------------------------------------------- refusals */

/* Every file that is cut off is refused, whatever is missing. */
static void test_truncations(void **state)
{
	struct test_image image;

	(void)state;
	for (unsigned is64 = 0; is64 < 2; is64++) {
		image_elf(&image, is64, 0xc0100010, two_segments, 2);
		for (size_t size = 0; size < image.size; size++)
			assert_refused(&image, size, 4 * MB,
				       size == 0 || size >= 4 ? UDV_ERR_TRUNCATED : UDV_ERR_FORMAT,
				       NULL);
		image_multiboot(&image, image_contents(is64, 2), 0);
		for (size_t size = 0; size < image.size; size++)
			assert_refused(&image, size, 4 * MB,
				       size == 0 || size >= 4 ? UDV_ERR_TRUNCATED : UDV_ERR_FORMAT,
				       NULL);
	}
	kludge(&image, 0x100010, 0x100000, 0x100080, 0, 0x100030);
	for (size_t size = 1; size < image.size; size++)
		assert_refused(&image, size, 4 * MB, size < 28 ? UDV_ERR_FORMAT : UDV_ERR_TRUNCATED,
			       NULL);
}

struct refusal {
	struct test_segment segments[2];
	unsigned nr_segments;
	uint64_t entry;
	enum udv_status status;
	const char *text;
};

static const struct refusal refusals[] = {
	{ { { 0 } }, 0, 0, UDV_ERR_FORMAT, "the ELF file has nothing to load" },
	{ { { 0x100000, 0x100000, 0, 0 } },
	  1,
	  0x100000,
	  UDV_ERR_FORMAT,
	  "the ELF file has nothing to load" },
	{ { { 0xe0fff, 0xe0fff, 16, 16 } },
	  1,
	  0xe0fff,
	  UDV_ERR_FORMAT,
	  "0x10 bytes at 0xe0fff would lie over the ACPI tables at 0xe0000" },
	{ { { 0xdfff1, 0xdfff1, 8, 16 } },
	  1,
	  0xdfff1,
	  UDV_ERR_FORMAT,
	  "0x10 bytes at 0xdfff1 would lie over the ACPI tables at 0xe0000" },
	{ { { 0x100000, 0x100000, 16, 8 } },
	  1,
	  0x100000,
	  UDV_ERR_FORMAT,
	  "the segment at 0x100000 is larger in the file than in memory" },
	{ { { 0x100000, 0x100000, 16, 16 } },
	  1,
	  0x100010,
	  UDV_ERR_FORMAT,
	  "the entry 0x100010 is in no segment of the ELF file" },
	{ { { 0x3ffff8, 0x3ffff8, 16, 16 } },
	  1,
	  0x3ffff8,
	  UDV_ERR_NO_MEMORY,
	  "0x10 bytes at 0x3ffff8 do not fit in 4 MB of memory" },
	{ { { 0x400000, 0x400000, 16, 16 } },
	  1,
	  0x400000,
	  UDV_ERR_NO_MEMORY,
	  "0x10 bytes at 0x400000 do not fit in 4 MB of memory" },
	{ { { 0x100000, 0x100000, 16, 0xfffffff0 } },
	  1,
	  0x100000,
	  UDV_ERR_NO_MEMORY,
	  "0xfffffff0 bytes at 0x100000 do not fit in 4 MB of memory" },
	{ { { 0xfffffff8, 0xfffffff8, 16, 16 } },
	  1,
	  0xfffffff8,
	  UDV_ERR_NO_MEMORY,
	  "0x10 bytes at 0xfffffff8 do not fit in 4 MB of memory" },
	{ { { 0x100000, 0x100000, 16, 32 }, { 0x10001f, 0x10001f, 16, 16 } },
	  2,
	  0x100000,
	  UDV_ERR_FORMAT,
	  "the parts at 0x100000 and 0x10001f overlap in memory" },
};

static void test_refusals(void **state)
{
	struct test_image image;

	(void)state;
	for (unsigned i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
		const struct refusal *r = &refusals[i];

		for (unsigned is64 = 0; is64 < 2; is64++) {
			image_elf(&image, is64, r->entry, r->segments, r->nr_segments);
			assert_refused(&image, image.size, 4 * MB, r->status, r->text);
		}
	}
}

/* What a compiler makes without further ado. */
static void test_interpreter(void **state)
{
	const size_t second[2] = { 52 + 32, 64 + 56 };
	struct test_image image;

	(void)state;
	for (unsigned is64 = 0; is64 < 2; is64++) {
		image_elf(&image, is64, 0x100010, two_segments, 2);
		image_put(&image, second[is64], 3, 4);
		assert_refused(&image, image.size, 4 * MB, UDV_ERR_UNSUPPORTED,
			       "a program for an operating system, which links it dynamically; "
			       "images stand alone (static, bare-metal)");
	}
}

/* Sizes that wrap around, in 64 bits. */
static void test_wide_sizes(void **state)
{
	static const struct test_segment wide[] = {
		{ 0x100000, 0x100000, 16, UINT64_MAX },
		{ 0x100000, UINT64_MAX, 16, 16 },
		{ 0x100000, 0x100000, 16, UINT64_MAX - 0xfffff },
	};
	struct test_image image;

	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		image_elf(&image, true, 0x100000, &wide[i], 1);
		assert_refused(&image, image.size, 4 * MB, UDV_ERR_NO_MEMORY, NULL);
	}
	/* the offset, the size in the file, the place of the program headers */
	image_elf(&image, true, 0x100000, &two_segments[0], 1);
	image_put(&image, 64 + 8, UINT64_MAX, 8);
	assert_refused(&image, image.size, 4 * MB, UDV_ERR_TRUNCATED, NULL);
	image_elf(&image, true, 0x100000, &two_segments[0], 1);
	image_put(&image, 64 + 32, UINT64_MAX, 8);
	image_put(&image, 64 + 40, UINT64_MAX, 8);
	assert_refused(&image, image.size, 4 * MB, UDV_ERR_TRUNCATED, NULL);
	image_elf(&image, true, 0x100000, &two_segments[0], 1);
	image_put(&image, 32, UINT64_MAX - 10, 8);
	assert_refused(&image, image.size, 4 * MB, UDV_ERR_TRUNCATED,
		       "the program headers are truncated");
	image_elf(&image, true, 0x100000, &two_segments[0], 1);
	image_put(&image, 56, 0xffff, 2);
	assert_refused(&image, image.size, 4 * MB, UDV_ERR_TRUNCATED,
		       "the program headers are truncated");
	image_elf(&image, true, 0x100000, &two_segments[0], 1);
	image_put(&image, 54, 55, 2);
	assert_refused(&image, image.size, 4 * MB, UDV_ERR_FORMAT,
		       "program headers of 55 bytes, not of 56");
}

static void test_kludge_refusals(void **state)
{
	struct test_image image;

	(void)state;
	kludge(&image, 0x100000, 0x100001, 0, 0, 0x100010); /* behind the header */
	assert_refused(&image, image.size, 4 * MB, UDV_ERR_FORMAT,
		       "the multiboot header's load address 0x100001 is not in the file");
	kludge(&image, 0x100011, 0x100000, 0, 0, 0x100010); /* before the file */
	assert_refused(&image, image.size, 4 * MB, UDV_ERR_FORMAT,
		       "the multiboot header's load address 0x100000 is not in the file");
	kludge(&image, 0x100010, 0x100000, 0x100000, 0, 0x100010);
	assert_refused(&image, image.size, 4 * MB, UDV_ERR_FORMAT,
		       "the multiboot header's end of image is before its start");
	kludge(&image, 0x100010, 0x100000, 0x100040, 0x10003f, 0x100010);
	assert_refused(&image, image.size, 4 * MB, UDV_ERR_FORMAT,
		       "the multiboot header's end of image is before its start");
	kludge(&image, 0x100010, 0x100000, 0x100081, 0, 0x100010);
	assert_refused(&image, image.size, 4 * MB, UDV_ERR_TRUNCATED,
		       "truncated: 0x81 bytes at 0 of the file are missing");
	kludge(&image, 0x100010, 0x100000, 0, 0xffffffff, 0x100010);
	assert_refused(&image, image.size, 4 * MB, UDV_ERR_NO_MEMORY, NULL);
	kludge(&image, 0x100010, 0x100000, 0x100040, 0x100050, 0x100050);
	assert_refused(&image, image.size, 4 * MB, UDV_ERR_FORMAT,
		       "the entry 0x100050 is outside the image");
	kludge(&image, 0x100010, 0x100000, 0x100040, 0x100050, 0xfffff);
	assert_refused(&image, image.size, 4 * MB, UDV_ERR_FORMAT,
		       "the entry 0xfffff is outside the image");
}

static void test_header_refusals(void **state)
{
	struct test_image image;

	(void)state;
	memset(&image, 0, sizeof(image));
	image.size = IMAGE_MAX;
	assert_refused(&image, 0, 4 * MB, UDV_ERR_TRUNCATED, "the file is empty");
	assert_refused(&image, IMAGE_MAX, 4 * MB, UDV_ERR_FORMAT,
		       "neither an ELF file, nor one with a multiboot header, nor a Linux "
		       "kernel");
	image_multiboot(&image, 8192 - 12, 0); /* the last place there can be one */
	assert_refused(&image, IMAGE_MAX, 4 * MB, UDV_ERR_FORMAT,
		       "a multiboot header without addresses, and no ELF file");
	memset(image.data, 0, IMAGE_MAX);
	image_multiboot(&image, 8192 - 8, 0);
	assert_refused(&image, IMAGE_MAX, 4 * MB, UDV_ERR_FORMAT,
		       "neither an ELF file, nor one with a multiboot header, nor a Linux "
		       "kernel");
	image_elf(&image, false, 0xc0100010, two_segments, 2);
	image_multiboot(&image, image_contents(false, 2), 4);
	assert_refused(&image, image.size, 4 * MB, UDV_ERR_UNSUPPORTED,
		       "the multiboot header asks for a video mode");
	image_multiboot(&image, image_contents(false, 2), 0x8000);
	assert_refused(&image, image.size, 4 * MB, UDV_ERR_UNSUPPORTED,
		       "the multiboot header asks for unknown features (flags 0x8000)");
	image_elf(&image, false, 0xc0100010, two_segments, 2);
	image_put(&image, 18, 40, 2);
	assert_refused(&image, image.size, 4 * MB, UDV_ERR_UNSUPPORTED,
		       "the ELF file is for another machine (40)");
	image_elf(&image, false, 0xc0100010, two_segments, 2);
	image_put(&image, 16, 4, 2);
	assert_refused(&image, image.size, 4 * MB, UDV_ERR_UNSUPPORTED,
		       "the ELF file is no executable (type 4)");
	image_elf(&image, false, 0xc0100010, two_segments, 2);
	image_put(&image, 5, 2, 1);
	assert_refused(&image, image.size, 4 * MB, UDV_ERR_UNSUPPORTED,
		       "not an ELF file of 32 or 64 bits, little-endian");
}

static void test_module_refusals(void **state)
{
	static uint8_t large[4 << 20];
	const struct udv_module module = { large, sizeof(large), NULL };
	struct udv_module many[65] = { 0 };
	struct udv_machine *machine = new_machine(4 * MB);
	struct udv_problem problem;
	struct test_image image;
	struct udv_boot boot = { .modules = &module, .nr_modules = 1 };

	(void)state;
	image_elf(&image, false, 0xc0100010, two_segments, 2);
	boot.image = image.data;
	boot.size = image.size;
	assert_int_equal(udv_machine_load(machine, &boot, &problem), UDV_ERR_NO_MEMORY);
	assert_string_equal(problem.text, "no memory left for module 1 of 4194304 bytes");
	boot.modules = many;
	boot.nr_modules = 65;
	assert_int_equal(udv_machine_load(machine, &boot, &problem), UDV_ERR_ARGUMENT);
	assert_string_equal(problem.text, "more than 64 modules");
	udv_machine_destroy(machine);
}

/* ---------------------------------------------------------------- ACPI */

static uint8_t sum(struct udv_machine *machine, uint64_t address, uint64_t size)
{
	uint8_t total = 0;

	while (size--)
		total = (uint8_t)(total + read_field(machine, address++, 1));
	return total;
}

static void test_acpi(void **state)
{
	struct udv_machine_config config = { .memory = 4 * MB, .nr_cpus = 16 };
	struct udv_machine *machine;
	struct udv_problem problem;
	struct test_image image;
	uint64_t rsdt, xsdt, fadt, madt, cpus = 0, ioapics = 0;

	(void)state;
	assert_int_equal(udv_machine_create(&config, &machine, NULL), UDV_OK);
	image_elf(&image, false, 0xc0100010, two_segments, 2);
	assert_int_equal(try_load(machine, image.data, image.size, &problem), UDV_OK);
	assert_int_equal(read_field(machine, 0xe0000, 8), 0x2052545020445352); /* "RSD PTR " */
	assert_int_equal(sum(machine, 0xe0000, 20), 0);
	assert_int_equal(sum(machine, 0xe0000, 36), 0);
	assert_int_equal(read_field(machine, 0xe000f, 1), 2);
	assert_int_equal(read_field(machine, 0xe0014, 4), 36);
	rsdt = read_field(machine, 0xe0010, 4);
	xsdt = read_field(machine, 0xe0018, 8);
	assert_int_equal(read_field(machine, xsdt, 4), 0x54445358);
	assert_int_equal(read_field(machine, xsdt + 4, 4), 36 + 2 * 8);
	assert_int_equal(sum(machine, xsdt, 52), 0);
	assert_int_equal(read_field(machine, xsdt + 36, 8), read_field(machine, rsdt + 36, 4));
	assert_int_equal(read_field(machine, xsdt + 44, 8), read_field(machine, rsdt + 40, 4));
	assert_int_equal(read_field(machine, rsdt, 4), 0x54445352);
	assert_int_equal(read_field(machine, rsdt + 4, 4), 36 + 2 * 4);
	assert_int_equal(sum(machine, rsdt, 44), 0);
	fadt = read_field(machine, rsdt + 36, 4);
	assert_int_equal(read_field(machine, fadt, 8), 244ull << 32 | 0x50434146);
	assert_int_equal(sum(machine, fadt, 244), 0);
	assert_int_equal(read_field(machine, read_field(machine, fadt + 36, 4), 4), 0x53434146);
	assert_int_equal(read_field(machine, read_field(machine, fadt + 40, 4), 4), 0x54445344);
	assert_int_equal(read_field(machine, fadt + 46, 2), 9);
	assert_int_equal(read_field(machine, fadt + 56, 4), 0x600);
	assert_int_equal(read_field(machine, fadt + 64, 4), 0x604);
	assert_int_equal(read_field(machine, fadt + 76, 4), 0x608);
	/* the reset register: a byte, 6, for port CF9H */
	assert_int_equal(read_field(machine, fadt + 112, 4) & 0x400, 0x400);
	assert_int_equal(read_field(machine, fadt + 116, 4), 0x01000801);
	assert_int_equal(read_field(machine, fadt + 120, 8), 0xcf9);
	assert_int_equal(read_field(machine, fadt + 128, 1), 6);
	assert_int_equal(read_field(machine, fadt + 132, 8), read_field(machine, fadt + 36, 4));
	assert_int_equal(read_field(machine, fadt + 140, 8), read_field(machine, fadt + 40, 4));
	madt = read_field(machine, rsdt + 40, 4);
	assert_int_equal(read_field(machine, madt, 4), 0x43495041);
	assert_int_equal(sum(machine, madt, read_field(machine, madt + 4, 4)), 0);
	assert_int_equal(read_field(machine, madt + 36, 4), 0xfee00000);
	for (uint64_t at = madt + 44; at < madt + read_field(machine, madt + 4, 4);
	     at += read_field(machine, at + 1, 1)) {
		uint64_t type = read_field(machine, at, 1);

		if (type == 0)
			assert_int_equal(read_field(machine, at + 2, 6), 1 << 16 | cpus * 0x101);
		if (type == 1)
			assert_int_equal(read_field(machine, at + 4, 8), 0xfec00000);
		cpus += type == 0;
		ioapics += type == 1;
	}
	assert_int_equal(cpus, 16);
	assert_int_equal(ioapics, 1);
	udv_machine_destroy(machine);
}

/* With a remapping unit: one, of all PCI devices; and messages may be interrupts. */
static void test_acpi_iommu(void **state)
{
	struct udv_machine_config config = { .memory = 4 * MB,
					     .cpu = "maxphyaddr=40",
					     .iommu = true };
	struct udv_machine *machine;
	struct udv_problem problem;
	struct test_image image;
	uint64_t rsdt, xsdt, dmar;

	(void)state;
	assert_int_equal(udv_machine_create(&config, &machine, NULL), UDV_OK);
	image_elf(&image, false, 0xc0100010, two_segments, 2);
	assert_int_equal(try_load(machine, image.data, image.size, &problem), UDV_OK);
	rsdt = read_field(machine, 0xe0010, 4);
	xsdt = read_field(machine, 0xe0018, 8);
	assert_int_equal(read_field(machine, rsdt + 4, 4), 36 + 3 * 4);
	assert_int_equal(read_field(machine, xsdt + 4, 4), 36 + 3 * 8);
	assert_int_equal(sum(machine, rsdt, 48), 0);
	assert_int_equal(sum(machine, xsdt, 60), 0);
	dmar = read_field(machine, rsdt + 44, 4);
	assert_int_equal(read_field(machine, xsdt + 52, 8), dmar);
	assert_int_equal(read_field(machine, dmar, 8), 64ull << 32 | 0x52414d44); /* "DMAR" */
	assert_int_equal(sum(machine, dmar, 64), 0);
	assert_int_equal(read_field(machine, dmar + 36, 2), 39); /* 40 bits */
	assert_int_equal(read_field(machine, dmar + 48, 8), 1ull << 32 | 16 << 16);
	assert_int_equal(read_field(machine, dmar + 56, 8), 0xfed90000);
	assert_int_equal(read_field(machine, read_field(machine, rsdt + 36, 4) + 109, 2) & 8, 0);
	udv_machine_destroy(machine);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_multiboot_elf),	cmocka_unit_test(test_flat_elf32),
		cmocka_unit_test(test_long_elf64),	cmocka_unit_test(test_kludge),
		cmocka_unit_test(test_modules),		cmocka_unit_test(test_memory_map),
		cmocka_unit_test(test_truncations),	cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_interpreter),	cmocka_unit_test(test_wide_sizes),
		cmocka_unit_test(test_kludge_refusals), cmocka_unit_test(test_header_refusals),
		cmocka_unit_test(test_module_refusals), cmocka_unit_test(test_acpi),
		cmocka_unit_test(test_acpi_iommu),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
