/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "guests/linux/brig/engine/fault.h"
#include "guests/linux/brig/engine/file.h"
#include "guests/linux/brig/engine/net.h"
#include "guests/linux/brig/engine/parse.h"
#include "guests/linux/brig/engine/request.h"
#include "guests/linux/brig/engine/run.h"
#include "guests/linux/brig/engine/spaces.h"
#include "guests/linux/brig/engine/store.h"

#define BRIDGE      "brig0"
#define PREFIX      "10.88.0."
#define STATION     "02:42:0a:58:00:" /* and the host: the station address of PREFIX */
#define GATEWAY_NET (NET_GATEWAY "/24")
#define NET_RUN     "/run/brig-net"
#define LAST_HOST   254

static const char *kind_of(const struct container *c)
{
	return request_text(container_request(c), "network", "bridge");
}

static const char *space_name(const struct container *c)
{
	return file_text("brig-%.12s", c->id);
}

static int write_setting(const char *path, const char *value)
{
	fd_auto fd = open(path, O_WRONLY | O_CLOEXEC);
	return fd >= 0 && file_write_all(fd, value, strlen(value))
		       ? 0
		       : fault_set(errno, "write %s to %s", value, path);
}

/*
 * Masquerading for all containers; 127.0.0.1's published ports come by the bridge, too. By what
 * lets them, a container's packets to that address would come to the host's own services.
 */
static int bridge_rules(void)
{
	static const char rules[] =
		"add table ip brig\n"
		"flush table ip brig\n"
		"table ip brig {\n"
		"	chain post {\n"
		"		type nat hook postrouting priority srcnat;\n"
		"		ip saddr " PREFIX "0/24 oifname != \"" BRIDGE "\" masquerade\n"
		"		ip saddr 127.0.0.0/8 oifname \"" BRIDGE "\" masquerade\n"
		"	}\n"
		"	chain local {\n"
		"		type filter hook prerouting priority raw;\n"
		"		iifname \"" BRIDGE "\" ip daddr 127.0.0.0/8 drop\n"
		"		iifname \"" BRIDGE "\" ip saddr 127.0.0.0/8 drop\n"
		"	}\n"
		"}\n";
	return run_with_input((const char *const[]){"nft", "-f", "-", NULL}, rules);
}

/* A container's router advertisement would else be the host's way to everywhere. */
static int close_ipv6(void)
{
	static const char path[] = "/proc/sys/net/ipv6/conf/" BRIDGE "/disable_ipv6";
	return access(path, F_OK) == 0 ? write_setting(path, "1") : 0;
}

static int make_bridge(void)
{
	if (if_nametoindex(BRIDGE) != 0) {
		return 0;
	}
	if (run_words("ip", "link", "add", BRIDGE, "type", "bridge") < 0 || close_ipv6() < 0 ||
	    run_words("ip", "addr", "add", GATEWAY_NET, "dev", BRIDGE) < 0 ||
	    run_words("ip", "link", "set", BRIDGE, "up") < 0 || bridge_rules() < 0 ||
	    write_setting("/proc/sys/net/ipv4/ip_forward", "1") < 0 ||
	    write_setting("/proc/sys/net/ipv4/conf/" BRIDGE "/route_localnet", "1") < 0) {
		char *why = file_text("%s", fault_text());
		(void)run_words("ip", "link", "del", BRIDGE);
		return fault_set(0, "make the bridge " BRIDGE ": %s", why);
	}
	return 0;
}

/* A file for each address in use: the holder of the lowest free number made it. */
static int take_address(const struct container *c)
{
	for (int host = 2; host <= LAST_HOST; host++) {
		char *path = file_text(NET_RUN "/" PREFIX "%d", host);
		fd_auto fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
		free(path);
		if (fd >= 0) {
			return file_write_all(fd, c->id, strlen(c->id))
				       ? host
				       : fault_set(errno, "note its address");
		}
		if (errno != EEXIST) {
			return fault_set(errno, "take an address in " NET_RUN);
		}
	}
	return fault_set(0, "no address is left in " PREFIX "0/24");
}

static int address_number(const struct container *c)
{
	char id[CONTAINER_ID_SIZE];
	for (int host = 2; host <= LAST_HOST; host++) {
		char *path = file_text(NET_RUN "/" PREFIX "%d", host);
		fd_auto fd = open(path, O_RDONLY | O_CLOEXEC);
		free(path);
		ssize_t got = fd < 0 ? 0 : read(fd, id, sizeof(id) - 1);
		id[got > 0 ? got : 0] = '\0';
		if (strcmp(id, c->id) == 0) {
			return host;
		}
	}
	return 0;
}

const char *net_address(const struct container *c)
{
	int host = address_number(c);
	return host > 0 ? file_text(PREFIX "%d", host) : "";
}

static const char *port_rules(const struct container *c, const char *address)
{
	size_t at;
	const json_t *value;
	char *pre = file_text("%s", "");
	json_array_foreach(request_list(container_request(c), "ports"), at, value)
	{
		struct parse_port port;
		if (parse_port(json_string_value(value), &port) < 0) {
			return NULL;
		}
		pre = file_text("%s\t\t%s %s %s dport %u dnat to %s:%u\n", pre,
				port.address[0] != '\0' ? "ip daddr" : "fib daddr type local",
				port.address, port.udp ? "udp" : "tcp", port.host, address,
				port.container);
	}
	return pre;
}

/* A table of the container's own: taking it away takes all of its rules. */
static int publish(const struct container *c, const char *address)
{
	const char *rules = port_rules(c, address);
	if (rules == NULL || *rules == '\0') {
		return rules == NULL ? -1 : 0;
	}
	const char *text =
		file_text("table ip %s {\n"
			  "\tchain pre {\n\t\ttype nat hook prerouting priority dstnat;\n%s\t}\n"
			  "\tchain out {\n\t\ttype nat hook output priority -100;\n%s\t}\n}\n",
			  space_name(c), rules, rules);
	return run_with_input((const char *const[]){"nft", "-f", "-", NULL}, text) < 0
		       ? fault_in("publish the ports of %s", container_name(c))
		       : 0;
}

static int port_is_taken(const struct container *c)
{
	size_t i;
	size_t j;
	const json_t *mine;
	const json_t *theirs;
	struct container_state state;
	for (const struct container *one = container_list(); one->id[0] != '\0'; one++) {
		container_load_state(one, &state);
		if (strcmp(one->id, c->id) == 0 || !container_runs(&state)) {
			continue;
		}
		json_array_foreach(request_list(container_request(c), "ports"), i, mine)
		{
			json_array_foreach(request_list(container_request(one), "ports"), j, theirs)
			{
				struct parse_port a;
				struct parse_port b;
				if (parse_port(json_string_value(mine), &a) == 0 &&
				    parse_port(json_string_value(theirs), &b) == 0 &&
				    a.host == b.host && a.udp == b.udp &&
				    (a.address[0] == '\0' || b.address[0] == '\0' ||
				     strcmp(a.address, b.address) == 0)) {
					return fault_set(0, "port %u is published by %s already",
							 a.host, container_name(one));
				}
			}
		}
	}
	return 0;
}

static int make_veth(const struct container *c, const char *space, int host)
{
	const char *outer = file_text("vb%.10s", c->id);
	const char *inner = file_text("vi%.10s", c->id);
	const char *address = file_text(PREFIX "%d/24", host);
	/* an address is soon another container's, and who knows the last one's station goes on to use it */
	const char *station = file_text(STATION "%02x", (unsigned int)host);
	if (run_words("ip", "link", "add", outer, "type", "veth", "peer", "name", inner) < 0 ||
	    run_words("ip", "link", "set", inner, "address", station, "netns", space, "name",
		      "eth0") < 0 ||
	    run_words("ip", "link", "set", outer, "master", BRIDGE, "up") < 0 ||
	    run_words("ip", "-n", space, "addr", "add", address, "dev", "eth0") < 0 ||
	    run_words("ip", "-n", space, "link", "set", "eth0", "up") < 0 ||
	    run_words("ip", "-n", space, "route", "add", "default", "via", NET_GATEWAY) < 0) {
		return fault_in("connect %s to the bridge", container_name(c));
	}
	return 0;
}

static int join_bridge(const struct container *c, const char *space)
{
	int host = -1;
	fd_auto lock = -1;
	if (file_make_dirs(NET_RUN) < 0) {
		return -1;
	}
	lock = file_lock(NET_RUN "/lock", true);
	if (lock < 0 || make_bridge() < 0 || port_is_taken(c) < 0) {
		return lock < 0 ? fault_set(errno, "lock the network") : -1;
	}
	host = take_address(c);
	if (host < 0 || make_veth(c, space, host) < 0) {
		return -1;
	}
	return publish(c, file_text(PREFIX "%d", host));
}

int net_up(const struct container *c, const char **path)
{
	const char *kind = kind_of(c);
	*path = NULL;
	if (strcmp(kind, "host") == 0) {
		return 0;
	}
	if (strncmp(kind, "container:", 10) == 0) {
		*path = spaces_of(kind + 10, "net");
		return *path == NULL ? fault_in("network") : 0;
	}
	net_down(c);
	const char *space = space_name(c);
	if (run_words("ip", "netns", "add", space) < 0 ||
	    run_words("ip", "-n", space, "link", "set", "lo", "up") < 0) {
		return fault_in("make a network for %s", container_name(c));
	}
	if (strcmp(kind, "bridge") == 0 && join_bridge(c, space) < 0) {
		char *why = file_text("%s", fault_text());
		net_down(c);
		return fault_set(0, "%s", why);
	}
	*path = file_text("/run/netns/%s", space);
	return 0;
}

void net_down(const struct container *c)
{
	const char *space = space_name(c);
	const char *path = file_text("/run/netns/%s", space);
	if (access(path, F_OK) == 0) {
		(void)run_words("ip", "link", "del", file_text("vb%.10s", c->id));
		(void)run_words("nft", "delete", "table", "ip", space);
		(void)run_words("ip", "netns", "del", space);
	}
	const char *address = net_address(c);
	if (*address != '\0') {
		unlink(file_text(NET_RUN "/%s", address));
	}
}
