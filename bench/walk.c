/* SPDX-License-Identifier: MIT */
/*
 * Nanoseconds of a walk, beside a loop that does the same dependent loads and nothing else.
 *
 *   bench-walk [--json]
 *
 * "warm": the same few pages again and again, tables in the first-level cache.
 * "cold": pages in random order, each with table entries on cache lines of their own, over tables
 * larger than the last-level cache.
 * The ratio to the floor of the same row, taken in the same run in turns, is what travels between
 * machines: of the median rounds, and of the quietest ones, which a shared machine disturbs least.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <undervisor/paging.h>

#define TABLE_FLAGS 0x67ull /* P, R/W, U/S, A, D */
#define EPT_FLAGS 0x337ull  /* R, W, X, write-back, A, D */
#define ADDRESS(entry) ((entry)&0x000ffffffffff000ull)
#define ROUNDS 7

struct world {
	uint8_t *ram;
	uint64_t size;
	uint64_t next; /* next free page */
	uint64_t cr3, ept_root;
	struct udv_memory memory;
	struct udv_paging paging;
};

static void die(const char *what)
{
	fprintf(stderr, "bench-walk: %s\n", what);
	exit(1);
}

static uint64_t take_page(struct world *w)
{
	uint64_t page = w->next;

	w->next += 4096;
	if (w->next > w->size)
		die("the world is too small");
	return page;
}

static uint64_t *entry_at(struct world *w, uint64_t table, uint64_t index)
{
	return (uint64_t *)(w->ram + table) + index;
}

/* Maps one 4-KByte page in a 4-level structure; its tables are identity addresses. */
static void map(struct world *w, uint64_t root, uint64_t from, uint64_t to, uint64_t flags,
		uint64_t leaf_flags)
{
	uint64_t table = root;

	for (int shift = 39; shift > 12; shift -= 9) {
		uint64_t *entry = entry_at(w, table, from >> shift & 511);

		if (!*entry)
			*entry = take_page(w) | flags;
		table = ADDRESS(*entry);
	}
	*entry_at(w, table, from >> 12 & 511) = to | leaf_flags;
}

static void world_init(struct world *w, uint64_t size)
{
	memset(w, 0, sizeof(*w));
	w->size = size;
	w->ram = mmap(NULL, size, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (w->ram == MAP_FAILED)
		die("no memory");
	w->next = 4096;
	w->cr3 = take_page(w);
	w->ept_root = take_page(w);
	w->memory.windows[0] = (struct udv_memory_window){ .size = size, .host = w->ram };
	w->memory.nr_windows = 1;
}

static void world_prepare(struct world *w, bool ept)
{
	struct udv_paging_config c = {
		.cr0 = 0x80010001,
		.cr4 = 0x20,
		.efer = 0xd00,
		.cr3 = w->cr3,
		.guest_maxphyaddr = 46,
		.maxphyaddr = 46,
		.features = UDV_FEATURES_ALL,
		.ept = ept,
		.eptp = w->ept_root | 0x5e,
		.ept_vpid_cap = UDV_EPT_CAP_ALL,
	};

	if (udv_paging_init(&w->paging, &c, &w->memory) != UDV_OK)
		die(udv_paging_problem(&c));
}

static uint64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000ull + (uint64_t)t.tv_nsec;
}

static const uint64_t *follow(const struct world *w, uint64_t table, uint64_t address, int shift)
{
	return (const uint64_t *)(w->ram + table) + (address >> shift & 511);
}

/* The loads of a one-dimensional walk, each address from the load before. */
static uint64_t bare_1d(const struct world *w, uint64_t root, uint64_t address)
{
	uint64_t table = root;

	for (int shift = 39; shift >= 12; shift -= 9)
		table = ADDRESS(*(const volatile uint64_t *)follow(w, table, address, shift));
	return table | (address & 0xfff);
}

static uint64_t bare_2d(const struct world *w, uint64_t address)
{
	uint64_t table = w->cr3;

	for (int shift = 39; shift >= 12; shift -= 9) {
		uint64_t at = table + 8 * (address >> shift & 511);
		uint64_t host = bare_1d(w, w->ept_root, at);

		table = ADDRESS(*(const volatile uint64_t *)(w->ram + host));
	}
	return bare_1d(w, w->ept_root, table | (address & 0xfff));
}

struct row {
	const char *name;
	bool ept, cold;
};

/*
 * Both sides make the next address depend on the last result, as a processor's next access does on
 * a miss: without that, the loads of one translation overlap with those of the next.
 */
static inline uint64_t opaque(uint64_t value)
{
	/* It is 0, which the compiler must not know, neither before nor after the shift. */
	__asm__("" : "+r"(value));
	value >>= 63;
	__asm__("" : "+r"(value));
	return value;
}

static double time_walks(struct world *w, const uint64_t *addresses, unsigned count, unsigned total)
{
	struct udv_walk_result result;
	uint64_t start = now(), carry = 0;

	for (unsigned i = 0; i < total; i++) {
		uint64_t address = addresses[i % count] ^ carry;

		if (udv_walk(&w->paging, UDV_ACCESS_READ, UDV_GVA(address), &result))
			die("a walk failed");
		carry = opaque(result.hpa.value);
	}
	return (double)(now() - start) / total;
}

static double time_bare(struct world *w, bool ept, const uint64_t *addresses, unsigned count,
			unsigned total)
{
	uint64_t start = now(), carry = 0;

	for (unsigned i = 0; i < total; i++) {
		uint64_t address = addresses[i % count] ^ carry;
		uint64_t host = ept ? bare_2d(w, address) : bare_1d(w, w->cr3, address);

		carry = opaque(host);
	}
	return (double)(now() - start) / total;
}

static double time_recorded(struct world *w, const uint64_t *addresses, unsigned count,
			    unsigned total)
{
	struct udv_walk_result result;
	struct udv_walk_record record;
	uint64_t start = now(), carry = 0;

	for (unsigned i = 0; i < total; i++) {
		uint64_t address = addresses[i % count] ^ carry;

		if (udv_walk_recorded(&w->paging, UDV_ACCESS_READ, UDV_GVA(address), &result,
				      &record))
			die("a walk failed");
		carry = opaque(result.hpa.value);
	}
	return (double)(now() - start) / total;
}

static uint64_t next_random(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* Sorts @values; the first is then the quietest round, the middle one the usual. */
static void sort(double *values)
{
	qsort(values, ROUNDS, sizeof(*values), compare);
}

/* Every guest-physical page of the world, through EPT, onto itself. */
static void map_identity(struct world *w, uint64_t bytes)
{
	for (uint64_t page = 0; page < bytes; page += 4096)
		map(w, w->ept_root, page, page, 0x107, EPT_FLAGS);
}

static void run(const struct row *row, bool json)
{
	unsigned count = row->cold ? 1u << 17 : 16;
	unsigned total = row->cold ? 1u << 18 : 1u << 20;
	/* A cold page lies 2 MBytes from the next: a page table of its own. */
	uint64_t stride = row->cold ? 1ull << 21 : 4096;
	uint64_t *addresses = malloc(count * sizeof(*addresses));
	double walk[ROUNDS], bare[ROUNDS], recorded[ROUNDS];
	uint64_t seed = 88172645463325252ull;
	struct world w;

	if (!addresses)
		die("no memory");
	world_init(&w, row->cold ? 3ull << 30 : 1ull << 24);
	for (unsigned i = 0; i < count; i++) {
		addresses[i] = 0x7f0000000000ull + i * stride + (next_random(&seed) & 511) * 4096;
		map(&w, w.cr3, addresses[i], addresses[i] & 0xffff000, TABLE_FLAGS, TABLE_FLAGS);
		addresses[i] |= 0x123;
	}
	if (row->ept)
		map_identity(&w, row->cold ? w.next + (1ull << 28) : 1ull << 23);
	for (unsigned i = count - 1; i; i--) {
		unsigned j = (unsigned)(next_random(&seed) % (i + 1));
		uint64_t swap = addresses[i];

		addresses[i] = addresses[j];
		addresses[j] = swap;
	}
	world_prepare(&w, row->ept);
	for (unsigned i = 0; i < ROUNDS; i++) {
		bare[i] = time_bare(&w, row->ept, addresses, count, total);
		walk[i] = time_walks(&w, addresses, count, total);
		recorded[i] = time_recorded(&w, addresses, count, total);
	}
	sort(walk);
	sort(bare);
	sort(recorded);
	printf(json ? "{\"walk\":\"%s\",\"ns\":%.1f,\"floor_ns\":%.1f,\"ratio\":%.2f,"
		      "\"best_ratio\":%.2f,\"recorded_ns\":%.1f}\n"
		    : "%-21s %7.1f ns  floor %7.1f ns  ratio %5.2f (best rounds %5.2f)  recorded "
		      "%7.1f ns\n",
	       row->name, walk[ROUNDS / 2], bare[ROUNDS / 2], walk[ROUNDS / 2] / bare[ROUNDS / 2],
	       walk[0] / bare[0], recorded[ROUNDS / 2]);
	munmap(w.ram, w.size);
	free(addresses);
}

int main(int argc, char **argv)
{
	static const struct row rows[] = {
		{ "4-level, warm", false, false },
		{ "4-level, cold", false, true },
		{ "4x4 (24 reads), warm", true, false },
		{ "4x4 (24 reads), cold", true, true },
	};
	bool json = argc > 1 && !strcmp(argv[1], "--json");

	if (argc > 1 + json) {
		fprintf(stderr, "bench-walk: unknown argument '%s'; the only one is --json\n",
			argv[1]);
		return 2;
	}
	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		run(&rows[i], json);
	return 0;
}
