#include "guests/rtos/app/line.h"

#define CTRL_C    0x03
#define CTRL_U    0x15
#define BACKSPACE 0x08
#define ESCAPE    0x1b
#define DELETE    0x7f

/* line.skip: in "ESC [ parameters letter", what arrow keys send. */
enum {
	SKIP_NONE,
	SKIP_ESCAPE,
	SKIP_PARAMETERS,
};

void line_reset(struct line *line)
{
	line->length = 0;
	line->skip = SKIP_NONE;
}

static bool skip_escape(struct line *line, char c)
{
	if (c == ESCAPE) {
		line->skip = SKIP_ESCAPE;
		return true;
	}
	if (line->skip == SKIP_ESCAPE) {
		line->skip = c == '[' || c == 'O' ? SKIP_PARAMETERS : SKIP_NONE;
		return true;
	}
	if (line->skip == SKIP_PARAMETERS) {
		if (c >= '@' && c <= '~') {
			line->skip = SKIP_NONE;
		}
		return true;
	}
	return false;
}

static enum line_result append(struct line *line, char c)
{
	if (c == '\t') {
		c = ' ';
	}
	if (c < ' ' || c > '~') {
		return LINE_MORE;
	}
	if (line->length + 1 >= LINE_SIZE) {
		return LINE_FULL;
	}
	line->text[line->length++] = c;
	return LINE_ECHO;
}

static enum line_result complete(struct line *line)
{
	line->text[line->length] = '\0';
	return LINE_DONE;
}

static enum line_result rub_out(struct line *line)
{
	if (line->length == 0) {
		return LINE_MORE;
	}
	line->length--;
	return LINE_RUBOUT;
}

enum line_result line_input(struct line *line, char c, size_t *wiped)
{
	bool after_cr = line->after_cr;

	line->after_cr = c == '\r';
	if (skip_escape(line, c)) {
		return LINE_MORE;
	}
	switch (c) {
	case '\n':
		return after_cr ? LINE_MORE : complete(line);
	case '\r':
		return complete(line);
	case BACKSPACE:
	case DELETE:
		return rub_out(line);
	case CTRL_U:
		*wiped = line->length;
		line->length = 0;
		return LINE_WIPE;
	case CTRL_C:
		return LINE_CANCELED;
	default:
		return append(line, c);
	}
}

int line_split(char *text, char *words[LINE_WORDS])
{
	int count = 0;

	for (;;) {
		while (*text == ' ') {
			*text++ = '\0';
		}
		if (*text == '\0') {
			return count;
		}
		if (count == LINE_WORDS) {
			return -1;
		}
		words[count++] = text;
		while (*text != ' ' && *text != '\0') {
			text++;
		}
	}
}

static int digit(char c, unsigned int base)
{
	int value = -1;

	if (c >= '0' && c <= '9') {
		value = c - '0';
	} else if (c >= 'a' && c <= 'f') {
		value = c - 'a' + 10;
	} else if (c >= 'A' && c <= 'F') {
		value = c - 'A' + 10;
	}
	return value < (int)base ? value : -1;
}

bool line_number(const char *text, uint64_t *value)
{
	unsigned int base = 10;

	if (text[0] == '0' && (text[1] == 'x' || text[1] == 'X')) {
		base = 16;
		text += 2;
	}
	*value = 0;
	if (*text == '\0') {
		return false;
	}
	for (; *text != '\0'; text++) {
		int d = digit(*text, base);

		if (d < 0 || *value > (UINT64_MAX - (uint64_t)d) / base) {
			return false;
		}
		*value = *value * base + (uint64_t)d;
	}
	return true;
}
