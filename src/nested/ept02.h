/* SPDX-License-Identifier: MIT */
#ifndef UDV_NESTED_EPT02_H
#define UDV_NESTED_EPT02_H

#include <stdbool.h>
#include <stdint.h>

/*
 * EPT02: L2 GPA to host-physical address, composed of EPT12 and L0's map of L1, which is the
 * identity. Filled one violation at a time.
 *
 * Invariants
 *  - A right is in an entry only if EPT12 gave it when the entry was made; W only if EPT12's leaf
 *    was dirty then, or EPT12 has no such flags: so each flag that L1 may look for is set.
 *  - All tables are in the pool. When it is used up everything is dropped: no L1 makes it grow.
 *  - What the processor has cached of a root holds until the pool is started over.
 */
#define EPT02_ROOTS 8u

struct ept02_root {
	bool valid;
	uint64_t eptp12;
	bool mbec;
	uint64_t eptp02;
};

struct ept02 {
	uint64_t base; /* of the pool, host-physical */
	uint8_t *host;
	unsigned pages, used;
	struct ept02_root root[EPT02_ROOTS];
	unsigned next; /* gives way next */
	/* How often the pool has been started over: before it was, tables meant something else. */
	uint64_t reuses;
	uint64_t drops; /* of roots, for the statistics */
};

void ept02_init(struct ept02 *ept, uint64_t base, uint8_t *host, unsigned pages);
/* EPTP02 for EPTP12 under these controls. */
uint64_t ept02_root(struct ept02 *ept, uint64_t eptp12, bool mbec);
/* @rights: UDV_EPT_*. @shift: 12 or 21. False: the pool was used up, and all is dropped. */
bool ept02_map(struct ept02 *ept, uint64_t eptp02, uint64_t gpa, uint64_t hpa, unsigned rights,
	       unsigned shift);
/* What @gpa has, in every root made for that of @eptp12. */
void ept02_unmap(struct ept02 *ept, uint64_t eptp12, uint64_t gpa);
/* All roots made for that of @eptp12; or all. */
void ept02_drop(struct ept02 *ept, bool all, uint64_t eptp12);

#endif
