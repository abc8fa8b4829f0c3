#include "guests/rtos/app/shell.h"

#include <stdarg.h>
#include <string.h>

#include "guests/rtos/app/app.h"
#include "guests/rtos/app/control.h"
#include "guests/rtos/app/line.h"
#include "guests/rtos/keel/keel.h"
#include "guests/rtos/port/console.h"
#include "guests/rtos/port/fmt.h"

#define STACK_SIZE 16384

static struct task task;
TASK_STACK(stack, STACK_SIZE);

static void cmd_help(int count, char **args);

static const struct command commands[] = {
	{"help", "", "list the commands", cmd_help},
	{"ps", "", "tasks: priority, state, CPU time, stack", cmd_ps},
	{"loop", "[bins|reset]", "punctuality of the control loop; finer; start anew", cmd_loop},
	{"setpoint", "<rpm>", "the speed the control loop shall hold", cmd_setpoint},
	{"uptime", "", "time since boot", cmd_uptime},
	{"mem", "", "memory and its use", cmd_mem},
	{"irq", "", "interrupt counts", cmd_irq},
	{"selftest", "", "test the kernel on this machine", cmd_selftest},
	{"peek", "<addr>", "read 32 bits of physical memory", cmd_peek},
	{"poke", "<addr> <value>", "write 32 bits of physical memory", cmd_poke},
	{"crash", "null|stack|undef|assert|hang", "fail in one of these ways", cmd_crash},
	{"reboot", "", "reset this machine", cmd_reboot},
	{"shutdown", "", "switch this machine off", cmd_shutdown},
};

#define COMMAND_COUNT (sizeof(commands) / sizeof(commands[0]))

void shell_error(const char *format, ...)
{
	char text[CONSOLE_LINE];
	va_list args;

	va_start(args, format);
	fmt_vprint(text, sizeof(text), format, args);
	va_end(args);
	console_printf("error: %s\n", text);
}

static void cmd_help(int count, char **args)
{
	(void)count;
	(void)args;
	for (size_t i = 0; i < COMMAND_COUNT; i++) {
		const struct command *c = &commands[i];

		console_printf("%-9s%-29s %s\n", c->name, c->usage, c->help);
	}
}

static void run(char *text)
{
	char *words[LINE_WORDS];
	int count = line_split(text, words);

	if (count == 0) {
		return;
	}
	if (count < 0) {
		shell_error("more than %d words", LINE_WORDS);
		return;
	}
	for (size_t i = 0; i < COMMAND_COUNT; i++) {
		if (strcmp(words[0], commands[i].name) == 0) {
			commands[i].run(count, words);
			return;
		}
	}
	shell_error("no command '%s'; try help", words[0]);
}

static void wipe(size_t count)
{
	for (; count > 0; count--) {
		console_write("\b \b", 3);
	}
}

/* True when a line is complete. */
static bool feed(struct line *line, char c)
{
	size_t wiped;

	switch (line_input(line, c, &wiped)) {
	case LINE_MORE:
		return false;
	case LINE_ECHO:
		console_write(&c, 1);
		return false;
	case LINE_RUBOUT:
		wipe(1);
		return false;
	case LINE_WIPE:
		wipe(wiped);
		return false;
	case LINE_FULL:
		console_write("\a", 1);
		return false;
	case LINE_CANCELED:
		line->text[0] = '\0';
		console_write("^C\n", 3);
		return true;
	case LINE_DONE:
		console_write("\n", 1);
		return true;
	}
	return false;
}

static void shell_loop(void *arg)
{
	static struct line line;

	(void)arg;
	console_printf("control: %u kHz loop running\n", 1000 / CONTROL_PERIOD_US);
	for (;;) {
		console_printf("keel> ");
		line_reset(&line);
		while (!feed(&line, console_read())) {}
		run(line.text);
	}
}

void shell_start(void)
{
	const struct task_config config = {
		.name = "shell",
		.entry = shell_loop,
		.prio = PRIO_SHELL,
		STACK(stack),
	};

	KEEL_ASSERT(task_create(&task, &config) == KEEL_OK);
}
