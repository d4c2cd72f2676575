/* SPDX-License-Identifier: MIT */
#ifndef UDV_CPU_EVENT_H
#define UDV_CPU_EVENT_H

#include <stdbool.h>
#include <stdint.h>

/* What an event is. Interruption types as in a VMCS. */
enum event_type {
	EVENT_EXTERNAL = 0,
	EVENT_NMI = 2,
	EVENT_EXCEPTION = 3,
	EVENT_SOFTWARE_INTERRUPT = 4,
	EVENT_PRIVILEGED_EXCEPTION = 5, /* INT1 */
	EVENT_SOFTWARE_EXCEPTION = 6,	/* INT3, INTO */
	EVENT_VM_EXIT = 8,		/* none that is delivered: vmx.exit is to be performed */
};

struct cpu_event {
	bool valid;
	uint8_t vector;
	uint8_t type; /* enum event_type */
	bool has_error_code;
	uint32_t error_code;
	uint8_t length;	  /* of the instruction, for software events */
	bool injected;	  /* by a VM entry */
	uint64_t address; /* #PF: becomes CR2; #DB: trap bits for DR6 */
};

/* By an instruction whose length counts: INT n, INT1, INT3, INTO. */
static inline bool event_has_length(unsigned type)
{
	return type == EVENT_SOFTWARE_INTERRUPT || type == EVENT_SOFTWARE_EXCEPTION ||
	       type == EVENT_PRIVILEGED_EXCEPTION;
}

#endif
