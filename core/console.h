/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The console: every VM and the hypervisor's log write into a ring of their own
 * (a port), and one physical UART shows what the user asks for.
 *
 *   attached to a port   that port's text, and the log's new lines between, each after the lines
 *                        that the port had when it was logged; a line that the log breaks into
 *                        begins again after it, whole
 *   attached to "all"    every port's lines, each tagged with its port's name; what has no
 *                        end yet (a prompt, say) waits for it, up to CONSOLE_LINE_MAX bytes
 *
 * The escape key moves on: VMs in the order of the configuration, "hypervisor",
 * "all", and round again. Every switch prints `--- console: NAME ---`, then what the port
 * wrote unseen. Other keys go to the attached VM.
 *
 * Writing never waits for the UART: what it cannot take is sent from its
 * interrupt on the boot CPU, and a port that nobody looks at overwrites its
 * oldest text.
 */
#ifndef CORE_CONSOLE_H
#define CORE_CONSOLE_H

#include "core/lib/spinlock.h"
#include "core/lib/types.h"

#define CONSOLE_RING_SIZE 32768U
#define CONSOLE_LINE_MAX  256U
#define CONSOLE_PORTS_MAX 17 /* the log and CONFIG_VMS_MAX */

struct console_port {
	const char *name;
	struct spinlock lock; /* the writers */
	uint64_t head;        /* bytes written since boot */
	uint64_t line_end;    /* of those, up to the last end of a line */
	uint64_t shown;       /* bytes shown, of those; under the console's lock */
	uint64_t line_start;  /* where the line begins that is being shown; the same */
	char ring[CONSOLE_RING_SIZE];
	/* Takes a key for this port; NULL: the port has no input. Called on the boot CPU. */
	void (*input)(void *context, char c);
	void *context;
};

/* What the console needs of a UART. None of these waits. */
struct console_uart {
	bool (*can_send)(void);
	void (*send)(char c);
	bool (*receive)(char *c); /* false: nothing there */
	void (*want_send_irq)(bool want);
};

/* The port of the hypervisor's log; exists from the first instruction. */
struct console_port *console_log_port(void);

/* Give the console its UART: what was logged until now is shown. */
void console_init(const struct console_uart *uart);
/* Add a port. Before the VMs start. */
struct console_port *console_add(const char *name, void (*input)(void *context, char c),
				 void *context);
/* Choose the key that switches and the port that is shown first ("" keeps the log's). */
void console_configure(uint8_t escape, const char *attach);

/* Write to a port, from any CPU; to the log, a line with its end at a time. */
void console_write(struct console_port *port, const char *text, size_t length);
/* The UART's interrupt, on the boot CPU: keys in, text out. */
void console_interrupt(void);
/* Before the board goes: send what is to be shown by polling, for 3 s at the most. */
void console_flush(void);
/* For panic: send everything of the log by polling; ignore all locks. */
void console_panic_flush(void);

#endif
