/* SPDX-License-Identifier: MIT */
#include "walk.h"

#include <inttypes.h>
#include <string.h>

static void print_header(const struct walked *walked)
{
	const struct walk_session *session = walked->session;
	const struct udv_paging *paging = &session->paging;
	bool gpa = session->options->gpa;
	char access[96];

	printf("0x%" PRIx64 ": %s, ", walked->address,
	       access_text(session->options->access, gpa, access, sizeof(access)));
	if (!gpa)
		printf("%s", mode_text(paging->mode));
	if (paging->ept_levels)
		printf("%s%u-level EPT", gpa ? "" : " behind ", paging->ept_levels);
	printf("\n ");
	if (!gpa)
		printf(" CR0 0x%" PRIx64 "  CR3 0x%" PRIx64 "  CR4 0x%" PRIx64 "  EFER 0x%" PRIx64,
		       session->config.cr0, session->config.cr3, session->config.cr4,
		       session->config.efer);
	if (paging->ept_levels)
		printf("  EPTP 0x%" PRIx64, session->config.eptp);
	putchar('\n');
}

/* What an entry leads to, or what is wrong with it. */
static void print_meaning(const struct walked *walked, unsigned i)
{
	const struct udv_paging *paging = &walked->session->paging;
	const struct udv_step *step = &walked->record.steps[i];
	uint64_t reserved = entry_reserved(paging, step);
	bool guest = step->dimension == UDV_DIM_GUEST;
	const char *where = guest && paging->ept_levels ? "guest-physical " : "";
	unsigned level;

	if (step->flags & UDV_STEP_NOT_PRESENT)
		printf("not present");
	else if (step->flags & UDV_STEP_BAD && reserved)
		printf("reserved bits 0x%" PRIx64 " are set", reserved);
	else if (step->flags & UDV_STEP_BAD)
		printf(step->dimension == UDV_DIM_GUEST ? "reserved bits are set"
							: "misconfigured");
	else if (step->dimension == UDV_DIM_SPP && step->level == 1)
		printf("write bits of the page's 128-byte parts");
	else if (entry_is_leaf(paging, step))
		printf("%s page at %s0x%" PRIx64, page_size_text(entry_page_shift(paging, step)),
		       where, entry_target(paging, step));
	else
		printf("table at %s0x%" PRIx64, where, entry_target(paging, step));
	if (entry_loops(walked, i, &level))
		printf(" (the walk was there already, for the %s)",
		       level_name(step->dimension, level));
}

static void print_step(const struct walked *walked, unsigned i, unsigned indent)
{
	const struct udv_paging *paging = &walked->session->paging;
	const struct udv_step *step = &walked->record.steps[i];
	char name[32], flags[96];

	snprintf(name, sizeof(name), "%s[%u]", level_name(step->dimension, step->level),
		 step_index(paging, step));
	printf("%c %*s%-15s ", step_guilty(walked, step) ? '!' : ' ', (int)indent, "", name);
	if (step->flags & UDV_STEP_REGISTER)
		printf("%-17s", "in a register");
	else
		printf("at 0x%-12" PRIx64, step->address.value);
	if (step->flags & UDV_STEP_NO_MEMORY) {
		puts(" outside the image");
		return;
	}
	entry_flags(paging, step, flags, sizeof(flags));
	printf(" = 0x%0*" PRIx64 "  %-14s  ", step->size * 2, step->value, flags);
	print_meaning(walked, i);
	putchar('\n');
}

/* In two dimensions, before the EPT entries of one guest-physical address: what that is. */
static void print_group(const struct walked *walked, const struct udv_step *step)
{
	switch (step->stage) {
	case UDV_STAGE_TABLE:
		printf("  the guest's %s is at guest-physical 0x%" PRIx64 "\n",
		       level_name(UDV_DIM_GUEST, step->guest_level), step->gpa.value);
		break;
	case UDV_STAGE_FINAL:
		printf("  the access is to guest-physical 0x%" PRIx64 "\n", step->gpa.value);
		break;
	case UDV_STAGE_NONE:
		printf("  guest-physical 0x%" PRIx64 "\n", step->gpa.value);
		break;
	}
	(void)walked;
}

static void print_steps(const struct walked *walked)
{
	const struct udv_walk_record *record = &walked->record;
	bool two = walked->session->paging.ept_levels != 0;

	for (unsigned i = 0; i < record->nr_steps; i++) {
		const struct udv_step *step = &record->steps[i];
		bool guest = step->dimension == UDV_DIM_GUEST;

		if (step->dimension == UDV_DIM_EPT &&
		    (i == 0 || record->steps[i - 1].dimension != UDV_DIM_EPT ||
		     record->steps[i - 1].gpa.value != step->gpa.value))
			print_group(walked, step);
		print_step(walked, i, two && !guest ? 6 : two ? 2 : 0);
	}
}

static void print_success(const struct walked *walked)
{
	const struct udv_walk_result *result = &walked->result;
	const struct udv_paging *paging = &walked->session->paging;
	char rights[64];

	printf("translated:");
	if (paging->ept_levels && !walked->session->options->gpa)
		printf(" guest-physical 0x%" PRIx64 ",", result->gpa.value);
	printf(" physical 0x%" PRIx64 "\n", result->hpa.value);
	if (result->guest_page_shift) {
		guest_rights_text(result->guest_rights, rights, sizeof(rights));
		printf("  %s page; %s\n", page_size_text(result->guest_page_shift), rights);
	}
	if (result->ept_page_shift) {
		ept_rights_text(paging, result->ept_rights, rights, sizeof(rights));
		printf("  EPT: %s page; %s%s\n", page_size_text(result->ept_page_shift), rights,
		       result->write_by_spp ? "; the write is allowed by its sub-page" : "");
	}
	if (!walked->in_image)
		puts("  the image does not hold this physical address");
}

static void print_advice(const struct advice *advice)
{
	char text[240];

	if (advice->nr_changes)
		puts(advice->verified ? "to let the access through (tried):"
				      : "to come further (tried):");
	for (unsigned i = 0; i < advice->nr_changes; i++) {
		const struct advice_change *change = &advice->changes[i];

		advice_change_text(change, text, sizeof(text));
		printf("  %s\n", text);
	}
	if (advice->rest[0])
		printf("  %s\n", advice->rest);
}

void walk_print_fault(const struct walked *walked)
{
	const struct udv_exit_info *exit = &walked->exit;
	struct fault_words words;

	fault_words(walked, &words);
	printf("%s\n", words.title);
	if (exit->exit_reason == UDV_EXIT_REASON_EPT_VIOLATION ||
	    exit->exit_reason == UDV_EXIT_REASON_EPT_MISCONFIG ||
	    exit->exit_reason == UDV_EXIT_REASON_SPP)
		printf("  guest-physical address 0x%" PRIx64 "\n",
		       exit->guest_physical_address.value);
	if (exit->gla_valid)
		printf("  guest-linear address   0x%" PRIx64 "\n",
		       exit->guest_linear_address.value);
	for (unsigned i = 0; i < words.nr_bits; i++) {
		char text[200];

		fault_bit_text(&words.bits[i], text, sizeof(text));
		printf("  %s\n", text);
	}
	if (walked->to_ve)
		puts("  convertible: delivered to the guest as #VE, without an exit");
	printf("because: %s\n", words.because);
	print_advice(&walked->advice);
}

/* The one thing that is not the guest's fault: the image has not what the tables name. */
static void print_no_memory(const struct walked *walked)
{
	char text[320];

	outside_text(walked, text, sizeof(text));
	puts(text);
}

void walk_print_text(const struct walked *walked)
{
	print_header(walked);
	print_steps(walked);
	if (walked->result.outcome == UDV_WALK_OK)
		print_success(walked);
	else if (walked->result.outcome == UDV_WALK_NO_MEMORY)
		print_no_memory(walked);
	else
		walk_print_fault(walked);
}
