/* SPDX-License-Identifier: Apache-2.0 */
/* A pod file: YAML that declares several containers. */
#ifndef ENGINE_POD_H
#define ENGINE_POD_H

#include <stdio.h>

#include <jansson.h>

/* YAML as JSON, every scalar a text; NULL with a fault. No aliases, at most 16 deep. */
json_t *pod_yaml(FILE *file, const char *what);
/* A checked pod {"name": ..., "containers": [request...]}, those that others depend on
 * first; each request has its name, with the pod's before it. NULL with a fault. */
json_t *pod_read(FILE *file, const char *what);

#endif
