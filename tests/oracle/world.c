/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "world.h"

#define LOW_BASE 0x45800000ull
#define HIGH_BASE 0x985800000ull
#define FINAL_HPA 0x765432000ull
#define PAGE_SIZE 4096ull

#define GUEST_NOISE (1ull << 9 | 1ull << 11 | 1ull << 8)
#define GUEST_LONG_NOISE (GUEST_NOISE | 1ull << 52 | 1ull << 58)
#define EPT_NOISE (1ull << 11 | 1ull << 52 | 1ull << 56 | 1ull << 59 | 1ull << 62)
#define EPT_RWX 0x407ull /* with bit 10, which counts with mode-based execute control */
#define EPT_WB (6ull << 3)

static uint16_t word_index(const struct world *w, uint64_t address)
{
	return (uint16_t)((address - w->base) / 8);
}

uint64_t world_get(const struct world *w, const uint64_t *words, uint64_t address, unsigned size)
{
	uint64_t word = words[word_index(w, address)];

	if (size == 8)
		return word;
	return address & 4 ? word >> 32 : word & 0xffffffff;
}

void world_set(const struct world *w, uint64_t *words, uint64_t address, unsigned size,
	       uint64_t value)
{
	uint64_t *word = &words[word_index(w, address)];
	unsigned shift = address & 4 && size == 4 ? 32 : 0;
	uint64_t mask = size == 8 ? ~0ull : 0xffffffffull << shift;

	*word = (*word & ~mask) | (value << shift & mask);
}

static void know(struct world *w, uint64_t address)
{
	uint16_t index = word_index(w, address);

	for (unsigned i = 0; i < w->nr_known; i++)
		if (w->known[i] == index)
			return;
	if (w->nr_known < WORLD_KNOWN)
		w->known[w->nr_known++] = index;
}

static uint64_t new_page(struct world *w)
{
	return w->base + PAGE_SIZE * w->next_page++;
}

/* ------------------------------------------------------------------ EPT */

static uint64_t ept_bits(const struct world *w, bool leaf)
{
	uint64_t value = EPT_RWX;

	if (leaf)
		value |= EPT_WB;
	if (!(w->shape.ept_flags & 1))
		value |= 1ull << 8;
	if (!(w->shape.ept_flags & 2))
		value |= 1ull << 9;
	if (w->shape.noise)
		value |= EPT_NOISE;
	return value;
}

/* Maps the page around @gpa to that around @hpa by a leaf of @leaf_level. */
static void ept_map(struct world *w, unsigned page, uint64_t gpa, uint64_t hpa, unsigned leaf_level)
{
	uint64_t table = w->eptp;

	for (unsigned level = w->shape.ept_levels; level >= 1; level--) {
		unsigned shift = 12 + 9 * (level - 1);
		uint64_t address = table + 8 * (gpa >> shift & 511);
		uint64_t *entry = &w->words[word_index(w, address)];

		w->ept_entry[page][level] = address;
		know(w, address);
		if (level == leaf_level) {
			*entry = (hpa >> shift << shift) | ept_bits(w, true);
			if (level > 1)
				*entry |= 1ull << 7;
		} else if (*entry == 0) {
			*entry = new_page(w) | ept_bits(w, false);
		}
		if (level == 1 || (*entry & 1ull << 7)) {
			w->ept_leaf_level[page] = (uint8_t)level;
			return;
		}
		table = *entry & 0x000ffffffffff000ull;
	}
}

/* ------------------------------------------------------------------ guest */

/* Where page number @page of the guest lies: with bits that tell it from the others. */
static uint64_t place(const struct world *w, unsigned tag, uint64_t low)
{
	if (w->shape.ept_levels == 0)
		return low;
	low &= 0x3fffffff;
	if (w->shape.mode == UDV_PAGING_32BIT)
		return (uint64_t)(tag & 3) << 30 | low;
	if (w->shape.layout == LAYOUT_PACKED)
		return 0x80000000ull | low;
	if (tag == 0)
		return 0x40000000ull | low;
	if (w->shape.layout == LAYOUT_WIDE)
		return (uint64_t)tag << 48 | (uint64_t)tag << 39 | (uint64_t)tag << 30 | low;
	return (uint64_t)tag << 39 | (uint64_t)(tag + 2) << 30 | low;
}

static uint64_t final_page(const struct world *w)
{
	uint64_t low = w->shape.guest_leaf == 3 ? 0 : 0x15400000;

	if (w->shape.guest_leaf == 1)
		low |= 0x3d000;
	if (w->shape.ept_levels == 0)
		return 0xc0000000ull | low;
	return place(w, w->shape.mode == UDV_PAGING_32BIT ? 2 : 6, low);
}

static unsigned index_of(const struct world *w, uint64_t la, unsigned level)
{
	if (w->shape.mode == UDV_PAGING_32BIT)
		return (unsigned)(la >> (level == 2 ? 22 : 12) & 1023);
	if (w->shape.mode == UDV_PAGING_PAE && level == 3)
		return (unsigned)(la >> 30 & 3);
	return (unsigned)(la >> (12 + 9 * (level - 1)) & 511);
}

/* The linear address whose indices are @index[5..1], sign-extended. */
static uint64_t compose(const struct world *w, const unsigned *index, uint64_t offset)
{
	uint64_t la = offset;
	unsigned top;

	if (w->shape.mode == UDV_PAGING_32BIT)
		return (uint64_t)(index[2] & 1023) << 22 | (uint64_t)(index[1] & 1023) << 12 | la;
	if (w->shape.mode == UDV_PAGING_PAE)
		return (uint64_t)(index[3] & 3) << 30 | (uint64_t)index[2] << 21 |
		       (uint64_t)index[1] << 12 | la;
	top = w->shape.mode == UDV_PAGING_5_LEVEL ? 5 : 4;
	for (unsigned level = 1; level <= top; level++)
		la |= (uint64_t)index[level] << (12 + 9 * (level - 1));
	if (index[top] & 256)
		la |= ~0ull << (12 + 9 * top);
	return la;
}

static const unsigned address_indices[4][6] = {
	{ 0, 0x1d1, 0x0a7, 0x133, 0x0c5, 0x05b },
	{ 0, 0x02e, 0x158, 0x0c9, 0x13a, 0x1a4 },
	{ 0, 0x1ff, 0x1ff, 0x1ff, 0x1ff, 0x1ff },
	{ 0, 0x000, 0x000, 0x000, 0x000, 0x000 },
};
static const unsigned address_offsets[4] = { 0x9a8, 0x4f0, 0xff8, 0x000 };

#define SELF_INDEX 0x06d

static uint64_t choose_address(const struct world *w)
{
	const unsigned *given = address_indices[w->shape.address];
	unsigned offset = address_offsets[w->shape.address];
	unsigned index[6];
	unsigned top = w->levels;

	memcpy(index, given, sizeof(index));
	if (w->shape.layout == LAYOUT_RECURSIVE) {
		for (unsigned level = 1; level <= top; level++)
			index[level] = SELF_INDEX;
	} else if (w->shape.layout == LAYOUT_SELF) {
		for (unsigned level = 1; level < top; level++)
			index[level] = given[level + 1] & 511;
		index[top] = SELF_INDEX;
	}
	return compose(w, index, offset);
}

static uint64_t guest_bits(const struct world *w, bool leaf)
{
	uint64_t value = GUEST_P | GUEST_W | GUEST_U;
	bool wide = w->shape.mode == UDV_PAGING_4_LEVEL || w->shape.mode == UDV_PAGING_5_LEVEL;

	if (!(w->shape.guest_flags & 1))
		value |= GUEST_A;
	if (!(w->shape.guest_flags & 2) && leaf)
		value |= GUEST_D;
	if (wide && leaf)
		value |= 5ull << 59; /* protection key 5 */
	if (w->shape.noise)
		value |= wide ? GUEST_LONG_NOISE : GUEST_NOISE;
	return value;
}

static void put_guest_entry(struct world *w, unsigned level, unsigned index, uint64_t value)
{
	unsigned size = world_entry_size(w);
	uint64_t address = w->table_hpa[level] + (uint64_t)index * size;

	world_set(w, w->words, address, size, value);
	know(w, address);
}

/* The tables as for an address that uses each level's own table. */
static void put_guest_tables(struct world *w)
{
	const unsigned *given = address_indices[w->shape.address];
	unsigned plain[6] = { 0 };
	unsigned bottom = w->shape.guest_leaf;
	uint64_t la;

	memcpy(plain, given, sizeof(plain));
	la = compose(w, plain, 0);
	for (unsigned level = w->levels; level >= bottom; level--) {
		bool leaf = level == bottom;
		uint64_t value = leaf ? w->final_gpa : w->table_gpa[level - 1];

		value |= guest_bits(w, leaf) | (leaf && level > 1 ? GUEST_PS : 0);
		if (w->shape.mode == UDV_PAGING_PAE && level == 3)
			w->pdpte[la >> 30 & 3] = w->table_gpa[2] | GUEST_P;
		else
			put_guest_entry(w, level, index_of(w, la, level), value);
	}
	if (w->shape.mode == UDV_PAGING_PAE)
		for (unsigned i = 0; i < 4; i++)
			put_guest_entry(w, 3, WORLD_PDPTES / 8 + i, w->pdpte[i]);
	if (w->shape.layout == LAYOUT_RECURSIVE || w->shape.layout == LAYOUT_SELF)
		put_guest_entry(w, w->levels, SELF_INDEX,
				w->table_gpa[w->levels] | guest_bits(w, true));
}

/* Follows the address through the finished tables, and notes where its entries are. */
static void trace(struct world *w)
{
	bool pae = w->shape.mode == UDV_PAGING_PAE;
	unsigned table = pae ? 2 : w->levels; /* number of the table in use */
	unsigned level = table;

	for (;;) {
		unsigned size = world_entry_size(w);
		uint64_t address =
			w->table_hpa[table] + (uint64_t)index_of(w, w->gva, level) * size;
		uint64_t entry = world_get(w, w->words, address, size);
		unsigned next = 0;

		w->guest_entry[level] = address;
		for (unsigned n = 1; n <= 5; n++)
			if (w->table_gpa[n] && (entry & 0xffffffffff000) == w->table_gpa[n])
				next = n;
		if (level == w->shape.guest_leaf) {
			w->final_gpa = entry & 0xffffffffff000;
			return;
		}
		if (next == 0)
			return;
		table = next;
		level--;
	}
}

static void map_everything(struct world *w)
{
	unsigned tables = w->shape.mode == UDV_PAGING_PAE ? 3 : w->levels;

	if (!w->shape.ept_levels)
		return;
	for (unsigned n = w->shape.guest_leaf; n <= tables; n++)
		if (w->table_gpa[n])
			ept_map(w, n, w->table_gpa[n], w->table_hpa[n], w->shape.table_leaf);
}

static void map_final(struct world *w)
{
	uint64_t gpa = w->final_gpa;

	if (w->shape.guest_leaf == 2 && w->shape.mode == UDV_PAGING_32BIT)
		gpa |= w->gva & 0x3fffff;
	else
		gpa |= w->gva & ((1ull << (12 + 9 * (w->shape.guest_leaf - 1))) - 1);
	if (w->shape.mode == UDV_PAGING_NONE)
		gpa = w->gva;
	w->final_gpa = gpa;
	if (!w->shape.ept_levels)
		return;
	/* A table that is the final page as well has its mapping already. */
	for (unsigned n = 1; n <= 5; n++)
		if (w->table_gpa[n] && w->table_gpa[n] >> 12 == gpa >> 12) {
			memcpy(w->ept_entry[0], w->ept_entry[n], sizeof(w->ept_entry[0]));
			w->ept_leaf_level[0] = w->ept_leaf_level[n];
			return;
		}
	ept_map(w, 0, gpa, FINAL_HPA, w->shape.final_leaf);
}

static void put_special_pages(struct world *w)
{
	uint64_t table = w->sppt_root = new_page(w);

	for (unsigned level = 4; level >= 1; level--) {
		uint64_t gpa = w->final_gpa;
		uint64_t address = table + 8 * (gpa >> (12 + 9 * (level - 1)) & 511);

		w->sppt[level] = address;
		know(w, address);
		if (level == 1)
			break;
		table = new_page(w);
		world_set(w, w->words, address, 8, table | 1);
	}
	w->pml = new_page(w);
	for (unsigned i = 0; i < 6; i++) {
		know(w, w->pml + 8ull * i);
		know(w, w->pml + 8ull * (511 - i));
	}
}

static unsigned guest_levels(uint8_t mode)
{
	static const unsigned levels[] = { 0, 2, 3, 4, 5 };

	return levels[mode];
}

void world_build(struct world *w, const struct world_shape *shape)
{
	memset(w, 0, sizeof(*w));
	w->shape = *shape;
	w->base = shape->ept_levels == 0 ? LOW_BASE : HIGH_BASE;
	w->next_page = 3;
	w->levels = guest_levels(shape->mode);
	w->gva = choose_address(w);
	if (shape->mode == UDV_PAGING_NONE)
		w->gva = 0x9543d9a8 - shape->address * 0x1120ull;
	for (unsigned n = w->levels; n >= 1 && n >= shape->guest_leaf; n--) {
		if (shape->mode == UDV_PAGING_PAE && n == 3) {
			w->table_hpa[3] = new_page(w);
			w->table_gpa[3] = place(w, 0, w->table_hpa[3]);
			continue;
		}
		w->table_hpa[n] = new_page(w);
		w->table_gpa[n] = place(w, n == w->levels ? 0 : n, w->table_hpa[n]);
	}
	w->root = w->table_gpa[w->levels];
	if (shape->ept_levels)
		w->eptp = new_page(w);
	if (w->levels) {
		w->final_gpa = final_page(w);
		put_guest_tables(w);
		trace(w);
	}
	map_everything(w);
	map_final(w);
	put_special_pages(w);
	know(w, w->base); /* the virtualization-exception information area */
}
