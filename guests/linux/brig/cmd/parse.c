/* SPDX-License-Identifier: Apache-2.0 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "guests/linux/brig/cmd/cmd.h"
#include "guests/linux/brig/lib/err.h"
#include "guests/linux/brig/lib/io.h"
#include "guests/linux/brig/lib/mem.h"

#define OPTIONS_LIMIT 40
#define HELP          255 /* below the numbers of the table's options, above letters */

static int add_to_list(const char ***list, const char *text)
{
	size_t count = 0;
	while (*list != NULL && (*list)[count] != NULL) {
		count++;
	}
	const char **more = mem_get((count + 2) * sizeof(*more));
	if (count > 0) {
		memcpy(more, *list, count * sizeof(*more));
	}
	more[count] = text;
	*list = more;
	return 0;
}

static int take(const struct cmd_option *option, const char *text)
{
	uint64_t number;
	if (option->flag != NULL) {
		bool off = text != NULL && strcmp(text, "false") == 0;
		if (text != NULL && !off && strcmp(text, "true") != 0) {
			return err_set(0, "--%s: must be true or false", option->name);
		}
		*option->flag = !off;
		return 0;
	}
	if (option->text != NULL) {
		*option->text = text;
		return 0;
	}
	if (option->list != NULL) {
		return add_to_list(option->list, text);
	}
	if (!io_parse_u64(text, &number) || number > 65536) {
		return err_set(0, "--%s: \"%.32s\" is no number up to 65536", option->name, text);
	}
	*option->number = (unsigned int)number;
	return 0;
}

/* mixed: options may come behind operands, too. */
static void translate(const struct cmd_option *options, struct option *longs, char *shorts,
		      bool mixed)
{
	int n = 0;
	if (!mixed) {
		*shorts++ = '+';
	}
	*shorts++ = ':';
	for (; options[n].name != NULL; n++) {
		bool flag = options[n].flag != NULL;
		longs[n] = (struct option){.name = options[n].name,
					   .has_arg = flag ? optional_argument : required_argument,
					   .val = 256 + n};
		if (options[n].letter != 0) {
			*shorts++ = options[n].letter;
			if (!flag) {
				*shorts++ = ':';
			}
		}
	}
	longs[n] = (struct option){.name = "help", .val = HELP};
	*shorts++ = 'h';
	*shorts = '\0';
}

static const struct cmd_option *find(const struct cmd_option *options, int code)
{
	if (code >= 256) {
		return &options[code - 256];
	}
	for (; options->name != NULL; options++) {
		if (options->letter == code) {
			return options;
		}
	}
	return NULL;
}

/* --help, -h: what there is, by the table; the manual says what it is for. */
static void print_help(const char *command, const struct cmd_option *options, int operands)
{
	printf("usage: brig %s%s%s\n", command, options->name != NULL ? " [OPTIONS]" : "",
	       operands == 0 ? "" : " OPERAND...");
	for (; options->name != NULL; options++) {
		const char *value = options->flag != NULL ? "" : " VALUE";
		if (options->letter != 0) {
			printf("  -%c%s, --%s%s\n", options->letter, value, options->name, value);
		} else {
			printf("  --%s%s\n", options->name, value);
		}
	}
	exit(fflush(stdout) == 0 ? 0 : 1);
}

int cmd_parse(int argc, char **argv, const struct cmd_option *options, int operands)
{
	struct option longs[OPTIONS_LIMIT] = {0};
	char shorts[OPTIONS_LIMIT * 2 + 4];
	int code;

	translate(options, longs, shorts, operands >= 0);
	optind = 0;
	opterr = 0;
	while ((code = getopt_long(argc, argv, shorts, longs, NULL)) != -1) {
		const struct cmd_option *option = find(options, code);
		if (code == HELP || code == 'h') {
			print_help(argv[0], options, operands);
		}
		if (option == NULL) {
			return err_set(0, "%s: %s: %s", argv[0], argv[optind - 1],
				       code == ':' ? "needs a value" : "no such option");
		}
		if (take(option, optarg) < 0) {
			return -1;
		}
	}
	int count = argc - optind;
	if (operands >= 0 ? count != operands : count < -operands) {
		return err_set(0, "%s: needs %s%d operand%s, got %d", argv[0],
			       operands < 0 ? "at least " : "", operands < 0 ? -operands : operands,
			       operands == 1 || operands == -1 ? "" : "s", count);
	}
	memmove(argv, argv + optind, (size_t)(count + 1) * sizeof(*argv));
	return count;
}
