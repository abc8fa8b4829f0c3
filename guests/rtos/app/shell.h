/* The shell on the console. */
#ifndef KEEL_SHELL_H
#define KEEL_SHELL_H

struct command {
	const char *name;
	const char *usage; /* arguments, "" if none */
	const char *help;
	/* args[0] is the command's name. Says itself what is wrong. */
	void (*run)(int count, char **args);
};

void shell_start(void);

/* "error: <text>" with formats of fmt.h. */
void shell_error(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* cmd_system.c */
void cmd_ps(int count, char **args);
void cmd_uptime(int count, char **args);
void cmd_mem(int count, char **args);
void cmd_irq(int count, char **args);
void cmd_reboot(int count, char **args);
void cmd_shutdown(int count, char **args);
/* cmd_loop.c */
void cmd_loop(int count, char **args);
void cmd_setpoint(int count, char **args);
/* cmd_debug.c */
void cmd_crash(int count, char **args);
void cmd_peek(int count, char **args);
void cmd_poke(int count, char **args);
/* selftest.c */
void cmd_selftest(int count, char **args);

#endif
