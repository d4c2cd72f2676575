/* SPDX-License-Identifier: MIT */
#ifndef UDV_ARCH_LAYOUT_H
#define UDV_ARCH_LAYOUT_H

#include <stdint.h>

/*
 * How a register, an entry, an error code or a qualification is laid out: one row per bit or bit
 * field, in ascending order. The tables are data; src/explain gives them a voice.
 *
 * A table is an X-macro of rows R(kind, high, low, needs, name, clear, set).
 */

enum arch_row_kind {
	ARCH_BIT,	/* @clear and @set say what the two values mean */
	ARCH_FIELD,	/* a number: @set says of what */
	ARCH_VALUES,	/* as ARCH_FIELD; @set holds the texts for 0, 1, 2 ..., split by '|' */
	ARCH_ADDRESS,	/* address bits: those above the physical-address width are reserved */
	ARCH_ZERO,	/* must be 0 */
	ARCH_ONE,	/* must be 1 */
	ARCH_IGNORED,	/* free for software */
	ARCH_UNDEFINED, /* may be anything */
};

/*
 * What must be enabled for a row to have its meaning. Without it the bit is ignored in an EPT
 * entry, undefined in a qualification, and as said here in a guest entry.
 */
enum arch_needs {
	ARCH_NEEDS_NOTHING,
	ARCH_NEEDS_AD,		 /* EPTP[6] */
	ARCH_NEEDS_SSS,		 /* EPTP[7] */
	ARCH_NEEDS_MBEC,	 /* secondary 22 */
	ARCH_NEEDS_SPP,		 /* secondary 23 */
	ARCH_NEEDS_VE,		 /* secondary 18 */
	ARCH_NEEDS_PAGING_WRITE, /* tertiary 2 */
	ARCH_NEEDS_VERIFICATION, /* tertiary 3 */
	ARCH_NEEDS_NXE,		 /* EFER.NXE: reserved without it */
	ARCH_NEEDS_KEYS,	 /* CR4.PKE or CR4.PKS: ignored without */
};

struct arch_row {
	uint8_t high, low;
	uint8_t kind;  /* enum arch_row_kind */
	uint8_t needs; /* enum arch_needs */
	const char *name, *clear, *set;
};

struct arch_layout {
	const struct arch_row *rows;
	unsigned nr_rows;
	uint8_t width; /* 32 or 64 */
	uint8_t gaps;  /* what bits without a row are: ARCH_ZERO, ARCH_UNDEFINED or ARCH_IGNORED */
	const char *title;
};

#endif
