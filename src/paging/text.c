/* SPDX-License-Identifier: MIT */
#include <undervisor/paging.h>

const char *udv_outcome_text(enum udv_outcome outcome)
{
	static const char *const text[] = {
		[UDV_WALK_OK] = "translated",
		[UDV_WALK_NOT_CANONICAL] = "general protection (linear address)",
		[UDV_WALK_PAGE_FAULT] = "page fault",
		[UDV_WALK_GENERAL_PROTECTION] = "general protection (PDPTE)",
		[UDV_WALK_EPT_VIOLATION] = "EPT violation",
		[UDV_WALK_EPT_MISCONFIG] = "EPT misconfiguration",
		[UDV_WALK_PML_FULL] = "page-modification log full",
		[UDV_WALK_SPP_EVENT] = "SPP-related event",
		[UDV_WALK_NO_MEMORY] = "table outside memory",
		[UDV_WALK_CONTENDED] = "entries kept changing",
	};

	return (unsigned)outcome < sizeof(text) / sizeof(text[0]) ? text[outcome] : "unknown";
}

const char *udv_cause_text(enum udv_cause cause)
{
	static const char *const text[] = {
		[UDV_CAUSE_NONE] = "nothing",
		[UDV_CAUSE_NOT_CANONICAL] = "the linear address is not canonical",
		[UDV_CAUSE_LASS] = "linear-address space separation",
		[UDV_CAUSE_NOT_PRESENT] = "an entry is not present",
		[UDV_CAUSE_RESERVED_BIT] = "a reserved bit is set",
		[UDV_CAUSE_USER] = "a user-mode access to a supervisor-mode address",
		[UDV_CAUSE_SMAP] = "SMAP: a supervisor data access to a user-mode address",
		[UDV_CAUSE_SMEP] = "SMEP: a supervisor fetch from a user-mode address",
		[UDV_CAUSE_NX] = "execution is disabled",
		[UDV_CAUSE_NOT_WRITABLE] = "the page is read-only",
		[UDV_CAUSE_SHADOW_STACK] = "not a shadow-stack page for this access",
		[UDV_CAUSE_KEY] = "a protection key denies the access",
		[UDV_CAUSE_EPT_WIDTH] = "the guest-physical address exceeds 48 bits",
		[UDV_CAUSE_EPT_RIGHTS] = "a reserved combination of EPT rights",
		[UDV_CAUSE_EPT_MEMORY_TYPE] = "a reserved EPT memory type",
		[UDV_CAUSE_EPT_READ] = "EPT does not allow the read",
		[UDV_CAUSE_EPT_WRITE] = "EPT does not allow the write",
		[UDV_CAUSE_EPT_EXECUTE] = "EPT does not allow the fetch",
		[UDV_CAUSE_EPT_SHADOW_STACK] =
			"EPT does not allow the supervisor shadow-stack access",
		[UDV_CAUSE_EPT_VERIFICATION] = "guest-paging verification",
		[UDV_CAUSE_EPT_AD_UPDATE] =
			"EPT does not allow setting a guest accessed or dirty flag",
		[UDV_CAUSE_SPP_WRITE] = "the sub-page is not writable",
		[UDV_CAUSE_SPP_MISS] = "the sub-page permission table has no entry",
		[UDV_CAUSE_SPP_MISCONFIG] = "the sub-page permission table has reserved bits set",
		[UDV_CAUSE_PML_FULL] = "the page-modification log is full",
		[UDV_CAUSE_NO_MEMORY] = "a table lies outside memory",
		[UDV_CAUSE_CONTENDED] = "entries kept changing under the walk",
	};

	return (unsigned)cause < sizeof(text) / sizeof(text[0]) ? text[cause] : "unknown";
}
