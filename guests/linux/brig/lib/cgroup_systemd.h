/* SPDX-License-Identifier: Apache-2.0 */
/* Groups that systemd makes: a scope for each container, asked for through busctl. */
#ifndef BRIG_CGROUP_SYSTEMD_H
#define BRIG_CGROUP_SYSTEMD_H

#include "guests/linux/brig/lib/cgroup.h"

/* cgroupsPath is SLICE:PREFIX:NAME. */
int cgroup_systemd_plan(struct cgroup *cgroup, const char *path, const char *id);
/* Start the scope with this process in it, wait for it, and set cgroup->path. */
int cgroup_systemd_start(struct cgroup *cgroup, const char *id, pid_t pid);
void cgroup_systemd_stop(const struct cgroup *cgroup);

#endif
