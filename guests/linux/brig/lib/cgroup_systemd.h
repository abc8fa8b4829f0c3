/* SPDX-License-Identifier: Apache-2.0 */
/* Groups that systemd makes: a scope for each container, asked for through busctl. */
#ifndef BRIG_CGROUP_SYSTEMD_H
#define BRIG_CGROUP_SYSTEMD_H

#include "guests/linux/brig/lib/cgroup.h"

/* cgroupsPath is SLICE:PREFIX:NAME. Sets `unit` and `slice`; makes nothing. */
int cgroup_systemd_plan(struct cgroup *cgroup, const struct spec *spec, const char *id);
/* Start the scope with this process in it and wait for it; sets `scope` and `path`. */
int cgroup_systemd_start(struct cgroup *cgroup, const struct spec *spec, const char *id, pid_t pid);
/*
 * In that process, whose runtime has died: systemd may be about to start the scope, and one that
 * never had a living process in it would stay for ever.
 */
void cgroup_systemd_outlive(const struct cgroup *cgroup);
/* Tell systemd of other limits, which it would else undo. */
int cgroup_systemd_update(const struct cgroup *cgroup, const struct json *resources);
/* Have systemd move a process into the scope, which an ordinary user may not do himself. */
int cgroup_systemd_attach(const struct cgroup *cgroup, pid_t pid);
/* End the scope, and wait until its name is free again. */
void cgroup_systemd_stop(const struct cgroup *cgroup);

#endif
