/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "guests/linux/brig/engine/fault.h"
#include "guests/linux/brig/engine/file.h"
#include "guests/linux/brig/engine/log.h"
#include "guests/linux/brig/engine/parse.h"
#include "guests/linux/brig/lib/tame.h"

#define POLL_US 50000

static int open_file(struct log_writer *log)
{
	struct stat status;
	log->fd = open(log->path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	if (log->fd < 0 || fstat(log->fd, &status) < 0) {
		return fault_set(errno, "open the log %s", log->path);
	}
	log->size = status.st_size;
	return 0;
}

int log_open(struct log_writer *log, const char *path, int64_t limit)
{
	/* The lines are left as they are: memory that is never written is never had. */
	log->path = path;
	log->limit = limit;
	log->streams[0].name = "stdout";
	log->streams[1].name = "stderr";
	log->streams[0].used = log->streams[1].used = 0;
	log->batched = 0;
	return open_file(log);
}

/* A full disk loses lines, never the container. */
static void flush(struct log_writer *log)
{
	if (log->fd >= 0 && file_write_all(log->fd, log->batch, log->batched)) {
		log->size += (int64_t)log->batched;
	}
	log->batched = 0;
}

static void rotate(struct log_writer *log)
{
	char *old = file_text("%s.1", log->path);
	(void)rename(log->path, old);
	free(old);
	close(log->fd);
	(void)open_file(log);
}

/* What all lines of this moment begin with, but for the stream and the mark. */
static void note_time(struct log_writer *log)
{
	struct timespec now;
	struct tm parts;
	char second[sizeof(log->head)];
	clock_gettime(CLOCK_REALTIME, &now);
	strftime(second, sizeof(second), "%Y-%m-%dT%H:%M:%S", gmtime_r(&now.tv_sec, &parts));
	log->head_length = (size_t)snprintf(log->head, sizeof(log->head), "%.24s.%03ldZ ", second,
					    now.tv_nsec / 1000000);
}

static char *append(char *to, const char *data, size_t length)
{
	memcpy(to, data, length);
	return to + length;
}

/* The line of a stream that was begun before, and more of it. */
static void put_line(struct log_writer *log, struct log_stream *stream, char mark, const char *more,
		     size_t length)
{
	const char tail[] = {' ', mark, ' '};
	size_t name = strlen(stream->name);
	size_t whole = log->head_length + name + sizeof(tail) + stream->used + length + 1;
	if (log->batched + whole > sizeof(log->batch)) {
		flush(log);
	}
	int64_t size = log->size + (int64_t)log->batched;
	if (size + (int64_t)whole > log->limit && size > 0) {
		flush(log);
		rotate(log);
	}
	char *at = append(log->batch + log->batched, log->head, log->head_length);
	at = append(at, stream->name, name);
	at = append(at, tail, sizeof(tail));
	at = append(at, stream->line, stream->used);
	at = append(at, more, length);
	*at = '\n';
	log->batched += whole;
	log->added += whole;
	stream->used = 0;
}

/* One write for many lines, however short: what they cost is by bytes. */
size_t log_add(struct log_writer *log, int index, const char *data, size_t length)
{
	struct log_stream *stream = &log->streams[index];
	log->added = 0;
	note_time(log);
	while (length > 0) {
		size_t room = sizeof(stream->line) - stream->used;
		size_t most = length < room ? length : room;
		const char *end = memchr(data, '\n', most);
		size_t taken = end != NULL ? (size_t)(end - data) : most;
		if (end != NULL || most == room) {
			put_line(log, stream, end != NULL ? 'F' : 'P', data, taken);
		} else {
			memcpy(stream->line + stream->used, data, taken);
			stream->used += taken;
		}
		taken += end != NULL;
		data += taken;
		length -= taken;
	}
	flush(log);
	return log->added;
}

void log_close(struct log_writer *log)
{
	note_time(log);
	for (int i = 0; i < 2; i++) {
		if (log->streams[i].used > 0) {
			put_line(log, &log->streams[i], 'P', "", 0);
		}
	}
	flush(log);
	if (log->fd >= 0) {
		close(log->fd);
	}
	log->fd = -1;
}

int log_time(const char *text, char when[LOG_TIME_SIZE])
{
	int64_t ago;
	struct tm parts;
	size_t length = strlen(text);
	if (length >= 10 && length < LOG_TIME_SIZE && text[4] == '-' && text[7] == '-' &&
	    strspn(text, "0123456789-T:.Z") == length) {
		strcpy(when, text);
		when[strcspn(when, "Z")] = '\0';
		return 0;
	}
	if (parse_duration(text, &ago) < 0) {
		return fault_set(
			0, "%.40s: neither a time (2026-11-25T10:00:00Z) nor one ago (10m)", text);
	}
	time_t then = time(NULL) - (time_t)(ago / 1000);
	strftime(when, LOG_TIME_SIZE, "%Y-%m-%dT%H:%M:%S", gmtime_r(&then, &parts));
	return 0;
}

static void print_line(char *line, size_t length, const struct log_view *view)
{
	char *stream = memchr(line, ' ', length);
	if (stream == NULL || length < (size_t)(stream - line) + 10) {
		return; /* cut by a full disk */
	}
	/* Times of one form, so that they sort as texts do. */
	if (strncmp(line, view->since, strlen(view->since)) < 0 ||
	    (view->until[0] != '\0' && strncmp(line, view->until, strlen(view->until)) > 0)) {
		return;
	}
	FILE *out = strncmp(stream + 1, "stderr", 6) == 0 ? stderr : stdout;
	if (view->times) {
		fprintf(out, "%.*s ", (int)(stream - line), line);
	}
	char *text = stream + 10;
	size_t rest = length - (size_t)(text - line);
	bool whole = stream[8] == 'F';
	if (rest > 0 && text[rest - 1] == '\n') {
		rest--;
	}
	if (isatty(fileno(out))) {
		rest -= whole && rest > 0 && text[rest - 1] == '\r'; /* a terminal wrote it */
		tame_text(text, rest);
	}
	fwrite(text, 1, rest, out);
	if (whole) {
		putc('\n', out);
	}
}

static long count_lines(const char *path)
{
	long lines = 0;
	int c;
	FILE *file = fopen(path, "re");
	while (file != NULL && (c = getc(file)) != EOF) {
		lines += c == '\n';
	}
	if (file != NULL) {
		fclose(file);
	}
	return lines;
}

/* The lines that are there now, of which the first `skip` are passed over. */
static void print_file(FILE *file, const struct log_view *view, long *skip)
{
	char *line = NULL;
	size_t room = 0;
	ssize_t length;
	long at = ftell(file);
	while ((length = getline(&line, &room, file)) > 0) {
		if (line[length - 1] != '\n') {
			break; /* being written: again from its beginning */
		}
		at = ftell(file);
		if (*skip > 0) {
			(*skip)--;
		} else {
			print_line(line, (size_t)length, view);
		}
	}
	clearerr(file);
	fseek(file, at, SEEK_SET);
	fflush(stdout);
	free(line);
}

static bool was_rotated(FILE *file, const char *path)
{
	struct stat mine;
	struct stat now;
	return fstat(fileno(file), &mine) == 0 && stat(path, &now) == 0 &&
	       mine.st_ino != now.st_ino;
}

static void follow(FILE *file, const char *path, const struct log_view *view)
{
	long none = 0;
	for (;;) {
		bool ended = view->ended(view->context);
		bool rotated = was_rotated(file, path);
		print_file(file, view, &none);
		if (rotated) {
			FILE *next = fopen(path, "re");
			if (next != NULL) {
				fclose(file);
				file = next;
			}
		} else if (ended) {
			break;
		} else {
			usleep(POLL_US);
		}
	}
	fclose(file);
}

int log_print(const char *path, const struct log_view *view)
{
	char *old = file_text("%s.1", path);
	long skip = 0;
	if (view->tail >= 0) {
		skip = count_lines(old) + count_lines(path) - view->tail;
	}
	FILE *file = fopen(old, "re");
	if (file != NULL) {
		print_file(file, view, &skip);
		fclose(file);
	}
	free(old);
	file = fopen(path, "re");
	if (file == NULL) {
		return errno == ENOENT ? 0 : fault_set(errno, "open the log %s", path);
	}
	print_file(file, view, &skip);
	if (view->follow) {
		follow(file, path, view);
	} else {
		fclose(file);
	}
	return 0;
}
