/* SPDX-License-Identifier: Apache-2.0 */
#include "guests/linux/brig/lib/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "guests/linux/brig/lib/err.h"
#include "guests/linux/brig/lib/io.h"
#include "guests/linux/brig/lib/jw.h"
#include "guests/linux/brig/lib/mem.h"
#include "guests/linux/brig/lib/utc.h"

static const char *log_file;
static bool log_json;

static int open_file(const char *file)
{
	return open(file, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644);
}

int log_set_file(const char *file)
{
	fd_auto fd = open_file(file);
	if (fd < 0) {
		return err_set(errno, "open log file %s", file);
	}
	log_file = file;
	return 0;
}

bool log_has_file(void)
{
	return log_file != NULL;
}

void log_set_json(bool json)
{
	log_json = json;
}

static void write_line(int fd, const char *level, const char *text)
{
	char when[UTC_SIZE];
	size_t length;
	utc_print(when, time(NULL));
	yajl_gen g = jw_open(false);
	const char *line;
	if (log_json) {
		jw_object(g, NULL);
		jw_text(g, "level", level);
		jw_text(g, "msg", text);
		jw_text(g, "time", mem_format("%sZ", when));
		jw_end_object(g);
		line = mem_format("%s\n", jw_close(g, &length));
	} else {
		jw_text(g, NULL, text);
		line = mem_format("time=\"%sZ\" level=%s msg=%s\n", when, level,
				  jw_close(g, &length));
	}
	(void)io_write_all(fd, line, strlen(line));
}

static void write_to_file(const char *level)
{
	fd_auto fd = open_file(log_file);
	if (fd >= 0) {
		write_line(fd, level, err_text());
	}
}

void log_error(void)
{
	const char *text = mem_format("%s", err_text());
	if (log_file != NULL) {
		write_to_file("error");
	}
	fprintf(stderr, "brig: %s\n", text);
}

void log_warning(void)
{
	if (log_file != NULL) {
		write_to_file("warning");
	} else {
		fprintf(stderr, "brig: warning: %s\n", err_text());
	}
}
