/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The memory map as a drawing: one column a stretch of addresses, one row a span. Rows are not to
 * scale (a page would vanish beside a GiB) but grow with the logarithm of the size.
 */
#include "core/bhcheck/bhcheck.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define LEFT   170
#define WIDTH  520
#define TOP    70
#define GAP    14
#define LEGEND 30

/* Colours that colour-blind readers tell apart (Okabe and Ito), one a VM. */
static const char *const vm_colours[] = {"#56b4e9", "#e69f00", "#009e73", "#cc79a7",
					 "#f0e442", "#0072b2", "#d55e00", "#999999"};

static const char *colour(const struct span *s)
{
	switch (s->vm) {
	case SPAN_HYPERVISOR:
		return "#444444";
	case SPAN_FREE:
		return "#ffffff";
	case SPAN_RESERVED:
		return "#bbbbbb";
	default:
		return vm_colours[(unsigned int)s->vm % ARRAY_SIZE(vm_colours)];
	}
}

static const char *text_colour(const struct span *s)
{
	return s->vm == SPAN_HYPERVISOR ? "#ffffff" : "#000000";
}

static unsigned int row_height(const struct span *s)
{
	unsigned int height = 22;

	for (uint64_t size = s->range.size; size > SZ_1M; size /= 4) {
		height += 10;
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
			fputc((unsigned char)*text < ' ' ? '?' : *text, f);
			break;
		}
	}
}

static void put_row(FILE *f, const struct desk *d, const struct span *s, unsigned int y)
{
	unsigned int height = row_height(s), middle = y + height / 2 + 4;

	fprintf(f, "<rect x=\"%d\" y=\"%u\" width=\"%d\" height=\"%u\" fill=\"%s\"/>\n", LEFT, y,
		WIDTH, height, colour(s));
	fprintf(f, "<text x=\"%d\" y=\"%u\" text-anchor=\"end\">0x%010lx</text>\n", LEFT - 8,
		y + 12, s->range.base);
	fprintf(f, "<text x=\"%d\" y=\"%u\" fill=\"%s\">", LEFT + 10, middle, text_colour(s));
	put_text(f, span_owner_name(d, s));
	fputs(": ", f);
	put_text(f, s->what);
	fputs("</text>\n", f);
	if (s->vm >= 0 && s->ipa != s->range.base) {
		fprintf(f, "<text x=\"%d\" y=\"%u\">IPA 0x%010lx</text>\n", LEFT + WIDTH + 8,
			middle, s->ipa);
	} else if (s->vm >= 0) {
		fprintf(f, "<text x=\"%d\" y=\"%u\">IPA = PA</text>\n", LEFT + WIDTH + 8, middle);
	}
}

static bool gap_before(const struct spans *s, unsigned int i)
{
	return i > 0 && s->list[i].range.base > range_end(s->list[i - 1].range);
}

static unsigned int total_height(const struct spans *s)
{
	unsigned int height = TOP + 20;

	for (unsigned int i = 0; i < s->count; i++) {
		height += row_height(&s->list[i]) + (gap_before(s, i) ? GAP : 0);
	}
	return height;
}

static void put_legend(FILE *f, const struct desk *d)
{
	unsigned int x = LEFT;

	for (unsigned int i = 0; i < d->config.vm_count && x < LEFT + WIDTH; i++) {
		const struct vm_config *vm = &d->config.vms[i];
		struct span s = {.vm = (int)i};

		fprintf(f, "<rect x=\"%u\" y=\"%d\" width=\"14\" height=\"14\" fill=\"%s\"/>\n", x,
			LEGEND + 8, colour(&s));
		fprintf(f, "<text x=\"%u\" y=\"%d\">", x + 20, LEGEND + 20);
		put_text(f, vm->name);
		fprintf(f, "%s</text>\n", vm->refused ? " (refused)" : "");
		x += 40 + 8 * (unsigned int)(strlen(vm->name) + (vm->refused ? 10 : 0));
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
		"<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %u\" "
		"font-family=\"monospace\" font-size=\"12\" stroke=\"none\">\n"
		"<rect width=\"100%%\" height=\"100%%\" fill=\"#f8f8f8\"/>\n"
		"<text x=\"%d\" y=\"24\" font-size=\"16\">",
		LEFT + WIDTH + 160, height, LEFT);
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
