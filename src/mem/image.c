/* SPDX-License-Identifier: MIT */
#include "mem/image_internal.h"

/* ---------------------------------------------------------------- which format */

/* Below a page nothing can be translated: a file this small is a cut-off one of some format. */
#define SMALLEST_RAW 4096u

/* Files that hold memory, or are taken for it, but cannot be read as they stand. */
struct foreign {
	uint8_t length;
	const char *magic;
	const char *problem;
};

static const struct foreign foreigners[] = {
	{ 8, "KDUMP   ", "a compressed kdump file: write it anew with makedumpfile -E" },
	{ 8, "DISKDUMP", "a diskdump file: convert it to an ELF core first" },
	{ 12, "makedumpfile",
	  "a flattened dump: rearrange it with makedumpfile -R, as an ELF core" },
	{ 8, "PAGEDU64", "a Windows crash dump: only its physical memory as raw image is read" },
	{ 8, "PAGEDUMP", "a Windows crash dump: only its physical memory as raw image is read" },
	{ 4, "HIBR", "a Windows hibernation file: convert it to a raw image first" },
	{ 4, "hibr", "a Windows hibernation file: convert it to a raw image first" },
	{ 2, "\x1f\x8b", "compressed with gzip: decompress it first" },
	{ 6,
	  "\xfd"
	  "7zXZ\0",
	  "compressed with xz: decompress it first" },
	{ 4, "\x28\xb5\x2f\xfd", "compressed with zstd: decompress it first" },
	{ 4, "\x04\x22\x4d\x18", "compressed with lz4: decompress it first" },
	{ 3, "BZh", "compressed with bzip2: decompress it first" },
	{ 4, "PK\x03\x04", "a zip archive: unpack it first" },
	{ 6, "7z\xbc\xaf\x27\x1c", "a 7z archive: unpack it first" },
	{ 4, "AVML", "compressed by AVML: convert it to LiME or raw first" },
	{ 4, "QFI\xfb", "a qcow2 disk image, not memory: use dump-guest-memory" },
	{ 4, "KDMV", "a VMware disk image, not memory" },
	{ 4, "QEVM", "a QEMU migration stream: use dump-guest-memory instead" },
	{ 12, "LibvirtQemud", "a libvirt save file: use virsh dump --memory-only instead" },
	{ 4, "\xd2\xbe\xd2\xbe", "a VMware state file: the memory is in its .vmem file" },
	{ 8, "EVF\x09\x0d\x0a\xff\0", "an EWF evidence file: export it as raw first" },
};

static bool starts_with(const struct udv_image *image, const char *magic, size_t length)
{
	return image_has(image, 0, length) && memcmp(image->data, magic, length) == 0;
}

static const char *foreign_problem(const struct udv_image *image)
{
	for (size_t i = 0; i < sizeof(foreigners) / sizeof(foreigners[0]); i++) {
		if (starts_with(image, foreigners[i].magic, foreigners[i].length))
			return foreigners[i].problem;
	}
	return NULL;
}

/* The format that the content shows; AUTO if it shows none. */
static enum udv_image_format detect(const struct udv_image *image)
{
	if (starts_with(image,
			"\x7f"
			"ELF",
			4))
		return UDV_IMAGE_ELF;
	if (starts_with(image, "EMiL", 4))
		return UDV_IMAGE_LIME;
	return UDV_IMAGE_AUTO;
}

static enum udv_status parse_raw(struct udv_image *image, uint64_t base,
				 struct udv_image_range *ranges, size_t nr_ranges)
{
	struct range_table table;

	if (base + (image->size - 1) < base)
		return image_refuse(image, UDV_ERR_ARGUMENT,
				    "raw: the image does not fit above its base address", 0);
	if (!range_table_init(&table, image, ranges, nr_ranges, 1))
		return UDV_ERR_NO_MEMORY;
	range_table_add(&table, base, image->size, 0);
	range_table_finish(&table, image);
	return UDV_OK;
}

/* Settles the format; refuses what is not of the one asked for. */
static enum udv_status choose_format(struct udv_image *image, enum udv_image_format wanted)
{
	enum udv_image_format found = detect(image);
	const char *problem;

	image->format = wanted;
	if (image->size == 0)
		return image_refuse(image, UDV_ERR_TRUNCATED, "the file is empty", 0);
	if (wanted == UDV_IMAGE_RAW)
		return UDV_OK;
	if (wanted != UDV_IMAGE_AUTO && wanted != found)
		return image_refuse(image, UDV_ERR_FORMAT, "not of the format asked for", 0);
	image->format = found == UDV_IMAGE_AUTO ? UDV_IMAGE_RAW : found;
	if (found != UDV_IMAGE_AUTO)
		return UDV_OK;
	problem = foreign_problem(image);
	if (problem)
		return image_refuse(image, UDV_ERR_UNSUPPORTED, problem, 0);
	if (image->size < SMALLEST_RAW)
		return image_refuse(image, UDV_ERR_TRUNCATED,
				    "of no known format, and too small for raw memory", 0);
	return UDV_OK;
}

enum udv_status udv_image_parse(struct udv_image *image, const void *data, uint64_t size,
				const struct udv_image_options *options,
				struct udv_image_range *ranges, size_t nr_ranges)
{
	enum udv_status status;

	*image = (struct udv_image){ .data = data, .size = size };
	status = choose_format(image, options->format);
	if (status != UDV_OK)
		return status;
	switch (image->format) {
	case UDV_IMAGE_ELF:
		return image_parse_elf(image, ranges, nr_ranges);
	case UDV_IMAGE_LIME:
		return image_parse_lime(image, ranges, nr_ranges);
	case UDV_IMAGE_RAW:
	case UDV_IMAGE_AUTO:
		break;
	}
	return parse_raw(image, options->raw_base, ranges, nr_ranges);
}

const char *udv_image_format_text(enum udv_image_format format)
{
	switch (format) {
	case UDV_IMAGE_AUTO:
		return "unknown";
	case UDV_IMAGE_ELF:
		return "ELF core";
	case UDV_IMAGE_LIME:
		return "LiME";
	case UDV_IMAGE_RAW:
		return "raw";
	}
	return "unknown";
}

/* ---------------------------------------------------------------- reading */

/* The range that holds @address, or NULL. */
static const struct udv_image_range *find_range(const struct udv_image *image, uint64_t address)
{
	size_t low = 0, high = image->nr_ranges;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (image->ranges[middle].base <= address)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == 0 || address - image->ranges[low - 1].base >= image->ranges[low - 1].size)
		return NULL;
	return &image->ranges[low - 1];
}

bool udv_image_read(const struct udv_image *image, uint64_t address, void *buffer, size_t size)
{
	uint8_t *to = buffer;

	while (size > 0) {
		const struct udv_image_range *range = find_range(image, address);
		uint64_t left;
		size_t part;

		if (!range)
			return false;
		left = range->size - (address - range->base);
		part = left < size ? (size_t)left : size;
		if (range->offset == UDV_IMAGE_ZEROS)
			memset(to, 0, part);
		else
			memcpy(to, image->data + range->offset + (address - range->base), part);
		to += part;
		size -= part;
		address += part;
	}
	return true;
}

static bool read_entry(void *opaque, udv_hpa_t address, unsigned size, uint64_t *value)
{
	uint64_t bytes = 0;

	if (size > sizeof(bytes) || !udv_image_read(opaque, address.value, &bytes, size))
		return false;
	*value = bytes;
	return true;
}

/*
 * A window needs whole entries at aligned physical addresses; where they lie in the file does not
 * matter. The odd bytes at its end are left to the callback.
 */
static bool make_window(const struct udv_image *image, const struct udv_image_range *range,
			struct udv_memory_window *window)
{
	uint64_t skip = (0 - range->base) & 7;

	if (range->offset == UDV_IMAGE_ZEROS || range->size < skip + 8)
		return false;
	window->base = range->base + skip;
	window->size = (range->size - skip) & ~7ull;
	/* The structure serves writable memory as well; read_only keeps these bytes as they are. */
	window->host = (void *)(uintptr_t)(image->data + range->offset + skip);
	window->read_only = true;
	return true;
}

/* Keeps the windows in descending order of size: the largest range is asked first. */
static void insert_window(struct udv_memory *memory, const struct udv_memory_window *window)
{
	unsigned i = memory->nr_windows;

	if (i == UDV_MEMORY_WINDOWS) {
		if (memory->windows[i - 1].size >= window->size)
			return;
		i--;
	} else {
		memory->nr_windows++;
	}
	for (; i > 0 && memory->windows[i - 1].size < window->size; i--)
		memory->windows[i] = memory->windows[i - 1];
	memory->windows[i] = *window;
}

void udv_image_memory(const struct udv_image *image, struct udv_memory *memory)
{
	*memory = (struct udv_memory){ .read = read_entry };
	memory->opaque = (void *)(uintptr_t)image;
	for (size_t i = 0; i < image->nr_ranges; i++) {
		struct udv_memory_window window;

		if (make_window(image, &image->ranges[i], &window))
			insert_window(memory, &window);
	}
}
