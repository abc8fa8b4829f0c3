/* SPDX-License-Identifier: Apache-2.0 */
/* What a container may use: processors, memory, processes, and its kernel's settings. */
#ifndef ENGINE_LIMITS_H
#define ENGINE_LIMITS_H

#include <stdbool.h>

#include <jansson.h>

/* Control groups of version 2 alone: on other hosts there is no limit to give. */
bool limits_has_unified_cgroups(void);
/* Each that was asked for can be had: 0, or -1 with a fault that names it. */
int limits_check(const json_t *request);

/* Parts of config.json, new references; the devices are devices_nodes(). */
json_t *limits_resources(const json_t *request, const json_t *devices);
json_t *limits_rlimits(const json_t *request);
json_t *limits_sysctl(const json_t *request);
/* The mount of a file system in memory, "PATH[:OPTIONS]"; the size of the one on /dev/shm. */
json_t *limits_tmpfs(const char *text);
void limits_set_shm(json_t *mounts, const json_t *request);

#endif
