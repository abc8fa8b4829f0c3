/* SPDX-License-Identifier: Apache-2.0 */
/* Profiles of system calls as docker's users have them: its own form, or config.json's. */
#ifndef ENGINE_SECCOMP_H
#define ENGINE_SECCOMP_H

#include <jansson.h>

/*
 * config.json's linux.seccomp of a profile's text, for a container with this list of capabilities:
 * "includes" and "excludes" (arches, caps, minKernel) choose among its rules, "archMap" gives the
 * architectures. What is not known in it is a fault that names it (NULL).
 */
json_t *seccomp_profile(const char *text, const json_t *capabilities);

#endif
