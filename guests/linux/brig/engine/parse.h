/* SPDX-License-Identifier: Apache-2.0 */
/* What a user writes: sizes, times, ports, restart policies. Each 0 or -1 with a fault. */
#ifndef ENGINE_PARSE_H
#define ENGINE_PARSE_H

#include <stdbool.h>
#include <stdint.h>

enum parse_restart_kind {
	RESTART_NO,
	RESTART_ON_FAILURE,
	RESTART_ALWAYS,
	RESTART_UNLESS_STOPPED
};

struct parse_restart {
	enum parse_restart_kind kind;
	unsigned int limit; /* of restarts in a row; 0 is none */
};

struct parse_port {
	char address[16]; /* of the host, "" for all */
	uint16_t host;
	uint16_t container;
	bool udp;
};

/* "64M", "1g", "4096": bytes, k m g being powers of 1024. */
int parse_size(const char *text, int64_t *bytes);
/* "0.5": the CPU time, in microseconds, for each 100 ms. */
int parse_cpus(const char *text, int64_t *quota);
/* "10s", "500ms", "2m", "1h", a plain number being seconds; milliseconds. */
int parse_duration(const char *text, int64_t *milliseconds);
/* "[ADDRESS:]HOST:CONTAINER[/udp|/tcp]". */
int parse_port(const char *text, struct parse_port *port);
/* "no", "always", "unless-stopped", "on-failure[:LIMIT]". */
int parse_restart(const char *text, struct parse_restart *restart);
int parse_number(const char *text, int64_t low, int64_t high, int64_t *number);

/* "TERM", "SIGTERM", "15", "RTMIN+3": its number, or -1 with a fault. */
int parse_signal(const char *text);

#define PARSE_KEYS 8

/* Keys in a row, "ctrl-p,x": how many, or -1 with a fault. */
int parse_keys(const char *text, char keys[PARSE_KEYS]);

#endif
