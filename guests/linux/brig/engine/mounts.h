/* SPDX-License-Identifier: Apache-2.0 */
/* What is mounted in a container: the defaults, volumes, files of its own, an init. */
#ifndef ENGINE_MOUNTS_H
#define ENGINE_MOUNTS_H

#include "guests/linux/brig/engine/container.h"

#define MOUNTS_INIT "/dev/init" /* where the container sees the init that --init gives it */

/* Volumes and mounts are said in words that are known: 0, or -1 with a fault. */
int mounts_check(const json_t *request);
/* config.json's mounts; what they need on this machine is looked for, or made. NULL with a fault. */
json_t *mounts_make(const struct container *c);

#endif
