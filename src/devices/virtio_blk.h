/* SPDX-License-Identifier: MIT */
#ifndef UDV_DEVICES_VIRTIO_BLK_H
#define UDV_DEVICES_VIRTIO_BLK_H

#include <stdbool.h>

#include "devices/disk.h"
#include "devices/virtio_mmio.h"

/*
 * A disk. Virtual I/O Device (VIRTIO) Version 1.2, 5.2 "Block Device": read, write, flush, identity
 * and write-zeroes. Beside the transport's and the disk's it has no state.
 *
 * A request larger than the limits in the configuration is refused with an error, so that the work
 * of one notification has an end.
 */

#define VIRTIO_BLK_ID_SIZE 20u
#define VIRTIO_BLK_SIZE_MAX 8192u /* bytes of a buffer */
#define VIRTIO_BLK_SEG_MAX 126u	  /* buffers: a queue's size without header and status */
#define VIRTIO_BLK_DATA_MAX (VIRTIO_BLK_SIZE_MAX * VIRTIO_BLK_SEG_MAX)
#define VIRTIO_BLK_ZEROES_MAX 2048u /* sectors */

#define VIRTIO_BLK_F_SIZE_MAX (1ull << 1)
#define VIRTIO_BLK_F_SEG_MAX (1ull << 2)
#define VIRTIO_BLK_F_RO (1ull << 5)
#define VIRTIO_BLK_F_BLK_SIZE (1ull << 6)
#define VIRTIO_BLK_F_FLUSH (1ull << 9)
#define VIRTIO_BLK_F_WRITE_ZEROES (1ull << 14)

enum {
	VIRTIO_BLK_T_IN = 0,
	VIRTIO_BLK_T_OUT = 1,
	VIRTIO_BLK_T_FLUSH = 4,
	VIRTIO_BLK_T_GET_ID = 8,
	VIRTIO_BLK_T_WRITE_ZEROES = 13,
};

enum {
	VIRTIO_BLK_S_OK = 0,
	VIRTIO_BLK_S_IOERR = 1,
	VIRTIO_BLK_S_UNSUPP = 2,
};

struct virtio_blk {
	struct virtio_mmio mmio;
	struct disk disk;
	bool read_only;
	char id[VIRTIO_BLK_ID_SIZE]; /* without a zero at the end if it is that long */
};

/* Takes over @disk, which must not be empty. */
void virtio_blk_init(struct virtio_blk *blk, const struct disk *disk, bool read_only,
		     const char *id, struct mem_space *mem, struct irq_pin irq);
void virtio_blk_destroy(struct virtio_blk *blk);

#endif
