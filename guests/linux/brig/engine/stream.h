/* SPDX-License-Identifier: Apache-2.0 */
/* Files of a container as a tar stream, and a tar stream into one. */
#ifndef ENGINE_STREAM_H
#define ENGINE_STREAM_H

#include "guests/linux/brig/engine/copy.h"

/* What is at `from`, under its own name ("PATH/.": its contents, as "./..."), to the descriptor
 * out, holes as holes; as copy_between() has it, but with owners. 0, or -1 with a fault. */
int stream_out(const struct copy_place *from, int out);
/* The archive, compressed or not, into the folder `to`, whose symlinks mean what they mean in its
 * root. Owners and modes are the archive's; device nodes are told of and left out. 0, or -1. */
int stream_in(int in, const struct copy_place *to);

#endif
