/* SPDX-License-Identifier: Apache-2.0 */
#include "core/console.h"

#include <string.h>

#include "core/arch.h"
#include "core/lib/fmt.h"
#include "core/panic.h"

/* Characters sent before the lock is given up, so that no writer works for the others for long. */
#define PUMP_BUDGET 512

/* A full ring takes so long at 115,200 baud. */
#define FLUSH_SECONDS 3

/* Lines of the log that can wait at once; one more goes before what it should follow. */
#define MARKS_MAX 8

/* A line of the log follows what the attached VM had said before: the lines of it that were whole. */
struct mark {
	const struct console_port *port;
	uint64_t line_end; /* of that port */
	uint64_t log_end;  /* where this line of the log ends */
};

/*
 * attached: a port's index, or the number of ports for "all". Who writes text then asks whether
 * it is visible, and whether the UART's lock is taken; who attaches, or lets go of the lock, then
 * looks for text. So that one of the two sees the other, these are all sequentially consistent.
 */
static struct {
	struct spinlock lock; /* the UART, and all below but the ports' own rings and the marks */
	const struct console_uart *uart;
	struct console_port *ports[CONSOLE_PORTS_MAX];
	unsigned int port_count;
	unsigned int attached;
	uint8_t escape;
	/* The line on the screen: whose it is, and whether it is still empty. */
	struct console_port *line_owner;
	bool line_empty;
	/* Banner, or what starts a line, on its way out: sent before any port's text. */
	char banner[64];
	unsigned int banner_at;
	/* Of the log's lock, and read without any: log_end is written last. */
	struct mark marks[MARKS_MAX];
	unsigned int mark_next;
} console = {.line_empty = true, .escape = 0x1d};

static struct console_port log_port;
static struct console_port vm_ports[CONSOLE_PORTS_MAX - 1];

struct console_port *console_log_port(void)
{
	return &log_port;
}

/* NULL: all of them. */
static struct console_port *attached_port(void)
{
	unsigned int attached = __atomic_load_n(&console.attached, __ATOMIC_SEQ_CST);

	return attached < console.port_count ? console.ports[attached] : NULL;
}

static bool is_all(void)
{
	return !attached_port();
}

static bool has_unshown(const struct console_port *p)
{
	return __atomic_load_n(&p->head, __ATOMIC_SEQ_CST) != p->shown;
}

/* Where all are shown, a line waits until it is whole: it is not to be torn by others' lines. */
static bool has_whole_line(const struct console_port *p)
{
	uint64_t head = __atomic_load_n(&p->head, __ATOMIC_SEQ_CST);

	return __atomic_load_n(&p->line_end, __ATOMIC_SEQ_CST) > p->shown ||
	       head - p->shown >= CONSOLE_LINE_MAX;
}

static bool is_visible(const struct console_port *p)
{
	const struct console_port *attached = attached_port();

	return p == &log_port || !attached || attached == p;
}

/* A line of the log is whole when it is begun: another CPU may be writing it just now. */
static bool is_due(const struct console_port *p)
{
	return is_visible(p) && has_unshown(p) &&
	       ((p != &log_port && !is_all()) || has_whole_line(p));
}

/* The log's new line, before any of it is there: it is to come in its time. */
static void mark_log(uint64_t log_end)
{
	const struct console_port *p = attached_port();
	struct mark *m = &console.marks[console.mark_next % MARKS_MAX];

	if (p && p != &log_port && m->log_end <= log_port.shown) {
		m->port = p;
		m->line_end = __atomic_load_n(&p->line_end, __ATOMIC_SEQ_CST);
		__atomic_store_n(&m->log_end, log_end, __ATOMIC_RELEASE);
		console.mark_next++;
	}
}

/* The attached VM's lines from before the log's next one are not all shown yet. */
static bool is_log_early(void)
{
	const struct console_port *p = attached_port();
	uint64_t first = UINT64_MAX;
	bool early = false;

	for (unsigned int i = 0; i < MARKS_MAX; i++) {
		const struct mark *m = &console.marks[i];
		uint64_t log_end = __atomic_load_n(&m->log_end, __ATOMIC_ACQUIRE);

		if (log_end > log_port.shown && log_end < first) {
			first = log_end;
			early = m->port == p && m->line_end > p->shown;
		}
	}
	return early;
}

/* The port to send from: the one whose line is open goes on, else the next one with text. */
static struct console_port *next_port(void)
{
	unsigned int first = 0;

	for (unsigned int i = 0; i < console.port_count; i++) {
		struct console_port *p = console.ports[i];

		if (p == console.line_owner) {
			if (!console.line_empty && is_due(p)) {
				return p;
			}
			first = i + 1;
		}
	}
	if (!is_all() && is_due(&log_port) && !is_log_early()) {
		return &log_port; /* all that is due, or it would break into the same line again */
	}
	for (unsigned int i = 0; i < console.port_count; i++) {
		struct console_port *p = console.ports[(first + i) % console.port_count];

		if (is_due(p) && (is_all() || p != &log_port)) {
			return p;
		}
	}
	return NULL;
}

static void send(char c)
{
	console.uart->send(c);
	console.line_empty = c == '\n';
}

static void send_text(const char *text)
{
	for (; *text; text++) {
		send(*text);
	}
}

/* The line of the attached port that is broken into will be shown from its start. */
static void restart_line(struct console_port *broken)
{
	if (!is_all() && broken && broken->shown - broken->line_start <= CONSOLE_LINE_MAX) {
		broken->shown = broken->line_start;
	}
}

/* Start a line of another port: close the open one, tag it where several are shown. */
static void open_line(struct console_port *p)
{
	bool tag = is_all() && p != &log_port;

	if (!console.line_empty) {
		restart_line(console.line_owner);
	}
	fmt_print(console.banner, sizeof(console.banner), "%s%s%s%s",
		  console.line_empty ? "" : "\r\n", tag ? "[" : "", tag ? p->name : "",
		  tag ? "] " : "");
	console.banner_at = 0;
	console.line_owner = p;
}

static void send_next(struct console_port *p)
{
	uint64_t head = __atomic_load_n(&p->head, __ATOMIC_SEQ_CST);

	if (head - p->shown > CONSOLE_RING_SIZE) {
		p->shown = head - CONSOLE_RING_SIZE; /* the rest was overwritten unseen */
	}
	if (p != console.line_owner || (console.line_empty && is_all())) {
		open_line(p);
		if (console.banner[0]) {
			return; /* there may be room for one character only */
		}
	}
	send(p->ring[p->shown % CONSOLE_RING_SIZE]);
	p->shown++;
	if (console.line_empty) {
		p->line_start = p->shown;
	}
}

/* Send what the UART takes now, within the budget. True: there is more. */
static bool pump_locked(unsigned int *budget)
{
	for (; *budget > 0; (*budget)--) {
		struct console_port *p;

		if (!console.uart->can_send()) {
			return true;
		}
		if (console.banner[console.banner_at]) {
			send(console.banner[console.banner_at++]);
			continue;
		}
		p = next_port();
		if (!p) {
			return false;
		}
		send_next(p);
	}
	return true;
}

/*
 * Send for whoever has text. If another CPU holds the lock it will see our text
 * when it looks once more after letting go, so nobody waits here.
 */
static void pump(void)
{
	unsigned int budget = PUMP_BUDGET;
	bool more;

	__atomic_thread_fence(__ATOMIC_SEQ_CST); /* trylock looks at the lock without any order */
	do {
		if (!console.uart || !spin_trylock(&console.lock)) {
			return;
		}
		more = pump_locked(&budget);
		console.uart->want_send_irq(more);
		spin_unlock(&console.lock);
	} while (!more && next_port());
}

static void show_banner(const char *name)
{
	fmt_print(console.banner, sizeof(console.banner), "%s--- console: %s ---\r\n",
		  console.line_empty ? "" : "\r\n", name);
	console.banner_at = 0;
	console.line_owner = NULL;
}

static void attach_locked(unsigned int index)
{
	__atomic_store_n(&console.attached, index, __ATOMIC_SEQ_CST);
	if (is_all()) {
		show_banner("all");
		return;
	}
	show_banner(console.ports[index]->name);
	console.line_owner = console.ports[index];
	if (console.ports[index] == &log_port) {
		log_port.shown =
			log_port.head > CONSOLE_RING_SIZE ? log_port.head - CONSOLE_RING_SIZE : 0;
	}
}

void console_init(const struct console_uart *uart)
{
	console.uart = uart;
	log_port.name = "hypervisor"; /* not in its initialiser: the ring would be in the image */
	console.ports[0] = &log_port;
	console.port_count = 1;
	pump();
}

struct console_port *console_add(const char *name, void (*input)(void *context, char c),
				 void *context)
{
	struct console_port *p = &vm_ports[console.port_count - 1];

	ASSERT(console.port_count < CONSOLE_PORTS_MAX);
	p->name = name;
	p->input = input;
	p->context = context;
	spin_lock(&console.lock);
	/* the log stays last in the round */
	console.ports[console.port_count] = console.ports[console.port_count - 1];
	console.ports[console.port_count - 1] = p;
	console.port_count++;
	console.attached = console.port_count - 1;
	spin_unlock(&console.lock);
	return p;
}

void console_configure(uint8_t escape, const char *attach)
{
	spin_lock(&console.lock);
	console.escape = escape;
	if (strcmp(attach, "all") == 0) {
		attach_locked(console.port_count);
	}
	for (unsigned int i = 0; i < console.port_count; i++) {
		if (strcmp(console.ports[i]->name, attach) == 0) {
			attach_locked(i);
		}
	}
	spin_unlock(&console.lock);
	pump();
}

void console_write(struct console_port *port, const char *text, size_t length)
{
	spin_lock(&port->lock);
	if (port == &log_port) {
		mark_log(port->head + length);
	}
	for (size_t i = 0; i < length; i++) {
		port->ring[port->head % CONSOLE_RING_SIZE] = text[i];
		__atomic_store_n(&port->head, port->head + 1, __ATOMIC_SEQ_CST);
		if (text[i] == '\n') {
			__atomic_store_n(&port->line_end, port->head, __ATOMIC_SEQ_CST);
		}
	}
	spin_unlock(&port->lock);
	if (is_visible(port)) {
		pump();
	}
}

static void key(char c)
{
	const struct console_port *p = NULL;

	spin_lock(&console.lock);
	if ((uint8_t)c == console.escape) {
		attach_locked((console.attached + 1) % (console.port_count + 1));
	} else {
		p = attached_port();
	}
	spin_unlock(&console.lock);
	if (p && p->input) {
		p->input(p->context, c);
	}
}

void console_interrupt(void)
{
	char c;

	for (unsigned int i = 0; i < 64 && console.uart->receive(&c); i++) {
		key(c);
	}
	pump();
}

void console_flush(void)
{
	uint64_t give_up = arch_counter() + FLUSH_SECONDS * arch_counter_hz();

	while (console.uart && next_port() && arch_counter() < give_up) {
		pump();
	}
}

void console_panic_flush(void)
{
	if (!console.uart) {
		return;
	}
	if (!console.line_empty) {
		send_text("\r\n");
	}
	for (; log_port.shown != log_port.head; log_port.shown++) {
		while (!console.uart->can_send()) {}
		console.uart->send(log_port.ring[log_port.shown % CONSOLE_RING_SIZE]);
	}
}
