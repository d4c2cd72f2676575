/* SPDX-License-Identifier: MIT */
#include "loader_images.h"

#include <stdbool.h>
#include <string.h>

#ifdef UDV_HAVE_XZ
#include <lzma.h>
#endif
#ifdef UDV_HAVE_ZLIB
#include <zlib.h>
#endif
#ifdef UDV_HAVE_ZSTD
#include <zstd.h>
#endif

#define CODE 0x100000u
#define MULTIBOOT_MAGIC 0x1badb002u
#define MULTIBOOT2_MAGIC 0xe85250d6u
#define IMAGE_MAX (LOADER_INPUT_MAX - sizeof(struct choices))

struct writer {
	uint8_t *data;
	unsigned seed;
};

static unsigned next(struct writer *w)
{
	w->seed = w->seed * 1664525u + 1013904223u;
	return w->seed >> 16;
}

static void put(struct writer *w, size_t at, uint64_t value, unsigned size)
{
	memcpy(w->data + at, &value, size);
}

/* Loops that a run goes through, with some devices and an exception that nothing handles. */
static void put_code(struct writer *w, size_t at)
{
	static const uint8_t code[] = { 0xb9, 0x40, 0, 0, 0, 0xe4, 0x61, 0xe6, 0x80, 0xe2, 0xfa,
					0xa1, 0,    0, 0, 0, 0x90, 0x90, 0xcd, 0x20, 0xeb, 0xfe };

	memcpy(w->data + at, code, sizeof(code));
}

static void put_multiboot(struct writer *w, size_t at, uint32_t flags)
{
	put(w, at, MULTIBOOT_MAGIC, 4);
	put(w, at + 4, flags, 4);
	put(w, at + 8, 0u - MULTIBOOT_MAGIC - flags, 4);
}

/* An ELF file with two segments: headers in front, 100H bytes of code, then data. */
static size_t put_elf(struct writer *w, bool wide)
{
	unsigned word = wide ? 8 : 4, header = wide ? 64 : 52, entry = wide ? 56 : 32;

	memcpy(w->data, "\177ELF", 4);
	put(w, 4, wide ? 0x010102 : 0x010101, 3);
	put(w, 16, 2 | (uint64_t)(wide ? 62 : 3) << 16 | 1ull << 32, 8);
	put(w, 24, CODE, word);
	put(w, 24 + word, header, word);
	put(w, 24 + 3 * word + 4, header | entry << 16, 4);
	put(w, 24 + 3 * word + 8, 2, 2);
	for (unsigned i = 0; i < 2; i++) {
		size_t at = header + i * entry, fields = wide ? 8 : 4;
		uint64_t place = CODE + i * 0x2000;

		put(w, at, 1, 4);
		put(w, at + fields, 0x200 + i * 0x100, word);
		put(w, at + fields + word, place, word);
		put(w, at + fields + 2 * word, place, word);
		put(w, at + fields + 3 * word, 0x100, word);
		put(w, at + fields + 4 * word, 0x100 + i * 0x1000, word);
	}
	put_code(w, 0x200);
	return 0x400;
}

static size_t put_multiboot_elf(struct writer *w)
{
	size_t size = put_elf(w, next(w) & 1);

	put_multiboot(w, 0x180, 3);
	return size;
}

static size_t put_addresses(struct writer *w)
{
	put_multiboot(w, 0, 0x10003);
	put(w, 12, CODE, 4);
	put(w, 16, CODE, 4);
	put(w, 20, next(w) & 1 ? CODE + 0x100 : 0, 4);
	put(w, 24, next(w) & 1 ? CODE + 0x1000 : 0, 4);
	put(w, 28, CODE + 0x40, 4);
	put_code(w, 0x40);
	return 0x100;
}

/* The second segment is a note with the entry, behind one of another's. */
static size_t put_pvh(struct writer *w, bool wide)
{
	size_t size = put_elf(w, wide), table = wide ? 64 + 56 : 52 + 32;

	put(w, table, 4, 4);
	put(w, 0x300, 4 | 8ull << 32, 8);
	put(w, 0x308, 1, 4);
	memcpy(w->data + 0x30c, "GNU", 4);
	put(w, 0x318, 4 | (uint64_t)(wide ? 8 : 4) << 32, 8);
	put(w, 0x320, 18, 4);
	memcpy(w->data + 0x324, "Xen", 4);
	put(w, 0x328, CODE, 8);
	return size;
}

static void put_tag(struct writer *w, size_t *at, unsigned type, const uint32_t *words,
		    unsigned nr_words)
{
	put(w, *at, type | (next(w) & 1) << 16, 4);
	put(w, *at + 4, 8 + 4 * nr_words, 4);
	for (unsigned i = 0; i < nr_words; i++)
		put(w, *at + 8 + 4ul * i, words[i], 4);
	*at = (*at + 8 + 4ul * nr_words + 7) & ~(size_t)7;
}

static void put_wishes(struct writer *w, size_t *at)
{
	static const uint32_t requests[] = { 1, 3, 4, 6, 15 }, console = 2, place[4] = { 0 };

	if (next(w) & 1)
		put_tag(w, at, 1, requests, 1 + next(w) % 5);
	if (next(w) & 1)
		put_tag(w, at, 4, &console, 1);
	if (next(w) & 1)
		put_tag(w, at, 10, place, 4);
	if (next(w) & 1)
		put_tag(w, at, 6 + next(w) % 4, NULL, 0);
}

static size_t put_multiboot2(struct writer *w)
{
	const uint32_t addresses[] = { CODE + 0x100, CODE, 0, CODE + 0x2000 };
	const uint32_t entry = CODE + 0x200;
	bool elf = next(w) & 1;
	size_t at = 0x110;

	if (elf)
		put_elf(w, next(w) & 1);
	put_code(w, 0x200);
	put_wishes(w, &at);
	if (!elf)
		put_tag(w, &at, 2, addresses, 4);
	if (!elf || next(w) & 1)
		put_tag(w, &at, 3, elf ? &addresses[1] : &entry, 1);
	put_tag(w, &at, 0, NULL, 0);
	put(w, 0x100, MULTIBOOT2_MAGIC, 8);
	put(w, 0x108, at - 0x100, 4);
	put(w, 0x10c, 0u - MULTIBOOT2_MAGIC - (uint32_t)(at - 0x100), 4);
	return 0x400;
}

/* ---------------------------------------------------------------- bzImages */

/* Without a checksum where there need not be one, so that changes get further. */
static size_t pack(unsigned kind, const uint8_t *data, size_t size, uint8_t *out, size_t room)
{
	(void)data, (void)size, (void)out, (void)room;
	switch (kind) {
#ifdef UDV_HAVE_XZ
	case 0: {
		size_t used = 0;

		return lzma_easy_buffer_encode(0, LZMA_CHECK_NONE, NULL, data, size, out, &used,
					       room) == LZMA_OK
			       ? used
			       : 0;
	}
#endif
#ifdef UDV_HAVE_ZSTD
	case 1: {
		size_t used = ZSTD_compress(out, room, data, size, 1);

		return ZSTD_isError(used) ? 0 : used;
	}
#endif
#ifdef UDV_HAVE_ZLIB
	case 2: {
		z_stream stream = { .next_in = (Bytef *)(uintptr_t)data,
				    .avail_in = (unsigned)size,
				    .next_out = out,
				    .avail_out = (unsigned)room };

		if (deflateInit2(&stream, 1, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) != Z_OK)
			return 0;
		deflate(&stream, Z_FINISH);
		deflateEnd(&stream);
		return room - stream.avail_out;
	}
#endif
	default:
		return 0;
	}
}

/* Its payload starts by PVH, with up to three odd numbers in it. */
static size_t put_linux(struct writer *w)
{
	uint8_t kernel[0x400] = { 0 };
	struct writer inner = { kernel, next(w) };
	size_t size = put_pvh(&inner, next(w) & 1);

	for (unsigned i = next(w) % 4; i; i--)
		loader_odd_number(kernel, size, next(w));
	size = pack(next(w) % 4, kernel, size, w->data + 0x640, IMAGE_MAX - 0x640);
	put(w, 0x1f1, 1, 1);
	put(w, 0x1f4, (0x240 + size) / 16, 4);
	put(w, 0x1fe, 0xebaa55, 3);
	put(w, 0x201, 0x66, 1);
	memcpy(w->data + 0x202, "HdrS", 4);
	put(w, 0x206, 0x20f, 2);
	put(w, 0x211, 1, 1);
	put(w, 0x22c, 0x7fffffff, 4);
	put(w, 0x236, 1, 2);
	put(w, 0x238, 2047, 4);
	put(w, 0x248, 0x240, 4);
	put(w, 0x24c, size, 4);
	put(w, 0x258, CODE, 8);
	put(w, 0x260, 0x4000, 4);
	put_code(w, 0x600);
	return 0x640 + size;
}

/* ---------------------------------------------------------------- for the fuzzer */

size_t loader_image(uint8_t *data, unsigned seed)
{
	struct writer w = { data + sizeof(struct choices), seed };
	size_t size = 0;

	memset(data, 0, LOADER_INPUT_MAX);
	/* 2 MB and up. */
	data[0] = (uint8_t)((next(&w) & 0xfc) | (1 + next(&w) % 2));
	data[1] = (uint8_t)(next(&w) & 3);
	data[2] = (uint8_t)(next(&w) & 15);
	data[3] = (uint8_t)next(&w);
	switch (next(&w) % 8) {
	case 0:
		size = put_elf(&w, next(&w) & 1);
		break;
	case 1:
		size = put_multiboot_elf(&w);
		break;
	case 2:
		size = put_addresses(&w);
		break;
	case 3:
		size = put_pvh(&w, next(&w) & 1);
		break;
	case 4:
	case 5:
		size = put_multiboot2(&w);
		break;
	default:
		size = put_linux(&w);
		break;
	}
	return sizeof(struct choices) + size;
}

void loader_odd_number(uint8_t *image, size_t size, unsigned seed)
{
	static const uint64_t odd[] = { 0,	    1,		0xfff,	    0x1000,
					0xa0000,    0xfffff,	0x100000,   0x1fffff,
					0x200000,   0x7fffffff, 0x80000000, 0xffffffff,
					0xfffff000, 1ull << 32, 1ull << 63, ~0ull };
	struct writer w = { image, seed };
	size_t at = next(&w) % 0xd0u * 4;
	unsigned bytes = 1u << next(&w) % 4;

	if (at + bytes <= size)
		put(&w, at, odd[next(&w) % 16] + (next(&w) & 4 ? next(&w) & 0xf : 0), bytes);
}
