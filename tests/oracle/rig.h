/* SPDX-License-Identifier: MIT */
#ifndef TESTS_ORACLE_RIG_H
#define TESTS_ORACLE_RIG_H

#include <undervisor/exit_info.h>

#include "cases.h"
#include "oracle.h"

/*
 * The test rig: two copies of one world, the oracle walking in one and the library in the other.
 */

enum memory_kind {
	MEMORY_CALLBACKS, /* each access seen, and compared in order */
	MEMORY_WINDOW,	  /* plain host memory */
	MEMORY_BOTH,	  /* the first pages plain, the others by callbacks */
	NR_MEMORIES,
};

struct rig_access {
	bool write;
	uint8_t size;
	uint64_t address, value;
};

#define RIG_MAX_ACCESSES 512

struct rig {
	struct world world;
	bool world_valid;
	uint64_t pristine[WORLD_WORDS];
	uint64_t oracle_words[WORLD_WORDS];
	uint64_t words[WORLD_WORDS]; /* the library's */
	struct oracle_memory oracle_memory;

	struct udv_memory memory[NR_MEMORIES];
	struct udv_paging paging[NR_MEMORIES];
	struct udv_paging_config config[NR_MEMORIES];
	bool ready[NR_MEMORIES];
	unsigned nr_accesses;
	struct rig_access accesses[RIG_MAX_ACCESSES];

	/* The last case. */
	struct test_case test;
	struct oracle_result expected;
	struct udv_walk_result got;
	struct udv_walk_record record;
	uint64_t expected_pdpte[4], got_pdpte[4];
	struct oracle_l1 expected_l1, got_l1;
	bool expected_convertible, got_convertible;
	const char *problem; /* why the library refused the registers */
};

enum rig_variant {
	RIG_PLAIN = 1,
	RIG_RECORDED = 2,
	RIG_PEEK = 4,
};

void rig_init(struct rig *rig);
/*
 * Runs the case of these digits in both, in each of @variants. NULL if they agree, else what they
 * differ in.
 */
const char *rig_run(struct rig *rig, const uint16_t *digit, unsigned variants);

/* The same in steps, for tests that put their own values into rig->pristine and rig->test. */
void rig_prepare(struct rig *rig, const uint16_t *digit);
void rig_run_oracle(struct rig *rig);
const char *rig_run_library(struct rig *rig, enum rig_variant variant);
bool rig_roles_shared(const struct rig *rig);
const char *rig_compare(struct rig *rig, enum rig_variant variant);

/* What differs between the two results, without memory and steps; NULL for nothing. */
const char *compare_results(const struct rig *rig, bool peek);

/* l1.c: the steps of ENTRY_REPORT. */
void l1_run_oracle(struct rig *rig);
/* The walk that the library asks for, or 0 if it asks for none; then the rest. */
uint32_t l1_library_access(struct rig *rig, struct udv_paging *paging);
void l1_library_reflect(struct rig *rig, struct udv_paging *paging);
const char *l1_compare(const struct rig *rig);

/* Whether this variant writes nothing. */
bool rig_peeks(const struct rig *rig, enum rig_variant variant);

void print_case(const struct rig *rig, const char *difference);

#endif
