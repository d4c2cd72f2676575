/* SPDX-License-Identifier: MIT */
#ifndef UDV_TOOLS_SVG_PANEL_H
#define UDV_TOOLS_SVG_PANEL_H

#include "svg_draw.h"
#include "walk.h"

/* The text below the boxes of a picture: what came of the walk, in lines that fit its width. */

#define PANEL_LINES 48

struct panel_line {
	enum svg_face face;
	enum svg_color color;
	int indent;
	char text[200];
};

struct panel {
	int width; /* room for a line */
	int nr_lines;
	struct panel_line lines[PANEL_LINES];
};

void panel_fill(struct panel *panel, const struct walked *walked, int width);

#endif
