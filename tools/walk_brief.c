/* SPDX-License-Identifier: MIT */
#include "walk.h"

#include <inttypes.h>
#include <string.h>

/*
 * One line an address. Streams have millions of them, so that the line of a success is put
 * together by hand: printf() would take longer than the walk.
 */

static char *put_text(char *at, const char *text)
{
	while (*text)
		*at++ = *text++;
	return at;
}

static char *put_hex(char *at, uint64_t value)
{
	unsigned digits = value ? (67u - (unsigned)__builtin_clzll(value)) / 4 : 1;

	at = put_text(at, "0x");
	for (unsigned i = digits; i-- > 0;)
		*at++ = "0123456789abcdef"[value >> 4 * i & 15];
	return at;
}

static const char *short_size(unsigned shift)
{
	switch (shift) {
	case 12:
		return "4K";
	case 21:
		return "2M";
	case 22:
		return "4M";
	case 30:
		return "1G";
	default:
		return "-";
	}
}

static char *put_guest_rights(char *at, uint8_t rights)
{
	at = put_text(at, rights & UDV_GUEST_USER ? " user r" : " super r");
	*at++ = rights & UDV_GUEST_WRITE ? 'w' : '-';
	*at++ = rights & UDV_GUEST_NX ? '-' : 'x';
	return at;
}

static char *put_ept_rights(char *at, const struct udv_paging *paging, uint8_t rights)
{
	at = put_text(at, " ept ");
	*at++ = rights & UDV_EPT_R ? 'r' : '-';
	*at++ = rights & UDV_EPT_W ? 'w' : '-';
	*at++ = rights & UDV_EPT_X ? 'x' : '-';
	if (paging->config.ept_controls & UDV_EPT_MBEC)
		*at++ = rights & UDV_EPT_XU ? 'u' : '-';
	return at;
}

static void print_success(const struct walked *walked)
{
	const struct udv_walk_result *result = &walked->result;
	const struct udv_paging *paging = &walked->session->paging;
	bool ept = paging->ept_levels != 0;
	bool gpa = walked->session->options->gpa;
	char line[192], *at = line;

	at = put_hex(at, walked->address);
	if (ept && !gpa) {
		at = put_text(at, " -> ");
		at = put_hex(at, result->gpa.value);
	}
	at = put_text(at, " -> ");
	at = put_hex(at, result->hpa.value);
	if (!gpa) {
		*at++ = ' ';
		at = put_text(at, short_size(result->guest_page_shift));
		at = put_guest_rights(at, result->guest_rights);
	}
	if (ept) {
		*at++ = ' ';
		at = put_text(at, short_size(result->ept_page_shift));
		at = put_ept_rights(at, paging, result->ept_rights);
	}
	if (!walked->in_image)
		at = put_text(at, " outside the image");
	*at++ = '\n';
	fwrite(line, 1, (size_t)(at - line), stdout);
}

void walk_print_brief(const struct walked *walked)
{
	const struct udv_walk_result *result = &walked->result;
	const struct udv_fault *fault = &result->fault;
	char text[320];

	if (result->outcome == UDV_WALK_OK) {
		print_success(walked);
		return;
	}
	if (result->outcome == UDV_WALK_NO_MEMORY) {
		outside_text(walked, text, sizeof(text));
		printf("0x%" PRIx64 " !! %s\n", walked->address, text);
		return;
	}
	printf("0x%" PRIx64 " !! %s", walked->address, udv_outcome_text(result->outcome));
	if (result->outcome == UDV_WALK_PAGE_FAULT)
		printf(" 0x%x", fault->error_code);
	if (walked->exit.exit_reason == UDV_EXIT_REASON_EPT_VIOLATION ||
	    walked->exit.exit_reason == UDV_EXIT_REASON_SPP)
		printf(" 0x%" PRIx64, walked->exit.exit_qualification);
	if (walked->exit.exit_reason)
		printf(" gpa 0x%" PRIx64, walked->exit.guest_physical_address.value);
	printf(": %s", udv_cause_text(fault->cause));
	if (fault->flags & UDV_FAULT_ENTRY_VALID)
		printf(", %s at 0x%" PRIx64 " = 0x%" PRIx64,
		       level_name(fault->dimension, fault->level), fault->entry_address,
		       fault->entry);
	putchar('\n');
}
