/* SPDX-License-Identifier: MIT */
#ifndef TESTS_ORACLE_LITERALS_H
#define TESTS_ORACLE_LITERALS_H

#include "cases.h"

#define LITERAL_SETTINGS 8
#define LITERAL_POKES 3
#define LITERAL_AFTER 4

enum literal_where { NO_ENTRY, GUEST_ENTRY, EPT_ENTRY, PDPTE_REGISTER, LOG_SLOT };

struct literal_setting {
	enum digit digit;
	uint16_t value;
};

struct literal_poke {
	enum literal_where where;
	unsigned page, level; /* page 0 is the final one, n the guest table of level n */
	uint64_t clear, set;
};

struct literal_after {
	enum literal_where where;
	unsigned page, level;
	uint64_t mask, value;
};

/* A walk, and what must come of it. */
struct literal {
	const char *tag;
	struct literal_setting settings[LITERAL_SETTINGS];
	struct literal_poke pokes[LITERAL_POKES];
	uint32_t access;
	enum udv_outcome outcome;
	uint64_t code;	   /* exit qualification without advanced information, or #PF error code */
	uint64_t advanced; /* with it; 0: the same */
	uint64_t gpa;	   /* 0: not looked at */
	uint64_t gva_flip;
	uint64_t gla;		  /* 0: not looked at */
	unsigned pml_index_after; /* plus 1; 0: not looked at */
	struct literal_after after[LITERAL_AFTER];
};

extern const struct literal literals[];
extern const unsigned nr_literals;

#endif
