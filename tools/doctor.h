/* SPDX-License-Identifier: MIT */
#ifndef UDV_TOOLS_DOCTOR_H
#define UDV_TOOLS_DOCTOR_H

#include <undervisor/machine.h>
#include <undervisor/vmcs_text.h>

#include "common.h"

/* Exit statuses of "undervisor doctor". */
#define DOCTOR_VALID 0
#define DOCTOR_FAILS 1
#define DOCTOR_BAD_INPUT 3

/* ---------------------------------------------------------------- words */

#define DOCTOR_WORDS 1024

/* "GUEST_CR4"; "" if there is no such field. */
const char *doctor_field_name(uint32_t field);
/* What the bits of @value mean in this field. */
void doctor_value_text(uint32_t field, uint64_t value, char *buffer, size_t size);
/* "VMXE"; "" for a bit without a name of its own. */
void doctor_bit_name(uint32_t field, unsigned bit, char *buffer, size_t size);

/* ---------------------------------------------------------------- a snapshot */

bool doctor_is_snapshot(const char *path);
/* Calls @use with the VMCS that is current on processor @cpu; false after a line on standard error.
 */
bool doctor_read_snapshot(const char *path, unsigned cpu,
			  void (*use)(void *opaque, const struct udv_current_vmcs *vmcs),
			  void *opaque);

/* ---------------------------------------------------------------- a diagnosis */

#define DOCTOR_MAX_FINDINGS 512u

/* What a VMCS region says beside its fields. */
struct region_state {
	bool known, shadow, launched, in_guest;
	uint32_t abort;
};

struct diagnosis {
	struct udv_vmentry entry;
	const struct udv_vmcs_text *text; /* what was given; NULL: everything */
	struct region_state region;
	const char *judged_by;
	const char *indent; /* of lines of text */
	unsigned nr;	    /* may be more than there is room for */
	struct udv_vmentry_finding findings[DOCTOR_MAX_FINDINGS];
	uint64_t unread;
};

/* Makes every check of diagnosis->entry. */
void doctor_diagnose(struct diagnosis *diagnosis);
void doctor_print_text(FILE *file, const struct diagnosis *diagnosis);
void doctor_print_json(FILE *file, const struct diagnosis *diagnosis);
/* Of the former the findings alone, of the latter the object without the end of its line. */
void doctor_print_findings(FILE *file, const struct diagnosis *diagnosis);
void doctor_print_object(FILE *file, const struct diagnosis *diagnosis);
/* "VMfailValid, VM-instruction error 7" of the first; "" without one. */
const char *doctor_first_class(const struct diagnosis *diagnosis);

#endif
