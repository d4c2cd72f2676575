/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "paging/walk.h"

bool udv_pdpte_valid(uint64_t pdpte, unsigned maxphyaddr)
{
	return !(pdpte & PTE_P) || !(pdpte & (BITS(2, 1) | BITS(8, 5) | bits_from(maxphyaddr)));
}

/* Where the 32 bytes lie: a data read without a linear address, even under EPT A/D flags. */
static bool find_table(struct udv_paging *paging, uint32_t flags, uint64_t cr3,
		       struct udv_walk_result *result)
{
	struct udv_gpa_origin origin = { .stage = UDV_STAGE_NONE };

	return udv_walk_gpa(paging, UDV_ACCESS_READ | (flags & UDV_ACCESS_PEEK),
			    UDV_GPA(cr3 & BITS(31, 5)), &origin, result, NULL) == UDV_WALK_OK;
}

static enum udv_outcome refuse_load(struct udv_walk_result *result, enum udv_outcome outcome,
				    enum udv_cause cause, uint64_t address, uint64_t entry)
{
	result->outcome = outcome;
	result->fault = (struct udv_fault){
		.cause = cause,
		.dimension = UDV_DIM_GUEST,
		.level = 3,
		.access = UDV_ACCESS_READ,
		.entry_address = address,
		.entry = entry,
		.flags = outcome == UDV_WALK_NO_MEMORY ? 0 : UDV_FAULT_ENTRY_VALID,
	};
	result->hpa = UDV_HPA(0);
	return outcome;
}

enum udv_outcome udv_load_pdptes(struct udv_paging *paging, uint32_t flags, uint64_t cr3,
				 uint64_t pdpte[4], struct udv_walk_result *result)
{
	uint64_t loaded[4];

	if (!find_table(paging, flags, cr3, result))
		return result->outcome;
	for (unsigned i = 0; i < 4; i++) {
		uint64_t address = result->hpa.value + 8ull * i;

		if (!read_entry(paging, address, 8, &loaded[i]))
			return refuse_load(result, UDV_WALK_NO_MEMORY, UDV_CAUSE_NO_MEMORY, address,
					   0);
	}
	for (unsigned i = 0; i < 4; i++)
		if (!udv_pdpte_valid(loaded[i], paging->config.guest_maxphyaddr))
			return refuse_load(result, UDV_WALK_GENERAL_PROTECTION,
					   UDV_CAUSE_RESERVED_BIT, result->hpa.value + 8ull * i,
					   loaded[i]);
	memcpy(pdpte, loaded, sizeof(loaded));
	return UDV_WALK_OK;
}
