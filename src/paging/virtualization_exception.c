/* SPDX-License-Identifier: MIT */
#include <undervisor/exit_info.h>

#include "paging/walk.h"

/* SDM Vol 3C "Convertible EPT Violations", "Virtualization-Exception Information". */

#define VE_BUSY_OFFSET 4

static bool area_free(const struct udv_paging *p)
{
	uint64_t busy;

	return read_entry(p, p->config.ve_information + VE_BUSY_OFFSET, 4, &busy) &&
	       (uint32_t)busy == 0;
}

bool udv_ve_convertible(struct udv_paging *p, const struct udv_walk_result *walk)
{
	const struct udv_fault *fault = &walk->fault;

	if (walk->outcome != UDV_WALK_EPT_VIOLATION || !(p->config.ept_controls & UDV_EPT_VE))
		return false;
	if (!(p->config.cr0 & CR0_PE))
		return false;
	if (fault->flags & (UDV_FAULT_ASYNC | UDV_FAULT_EVENT_DELIVERY))
		return false;
	/* The entry that stopped the walk, or else the leaf, decides; without one, nothing does. */
	if (!(fault->flags & UDV_FAULT_ENTRY_VALID) || fault->entry & EPT_SUPPRESS_VE)
		return false;
	return area_free(p);
}
