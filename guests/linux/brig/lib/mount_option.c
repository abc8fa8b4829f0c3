/* SPDX-License-Identifier: Apache-2.0 */
/* The options of a mount, sorted by what applies them: the mount, the propagation, the file system. */
#include "guests/linux/brig/lib/spec.h"

#include <linux/mount.h>
#include <string.h>
#include <sys/mount.h>

#include "guests/linux/brig/lib/err.h"
#include "guests/linux/brig/lib/mem.h"
#include "guests/linux/brig/lib/mount_option.h"

const struct mount_option mount_options[] = {
	{"ro", MOUNT_ATTR_RDONLY, 0},
	{"rw", 0, MOUNT_ATTR_RDONLY},
	{"nosuid", MOUNT_ATTR_NOSUID, 0},
	{"suid", 0, MOUNT_ATTR_NOSUID},
	{"nodev", MOUNT_ATTR_NODEV, 0},
	{"dev", 0, MOUNT_ATTR_NODEV},
	{"noexec", MOUNT_ATTR_NOEXEC, 0},
	{"exec", 0, MOUNT_ATTR_NOEXEC},
	{"nodiratime", MOUNT_ATTR_NODIRATIME, 0},
	{"diratime", 0, MOUNT_ATTR_NODIRATIME},
	{"nosymfollow", MOUNT_ATTR_NOSYMFOLLOW, 0},
	{"symfollow", 0, MOUNT_ATTR_NOSYMFOLLOW},
	/* One field of three values: it is cleared whole when one is set. */
	{"relatime", MOUNT_ATTR_RELATIME, MOUNT_ATTR__ATIME},
	{"norelatime", MOUNT_ATTR_STRICTATIME, MOUNT_ATTR__ATIME},
	{"noatime", MOUNT_ATTR_NOATIME, MOUNT_ATTR__ATIME},
	{"atime", MOUNT_ATTR_RELATIME, MOUNT_ATTR__ATIME},
	{"strictatime", MOUNT_ATTR_STRICTATIME, MOUNT_ATTR__ATIME},
	{"nostrictatime", MOUNT_ATTR_RELATIME, MOUNT_ATTR__ATIME},
	{NULL, 0, 0},
};

const struct mount_propagation mount_propagations[] = {
	{"shared", MS_SHARED, false},
	{"rshared", MS_SHARED, true},
	{"slave", MS_SLAVE, false},
	{"rslave", MS_SLAVE, true},
	{"private", MS_PRIVATE, false},
	{"rprivate", MS_PRIVATE, true},
	{"unbindable", MS_UNBINDABLE, false},
	{"runbindable", MS_UNBINDABLE, true},
	{NULL, 0, false},
};

/* Nothing that a mount here could have or lack. */
static const char *const ignored[] = {
	"defaults", "silent", "loud", "iversion", "noiversion", "acl", "noacl", "nomand", NULL,
};

static void apply(uint64_t *set, uint64_t *clear, const struct mount_option *option)
{
	*set = (*set & ~option->clear) | option->set;
	*clear = (*clear & ~option->set) | option->clear;
}

static const struct mount_option *find_option(const char *name)
{
	for (const struct mount_option *o = mount_options; o->name != NULL; o++) {
		if (strcmp(o->name, name) == 0) {
			return o;
		}
	}
	return NULL;
}

static bool take_attribute(struct spec_mount *mount, const char *name)
{
	const struct mount_option *option = find_option(name);
	if (option != NULL) {
		apply(&mount->set, &mount->clear, option);
		return true;
	}
	option = *name == 'r' ? find_option(name + 1) : NULL;
	if (option != NULL) {
		apply(&mount->all_set, &mount->all_clear, option);
		return true;
	}
	return false;
}

static bool take_propagation(struct spec_mount *mount, const char *name)
{
	for (const struct mount_propagation *p = mount_propagations; p->name != NULL; p++) {
		if (strcmp(p->name, name) == 0) {
			mount->propagation = p->flag;
			mount->propagation_all = p->all;
			return true;
		}
	}
	return false;
}

static bool take_own(struct spec_mount *mount, const char *name)
{
	if (strcmp(name, "bind") == 0 || strcmp(name, "rbind") == 0) {
		mount->bind = true;
		mount->recursive |= *name == 'r';
	} else if (strcmp(name, "tmpcopyup") == 0) {
		mount->copy_up = true;
	} else if (strcmp(name, "idmap") == 0 || strcmp(name, "ridmap") == 0) {
		mount->idmap = true;
		mount->idmap_all |= *name == 'r';
	} else if (strcmp(name, "remount") == 0) {
		mount->remount = true;
	} else {
		for (const char *const *i = ignored; *i != NULL; i++) {
			if (strcmp(*i, name) == 0) {
				return true;
			}
		}
		return false;
	}
	return true;
}

static void sort_options(struct spec_mount *mount)
{
	const char *data = "";
	for (char **option = mount->options; option != NULL && *option != NULL; option++) {
		if (**option != '\0' && !take_own(mount, *option) &&
		    !take_attribute(mount, *option) && !take_propagation(mount, *option)) {
			data = mem_format("%s%s%s", data, *data != '\0' ? "," : "", *option);
		}
	}
	mount->data = data;
}

/* "a/./b//c" and the like, which engines write, in one form; ".." stays as it is. */
static const char *clean_destination(const char *path)
{
	char *clean = mem_get(strlen(path) + 2);
	char *to = clean;
	while (*path != '\0') {
		while (*path == '/') {
			path++;
		}
		size_t length = strcspn(path, "/");
		if (length > 0 && !(length == 1 && *path == '.')) {
			*to++ = '/';
			memcpy(to, path, length);
			to += length;
		}
		path += length;
	}
	if (to == clean) {
		*to = '/';
	}
	return clean;
}

int spec_parse_mount(const struct json *json, struct spec_mount *mount)
{
	if (json->type != JSON_OBJECT) {
		return err_set(0, "must be an object");
	}
	mount->fd = -1;
	if (json_string(json, "destination", &mount->destination) < 0 ||
	    json_string(json, "type", &mount->type) < 0 ||
	    json_string(json, "source", &mount->source) < 0 ||
	    json_strings(json, "options", &mount->options, NULL) < 0 ||
	    spec_parse_maps(json, "uidMappings", &mount->uids) < 0 ||
	    spec_parse_maps(json, "gidMappings", &mount->gids) < 0) {
		return -1;
	}
	if (mount->destination == NULL || *mount->destination == '\0') {
		return err_set(0, "destination: is missing");
	}
	mount->destination = clean_destination(mount->destination);
	if (strcmp(mount->destination, "/") == 0) {
		return err_set(0, "destination: is the root itself");
	}
	sort_options(mount);
	if (mount->type != NULL &&
	    (strcmp(mount->type, "bind") == 0 || strcmp(mount->type, "none") == 0)) {
		mount->bind |= strcmp(mount->type, "bind") == 0;
		mount->type = mount->bind ? NULL : mount->type;
	}
	if ((mount->uids.count == 0) != (mount->gids.count == 0)) {
		return err_set(0, "uidMappings, gidMappings: give both or none");
	}
	mount->idmap |= mount->uids.count > 0;
	if (!mount->bind && mount->type == NULL) {
		return err_set(0, "type: is missing");
	}
	if (mount->bind && (mount->source == NULL || *mount->source == '\0')) {
		return err_set(0, "source: a bind mount needs one");
	}
	return 0;
}
