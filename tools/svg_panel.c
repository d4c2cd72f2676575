/* SPDX-License-Identifier: MIT */
#include "svg_panel.h"

#include <inttypes.h>
#include <string.h>

/* Adds @text, broken at spaces where it is wider than the panel. */
static void add_lines(struct panel *p, enum svg_face face, enum svg_color color, int indent,
		      const char *text)
{
	int room = p->width - indent;
	bool first = true;

	while (*text && p->nr_lines < PANEL_LINES) {
		struct panel_line *line = &p->lines[p->nr_lines++];
		size_t length = strlen(text), cut;
		int here = first ? room : room - 16;

		if (length >= sizeof(line->text))
			length = sizeof(line->text) - 1;
		memcpy(line->text, text, length);
		line->text[length] = '\0';
		while (length > 8 && svg_text_width(face, line->text) > here) {
			for (cut = length - 1; cut > 8 && line->text[cut] != ' '; cut--)
				;
			length = cut;
			line->text[length] = '\0';
		}
		line->face = face;
		line->color = color;
		line->indent = first ? indent : indent + 16;
		text += length;
		while (*text == ' ')
			text++;
		first = false;
	}
}

static void success_lines(struct panel *p, const struct walked *walked)
{
	const struct udv_walk_result *result = &walked->result;
	char text[200], rights[64];

	if (walked->session->paging.ept_levels && !walked->session->options->gpa)
		snprintf(text, sizeof(text),
			 "translated: guest-physical 0x%" PRIx64 ", physical 0x%" PRIx64,
			 result->gpa.value, result->hpa.value);
	else
		snprintf(text, sizeof(text), "translated: physical 0x%" PRIx64, result->hpa.value);
	add_lines(p, SVG_BOLD, SVG_PAGE, 0, text);
	if (!walked->in_image)
		add_lines(p, SVG_SANS, SVG_INK, 0, "the image does not hold this physical address");
	if (result->guest_page_shift) {
		guest_rights_text(result->guest_rights, rights, sizeof(rights));
		snprintf(text, sizeof(text), "%s page: %s",
			 page_size_text(result->guest_page_shift), rights);
		add_lines(p, SVG_SANS, SVG_INK, 0, text);
	}
	if (result->ept_page_shift) {
		ept_rights_text(&walked->session->paging, result->ept_rights, rights,
				sizeof(rights));
		snprintf(text, sizeof(text), "EPT: %s page, %s",
			 page_size_text(result->ept_page_shift), rights);
		add_lines(p, SVG_SANS, SVG_INK, 0, text);
	}
}

static void advice_lines(struct panel *p, const struct advice *advice)
{
	char text[240];

	if (advice->nr_changes)
		add_lines(p, SVG_BOLD, SVG_INK, 0,
			  advice->verified ? "Lets the access through:" : "Comes further:");
	for (unsigned i = 0; i < advice->nr_changes; i++) {
		advice_change_text(&advice->changes[i], text, sizeof(text));
		add_lines(p, SVG_MONO, SVG_INK, 12, text);
	}
	if (advice->rest[0])
		add_lines(p, SVG_SANS, SVG_INK, 12, advice->rest);
}

static void address_lines(struct panel *p, const struct udv_exit_info *exit)
{
	char text[120], linear[64] = "";

	if (exit->gla_valid)
		snprintf(linear, sizeof(linear), "; guest-linear address 0x%" PRIx64,
			 exit->guest_linear_address.value);
	else if (exit->exit_reason == UDV_EXIT_REASON_EPT_VIOLATION)
		snprintf(linear, sizeof(linear), "; no guest-linear address");
	snprintf(text, sizeof(text), "guest-physical address 0x%" PRIx64 "%s",
		 exit->guest_physical_address.value, linear);
	add_lines(p, SVG_SANS, SVG_INK, 0, text);
}

static void fault_lines(struct panel *p, const struct walked *walked)
{
	struct fault_words words;
	char text[320];

	if (walked->result.outcome == UDV_WALK_NO_MEMORY) {
		outside_text(walked, text, sizeof(text));
		add_lines(p, SVG_BOLD, SVG_WRONG, 0, text);
		return;
	}
	fault_words(walked, &words);
	add_lines(p, SVG_BOLD, SVG_WRONG, 0, words.title);
	add_lines(p, SVG_SANS, SVG_WRONG, 0, words.because);
	if (walked->exit.exit_reason)
		address_lines(p, &walked->exit);
	for (unsigned i = 0; i < words.nr_bits; i++) {
		fault_bit_text(&words.bits[i], text, sizeof(text));
		add_lines(p, SVG_MONO, SVG_INK, 12, text);
	}
	advice_lines(p, &walked->advice);
}

void panel_fill(struct panel *p, const struct walked *walked, int width)
{
	p->width = width;
	p->nr_lines = 0;
	if (walked->result.outcome == UDV_WALK_OK)
		success_lines(p, walked);
	else
		fault_lines(p, walked);
}
