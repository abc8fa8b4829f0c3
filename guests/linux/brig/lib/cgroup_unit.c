/* SPDX-License-Identifier: Apache-2.0 */
/* systemd.resource-control(5) and org.freedesktop.systemd1(5) say what the properties mean. */
#include "guests/linux/brig/lib/cgroup_unit.h"

#include <ctype.h>
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "guests/linux/brig/lib/cgroup_plan.h"
#include "guests/linux/brig/lib/err.h"
#include "guests/linux/brig/lib/io.h"
#include "guests/linux/brig/lib/mem.h"

#define INFINITE     "18446744073709551615"
#define USEC         1000000ULL
#define PERCENT_USEC 10000U  /* of a second: systemd keeps the quota as whole per cent */
#define PERIOD_USEC  100000U /* the kernel's own */
#define SET_MAX      16384UL /* more than any kernel has CPUs or nodes */

void unit_word(struct unit_words *words, const char *word)
{
	if (words->count + 1 >= words->room) {
		size_t room = words->room == 0 ? 64 : words->room * 2;
		const char **more = mem_get(room * sizeof(*more));
		if (words->count > 0) {
			memcpy(more, words->word, words->count * sizeof(*more));
		}
		words->word = more;
		words->room = room;
	}
	words->word[words->count++] = word;
	words->word[words->count] = NULL;
}

void unit_property(struct unit_words *words, const char *name, const char *type, const char *value)
{
	unit_word(words, name);
	unit_word(words, type);
	unit_word(words, value);
	words->properties++;
}

/* -- Limits ------------------------------------------------------------------------ */

static int add_number(struct unit_words *words, const char *name, const char *value)
{
	uint64_t number;
	bool all = strcmp(value, "max") == 0;
	if (!all && !io_parse_u64(value, &number)) {
		return err_set(0, "\"%.64s\" is no number", value);
	}
	unit_property(words, name, "t", all ? INFINITE : value);
	return 0;
}

/* What is written is how much of a period; the property has how much of a second. */
static int add_quota(struct unit_words *words, const char *name, const char *value)
{
	uint64_t quota;
	uint64_t period = PERIOD_USEC;
	size_t length = strcspn(value, " ");
	const char *first = mem_copy(value, length);
	bool all = strcmp(first, "max") == 0;
	if ((value[length] != '\0' && !io_parse_u64(value + length + 1, &period)) || period == 0 ||
	    (!all && (!io_parse_u64(first, &quota) || quota > UINT64_MAX / USEC))) {
		return err_set(0, "\"%.64s\" is no quota", value);
	}
	const char *text = INFINITE;
	if (!all) {
		uint64_t per_second = quota * USEC / period;
		per_second += (PERCENT_USEC - per_second % PERCENT_USEC) % PERCENT_USEC;
		text = mem_format("%llu", (unsigned long long)per_second);
	}
	unit_property(words, name, "t", text);
	unit_property(words, "CPUQuotaPeriodUSec", "t",
		      mem_format("%llu", (unsigned long long)period));
	return 0;
}

static bool read_range(const char **at, unsigned long *first, unsigned long *last)
{
	char *end;
	if (!isdigit((unsigned char)**at)) {
		return false;
	}
	*first = *last = strtoul(*at, &end, 10);
	if (*end == '-' && isdigit((unsigned char)end[1])) {
		*last = strtoul(end + 1, &end, 10);
	}
	*at = end;
	return *first <= *last && *last < SET_MAX;
}

/* A list as "0-3,7" becomes a bit mask, the lowest byte first. */
static int add_set(struct unit_words *words, const char *name, const char *value)
{
	uint8_t *mask = mem_get(SET_MAX / 8);
	size_t length = 0;
	unsigned long first;
	unsigned long last;
	for (const char *at = value; *at != '\0'; at += strspn(at, ", \n")) {
		if (!read_range(&at, &first, &last)) {
			return err_set(0, "\"%.64s\" is no list of numbers", value);
		}
		for (unsigned long bit = first; bit <= last; bit++) {
			mask[bit / 8] |= (uint8_t)(1U << bit % 8);
		}
		length = last / 8 + 1 > length ? last / 8 + 1 : length;
	}
	unit_word(words, name);
	unit_word(words, "ay");
	unit_word(words, mem_format("%zu", length));
	for (size_t i = 0; i < length; i++) {
		unit_word(words, mem_format("%u", mask[i]));
	}
	words->properties++;
	return 0;
}

/* A group that runs only when all others are idle has, in systemd's words, the weight 0. */
static int add_idle(struct unit_words *words, const char *name, const char *value)
{
	if (strcmp(value, "1") == 0) {
		unit_property(words, name, "t", "0");
	}
	return 0;
}

static const struct {
	const char *file;
	const char *property;
	int (*add)(struct unit_words *words, const char *name, const char *value);
} table[] = {
	{"cpu.idle", "CPUWeight", add_idle},
	{"cpu.max", "CPUQuotaPerSecUSec", add_quota},
	{"cpu.weight", "CPUWeight", add_number},
	{"cpuset.cpus", "AllowedCPUs", add_set},
	{"cpuset.mems", "AllowedMemoryNodes", add_set},
	{"io.weight", "IOWeight", add_number},
	{"memory.high", "MemoryHigh", add_number},
	{"memory.low", "MemoryLow", add_number},
	{"memory.max", "MemoryMax", add_number},
	{"memory.min", "MemoryMin", add_number},
	{"memory.swap.max", "MemorySwapMax", add_number},
	{"pids.max", "TasksMax", add_number},
};

static int add_limit(struct unit_words *words, const char *file, const char *value)
{
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		if (strcmp(file, table[i].file) == 0 &&
		    table[i].add(words, table[i].property, value) < 0) {
			return err_within("%s", file);
		}
	}
	return 0;
}

int unit_add_limits(struct unit_words *words, const struct json *resources)
{
	struct cgroup_writes *writes = mem_get(sizeof(*writes));
	if (resources == NULL) {
		return 0;
	}
	if (cgroup_plan_writes(resources, writes) < 0) {
		return -1;
	}
	for (uint32_t i = 0; i < writes->count; i++) {
		const struct cgroup_write *write = &writes->write[i];
		/* Of two files for one thing, systemd knows the one that every kernel has. */
		bool other =
			write->other_file != NULL && strcmp(write->other_file, "io.weight") == 0;
		if (strchr(other ? write->other_value : "", ' ') == NULL &&
		    add_limit(words, other ? write->other_file : write->file,
			      other ? write->other_value : write->value) < 0) {
			return -1;
		}
	}
	return 0;
}

/* -- Annotations -------------------------------------------------------------------- */

#define ANNOTATION "org.systemd.property."

static const char *skip_blanks(const char *text)
{
	return text + strspn(text, " \t");
}

/* A text between quotes of either kind; moves `*at` behind it. NULL where there is none. */
static const char *read_quoted(const char **at)
{
	const char *text = *at;
	char quote = *text;
	size_t length = 0;
	if (quote != '\'' && quote != '"') {
		return NULL;
	}
	char *value = mem_get(strlen(text));
	for (text++; *text != quote; text++) {
		text += *text == '\\';
		if (*text == '\0') {
			return NULL;
		}
		value[length++] = *text;
	}
	*at = skip_blanks(text + 1);
	return value;
}

static int add_texts(struct unit_words *words, const char *name, const char *text)
{
	struct unit_words items = {0};
	const char *at = skip_blanks(text + 1);
	while (*at != ']') {
		const char *item = read_quoted(&at);
		if (item == NULL || (*at != ',' && *at != ']')) {
			return -1;
		}
		unit_word(&items, item);
		at = *at == ',' ? skip_blanks(at + 1) : at;
	}
	if (*skip_blanks(at + 1) != '\0') {
		return -1;
	}
	unit_word(words, name);
	unit_word(words, "as");
	unit_word(words, mem_format("%zu", items.count));
	for (size_t i = 0; i < items.count; i++) {
		unit_word(words, items.word[i]);
	}
	words->properties++;
	return 0;
}

/* "uint64 5" and its like; a number alone is an int32. */
static const char *number_type(const char **at)
{
	static const struct {
		const char *name;
		const char *type;
	} types[] = {{"byte ", "y"},   {"int16 ", "n"}, {"uint16 ", "q"}, {"int32 ", "i"},
		     {"uint32 ", "u"}, {"int64 ", "x"}, {"uint64 ", "t"}};
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		if (strncmp(*at, types[i].name, strlen(types[i].name)) == 0) {
			*at = skip_blanks(*at + strlen(types[i].name));
			return types[i].type;
		}
	}
	return "i";
}

/* ...Sec is how systemd's files say it, ...USec what its interface has (runc, crun: too). */
static int add_seconds(struct unit_words *words, const char *name, const char *number)
{
	uint64_t seconds;
	if (!io_parse_u64(number, &seconds) || seconds > UINT64_MAX / USEC) {
		return -1;
	}
	unit_property(words, mem_format("%.*sUSec", (int)strlen(name) - 3, name), "t",
		      mem_format("%llu", (unsigned long long)(seconds * USEC)));
	return 0;
}

static bool ends_with(const char *text, const char *end)
{
	size_t length = strlen(text);
	return length > strlen(end) && strcmp(text + length - strlen(end), end) == 0;
}

static int add_number_of(struct unit_words *words, const char *name, const char *at)
{
	int64_t number;
	uint64_t large;
	const char *type = number_type(&at);
	if (ends_with(name, "Sec") && !ends_with(name, "USec")) {
		return add_seconds(words, name, at);
	}
	if (!io_parse_i64(at, &number) && !(*type == 't' && io_parse_u64(at, &large))) {
		return -1;
	}
	unit_property(words, name, type, at);
	return 0;
}

static int add_value(struct unit_words *words, const char *name, const char *value)
{
	const char *at = skip_blanks(value);
	if (strcmp(at, "true") == 0 || strcmp(at, "false") == 0) {
		unit_property(words, name, "b", at);
		return 0;
	}
	if (*at == '[') {
		return add_texts(words, name, at);
	}
	if (*at != '\'' && *at != '"') {
		return add_number_of(words, name, at);
	}
	const char *text = read_quoted(&at);
	if (text == NULL || *at != '\0') {
		return -1;
	}
	unit_property(words, name, "s", text);
	return 0;
}

int unit_add_annotations(struct unit_words *words, const struct json *annotations)
{
	const struct json *item = annotations == NULL ? NULL : annotations->first;
	for (; item != NULL; item = item->next) {
		if (strncmp(item->key, ANNOTATION, strlen(ANNOTATION)) != 0) {
			continue;
		}
		const char *name = item->key + strlen(ANNOTATION);
		size_t letters =
			strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz");
		if (letters < 3 || name[letters] != '\0') {
			return err_set(0, "annotations: %.128s names no property", item->key);
		}
		if (add_value(words, name, item->text) < 0) {
			return err_set(0,
				       "annotations: %.128s: \"%.128s\" is no value that is known "
				       "('text', true, uint64 5, ['text', ...])",
				       item->key, item->text);
		}
	}
	return 0;
}
