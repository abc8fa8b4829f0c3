/* SPDX-License-Identifier: Apache-2.0 */
/* The source is included: the console is one, made at boot and never reset, except by a test. */
#include "core/console.c" /* NOLINT(bugprone-suspicious-include) */

#include "tests/unit/fake_arch.h"

#define ESCAPE 0x1d

/* The UART: a FIFO that the test empties, and a screen that shows all that was sent. */
static char screen[4 * CONSOLE_RING_SIZE];
static size_t shown;
static unsigned int room;
static unsigned int lost;
static bool wants_irq;
static const char *keys;
static char typed_linux[32];
static char typed_rtos[32];

/* For who polls: the time that a look takes, and whether there is room each other time. */
static uint64_t look_ticks;
static bool is_slow;

static bool uart_can_send(void)
{
	fake.counter += look_ticks;
	if (room == 0 && is_slow) {
		room = 1;
		return false;
	}
	return room > 0;
}

static void uart_send(char c)
{
	if (room == 0) {
		lost++;
		return;
	}
	room--;
	assert_true(shown < sizeof(screen) - 1);
	screen[shown++] = c;
	screen[shown] = '\0';
}

static bool uart_receive(char *c)
{
	if (!*keys) {
		return false;
	}
	*c = *keys++;
	return true;
}

/* Another CPU writes this to the attached port while the UART's lock is held. */
static const char *written_meanwhile;
static struct console_port *linux_port;
static struct console_port *rtos_port;

static void uart_want_send_irq(bool want)
{
	const char *text = written_meanwhile;

	wants_irq = want;
	written_meanwhile = NULL;
	if (text) {
		console_write(linux_port, text, strlen(text));
	}
}

static const struct console_uart uart = {uart_can_send, uart_send, uart_receive,
					 uart_want_send_irq};

static void input(void *context, char c)
{
	char *typed = context;
	size_t length = strlen(typed);

	assert_false(spin_is_held(&console.lock));
	typed[length] = c;
	typed[length + 1] = '\0';
}

static void clear_screen(void)
{
	shown = 0;
	screen[0] = '\0';
}

/* Log, "linux" and "rtos"; the log is attached. */
static int setup(void **state)
{
	(void)state;
	fake_arch_setup();
	memset(&console, 0, sizeof(console));
	console.line_empty = true;
	console.escape = ESCAPE;
	memset(&log_port, 0, sizeof(log_port));
	log_port.name = "hypervisor";
	memset(vm_ports, 0, sizeof(vm_ports));
	memset(typed_linux, 0, sizeof(typed_linux));
	memset(typed_rtos, 0, sizeof(typed_rtos));
	room = UINT32_MAX;
	lost = 0;
	look_ticks = 0;
	is_slow = false;
	wants_irq = false;
	keys = "";
	written_meanwhile = NULL;
	clear_screen();
	console_init(&uart);
	linux_port = console_add("linux", input, typed_linux);
	rtos_port = console_add("rtos", input, typed_rtos);
	return 0;
}

static void write(struct console_port *port, const char *text)
{
	console_write(port, text, strlen(text));
}

static void press(const char *text)
{
	keys = text;
	console_interrupt();
	assert_int_equal(*keys, '\0');
}

/* The screen since the last look. */
static void assert_screen(const char *text)
{
	assert_string_equal(screen, text);
	assert_int_equal(lost, 0);
	clear_screen();
}

/* The UART sends `count` characters and interrupts, until it has nothing to do. */
static void drain(unsigned int count)
{
	for (unsigned int i = 0; wants_irq; i++) {
		assert_true(i < sizeof(screen));
		room += count;
		console_interrupt();
	}
}

/* -- what is shown -------------------------------------------------------------------------- */

static void test_log_before_the_uart_is_shown_by_init(void **state)
{
	(void)setup(state);
	memset(&console, 0, sizeof(console));
	console.line_empty = true;
	write(&log_port, "early\r\n");
	assert_screen("");
	console_init(&uart);
	assert_screen("early\r\n");
}

static void test_attached_port_is_shown(void **state)
{
	(void)state;
	console_configure(ESCAPE, "linux");
	assert_screen("--- console: linux ---\r\n");
	write(linux_port, "login: ");
	write(rtos_port, "tick\r\n");
	assert_screen("login: ");
}

static void test_attach_to_no_such_port_keeps_the_log(void **state)
{
	(void)state;
	console_configure(ESCAPE, "nobody");
	write(&log_port, "here\r\n");
	assert_screen("here\r\n");
	console_configure(ESCAPE, "");
	write(&log_port, "still\r\n");
	assert_screen("still\r\n");
}

static void test_unseen_text_is_shown_at_the_switch(void **state)
{
	(void)state;
	console_configure(ESCAPE, "linux");
	write(rtos_port, "one\r\ntwo\r\n");
	clear_screen();
	press("\x1d");
	assert_screen("--- console: rtos ---\r\none\r\ntwo\r\n");
	/* and not again */
	press("\x1d\x1d\x1d");
	clear_screen();
	press("\x1d");
	assert_screen("--- console: rtos ---\r\n");
}

static void test_banner_starts_a_line(void **state)
{
	(void)state;
	console_configure(ESCAPE, "linux");
	write(linux_port, "$ ");
	clear_screen();
	press("\x1d");
	assert_screen("\r\n--- console: rtos ---\r\n");
}

static void test_escape_goes_round(void **state)
{
	static const char *const order[] = {"rtos", "hypervisor", "all", "linux", "rtos"};
	char banner[64];

	(void)state;
	console_configure(ESCAPE, "linux");
	for (size_t i = 0; i < ARRAY_SIZE(order); i++) {
		clear_screen();
		press("\x1d");
		(void)fmt_print(banner, sizeof(banner), "--- console: %s ---\r\n", order[i]);
		assert_screen(banner);
	}
}

static void test_escape_key_is_the_configured_one(void **state)
{
	(void)state;
	console_configure(0x01, "linux");
	press("\x1d");
	assert_string_equal(typed_linux, "\x1d");
	clear_screen();
	press("\x01");
	assert_screen("--- console: rtos ---\r\n");
}

static void test_log_lines_come_between(void **state)
{
	(void)state;
	console_configure(ESCAPE, "linux");
	write(linux_port, "$ ls");
	clear_screen();
	write(&log_port, "bulkhead: rtos: crashed\r\n");
	assert_screen("\r\nbulkhead: rtos: crashed\r\n$ ls");
	write(linux_port, "\r\nfile\r\n");
	assert_screen("\r\nfile\r\n");
}

static void test_a_long_line_goes_on_where_it_was(void **state)
{
	static char text[CONSOLE_LINE_MAX + 2];

	(void)state;
	console_configure(ESCAPE, "linux");
	memset(text, 'y', CONSOLE_LINE_MAX + 1);
	write(linux_port, text);
	clear_screen();
	write(&log_port, "bulkhead: x\r\n");
	write(linux_port, "z\r\n");
	assert_screen("\r\nbulkhead: x\r\nz\r\n");
}

static void test_log_replays_all_that_it_has(void **state)
{
	(void)state;
	write(&log_port, "one\r\n");
	console_configure(ESCAPE, "rtos");
	clear_screen();
	press("\x1d");
	assert_screen("--- console: hypervisor ---\r\none\r\n");
}

static void test_all_tags_each_line(void **state)
{
	(void)state;
	console_configure(ESCAPE, "all");
	assert_screen("--- console: all ---\r\n");
	write(linux_port, "a\r\nb\r\n");
	write(rtos_port, "c\r\n");
	write(&log_port, "bulkhead: d\r\n");
	assert_screen("[linux] a\r\n[linux] b\r\n[rtos] c\r\nbulkhead: d\r\n");
}

static void test_all_shows_whole_lines(void **state)
{
	(void)state;
	console_configure(ESCAPE, "all");
	clear_screen();
	write(linux_port, "half");
	write(rtos_port, "c\r\nprompt> ");
	write(linux_port, "way\r\n");
	assert_screen("[rtos] c\r\n[linux] halfway\r\n");
	press("\x1d\x1d");
	assert_screen("--- console: rtos ---\r\nprompt> ");
}

static void test_all_does_not_wait_for_ever(void **state)
{
	static char text[CONSOLE_LINE_MAX + 1];

	(void)state;
	console_configure(ESCAPE, "all");
	clear_screen();
	memset(text, 'y', CONSOLE_LINE_MAX - 1);
	write(linux_port, text);
	assert_screen("");
	write(linux_port, "y");
	assert_memory_equal(screen, "[linux] y", 9);
	clear_screen();
}

static void test_all_takes_turns_at_line_ends(void **state)
{
	(void)state;
	console_configure(ESCAPE, "all");
	clear_screen();
	room = 8;
	write(rtos_port, "1\r\n2\r\n");
	write(linux_port, "a\r\n");
	drain(1);
	assert_screen("[rtos] 1\r\n[linux] a\r\n[rtos] 2\r\n");
}

/* -- a UART that is slow -------------------------------------------------------------------------- */

static void test_blocked_uart_takes_it_later(void **state)
{
	(void)state;
	console_configure(ESCAPE, "linux");
	clear_screen();
	room = 3;
	write(linux_port, "hello\r\n");
	assert_screen("hel");
	assert_true(wants_irq);
	room = 1;
	console_interrupt();
	assert_screen("l");
	drain(16);
	assert_screen("o\r\n");
	assert_false(wants_irq);
}

static void test_log_follows_what_the_port_had_said(void **state)
{
	(void)state;
	console_configure(ESCAPE, "linux");
	clear_screen();
	room = 2;
	write(linux_port, "PA");
	write(&log_port, "bulkhead: rtos: started\r\n");
	write(linux_port, "YLOAD\r\nTRY\r\nnot ");
	write(&log_port, "bulkhead: linux: crashed\r\n");
	write(&log_port, "bulkhead: linux: stopped\r\n");
	write(linux_port, "whole\r\n");
	drain(1);
	assert_screen("PAYLOAD\r\nbulkhead: rtos: started\r\nTRY\r\n"
		      "bulkhead: linux: crashed\r\nbulkhead: linux: stopped\r\nnot whole\r\n");
}

static void test_log_waits_for_lines_of_the_shown_port_alone(void **state)
{
	(void)state;
	console_configure(ESCAPE, "linux");
	clear_screen();
	room = 0;
	write(linux_port, "a\r\n");
	write(&log_port, "log\r\n");
	write(rtos_port, "b\r\n");
	press("\x1d"); /* not a line of linux' is shown */
	drain(1);
	assert_screen("--- console: rtos ---\r\nlog\r\nb\r\n");
}

/* More of them than can wait, and the same again: a flood takes nothing away, nor is it waited for. */
static void test_log_lines_beyond_those_that_can_wait(void **state)
{
	(void)state;
	console_configure(ESCAPE, "linux");
	for (unsigned int turn = 0; turn < 3; turn++) {
		clear_screen();
		room = 0;
		for (unsigned int i = 0; i < MARKS_MAX + 1; i++) {
			write(linux_port, "x\r\n");
			write(&log_port, "l\r\n");
		}
		drain(1);
		for (unsigned int i = 0; i < MARKS_MAX - 1; i++) {
			assert_memory_equal(screen + 6 * (size_t)i, "x\r\nl\r\n", 6);
		}
		assert_string_equal(screen + 6 * (size_t)(MARKS_MAX - 1), "x\r\nl\r\nl\r\nx\r\n");
	}
}

/* Another CPU is in the middle of writing it, and has its mark made already. */
static void test_log_line_begins_when_it_is_whole(void **state)
{
	(void)state;
	console_configure(ESCAPE, "linux");
	clear_screen();
	memcpy(log_port.ring, "bulk", 4);
	log_port.head = 4;
	write(linux_port, "one\r\n");
	assert_screen("one\r\n");
	memcpy(log_port.ring + 4, "head\r\n", 6);
	log_port.head = log_port.line_end = 10;
	write(linux_port, "two\r\n");
	assert_screen("bulkhead\r\ntwo\r\n");
}

static void test_flush_sends_all_by_polling(void **state)
{
	(void)state;
	console_configure(ESCAPE, "linux");
	clear_screen();
	room = 0;
	write(rtos_port, "unseen");
	write(linux_port, "bye\r\n$ ");
	write(&log_port, "off\r\n");
	is_slow = true;
	console_flush();
	assert_screen("bye\r\noff\r\n$ ");
}

static void test_flush_gives_up(void **state)
{
	(void)state;
	console_configure(ESCAPE, "linux");
	clear_screen();
	room = 0;
	write(linux_port, "bye\r\n");
	look_ticks = FAKE_HZ;
	console_flush();
	assert_screen("");
	assert_int_equal(fake.counter, FAKE_HZ + FLUSH_SECONDS * FAKE_HZ);
}

static void test_banner_waits_for_room(void **state)
{
	(void)state;
	room = 0;
	console_configure(ESCAPE, "linux");
	write(linux_port, "x");
	assert_true(wants_irq);
	drain(1);
	assert_screen("--- console: linux ---\r\nx");
}

static void test_tags_wait_for_room(void **state)
{
	(void)state;
	console_configure(ESCAPE, "all");
	clear_screen();
	room = 0;
	write(linux_port, "half\r\n");
	write(rtos_port, "c\r\n");
	drain(1);
	assert_screen("[linux] half\r\n[rtos] c\r\n");
}

static void test_a_long_text_is_sent_in_several_goes(void **state)
{
	static char text[3000];

	(void)state;
	console_configure(ESCAPE, "linux");
	clear_screen();
	memset(text, 'y', sizeof(text) - 1);
	write(linux_port, text);
	assert_true(shown < sizeof(text) - 1); /* no writer works for the others for long */
	assert_true(wants_irq);
	drain(1);
	assert_screen(text);
}

/* -- rings ------------------------------------------------------------------------------------------ */

static void test_unseen_port_overwrites_its_oldest_text(void **state)
{
	char line[16];

	(void)state;
	console_configure(ESCAPE, "linux");
	for (unsigned int i = 0; i < 5000; i++) {
		(void)fmt_print(line, sizeof(line), "%08u\r\n", i);
		write(rtos_port, line);
	}
	clear_screen();
	press("\x1d");
	drain(1);
	assert_int_equal(shown, strlen("--- console: rtos ---\r\n") + CONSOLE_RING_SIZE);
	assert_string_equal(screen + shown - 10, "00004999\r\n");
	/* exactly the newest ring full: 3276 whole lines and the end of one */
	assert_memory_equal(screen + shown - 32760, "00001724\r\n", 10);
	assert_int_equal(lost, 0);
}

static void test_attached_port_overrun_while_blocked(void **state)
{
	static char text[CONSOLE_RING_SIZE + 101];

	(void)state;
	console_configure(ESCAPE, "linux");
	clear_screen();
	room = 0;
	memset(text, 'o', 100);
	memset(text + 100, 'n', CONSOLE_RING_SIZE);
	write(linux_port, text);
	drain(1);
	assert_int_equal(shown, CONSOLE_RING_SIZE);
	assert_null(strchr(screen, 'o'));
}

static void test_ring_survives_its_wrap(void **state)
{
	(void)state;
	console_configure(ESCAPE, "linux");
	for (unsigned int i = 0; i < 3 * CONSOLE_RING_SIZE; i += 5) {
		clear_screen();
		write(linux_port, "abcd\n");
		assert_string_equal(screen, "abcd\n");
	}
}

/* -- keys --------------------------------------------------------------------------------------------- */

static void test_keys_go_to_the_attached_port_alone(void **state)
{
	(void)state;
	console_configure(ESCAPE, "linux");
	press("ls");
	press("\x1dgo");
	assert_string_equal(typed_linux, "ls");
	assert_string_equal(typed_rtos, "go");
}

static void test_keys_without_a_taker_are_dropped(void **state)
{
	(void)state;
	console_configure(ESCAPE, "hypervisor");
	press("abc");
	press("\x1d"
	      "def"); /* all */
	assert_string_equal(typed_linux, "");
	assert_string_equal(typed_rtos, "");
}

static void test_keys_with_every_port_there_is(void **state)
{
	(void)state;
	while (console.port_count < CONSOLE_PORTS_MAX) {
		(void)console_add("more", input, typed_rtos);
	}
	console_configure(ESCAPE, "all");
	press("x");
	assert_string_equal(typed_rtos, "");
}

/* -- another CPU, and the end ------------------------------------------------------------------------- */

static void test_writer_does_not_wait_for_the_uart(void **state)
{
	(void)state;
	console_configure(ESCAPE, "linux");
	clear_screen();
	spin_lock(&console.lock); /* another CPU sends */
	write(linux_port, "later");
	assert_screen("");
	spin_unlock(&console.lock);
	write(linux_port, "!");
	assert_screen("later!");
}

static void test_text_that_found_the_lock_taken_is_sent(void **state)
{
	(void)state;
	console_configure(ESCAPE, "linux");
	clear_screen();
	written_meanwhile = "two";
	write(linux_port, "one");
	assert_screen("onetwo");
}

static void test_panic_sends_the_log_whoever_holds_what(void **state)
{
	(void)state;
	console_configure(ESCAPE, "linux");
	write(linux_port, "$ ");
	clear_screen();
	spin_lock(&console.lock);
	write(&log_port, "panic: broken\r\n");
	console_panic_flush();
	assert_screen("\r\npanic: broken\r\n");
}

static void add_too_many(void *arg)
{
	(void)arg;
	for (unsigned int i = 0; i < CONSOLE_PORTS_MAX; i++) {
		(void)console_add("more", NULL, NULL);
	}
}

static void test_too_many_ports_is_a_broken_invariant(void **state)
{
	(void)state;
	assert_int_equal(fake_run(add_too_many, NULL), FAKE_PANICKED);
	assert_int_equal(console.port_count, CONSOLE_PORTS_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_log_before_the_uart_is_shown_by_init, setup),
		cmocka_unit_test_setup(test_attached_port_is_shown, setup),
		cmocka_unit_test_setup(test_attach_to_no_such_port_keeps_the_log, setup),
		cmocka_unit_test_setup(test_unseen_text_is_shown_at_the_switch, setup),
		cmocka_unit_test_setup(test_banner_starts_a_line, setup),
		cmocka_unit_test_setup(test_escape_goes_round, setup),
		cmocka_unit_test_setup(test_escape_key_is_the_configured_one, setup),
		cmocka_unit_test_setup(test_log_lines_come_between, setup),
		cmocka_unit_test_setup(test_a_long_line_goes_on_where_it_was, setup),
		cmocka_unit_test_setup(test_log_replays_all_that_it_has, setup),
		cmocka_unit_test_setup(test_all_tags_each_line, setup),
		cmocka_unit_test_setup(test_all_shows_whole_lines, setup),
		cmocka_unit_test_setup(test_all_does_not_wait_for_ever, setup),
		cmocka_unit_test_setup(test_all_takes_turns_at_line_ends, setup),
		cmocka_unit_test_setup(test_blocked_uart_takes_it_later, setup),
		cmocka_unit_test_setup(test_log_follows_what_the_port_had_said, setup),
		cmocka_unit_test_setup(test_log_waits_for_lines_of_the_shown_port_alone, setup),
		cmocka_unit_test_setup(test_log_lines_beyond_those_that_can_wait, setup),
		cmocka_unit_test_setup(test_log_line_begins_when_it_is_whole, setup),
		cmocka_unit_test_setup(test_flush_sends_all_by_polling, setup),
		cmocka_unit_test_setup(test_flush_gives_up, setup),
		cmocka_unit_test_setup(test_banner_waits_for_room, setup),
		cmocka_unit_test_setup(test_tags_wait_for_room, setup),
		cmocka_unit_test_setup(test_a_long_text_is_sent_in_several_goes, setup),
		cmocka_unit_test_setup(test_unseen_port_overwrites_its_oldest_text, setup),
		cmocka_unit_test_setup(test_attached_port_overrun_while_blocked, setup),
		cmocka_unit_test_setup(test_ring_survives_its_wrap, setup),
		cmocka_unit_test_setup(test_keys_go_to_the_attached_port_alone, setup),
		cmocka_unit_test_setup(test_keys_without_a_taker_are_dropped, setup),
		cmocka_unit_test_setup(test_keys_with_every_port_there_is, setup),
		cmocka_unit_test_setup(test_writer_does_not_wait_for_the_uart, setup),
		cmocka_unit_test_setup(test_text_that_found_the_lock_taken_is_sent, setup),
		cmocka_unit_test_setup(test_panic_sends_the_log_whoever_holds_what, setup),
		cmocka_unit_test_setup(test_too_many_ports_is_a_broken_invariant, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
