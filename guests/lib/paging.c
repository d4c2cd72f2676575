// SPDX-License-Identifier: MIT
#include "internal.h"

int paging_levels = 4;

static u8 *next_page;

/* Tests take pages by the ten thousand: a word at a time. */
static void fill_words(void *page)
{
	word count = 4096 / WORD;

#ifdef __x86_64__
	asm volatile("rep stosq" : "+D"(page), "+c"(count) : "a"(0ull) : "memory");
#else
	asm volatile("rep stosl" : "+D"(page), "+c"(count) : "a"(0) : "memory");
#endif
}

void *page_new(void)
{
	if (!next_page)
		next_page = (u8 *)guest_end;
	u8 *page = next_page;
	next_page += 4096;
	fill_words(page);
	return page;
}

/* Pages from PAGE on are free again. */
void page_rewind(void *page)
{
	next_page = page;
}

/* The entry that maps ADDRESS at LEVEL (1: 4-KByte page), or NULL where a table is missing. */
u64 *entry(u64 root, u64 address, int level)
{
	u64 *table = (u64 *)(word)(root & PTE_ADDRESS);

	for (int at = paging_levels;; at--) {
		u64 *e = &table[address >> (12 + 9 * (at - 1)) & 511];

		if (at == level)
			return e;
		if (!(*e & PTE_P) || (*e & PTE_PS))
			return NULL;
		table = (u64 *)(word)(*e & PTE_ADDRESS);
	}
}

u64 *map(u64 root, u64 address, u64 physical_and_flags, int level)
{
	u64 *leaf;

	for (int at = paging_levels; at > level; at--) {
		u64 *e = entry(root, address, at);

		if (!(*e & PTE_P))
			*e = (u64)(word)page_new() | PTE_P | PTE_W | PTE_U;
	}
	leaf = entry(root, address, level);
	*leaf = physical_and_flags;
	return leaf;
}

#ifdef __x86_64__
/* A top-level table with what the first one maps now. */
u64 root_new(void)
{
	u64 *root = page_new();

	memcpy(root, guest_pml4, 4096);
	return (u64)root;
}
#endif
