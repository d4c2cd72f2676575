/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "files.h"

static void test_elf_segments(void **state)
{
	static struct file file;
	static struct opened opened;
	const struct segment segments[] = {
		{ LOAD, 0x2000, 0x5000, 0x1000, 0x1800 }, /* not in order, and longer in memory */
		{ LOAD, 0x1000, 0x1000, 0x1000, 0x1000 },
		{ LOAD, 0x1000, UINT64_MAX, 0x1000, 0x1000 }, /* no physical address */
		{ LOAD, 0x3000, 0x9000, 0, 0x1000 },	      /* nothing in the file */
	};

	(void)state;
	put_core(&file, segments, 4);
	fill(&file, 0x1000, 0xaa, 0x1000);
	fill(&file, 0x2000, 0xbb, 0x1000);
	assert_int_equal(open_file(&opened, &file), UDV_OK);
	assert_null(opened.image.problem);
	assert_int_equal(opened.image.format, UDV_IMAGE_ELF);
	assert_true(opened.image.machine_64);
	assert_int_equal(opened.image.nr_ranges, 4);
	assert_range(&opened.image, 0, 0x1000, 0x1000, 0x1000);
	assert_range(&opened.image, 1, 0x5000, 0x1000, 0x2000);
	assert_range(&opened.image, 2, 0x6000, 0x800, UDV_IMAGE_ZEROS);
	assert_range(&opened.image, 3, 0x9000, 0x1000, UDV_IMAGE_ZEROS);
	assert_int_equal(byte_at(&opened.image, 0x1000), 0xaa);
	assert_int_equal(byte_at(&opened.image, 0x1fff), 0xaa);
	assert_int_equal(byte_at(&opened.image, 0x5fff), 0xbb);
	assert_int_equal(byte_at(&opened.image, 0x6000), 0);
	assert_int_equal(byte_at(&opened.image, 0x67ff), 0);
	assert_int_equal(byte_at(&opened.image, 0x9fff), 0);
	assert_false(has_byte(&opened.image, 0xfff));
	assert_false(has_byte(&opened.image, 0x2000));
	assert_false(has_byte(&opened.image, 0x6800));
	assert_false(has_byte(&opened.image, 0xa000));
	assert_false(has_byte(&opened.image, UINT64_MAX));
	close_file(&opened);
}

/* Bytes in the file beat zeros, then the first segment beats later ones. */
static void test_elf_overlap(void **state)
{
	static struct file file;
	static struct opened opened;
	const struct segment segments[] = {
		{ LOAD, 0x0, 0x0, 0, 0x8000 },
		{ LOAD, 0x1000, 0x2000, 0x1000, 0x1000 },
		{ LOAD, 0x2000, 0x1800, 0x2000, 0x2000 },
		{ LOAD, 0x2000, 0x1800, 0x2000, 0x2000 }, /* an alias: the same bytes */
	};

	(void)state;
	put_core(&file, segments, 4);
	fill(&file, 0x1000, 0xaa, 0x1000);
	fill(&file, 0x2000, 0xbb, 0x2000);
	assert_int_equal(open_file(&opened, &file), UDV_OK);
	assert_int_equal(opened.image.nr_ranges, 5);
	assert_range(&opened.image, 0, 0x0, 0x1800, UDV_IMAGE_ZEROS);
	assert_range(&opened.image, 1, 0x1800, 0x800, 0x2000);
	assert_range(&opened.image, 2, 0x2000, 0x1000, 0x1000);
	assert_range(&opened.image, 3, 0x3000, 0x800, 0x3800);
	assert_range(&opened.image, 4, 0x3800, 0x4800, UDV_IMAGE_ZEROS);
	close_file(&opened);
}

/* Every byte of random overlapping segments against a map made by the rule itself. */
static void test_elf_random_overlap(void **state)
{
	static struct file file;
	static struct opened opened;
	uint64_t seed = 1;

	(void)state;
	for (unsigned round = 0; round < 300; round++) {
		struct segment segments[12];
		int expected[256];

		for (size_t i = 0; i < 12; i++) {
			uint64_t random;

			seed = seed * 6364136223846793005ull + 1442695040888963407ull;
			random = seed >> 20;
			segments[i].type = LOAD;
			segments[i].paddr = random & 127;
			segments[i].memsz = (random >> 8 & 63) + 1;
			segments[i].filesz = (random >> 16) % (segments[i].memsz + 1);
			segments[i].offset = 0x1000 + i * 0x40;
		}
		put_core(&file, segments, 12);
		for (size_t i = 0; i < 12; i++)
			fill(&file, 0x1000 + i * 0x40, (uint8_t)(i + 1), 0x40);
		memset(expected, 0xff, sizeof(expected));
		for (size_t i = 12; i-- > 0;) {
			for (uint64_t at = 0; at < segments[i].memsz; at++) {
				int *slot = &expected[segments[i].paddr + at];

				if (at < segments[i].filesz)
					*slot = (int)i + 1;
				else if (*slot < 0)
					*slot = 0;
			}
		}
		assert_int_equal(open_file(&opened, &file), UDV_OK);
		for (uint64_t at = 0; at < 256; at++) {
			assert_int_equal(has_byte(&opened.image, at), expected[at] >= 0);
			if (expected[at] >= 0)
				assert_int_equal(byte_at(&opened.image, at), expected[at]);
		}
		for (size_t i = 1; i < opened.image.nr_ranges; i++)
			assert_true(opened.ranges[i - 1].base + opened.ranges[i - 1].size <=
				    opened.ranges[i].base);
		close_file(&opened);
	}
}

static void test_elf_refused(void **state)
{
	static struct file file;
	static struct opened opened;
	static const struct {
		struct segment segment;
		enum udv_status status;
	} cases[] = {
		{ { LOAD, 0x1000, 0, 0x1001, 0x2000 }, UDV_ERR_TRUNCATED },
		{ { LOAD, UINT64_MAX, 0, 2, 2 }, UDV_ERR_TRUNCATED },
		{ { LOAD, 0x1000, 0, UINT64_MAX, UINT64_MAX }, UDV_ERR_TRUNCATED },
		{ { NOTE, 0x2001, 0, 0, 0 }, UDV_ERR_TRUNCATED },
		{ { LOAD, 0x1000, 0xfffffffffffff000, 0, 0x1001 }, UDV_ERR_FORMAT },
		{ { LOAD, 0x1000, 0, 0x1000, 0xfff }, UDV_ERR_FORMAT },
		{ { NOTE, 0x1000, 0, 0, 0 }, UDV_ERR_FORMAT }, /* no memory at all */
		{ { LOAD, 0x1000, 0xfffffffffffff000, 0, 0x1000 }, UDV_OK },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		put_core(&file, &cases[i].segment, 1);
		fill(&file, 0x1000, 1, 0x1000);
		assert_int_equal(open_file(&opened, &file), cases[i].status);
		assert_int_equal(opened.image.problem == NULL, cases[i].status == UDV_OK);
		close_file(&opened);
	}
}

static void test_elf_header_refused(void **state)
{
	static struct file file;
	static struct opened opened;
	const struct segment segment = { LOAD, 0x1000, 0, 0x1000, 0x1000 };
	static const struct {
		size_t at, size;
		uint64_t value;
		enum udv_status status;
		uint64_t where;
	} cases[] = {
		{ 4, 1, 3, UDV_ERR_FORMAT, 4 },	       /* class */
		{ 5, 1, 2, UDV_ERR_UNSUPPORTED, 5 },   /* big-endian */
		{ 16, 2, 2, UDV_ERR_UNSUPPORTED, 16 }, /* a program */
		{ 18, 2, 183, UDV_ERR_UNSUPPORTED, 18 },
		{ 32, 8, 0x1fff, UDV_ERR_TRUNCATED, 32 },
		{ 32, 8, UINT64_MAX, UDV_ERR_TRUNCATED, 32 },
		{ 54, 2, 32, UDV_ERR_FORMAT, 54 },
		{ 56, 2, 0, UDV_ERR_FORMAT, 56 },
		{ 56, 2, 0xffff, UDV_ERR_FORMAT, 56 }, /* PN_XNUM, and the count is 0 there */
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		put_core(&file, &segment, 1);
		fill(&file, 0x1000, 1, 0x1000);
		put(&file, cases[i].at, cases[i].value, cases[i].size);
		if (cases[i].value == 0xffff)
			put(&file, 40, 0x1800, 8), put(&file, 0x1800 + 44, 0, 4);
		assert_int_equal(open_file(&opened, &file), cases[i].status);
		assert_non_null(opened.image.problem);
		assert_int_equal(opened.image.problem_offset, cases[i].where);
		close_file(&opened);
	}
}

/* More segments than 16 bits count: the number stands in section header 0. */
static void test_elf_xnum(void **state)
{
	const uint32_t nr = 70000;
	size_t size = 128 + (size_t)nr * 56 + 16;
	uint8_t *bytes = calloc(1, size);
	struct udv_image_options options = { .format = UDV_IMAGE_AUTO };
	struct udv_image_range *ranges;
	struct udv_image image;
	static struct file head;

	(void)state;
	assert_non_null(bytes);
	put_core(&head, NULL, 0);
	put(&head, 32, 128, 8);
	put(&head, 40, 64, 8);
	put(&head, 56, 0xffff, 2);
	put(&head, 64 + 44, nr, 4);
	memcpy(bytes, head.bytes, 128);
	for (uint32_t i = 0; i < nr; i++) {
		uint64_t segment[7] = {
			LOAD, 128 + (uint64_t)nr * 56, 0, (uint64_t)(nr - i) * 0x1000, 16, 16, 0
		};

		memcpy(bytes + 128 + (size_t)i * 56, segment, sizeof(segment));
	}
	bytes[size - 16] = 0x77;
	assert_int_equal(udv_image_parse(&image, bytes, size, &options, NULL, 0),
			 UDV_ERR_NO_MEMORY);
	assert_int_equal(image.ranges_needed, 3 * nr);
	ranges = calloc(image.ranges_needed, sizeof(*ranges));
	assert_non_null(ranges);
	/* One entry less than needed is too few. */
	assert_int_equal(udv_image_parse(&image, bytes, size, &options, ranges, 3 * nr - 1),
			 UDV_ERR_NO_MEMORY);
	assert_int_equal(udv_image_parse(&image, bytes, size, &options, ranges, 3 * nr), UDV_OK);
	assert_int_equal(image.nr_ranges, nr);
	for (uint64_t i = 1; i <= nr; i += 997) {
		assert_int_equal(byte_at(&image, i * 0x1000), 0x77);
		assert_false(has_byte(&image, i * 0x1000 + 16));
	}
	free(ranges);
	free(bytes);
}

static void test_elf_notes(void **state)
{
	static struct file file;
	static struct opened opened;
	const struct segment segments[] = {
		{ NOTE, 0x1000, 0, 0xc00, 0xc00 },
		{ LOAD, 0x2000, 0, 0x1000, 0x1000 },
		{ NOTE, 0x1d00, 0, 0x300, 0x300 },
	};
	static const char info[] = "OSRELEASE=6\nSYMBOL(swapper_pg_dir)=ffffffff82a10000\n"
				   "NUMBER(phys_base)=-16777216\nXKERNELOFFSET=1\n"
				   "KERNELOFFSET=1c000000\nNUMBER(pgtable_l5_enabled)=1\n";
	struct udv_image_cpu cpu;
	uint8_t desc[440];
	size_t at = 0x1000;

	(void)state;
	put_core(&file, segments, 3);
	fill(&file, 0x2000, 1, 0x1000);
	at = put_note(&file, at, "CORE", 1, desc, 336);
	put_cpu(desc, 0x80050033, 0x6000, 0x6f0);
	at = put_note(&file, at, "QEMU", 0, desc, 440);
	put_cpu(desc, 0x80000011, 0x7000, 0x10);
	at = put_note(&file, at, "QEMU", 0, desc, 432);
	desc[0] = 2; /* a layout that nobody knows yet */
	at = put_note(&file, at, "QEMU", 0, desc, 440);
	put_note(&file, at, "OTHER", 0, desc, 8);
	put_note(&file, 0x1d00, "VMCOREINFO", 0, info, sizeof(info) - 1);

	assert_int_equal(open_file(&opened, &file), UDV_OK);
	assert_int_equal(opened.image.nr_threads, 1);
	assert_int_equal(opened.image.nr_cpus, 2);
	assert_int_equal(udv_image_cpu(&opened.image, 0, &cpu), UDV_OK);
	assert_int_equal(cpu.cr0, 0x80050033);
	assert_int_equal(cpu.cr2, 0xdead);
	assert_int_equal(cpu.cr3, 0x6000);
	assert_int_equal(cpu.cr4, 0x6f0);
	assert_int_equal(cpu.rip, 0x1234);
	assert_int_equal(cpu.rflags, 0x40202);
	assert_int_equal(cpu.cs, 0x33);
	assert_true(cpu.long_mode);
	assert_int_equal(udv_image_cpu(&opened.image, 1, &cpu), UDV_OK);
	assert_int_equal(cpu.cr3, 0x7000);
	assert_false(cpu.long_mode);
	assert_int_equal(udv_image_cpu(&opened.image, 2, &cpu), UDV_ERR_NOT_FOUND);
	assert_int_equal(opened.image.kernel.flags,
			 UDV_IMAGE_KERNEL_CR3 | UDV_IMAGE_KERNEL_LA57 | UDV_IMAGE_KERNEL_OFFSET);
	assert_int_equal(opened.image.kernel.cr3, 0x1a10000);
	assert_int_equal(opened.image.kernel.offset, 0x1c000000);
	close_file(&opened);
}

/* Notes that lie about their sizes end the list; they are no reason to refuse the memory. */
static void test_elf_bad_notes(void **state)
{
	static struct file file;
	static struct opened opened;
	const struct segment segments[] = {
		{ NOTE, 0x1000, 0, 0x200, 0x200 },
		{ LOAD, 0x2000, 0, 0x1000, 0x1000 },
	};
	static const uint32_t sizes[][2] = {
		{ UINT32_MAX, 0 }, { 0, UINT32_MAX }, { 5, 0x1ed }, { 0x1f5, 0 }, { 0x1f4, 1 },
	};
	uint8_t desc[8] = { 0 };

	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		put_core(&file, segments, 2);
		fill(&file, 0x1000, 0, 0x200);
		fill(&file, 0x2000, 1, 0x1000);
		put_note(&file, 0x1000, "CORE", 1, desc, 8);
		put(&file, 0x1000, sizes[i][0], 4);
		put(&file, 0x1004, sizes[i][1], 4);
		assert_int_equal(open_file(&opened, &file), UDV_OK);
		assert_int_equal(opened.image.nr_threads, 0);
		close_file(&opened);
	}
}

static void test_elf32(void **state)
{
	static struct file file;
	static struct opened opened;

	(void)state;
	memset(&file, 0, sizeof(file));
	memcpy(file.bytes,
	       "\x7f"
	       "ELF\1\1\1",
	       7);
	put(&file, 16, 4, 2);
	put(&file, 18, 3, 2);
	put(&file, 28, 52, 4);
	put(&file, 42, 32, 2);
	put(&file, 44, 1, 2);
	put(&file, 52, LOAD, 4);
	put(&file, 56, 0x100, 4);
	put(&file, 64, 0xfffff000, 4);
	put(&file, 68, 0x80, 4);
	put(&file, 72, 0x1000, 4);
	fill(&file, 0x100, 0x55, 0x80);
	assert_int_equal(open_file(&opened, &file), UDV_OK);
	assert_false(opened.image.machine_64);
	assert_int_equal(opened.image.nr_ranges, 2);
	assert_range(&opened.image, 0, 0xfffff000, 0x80, 0x100);
	assert_range(&opened.image, 1, 0xfffff080, 0xf80, UDV_IMAGE_ZEROS);
	close_file(&opened);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_elf_segments),
		cmocka_unit_test(test_elf_overlap),
		cmocka_unit_test(test_elf_random_overlap),
		cmocka_unit_test(test_elf_refused),
		cmocka_unit_test(test_elf_header_refused),
		cmocka_unit_test(test_elf_xnum),
		cmocka_unit_test(test_elf_notes),
		cmocka_unit_test(test_elf_bad_notes),
		cmocka_unit_test(test_elf32),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
