/* SPDX-License-Identifier: Apache-2.0 */
/* A container's log: lines "TIME stdout|stderr F|P text" in two files of bounded size. */
#ifndef ENGINE_LOG_H
#define ENGINE_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LOG_LINE_MAX     16384
#define LOG_SIZE_DEFAULT (10 << 20)
#define LOG_TIME_SIZE    32

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
	char head[40]; /* the time that lines begin with */
	size_t head_length;
	char batch[2 * LOG_LINE_MAX]; /* lines that are not written yet */
	size_t batched;
	size_t added; /* bytes of lines since log_add() was called */
};

int log_open(struct log_writer *log, const char *path, int64_t limit);
/* How many bytes of the log came of it. */
size_t log_add(struct log_writer *log, int stream, const char *data, size_t length);
/* What has no newline yet is written as it is. */
void log_close(struct log_writer *log);

struct log_view {
	bool follow;
	bool times;
	long tail;                    /* lines, or -1 for all */
	char since[LOG_TIME_SIZE];    /* "" or the time of the first line wanted... */
	char until[LOG_TIME_SIZE];    /* ...and of the last */
	bool (*ended)(void *context); /* nothing more will come */
	void *context;
};

/* "2026-11-25T10:00:00Z" or the beginning of one, or "10m" ago, as lines have it; -1: a fault. */
int log_time(const char *text, char time[LOG_TIME_SIZE]);
/* To stdout and stderr; where that is a terminal, tame. */
int log_print(const char *path, const struct log_view *view);

#endif
