/* SPDX-License-Identifier: MIT */
#ifndef TESTS_ORACLE_GROUPS_H
#define TESTS_ORACLE_GROUPS_H

#include "cases.h"

/* A digit's values from @first on: @plain of them in a plain run, @full in a full one. */
struct range {
	enum digit digit;
	uint8_t first;
	uint8_t plain, full; /* @full 0: as many as plain */
};

#define GROUP_RANGES 24

/*
 * Every combination of the ranges; the first range changes fastest. Fields of a report that have no
 * range are drawn by chance in each case.
 */
struct group {
	const char *name;
	struct range ranges[GROUP_RANGES];
};

extern const struct group groups[];
extern const unsigned nr_groups;

#endif
