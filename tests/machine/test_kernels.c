/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "rig.h"

/* Kernels that start by PVH, and bzImages that unpack themselves. */

static const struct udv_module two_modules[] = {
	{ "first", 5, "one a" },
	{ "second!", 7, NULL },
};

/* ---------------------------------------------------------------- PVH */

/* GUEST-13 */
static void test_pvh(void **state)
{
	const struct udv_boot boot = {
		.cmdline = "image x y",
		.name_size = 5,
		.modules = two_modules,
		.nr_modules = 2,
	};
	struct udv_registers r;
	struct test_image image;

	(void)state;
	for (unsigned i = 0; i < 4; i++) {
		struct udv_machine *machine;
		uint64_t info, modules, map;

		image_pvh(&image, i & 1, 0x100020, i & 2 ? 8 : 4);
		machine = rig_loaded(&image, &boot, 8192 * MB, &r);
		assert_string_equal(udv_machine_mode(machine, 0), "32-bit protected mode");
		assert_int_equal(r.rip, 0x100020);
		assert_int_equal(r.cr0, 0x11);
		assert_int_equal(r.rflags, 2);
		info = r.gpr[UDV_RBX];
		assert_int_equal(rig_field(machine, info, 8), 0x1336ec578);
		assert_int_equal(rig_field(machine, info + 12, 4), 2);
		rig_text(machine, rig_field(machine, info + 24, 8), "x y");
		assert_int_equal(rig_field(machine, info + 32, 8), 0xe0000);
		modules = rig_field(machine, info + 16, 8);
		assert_int_equal(rig_field(machine, modules, 8), 0x101000);
		assert_int_equal(rig_field(machine, modules + 8, 8), 5);
		rig_text(machine, rig_field(machine, modules + 16, 8), "one a");
		assert_int_equal(rig_field(machine, modules + 24, 8), 0);
		assert_int_equal(rig_field(machine, modules + 32, 8), 0x102000);
		assert_int_equal(rig_field(machine, modules + 40, 8), 7);
		assert_int_equal(rig_field(machine, modules + 48, 8), 0);
		assert_int_equal(rig_field(machine, 0x102000, 8), 0x21646e6f636573);
		/* 3 GB below the hole, 5 GB from 4 GB on */
		map = rig_field(machine, info + 40, 8);
		assert_int_equal(rig_field(machine, info + 48, 4), 5);
		assert_int_equal(rig_field(machine, map + 4 * 24, 8), 4096 * MB);
		assert_int_equal(rig_field(machine, map + 4 * 24 + 8, 8), 5120 * MB);
		assert_int_equal(rig_field(machine, map + 4 * 24 + 16, 4), 1);
		udv_machine_destroy(machine);
	}
}

static void test_pvh_refusals(void **state)
{
	struct test_image image;

	(void)state;
	image_pvh(&image, true, 0x100040, 4);
	rig_refused(&image, NULL, 4 * MB, UDV_ERR_FORMAT,
		    "the PVH entry 0x100040 is in no segment of the ELF file");
	image_pvh(&image, true, 0x100100020, 8);
	rig_refused(&image, NULL, 4 * MB, UDV_ERR_FORMAT,
		    "the PVH entry 0x100100020 is in no segment of the ELF file");
	image_pvh(&image, false, 0x100020, 4);
	image_put(&image, 52 + 12, 0x3fffff, 4);
	rig_refused(&image, NULL, 4 * MB, UDV_ERR_NO_MEMORY,
		    "0x40 bytes at 0x3fffff do not fit in 4 MB of memory");
}

/* Notes that are none: the file starts as any other ELF64 does. */
static void test_other_notes(void **state)
{
	const size_t header = 64 + 56, note = image_contents(true, 2) + 64;
	const struct {
		size_t offset;
		uint64_t value;
		unsigned size;
	} changes[] = {
		{ note, 5, 4 },			/* the name's size */
		{ note, UINT32_MAX, 4 },	/* the same, beyond everything */
		{ note + 4, 2, 4 },		/* the contents' size: no number of bytes */
		{ note + 4, UINT32_MAX, 4 },	/* the same, beyond everything */
		{ note + 8, 17, 4 },		/* the type */
		{ note + 12, 0x6e6559, 4 },	/* the name */
		{ header + 8, UINT64_MAX, 8 },	/* the segment's offset in the file */
		{ header + 32, UINT64_MAX, 8 }, /* its size */
		{ header + 32, 19, 8 },		/* one byte less than the note */
		{ header + 32, 11, 8 },		/* less than a note's header */
		{ header, 2, 4 },		/* its type */
	};
	struct udv_registers r;
	struct test_image image;

	(void)state;
	for (unsigned i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
		struct udv_machine *machine;

		image_pvh(&image, true, 0x100020, 4);
		image_put(&image, changes[i].offset, changes[i].value, changes[i].size);
		machine = rig_loaded(&image, NULL, 4 * MB, &r);
		assert_string_equal(udv_machine_mode(machine, 0), "64-bit mode");
		assert_int_equal(r.rip, 0x100000);
		udv_machine_destroy(machine);
	}
}

/* ---------------------------------------------------------------- bzImages */

static const struct udv_boot packed = {
	.cmdline = "image 0123456789abcdef",
	.name_size = 5,
	.kernel_unpacks = true,
	.modules = two_modules,
	.nr_modules = 2,
};

/* 64-bit mode with RSI at a page of parameters: the header's copy and what the loader adds. */
static void test_linux(void **state)
{
	struct udv_machine *machine;
	struct udv_registers r;
	struct test_image image;
	uint64_t params, initrd;

	(void)state;
	image_linux(&image, "payload", 7);
	machine = rig_loaded(&image, &packed, 4 * MB, &r);
	assert_string_equal(udv_machine_mode(machine, 0), "64-bit mode");
	assert_int_equal(r.rip, 0x100200);
	assert_int_equal(r.segment[UDV_CS].selector, 0x10);
	assert_int_equal(r.segment[UDV_DS].selector, 0x18);
	assert_int_equal(rig_field(machine, 0x100200, 1), 0xf4);
	rig_text(machine, 0x100000 + LINUX_PAYLOAD, "payload");
	params = r.gpr[UDV_RSI];
	assert_int_equal(rig_field(machine, params + 0x1f0, 1), 0);
	assert_int_equal(rig_field(machine, params + 0x1f1, 1), 1);
	assert_int_equal(rig_field(machine, params + 0x202, 4), 0x53726448);
	assert_int_equal(rig_field(machine, params + 0x210, 1), 0xff);
	assert_int_equal(rig_field(machine, params + 0x260, 4), 0x8000);
	assert_int_equal(rig_field(machine, params + 0x268, 8), 0);
	assert_int_equal(rig_field(machine, params + 0x70, 8), 0xe0000);
	rig_text(machine, rig_field(machine, params + 0x228, 4), "0123456789abcdef");
	/* Both modules in one piece, the second at a multiple of 4, as far up as there is room. */
	initrd = rig_field(machine, params + 0x218, 4);
	assert_int_equal(initrd, 0x3ff000);
	assert_int_equal(rig_field(machine, params + 0x21c, 4), 8 + 7);
	assert_int_equal(rig_field(machine, initrd, 8), 0x7473726966);
	assert_int_equal(rig_field(machine, initrd + 8, 8), 0x21646e6f636573);
	assert_int_equal(rig_field(machine, params + 0x1e8, 1), 4);
	assert_int_equal(rig_field(machine, params + 0x2d0 + 3 * 20, 8), MB);
	assert_int_equal(rig_field(machine, params + 0x2d0 + 3 * 20 + 8, 8), 3 * MB);
	assert_int_equal(rig_field(machine, params + 0x2d0 + 3 * 20 + 16, 4), 1);
	udv_machine_destroy(machine);
}

/* The RAM disk stays below where the kernel reads one, and out of the kernel's way. */
static void test_initrd_place(void **state)
{
	const struct {
		uint32_t last, init_size;
		uint64_t place;
	} cases[] = {
		{ 0xffffffff, 0x8000, 0x3ff000 },
		{ 0x37ffff, 0x8000, 0x37f000 },
		{ 0x37fffe, 0x8000, 0x37e000 }, /* the page's last byte is out of reach */
		{ 0x37ffff, 0x280000 - 0x1000, 0x37f000 },
		{ 0x3fffff, 0x2ff000, 0x3ff000 },
	};
	struct udv_registers r;
	struct test_image image;

	(void)state;
	for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct udv_module module = { .size = 4096, .data = image.data };
		struct udv_boot boot = { .kernel_unpacks = true, .modules = &module };
		struct udv_machine *machine;

		boot.nr_modules = 1;
		image_linux(&image, "payload", 7);
		image_put(&image, 0x22c, cases[i].last, 4);
		image_put(&image, 0x260, cases[i].init_size, 4);
		machine = rig_loaded(&image, &boot, 4 * MB, &r);
		assert_int_equal(rig_field(machine, r.gpr[UDV_RSI] + 0x218, 4), cases[i].place);
		assert_int_equal(rig_field(machine, r.gpr[UDV_RSI] + 0x21c, 4), 4096);
		udv_machine_destroy(machine);
	}
	image_linux(&image, "payload", 7);
	image_put(&image, 0x260, 0x300000 - 8, 4);
	rig_refused(&image, &packed, 4 * MB, UDV_ERR_NO_MEMORY,
		    "no memory left for an initial RAM disk of 15 bytes");
	image_put(&image, 0x22c, 4, 4);
	rig_refused(&image, &packed, 4 * MB, UDV_ERR_NO_MEMORY,
		    "no memory left for module 1 of 5 bytes");
	image_put(&image, 0x22c, 11, 4);
	rig_refused(&image, &packed, 4 * MB, UDV_ERR_NO_MEMORY,
		    "no memory left for module 2 of 7 bytes");
}

#define TOO_OLD "not a 64-bit Linux kernel of version 3.8 or later"

static void test_linux_refusals(void **state)
{
	const struct {
		size_t offset;
		uint64_t value;
		unsigned size;
		enum udv_status status;
		const char *text;
	} cases[] = {
		{ 0x206, 0x20b, 2, UDV_ERR_UNSUPPORTED, TOO_OLD },
		{ 0x236, 2, 2, UDV_ERR_UNSUPPORTED, TOO_OLD },
		{ 0x211, 0x80, 1, UDV_ERR_UNSUPPORTED, TOO_OLD },
		{ 0x1f1, 2, 1, UDV_ERR_TRUNCATED, "the Linux kernel is truncated" },
		{ 0x1f1, 0, 1, UDV_ERR_TRUNCATED, "the Linux kernel is truncated" },
		{ 0x238, 15, 4, UDV_ERR_ARGUMENT,
		  "the command line is longer than the 15 bytes that this kernel takes" },
		{ 0x258, UINT64_MAX, 8, UDV_ERR_NO_MEMORY,
		  "0x8000 bytes at 0xffffffffffffffff do not fit in 4 MB of memory" },
		{ 0x260, UINT32_MAX, 4, UDV_ERR_NO_MEMORY,
		  "0xffffffff bytes at 0x100000 do not fit in 4 MB of memory" },
	};
	struct test_image image;
	size_t whole;

	(void)state;
	for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		image_linux(&image, "payload", 7);
		image_put(&image, cases[i].offset, cases[i].value, cases[i].size);
		rig_refused(&image, &packed, 4 * MB, cases[i].status, cases[i].text);
	}
	/* Wherever it ends, whoever unpacks it. */
	image_linux(&image, "payload", 7);
	whole = image.size;
	assert_int_equal(whole, LINUX_SETUP + LINUX_PAYLOAD + 16);
	for (image.size = 0x206; image.size < whole; image.size++) {
		rig_refused(&image, &packed, 4 * MB, UDV_ERR_TRUNCATED,
			    "the Linux kernel is truncated");
		rig_refused(&image, NULL, 4 * MB, UDV_ERR_TRUNCATED,
			    "the Linux kernel is truncated");
	}
	/* By its payload's extent alone; and the largest that it can claim to be. */
	image_put(&image, 0x1f4, 0, 4);
	for (image.size = LINUX_SETUP + 0x201; image.size < LINUX_SETUP + LINUX_PAYLOAD + 7;
	     image.size++)
		rig_refused(&image, &packed, 4 * MB, UDV_ERR_TRUNCATED,
			    "the Linux kernel is truncated");
	image_put(&image, 0x1f4, UINT32_MAX, 4);
	image.size = whole;
	rig_refused(&image, &packed, 4 * MB, UDV_ERR_TRUNCATED, "the Linux kernel is truncated");
}

/* More text than fits where all of it goes. */
static void test_long_command_line(void **state)
{
	static char text[65536];
	struct udv_boot boot = { .cmdline = text };
	struct udv_machine *machine;
	struct udv_registers r;
	struct test_image image;

	(void)state;
	memset(text, 'x', sizeof(text) - 1);
	image_pvh(&image, true, 0x100020, 4);
	rig_refused(&image, &boot, 4 * MB, UDV_ERR_ARGUMENT, "the command lines are too long");
	text[4096] = '\0';
	machine = rig_loaded(&image, &boot, 4 * MB, &r);
	for (unsigned i = 0; i < 4096; i += 8)
		assert_int_equal(
			rig_field(machine, rig_field(machine, r.gpr[UDV_RBX] + 24, 8) + i, 8),
			0x7878787878787878);
	assert_int_equal(rig_field(machine, rig_field(machine, r.gpr[UDV_RBX] + 24, 8) + 4096, 1),
			 0);
	udv_machine_destroy(machine);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pvh),
		cmocka_unit_test(test_pvh_refusals),
		cmocka_unit_test(test_other_notes),
		cmocka_unit_test(test_linux),
		cmocka_unit_test(test_initrd_place),
		cmocka_unit_test(test_linux_refusals),
		cmocka_unit_test(test_long_command_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
