/* SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include "machine/machine.h"

/* Devices that the user of the library brings. */

static uint64_t read_memory(void *opaque, uint64_t offset, unsigned size)
{
	const struct machine_hook *hook = opaque;

	return hook->hook.read ? hook->hook.read(hook->hook.opaque, offset, size) : ~0ull;
}

static void write_memory(void *opaque, uint64_t offset, unsigned size, uint64_t value)
{
	const struct machine_hook *hook = opaque;

	if (hook->hook.write)
		hook->hook.write(hook->hook.opaque, offset, size, value);
}

static uint32_t read_port(void *opaque, unsigned offset, unsigned size)
{
	return (uint32_t)read_memory(opaque, offset, size);
}

static void write_port(void *opaque, unsigned offset, unsigned size, uint32_t value)
{
	write_memory(opaque, offset, size, value);
}

static struct machine_hook *new_hook(const struct udv_hook *hook)
{
	struct machine_hook *made = calloc(1, sizeof(*made));

	if (made)
		made->hook = *hook;
	return made;
}

/* The machine owns @hook from here on, if @status says that it is in its place. */
static enum udv_status keep(struct udv_machine *machine, struct machine_hook *hook,
			    enum udv_status status)
{
	if (status != UDV_OK) {
		free(hook);
		return status;
	}
	hook->next = machine->hooks;
	machine->hooks = hook;
	return UDV_OK;
}

enum udv_status udv_machine_hook_ports(struct udv_machine *machine, uint16_t first, uint16_t count,
				       const struct udv_hook *hook)
{
	struct machine_hook *made;
	struct port_device device = { .read = read_port, .write = write_port, .sizes = 1 | 2 | 4 };

	if (!count || first + (unsigned)count > 0x10000)
		return UDV_ERR_ARGUMENT;
	made = new_hook(hook);
	if (!made)
		return UDV_ERR_NO_MEMORY;
	device.opaque = made;
	return keep(machine, made, ports_add(&machine->ports, first, count, &device));
}

enum udv_status udv_machine_hook_memory(struct udv_machine *machine, udv_gpa_t address,
					uint64_t size, const struct udv_hook *hook)
{
	struct machine_hook *made;
	struct mem_device device = { .read = read_memory, .write = write_memory };
	uint64_t end = 1ull << machine->vcpus[0].config.maxphyaddr;

	if (!size || (address.value | size) & (MEM_PAGE_SIZE - 1))
		return UDV_ERR_ARGUMENT;
	if (size > end || address.value > end - size)
		return UDV_ERR_ARGUMENT;
	made = new_hook(hook);
	if (!made)
		return UDV_ERR_NO_MEMORY;
	device.opaque = made;
	return keep(machine, made, mem_add_device(&machine->mem, address.value, size, &device));
}
