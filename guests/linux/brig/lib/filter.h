/* SPDX-License-Identifier: Apache-2.0 */
/* System call filters, compiled by libseccomp. */
#ifndef BRIG_FILTER_H
#define BRIG_FILTER_H

#include <stdbool.h>
#include <stddef.h>

#include "guests/linux/brig/lib/json.h"

struct filter {
	void *code; /* struct sock_filter[], NULL: none */
	unsigned short length;
	unsigned int flags; /* SECCOMP_FILTER_FLAG_* */
	bool notify;        /* it has a rule that asks the listener */
	const char *listener_path;
	const char *listener_metadata;
};

/* From the linux.seccomp object; NULL gives an empty program. */
int filter_compile(const struct json *json, struct filter *program);
/* Put it on this process. Returns the listener's descriptor, or 0 where there is none. */
int filter_load(const struct filter *program);

/* Send a listener's descriptor with the process's state to c->seccomp_listener. */
struct container;
int filter_send_listener(const struct container *c, int listener);

/* What `features` lists. */
extern const char *const filter_actions[];
extern const char *const filter_operators[];
extern const char *const filter_archs[];
extern const char *const filter_flags[];

#endif
