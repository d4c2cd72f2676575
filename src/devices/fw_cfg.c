/* SPDX-License-Identifier: MIT */
#include "devices/fw_cfg.h"

#include <string.h>

#define ID_PORTS 0x1u /* the interface without DMA */
#define DIRECTORY_ENTRY 64u

static const struct fw_cfg_item *find(const struct fw_cfg *cfg, uint16_t key)
{
	for (unsigned i = 0; i < cfg->nr_items; i++)
		if (cfg->item[i].key == key)
			return &cfg->item[i];
	return NULL;
}

static struct fw_cfg_item *add(struct fw_cfg *cfg, uint16_t key, uint32_t size)
{
	struct fw_cfg_item *item;

	if (cfg->nr_items == FW_CFG_MAX_ITEMS || key == FW_CFG_DIRECTORY || find(cfg, key))
		return NULL;
	item = &cfg->item[cfg->nr_items++];
	*item = (struct fw_cfg_item){ .key = key, .size = size };
	return item;
}

bool fw_cfg_add_number(struct fw_cfg *cfg, uint16_t key, unsigned size, uint64_t value)
{
	struct fw_cfg_item *item = size <= 8 ? add(cfg, key, size) : NULL;

	if (!item)
		return false;
	for (unsigned i = 0; i < 8; i++)
		item->number[i] = (uint8_t)(value >> (8 * i));
	return true;
}

bool fw_cfg_add_bytes(struct fw_cfg *cfg, uint16_t key, const void *data, uint32_t size)
{
	struct fw_cfg_item *item = data ? add(cfg, key, size) : NULL;

	if (!item)
		return false;
	item->data = data;
	return true;
}

static bool name_taken(const struct fw_cfg *cfg, const char *name)
{
	for (unsigned i = 0; i < cfg->nr_items; i++)
		if (!strcmp(cfg->item[i].name, name))
			return true;
	return false;
}

bool fw_cfg_add_file(struct fw_cfg *cfg, const char *name, const void *data, uint32_t size)
{
	size_t length = strlen(name);
	uint16_t key = (uint16_t)(FW_CFG_FIRST_FILE + cfg->nr_files);

	if (!length || length >= FW_CFG_NAME || name_taken(cfg, name) ||
	    !fw_cfg_add_bytes(cfg, key, data, size))
		return false;
	memcpy(cfg->item[cfg->nr_items - 1].name, name, length + 1);
	cfg->nr_files++;
	return true;
}

static uint8_t big_endian(uint32_t value, uint32_t byte)
{
	return (uint8_t)(value >> (24 - 8 * byte));
}

/* The directory is made as it is read: a count, then size, key, two zeros and name of each. */
static uint8_t directory_byte(const struct fw_cfg *cfg, uint32_t position)
{
	const struct fw_cfg_item *item;
	uint32_t file, byte;

	if (position < 4)
		return big_endian(cfg->nr_files, position);
	file = (position - 4) / DIRECTORY_ENTRY;
	byte = (position - 4) % DIRECTORY_ENTRY;
	if (file >= cfg->nr_files)
		return 0;
	item = find(cfg, (uint16_t)(FW_CFG_FIRST_FILE + file));
	if (!item)
		return 0;
	if (byte < 4)
		return big_endian(item->size, byte);
	if (byte < 8)
		return big_endian((uint32_t)item->key << 16, byte - 4);
	return (uint8_t)item->name[byte - 8];
}

static uint8_t item_byte(const struct fw_cfg *cfg, uint32_t position)
{
	const struct fw_cfg_item *item;

	if (cfg->selected == FW_CFG_DIRECTORY)
		return directory_byte(cfg, position);
	item = find(cfg, cfg->selected);
	if (!item || position >= item->size)
		return 0;
	return item->data ? item->data[position] : item->number[position];
}

static uint32_t fw_cfg_read(void *opaque, unsigned offset, unsigned size)
{
	struct fw_cfg *cfg = opaque;
	uint8_t value;

	if (offset != 1 || size != 1)
		return 0;
	value = item_byte(cfg, cfg->position);
	if (cfg->position != UINT32_MAX)
		cfg->position++;
	return value;
}

static void fw_cfg_write(void *opaque, unsigned offset, unsigned size, uint32_t value)
{
	struct fw_cfg *cfg = opaque;

	if (offset != 0 || size != 2)
		return; /* items cannot be written */
	cfg->selected = (uint16_t)value;
	cfg->position = 0;
}

void fw_cfg_init(struct fw_cfg *cfg)
{
	memset(cfg, 0, sizeof(*cfg));
	fw_cfg_add_bytes(cfg, FW_CFG_SIGNATURE, "QEMU", 4);
	fw_cfg_add_number(cfg, FW_CFG_ID, 4, ID_PORTS);
}

struct port_device fw_cfg_ports(struct fw_cfg *cfg)
{
	return (struct port_device){ fw_cfg_read, fw_cfg_write, cfg, 1 | 2 };
}
