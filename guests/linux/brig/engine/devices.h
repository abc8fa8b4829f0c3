/* SPDX-License-Identifier: Apache-2.0 */
/* Which of this machine's devices a container has and may use. */
#ifndef ENGINE_DEVICES_H
#define ENGINE_DEVICES_H

#include <jansson.h>

/* Each that was asked for can be had: 0, or -1 with a fault that names it. */
int devices_check(const json_t *request);
/* The nodes in its /dev beyond those of every container, as they are on this machine now; NULL
 * with a fault where one is missing. */
json_t *devices_nodes(const json_t *request);
/* The rules of its control group, for those and what else was asked for. */
json_t *devices_rules(const json_t *request, const json_t *nodes);
/* How fast it may read and write block devices, into config.json's resources; -1 with a fault where
 * one is missing. */
int devices_set_rates(const json_t *request, json_t *resources);

#endif
