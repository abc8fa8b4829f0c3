#include "guests/rtos/port/fmt.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

struct sink {
	char *out;
	size_t size;
	size_t length;
};

/* One conversion: %[-][0][width][.precision][l|z]letter */
struct spec {
	bool left, zero, wide;
	size_t width, precision;
	char letter;
};

static void emit(struct sink *sink, char c)
{
	if (sink->length + 1 < sink->size) {
		sink->out[sink->length++] = c;
	}
}

static void pad(struct sink *sink, char c, size_t used, size_t width)
{
	for (; used < width; used++) {
		emit(sink, c);
	}
}

static void emit_padded(struct sink *sink, const struct spec *spec, const char *text, size_t length)
{
	if (!spec->left) {
		pad(sink, spec->zero ? '0' : ' ', length, spec->width);
	}
	for (size_t i = 0; i < length; i++) {
		emit(sink, text[i]);
	}
	if (spec->left) {
		pad(sink, ' ', length, spec->width);
	}
}

static void emit_number(struct sink *sink, const struct spec *spec, uint64_t value, bool minus)
{
	char digits[24];
	size_t at = sizeof(digits);
	unsigned int base = spec->letter == 'x' ? 16 : 10;

	do {
		digits[--at] = "0123456789abcdef"[value % base];
		value /= base;
	} while (value != 0);
	if (minus) {
		digits[--at] = '-';
	}
	emit_padded(sink, spec, digits + at, sizeof(digits) - at);
}

static size_t parse_number(const char **format)
{
	size_t value = 0;

	while (**format >= '0' && **format <= '9') {
		value = value * 10 + (size_t)(*(*format)++ - '0');
	}
	return value;
}

static struct spec parse_spec(const char **format)
{
	struct spec spec = {.precision = SIZE_MAX};

	for (; **format == '-' || **format == '0'; (*format)++) {
		spec.left |= **format == '-';
		spec.zero |= **format == '0';
	}
	spec.width = parse_number(format);
	if (**format == '.') {
		(*format)++;
		spec.precision = parse_number(format);
	}
	for (; **format == 'l' || **format == 'z'; (*format)++) {
		spec.wide = true;
	}
	spec.letter = **format;
	if (spec.letter != '\0') {
		(*format)++;
	}
	return spec;
}

static void convert_signed(struct sink *sink, const struct spec *spec, int64_t value)
{
	uint64_t magnitude = value < 0 ? -(uint64_t)value : (uint64_t)value;

	emit_number(sink, spec, magnitude, value < 0);
}

static void convert_string(struct sink *sink, const struct spec *spec, const char *text)
{
	emit_padded(sink, spec, text, strnlen(text, spec->precision));
}

size_t fmt_vprint(char *out, size_t size, const char *format, va_list args)
{
	struct sink sink = {.out = out, .size = size};
	struct spec spec;

	while (*format != '\0') {
		if (*format != '%') {
			emit(&sink, *format++);
			continue;
		}
		format++;
		spec = parse_spec(&format);
		switch (spec.letter) {
		case 'd':
			convert_signed(&sink, &spec,
				       spec.wide ? va_arg(args, long) : va_arg(args, int));
			break;
		case 'u':
		case 'x':
			emit_number(&sink, &spec,
				    spec.wide ? va_arg(args, unsigned long)
					      : va_arg(args, unsigned int),
				    false);
			break;
		case 'c':
			emit(&sink, (char)va_arg(args, int));
			break;
		case 's':
			convert_string(&sink, &spec, va_arg(args, const char *));
			break;
		default:
			emit(&sink, spec.letter);
			break;
		}
	}
	if (size > 0) {
		out[sink.length] = '\0';
	}
	return sink.length;
}

size_t fmt_print(char *out, size_t size, const char *format, ...)
{
	va_list args;
	size_t length;

	va_start(args, format);
	length = fmt_vprint(out, size, format, args);
	va_end(args);
	return length;
}
