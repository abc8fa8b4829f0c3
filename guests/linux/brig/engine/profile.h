/* SPDX-License-Identifier: Apache-2.0 */
/* The safe defaults: what every container has, and may not, unless asked otherwise. */
#ifndef ENGINE_PROFILE_H
#define ENGINE_PROFILE_H

#include <stdbool.h>

#include <jansson.h>

/* New references, all. */
json_t *profile_mounts(bool privileged);
json_t *profile_masked(void);
json_t *profile_read_only(void);
/* OCI runtime-spec's linux.seccomp. */
json_t *profile_seccomp(void);
/* The default ones, and more or less by lists of names, "CAP_" or not; "ALL" of
 * those to add is what this process has itself, but for those to drop. */
json_t *profile_capabilities(const json_t *add, const json_t *drop);

/* Names of the system calls that are allowed whatever their arguments, ended by NULL. */
extern const char *const profile_allowed[];

#endif
