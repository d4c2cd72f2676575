/* SPDX-License-Identifier: MIT */
#ifndef UDV_TOOLS_SVG_DRAW_H
#define UDV_TOOLS_SVG_DRAW_H

#include <stdbool.h>
#include <stdio.h>

/*
 * The few shapes a walk is drawn with, in whole pixels. The drawing brings its own background, so
 * that it reads the same on a white page and on a dark one; it has no scripts, no style sheet and
 * no names that could clash with another drawing in the same page.
 */

enum svg_color {
	SVG_INK,   /* what is to be read */
	SVG_FAINT, /* what is to be found when looked for */
	SVG_LINE,  /* arrows, frames */
	SVG_GUEST, /* the guest's own tables */
	SVG_EPT,   /* the second dimension */
	SVG_PAGE,  /* the page reached, success */
	SVG_WRONG, /* what refused */
	SVG_GHOST, /* what the walk did not come to */
};

enum svg_face {
	SVG_SANS,
	SVG_BOLD,
	SVG_TITLE,
	SVG_MONO,
	SVG_MONO_BOLD,
};

void svg_begin(FILE *file, int width, int height, const char *title);
void svg_end(FILE *file);

void svg_text(FILE *file, int x, int y, enum svg_face face, enum svg_color color, const char *text);
/* About how wide the text will be, on the generous side. */
int svg_text_width(enum svg_face face, const char *text);

/* A frame tinted in its color; dashed and empty for SVG_GHOST. */
void svg_box(FILE *file, int x, int y, int width, int height, enum svg_color color);
/* A small filled label; returns the x after it. */
int svg_chip(FILE *file, int x, int y, enum svg_color color, const char *text);
int svg_chip_width(const char *text);
/* From left to right at one height, with a head. */
void svg_arrow(FILE *file, int x1, int x2, int y, enum svg_color color);
/* From (x1, y1) down to @turn, across, and down to (x2, y2), with a head. */
void svg_elbow(FILE *file, int x1, int y1, int turn, int x2, int y2, enum svg_color color);

#endif
