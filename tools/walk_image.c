/* SPDX-License-Identifier: MIT */
#include "walk.h"

#include <inttypes.h>
#include <string.h>

/*
 * What there is to say of the image rather than of the machine: a table or a page that it does not
 * hold, and tables that lead back to themselves.
 */

bool session_holds(const struct walk_session *session, uint64_t address)
{
	const struct udv_memory *memory = &session->memory;
	uint8_t byte;

	for (unsigned i = 0; i < memory->nr_windows; i++) {
		if (address - memory->windows[i].base < memory->windows[i].size)
			return true;
	}
	return udv_image_read(&session->image, address, &byte, sizeof(byte));
}

/* The entry that names the table which could not be read; NULL for a root. */
static const struct udv_step *naming_step(const struct walked *walked)
{
	const struct udv_walk_record *record = &walked->record;
	const struct udv_fault *fault = &walked->result.fault;

	for (unsigned i = record->nr_steps; i-- > 0;) {
		const struct udv_step *from = &record->steps[i];

		if (from->dimension != fault->dimension || from->flags & UDV_STEP_NO_MEMORY)
			continue;
		/* Entries of a finished descent of EPT, for another address, are none. */
		return from->level == fault->level + 1 ? from : NULL;
	}
	return NULL;
}

void outside_text(const struct walked *walked, char *buffer, size_t size)
{
	static const char *const roots[] = {
		[UDV_DIM_GUEST] = "CR3",
		[UDV_DIM_EPT] = "EPTP",
		[UDV_DIM_SPP] = "SPPTP",
	};
	const struct udv_fault *fault = &walked->result.fault;
	const struct udv_walk_record *record = &walked->record;
	const struct udv_step *from = naming_step(walked);
	char gpa[48] = "", entry[96];

	if (fault->dimension == UDV_DIM_GUEST && walked->session->paging.ept_levels &&
	    record->nr_steps > 0)
		snprintf(gpa, sizeof(gpa), " (guest-physical 0x%" PRIx64 ")",
			 record->steps[record->nr_steps - 1].gpa.value);
	snprintf(entry, sizeof(entry), "%s", roots[fault->dimension]);
	if (from)
		entry_text(from, entry, sizeof(entry));
	snprintf(buffer, size,
		 "outside the image: no %s can be read at 0x%" PRIx64 "%s; %s%s names that table",
		 level_name(fault->dimension, fault->level), fault->entry_address, gpa,
		 from && !(from->flags & UDV_STEP_REGISTER) ? "the " : "", entry);
}

/* "the PDE at 0x1000 = 0x1027 names a table the walk was in before (for the PML4E)" */
static bool loop_text(const struct walked *walked, char *buffer, size_t size)
{
	const struct udv_walk_record *record = &walked->record;
	unsigned nr = 0, level;
	char entry[96];
	size_t used;

	for (unsigned i = 0; i < record->nr_steps; i++) {
		const struct udv_step *step = &record->steps[i];

		if (!entry_loops(walked, i, &level) || nr++)
			continue;
		entry_text(step, entry, sizeof(entry));
		snprintf(buffer, size,
			 "the %s names a table that the walk was in before (for the %s)", entry,
			 level_name(step->dimension, level));
	}
	if (nr > 1) {
		used = strlen(buffer);
		snprintf(buffer + used, size - used, "; so %s %u more", nr > 2 ? "do" : "does",
			 nr - 1);
	}
	return nr != 0;
}

void walk_complain(const struct walked *walked)
{
	char text[320];

	if (walked->result.outcome == UDV_WALK_NO_MEMORY) {
		outside_text(walked, text, sizeof(text));
		complain("walk", "0x%" PRIx64 ": %s", walked->address, text);
	}
	if (!walked->session->options->quiet && loop_text(walked, text, sizeof(text)))
		complain("walk", "0x%" PRIx64 ": a loop: %s", walked->address, text);
}
