/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "files.h"

/* ---------------------------------------------------------------- LiME, raw, foreign */

static void test_lime(void **state)
{
	static struct file file;
	static struct opened opened;
	size_t second, end;

	(void)state;
	memset(&file, 0, sizeof(file));
	second = put_lime(&file, 0, 0x10000, 0x10fff, 0x11);
	end = put_lime(&file, second, 0x1000, 0x13ff, 0x22);
	assert_int_equal(open_file(&opened, &file), UDV_OK);
	assert_int_equal(opened.image.format, UDV_IMAGE_LIME);
	assert_int_equal(opened.image.nr_ranges, 2);
	assert_range(&opened.image, 0, 0x1000, 0x400, second + 32);
	assert_range(&opened.image, 1, 0x10000, 0x1000, 32);
	assert_int_equal(byte_at(&opened.image, 0x13ff), 0x22);
	assert_int_equal(byte_at(&opened.image, 0x10000), 0x11);
	assert_false(has_byte(&opened.image, 0x1400));
	close_file(&opened);

	put(&file, second + 4, 2, 4);
	assert_int_equal(open_file(&opened, &file), UDV_ERR_UNSUPPORTED);
	assert_int_equal(opened.image.problem_offset, second + 4);
	close_file(&opened);
	put(&file, second + 4, 1, 4);
	put(&file, second + 16, 0xfff, 8);
	assert_int_equal(open_file(&opened, &file), UDV_ERR_FORMAT);
	close_file(&opened);
	put(&file, second + 16, UINT64_MAX, 8);
	assert_int_equal(open_file(&opened, &file), UDV_ERR_TRUNCATED);
	close_file(&opened);
	put(&file, 8, 0, 8);
	put(&file, 16, UINT64_MAX, 8);
	assert_int_equal(open_file(&opened, &file), UDV_ERR_FORMAT);
	close_file(&opened);
	(void)end;
}

static void test_raw(void **state)
{
	static uint8_t bytes[0x1004];
	static struct opened opened;
	struct udv_memory memory;
	uint64_t value = 0;

	(void)state;
	bytes[0] = 0x11;
	bytes[0x1003] = 0x22;
	assert_int_equal(open_as(&opened, bytes, sizeof(bytes), UDV_IMAGE_AUTO, 0x100000000),
			 UDV_OK);
	assert_int_equal(opened.image.format, UDV_IMAGE_RAW);
	assert_range(&opened.image, 0, 0x100000000, 0x1004, 0);
	udv_image_memory(&opened.image, &memory);
	assert_int_equal(memory.nr_windows, 1);
	assert_int_equal(memory.windows[0].base, 0x100000000);
	assert_int_equal(memory.windows[0].size, 0x1000);
	assert_ptr_equal(memory.windows[0].host, opened.copy);
	assert_true(memory.windows[0].read_only);
	assert_null(memory.compare_exchange);
	/* The odd end is not in the window, but there all the same. */
	assert_true(memory.read(memory.opaque, UDV_HPA(0x100001000), 4, &value));
	assert_int_equal(value, 0x22000000);
	assert_false(memory.read(memory.opaque, UDV_HPA(0x100001000), 8, &value));
	assert_false(memory.read(memory.opaque, UDV_HPA(0xffffffff8), 8, &value));
	close_file(&opened);

	assert_int_equal(open_as(&opened, bytes, 4095, UDV_IMAGE_AUTO, 0), UDV_ERR_TRUNCATED);
	close_file(&opened);
	assert_int_equal(open_as(&opened, bytes, 4095, UDV_IMAGE_RAW, 0), UDV_OK);
	close_file(&opened);
	assert_int_equal(open_as(&opened, bytes, 16, UDV_IMAGE_RAW, UINT64_MAX - 15), UDV_OK);
	close_file(&opened);
	assert_int_equal(open_as(&opened, bytes, 17, UDV_IMAGE_RAW, UINT64_MAX - 15),
			 UDV_ERR_ARGUMENT);
	close_file(&opened);
	assert_int_equal(open_as(&opened, bytes, 0, UDV_IMAGE_RAW, 0), UDV_ERR_TRUNCATED);
	close_file(&opened);
	assert_int_equal(open_as(&opened, bytes, sizeof(bytes), UDV_IMAGE_LIME, 0), UDV_ERR_FORMAT);
	close_file(&opened);
}

static void test_foreign(void **state)
{
	static const char *const magics[] = {
		"KDUMP   ", "PAGEDU64",	    "\x1f\x8b", "\xfd\x37zXZ", "\x28\xb5\x2f\xfd",
		"QFI\xfb",  "makedumpfile", "AVML",	"QEVM",
	};
	static uint8_t bytes[8192];
	static struct opened opened;

	(void)state;
	for (size_t i = 0; i < sizeof(magics) / sizeof(magics[0]); i++) {
		memset(bytes, 0, sizeof(bytes));
		memcpy(bytes, magics[i], strlen(magics[i]));
		assert_int_equal(open_as(&opened, bytes, sizeof(bytes), UDV_IMAGE_AUTO, 0),
				 UDV_ERR_UNSUPPORTED);
		assert_non_null(opened.image.problem);
		close_file(&opened);
		assert_int_equal(open_as(&opened, bytes, sizeof(bytes), UDV_IMAGE_RAW, 0), UDV_OK);
		close_file(&opened);
	}
}

/* ---------------------------------------------------------------- truncation, windows */

/* No cut of a valid file is accepted, and none makes the parser read past the cut. */
static void test_truncations(void **state)
{
	static struct file file;
	static struct opened opened;
	const struct segment segments[] = {
		{ NOTE, 0x200, 0, 0x200, 0x200 },
		{ LOAD, 0x400, 0x1000, 0x100, 0x100 },
	};
	uint8_t desc[440];

	(void)state;
	put_core(&file, segments, 2);
	put_cpu(desc, 0x80050033, 0x6000, 0x6f0);
	put_note(&file, 0x200, "QEMU", 0, desc, 440);
	fill(&file, 0x400, 1, 0x100);
	for (size_t size = 0; size <= file.size; size++) {
		enum udv_status status = open_as(&opened, file.bytes, size, UDV_IMAGE_AUTO, 0);

		assert_int_equal(status, size == file.size ? UDV_OK : UDV_ERR_TRUNCATED);
		assert_int_equal(opened.image.problem == NULL, status == UDV_OK);
		close_file(&opened);
	}
	assert_int_equal(file.size, 0x500);

	memset(&file, 0, sizeof(file));
	put_lime(&file, put_lime(&file, 0, 0x1000, 0x10ff, 1), 0x8000, 0x80ff, 2);
	for (size_t size = 0; size <= file.size; size++) {
		bool whole = size == file.size || size == 32 + 256;

		/* Cut between two ranges, what is left is a valid file. */
		assert_int_equal(open_as(&opened, file.bytes, size, UDV_IMAGE_AUTO, 0),
				 whole ? UDV_OK : UDV_ERR_TRUNCATED);
		close_file(&opened);
	}
}

static void test_windows(void **state)
{
	static struct file file;
	static struct opened opened;
	const struct segment segments[] = {
		{ LOAD, 0x1000, 0x10000, 0x100, 0x100 },  { LOAD, 0x1100, 0x20000, 0x300, 0x300 },
		{ LOAD, 0x1400, 0x30000, 0x200, 0x200 },  { LOAD, 0x1604, 0x40000, 0x800, 0x800 },
		{ LOAD, 0x2000, 0x50004, 0x80c, 0x80c },  { LOAD, 0x3000, 0x60000, 0x40, 0x40 },
		{ LOAD, 0x3040, 0x70000, 0x400, 0x1000 },
	};
	struct udv_memory memory;
	uint64_t value = 0;

	(void)state;
	put_core(&file, segments, 7);
	fill(&file, 0x1000, 0x5a, 0x3000);
	assert_int_equal(open_file(&opened, &file), UDV_OK);
	udv_image_memory(&opened.image, &memory);
	/* The four largest, from their first multiple of 8; where they lie in the file is all one.
	 */
	assert_int_equal(memory.nr_windows, 4);
	assert_int_equal(memory.windows[0].base, 0x50008);
	assert_int_equal(memory.windows[0].size, 0x808);
	assert_ptr_equal(memory.windows[0].host, opened.copy + 0x2004);
	assert_int_equal(memory.windows[1].base, 0x40000);
	assert_ptr_equal(memory.windows[1].host, opened.copy + 0x1604);
	assert_int_equal(memory.windows[2].base, 0x70000);
	assert_int_equal(memory.windows[2].size, 0x400);
	assert_int_equal(memory.windows[3].base, 0x20000);
	for (size_t i = 0; i < 7; i++) {
		value = 0;
		assert_true(memory.read(memory.opaque, UDV_HPA((segments[i].paddr + 7) & ~7ull), 8,
					&value));
		assert_int_equal(value, 0x5a5a5a5a5a5a5a5a);
	}
	/* A whole entry across the seam between stored bytes and zeros is still one entry. */
	assert_true(memory.read(memory.opaque, UDV_HPA(0x70400), 8, &value));
	assert_int_equal(value, 0);
	assert_true(memory.read(memory.opaque, UDV_HPA(0x50004), 4, &value));
	assert_int_equal(value, 0x5a5a5a5a);
	assert_false(memory.read(memory.opaque, UDV_HPA(0x50000), 8, &value));
	close_file(&opened);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lime),	cmocka_unit_test(test_raw),
		cmocka_unit_test(test_foreign), cmocka_unit_test(test_truncations),
		cmocka_unit_test(test_windows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
