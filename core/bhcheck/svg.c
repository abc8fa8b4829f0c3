/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The memory map as a drawing: one column a stretch of addresses, one row a span. Rows are not to
 * scale (a page would vanish beside a GiB) but grow with the logarithm of the size.
 */
#include "core/bhcheck/bhcheck.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define LEFT   120
#define WIDTH  560
#define RIGHT  150
#define TOP    86
#define GAP    16
#define LEGEND 44
#define MARGIN 20
#define LETTER 7 /* width of one */

/* Colours that colour-blind readers tell apart (Okabe and Ito), one a VM. */
static const char *const vm_colours[] = {"#56b4e9", "#e69f00", "#009e73", "#cc79a7",
					 "#f0e442", "#0072b2", "#d55e00", "#999999"};

static const char *colour(const struct span *s)
{
	switch (s->vm) {
	case SPAN_HYPERVISOR:
		return "#3c4650";
	case SPAN_FREE:
		return "#f4f5f6";
	case SPAN_RESERVED:
		return "#c3c9cf";
	default:
		return vm_colours[(unsigned int)s->vm % ARRAY_SIZE(vm_colours)];
	}
}

static const char *text_colour(const struct span *s)
{
	return s->vm == SPAN_HYPERVISOR ? "#ffffff" : s->vm == SPAN_FREE ? "#777777" : "#000000";
}

static unsigned int row_height(const struct span *s)
{
	unsigned int height = 24;

	for (uint64_t size = s->range.size; size > SZ_1M; size /= 4) {
		height += s->vm == SPAN_FREE ? 3 : 9;
	}
	return height;
}

/* Names and paths may hold what SVG must not. */
static void put_text(FILE *f, const char *text)
{
	for (; *text; text++) {
		switch (*text) {
		case '<':
			fputs("&lt;", f);
			break;
		case '&':
			fputs("&amp;", f);
			break;
		case '>':
			fputs("&gt;", f);
			break;
		default:
			fputc(*text < ' ' || *text > '~' ? '?' : *text, f);
			break;
		}
	}
}

/* What the box is too narrow for ends in dots. */
static void put_fitting(FILE *f, const char *text, size_t room)
{
	char cut[sizeof(((struct span *)NULL)->what)];

	snprintf(cut, sizeof(cut), "%s", text);
	if (strlen(cut) > room && room > 3 && room < sizeof(cut)) {
		memcpy(cut + room - 3, "...", 4);
	}
	put_text(f, cut);
}

static void put_row(FILE *f, const struct desk *d, const struct span *s, unsigned int y)
{
	unsigned int height = row_height(s), middle = y + height / 2 + 4;
	const char *owner = span_owner_name(d, s);
	char size[32];

	span_size(size, s->range.size);
	fprintf(f, "<rect x=\"%d\" y=\"%u\" width=\"%d\" height=\"%u\" rx=\"3\" fill=\"%s\"/>\n",
		LEFT, y, WIDTH, height - 2, colour(s));
	fprintf(f, "<text x=\"%d\" y=\"%u\" class=\"at\">0x%010lx</text>\n", LEFT - 10, y + 14,
		s->range.base);
	fprintf(f, "<text x=\"%d\" y=\"%u\" fill=\"%s\"><tspan font-weight=\"bold\">", LEFT + 12,
		middle, text_colour(s));
	put_text(f, owner);
	fputs("</tspan> ", f);
	put_fitting(f, s->what, (WIDTH - 24) / LETTER - strlen(owner) - strlen(size) - 4);
	fprintf(f, "</text>\n<text x=\"%d\" y=\"%u\" fill=\"%s\" text-anchor=\"end\">%s</text>\n",
		LEFT + WIDTH - 12, middle, text_colour(s), size);
	if (s->vm >= 0 && s->ipa != s->range.base) {
		fprintf(f, "<text x=\"%d\" y=\"%u\">IPA 0x%010lx</text>\n", LEFT + WIDTH + 10,
			middle, s->ipa);
	} else if (s->vm >= 0) {
		fprintf(f, "<text x=\"%d\" y=\"%u\" fill=\"#777777\">IPA = PA</text>\n",
			LEFT + WIDTH + 10, middle);
	}
}

static bool gap_before(const struct spans *s, unsigned int i)
{
	return i > 0 && s->list[i].range.base > range_end(s->list[i - 1].range);
}

static unsigned int total_height(const struct spans *s)
{
	unsigned int height = TOP + MARGIN;

	for (unsigned int i = 0; i < s->count; i++) {
		height += row_height(&s->list[i]) + (gap_before(s, i) ? GAP : 0);
	}
	return height;
}

/* Each VM with its colour and CPUs; as many as the width holds. */
static void put_legend(FILE *f, const struct desk *d)
{
	unsigned int x = LEFT;

	for (unsigned int i = 0; i < d->config.vm_count; i++) {
		const struct vm_config *vm = &d->config.vms[i];
		struct span s = {.vm = (int)i};
		char text[VM_NAME_MAX + 64];
		size_t used = (size_t)snprintf(text, sizeof(text), "%s%s", vm->name,
					       vm->refused ? " (refused)" : ", CPU");

		for (unsigned int j = 0; j < vm->cpu_count && !vm->refused; j++) {
			used += (size_t)snprintf(text + used, sizeof(text) - used, " %u",
						 vm->cpus[j]);
		}
		if (x + 20 + LETTER * used > LEFT + WIDTH + RIGHT - MARGIN) {
			return;
		}
		fprintf(f,
			"<rect x=\"%u\" y=\"%d\" width=\"14\" height=\"14\" rx=\"3\" "
			"fill=\"%s\"/>\n<text x=\"%u\" y=\"%d\">",
			x, LEGEND, colour(&s), x + 20, LEGEND + 11);
		put_text(f, text);
		fputs("</text>\n", f);
		x += 44 + LETTER * (unsigned int)used;
	}
}

int svg_write(const char *path, const struct desk *d, const struct spans *s)
{
	unsigned int y = TOP, height = total_height(s);
	FILE *f = fopen(path, "w");
	bool failed;

	if (!f) {
		return -1;
	}
	fprintf(f,
		"<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %u\" width=\"%d\" "
		"font-family=\"DejaVu Sans Mono, Menlo, Consolas, monospace\" font-size=\"11.5\">\n"
		"<style>.at { fill: #777777; text-anchor: end; }</style>\n"
		"<rect width=\"100%%\" height=\"100%%\" fill=\"#ffffff\"/>\n"
		"<text x=\"%d\" y=\"28\" font-size=\"16\" font-weight=\"bold\">",
		LEFT + WIDTH + RIGHT, height, LEFT + WIDTH + RIGHT, LEFT);
	put_text(f, d->board.model);
	fputs("</text>\n", f);
	put_legend(f, d);
	for (unsigned int i = 0; i < s->count; i++) {
		y += gap_before(s, i) ? GAP : 0;
		put_row(f, d, &s->list[i], y);
		y += row_height(&s->list[i]);
	}
	fputs("</svg>\n", f);
	failed = ferror(f) != 0;
	return fclose(f) || failed ? -1 : 0;
}
