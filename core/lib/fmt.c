/* SPDX-License-Identifier: Apache-2.0 */
#include "core/lib/fmt.h"

/* Where the text goes, and how much of it there is so far. */
struct out {
	char *buf;
	size_t size;
	size_t used;
};

/* One conversion, as it stands between '%' and its letter. */
struct spec {
	unsigned int width;
	int precision; /* -1: none given */
	unsigned int longs;
	bool left;
	char pad;
};

static void put(struct out *o, char c)
{
	if (o->used + 1 < o->size) {
		o->buf[o->used++] = c;
	}
}

static void put_padding(struct out *o, unsigned int count, char c)
{
	while (count-- > 0) {
		put(o, c);
	}
}

static void put_text(struct out *o, const struct spec *s, const char *text, size_t length)
{
	unsigned int fill = s->width > length ? s->width - (unsigned int)length : 0;

	if (!s->left) {
		put_padding(o, fill, s->pad);
	}
	for (size_t i = 0; i < length; i++) {
		put(o, text[i]);
	}
	if (s->left) {
		put_padding(o, fill, ' ');
	}
}

static void put_string(struct out *o, struct spec *s, const char *text)
{
	size_t length = 0;

	if (!text) {
		text = "(null)";
	}
	while (text[length] && (s->precision < 0 || length < (size_t)s->precision)) {
		length++;
	}
	s->pad = ' ';
	put_text(o, s, text, length);
}

static void put_number(struct out *o, struct spec *s, uint64_t value, unsigned int base,
		       bool negative)
{
	char digits[24];
	size_t at = sizeof(digits);

	do {
		digits[--at] = "0123456789abcdef"[value % base];
		value /= base;
	} while (value != 0);
	if (negative && s->pad == '0') {
		put(o, '-');
		s->width -= s->width > 0;
	} else if (negative) {
		digits[--at] = '-';
	}
	put_text(o, s, &digits[at], sizeof(digits) - at);
}

static const char *parse_spec(const char *f, struct spec *s)
{
	*s = (struct spec){.precision = -1, .pad = ' '};
	for (; *f == '-' || *f == '0'; f++) {
		s->left |= *f == '-';
		s->pad = *f == '0' ? '0' : s->pad;
	}
	for (; *f >= '0' && *f <= '9'; f++) {
		s->width = s->width * 10 + (unsigned int)(*f - '0');
	}
	if (*f == '.') {
		s->precision = 0;
		for (f++; *f >= '0' && *f <= '9'; f++) {
			s->precision = s->precision * 10 + (*f - '0');
		}
	}
	for (; *f == 'l' || *f == 'z'; f++) {
		s->longs++;
	}
	return f;
}

static void put_signed(struct out *o, struct spec *s, int64_t value)
{
	uint64_t magnitude = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;

	put_number(o, s, magnitude, 10, value < 0);
}

size_t fmt_vprint(char *buf, size_t size, const char *format, va_list args)
{
	struct out o = {.buf = buf, .size = size};
	struct spec s;

	for (const char *f = format; *f; f++) {
		if (*f != '%') {
			put(&o, *f);
			continue;
		}
		f = parse_spec(f + 1, &s);
		switch (*f) {
		case 'd':
		case 'i':
			put_signed(&o, &s, s.longs ? va_arg(args, long) : va_arg(args, int));
			break;
		case 'u':
		case 'x':
			put_number(&o, &s,
				   s.longs ? va_arg(args, unsigned long)
					   : va_arg(args, unsigned int),
				   *f == 'x' ? 16 : 10, false);
			break;
		case 'p':
			put_number(&o, &s, (uintptr_t)va_arg(args, void *), 16, false);
			break;
		case 's':
			put_string(&o, &s, va_arg(args, const char *));
			break;
		case 'c':
			put(&o, (char)va_arg(args, int));
			break;
		case '\0':
			f--;
			break;
		default:
			put(&o, *f);
			break;
		}
	}
	if (size > 0) {
		buf[o.used] = '\0';
	}
	return o.used;
}

size_t fmt_print(char *buf, size_t size, const char *format, ...)
{
	va_list args;
	size_t used;

	va_start(args, format);
	used = fmt_vprint(buf, size, format, args);
	va_end(args);
	return used;
}
