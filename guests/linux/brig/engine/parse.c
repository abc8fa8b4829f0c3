/* SPDX-License-Identifier: Apache-2.0 */
#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "guests/linux/brig/engine/fault.h"
#include "guests/linux/brig/engine/parse.h"

#define CPU_PERIOD 100000

struct unit {
	const char *name;
	int64_t factor;
};

/* A number, at most three decimals of it, and one of the units. */
static int parse_units(const char *text, const struct unit *units, int64_t *value)
{
	char *end;
	errno = 0;
	double number = strtod(text, &end);
	if (end == text || errno != 0 || number < 0 || strpbrk(text, "xXnNiIpPeE-+ ") == text) {
		return -1;
	}
	for (; units->name != NULL; units++) {
		if (strcasecmp(end, units->name) == 0) {
			double product = number * (double)units->factor;
			*value = product < 9e18 ? (int64_t)product : -1;
			return *value < 0 ? -1 : 0;
		}
	}
	return -1;
}

int parse_number(const char *text, int64_t low, int64_t high, int64_t *number)
{
	char *end;
	errno = 0;
	*number = strtoll(text, &end, 10);
	if (end == text || *end != '\0' || errno != 0 || *number < low || *number > high) {
		return fault_set(0, "\"%.40s\" is no number from %lld to %lld", text,
				 (long long)low, (long long)high);
	}
	return 0;
}

int parse_size(const char *text, int64_t *bytes)
{
	static const struct unit units[] = {
		{"", 1},          {"b", 1},          {"k", 1 << 10},
		{"kb", 1 << 10},  {"m", 1 << 20},    {"mb", 1 << 20},
		{"g", 1LL << 30}, {"gb", 1LL << 30}, {NULL, 0},
	};
	return parse_units(text, units, bytes) == 0
		       ? 0
		       : fault_set(0, "\"%.40s\" is no size (64M, 1G, ...)", text);
}

int parse_cpus(const char *text, int64_t *quota)
{
	static const struct unit units[] = {{"", CPU_PERIOD}, {NULL, 0}};
	if (parse_units(text, units, quota) < 0 || *quota < 1000 || *quota > CPU_PERIOD * 1024LL) {
		return fault_set(0, "\"%.40s\" is no number of CPUs from 0.01 to 1024", text);
	}
	return 0;
}

int parse_duration(const char *text, int64_t *milliseconds)
{
	static const struct unit units[] = {
		{"", 1000}, {"s", 1000}, {"ms", 1}, {"m", 60000}, {"h", 3600000}, {NULL, 0},
	};
	return parse_units(text, units, milliseconds) == 0
		       ? 0
		       : fault_set(0, "\"%.40s\" is no time (10s, 500ms, 2m)", text);
}

static int one_port(const char *text, uint16_t *port)
{
	int64_t number;
	if (parse_number(text, 1, 65535, &number) < 0) {
		return -1;
	}
	*port = (uint16_t)number;
	return 0;
}

int parse_port(const char *text, struct parse_port *port)
{
	char copy[64];
	struct in_addr address;
	*port = (struct parse_port){0};
	if (snprintf(copy, sizeof(copy), "%s", text) >= (int)sizeof(copy)) {
		return fault_set(0, "\"%.40s\" is no port", text);
	}
	char *protocol = strchr(copy, '/');
	if (protocol != NULL) {
		*protocol++ = '\0';
		port->udp = strcmp(protocol, "udp") == 0;
	}
	char *inner = strrchr(copy, ':');
	if (inner == NULL || (protocol != NULL && !port->udp && strcmp(protocol, "tcp") != 0)) {
		return fault_set(0, "\"%.40s\" is not [ADDRESS:]HOST:CONTAINER[/udp]", text);
	}
	*inner++ = '\0';
	char *outer = strrchr(copy, ':');
	if (outer != NULL) {
		*outer++ = '\0';
		if (inet_pton(AF_INET, copy, &address) != 1) {
			return fault_set(0, "\"%.40s\" is no IPv4 address", copy);
		}
		inet_ntop(AF_INET, &address, port->address, sizeof(port->address));
	}
	if (one_port(outer != NULL ? outer : copy, &port->host) < 0 ||
	    one_port(inner, &port->container) < 0) {
		return fault_in("port \"%.40s\"", text);
	}
	return 0;
}

int parse_restart(const char *text, struct parse_restart *restart)
{
	static const char *const names[] = {"no", "on-failure", "always", "unless-stopped"};
	int64_t limit = 0;
	size_t length = strcspn(text, ":");
	*restart = (struct parse_restart){0};
	for (int i = 0; i < 4; i++) {
		if (strlen(names[i]) != length || strncmp(names[i], text, length) != 0) {
			continue;
		}
		restart->kind = (enum parse_restart_kind)i;
		if (text[length] == '\0') {
			return 0;
		}
		if (i != RESTART_ON_FAILURE ||
		    parse_number(text + length + 1, 1, 1000000, &limit) < 0) {
			break;
		}
		restart->limit = (unsigned int)limit;
		return 0;
	}
	return fault_set(0, "\"%.40s\" is not no, always, unless-stopped or on-failure[:LIMIT]",
			 text);
}

static int parse_key(const char *text, size_t length)
{
	if (length == 1) {
		return (unsigned char)*text;
	}
	if (length == 6 && strncmp(text, "ctrl-", 5) == 0) {
		int key = toupper((unsigned char)text[5]);
		if (key >= '@' && key <= '_') {
			return key - '@';
		}
	}
	return -1;
}

int parse_keys(const char *text, char keys[PARSE_KEYS])
{
	int count = 0;
	for (const char *at = text; *at != '\0'; count++) {
		size_t length = strcspn(at, ",");
		int key = parse_key(at, length);
		if (key < 0 || count == PARSE_KEYS) {
			return fault_set(0, "\"%.40s\" is no row of keys, as ctrl-p,ctrl-q", text);
		}
		keys[count] = (char)key;
		at += length + (at[length] == ',');
	}
	return count;
}

int parse_signal(const char *text)
{
	int64_t number;
	const char *name = strncasecmp(text, "SIG", 3) == 0 ? text + 3 : text;
	if (isdigit((unsigned char)*text)) {
		return parse_number(text, 1, 64, &number) < 0 ? -1 : (int)number;
	}
	for (int i = 1; i < 32; i++) {
		const char *known = sigabbrev_np(i);
		if (known != NULL && strcasecmp(known, name) == 0) {
			return i;
		}
	}
	bool least = strncasecmp(name, "RTMIN", 5) == 0;
	if (!least && strncasecmp(name, "RTMAX", 5) != 0) {
		return fault_set(0, "\"%.40s\" is no signal", text);
	}
	/* The kernel's numbers, of which the C library keeps the first to itself. */
	int first = least ? 34 : 64;
	if (name[5] == '\0') {
		return first;
	}
	if (name[5] != (least ? '+' : '-') || parse_number(name + 6, 0, 30, &number) < 0) {
		return fault_set(0, "\"%.40s\" is no signal", text);
	}
	return least ? first + (int)number : first - (int)number;
}
