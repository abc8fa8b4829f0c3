/* SPDX-License-Identifier: Apache-2.0 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "guests/linux/brig/engine/command.h"
#include "guests/linux/brig/engine/fault.h"
#include "guests/linux/brig/engine/file.h"
#include "guests/linux/brig/lib/tame.h"

/* A name in it may be an image's or a container's. */
int command_fail(void)
{
	char *text = file_text("%s", fault_text());
	tame_line(text, strlen(text));
	fflush(stdout);
	fprintf(stderr, "brig: %s\n", text);
	free(text);
	return 1;
}

static void drop(int *argc, char **argv, int at, int count)
{
	memmove(argv + at, argv + at + count, (size_t)(*argc - at - count + 1) * sizeof(*argv));
	*argc -= count;
}

bool command_flag(int *argc, char **argv, const char *name)
{
	for (int i = 1; i < *argc && strcmp(argv[i], "--") != 0; i++) {
		if (strcmp(argv[i], name) == 0) {
			drop(argc, argv, i, 1);
			return true;
		}
	}
	return false;
}

bool command_either(int *argc, char **argv, const char *letter, const char *name)
{
	bool found = command_flag(argc, argv, letter);
	return command_flag(argc, argv, name) || found;
}

const char *command_value(int *argc, char **argv, const char *name)
{
	size_t length = strlen(name);
	for (int i = 1; i < *argc && strcmp(argv[i], "--") != 0; i++) {
		const char *value = NULL;
		if (strcmp(argv[i], name) == 0 && i + 1 < *argc) {
			value = argv[i + 1];
			drop(argc, argv, i, 2);
		} else if (strncmp(argv[i], name, length) == 0 && argv[i][length] == '=') {
			value = argv[i] + length + 1;
			drop(argc, argv, i, 1);
		}
		if (value != NULL) {
			return value;
		}
	}
	return NULL;
}

int command_operands(int argc, char **argv, int least)
{
	for (int i = 1; i < argc; i++) {
		if (argv[i][0] == '-' && argv[i][1] != '\0') {
			return fault_set(0, "%s: %s: no such option, or its value is missing",
					 argv[0], argv[i]);
		}
	}
	return argc - 1 >= least ? 0
				 : fault_set(0, "%s: needs %s; see brig help", argv[0],
					     least == 1 ? "an operand" : "more operands");
}

static const char *cell(const json_t *row, const char *key)
{
	static char number[32];
	const json_t *value = json_object_get(row, key);
	if (json_is_integer(value)) {
		snprintf(number, sizeof(number), "%lld", (long long)json_integer_value(value));
		return number;
	}
	return json_is_string(value) ? json_string_value(value) : "";
}

static void print_row(const json_t *row, const char *const *keys, const int *widths)
{
	for (size_t i = 0; keys[i] != NULL; i++) {
		bool last = keys[i + 1] == NULL;
		printf("%-*s%s", last ? 0 : widths[i], cell(row, keys[i]), last ? "\n" : "  ");
	}
}

void command_table(json_t *rows, const char *const *keys, bool json)
{
	int widths[16] = {0};
	size_t at;
	const json_t *row;
	if (json) {
		json_dumpf(rows, stdout, JSON_INDENT(2) | JSON_PRESERVE_ORDER);
		putchar('\n');
		return;
	}
	json_t *head = json_object();
	for (size_t i = 0; keys[i] != NULL; i++) {
		char name[32] = "";
		for (size_t j = 0; keys[i][j] != '\0' && j + 1 < sizeof(name); j++) {
			int upper = toupper((unsigned char)keys[i][j]);
			name[j] = (char)(upper == '_' ? ' ' : upper);
		}
		json_object_set_new(head, keys[i], json_string(name));
		widths[i] = (int)strlen(name);
	}
	json_array_foreach(rows, at, row)
	{
		for (size_t i = 0; keys[i] != NULL; i++) {
			int width = (int)strlen(cell(row, keys[i]));
			widths[i] = width > widths[i] ? width : widths[i];
		}
	}
	print_row(head, keys, widths);
	json_array_foreach(rows, at, row)
	{
		print_row(row, keys, widths);
	}
	json_decref(head);
}
