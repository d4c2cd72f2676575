/* SPDX-License-Identifier: MIT */
#include "devices/virtio_blk.h"

#include <string.h>

/* struct virtio_blk_req, without its data */
#define HEADER_SIZE 16u
#define HEADER_SECTOR 8u
#define STATUS_SIZE 1u

/* struct virtio_blk_config */
#define CONFIG_CAPACITY 0u
#define CONFIG_SIZE_MAX 8u
#define CONFIG_SEG_MAX 12u
#define CONFIG_BLK_SIZE 20u
#define CONFIG_ZEROES_SECTORS 48u
#define CONFIG_ZEROES_SEG 52u
#define CONFIG_SIZE 60u

/* struct virtio_blk_discard_write_zeroes */
#define RANGE_SIZE 16u
#define RANGE_COUNT 8u
#define RANGE_FLAGS 12u

/* What goes through the host's memory at a time. */
#define PIECE 16384u

struct request {
	struct virtio_blk *blk;
	const struct virtq_chain *chain;
	uint64_t offset;	/* bytes, of the sector that it names */
	uint32_t to_disk, from; /* bytes of data either way, without header and status */
};

static bool get(const struct request *request, uint32_t at, void *data, uint32_t size)
{
	return virtq_read(request->chain, request->blk->mmio.mem, at, data, size);
}

static bool put(const struct request *request, uint32_t at, const void *data, uint32_t size)
{
	return virtq_write(request->chain, request->blk->mmio.mem, at, data, size);
}

/* @size bytes from its sector on are whole sectors on the disk, and no more than one may ask for.
 */
static bool range_is_good(const struct request *request, uint64_t size)
{
	uint64_t capacity = request->blk->disk.size;

	return size % DISK_SECTOR == 0 && request->offset <= capacity &&
	       size <= capacity - request->offset;
}

static uint8_t read_sectors(const struct request *request)
{
	uint8_t piece[PIECE];

	if (request->from > VIRTIO_BLK_DATA_MAX || !range_is_good(request, request->from))
		return VIRTIO_BLK_S_IOERR;
	for (uint32_t done = 0; done < request->from;) {
		uint32_t part = request->from - done < PIECE ? request->from - done : PIECE;

		if (!disk_read(&request->blk->disk, request->offset + done, piece, part) ||
		    !put(request, done, piece, part))
			return VIRTIO_BLK_S_IOERR;
		done += part;
	}
	return VIRTIO_BLK_S_OK;
}

static uint8_t write_sectors(const struct request *request)
{
	uint8_t piece[PIECE];

	if (request->blk->read_only || request->to_disk > VIRTIO_BLK_DATA_MAX ||
	    !range_is_good(request, request->to_disk))
		return VIRTIO_BLK_S_IOERR;
	for (uint32_t done = 0; done < request->to_disk;) {
		uint32_t part = request->to_disk - done < PIECE ? request->to_disk - done : PIECE;

		if (!get(request, HEADER_SIZE + done, piece, part) ||
		    !disk_write(&request->blk->disk, request->offset + done, piece, part))
			return VIRTIO_BLK_S_IOERR;
		done += part;
	}
	return VIRTIO_BLK_S_OK;
}

static uint8_t identify(const struct request *request)
{
	if (request->from != VIRTIO_BLK_ID_SIZE)
		return VIRTIO_BLK_S_IOERR;
	put(request, 0, request->blk->id, VIRTIO_BLK_ID_SIZE);
	return VIRTIO_BLK_S_OK;
}

static uint8_t zero_sectors(const struct request *request, uint32_t sectors)
{
	static const uint8_t zeros[PIECE];
	uint64_t size = (uint64_t)sectors * DISK_SECTOR;

	if (sectors > VIRTIO_BLK_ZEROES_MAX || !range_is_good(request, size))
		return VIRTIO_BLK_S_IOERR;
	for (uint64_t done = 0; done < size;) {
		size_t part = size - done < PIECE ? (size_t)(size - done) : PIECE;

		if (!disk_write(&request->blk->disk, request->offset + done, zeros, part))
			return VIRTIO_BLK_S_IOERR;
		done += part;
	}
	return VIRTIO_BLK_S_OK;
}

static uint64_t sector_offset(uint64_t sector)
{
	return sector > UINT64_MAX / DISK_SECTOR ? UINT64_MAX : sector * DISK_SECTOR;
}

/* One range, as the configuration says; its sector is in it and not in the header. */
static uint8_t write_zeroes(struct request *request)
{
	uint8_t range[RANGE_SIZE];
	uint64_t sector;
	uint32_t sectors, flags;

	if (request->blk->read_only || request->to_disk != RANGE_SIZE ||
	    !get(request, HEADER_SIZE, range, RANGE_SIZE))
		return VIRTIO_BLK_S_IOERR;
	memcpy(&sector, range, sizeof(sector));
	memcpy(&sectors, range + RANGE_COUNT, sizeof(sectors));
	memcpy(&flags, range + RANGE_FLAGS, sizeof(flags));
	/* 5.2.6.2 "Device Requirements": bits but unmap, and unmap where it is not offered */
	if (flags)
		return VIRTIO_BLK_S_UNSUPP;
	request->offset = sector_offset(sector);
	return zero_sectors(request, sectors);
}

static uint8_t execute(struct request *request, uint32_t type)
{
	switch (type) {
	case VIRTIO_BLK_T_IN:
		return read_sectors(request);
	case VIRTIO_BLK_T_OUT:
		return write_sectors(request);
	case VIRTIO_BLK_T_FLUSH:
		return disk_flush(&request->blk->disk) ? VIRTIO_BLK_S_OK : VIRTIO_BLK_S_IOERR;
	case VIRTIO_BLK_T_GET_ID:
		return identify(request);
	case VIRTIO_BLK_T_WRITE_ZEROES:
		return write_zeroes(request);
	}
	return VIRTIO_BLK_S_UNSUPP;
}

static bool serve(void *opaque, unsigned queue, const struct virtq_chain *chain, uint32_t *written)
{
	struct request request = { .blk = opaque, .chain = chain };
	uint8_t header[HEADER_SIZE], status;
	uint64_t sector;
	uint32_t type;

	(void)queue;
	if (chain->writable < STATUS_SIZE || !get(&request, 0, header, HEADER_SIZE))
		return false;
	memcpy(&type, header, sizeof(type));
	memcpy(&sector, header + HEADER_SECTOR, sizeof(sector));
	request.offset = sector_offset(sector);
	request.to_disk = chain->readable - HEADER_SIZE;
	request.from = chain->writable - STATUS_SIZE;
	status = execute(&request, type);
	/* "written" counts from the start: behind data that was not, the status does not count. */
	*written = status == VIRTIO_BLK_S_OK || !request.from ? chain->writable : 0;
	return put(&request, request.from, &status, STATUS_SIZE);
}

static void put_config(struct virtio_blk *blk, unsigned at, uint64_t value, unsigned size)
{
	memcpy(blk->mmio.config + at, &value, size);
}

void virtio_blk_init(struct virtio_blk *blk, const struct disk *disk, bool read_only,
		     const char *id, struct mem_space *mem, struct irq_pin irq)
{
	static const struct virtio_type type = {
		.device_id = VIRTIO_ID_BLOCK,
		.nr_queues = 1,
		.serve = serve,
	};
	uint64_t features = VIRTIO_BLK_F_SIZE_MAX | VIRTIO_BLK_F_SEG_MAX | VIRTIO_BLK_F_BLK_SIZE |
			    VIRTIO_BLK_F_FLUSH;

	*blk = (struct virtio_blk){ .disk = *disk, .read_only = read_only };
	memcpy(blk->id, id, strnlen(id, VIRTIO_BLK_ID_SIZE));
	features |= read_only ? VIRTIO_BLK_F_RO : VIRTIO_BLK_F_WRITE_ZEROES;
	virtio_mmio_init(&blk->mmio, &type, features, mem, irq, blk);
	blk->mmio.config_size = CONFIG_SIZE;
	put_config(blk, CONFIG_CAPACITY, disk->size / DISK_SECTOR, 8);
	put_config(blk, CONFIG_SIZE_MAX, VIRTIO_BLK_SIZE_MAX, 4);
	put_config(blk, CONFIG_SEG_MAX, VIRTIO_BLK_SEG_MAX, 4);
	put_config(blk, CONFIG_BLK_SIZE, DISK_SECTOR, 4);
	if (read_only)
		return;
	put_config(blk, CONFIG_ZEROES_SECTORS, VIRTIO_BLK_ZEROES_MAX, 4);
	put_config(blk, CONFIG_ZEROES_SEG, 1, 4);
}

void virtio_blk_destroy(struct virtio_blk *blk)
{
	disk_destroy(&blk->disk);
}
