/* SPDX-License-Identifier: MIT */
#include "walk.h"

#include "svg_draw.h"
#include "svg_panel.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

/*
 * The walk as a picture. One dimension is a row from CR3 to the page. Two dimensions are a grid:
 * a row for each guest-physical address, the EPT levels across it, the guest entry read there at
 * its right end, from which the next row starts. Entries not reached are empty frames.
 */

#define MARGIN 24
#define HEAD 92
#define BOX_WIDTH 184
#define BOX_HEIGHT 80
#define GAP_X 24
#define GAP_Y 26
#define PITCH_X (BOX_WIDTH + GAP_X)
#define PITCH_Y (BOX_HEIGHT + GAP_Y)
#define LINE_HEIGHT 19
#define PANEL_PAD 14
#define MIN_COLUMNS 5
#define MAX_ROWS 8

/* One row: the address that is translated, EPT entries by level, and where it ends. */
struct row {
	char name[40], from[40];
	uint64_t address;
	bool reached;
	const struct udv_step *ept[6]; /* by level */
	const struct udv_step *end;    /* the guest entry; NULL for the page */
	bool is_page;
	unsigned guest_level; /* of the entry at the end, also of one not reached */
};

struct picture {
	FILE *file;
	const struct walked *walked;
	const struct udv_paging *paging;
	int columns, nr_rows;
	struct row rows[MAX_ROWS];
	int width, height;
	struct panel panel;
};

/* ---------------------------------------------------------------- boxes */

static int column_x(int column)
{
	return MARGIN + column * PITCH_X;
}

static int row_y(int row)
{
	return HEAD + row * PITCH_Y;
}

/* The bit that a guilty entry's refusal is about; NULL if the entry as a whole is wrong. */
static const char *missing_right(const struct walked *walked)
{
	switch (walked->result.fault.cause) {
	case UDV_CAUSE_NOT_WRITABLE:
	case UDV_CAUSE_EPT_WRITE:
	case UDV_CAUSE_EPT_AD_UPDATE:
		return "W=0";
	case UDV_CAUSE_USER:
		return "U=0";
	case UDV_CAUSE_EPT_READ:
		return "R=0";
	case UDV_CAUSE_EPT_EXECUTE:
		return walked->session->config.ept_controls & UDV_EPT_MBEC &&
				       walked->result.guest_rights & UDV_GUEST_USER
			       ? "XU=0"
			       : "X=0";
	case UDV_CAUSE_EPT_VERIFICATION:
		return "VGP";
	case UDV_CAUSE_SMAP:
		return "SMAP";
	case UDV_CAUSE_SMEP:
		return "SMEP";
	case UDV_CAUSE_RESERVED_BIT:
		return "reserved";
	case UDV_CAUSE_EPT_RIGHTS:
		return "rights";
	case UDV_CAUSE_EPT_MEMORY_TYPE:
		return "type";
	case UDV_CAUSE_EPT_SHADOW_STACK:
	case UDV_CAUSE_SHADOW_STACK:
		return "SS";
	default:
		return NULL;
	}
}

/* A flag that is set and refuses; the others refuse by being clear. */
static bool refuses(const struct walked *walked, const char *flag)
{
	enum udv_cause cause = walked->result.fault.cause;

	return (cause == UDV_CAUSE_NX && strcmp(flag, "XD") == 0) ||
	       (cause == UDV_CAUSE_KEY && strncmp(flag, "key", 3) == 0);
}

/* The letters of entry_flags() as chips, and in red what is wrong; as many as fit. */
static void draw_chips(struct picture *p, const struct udv_step *step, int x, int y,
		       enum svg_color color)
{
	int end = x + BOX_WIDTH - 16;
	bool guilty = step_guilty(p->walked, step);
	const char *missing = missing_right(p->walked);
	char flags[96], *word = flags;

	if (step->flags & (UDV_STEP_NOT_PRESENT | UDV_STEP_NO_MEMORY)) {
		svg_chip(p->file, x, y, SVG_WRONG,
			 step->flags & UDV_STEP_NO_MEMORY ? "outside the image" : "not present");
		return;
	}
	if (missing && guilty)
		x = svg_chip(p->file, x, y, SVG_WRONG, missing);
	entry_flags(p->paging, step, flags, sizeof(flags));
	while (*word) {
		/* "key 5" is one flag, and the last. */
		size_t length = strncmp(word, "key ", 4) == 0 ? strlen(word) : strcspn(word, " ");
		bool last = word[length] == '\0';

		word[length] = '\0';
		if (x + svg_chip_width(word) <= end)
			x = svg_chip(p->file, x, y,
				     guilty && refuses(p->walked, word) ? SVG_WRONG : color, word);
		word += length + (last ? 0 : 1);
	}
}

static void draw_entry(struct picture *p, const struct udv_step *step, int x, int y)
{
	enum svg_color own = step->dimension == UDV_DIM_GUEST ? SVG_GUEST : SVG_EPT;
	bool guilty = step_guilty(p->walked, step);
	char text[64];

	svg_box(p->file, x, y, BOX_WIDTH, BOX_HEIGHT, guilty ? SVG_WRONG : own);
	snprintf(text, sizeof(text), "%s [%u]", level_name(step->dimension, step->level),
		 step_index(p->paging, step));
	svg_text(p->file, x + 10, y + 18, SVG_BOLD, guilty ? SVG_WRONG : own, text);
	if (step->flags & UDV_STEP_REGISTER)
		snprintf(text, sizeof(text), "in a register");
	else
		snprintf(text, sizeof(text), "at 0x%" PRIx64, step->address.value);
	svg_text(p->file, x + 10, y + 34, SVG_MONO, SVG_FAINT, text);
	if (!(step->flags & UDV_STEP_NO_MEMORY)) {
		snprintf(text, sizeof(text), "0x%0*" PRIx64, step->size * 2, step->value);
		svg_text(p->file, x + 10, y + 51, SVG_MONO, SVG_INK, text);
	}
	draw_chips(p, step, x + 10, y + 58, own);
}

static void draw_ghost(struct picture *p, const char *name, int x, int y)
{
	svg_box(p->file, x, y, BOX_WIDTH, BOX_HEIGHT, SVG_GHOST);
	svg_text(p->file, x + 10, y + 18, SVG_BOLD, SVG_LINE, name);
}

/* The page, or where it would be. */
static void draw_page(struct picture *p, int x, int y)
{
	const struct udv_walk_result *result = &p->walked->result;
	unsigned shift = result->guest_page_shift;
	char text[64];

	if (result->outcome != UDV_WALK_OK) {
		draw_ghost(p, "page", x, y);
		return;
	}
	if (!shift || (result->ept_page_shift && result->ept_page_shift < shift))
		shift = result->ept_page_shift;
	svg_box(p->file, x, y, BOX_WIDTH, BOX_HEIGHT, SVG_PAGE);
	snprintf(text, sizeof(text), shift ? "%s page" : "memory", page_size_text(shift));
	svg_text(p->file, x + 10, y + 18, SVG_BOLD, SVG_PAGE, text);
	svg_text(p->file, x + 10, y + 34, SVG_SANS, SVG_FAINT, "physical address");
	snprintf(text, sizeof(text), "0x%" PRIx64, result->hpa.value);
	svg_text(p->file, x + 10, y + 53, SVG_MONO_BOLD, SVG_INK, text);
}

static void draw_start(struct picture *p, const char *name, const char *detail, uint64_t value,
		       bool reached, int x, int y)
{
	char text[32];

	if (!reached) {
		draw_ghost(p, name, x, y);
		return;
	}
	svg_box(p->file, x, y, BOX_WIDTH, BOX_HEIGHT, SVG_LINE);
	svg_text(p->file, x + 10, y + 18, SVG_BOLD, SVG_INK, name);
	svg_text(p->file, x + 10, y + 34, SVG_SANS, SVG_FAINT, detail);
	snprintf(text, sizeof(text), "0x%" PRIx64, value);
	svg_text(p->file, x + 10, y + 53, SVG_MONO_BOLD, SVG_INK, text);
}

/* ---------------------------------------------------------------- one dimension */

/* Guest levels that a walk of this mode goes through at most. */
static unsigned guest_levels(enum udv_paging_mode mode)
{
	static const unsigned levels[] = { 0, 2, 3, 4, 5 };

	return levels[mode];
}

static void draw_row(struct picture *p)
{
	const struct udv_walk_record *record = &p->walked->record;
	int y = row_y(0), middle = y + BOX_HEIGHT / 2, column = 0;
	unsigned level = guest_levels(p->paging->mode);
	bool page = p->walked->result.outcome == UDV_WALK_OK;
	const struct udv_step *step = NULL;

	draw_start(p, "CR3",
		   p->paging->mode == UDV_PAGING_NONE ? "CR0.PG = 0: unused" : "the root table",
		   p->paging->config.cr3, true, column_x(0), y);
	for (unsigned i = 0; i < record->nr_steps; i++, column++) {
		step = &record->steps[i];
		svg_arrow(p->file, column_x(column) + BOX_WIDTH, column_x(column + 1), middle,
			  SVG_LINE);
		draw_entry(p, step, column_x(column + 1), y);
		level = step->level - 1u;
		page = page || step->flags & UDV_STEP_LEAF;
	}
	for (; !page && level > 0; level--, column++) {
		svg_arrow(p->file, column_x(column) + BOX_WIDTH, column_x(column + 1), middle,
			  SVG_GHOST);
		draw_ghost(p, level_name(UDV_DIM_GUEST, level), column_x(column + 1), y);
	}
	svg_arrow(p->file, column_x(column) + BOX_WIDTH, column_x(column + 1), middle,
		  p->walked->result.outcome == UDV_WALK_OK ? SVG_LINE : SVG_GHOST);
	draw_page(p, column_x(column + 1), y);
}

/* ---------------------------------------------------------------- two dimensions */

static struct row *new_row(struct picture *p, const char *name, const char *from, uint64_t address,
			   bool reached)
{
	struct row *row = &p->rows[p->nr_rows];

	if (p->nr_rows < MAX_ROWS - 1)
		p->nr_rows++;
	*row = (struct row){ .address = address, .reached = reached };
	snprintf(row->name, sizeof(row->name), "%s", name);
	snprintf(row->from, sizeof(row->from), "%s", from);
	return row;
}

/* Starts the row that the EPT entry @step belongs to. */
static struct row *row_of(struct picture *p, const struct udv_step *step,
			  const struct udv_step *guest)
{
	char name[40], from[40];
	struct row *row;

	if (step->stage == UDV_STAGE_TABLE)
		snprintf(name, sizeof(name), "gpa of the %s",
			 level_name(UDV_DIM_GUEST, step->guest_level));
	else
		snprintf(name, sizeof(name), "gpa of the access");
	if (guest)
		snprintf(from, sizeof(from), "from the %s",
			 level_name(UDV_DIM_GUEST, guest->level));
	else
		snprintf(from, sizeof(from), "%s",
			 step->stage == UDV_STAGE_TABLE ? "from CR3" : "as given");
	row = new_row(p, name, from, step->gpa.value, true);
	row->is_page = step->stage != UDV_STAGE_TABLE;
	row->guest_level = step->guest_level;
	return row;
}

static void build_rows(struct picture *p)
{
	const struct udv_walk_record *record = &p->walked->record;
	const struct udv_step *previous = NULL, *guest = NULL;
	struct row *row = NULL;
	unsigned level;

	for (unsigned i = 0; i < record->nr_steps; i++) {
		const struct udv_step *step = &record->steps[i];

		if (step->dimension == UDV_DIM_EPT) {
			if (!previous || previous->dimension != UDV_DIM_EPT ||
			    previous->gpa.value != step->gpa.value)
				row = row_of(p, step, guest);
			row->ept[step->level] = step;
		} else if (step->dimension == UDV_DIM_SPP) {
			if (!previous || previous->dimension != UDV_DIM_SPP)
				row = new_row(p, "sub-page table", "from SPPTP",
					      p->paging->config.sppt_pointer, true);
			row->is_page = true;
			row->ept[step->level] = step;
		} else {
			if (step->flags & UDV_STEP_REGISTER || !row)
				row = new_row(p, "PDPTE register", "by bits 31:30",
					      step->address.value, true);
			row->end = step;
			guest = step;
		}
		previous = step;
	}
	if (p->walked->result.outcome == UDV_WALK_OK || (row && row->is_page) ||
	    p->walked->session->options->gpa)
		return;
	/* What the walk did not reached. A refused EPT row already stands for its level. */
	level = guest_levels(p->paging->mode);
	if (guest)
		level = guest->flags & UDV_STEP_LEAF ? 0 : guest->level - 1u;
	if (row && !row->end && level > 0)
		level--;
	for (; level > 0; level--)
		new_row(p, "not reached", "", 0, false)->guest_level = level;
	new_row(p, "not reached", "", 0, false)->is_page = true;
}

/* The column of an EPT level: the root's is the first after the address. */
static int ept_column(const struct picture *p, unsigned level)
{
	return 1 + (int)p->paging->ept_levels - (int)level;
}

static void draw_row_end(struct picture *p, const struct row *row, int x, int y)
{
	if (row->end)
		draw_entry(p, row->end, x, y);
	else if (row->is_page)
		draw_page(p, x, y);
	else
		draw_ghost(p, level_name(UDV_DIM_GUEST, row->guest_level), x, y);
}

static void draw_grid_row(struct picture *p, const struct row *row, int y)
{
	int middle = y + BOX_HEIGHT / 2, last = p->columns - 1, column = 0;
	bool sub_page = strcmp(row->from, "from SPPTP") == 0;
	bool through = row->end || (row->is_page && p->walked->result.outcome == UDV_WALK_OK);
	bool leaf = false;

	draw_start(p, row->name, row->from, row->address, row->reached, column_x(0), y);
	for (unsigned level = p->paging->ept_levels; level > 0; level--) {
		const struct udv_step *step = row->ept[level];
		int next = ept_column(p, level);

		if (step) {
			svg_arrow(p->file, column_x(column) + BOX_WIDTH, column_x(next), middle,
				  SVG_LINE);
			draw_entry(p, step, column_x(next), y);
			leaf = step->flags & UDV_STEP_LEAF;
			column = next;
		} else if (!leaf && !row->end && !sub_page) {
			draw_ghost(p, level_name(UDV_DIM_EPT, level), column_x(next), y);
			column = next;
		}
	}
	if (sub_page)
		return;
	if (row->reached)
		svg_arrow(p->file, column_x(column) + BOX_WIDTH, column_x(last), middle,
			  through ? SVG_LINE : SVG_GHOST);
	draw_row_end(p, row, column_x(last), y);
}

static void draw_grid(struct picture *p)
{
	for (int i = 0; i < p->nr_rows; i++) {
		const struct row *next = i + 1 < p->nr_rows ? &p->rows[i + 1] : NULL;

		draw_grid_row(p, &p->rows[i], row_y(i));
		if (next && p->rows[i].end)
			svg_elbow(p->file, column_x(p->columns - 1) + BOX_WIDTH / 2,
				  row_y(i) + BOX_HEIGHT, row_y(i) + BOX_HEIGHT + GAP_Y / 2,
				  column_x(0) + BOX_WIDTH / 2, row_y(i + 1),
				  next->reached ? SVG_LINE : SVG_GHOST);
	}
}

/* ---------------------------------------------------------------- the whole */

static void draw_head(struct picture *p)
{
	const struct walk_session *session = p->walked->session;
	const struct udv_paging_config *config = &session->config;
	bool gpa = session->options->gpa;
	char text[200], access[96];

	snprintf(text, sizeof(text), "%s 0x%" PRIx64, gpa ? "guest-physical" : "linear address",
		 p->walked->address);
	svg_text(p->file, MARGIN, 36, SVG_TITLE, SVG_INK, text);
	access_text(session->options->access, gpa, access, sizeof(access));
	if (p->paging->ept_levels)
		snprintf(text, sizeof(text), "%s  |  %s%s%u-level EPT  |  EPTP 0x%" PRIx64, access,
			 gpa ? "" : mode_text(p->paging->mode), gpa ? "" : " behind ",
			 p->paging->ept_levels, config->eptp);
	else
		snprintf(text, sizeof(text), "%s  |  %s", access, mode_text(p->paging->mode));
	svg_text(p->file, MARGIN, 56, SVG_SANS, SVG_INK, text);
	if (gpa)
		return;
	snprintf(text, sizeof(text),
		 "CR0 0x%" PRIx64 "   CR3 0x%" PRIx64 "   CR4 0x%" PRIx64 "   EFER 0x%" PRIx64,
		 config->cr0, config->cr3, config->cr4, config->efer);
	svg_text(p->file, MARGIN, 75, SVG_MONO, SVG_FAINT, text);
}

static void draw_panel(struct picture *p)
{
	int y = HEAD + p->nr_rows * PITCH_Y - GAP_Y + 22;
	bool ok = p->walked->result.outcome == UDV_WALK_OK;

	svg_box(p->file, MARGIN, y, p->width - 2 * MARGIN,
		p->panel.nr_lines * LINE_HEIGHT + 2 * PANEL_PAD - 4, ok ? SVG_PAGE : SVG_WRONG);
	for (int i = 0; i < p->panel.nr_lines; i++)
		svg_text(p->file, MARGIN + PANEL_PAD + p->panel.lines[i].indent,
			 y + PANEL_PAD + 11 + i * LINE_HEIGHT, p->panel.lines[i].face,
			 p->panel.lines[i].color, p->panel.lines[i].text);
}

static void lay_out(struct picture *p)
{
	bool two = p->paging->ept_levels != 0;

	if (two) {
		build_rows(p);
		p->columns = 2 + p->paging->ept_levels;
	} else {
		p->nr_rows = 1;
		p->columns = 2 + (int)guest_levels(p->paging->mode);
	}
	p->width = (p->columns < MIN_COLUMNS ? MIN_COLUMNS : p->columns) * PITCH_X - GAP_X +
		   2 * MARGIN;
	panel_fill(&p->panel, p->walked, p->width - 2 * MARGIN - 2 * PANEL_PAD);
	p->height = HEAD + p->nr_rows * PITCH_Y - GAP_Y + 22 + p->panel.nr_lines * LINE_HEIGHT +
		    2 * PANEL_PAD - 4 + MARGIN;
}

static void draw(struct picture *p)
{
	char title[96];

	snprintf(title, sizeof(title), "walk of 0x%" PRIx64 ": %s", p->walked->address,
		 udv_outcome_text(p->walked->result.outcome));
	svg_begin(p->file, p->width, p->height, title);
	draw_head(p);
	if (p->paging->ept_levels)
		draw_grid(p);
	else
		draw_row(p);
	draw_panel(p);
	svg_end(p->file);
}

bool walk_write_svg(const struct walked *walked, const char *path)
{
	struct picture p = { .walked = walked, .paging = &walked->session->paging };
	bool done;

	p.file = fopen(path, "w");
	if (!p.file) {
		complain("walk", "cannot write %s: %s", path, strerror(errno));
		return false;
	}
	lay_out(&p);
	draw(&p);
	done = !ferror(p.file);
	done = fclose(p.file) == 0 && done;
	if (!done)
		complain("walk", "cannot write %s: %s", path, strerror(errno));
	return done;
}
