/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Properties of a systemd unit as the words that busctl takes: NAME SIGNATURE VALUE ... What
 * only a cgroup's file says, systemd takes back at its next daemon-reload. Touches nothing.
 */
#ifndef BRIG_CGROUP_UNIT_H
#define BRIG_CGROUP_UNIT_H

#include <stddef.h>

#include "guests/linux/brig/lib/json.h"

struct unit_words {
	const char **word; /* arena memory, NULL at the end */
	size_t count;
	size_t room;
	size_t properties;
};

void unit_word(struct unit_words *words, const char *word);
/* A property with one value of a basic type. */
void unit_property(struct unit_words *words, const char *name, const char *type, const char *value);
/* The limits of a resources object, as far as systemd has properties for them. */
int unit_add_limits(struct unit_words *words, const struct json *resources);
/* The annotations org.systemd.property.NAME, whose values are written as GVariant texts. */
int unit_add_annotations(struct unit_words *words, const struct json *annotations);

#endif
