/* SPDX-License-Identifier: Apache-2.0 */
/* features: what this runtime knows (features.md and features-linux.md of the specification). */
#include <ctype.h>
#include <seccomp.h>
#include <stdio.h>
#include <sys/capability.h>

#include "guests/linux/brig/cmd/cmd.h"
#include "guests/linux/brig/lib/jw.h"
#include "guests/linux/brig/lib/mem.h"
#include "guests/linux/brig/lib/mount_option.h"

static void write_mount_options(yajl_gen g)
{
	static const char *const others[] = {"bind",   "rbind",   "tmpcopyup", "idmap",
					     "ridmap", "remount", "defaults",  NULL};
	jw_list(g, "mountOptions");
	for (const struct mount_option *o = mount_options; o->name != NULL; o++) {
		jw_text(g, NULL, o->name);
		jw_text(g, NULL, mem_format("r%s", o->name));
	}
	for (const struct mount_propagation *p = mount_propagations; p->name != NULL; p++) {
		jw_text(g, NULL, p->name);
	}
	for (const char *const *o = others; *o != NULL; o++) {
		jw_text(g, NULL, *o);
	}
	jw_end_list(g);
}

static void write_caps(yajl_gen g)
{
	jw_list(g, "capabilities");
	for (cap_value_t cap = 0; cap <= CAP_LAST_CAP; cap++) {
		char *name = cap_to_name(cap);
		if (name != NULL) {
			char *upper = mem_format("%s", name);
			for (char *c = upper; *c != '\0'; c++) {
				*c = (char)toupper((unsigned char)*c);
			}
			jw_text(g, NULL, upper);
			cap_free(name);
		}
	}
	jw_end_list(g);
}

static void write_switch(yajl_gen g, const char *name, bool enabled)
{
	jw_object(g, name);
	jw_truth(g, "enabled", enabled);
	jw_end_object(g);
}

static void write_linux(yajl_gen g)
{
	static const char *const namespaces[] = {"cgroup", "ipc",  "mount", "network", "pid",
						 "time",   "user", "uts",   NULL};
	jw_object(g, "linux");
	jw_texts(g, "namespaces", namespaces);
	write_caps(g);
	jw_object(g, "cgroup");
	jw_truth(g, "v1", false);
	jw_truth(g, "v2", true);
	jw_truth(g, "systemd", true);
	jw_truth(g, "systemdUser", true);
	jw_truth(g, "rdma", true);
	jw_end_object(g);
	jw_object(g, "seccomp");
	jw_truth(g, "enabled", true);
	jw_texts(g, "actions", filter_actions);
	jw_texts(g, "operators", filter_operators);
	jw_texts(g, "archs", filter_archs);
	jw_texts(g, "knownFlags", filter_flags);
	jw_texts(g, "supportedFlags", filter_flags);
	jw_end_object(g);
	write_switch(g, "apparmor", true);
	write_switch(g, "selinux", true);
	write_switch(g, "intelRdt", false);
	jw_object(g, "mountExtensions");
	write_switch(g, "idmap", true);
	jw_end_object(g);
	jw_end_object(g);
}

int cmd_features(int argc, char **argv)
{
	static const struct cmd_option none[] = {{0}};
	static const char *const hooks[] = {"prestart",
					    "createRuntime",
					    "createContainer",
					    "startContainer",
					    "poststart",
					    "poststop",
					    NULL};
	if (cmd_parse(argc, argv, none, 0) < 0) {
		return cmd_fail();
	}
	yajl_gen g = jw_open(true);
	jw_object(g, NULL);
	jw_text(g, "ociVersionMin", "1.0.0");
	jw_text(g, "ociVersionMax", STATE_OCI_VERSION);
	jw_texts(g, "hooks", hooks);
	write_mount_options(g);
	write_linux(g);
	jw_object(g, "annotations");
	const struct scmp_version *version = seccomp_version();
	jw_text(g, "io.github.seccomp.libseccomp.version",
		mem_format("%u.%u.%u", version->major, version->minor, version->micro));
	jw_text(g, "org.opencontainers.runc.checkpoint.enabled", "false");
	jw_end_object(g);
	jw_end_object(g);
	fputs(jw_close(g, NULL), stdout);
	return fflush(stdout) == 0 ? 0 : 1;
}
