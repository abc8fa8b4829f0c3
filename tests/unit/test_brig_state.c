/* SPDX-License-Identifier: Apache-2.0 */
/* What a container is, by what lies in its folder: with its makers dead at any point. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "guests/linux/brig/lib/err.h"
#include "guests/linux/brig/lib/io.h"
#include "guests/linux/brig/lib/mem.h"
#include "guests/linux/brig/lib/state.h"

static char base[] = "/tmp/brig-state-XXXXXX";
static struct spec spec;
static pid_t process; /* stands for a container's first */

static int set_up(void **state)
{
	(void)state;
	if (mkdtemp(base) == NULL) {
		return -1;
	}
	/* Deeper than what is there: the first container makes it. */
	state_set_root(mem_format("%s/a/root", base));
	process = fork();
	if (process == 0) {
		for (;;) {
			pause();
		}
	}
	return process < 0 ? -1 : 0;
}

static int tear_down(void **state)
{
	(void)state;
	kill(process, SIGKILL);
	waitpid(process, NULL, 0);
	int tmp = open("/tmp", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int result = io_remove_tree(tmp, base + 5);
	close(tmp);
	mem_free_all();
	return result;
}

/* A container's folder with state.json in it, unless pid is -1; its lock is held. */
static int make(const char *id, pid_t pid)
{
	struct container c = {
		.id = id, .bundle = "/b", .rootfs = "/b/r", .spec = &spec, .pid = pid};
	c.state_dir = state_make(id);
	assert_true(c.state_dir >= 0);
	if (pid >= 0) {
		assert_int_equal(state_save(&c), 0);
	}
	return c.state_dir;
}

static enum state_status status_of(const char *id)
{
	struct state state;
	assert_int_equal(state_load(&state, id, false), 0);
	enum state_status status = state_status(&state);
	close(state.dir);
	return status;
}

static void test_names(void **state)
{
	(void)state;
	char longest[257] = {0};
	memset(longest, 'x', 256);
	assert_int_equal(state_check_id(longest), -1);
	longest[255] = '\0';
	assert_int_equal(state_check_id(longest), 0);
	assert_int_equal(state_check_id("a.b_c+d-E9"), 0);
	static const char *const wrong[] = {"", ".", "..", "a/b", "a b", "a\n", "\xc3\xa4", "a:b"};
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		assert_int_equal(state_check_id(wrong[i]), -1);
		assert_false(state_exists(wrong[i]));
	}
}

static void test_written_and_read(void **state)
{
	(void)state;
	struct state read;
	int dir = make("one", process);
	close(dir);
	assert_int_equal(state_load(&read, "one", true), 0);
	assert_int_equal(read.pid, process);
	assert_int_equal(read.start_time, state_process_time(process));
	assert_string_equal(read.bundle, "/b");
	assert_string_equal(read.rootfs, "/b/r");
	assert_false(read.empty);
	assert_int_equal(state_remove(&read), 0);
	close(read.dir);
	assert_false(state_exists("one"));
	assert_int_equal(state_load(&read, "one", false), -1);
	assert_string_equal(err_text(), "container \"one\" does not exist");
}

static void test_made_once(void **state)
{
	(void)state;
	int dir = make("twice", 0);
	assert_int_equal(state_make("twice"), -1);
	assert_non_null(strstr(err_text(), "already exists"));
	close(dir);
	assert_int_equal(state_make("twice"), -1);
	assert_int_equal(state_remove_id("twice"), 0);
}

/* pid 0 in state.json: who holds the lock makes it still, who does not is dead. */
static void test_creating(void **state)
{
	(void)state;
	int dir = make("early", 0);
	assert_int_equal(status_of("early"), STATUS_CREATING);
	close(dir);
	assert_int_equal(status_of("early"), STATUS_STOPPED);
	assert_int_equal(state_remove_id("early"), 0);
}

static void test_folder_alone(void **state)
{
	(void)state;
	struct state read;
	close(make("bare", -1));
	assert_int_equal(state_load(&read, "bare", true), 0);
	assert_true(read.empty);
	assert_int_equal(state_status(&read), STATUS_STOPPED);
	assert_int_equal(state_open_process(&read), -1);
	assert_int_equal(state_remove(&read), 0);
	close(read.dir);
}

/* The FIFO's reader is the container's process before its exec. */
static void test_created_then_running(void **state)
{
	(void)state;
	int dir = make("live", process);
	assert_int_equal(status_of("live"), STATUS_RUNNING);
	assert_int_equal(mkfifoat(dir, "start", 0600), 0);
	int reader = openat(dir, "start", O_RDONLY | O_NONBLOCK);
	assert_int_equal(status_of("live"), STATUS_CREATED);
	close(reader);
	assert_int_equal(status_of("live"), STATUS_RUNNING);
	close(dir);
	assert_int_equal(state_remove_id("live"), 0);
}

static void test_number_used_again(void **state)
{
	(void)state;
	int dir = make("old", process);
	const char *text = mem_format("{\"pid\":%d,\"startTime\":1}", process);
	assert_int_equal(io_replace(dir, "state.json", text, strlen(text), 0600), 0);
	assert_int_equal(status_of("old"), STATUS_STOPPED);
	struct state read;
	assert_int_equal(state_load(&read, "old", false), 0);
	assert_int_equal(state_open_process(&read), -1);
	close(read.dir);
	close(dir);
	assert_int_equal(state_remove_id("old"), 0);
}

static void test_ended(void **state)
{
	(void)state;
	pid_t child = fork();
	if (child == 0) {
		pause();
		_exit(0);
	}
	int dir = make("dead", child);
	assert_int_equal(status_of("dead"), STATUS_RUNNING);
	kill(child, SIGKILL);
	/* As a zombie too, which its parent has not waited for. */
	siginfo_t info;
	assert_int_equal(waitid(P_PID, (id_t)child, &info, WEXITED | WNOWAIT), 0);
	assert_int_equal(status_of("dead"), STATUS_STOPPED);
	waitpid(child, NULL, 0);
	assert_int_equal(status_of("dead"), STATUS_STOPPED);
	close(dir);
	assert_int_equal(state_remove_id("dead"), 0);
}

static void test_broken_file(void **state)
{
	(void)state;
	static const char *const texts[] = {
		"", "{", "[]x", "{\"pid\":\"1\"}", "{\"startTime\":-1}", "{\"annotations\":[]}"};
	struct state read;
	int dir = make("broken", process);
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		assert_int_equal(io_replace(dir, "state.json", texts[i], strlen(texts[i]), 0600),
				 0);
		assert_int_equal(state_load(&read, "broken", false), -1);
		assert_non_null(strstr(err_text(), "container broken"));
		close(read.dir);
	}
	close(dir);
	assert_int_equal(state_remove_id("broken"), 0);
}

static void test_list(void **state)
{
	(void)state;
	close(make("l1", 0));
	close(make("l2", 0));
	char **names = state_list();
	unsigned int seen = 0;
	for (; *names != NULL; names++) {
		seen |= strcmp(*names, "l1") == 0 ? 1U : strcmp(*names, "l2") == 0 ? 2U : 4U;
	}
	assert_int_equal(seen, 3);
	assert_int_equal(state_remove_id("l1"), 0);
	assert_int_equal(state_remove_id("l2"), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_written_and_read),
		cmocka_unit_test(test_made_once),
		cmocka_unit_test(test_creating),
		cmocka_unit_test(test_folder_alone),
		cmocka_unit_test(test_created_then_running),
		cmocka_unit_test(test_number_used_again),
		cmocka_unit_test(test_ended),
		cmocka_unit_test(test_broken_file),
		cmocka_unit_test(test_list),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
