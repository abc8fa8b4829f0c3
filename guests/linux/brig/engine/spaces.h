/* SPDX-License-Identifier: Apache-2.0 */
/* Namespaces: which a container has of its own, and which are the host's or another's. */
#ifndef ENGINE_SPACES_H
#define ENGINE_SPACES_H

#include <stdbool.h>

#include "guests/linux/brig/engine/container.h"

/* What was asked for is one that there is: 0, or -1 with a fault. */
int spaces_check(const json_t *request);
/* config.json's linux.namespaces, netns as net_up() gave it; NULL with a fault. */
json_t *spaces_list(const json_t *request, const char *netns);
/* Of the kind "ipc", "pid" or "uts": it has the host's own. */
bool spaces_is_host(const json_t *request, const char *kind);
/* Its processes do not end with the first of them. */
bool spaces_shares_pids(const json_t *request);
/* The path of another container's namespace, named as in /proc/PID/ns; NULL with a fault. */
const char *spaces_of(const char *container, const char *name);

#endif
