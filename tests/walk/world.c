/* SPDX-License-Identifier: MIT */
#include "world.h"

#include <assert.h>
#include <string.h>

#define ADDRESS(entry) ((entry)&0x000ffffffffff000ull)

static void log_access(struct world *w, bool write, uint64_t address, uint64_t value)
{
	assert(w->nr_log < WORLD_LOG);
	w->log[w->nr_log++] = (struct access_log){ write, address, value };
}

static bool read_ram(void *opaque, udv_hpa_t address, unsigned size, uint64_t *value)
{
	struct world *w = opaque;

	if (address.value > WORLD_SIZE - size)
		return false;
	*value = 0;
	memcpy(value, w->ram + address.value, size);
	log_access(w, false, address.value, *value);
	return true;
}

static enum udv_cas exchange_ram(void *opaque, udv_hpa_t address, unsigned size, uint64_t expected,
				 uint64_t desired)
{
	struct world *w = opaque;
	uint64_t now = 0;

	if (address.value > WORLD_SIZE - size)
		return UDV_CAS_NO_MEMORY;
	memcpy(&now, w->ram + address.value, size);
	if (w->refuse_cas || now != expected) {
		if (w->refuse_cas)
			w->refuse_cas--;
		return UDV_CAS_CHANGED;
	}
	memcpy(w->ram + address.value, &desired, size);
	log_access(w, true, address.value, desired);
	return UDV_CAS_DONE;
}

void world_init(struct world *w)
{
	memset(w, 0, sizeof(*w));
	w->next_page = 0x1000;
	w->memory = (struct udv_memory){ .read = read_ram,
					 .compare_exchange = exchange_ram,
					 .opaque = w };
	w->config = (struct udv_paging_config){
		.cr0 = 0x80010001,
		.cr4 = 0x20,
		.efer = 0xd00,
		.guest_maxphyaddr = 46,
		.maxphyaddr = 46,
		.features = UDV_FEATURES_ALL,
		.ept_vpid_cap = UDV_EPT_CAP_ALL,
	};
}

uint64_t world_page(struct world *w)
{
	uint64_t page = w->next_page;

	w->next_page += 0x1000;
	assert(w->next_page <= WORLD_SIZE);
	return page;
}

uint64_t world_read(const struct world *w, uint64_t address)
{
	uint64_t value;

	memcpy(&value, w->ram + address, sizeof(value));
	return value;
}

void world_write(struct world *w, uint64_t address, uint64_t value)
{
	memcpy(w->ram + address, &value, sizeof(value));
}

static uint64_t slot(uint64_t table, unsigned level, uint64_t address)
{
	return table + 8 * (address >> (12 + 9 * (level - 1)) & 511);
}

uint64_t world_map(struct world *w, uint64_t root, unsigned top, unsigned level, uint64_t address,
		   uint64_t leaf, uint64_t flags)
{
	uint64_t table = root;

	for (unsigned at = top; at > level; at--) {
		uint64_t entry = slot(table, at, address);

		if (!world_read(w, entry))
			world_write(w, entry, world_page(w) | flags);
		table = ADDRESS(world_read(w, entry));
	}
	world_write(w, slot(table, level, address), leaf);
	return slot(table, level, address);
}

uint64_t world_entry(const struct world *w, uint64_t root, unsigned top, unsigned level,
		     uint64_t address)
{
	uint64_t table = root;

	for (unsigned at = top; at > level; at--)
		table = ADDRESS(world_read(w, slot(table, at, address)));
	return slot(table, level, address);
}

static uint64_t ept_root(const struct nested_world *n)
{
	return ADDRESS(n->w.config.eptp);
}

/* A host page that the guest knows as GUEST_BASE + its address. */
static uint64_t guest_page(struct nested_world *n)
{
	uint64_t page = world_page(&n->w);

	world_map(&n->w, ept_root(n), 4, 1, GUEST_BASE + page, page | EALL | EWB, EALL);
	return page;
}

void nested_world_init(struct nested_world *n, uint64_t guest_flags)
{
	struct world *w = &n->w;
	uint64_t table;

	memset(n, 0, sizeof(*n));
	world_init(w);
	w->config.ept = true;
	w->config.eptp = world_page(w) | 0x5e;
	table = guest_page(n);
	n->cr3 = GUEST_BASE + table;
	w->config.cr3 = n->cr3;
	for (unsigned level = 4; level > 1; level--) {
		uint64_t next = guest_page(n);

		n->guest_entry[level] = slot(table, level, TEST_GVA);
		world_write(w, n->guest_entry[level], (GUEST_BASE + next) | guest_flags);
		table = next;
	}
	n->guest_entry[1] = slot(table, 1, TEST_GVA);
	world_write(w, n->guest_entry[1], TEST_DATA_GPA | guest_flags);
	n->data = world_page(w);
	world_map(w, ept_root(n), 4, 1, TEST_DATA_GPA, n->data | EALL | EWB, EALL);
	for (unsigned level = 1; level <= 4; level++)
		n->data_ept_entry[level] = world_entry(w, ept_root(n), 4, level, TEST_DATA_GPA);
}

uint64_t nested_table_gpa(const struct nested_world *n, unsigned level)
{
	return GUEST_BASE + n->guest_entry[level];
}

uint64_t nested_table_ept_entry(const struct nested_world *n, unsigned level)
{
	return world_entry(&n->w, ept_root(n), 4, 1, nested_table_gpa(n, level));
}

void nested_prepare(struct nested_world *n)
{
	enum udv_status status = udv_paging_init(&n->w.paging, &n->w.config, &n->w.memory);

	assert(status == UDV_OK);
	(void)status;
	n->w.nr_log = 0;
}
