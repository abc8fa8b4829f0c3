/* SPDX-License-Identifier: Apache-2.0 */
/* A container's network: a namespace, a veth on the bridge, an address, published ports. */
#ifndef ENGINE_NET_H
#define ENGINE_NET_H

#include "guests/linux/brig/engine/container.h"

#define NET_GATEWAY "10.88.0.1" /* this machine, as containers on the bridge reach it */

/* Make what its request says. *path becomes the namespace's, or NULL for the host's own. */
int net_up(const struct container *c, const char **path);
/* Undo it; no error when nothing is there. */
void net_down(const struct container *c);
/* Its address, or "". */
const char *net_address(const struct container *c);

#endif
