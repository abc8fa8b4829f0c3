/* SPDX-License-Identifier: Apache-2.0 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "guests/linux/brig/engine/fault.h"
#include "guests/linux/brig/engine/file.h"
#include "guests/linux/brig/engine/hosts.h"
#include "guests/linux/brig/engine/image.h"
#include "guests/linux/brig/engine/net.h"
#include "guests/linux/brig/engine/request.h"

#define RESOLV_MAX 65536

static bool is_address(const char *text)
{
	struct in6_addr address;
	return inet_pton(AF_INET, text, &address) == 1 || inet_pton(AF_INET6, text, &address) == 1;
}

/* "NAME:ADDRESS" taken apart; the address may have colons of its own. */
static const char *split_host(const char *text, const char **address)
{
	const char *colon = strchr(text, ':');
	if (colon == NULL || colon == text) {
		return NULL;
	}
	*address = strcmp(colon + 1, "host-gateway") == 0 ? NET_GATEWAY : colon + 1;
	return file_text("%.*s", (int)(colon - text), text);
}

static int check_words(const json_t *request, const char *key)
{
	size_t at;
	const json_t *one;
	json_array_foreach(request_list(request, key), at, one)
	{
		const char *text = json_string_value(one);
		if (text == NULL || *text == '\0' || strpbrk(text, " \t\r\n#;") != NULL) {
			return fault_set(0, "%s: \"%.60s\" is no single word", key,
					 text != NULL ? text : "");
		}
	}
	return 0;
}

int hosts_check(const json_t *request)
{
	size_t at;
	const json_t *one;
	json_array_foreach(request_list(request, "dns"), at, one)
	{
		const char *text = json_string_value(one);
		if (text == NULL || !is_address(text)) {
			return fault_set(0, "dns: \"%.60s\" is no address",
					 text != NULL ? text : "");
		}
	}
	if (check_words(request, "dns_search") < 0 || check_words(request, "dns_option") < 0) {
		return -1;
	}
	json_array_foreach(request_list(request, "add_host"), at, one)
	{
		const char *address;
		const char *text = json_string_value(one);
		const char *name = text == NULL ? NULL : split_host(text, &address);
		if (name == NULL || !is_address(address) || strpbrk(name, " \t\n#") != NULL) {
			return fault_set(0, "add_host: \"%.60s\" is not NAME:ADDRESS",
					 text != NULL ? text : "");
		}
	}
	return 0;
}

static int write_text(const struct container *c, const char *name, const char *text)
{
	return file_write(container_path(c, name), text, strlen(text));
}

/* "search a b", after what is there. */
static const char *add_words(const char *text, const char *key, const json_t *list)
{
	size_t at;
	const json_t *one;
	if (json_array_size(list) == 0) {
		return text;
	}
	size_t length = strlen(text);
	bool open = length > 0 && text[length - 1] != '\n';
	text = file_text("%s%s%s", text, open ? "\n" : "", key);
	json_array_foreach(list, at, one)
	{
		text = file_text("%s %s", text, json_string_value(one));
	}
	return file_text("%s\n", text);
}

/* This machine's, unless others are named. */
static int write_resolv(const struct container *c)
{
	size_t at;
	const json_t *one;
	const json_t *servers = request_list(container_request(c), "dns");
	const char *text = "";
	if (json_array_size(servers) == 0) {
		fd_auto fd = open("/etc/resolv.conf", O_RDONLY | O_CLOEXEC);
		char *own = fd < 0 ? NULL : file_read(fd, RESOLV_MAX, NULL, "/etc/resolv.conf");
		text = file_text("%s", own != NULL ? own : "");
		free(own);
	}
	json_array_foreach(servers, at, one)
	{
		text = file_text("%snameserver %s\n", text, json_string_value(one));
	}
	/* Of several such lines the last counts. */
	text = add_words(text, "search", request_list(container_request(c), "dns_search"));
	text = add_words(text, "options", request_list(container_request(c), "dns_option"));
	return write_text(c, "resolv.conf", text);
}

static int write_hosts(const struct container *c, const char *hostname)
{
	size_t at;
	const json_t *one;
	const char *own = net_address(c);
	const char *text = file_text("127.0.0.1\tlocalhost\n::1\tlocalhost\n%s\t%s\n",
				     *own != '\0' ? own : "127.0.1.1", hostname);
	json_array_foreach(request_list(container_request(c), "add_host"), at, one)
	{
		const char *address = "";
		const char *name = split_host(json_string_value(one), &address);
		text = file_text("%s%s\t%s\n", text, address, name);
	}
	return write_text(c, "hosts", text);
}

int hosts_write(const struct container *c, const char *hostname)
{
	return write_resolv(c) < 0 || write_hosts(c, hostname) < 0
		       ? -1
		       : write_text(c, "hostname", file_text("%s\n", hostname));
}
