/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <undervisor/paging.h>

#include "base/bits.h"
#include "nested/ept02.h"

/* The tables of EPT02 as the processor reads them, and the bounds of their memory. */

#define PAGE 4096u
#define BASE (1ull << 51)
#define PAGES 64u
#define GUARD 0xabu
#define ALL (UDV_EPT_R | UDV_EPT_W | UDV_EPT_X)
#define LENGTH_4 0x18ull
#define LENGTH_5 0x20ull
#define WB 6ull
#define AD 0x40ull
#define LEAF_BITS (6ull << 3 | BIT(8) | BIT(9))

struct pool {
	struct ept02 ept;
	uint8_t *host; /* with a page on either side that nobody writes */
	unsigned pages;
};

static struct pool *pool_new(unsigned pages)
{
	struct pool *p = calloc(1, sizeof(*p));

	assert_non_null(p);
	p->pages = pages;
	p->host = aligned_alloc(PAGE, (pages + 2) * (size_t)PAGE);
	assert_non_null(p->host);
	memset(p->host, GUARD, (pages + 2) * (size_t)PAGE);
	ept02_init(&p->ept, BASE, p->host + PAGE, pages);
	return p;
}

static void pool_delete(struct pool *p)
{
	for (unsigned i = 0; i < PAGE; i++) {
		assert_int_equal(p->host[i], GUARD);
		assert_int_equal(p->host[(p->pages + 1) * (size_t)PAGE + i], GUARD);
	}
	free(p->host);
	free(p);
}

static uint64_t entry_at(const struct pool *p, uint64_t table, uint64_t gpa, unsigned level)
{
	uint64_t value, page = (table & BITS(51, 12)) - BASE;

	assert_true(page < p->pages * (uint64_t)PAGE);
	memcpy(&value, p->host + PAGE + page + (gpa >> (12 + 9 * (level - 1)) & 511) * 8, 8);
	return value;
}

/* The leaf for @gpa, or 0: as the processor would walk, upper entries checked on the way. */
static uint64_t leaf_of(const struct pool *p, uint64_t eptp02, uint64_t gpa)
{
	uint64_t table = eptp02, entry;

	for (unsigned level = (unsigned)(eptp02 >> 3 & 7) + 1;; level--) {
		entry = entry_at(p, table, gpa, level);
		if (level == 1 || !entry || (level == 2 && entry & BIT(7)))
			return entry;
		assert_int_equal(entry & ~BITS(51, 12), 7 | BIT(10));
		table = entry;
	}
}

static void map(struct pool *p, uint64_t eptp02, uint64_t gpa, uint64_t hpa, unsigned rights)
{
	assert_true(ept02_map(&p->ept, eptp02, gpa, hpa, rights, 12));
	assert_int_equal(leaf_of(p, eptp02, gpa), (hpa & ~0xfffull) | LEAF_BITS | (rights & 7) |
							  (rights & UDV_EPT_XU ? BIT(10) : 0));
}

/* T29: the walk length and the use of accessed and dirty flags are EPT12's. */
static void test_roots(void **state)
{
	static const uint64_t low[] = { WB | LENGTH_4, LENGTH_4,      WB | LENGTH_4 | AD,
					LENGTH_4 | AD, WB | LENGTH_5, WB | LENGTH_5 | AD };
	struct pool *p = pool_new(PAGES);
	uint64_t made[6];

	(void)state;
	for (unsigned i = 0; i < 6; i++) {
		made[i] = ept02_root(&p->ept, 0x5000 | low[i], false);
		assert_int_equal(made[i] & 0xfff, WB | (low[i] & (LENGTH_4 | LENGTH_5 | AD)));
		for (unsigned j = 0; j < i; j++)
			assert_int_not_equal(made[i] >> 12, made[j] >> 12);
	}
	for (unsigned i = 0; i < 6; i++)
		assert_int_equal(ept02_root(&p->ept, 0x5000 | low[i], false), made[i]);
	assert_int_not_equal(ept02_root(&p->ept, 0x5000 | low[0], true), made[0]);
	assert_int_equal(p->ept.used, 7);
	pool_delete(p);
}

static void test_map(void **state)
{
	struct pool *p = pool_new(PAGES);
	uint64_t root = ept02_root(&p->ept, 0x5000 | WB | LENGTH_4, true);
	uint64_t deep = ept02_root(&p->ept, 0x6000 | WB | LENGTH_5 | AD, false);

	(void)state;
	map(p, root, 0x123456789238, 0x7654321, ALL);
	map(p, root, 0x12345678a000, 0x7000, UDV_EPT_R);
	map(p, root, 0x12345678b000, 0x8000, UDV_EPT_R | UDV_EPT_XU);
	map(p, root, 0x12345678b000, 0x9000, UDV_EPT_X); /* in its place */
	assert_int_equal(leaf_of(p, root, 0x12345678c000), 0);
	map(p, deep, 0x1fedcba987000, 0xa000, ALL);
	assert_int_equal(leaf_of(p, root, 0x0fedcba987000), 0);
	assert_true(ept02_map(&p->ept, root, 0x40234567, 0x80234567, UDV_EPT_R | UDV_EPT_W, 21));
	assert_int_equal(leaf_of(p, root, 0x403fffff), 0x80200000 | LEAF_BITS | BIT(7) | 3);
	/* A small page where a large one was, and the other way round. */
	map(p, root, 0x40234000, 0xb000, ALL);
	assert_int_equal(leaf_of(p, root, 0x40235000), 0);
	assert_true(ept02_map(&p->ept, root, 0x40200000, 0xc00000, ALL, 21));
	assert_int_equal(leaf_of(p, root, 0x40234000), 0xc00000 | LEAF_BITS | BIT(7) | 7);
	pool_delete(p);
}

/* H6, T33: what has been refused goes in every root made of the same tables, and nowhere else. */
static void test_unmap(void **state)
{
	static const uint64_t eptps[] = { 0x5000 | WB | LENGTH_4, 0x5000 | LENGTH_4 | AD,
					  0x5000 | WB | LENGTH_5, 0x6000 | WB | LENGTH_4 };
	struct pool *p = pool_new(PAGES);
	uint64_t roots[4];

	(void)state;
	for (unsigned i = 0; i < 4; i++) {
		roots[i] = ept02_root(&p->ept, eptps[i], false);
		map(p, roots[i], 0x1000, 0x1000, ALL);
		map(p, roots[i], 0x2000, 0x2000, ALL);
		assert_true(ept02_map(&p->ept, roots[i], 0x600000, 0x600000, ALL, 21));
	}
	ept02_unmap(&p->ept, eptps[1], 0x1238);
	ept02_unmap(&p->ept, eptps[0], 0x7ff238);
	ept02_unmap(&p->ept, eptps[0], 0x123400000000); /* nothing there */
	for (unsigned i = 0; i < 4; i++) {
		assert_int_equal(leaf_of(p, roots[i], 0x1000) != 0, i == 3);
		assert_int_not_equal(leaf_of(p, roots[i], 0x2000), 0);
		assert_int_equal(leaf_of(p, roots[i], 0x7ff000) != 0, i == 3);
	}
	pool_delete(p);
}

static unsigned valid_roots(const struct ept02 *ept)
{
	unsigned n = 0;

	for (unsigned i = 0; i < EPT02_ROOTS; i++)
		n += ept->root[i].valid;
	return n;
}

/* T40: INVEPT's two kinds. The pool starts over when no root is left, and says so. */
static void test_drop(void **state)
{
	struct pool *p = pool_new(PAGES);
	uint64_t first = ept02_root(&p->ept, 0x5000 | WB | LENGTH_4, false);
	uint64_t second = ept02_root(&p->ept, 0x6000 | WB | LENGTH_4, false), again;
	uint64_t reuses = p->ept.reuses;

	(void)state;
	(void)ept02_root(&p->ept, 0x5000 | LENGTH_4 | AD, true);
	map(p, second, 0x1000, 0x1000, ALL);
	ept02_drop(&p->ept, false, 0x5000 | 0x5e);
	assert_int_equal(valid_roots(&p->ept), 1);
	assert_int_equal(p->ept.reuses, reuses);
	again = ept02_root(&p->ept, 0x5000 | WB | LENGTH_4, false);
	assert_int_not_equal(again, first); /* the old one may still be cached by the processor */
	assert_int_equal(leaf_of(p, again, 0x1000), 0);
	assert_int_equal(ept02_root(&p->ept, 0x6000 | WB | LENGTH_4, false), second);
	assert_int_not_equal(leaf_of(p, second, 0x1000), 0);
	ept02_drop(&p->ept, false, 0x7000);
	assert_int_equal(valid_roots(&p->ept), 2);
	ept02_drop(&p->ept, true, 0);
	assert_int_equal(valid_roots(&p->ept), 0);
	assert_int_equal(p->ept.used, 0);
	assert_int_equal(p->ept.reuses, reuses + 1);
	first = ept02_root(&p->ept, 0x5000 | WB | LENGTH_4, false);
	assert_int_equal(leaf_of(p, first, 0x1000), 0); /* a table that was used is empty again */
	ept02_drop(&p->ept, false, 0x5000);		/* the last one */
	assert_int_equal(p->ept.reuses, reuses + 2);
	pool_delete(p);
}

/* H13: a root that gives way is not mistaken for another while its tables are still there. */
static void test_many_roots(void **state)
{
	struct pool *p = pool_new(PAGES);
	uint64_t roots[EPT02_ROOTS + 1];

	(void)state;
	for (unsigned i = 0; i < EPT02_ROOTS + 1; i++) {
		roots[i] = ept02_root(&p->ept, (0x5000 + i * 0x1000ull) | WB | LENGTH_4, false);
		map(p, roots[i], 0x1000, 0x1000 * (i + 1ull), ALL);
	}
	assert_int_equal(valid_roots(&p->ept), EPT02_ROOTS);
	assert_int_equal(p->ept.used, 4 * (EPT02_ROOTS + 1));
	for (unsigned i = 1; i < EPT02_ROOTS + 1; i++) {
		assert_int_equal(
			ept02_root(&p->ept, (0x5000 + i * 0x1000ull) | WB | LENGTH_4, false),
			roots[i]);
		assert_int_equal(leaf_of(p, roots[i], 0x1000) >> 12, i + 1);
	}
	assert_int_equal(ept02_root(&p->ept, 0x5000 | WB | LENGTH_4, false) >> 12,
			 (BASE >> 12) + 4 * (EPT02_ROOTS + 1)); /* the first anew */
	assert_int_equal(p->ept.reuses, 0);
	pool_delete(p);
}

/* The pool is used up: in the middle of a mapping, and for a root. */
static void test_exhaustion(void **state)
{
	struct pool *p = pool_new(6);
	uint64_t root = ept02_root(&p->ept, 0x5000 | WB | LENGTH_4, false);

	(void)state;
	map(p, root, 0x1000, 0x1000, ALL); /* three tables */
	map(p, root, 0x200000, 0x1000, ALL);
	assert_int_equal(p->ept.used, 5);
	assert_false(ept02_map(&p->ept, root, 1ull << 30, 0x1000, ALL, 12));
	assert_int_equal(valid_roots(&p->ept), 0);
	assert_int_equal(p->ept.used, 0);
	assert_int_equal(p->ept.reuses, 1);
	root = ept02_root(&p->ept, 0x5000 | WB | LENGTH_4, false);
	assert_int_equal(leaf_of(p, root, 0x1000), 0);
	for (unsigned i = 1; i < 6; i++)
		(void)ept02_root(&p->ept, (0x5000 + 0x1000ull * i) | WB | LENGTH_4, false);
	assert_int_equal(p->ept.used, 6);
	assert_int_equal(p->ept.reuses, 1);
	root = ept02_root(&p->ept, 0xf000 | WB | LENGTH_4, false);
	assert_int_equal(p->ept.reuses, 2);
	assert_int_equal(valid_roots(&p->ept), 1);
	assert_int_equal(root >> 12, BASE >> 12);
	pool_delete(p);
}

static uint64_t next_random(uint64_t *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 7;
	*seed ^= *seed << 17;
	return *seed;
}

/* Roots and pages without end, dropped at random: never beyond the pool, and always what was last.
 */
static void test_without_end(void **state)
{
	struct pool *p = pool_new(40);
	uint64_t seed = 0x9e3779b97f4a7c15;

	(void)state;
	for (unsigned i = 0; i < 200000; i++) {
		uint64_t r = next_random(&seed), gpa = next_random(&seed) & BITS(47, 0);
		uint64_t eptp = (0x1000 + (r & 0xff000)) | WB | (r & 1 ? LENGTH_5 : LENGTH_4) |
				(r & 2 ? AD : 0);
		uint64_t root = ept02_root(&p->ept, eptp, r & 4);
		unsigned shift = r & 8 ? 21 : 12;

		assert_int_equal(ept02_root(&p->ept, eptp, r & 4), root);
		if (ept02_map(&p->ept, root, gpa, r, ALL, shift))
			assert_int_equal(leaf_of(p, root, gpa) & BITS(51, shift),
					 r & BITS(51, shift));
		if (!(r >> 20 & 7)) {
			ept02_unmap(&p->ept, eptp, gpa);
			assert_int_equal(leaf_of(p, root, gpa), 0);
		}
		if (!(r >> 24 & 15))
			ept02_drop(&p->ept, false, eptp);
		assert_true(p->ept.used <= 40);
	}
	assert_true(p->ept.reuses > 1000);
	pool_delete(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_roots),	    cmocka_unit_test(test_map),
		cmocka_unit_test(test_unmap),	    cmocka_unit_test(test_drop),
		cmocka_unit_test(test_many_roots),  cmocka_unit_test(test_exhaustion),
		cmocka_unit_test(test_without_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
