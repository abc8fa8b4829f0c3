/* SPDX-License-Identifier: Apache-2.0 */
/* Unix sockets: by names of any length, with a descriptor in the message. */
#ifndef BRIG_SOCK_H
#define BRIG_SOCK_H

#include <stddef.h>

/* Connect to a socket of this type (SOCK_STREAM, SOCK_DGRAM); "@name" is an abstract one. */
int sock_connect(const char *path, int type);
/* A datagram socket of this name in the folder, for everybody to send to; replaces one there. */
int sock_bind(int dir, const char *name);
/* One message, with a descriptor unless that is -1. Nothing is recorded: the errno is left. */
int sock_send(int socket, const void *data, size_t length, int fd);

#endif
