/* SPDX-License-Identifier: MIT */
#include "devices/vtd.h"

#include <stddef.h>
#include <string.h>

#include "base/bits.h"

/* Offsets of registers. */
enum {
	VER = 0x00,
	CAP = 0x08,
	ECAP = 0x10,
	GCMD = 0x18, /* 32 bits; GSTS, 1CH, is the other half of its word */
	RTADDR = 0x20,
	CCMD = 0x28,
	FSTS = 0x30,  /* 34H is the other half */
	FECTL = 0x38, /* and FEDATA */
	FEADDR = 0x40,
	IOTLB_BASE = 0x100, /* IVA */
	IOTLB = IOTLB_BASE + 8,
	FAULTS = 0x220,
};

#define VERSION 0x10u /* 1.0 */

/* Capabilities: 256 domains, 48 bits in 4 levels, 2 MB and 1 GB pages, one fault register. */
#define CAP_DOMAINS 2ull
#define CAP_4_LEVEL BIT(10)
#define CAP_WIDTH (47ull << 16)
#define CAP_ZERO_LENGTH_READS BIT(22)
#define CAP_FAULT_OFFSET ((uint64_t)FAULTS / 16 << 24)
#define CAP_LARGE_PAGES (3ull << 34)
#define CAP_PAGE_INVALIDATION BIT(39)
#define CAP_MAX_MASK (18ull << 48)
#define CAP_DRAINS (BIT(54) | BIT(55))
#define CAPABILITIES                                                                               \
	(CAP_DOMAINS | CAP_4_LEVEL | CAP_WIDTH | CAP_ZERO_LENGTH_READS | CAP_FAULT_OFFSET |        \
	 CAP_LARGE_PAGES | CAP_PAGE_INVALIDATION | CAP_MAX_MASK | CAP_DRAINS)

#define ECAP_COHERENT BIT(0)
#define ECAP_PASS_THROUGH BIT(6)
#define ECAP_SNOOP_CONTROL BIT(7)
#define ECAP_IOTLB_OFFSET ((uint64_t)IOTLB_BASE / 16 << 8)
#define EXTENDED_CAPABILITIES                                                                      \
	(ECAP_COHERENT | ECAP_PASS_THROUGH | ECAP_SNOOP_CONTROL | ECAP_IOTLB_OFFSET)

/* Global command, and the same bits of global status, 32 bits higher in their word. */
#define COMMAND_TRANSLATE BIT(31)
#define COMMAND_SET_ROOT BIT(30)
#define STATUS_SHIFT 32

#define FECTL_MASKED BIT(31)
#define FECTL_WRITABLE (FECTL_MASKED | BITS(63, 32)) /* and all of FEDATA */
#define ROOT_WRITABLE BITS(63, 12)
#define FEADDR_WRITABLE BITS(63, 2)

/* Invalidations: what is asked for, and what was done, which is the same. */
#define INVALIDATE BIT(63)
#define CCMD_WRITABLE (BITS(62, 61) | BITS(33, 0))
#define CCMD_DONE_SHIFT 59
#define CCMD_ASKED_SHIFT 61
#define IOTLB_WRITABLE (BITS(61, 60) | BITS(49, 32))
#define IOTLB_DONE_SHIFT 57
#define IOTLB_ASKED_SHIFT 60

static uint64_t *word(struct vtd *vtd, unsigned offset)
{
	return &vtd->word[offset / 8];
}

/* Translation is on or off; a root pointer once set stays. */
static void command(struct vtd *vtd, uint64_t value)
{
	uint64_t status = *word(vtd, GCMD) >> STATUS_SHIFT;

	status = (status & ~COMMAND_TRANSLATE) | (value & (COMMAND_TRANSLATE | COMMAND_SET_ROOT));
	*word(vtd, GCMD) = status << STATUS_SHIFT;
}

static void invalidate(uint64_t *reg, uint64_t value, uint64_t writable, unsigned asked,
		       unsigned done)
{
	uint64_t kept = *reg & 3ull << done;

	*reg = (value & writable) | kept;
	if (value & INVALIDATE)
		*reg = (value & writable) | (value >> asked & 3) << done;
}

/* All of a word is written: what is not, @value has as it was. @low: the lower half is. */
static void write_word(struct vtd *vtd, unsigned offset, uint64_t value, bool low)
{
	uint64_t *reg = word(vtd, offset);

	switch (offset) {
	case GCMD:
		if (low)
			command(vtd, value);
		break;
	case RTADDR:
		*reg = value & ROOT_WRITABLE;
		break;
	case CCMD:
		invalidate(reg, value, CCMD_WRITABLE, CCMD_ASKED_SHIFT, CCMD_DONE_SHIFT);
		break;
	case FECTL:
		*reg = value & FECTL_WRITABLE;
		break;
	case FEADDR:
		*reg = value & FEADDR_WRITABLE;
		break;
	case IOTLB:
		invalidate(reg, value, IOTLB_WRITABLE, IOTLB_ASKED_SHIFT, IOTLB_DONE_SHIFT);
		break;
	default: /* read-only, or to be cleared by ones and 0 for ever */
		break;
	}
}

/* Registers are of 32 or 64 bits, and are accessed so. */
static bool is_access(uint64_t offset, unsigned size)
{
	return (size == 4 || size == 8) && !(offset & (size - 1)) && offset < VTD_REGISTERS;
}

static uint64_t vtd_read(void *opaque, uint64_t offset, unsigned size)
{
	struct vtd *vtd = opaque;
	uint64_t value;

	if (!is_access(offset, size))
		return 0;
	value = *word(vtd, (unsigned)offset);
	return size == 8 ? value : (uint32_t)(value >> (offset & 4) * 8);
}

static void vtd_write(void *opaque, uint64_t offset, unsigned size, uint64_t value)
{
	struct vtd *vtd = opaque;
	unsigned at = (unsigned)offset & ~7u, shift = (unsigned)(offset & 4) * 8;
	uint64_t mask = size == 8 ? ~0ull : BITS(31, 0) << shift;

	if (!is_access(offset, size))
		return;
	write_word(vtd, at, (*word(vtd, at) & ~mask) | (value << shift & mask), !shift);
}

void vtd_init(struct vtd *vtd)
{
	memset(vtd, 0, sizeof(*vtd));
	*word(vtd, VER) = VERSION;
	*word(vtd, CAP) = CAPABILITIES;
	*word(vtd, ECAP) = EXTENDED_CAPABILITIES;
	*word(vtd, FECTL) = FECTL_MASKED;
}

struct mem_device vtd_memory(struct vtd *vtd)
{
	return (struct mem_device){ .read = vtd_read, .write = vtd_write, .opaque = vtd };
}
