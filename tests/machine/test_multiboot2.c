/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "rig.h"

/* Multiboot 2: what a header may ask for, what is refused, and what an image is told. */

#define TAG(type, flags) ((type) | (uint32_t)(flags) << 16)
#define END TAG(0, 0), 8
#define HEADER 0x1000u
#define ENTRY TAG(3, 0), 12, 0x100030, 0

/* An ELF file with one segment and a header with these tags. */
static void elf(struct test_image *image, const uint32_t *tags, unsigned nr_words)
{
	const struct test_segment segment = { 0xc0100000, 0x100000, 0x2000, 0x3000 };

	image_elf(image, false, 0xc0100010, &segment, 1);
	image_multiboot2(image, HEADER, tags, nr_words);
}

#define ELF(image, ...)                                                                            \
	elf(image, (const uint32_t[]){ __VA_ARGS__ },                                              \
	    sizeof((const uint32_t[]){ __VA_ARGS__ }) / sizeof(uint32_t))

/* The tag of @type in the boot information; 0 if there is none. */
static uint64_t find(struct udv_machine *machine, uint64_t info, uint32_t type, unsigned skip)
{
	uint64_t end = info + rig_field(machine, info, 4);

	for (uint64_t at = info + 8; at < end; at += (rig_field(machine, at + 4, 4) + 7) & ~7ull) {
		assert_true(rig_field(machine, at + 4, 4) >= 8);
		if (rig_field(machine, at, 4) == type && !skip--)
			return at;
	}
	return 0;
}

static void test_entry(void **state)
{
	struct udv_machine *machine;
	struct udv_registers r;
	struct test_image image;

	(void)state;
	ELF(&image, END);
	machine = rig_loaded(&image, NULL, 4 * MB, &r);
	assert_string_equal(udv_machine_mode(machine, 0), "32-bit protected mode");
	assert_int_equal(r.rip, 0x100010);
	assert_int_equal(r.gpr[UDV_RAX], 0x36d76289);
	assert_int_equal(r.gpr[UDV_RBX] & 7, 0);
	udv_machine_destroy(machine);
	ELF(&image, ENTRY, END);
	machine = rig_loaded(&image, NULL, 4 * MB, &r);
	assert_int_equal(r.rip, 0x100030);
	udv_machine_destroy(machine);
}

/* GUEST-14, with test_modules() of test_loaders.c */
static void test_information(void **state)
{
	static const struct udv_module modules[] = {
		{ "first", 5, "one a" },
		{ "second!", 7, NULL },
	};
	const struct udv_boot boot = {
		.cmdline = "image x",
		.name_size = 5,
		.modules = modules,
		.nr_modules = 2,
	};
	struct udv_machine *machine;
	struct udv_registers r;
	struct test_image image;
	uint64_t info, at;

	(void)state;
	/* it asks for everything that there is, and may be moved */
	ELF(&image, TAG(1, 0), 36, 1, 2, 3, 4, 6, 14, 15, 0, TAG(10, 0), 24, 0, -1u, 0, 0,
	    TAG(6, 0), 8, END);
	machine = rig_loaded(&image, &boot, 6144 * MB, &r);
	info = r.gpr[UDV_RBX];
	rig_text(machine, find(machine, info, 1, 0) + 8, "image x");
	rig_text(machine, find(machine, info, 2, 0) + 8, "undervisor");
	at = find(machine, info, 3, 0);
	assert_int_equal(rig_field(machine, at + 8, 4), 0x103000);
	assert_int_equal(rig_field(machine, at + 12, 4), 0x103005);
	rig_text(machine, at + 16, "one a");
	at = find(machine, info, 3, 1);
	assert_int_equal(rig_field(machine, at + 8, 4), 0x104000);
	assert_int_equal(rig_field(machine, at + 12, 4), 0x104007);
	rig_text(machine, at + 16, "");
	assert_int_equal(rig_field(machine, 0x104000, 8), 0x21646e6f636573);
	assert_int_equal(find(machine, info, 3, 2), 0);
	at = find(machine, info, 4, 0);
	assert_int_equal(rig_field(machine, at + 8, 4), 639);
	assert_int_equal(rig_field(machine, at + 12, 4), 3071 * 1024);
	at = find(machine, info, 6, 0);
	assert_int_equal(rig_field(machine, at + 4, 4), 16 + 5 * 24);
	assert_int_equal(rig_field(machine, at + 8, 8), 24);
	assert_int_equal(rig_field(machine, at + 16 + 4 * 24, 8), 4096 * MB);
	assert_int_equal(rig_field(machine, at + 16 + 4 * 24 + 8, 8), 3072 * MB);
	assert_int_equal(rig_field(machine, at + 16 + 4 * 24 + 16, 4), 1);
	for (unsigned i = 0; i < 20; i++)
		assert_int_equal(rig_field(machine, find(machine, info, 14, 0) + 8 + i, 1),
				 rig_field(machine, 0xe0000 + i, 1));
	for (unsigned i = 0; i < 36; i++)
		assert_int_equal(rig_field(machine, find(machine, info, 15, 0) + 8 + i, 1),
				 rig_field(machine, 0xe0000 + i, 1));
	assert_int_equal(rig_field(machine, find(machine, info, 21, 0) + 8, 4), 0x100000);
	assert_int_equal(find(machine, info, 0, 0), info + rig_field(machine, info, 4) - 8);
	udv_machine_destroy(machine);
}

/* A flat file by the addresses in its header, which is at its start. */
static void test_addresses(void **state)
{
	static const uint32_t tags[] = { TAG(2, 0), 24, 0x100000, 0x100000, 0x100050, 0x100080,
					 TAG(3, 0), 12, 0x100048, 0,	    END };
	struct udv_machine *machine;
	struct udv_registers r;
	struct test_image image;

	(void)state;
	memset(&image, 0, sizeof(image));
	image_multiboot2(&image, 0, tags, sizeof(tags) / 4);
	image_put(&image, 0x48, 0x1122334455667788, 8);
	image_put(&image, 0x50, 0xff, 1);
	machine = rig_loaded(&image, NULL, 4 * MB, &r);
	assert_int_equal(r.rip, 0x100048);
	assert_int_equal(rig_field(machine, 0x100048, 8), 0x1122334455667788);
	assert_int_equal(rig_field(machine, 0x100050, 8), 0);
	assert_int_equal(find(machine, r.gpr[UDV_RBX], 21, 0), 0);
	udv_machine_destroy(machine);
	image_put(&image, 16 + 24 + 8, 0x100080, 4);
	rig_refused(&image, NULL, 4 * MB, UDV_ERR_FORMAT,
		    "the entry 0x100080 is outside the image");
	image_put(&image, 16 + 12, 0x100001, 4);
	rig_refused(&image, NULL, 4 * MB, UDV_ERR_FORMAT,
		    "the multiboot header's load address 0x100001 is not in the file");
	image_put(&image, 16 + 12, 0x100000, 4);
	image_put(&image, 16 + 16, 0x100052, 4);
	rig_refused(&image, NULL, 4 * MB, UDV_ERR_TRUNCATED,
		    "truncated: 0x52 bytes at 0 of the file are missing");
	image_put(&image, 16 + 16, 0x100000, 4);
	rig_refused(&image, NULL, 4 * MB, UDV_ERR_FORMAT,
		    "the multiboot header's end of image is before its start");
}

#define OPTIONAL 1

/* Optional wishes that are not fulfilled, and duties that are none, are no reason to refuse. */
static void test_optional(void **state)
{
	struct test_image image;
	struct udv_registers r;

	(void)state;
	ELF(&image, TAG(1, OPTIONAL), 12, 8, 0, TAG(4, OPTIONAL), 12, 1, 0, TAG(5, OPTIONAL), 20, 0,
	    0, 0, 0, TAG(99, OPTIONAL), 8, TAG(4, 0), 12, 2, 0, TAG(7, 0), 8, END);
	udv_machine_destroy(rig_loaded(&image, NULL, 4 * MB, &r));
	assert_int_equal(r.rip, 0x100010);
}

static void test_refusals(void **state)
{
	static const uint32_t end[] = { END };
	struct test_image image;

	(void)state;
	ELF(&image, TAG(1, 0), 12, 8, 0, END);
	rig_refused(&image, NULL, 4 * MB, UDV_ERR_UNSUPPORTED,
		    "the multiboot 2 header asks for information of type 8, which there is none "
		    "of");
	ELF(&image, TAG(1, 0), 12, UINT32_MAX, 0, END);
	rig_refused(&image, NULL, 4 * MB, UDV_ERR_UNSUPPORTED,
		    "the multiboot 2 header asks for information of type 4294967295, which there "
		    "is none of");
	ELF(&image, TAG(4, 0), 12, 1, 0, END);
	rig_refused(&image, NULL, 4 * MB, UDV_ERR_UNSUPPORTED,
		    "the multiboot 2 header asks for a console of its own");
	ELF(&image, TAG(5, 0), 20, 0, 0, 0, 0, END);
	rig_refused(&image, NULL, 4 * MB, UDV_ERR_UNSUPPORTED,
		    "the multiboot 2 header asks for a framebuffer");
	ELF(&image, TAG(11, 0), 8, END);
	rig_refused(&image, NULL, 4 * MB, UDV_ERR_UNSUPPORTED,
		    "the multiboot 2 header asks for a feature unknown here");
	ELF(&image, TAG(2, 0), 16, 0, 0, END);
	rig_refused(&image, NULL, 4 * MB, UDV_ERR_FORMAT,
		    "tag 2 of the multiboot 2 header is too short");
	ELF(&image, TAG(3, 0), 8, END);
	rig_refused(&image, NULL, 4 * MB, UDV_ERR_FORMAT,
		    "tag 3 of the multiboot 2 header is too short");
	ELF(&image, TAG(4, OPTIONAL), 8, END);
	rig_refused(&image, NULL, 4 * MB, UDV_ERR_FORMAT,
		    "tag 4 of the multiboot 2 header is too short");
	ELF(&image, TAG(2, 0), 24, 0, 0, 0, 0, END);
	rig_refused(&image, NULL, 4 * MB, UDV_ERR_FORMAT,
		    "a multiboot 2 header with addresses, but no entry");
	ELF(&image, TAG(3, 0), 12, 0x103000, 0, END);
	rig_refused(&image, NULL, 4 * MB, UDV_ERR_FORMAT,
		    "the entry 0x103000 is outside the image");
	memset(&image, 0, sizeof(image));
	image_multiboot2(&image, 0, end, 2);
	rig_refused(&image, NULL, 4 * MB, UDV_ERR_FORMAT,
		    "a multiboot 2 header without addresses, and no ELF file");
}

#define NO_LAST "the multiboot 2 header has no last tag"

static void test_tags(void **state)
{
	uint32_t many[2 * 65];
	struct test_image image;
	struct udv_registers r;

	(void)state;
	ELF(&image, TAG(6, 0), 8);
	rig_refused(&image, NULL, 4 * MB, UDV_ERR_FORMAT, NO_LAST);
	ELF(&image, TAG(6, 0), 0, END); /* a tag without a size would never end */
	rig_refused(&image, NULL, 4 * MB, UDV_ERR_FORMAT, NO_LAST);
	ELF(&image, TAG(6, 0), UINT32_MAX, END);
	rig_refused(&image, NULL, 4 * MB, UDV_ERR_FORMAT, NO_LAST);
	ELF(&image, TAG(6, 0), 17, END);
	rig_refused(&image, NULL, 4 * MB, UDV_ERR_FORMAT, NO_LAST);
	ELF(&image, 0);
	rig_refused(&image, NULL, 4 * MB, UDV_ERR_FORMAT, NO_LAST);
	/* 63 tags and the last one are fine, one more is not */
	for (unsigned i = 0; i < 65; i++) {
		many[2 * i] = i < 64 ? 6 : 0;
		many[2 * i + 1] = 8;
	}
	elf(&image, many + 2, 2 * 64);
	udv_machine_destroy(rig_loaded(&image, NULL, 4 * MB, &r));
	elf(&image, many, 2 * 65);
	rig_refused(&image, NULL, 4 * MB, UDV_ERR_FORMAT, NO_LAST);
}

static void test_header(void **state)
{
	struct test_image image;
	struct udv_machine *machine;
	struct udv_registers r;

	(void)state;
	ELF(&image, END); /* MIPS */
	image_put(&image, HEADER + 4, 4, 4);
	image_put(&image, HEADER + 12, 0u - (0xe85250d6 + 4 + 24), 4);
	rig_refused(&image, NULL, 4 * MB, UDV_ERR_UNSUPPORTED,
		    "the multiboot 2 header is for another architecture");
	ELF(&image, END); /* longer than the file */
	image_put(&image, HEADER + 8, 0x2000, 4);
	image_put(&image, HEADER + 12, 0u - (0xe85250d6 + 0x2000), 4);
	rig_refused(&image, NULL, 4 * MB, UDV_ERR_TRUNCATED, "the multiboot 2 header is truncated");
	ELF(&image, END); /* a wrong sum: no header */
	image_put(&image, HEADER + 12, 0u - (0xe85250d6 + 25), 4);
	machine = rig_loaded(&image, NULL, 4 * MB, &r);
	assert_int_equal(r.gpr[UDV_RAX], 0);
	udv_machine_destroy(machine);
}

static void test_module_room(void **state)
{
	static uint8_t large[3 << 20];
	const struct udv_module modules[] = { { large, 4096, NULL }, { large, sizeof(large), "" } };
	const struct udv_boot boot = { .modules = modules, .nr_modules = 2 };
	struct test_image image;

	(void)state;
	ELF(&image, END);
	rig_refused(&image, &boot, 4 * MB, UDV_ERR_NO_MEMORY,
		    "no memory left for module 2 of 3145728 bytes");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_entry),	  cmocka_unit_test(test_information),
		cmocka_unit_test(test_addresses), cmocka_unit_test(test_optional),
		cmocka_unit_test(test_refusals),  cmocka_unit_test(test_tags),
		cmocka_unit_test(test_header),	  cmocka_unit_test(test_module_room),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
