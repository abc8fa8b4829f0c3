/* SPDX-License-Identifier: Apache-2.0 */
/* A container's /etc/hosts, /etc/hostname and /etc/resolv.conf. */
#ifndef ENGINE_HOSTS_H
#define ENGINE_HOSTS_H

#include "guests/linux/brig/engine/container.h"

/* The addresses that were asked for are ones: 0, or -1 with a fault. */
int hosts_check(const json_t *request);
/* Write them into its folder; its network is up. */
int hosts_write(const struct container *c, const char *hostname);

#endif
