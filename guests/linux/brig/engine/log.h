/* SPDX-License-Identifier: Apache-2.0 */
/* A container's log: lines "TIME stdout|stderr F|P text" in two files of bounded size. */
#ifndef ENGINE_LOG_H
#define ENGINE_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LOG_LINE_MAX     16384
#define LOG_SIZE_DEFAULT (10 << 20)

struct log_stream {
	const char *name;
	size_t used;
	char line[LOG_LINE_MAX];
};

struct log_writer {
	const char *path;
	int fd;
	int64_t size;
	int64_t limit; /* of one of the two files, in bytes */
	struct log_stream streams[2];
};

int log_open(struct log_writer *log, const char *path, int64_t limit);
void log_add(struct log_writer *log, int stream, const char *data, size_t length);
/* What has no newline yet is written as it is. */
void log_close(struct log_writer *log);

struct log_view {
	bool follow;
	bool times;
	long tail;                    /* lines, or -1 for all */
	bool (*ended)(void *context); /* nothing more will come */
	void *context;
};

/* To stdout and stderr; where that is a terminal, control characters become "?". */
int log_print(const char *path, const struct log_view *view);

#endif
