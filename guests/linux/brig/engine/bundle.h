/* SPDX-License-Identifier: Apache-2.0 */
/* The OCI bundle of a container: config.json and the files bound over /etc. */
#ifndef ENGINE_BUNDLE_H
#define ENGINE_BUNDLE_H

#include <stdint.h>

#include "guests/linux/brig/engine/container.h"

/* Write it into the container's folder, the root being mounted. netns as net_up() gave it. */
int bundle_write(const struct container *c, const char *netns);
/* The numbers of "USER[:GROUP]", names looked up in the root as it is mounted; 0 or -1. */
int bundle_find_user(const struct container *c, const char *text, int64_t *uid, int64_t *gid);
/* "NAME=VALUE" into a process's environment, in place of what has the name. */
void bundle_set_env(json_t *list, const char *text);

#endif
