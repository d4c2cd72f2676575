/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "machine/load.h"

#ifdef UDV_HAVE_XZ
#include <lzma.h>
#endif
#ifdef UDV_HAVE_ZLIB
#include <zlib.h>
#endif
#ifdef UDV_HAVE_ZSTD
#include <zstd.h>
#include <zstd_errors.h>
#endif

/*
 * Unpacks a kernel's payload. What it claims to become is not believed: the output grows as it is
 * made, up to a limit. Behind XZ and Zstandard the kernel's build puts 4 bytes more, the size of
 * the output; gzip has them by itself.
 */

#define FIRST_CAPACITY (1u << 20)
#define XZ_MEMORY (160u << 20) /* of the decoder: a dictionary of 128 MB and some */
#define ZSTD_WINDOW_LOG 27     /* 128 MB */

struct output {
	uint8_t *data;
	size_t used, capacity, limit;
};

enum unpacked {
	UNPACKED,
	UNPACK_DAMAGED,
	UNPACK_TRUNCATED,
	UNPACK_TOO_LARGE,
	UNPACK_WINDOW, /* it looks back further than the decoder is allowed to remember */
	UNPACK_NO_MEMORY,
};

/* Room for more; UNPACKED if there is some. */
static __attribute__((unused)) enum unpacked grow(struct output *out)
{
	size_t capacity = out->capacity ? out->capacity * 2 : FIRST_CAPACITY;
	uint8_t *data;

	if (out->used < out->capacity)
		return UNPACKED;
	if (out->used == out->limit)
		return UNPACK_TOO_LARGE;
	if (capacity > out->limit)
		capacity = out->limit;
	data = realloc(out->data, capacity);
	if (!data)
		return UNPACK_NO_MEMORY;
	out->data = data;
	out->capacity = capacity;
	return UNPACKED;
}

#ifdef UDV_HAVE_XZ
static enum unpacked xz_loop(lzma_stream *stream, struct output *out)
{
	for (;;) {
		enum unpacked room = grow(out);
		lzma_ret ret;

		if (room != UNPACKED)
			return room;
		stream->next_out = out->data + out->used;
		stream->avail_out = out->capacity - out->used;
		ret = lzma_code(stream, LZMA_FINISH);
		out->used = out->capacity - stream->avail_out;
		if (ret == LZMA_STREAM_END)
			return UNPACKED;
		if (ret == LZMA_MEM_ERROR)
			return UNPACK_NO_MEMORY;
		if (ret == LZMA_MEMLIMIT_ERROR)
			return UNPACK_WINDOW;
		if (ret == LZMA_BUF_ERROR)
			return UNPACK_TRUNCATED;
		if (ret != LZMA_OK)
			return UNPACK_DAMAGED;
	}
}

static enum unpacked unpack_xz(const uint8_t *data, size_t size, struct output *out)
{
	lzma_stream stream = LZMA_STREAM_INIT;
	enum unpacked result;

	if (lzma_stream_decoder(&stream, XZ_MEMORY, 0) != LZMA_OK)
		return UNPACK_NO_MEMORY;
	stream.next_in = data;
	stream.avail_in = size;
	result = xz_loop(&stream, out);
	lzma_end(&stream);
	return result;
}
#else
#define unpack_xz NULL
#endif

#ifdef UDV_HAVE_ZSTD
static enum unpacked zstd_error(size_t error)
{
	switch (ZSTD_getErrorCode(error)) {
	case ZSTD_error_memory_allocation:
		return UNPACK_NO_MEMORY;
	case ZSTD_error_frameParameter_windowTooLarge:
		return UNPACK_WINDOW;
	default:
		return UNPACK_DAMAGED;
	}
}

static enum unpacked zstd_loop(ZSTD_DStream *stream, ZSTD_inBuffer *in, struct output *out)
{
	for (;;) {
		enum unpacked room = grow(out);
		ZSTD_outBuffer to;
		size_t before_in = in->pos, rest;

		if (room != UNPACKED)
			return room;
		to = (ZSTD_outBuffer){ out->data, out->capacity, out->used };
		rest = ZSTD_decompressStream(stream, &to, in);
		if (ZSTD_isError(rest))
			return zstd_error(rest);
		if (rest == 0) {
			out->used = to.pos;
			return UNPACKED;
		}
		if (in->pos == before_in && to.pos == out->used)
			return UNPACK_TRUNCATED;
		out->used = to.pos;
	}
}

static enum unpacked unpack_zstd(const uint8_t *data, size_t size, struct output *out)
{
	ZSTD_DStream *stream = ZSTD_createDStream();
	ZSTD_inBuffer in = { data, size, 0 };
	enum unpacked result;

	if (!stream)
		return UNPACK_NO_MEMORY;
	ZSTD_DCtx_setParameter(stream, ZSTD_d_windowLogMax, ZSTD_WINDOW_LOG);
	result = zstd_loop(stream, &in, out);
	ZSTD_freeDStream(stream);
	return result;
}
#else
#define unpack_zstd NULL
#endif

#ifdef UDV_HAVE_ZLIB
#define PIECE (1u << 30) /* zlib counts in unsigned int */
#define GZIP_ONLY 16

static enum unpacked gzip_loop(z_stream *stream, struct output *out)
{
	for (;;) {
		enum unpacked room = grow(out);
		size_t space = out->capacity - out->used;
		unsigned piece = space < PIECE ? (unsigned)space : PIECE;
		int ret;

		if (room != UNPACKED)
			return room;
		stream->next_out = out->data + out->used;
		stream->avail_out = piece;
		ret = inflate(stream, Z_NO_FLUSH);
		out->used += piece - stream->avail_out;
		if (ret == Z_STREAM_END)
			return UNPACKED;
		if (ret == Z_MEM_ERROR)
			return UNPACK_NO_MEMORY;
		if (ret == Z_BUF_ERROR || (ret == Z_OK && !stream->avail_in && stream->avail_out))
			return UNPACK_TRUNCATED;
		if (ret != Z_OK)
			return UNPACK_DAMAGED;
	}
}

static enum unpacked unpack_gzip(const uint8_t *data, size_t size, struct output *out)
{
	z_stream stream = { 0 };
	enum unpacked result;

	if (size > UINT32_MAX)
		return UNPACK_TOO_LARGE;
	stream.next_in = (Bytef *)(uintptr_t)data;
	stream.avail_in = (unsigned)size;
	if (inflateInit2(&stream, MAX_WBITS + GZIP_ONLY) != Z_OK)
		return UNPACK_NO_MEMORY;
	result = gzip_loop(&stream, out);
	inflateEnd(&stream);
	return result;
}
#else
#define unpack_gzip NULL
#endif

/* What kernels are packed with, by its first bytes. */
static const struct format {
	const char *name;
	uint8_t magic[6], magic_size;
	enum unpacked (*unpack)(const uint8_t *data, size_t size, struct output *out);
	bool known; /* whether some build can unpack it */
} formats[] = {
	{ "XZ", { 0xfd, '7', 'z', 'X', 'Z', 0 }, 6, unpack_xz, true },
	{ "Zstandard", { 0x28, 0xb5, 0x2f, 0xfd }, 4, unpack_zstd, true },
	{ "gzip", { 0x1f, 0x8b, 8 }, 3, unpack_gzip, true },
	{ "LZ4", { 0x02, 0x21, 0x4c, 0x18 }, 4, NULL, false },
	{ "LZMA", { 0x5d, 0, 0 }, 3, NULL, false },
	{ "LZO", { 0x89, 'L', 'Z', 'O' }, 4, NULL, false },
	{ "bzip2", { 'B', 'Z', 'h' }, 3, NULL, false },
};

static const struct format *find_format(const uint8_t *data, uint64_t size)
{
	for (unsigned i = 0; i < sizeof(formats) / sizeof(formats[0]); i++)
		if (size >= formats[i].magic_size &&
		    memcmp(data, formats[i].magic, formats[i].magic_size) == 0)
			return &formats[i];
	return NULL;
}

static enum udv_status complain(const struct loader *loader, const char *what,
				const struct format *format, enum unpacked result, uint64_t limit)
{
	switch (result) {
	case UNPACK_TRUNCATED:
		return load_refuse(loader, UDV_ERR_TRUNCATED, "%s is truncated (%s)", what,
				   format->name);
	case UNPACK_TOO_LARGE:
		if (limit < loader->machine->low_memory)
			return load_refuse(loader, UDV_ERR_FORMAT,
					   "the kernel's payload is larger than the %llu bytes "
					   "that its header says it needs",
					   (unsigned long long)limit);
		return load_refuse(loader, UDV_ERR_NO_MEMORY,
				   "%s is larger than the %llu MB of memory", what,
				   (unsigned long long)limit >> 20);
	case UNPACK_WINDOW:
		return load_refuse(loader, UDV_ERR_UNSUPPORTED,
				   "%s needs a window of more than 128 MB (%s); "
				   "--kernel-decompress guest leaves it to the kernel",
				   what, format->name);
	case UNPACK_NO_MEMORY:
		return load_refuse(loader, UDV_ERR_NO_MEMORY, "out of memory");
	case UNPACK_DAMAGED:
	case UNPACKED:
		break;
	}
	return load_refuse(loader, UDV_ERR_FORMAT, "%s is damaged (%s)", what, format->name);
}

enum udv_status load_unpack(const struct loader *loader, const char *what, const uint8_t *data,
			    uint64_t size, uint64_t limit, uint8_t **out, uint64_t *out_size)
{
	const struct format *format = find_format(data, size);
	struct output output = { .limit = (size_t)limit };
	enum unpacked result;

	if (!format)
		return load_refuse(loader, UDV_ERR_FORMAT,
				   "the kernel's payload is damaged, or packed in a way unknown "
				   "here; --kernel-decompress guest leaves it to the kernel");
	if (!format->unpack)
		return load_refuse(loader, UDV_ERR_UNSUPPORTED,
				   "the kernel is packed with %s, which %s; --kernel-decompress "
				   "guest leaves it to the kernel",
				   format->name,
				   format->known ? "this build cannot unpack" : "is unknown here");
	result = format->unpack(data, (size_t)size, &output);
	if (result != UNPACKED) {
		free(output.data);
		return complain(loader, what, format, result, limit);
	}
	*out = output.data;
	*out_size = output.used;
	return UDV_OK;
}
