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
	*log = (struct log_writer){.path = path, .limit = limit};
	log->streams[0].name = "stdout";
	log->streams[1].name = "stderr";
	return open_file(log);
}

static void rotate(struct log_writer *log)
{
	char *old = file_text("%s.1", log->path);
	(void)rename(log->path, old);
	free(old);
	close(log->fd);
	(void)open_file(log);
}

static void write_line(struct log_writer *log, struct log_stream *stream, char mark)
{
	static char text[LOG_LINE_MAX + 80];
	char when[32];
	struct timespec now;
	struct tm parts;
	clock_gettime(CLOCK_REALTIME, &now);
	strftime(when, sizeof(when), "%Y-%m-%dT%H:%M:%S", gmtime_r(&now.tv_sec, &parts));
	int head = snprintf(text, 80, "%s.%03ldZ %s %c ", when, now.tv_nsec / 1000000, stream->name,
			    mark);
	memcpy(text + head, stream->line, stream->used);
	size_t length = (size_t)head + stream->used;
	text[length++] = '\n';
	stream->used = 0;
	if (log->size + (int64_t)length > log->limit && log->size > 0) {
		rotate(log);
	}
	/* A full disk loses lines, never the container. */
	if (log->fd >= 0 && file_write_all(log->fd, text, length)) {
		log->size += (int64_t)length;
	}
}

void log_add(struct log_writer *log, int index, const char *data, size_t length)
{
	struct log_stream *stream = &log->streams[index];
	for (; length > 0; data++, length--) {
		if (*data == '\n') {
			write_line(log, stream, 'F');
			continue;
		}
		stream->line[stream->used++] = *data;
		if (stream->used == sizeof(stream->line)) {
			write_line(log, stream, 'P');
		}
	}
}

void log_close(struct log_writer *log)
{
	for (int i = 0; i < 2; i++) {
		if (log->streams[i].used > 0) {
			write_line(log, &log->streams[i], 'P');
		}
	}
	if (log->fd >= 0) {
		close(log->fd);
	}
	log->fd = -1;
}

static void put_text(FILE *out, const char *text, size_t length)
{
	bool terminal = isatty(fileno(out)) != 0;
	for (size_t i = 0; i < length; i++) {
		unsigned char c = (unsigned char)text[i];
		bool control = (c < ' ' && c != '\t') || c == 0x7f;
		putc(terminal && control ? '?' : c, out);
	}
}

static void print_line(char *line, size_t length, const struct log_view *view)
{
	char *stream = memchr(line, ' ', length);
	if (stream == NULL || length < (size_t)(stream - line) + 10) {
		return; /* cut by a full disk */
	}
	FILE *out = strncmp(stream + 1, "stderr", 6) == 0 ? stderr : stdout;
	if (view->times) {
		fprintf(out, "%.*s ", (int)(stream - line), line);
	}
	const char *text = stream + 10;
	size_t rest = length - (size_t)(text - line);
	bool whole = stream[8] == 'F';
	if (rest > 0 && text[rest - 1] == '\n') {
		rest--;
	}
	put_text(out, text, rest);
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
