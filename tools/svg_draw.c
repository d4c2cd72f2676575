/* SPDX-License-Identifier: MIT */
#include "svg_draw.h"

#include <string.h>

struct palette {
	const char *line, *fill;
};

static const struct palette palette[] = {
	[SVG_INK] = { "#1b1f24", "#ffffff" },	[SVG_FAINT] = { "#626b75", "#ffffff" },
	[SVG_LINE] = { "#8c959f", "#ffffff" },	[SVG_GUEST] = { "#1f5fa8", "#eef5fd" },
	[SVG_EPT] = { "#7a4fb0", "#f6f1fc" },	[SVG_PAGE] = { "#1a7f4b", "#ebf8f1" },
	[SVG_WRONG] = { "#c2202f", "#fdecee" }, [SVG_GHOST] = { "#c4cad1", "none" },
};

struct face {
	const char *family, *weight;
	int size;
	int advance; /* width of a character in hundredths of a pixel, on the generous side */
};

#define SANS "'Helvetica Neue',Arial,'DejaVu Sans',sans-serif"
#define MONO "'DejaVu Sans Mono',Menlo,Consolas,monospace"

static const struct face faces[] = {
	[SVG_SANS] = { SANS, "400", 12, 720 },	    [SVG_BOLD] = { SANS, "700", 12, 800 },
	[SVG_TITLE] = { SANS, "700", 17, 1130 },    [SVG_MONO] = { MONO, "400", 11, 665 },
	[SVG_MONO_BOLD] = { MONO, "700", 12, 726 },
};

static void put_escaped(FILE *file, const char *text)
{
	for (; *text; text++) {
		switch (*text) {
		case '<':
			fputs("&lt;", file);
			break;
		case '>':
			fputs("&gt;", file);
			break;
		case '&':
			fputs("&amp;", file);
			break;
		default:
			putc((unsigned char)*text < ' ' ? '?' : *text, file);
			break;
		}
	}
}

void svg_begin(FILE *file, int width, int height, const char *title)
{
	fprintf(file,
		"<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" width=\"%d\" "
		"height=\"%d\" role=\"img\">\n<title>",
		width, height, width, height);
	put_escaped(file, title);
	fprintf(file,
		"</title>\n<rect x=\"1\" y=\"1\" width=\"%d\" height=\"%d\" rx=\"10\" "
		"fill=\"#ffffff\" stroke=\"#d0d7de\"/>\n",
		width - 2, height - 2);
}

void svg_end(FILE *file)
{
	fputs("</svg>\n", file);
}

void svg_text(FILE *file, int x, int y, enum svg_face face, enum svg_color color, const char *text)
{
	fprintf(file,
		"<text x=\"%d\" y=\"%d\" font-family=\"%s\" font-size=\"%d\" font-weight=\"%s\" "
		"fill=\"%s\" xml:space=\"preserve\">",
		x, y, faces[face].family, faces[face].size, faces[face].weight,
		palette[color].line);
	put_escaped(file, text);
	fputs("</text>\n", file);
}

int svg_text_width(enum svg_face face, const char *text)
{
	return ((int)strlen(text) * faces[face].advance + 99) / 100;
}

void svg_box(FILE *file, int x, int y, int width, int height, enum svg_color color)
{
	fprintf(file,
		"<rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" rx=\"6\" fill=\"%s\" "
		"stroke=\"%s\" stroke-width=\"%s\"%s/>\n",
		x, y, width, height, palette[color].fill, palette[color].line,
		color == SVG_WRONG ? "2" : "1",
		color == SVG_GHOST ? " stroke-dasharray=\"4 4\"" : "");
}

int svg_chip_width(const char *text)
{
	return (int)strlen(text) * 7 + 8;
}

int svg_chip(FILE *file, int x, int y, enum svg_color color, const char *text)
{
	int width = svg_chip_width(text);

	fprintf(file, "<rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"15\" rx=\"4\" fill=\"%s\"/>\n",
		x, y, width, palette[color].line);
	fprintf(file,
		"<text x=\"%d\" y=\"%d\" text-anchor=\"middle\" font-family=\"%s\" "
		"font-size=\"10\" "
		"font-weight=\"700\" fill=\"#ffffff\">",
		x + width / 2, y + 11, MONO);
	put_escaped(file, text);
	fputs("</text>\n", file);
	return x + width + 3;
}

void svg_arrow(FILE *file, int x1, int x2, int y, enum svg_color color)
{
	fprintf(file,
		"<path d=\"M%d %dH%d\" fill=\"none\" stroke=\"%s\" stroke-width=\"1.5\"/>"
		"<path d=\"M%d %dl-7 -4v8z\" fill=\"%s\"/>\n",
		x1, y, x2 - 6, palette[color].line, x2, y, palette[color].line);
}

void svg_elbow(FILE *file, int x1, int y1, int turn, int x2, int y2, enum svg_color color)
{
	fprintf(file,
		"<path d=\"M%d %dV%dH%dV%d\" fill=\"none\" stroke=\"%s\" stroke-width=\"1.5\" "
		"stroke-linejoin=\"round\"/><path d=\"M%d %dl-4 -7h8z\" fill=\"%s\"/>\n",
		x1, y1, turn, x2, y2 - 6, palette[color].line, x2, y2, palette[color].line);
}
