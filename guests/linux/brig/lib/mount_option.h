/* SPDX-License-Identifier: Apache-2.0 */
/* The mount options that are not the file system's, as `features` lists them. */
#ifndef BRIG_MOUNT_OPTION_H
#define BRIG_MOUNT_OPTION_H

#include <stdbool.h>
#include <stdint.h>

struct mount_option {
	const char *name; /* NULL ends the table; with an "r" before it, of all mounts below */
	uint64_t set;     /* MOUNT_ATTR_* */
	uint64_t clear;
};

struct mount_propagation {
	const char *name;
	uint64_t flag; /* MS_* */
	bool all;
};

extern const struct mount_option mount_options[];
extern const struct mount_propagation mount_propagations[];

#endif
