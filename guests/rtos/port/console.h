/*
 * The console: a PL011 (DDI 0183). Output goes through a ring that an
 * interrupt empties; a writer waits when the ring is full, so only tasks that
 * may wait should write. Before console_start(), in interrupt handlers and in
 * a panic, output is polled.
 */
#ifndef KEEL_CONSOLE_H
#define KEEL_CONSOLE_H

#include <stddef.h>
#include <stdint.h>

struct machine;

void console_init(const struct machine *m);

/* Interrupts from here on. Before the scheduler starts. */
void console_start(const struct machine *m);

/* Empty the ring and be polled for ever. */
void console_polled(void);

/* "\n" becomes "\r\n". What one call writes stays together. */
void console_write(const char *text, size_t length);

/* At most CONSOLE_LINE - 1 characters, the rest is cut; formats as fmt.h. */
#define CONSOLE_LINE 256
void console_printf(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* One character, waiting for it. */
char console_read(void);

#endif
