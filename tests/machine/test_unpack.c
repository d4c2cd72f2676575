/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#ifdef UDV_HAVE_XZ
#include <lzma.h>
#endif
#ifdef UDV_HAVE_ZLIB
#include <zlib.h>
#endif
#ifdef UDV_HAVE_ZSTD
#include <zstd.h>
#endif

#include "rig.h"

/* A bzImage's payload, packed in each way that is known, whole and damaged. */

/* Packs @size bytes; how many @out has, of @room. */
typedef size_t packer(const void *data, size_t size, uint8_t *out, size_t room);

#ifdef UDV_HAVE_XZ
static size_t pack_xz(const void *data, size_t size, uint8_t *out, size_t room)
{
	size_t used = 0;

	assert_int_equal(
		lzma_easy_buffer_encode(1, LZMA_CHECK_CRC32, NULL, data, size, out, &used, room),
		LZMA_OK);
	return used;
}

/* As the kernel's build does it for x86: what calls reach is made relative once unpacked. */
static size_t pack_xz_x86(const void *data, size_t size, uint8_t *out, size_t room)
{
	lzma_options_lzma options;
	lzma_filter filters[] = {
		{ LZMA_FILTER_X86, NULL },
		{ LZMA_FILTER_LZMA2, &options },
		{ LZMA_VLI_UNKNOWN, NULL },
	};
	size_t used = 0;

	assert_false(lzma_lzma_preset(&options, 1));
	assert_int_equal(lzma_stream_buffer_encode(filters, LZMA_CHECK_CRC32, NULL, data, size, out,
						   &used, room),
			 LZMA_OK);
	assert_int_equal(out[13] & 3, size ? 1 : 0); /* in the block's header: two filters */
	return used;
}
#else
#define pack_xz NULL
#define pack_xz_x86 NULL
#endif

#ifdef UDV_HAVE_ZSTD
static size_t pack_zstd(const void *data, size_t size, uint8_t *out, size_t room)
{
	ZSTD_CCtx *context = ZSTD_createCCtx();
	size_t used;

	assert_non_null(context);
	ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1);
	used = ZSTD_compress2(context, out, room, data, size);
	assert_false(ZSTD_isError(used));
	ZSTD_freeCCtx(context);
	return used;
}
#else
#define pack_zstd NULL
#endif

#ifdef UDV_HAVE_ZLIB
static size_t pack_gzip(const void *data, size_t size, uint8_t *out, size_t room)
{
	z_stream stream = { 0 };

	assert_int_equal(deflateInit2(&stream, 9, Z_DEFLATED, 15 + 16, 9, Z_DEFAULT_STRATEGY),
			 Z_OK);
	stream.next_in = (Bytef *)(uintptr_t)data;
	stream.avail_in = (unsigned)size;
	stream.next_out = out;
	stream.avail_out = (unsigned)room;
	assert_int_equal(deflate(&stream, Z_FINISH), Z_STREAM_END);
	deflateEnd(&stream);
	return room - stream.avail_out;
}
#else
#define pack_gzip NULL
#endif

static const struct format {
	const char *name;
	packer *pack;
	const char *magic; /* of 6 bytes */
} formats[] = {
	{ "XZ", pack_xz,
	  "\xfd"
	  "7zXZ" },
	{ "XZ", pack_xz_x86,
	  "\xfd"
	  "7zXZ" },
	{ "Zstandard", pack_zstd, "\x28\xb5\x2f\xfd\0" },
	{ "gzip", pack_gzip, "\x1f\x8b\x08\0\0" },
};

#define NR_FORMATS (sizeof(formats) / sizeof(formats[0]))
#define ROOM (IMAGE_MAX - LINUX_SETUP - LINUX_PAYLOAD - 16)

/* The bzImage of @size bytes; the size of its payload. */
static size_t wrap(struct test_image *image, const struct format *format, const void *data,
		   size_t size)
{
	static uint8_t packed[ROOM];
	size_t packed_size = format->pack(data, size, packed, sizeof(packed));

	image_linux(image, packed, packed_size);
	return packed_size;
}

/* E8: a call, which XZ's filter changes in the packed file. */
#define CALL 0x28
#define CALL_CODE 0xf490000001e8f490

static size_t wrap_kernel(struct test_image *image, const struct format *format)
{
	struct test_image kernel;

	image_pvh(&kernel, true, 0x100020, 4);
	if (format->pack == pack_xz_x86)
		image_put(&kernel, image_contents(true, 2) + CALL, CALL_CODE, 8);
	return wrap(image, format, kernel.data, kernel.size);
}

/* A phrase with the format's name in it. */
static const char *named(const char *phrase, const struct format *format)
{
	static char text[192];

	snprintf(text, sizeof(text), "%s (%s)", phrase, format->name);
	return text;
}

/* GUEST-12: it starts as the kernel inside it would by itself, but gets its modules in one piece.
 */
static void test_each(void **state)
{
	static const struct udv_module modules[] = { { "first", 5, NULL }, { "2nd", 3, NULL } };
	const struct udv_boot boot = {
		.cmdline = "image x y",
		.name_size = 5,
		.modules = modules,
		.nr_modules = 2,
	};
	struct test_image image;

	(void)state;
	for (unsigned i = 0; i < NR_FORMATS; i++) {
		struct udv_machine *machine;
		struct udv_registers r;
		uint64_t info, module;

		if (!formats[i].pack)
			continue;
		wrap_kernel(&image, &formats[i]);
		machine = rig_loaded(&image, &boot, 4 * MB, &r);
		assert_string_equal(udv_machine_mode(machine, 0), "32-bit protected mode");
		assert_int_equal(r.rip, 0x100020);
		assert_int_equal(rig_field(machine, 0x100000, 8), 0x1716151413121110);
		if (formats[i].pack == pack_xz_x86)
			assert_int_equal(rig_field(machine, 0x100000 + CALL, 8), CALL_CODE);
		info = r.gpr[UDV_RBX];
		assert_int_equal(rig_field(machine, info, 4), 0x336ec578);
		assert_int_equal(rig_field(machine, info + 12, 4), 1);
		rig_text(machine, rig_field(machine, info + 24, 8), "x y");
		module = rig_field(machine, info + 16, 8);
		assert_int_equal(rig_field(machine, module, 8), 0x3ff000);
		assert_int_equal(rig_field(machine, module + 8, 8), 11);
		assert_int_equal(rig_field(machine, 0x3ff000, 8), 0x7473726966);
		assert_int_equal(rig_field(machine, 0x3ff008, 4), 0x646e32);
		udv_machine_destroy(machine);
	}
}

/* What the kernel's build puts behind the payload, and counts as a part of it, is not looked at. */
static void test_trailer(void **state)
{
	struct test_image image;
	struct udv_registers r;

	(void)state;
	for (unsigned i = 0; i < NR_FORMATS; i++) {
		size_t size = formats[i].pack ? wrap_kernel(&image, &formats[i]) : 0;

		if (!size)
			continue;
		image_put(&image, image.size, 0xffffffff, 4);
		image_put(&image, 0x24c, size + 4, 4);
		udv_machine_destroy(rig_loaded(&image, NULL, 4 * MB, &r));
		assert_int_equal(r.rip, 0x100020);
	}
}

/* The payload ends early: the header counts less than there is. */
static void test_truncated(void **state)
{
	struct test_image image;

	(void)state;
	for (unsigned i = 0; i < NR_FORMATS; i++) {
		size_t size = formats[i].pack ? wrap_kernel(&image, &formats[i]) : 0;

		for (size_t left = 6; left < size; left++) {
			image_put(&image, 0x24c, left, 4);
			rig_refused(&image, NULL, 4 * MB, UDV_ERR_TRUNCATED,
				    named("the kernel's payload is truncated", &formats[i]));
		}
		if (!size)
			continue;
		image_put(&image, 0x24c, 0, 4);
		rig_refused(&image, NULL, 4 * MB, UDV_ERR_TRUNCATED,
			    "the Linux kernel is truncated");
		image_put(&image, 0x24c, UINT32_MAX, 4);
		rig_refused(&image, NULL, 4 * MB, UDV_ERR_TRUNCATED,
			    "the Linux kernel is truncated");
		image_put(&image, 0x24c, size, 4);
		image_put(&image, 0x248, UINT32_MAX, 4);
		rig_refused(&image, NULL, 4 * MB, UDV_ERR_TRUNCATED,
			    "the Linux kernel is truncated");
	}
}

/*
 * Each format has a checksum, so no bit can change without being seen. A size that changes can
 * make it wait for more, or grow without end.
 */
static void test_damaged(void **state)
{
	struct test_image image;

	(void)state;
	for (unsigned i = 0; i < NR_FORMATS; i++) {
		size_t size = formats[i].pack ? wrap_kernel(&image, &formats[i]) : 0;
		unsigned damaged = 0;

		for (size_t at = 6; at < size; at++) {
			struct udv_machine_config config = { .memory = 4 * MB };
			uint8_t *byte = &image.data[LINUX_SETUP + LINUX_PAYLOAD + at];
			struct udv_machine *machine;
			struct udv_problem problem;
			enum udv_status status;
			bool cut;

			/* A gzip file's header says when, and where it was made. */
			if (strcmp(formats[i].name, "gzip") == 0 && at < 10)
				continue;
			*byte ^= 0x10;
			assert_int_equal(udv_machine_create(&config, &machine, NULL), UDV_OK);
			status = rig_load(machine, &image, NULL, &problem);
			udv_machine_destroy(machine);
			*byte ^= 0x10;
			cut = status == UDV_ERR_TRUNCATED;
			assert_int_equal(status, cut ? UDV_ERR_TRUNCATED : UDV_ERR_FORMAT);
			assert_string_equal(problem.text,
					    named(cut ? "the kernel's payload is truncated"
						      : "the kernel's payload is damaged",
						  &formats[i]));
			damaged += !cut;
		}
		assert_true(!size || damaged > size / 2);
	}
}

/* A few KB that become more than the header or the machine has room for: no more is made. */
static void test_bomb(void **state)
{
	const size_t size = 9 << 20;
	uint8_t *zeros = calloc(1, size);
	struct test_image image;

	(void)state;
	assert_non_null(zeros);
	for (unsigned i = 0; i < NR_FORMATS; i++) {
		if (!formats[i].pack)
			continue;
		wrap(&image, &formats[i], zeros, size);
		rig_refused(&image, NULL, 16 * MB, UDV_ERR_FORMAT,
			    "the kernel's payload is larger than the 32768 bytes that its header "
			    "says it needs");
		image_put(&image, 0x260, size - 1, 4);
		rig_refused(&image, NULL, 16 * MB, UDV_ERR_FORMAT,
			    "the kernel's payload is larger than the 9437183 bytes that its header "
			    "says it needs");
		image_put(&image, 0x260, size, 4);
		rig_refused(&image, NULL, 4 * MB, UDV_ERR_NO_MEMORY,
			    "the kernel's payload is larger than the 4 MB of memory");
		rig_refused(&image, NULL, 16 * MB, UDV_ERR_FORMAT,
			    "the kernel's payload is no ELF file");
	}
	free(zeros);
}

/* The payload is not what it should be. */
static void test_contents(void **state)
{
	struct test_image image, kernel;

	(void)state;
	for (unsigned i = 0; i < NR_FORMATS; i++) {
		if (!formats[i].pack)
			continue;
		wrap(&image, &formats[i], "", 0);
		rig_refused(&image, NULL, 4 * MB, UDV_ERR_FORMAT,
			    "the kernel's payload is no ELF file");
		image_pvh(&kernel, true, 0x100040, 4);
		wrap(&image, &formats[i], kernel.data, kernel.size);
		rig_refused(&image, NULL, 4 * MB, UDV_ERR_FORMAT,
			    "the PVH entry 0x100040 is in no segment of the ELF file");
		image_elf(&kernel, true, 0x100000,
			  &(struct test_segment){ 0x100000, 0x100000, 64, 64 }, 1);
		wrap(&image, &formats[i], kernel.data, kernel.size);
		rig_refused(&image, NULL, 4 * MB, UDV_ERR_UNSUPPORTED,
			    "the kernel has no PVH entry (CONFIG_PVH); it can boot with "
			    "--kernel-decompress guest");
	}
}

/* Packed in ways that this build, or none, can unpack. */
static void test_unknown(void **state)
{
	static const struct {
		const char *magic, *name;
	} others[] = {
		{ "\x02\x21\x4c\x18", "LZ4" },
		{ "\x5d\0\0\x80", "LZMA" },
		{ "\x89LZO", "LZO" },
		{ "BZh9", "bzip2" },
	};
	struct test_image image;
	char text[192];

	(void)state;
	image_linux(&image, "nothing", 7);
	rig_refused(&image, NULL, 4 * MB, UDV_ERR_FORMAT,
		    "the kernel's payload is damaged, or packed in a way unknown here; "
		    "--kernel-decompress guest leaves it to the kernel");
	for (unsigned i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		image_linux(&image, others[i].magic, 4);
		snprintf(text, sizeof(text),
			 "the kernel is packed with %s, which is unknown here; "
			 "--kernel-decompress guest leaves it to the kernel",
			 others[i].name);
		rig_refused(&image, NULL, 4 * MB, UDV_ERR_UNSUPPORTED, text);
	}
	for (unsigned i = 0; i < NR_FORMATS; i++) {
		if (formats[i].pack)
			continue;
		image_linux(&image, formats[i].magic, 6);
		snprintf(text, sizeof(text),
			 "the kernel is packed with %s, which this build cannot unpack; "
			 "--kernel-decompress guest leaves it to the kernel",
			 formats[i].name);
		rig_refused(&image, NULL, 4 * MB, UDV_ERR_UNSUPPORTED, text);
	}
}

#ifdef UDV_HAVE_ZSTD
/* A frame with a window of 256 MB. RFC 8878, "Window_Descriptor" */
static void test_zstd_window(void **state)
{
	static const uint8_t frame[] = { 0x28, 0xb5, 0x2f, 0xfd, 0x00, 18 << 3, 1, 0, 0 };
	struct test_image image;

	(void)state;
	image_linux(&image, frame, sizeof(frame));
	rig_refused(&image, NULL, 4 * MB, UDV_ERR_UNSUPPORTED,
		    "the kernel's payload needs a window of more than 128 MB (Zstandard); "
		    "--kernel-decompress guest leaves it to the kernel");
}
#endif

#ifdef UDV_HAVE_XZ
/* A dictionary of 256 MB, of which only the header needs to know. */
static void test_xz_window(void **state)
{
	uint8_t stream[256];
	struct test_image image;
	lzma_options_lzma options;
	lzma_filter filters[2] = { { LZMA_FILTER_LZMA2, &options }, { LZMA_VLI_UNKNOWN, NULL } };
	size_t used = 0, header;
	uint32_t crc;

	(void)state;
	assert_false(lzma_lzma_preset(&options, 0));
	assert_int_equal(lzma_stream_buffer_encode(filters, LZMA_CHECK_CRC32, NULL,
						   (const uint8_t *)"abc", 3, stream, &used,
						   sizeof(stream)),
			 LZMA_OK);
	/*
	 * The block header behind the stream's 12 bytes: size, flags, both sizes, filter 21H with 1
	 * byte of properties, the dictionary's size, padding, CRC32. XZ file format, 3.1, 5.3.1.
	 */
	assert_int_equal(stream[13], 0xc0);
	assert_int_equal(stream[16], 0x21);
	stream[18] = 32; /* 2 << 27 */
	header = (stream[12] + 1u) * 4 - 4;
	crc = lzma_crc32(stream + 12, header, 0);
	memcpy(stream + 12 + header, &crc, 4);
	image_linux(&image, stream, used);
	rig_refused(&image, NULL, 4 * MB, UDV_ERR_UNSUPPORTED,
		    "the kernel's payload needs a window of more than 128 MB (XZ); "
		    "--kernel-decompress guest leaves it to the kernel");
}
#endif

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each),	    cmocka_unit_test(test_trailer),
		cmocka_unit_test(test_truncated),   cmocka_unit_test(test_damaged),
		cmocka_unit_test(test_bomb),	    cmocka_unit_test(test_contents),
		cmocka_unit_test(test_unknown),
#ifdef UDV_HAVE_ZSTD
		cmocka_unit_test(test_zstd_window),
#endif
#ifdef UDV_HAVE_XZ
		cmocka_unit_test(test_xz_window),
#endif
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
