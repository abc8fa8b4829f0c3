/* A line of input being edited, and its words. */
#ifndef KEEL_LINE_H
#define KEEL_LINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LINE_SIZE  128
#define LINE_WORDS 8

struct line {
	char text[LINE_SIZE];
	size_t length;
	bool after_cr;     /* the last character was CR: a LF belongs to it */
	unsigned int skip; /* where in an escape sequence it is; see line.c */
};

enum line_result {
	LINE_MORE,     /* nothing to show */
	LINE_ECHO,     /* show the character */
	LINE_RUBOUT,   /* wipe the last character */
	LINE_WIPE,     /* wipe line_wiped() characters */
	LINE_DONE,     /* text is complete, NUL-terminated */
	LINE_CANCELED, /* Ctrl-C: forget it */
	LINE_FULL,     /* the character did not fit: ring the bell */
};

void line_reset(struct line *line);

/* `wiped` is set for LINE_WIPE. */
enum line_result line_input(struct line *line, char c, size_t *wiped);

/*
 * Cut `text` at blanks, in place. Returns the number of words, at most
 * LINE_WORDS, or -1 if there are more.
 */
int line_split(char *text, char *words[LINE_WORDS]);

/* Decimal or 0x...; false unless all of `text` is a number that fits. */
bool line_number(const char *text, uint64_t *value);

#endif
