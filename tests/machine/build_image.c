/* SPDX-License-Identifier: MIT */
#include "build_image.h"

#include <string.h>

void image_put(struct test_image *image, size_t offset, uint64_t value, unsigned size)
{
	memcpy(image->data + offset, &value, size);
	if (image->size < offset + size)
		image->size = offset + size;
}

size_t image_contents(bool is64, unsigned nr_segments)
{
	return (is64 ? 64 : 52) + nr_segments * (is64 ? 56u : 32u);
}

static void put_segment(struct test_image *image, bool is64, size_t at, uint64_t offset,
			const struct test_segment *segment)
{
	unsigned word = is64 ? 8 : 4;
	size_t fields = at + (is64 ? 8 : 4);

	image_put(image, at, 1, 4); /* PT_LOAD */
	image_put(image, fields, offset, word);
	image_put(image, fields + word, segment->vaddr, word);
	image_put(image, fields + 2 * word, segment->paddr, word);
	image_put(image, fields + 3 * word, segment->filesz, word);
	image_put(image, fields + 4 * word, segment->memsz, word);
}

void image_elf(struct test_image *image, bool is64, uint64_t entry,
	       const struct test_segment *segments, unsigned nr_segments)
{
	unsigned word = is64 ? 8 : 4;
	size_t header = is64 ? 64 : 52, table = is64 ? 56 : 32;
	size_t contents = image_contents(is64, nr_segments);

	memset(image, 0, sizeof(*image));
	memcpy(image->data, "\177ELF\0\1\1", 7);
	image->data[4] = is64 ? 2 : 1;
	image_put(image, 16, 2, 2);		/* executable */
	image_put(image, 18, is64 ? 62 : 3, 2); /* machine */
	image_put(image, 20, 1, 4);
	image_put(image, 24, entry, word);
	image_put(image, 24 + word, header, word);
	image_put(image, is64 ? 52 : 40, header, 2);
	image_put(image, is64 ? 54 : 42, table, 2);
	image_put(image, is64 ? 56 : 44, nr_segments, 2);
	image->size = contents;
	for (unsigned i = 0; i < nr_segments; i++) {
		put_segment(image, is64, header + i * table, contents, &segments[i]);
		for (size_t b = 0; b < segments[i].filesz && contents + b < IMAGE_MAX; b++)
			image_put(image, contents + b, 0x10 * (i + 1) + b, 1);
		contents += segments[i].filesz;
	}
}

void image_multiboot(struct test_image *image, size_t offset, uint32_t flags)
{
	image_put(image, offset, 0x1badb002, 4);
	image_put(image, offset + 4, flags, 4);
	image_put(image, offset + 8, 0u - (0x1badb002u + flags), 4);
}

void image_pvh(struct test_image *image, bool is64, uint64_t entry, unsigned entry_size)
{
	const struct test_segment segments[2] = {
		{ 0xc0100000, 0x100000, 64, 64 },
		{ 0, 0, 16 + entry_size, 16 + entry_size },
	};
	size_t header = is64 ? 64 : 52, table = is64 ? 56 : 32;
	size_t note = image_contents(is64, 2) + 64;

	image_elf(image, is64, 0xc0100000, segments, 2);
	image_put(image, header + table, 4, 4); /* PT_NOTE */
	image_put(image, note, 4, 4);
	image_put(image, note + 4, entry_size, 4);
	image_put(image, note + 8, 18, 4);
	memcpy(image->data + note + 12, "Xen", 4);
	image_put(image, note + 16, entry, entry_size);
}

void image_linux(struct test_image *image, const void *payload, size_t size)
{
	size_t paragraphs = (LINUX_PAYLOAD + size + 15) / 16;

	memset(image, 0, sizeof(*image));
	image_put(image, 0x1f1, LINUX_SETUP / 512 - 1, 1);
	image_put(image, 0x1f4, paragraphs, 4);
	image_put(image, 0x1fe, 0xaa55, 2);
	image_put(image, 0x201, 0x66, 1); /* the header goes on to 268H */
	image_put(image, 0x202, 0x53726448, 4);
	image_put(image, 0x206, 0x20f, 2);
	image_put(image, 0x211, 1, 1);
	image_put(image, 0x22c, 0x7fffffff, 4);
	image_put(image, 0x236, 1, 2);
	image_put(image, 0x238, 16, 4); /* characters of a command line */
	image_put(image, 0x248, LINUX_PAYLOAD, 4);
	image_put(image, 0x24c, size, 4);
	image_put(image, 0x258, 0x100000, 8);
	image_put(image, 0x260, 0x8000, 4);
	image_put(image, LINUX_SETUP + 0x200, 0xf4, 1);
	memcpy(image->data + LINUX_SETUP + LINUX_PAYLOAD, payload, size);
	image->size = LINUX_SETUP + paragraphs * 16;
}

void image_multiboot2(struct test_image *image, size_t offset, const uint32_t *tags,
		      unsigned nr_words)
{
	uint32_t size = 16 + nr_words * 4;

	image_put(image, offset, 0xe85250d6, 4);
	image_put(image, offset + 4, 0, 4);
	image_put(image, offset + 8, size, 4);
	image_put(image, offset + 12, 0u - (0xe85250d6 + size), 4);
	for (unsigned i = 0; i < nr_words; i++)
		image_put(image, offset + 16 + i * 4, tags[i], 4);
}
