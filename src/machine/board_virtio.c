/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "machine/machine.h"

/* Virtio's devices. All windows are one region of memory, so that empty ones cost nothing. */

/* So that entropy and RDRAND are not the same numbers. */
#define RNG_SEED 0x656e74726f7079ull

static struct virtio_mmio *window_at(void *opaque, uint64_t offset)
{
	struct udv_machine *machine = opaque;

	return machine->virtio.slot[offset / VIRTIO_MMIO_SIZE];
}

static uint64_t window_read(void *opaque, uint64_t offset, unsigned size)
{
	struct virtio_mmio *mmio = window_at(opaque, offset);

	return mmio ? virtio_mmio_read(mmio, offset % VIRTIO_MMIO_SIZE, size) : ~0ull;
}

/* One notification may move hundreds of megabytes: who asks for a stop waits for one at the most.
 */
static void window_write(void *opaque, uint64_t offset, unsigned size, uint64_t value)
{
	struct udv_machine *machine = opaque;
	struct virtio_mmio *mmio = window_at(opaque, offset);

	if (mmio)
		virtio_mmio_write(mmio, offset % VIRTIO_MMIO_SIZE, size, value);
	if (machine->running && atomic_load(&machine->stop_requested))
		cpu_yield(&machine->running->cpu);
}

static struct irq_pin connect(struct udv_machine *machine, unsigned slot)
{
	return irq_connect(&machine->irq, VIRTIO_FIRST_IRQ + slot);
}

static void console_output(void *opaque, const uint8_t *data, size_t size)
{
	const struct udv_machine *machine = opaque;

	machine->config.console(machine->config.opaque, data, size);
}

static void create_disk(struct udv_machine *machine, unsigned number)
{
	const struct udv_disk *config = &machine->config.disks[number];
	struct disk_backing backing = { config->read, config->write, config->flush,
					config->opaque };
	char id[] = "undervisor-0";
	struct virtio_blk *blk = &machine->virtio.disk[number];
	struct disk disk;

	id[sizeof(id) - 2] = (char)('0' + number);
	disk_init(&disk, &backing, config->size, !config->write);
	virtio_blk_init(blk, &disk, config->read_only, config->id ? config->id : id, &machine->mem,
			connect(machine, VIRTIO_SLOT_DISK + number));
	machine->virtio.slot[VIRTIO_SLOT_DISK + number] = &blk->mmio;
}

enum udv_status virtio_check(const struct udv_machine_config *config, struct udv_problem *problem)
{
	if (config->nr_disks > UDV_MAX_DISKS) {
		machine_problem(problem, "there can be %u disks", UDV_MAX_DISKS);
		return UDV_ERR_ARGUMENT;
	}
	for (unsigned i = 0; i < config->nr_disks; i++) {
		const struct udv_disk *disk = &config->disks[i];

		if (disk->size && disk->size % DISK_SECTOR == 0 && disk->read)
			continue;
		machine_problem(problem, "disk %u: %s", i,
				disk->read ? "its size must be a multiple of 512, and not 0"
					   : "it cannot be read");
		return UDV_ERR_ARGUMENT;
	}
	return UDV_OK;
}

bool virtio_create(struct udv_machine *machine)
{
	struct machine_virtio *virtio = &machine->virtio;
	const struct mem_device windows = { window_read, window_write, machine };

	if (!machine->config.no_rng) {
		virtio_rng_init(&virtio->rng, machine->config.seed ^ RNG_SEED, &machine->mem,
				connect(machine, VIRTIO_SLOT_RNG));
		virtio->slot[VIRTIO_SLOT_RNG] = &virtio->rng.mmio;
	}
	if (machine->config.console) {
		virtio_console_init(&virtio->console, console_output, machine, &machine->mem,
				    connect(machine, VIRTIO_SLOT_CONSOLE));
		virtio->slot[VIRTIO_SLOT_CONSOLE] = &virtio->console.mmio;
	}
	for (unsigned i = 0; i < machine->config.nr_disks; i++)
		create_disk(machine, i);
	virtio->nr_disks = machine->config.nr_disks;
	machine->config.disks = NULL; /* the caller's, for this call */
	return mem_add_device(&machine->mem, VIRTIO_BASE,
			      NR_VIRTIO_SLOTS * (uint64_t)VIRTIO_MMIO_SIZE, &windows) == UDV_OK;
}

void virtio_destroy(struct udv_machine *machine)
{
	for (unsigned i = 0; i < machine->virtio.nr_disks; i++)
		virtio_blk_destroy(&machine->virtio.disk[i]);
	machine->virtio.nr_disks = 0;
}

size_t udv_machine_console_input(struct udv_machine *machine, const uint8_t *data, size_t size)
{
	if (!machine->virtio.slot[VIRTIO_SLOT_CONSOLE])
		return 0;
	return virtio_console_receive(&machine->virtio.console, data, size);
}
