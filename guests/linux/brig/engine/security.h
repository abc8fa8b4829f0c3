/* SPDX-License-Identifier: Apache-2.0 */
/* What keeps a container in: --security-opt and --privileged, over the profile's defaults. */
#ifndef ENGINE_SECURITY_H
#define ENGINE_SECURITY_H

#include <jansson.h>

/* Each option known, with a value that can be had on this machine; 0, or -1 with a fault. */
int security_check(const json_t *request);
/* A seccomp profile's file taken in, as "seccomp={...}"; 0, or -1 with a fault. */
int security_expand(json_t *request);
/* config.json's capabilities; NULL with a fault. */
json_t *security_capabilities(const json_t *request);
/* A list of the names of all that this process has; NULL with a fault. */
json_t *security_all_capabilities(void);
/* config.json's capabilities, of a list that is given away; NULL of NULL. */
json_t *security_capability_sets(json_t *list);
/* Into config.json's process and linux: new privileges, labels, seccomp, hidden and read-only
 * paths. 0, or -1 with a fault. */
int security_set(const json_t *request, json_t *process, json_t *platform);

#endif
