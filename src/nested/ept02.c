/* SPDX-License-Identifier: MIT */
#include "nested/ept02.h"

#include <assert.h>
#include <string.h>

#include <undervisor/paging.h>

#include "base/bits.h"

#define PAGE_SIZE 4096u
#define EPTP_WB 6ull
#define EPTP_LENGTH BITS(5, 3)
#define EPTP_AD BIT(6)
#define ENTRY_ADDRESS BITS(51, 12)
#define ENTRY_TABLE (7ull | BIT(10)) /* RWX, and user-mode X */
#define ENTRY_WB (6ull << 3)
#define ENTRY_LARGE BIT(7)
#define ENTRY_AD (BIT(8) | BIT(9))
#define ENTRY_XU BIT(10)

void ept02_init(struct ept02 *ept, uint64_t base, uint8_t *host, unsigned pages)
{
	memset(ept, 0, sizeof(*ept));
	ept->base = base;
	ept->host = host;
	ept->pages = pages;
}

static uint64_t *table_at(const struct ept02 *ept, uint64_t address)
{
	return (uint64_t *)(void *)(ept->host + ((address & ENTRY_ADDRESS) - ept->base));
}

static void drop(struct ept02 *ept, struct ept02_root *root)
{
	ept->drops += root->valid;
	root->valid = false;
}

static void reset(struct ept02 *ept)
{
	for (unsigned i = 0; i < EPT02_ROOTS; i++)
		drop(ept, &ept->root[i]);
	ept->used = 0;
	ept->reuses++;
}

/* Address of an empty table; 0: there is none left. */
static uint64_t take_table(struct ept02 *ept)
{
	uint64_t address = ept->base + (uint64_t)ept->used * PAGE_SIZE;

	if (ept->used == ept->pages)
		return 0;
	ept->used++;
	memset(table_at(ept, address), 0, PAGE_SIZE);
	return address;
}

static bool same_root(uint64_t a, uint64_t b)
{
	return !((a ^ b) & ENTRY_ADDRESS);
}

uint64_t ept02_root(struct ept02 *ept, uint64_t eptp12, bool mbec)
{
	struct ept02_root *root;
	uint64_t table;

	for (unsigned i = 0; i < EPT02_ROOTS; i++) {
		root = &ept->root[i];
		if (root->valid && root->eptp12 == eptp12 && root->mbec == mbec)
			return root->eptp02;
	}
	table = take_table(ept);
	if (!table) {
		reset(ept);
		table = take_table(ept);
	}
	root = &ept->root[ept->next];
	ept->next = (ept->next + 1) % EPT02_ROOTS;
	drop(ept, root);
	*root = (struct ept02_root){
		.valid = true,
		.eptp12 = eptp12,
		.mbec = mbec,
		.eptp02 = table | EPTP_WB | (eptp12 & (EPTP_LENGTH | EPTP_AD)),
	};
	return root->eptp02;
}

static unsigned levels_of(uint64_t eptp)
{
	return (unsigned)((eptp & EPTP_LENGTH) >> 3) + 1;
}

static uint64_t *entry_of(const struct ept02 *ept, uint64_t table, uint64_t gpa, unsigned level)
{
	return table_at(ept, table) + (gpa >> (12 + 9 * (level - 1)) & 511);
}

/* Whoever still uses a root that has been dropped writes into what others have now. */
static void assert_root(const struct ept02 *ept, uint64_t eptp02)
{
#ifndef NDEBUG
	bool known = false;

	for (unsigned i = 0; i < EPT02_ROOTS; i++)
		known |= ept->root[i].valid && ept->root[i].eptp02 == eptp02;
	assert(known);
#else
	(void)ept, (void)eptp02;
#endif
}

bool ept02_map(struct ept02 *ept, uint64_t eptp02, uint64_t gpa, uint64_t hpa, unsigned rights,
	       unsigned shift)
{
	unsigned last = shift == 21 ? 2 : 1;
	uint64_t table = eptp02, leaf, *entry;

	assert_root(ept, eptp02);
	for (unsigned level = levels_of(eptp02); level > last; level--) {
		entry = entry_of(ept, table, gpa, level);
		if (!*entry || *entry & ENTRY_LARGE) {
			uint64_t next = take_table(ept);

			if (!next) {
				reset(ept);
				return false;
			}
			*entry = next | ENTRY_TABLE;
		}
		table = *entry;
	}
	leaf = (hpa & ~(BIT(shift) - 1)) | ENTRY_WB | ENTRY_AD | (rights & 7u);
	if (rights & UDV_EPT_XU)
		leaf |= ENTRY_XU;
	if (shift > 12)
		leaf |= ENTRY_LARGE;
	*entry_of(ept, table, gpa, last) = leaf;
	return true;
}

static void unmap(const struct ept02 *ept, uint64_t eptp02, uint64_t gpa)
{
	uint64_t table = eptp02;

	for (unsigned level = levels_of(eptp02);; level--) {
		uint64_t *entry = entry_of(ept, table, gpa, level);

		if (level == 1 || !*entry || *entry & ENTRY_LARGE) {
			*entry = 0;
			return;
		}
		table = *entry;
	}
}

void ept02_unmap(struct ept02 *ept, uint64_t eptp12, uint64_t gpa)
{
	for (unsigned i = 0; i < EPT02_ROOTS; i++)
		if (ept->root[i].valid && same_root(ept->root[i].eptp12, eptp12))
			unmap(ept, ept->root[i].eptp02, gpa);
}

void ept02_drop(struct ept02 *ept, bool all, uint64_t eptp12)
{
	bool left = false;

	for (unsigned i = 0; i < EPT02_ROOTS; i++) {
		if (all || same_root(ept->root[i].eptp12, eptp12))
			drop(ept, &ept->root[i]);
		left |= ept->root[i].valid;
	}
	if (!left)
		reset(ept);
}
