/* SPDX-License-Identifier: Apache-2.0 */
/* A path in a root whose end may not be there yet. */
#ifndef BRIG_RESOLVE_H
#define BRIG_RESOLVE_H

/*
 * The same place without symlinks and "..", as far as the root has it now; what a symlink
 * names and is missing stays as its name. NULL with the failure recorded. Only names are
 * worked out: whoever opens the result must still open it in the root.
 */
char *resolve_in(int root, const char *path);

#endif
