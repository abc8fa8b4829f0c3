/* SPDX-License-Identifier: Apache-2.0 */
/* The `linux` object. */
#include "guests/linux/brig/lib/spec.h"

#include <ctype.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/sched.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/personality.h>
#include <sys/stat.h>
#include <unistd.h>

#include "guests/linux/brig/lib/err.h"
#include "guests/linux/brig/lib/mem.h"

static int namespace_flag(const char *type)
{
	static const struct {
		const char *name;
		int flag;
	} table[] = {
		{"pid", CLONE_NEWPID},       {"network", CLONE_NEWNET}, {"mount", CLONE_NEWNS},
		{"ipc", CLONE_NEWIPC},       {"uts", CLONE_NEWUTS},     {"user", CLONE_NEWUSER},
		{"cgroup", CLONE_NEWCGROUP}, {"time", CLONE_NEWTIME},
	};
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		if (strcmp(table[i].name, type) == 0) {
			return table[i].flag;
		}
	}
	return 0;
}

static int parse_namespaces(const struct json *json, struct spec *spec)
{
	struct json *list = NULL;
	if (json_typed(json, "namespaces", JSON_ARRAY, &list) < 0) {
		return -1;
	}
	if (list == NULL) {
		return 0;
	}
	spec->namespaces = mem_get((list->count + 1) * sizeof(*spec->namespaces));
	for (struct json *item = list->first; item != NULL; item = item->next) {
		struct spec_namespace *to = &spec->namespaces[spec->namespace_count];
		const char *type = "";
		if (json_string(item, "type", &type) < 0 ||
		    json_string(item, "path", &to->path) < 0) {
			return err_within("namespaces");
		}
		if (to->path != NULL && *to->path == '\0') {
			to->path = NULL;
		}
		if (to->path != NULL && *to->path != '/') {
			return err_set(0, "namespaces: %s: the path must be absolute", type);
		}
		int flag = namespace_flag(type);
		if (flag == 0) {
			return err_set(0, "namespaces: \"%.32s\" is no kind of namespace", type);
		}
		if (spec_has_namespace(spec, flag)) {
			return err_set(0, "namespaces: %s is given twice", type);
		}
		to->flag = flag;
		spec->namespace_count++;
	}
	return 0;
}

static int check_map(const struct spec_maps *maps, const struct spec_map *map)
{
	if (map->size == 0) {
		return err_set(0, "size: must be greater than 0");
	}
	if (map->size > UINT32_MAX - map->container || map->size > UINT32_MAX - map->host) {
		return err_set(0, "containerID, hostID: run over 2^32 - 1");
	}
	for (const struct spec_map *other = maps->map; other < map; other++) {
		if ((map->container < other->container + other->size &&
		     other->container < map->container + map->size) ||
		    (map->host < other->host + other->size &&
		     other->host < map->host + map->size)) {
			return err_set(0, "two ranges overlap");
		}
	}
	return 0;
}

int spec_parse_maps(const struct json *json, const char *key, struct spec_maps *maps)
{
	struct json *list = NULL;
	if (json_typed(json, key, JSON_ARRAY, &list) < 0) {
		return -1;
	}
	if (list == NULL) {
		return 0;
	}
	if (list->count > 340) {
		return err_set(0, "%s: the kernel takes 340 ranges", key);
	}
	maps->map = mem_get((list->count + 1) * sizeof(*maps->map));
	for (struct json *item = list->first; item != NULL; item = item->next) {
		struct spec_map *map = &maps->map[maps->count];
		if (json_u32(item, "containerID", &map->container) < 0 ||
		    json_u32(item, "hostID", &map->host) < 0 ||
		    json_u32(item, "size", &map->size) < 0 || check_map(maps, map) < 0) {
			return err_within("%s[%u]", key, maps->count);
		}
		maps->count++;
	}
	return 0;
}

static int device_type(const char *type, mode_t *mode)
{
	switch (type[0] != '\0' && type[1] == '\0' ? type[0] : 0) {
	case 'c':
	case 'u':
		*mode = S_IFCHR;
		return 0;
	case 'b':
		*mode = S_IFBLK;
		return 0;
	case 'p':
		*mode = S_IFIFO;
		return 0;
	default:
		return err_set(0, "type: \"%.8s\" is not c, u, b or p", type);
	}
}

static int parse_device(const struct json *json, struct spec_device *device)
{
	const char *type = "";
	int64_t major = 0;
	int64_t minor = 0;
	device->mode = 0666;
	if (json_string(json, "path", &device->path) < 0 || json_string(json, "type", &type) < 0 ||
	    json_i64(json, "major", &major) < 0 || json_i64(json, "minor", &minor) < 0 ||
	    json_u32(json, "fileMode", &device->mode) < 0 ||
	    json_u32(json, "uid", &device->uid) < 0 || json_u32(json, "gid", &device->gid) < 0 ||
	    device_type(type, &device->type) < 0) {
		return -1;
	}
	if (device->path == NULL || *device->path != '/') {
		return err_set(0, "path: must be absolute");
	}
	if (device->type != S_IFIFO &&
	    (major < 0 || minor < 0 || major > 0xfff || minor > 0xfffff)) {
		return err_set(0, "%s: major is 0 to 4095, minor 0 to 1048575", device->path);
	}
	device->major = (uint32_t)major;
	device->minor = (uint32_t)minor;
	device->mode &= 07777;
	return 0;
}

static int parse_devices(const struct json *json, struct spec *spec)
{
	struct json *list = NULL;
	if (json_typed(json, "devices", JSON_ARRAY, &list) < 0) {
		return -1;
	}
	if (list == NULL) {
		return 0;
	}
	spec->devices = mem_get((list->count + 1) * sizeof(*spec->devices));
	for (struct json *item = list->first; item != NULL; item = item->next) {
		if (parse_device(item, &spec->devices[spec->device_count]) < 0) {
			return err_within("devices[%u]", spec->device_count);
		}
		spec->device_count++;
	}
	return 0;
}

static int parse_rule(const struct json *json, struct spec_device_rule *rule)
{
	const char *type = "a";
	const char *access = "";
	rule->major = -1;
	rule->minor = -1;
	if (json_bool(json, "allow", &rule->allow) < 0 || json_string(json, "type", &type) < 0 ||
	    json_string(json, "access", &access) < 0 || json_i64(json, "major", &rule->major) < 0 ||
	    json_i64(json, "minor", &rule->minor) < 0) {
		return -1;
	}
	rule->type = 'a';
	if (*type != '\0' && (type[1] != '\0' || strchr("abcu", *type) == NULL)) {
		return err_set(0, "type: \"%.8s\" is not a, b or c", type);
	}
	if (*type != '\0') {
		rule->type = *type;
	}
	if (*type == 'u') {
		rule->type = 'c';
	}
	if (rule->major < -1 || rule->minor < -1 || rule->major > UINT32_MAX ||
	    rule->minor > UINT32_MAX) {
		return err_set(0, "major, minor: out of range");
	}
	for (const char *c = access; *c != '\0'; c++) {
		if (strchr("rwm", *c) == NULL) {
			return err_set(0, "access: \"%.8s\" is not of r, w and m", access);
		}
		rule->access |= *c == 'r'   ? BPF_DEVCG_ACC_READ
				: *c == 'w' ? BPF_DEVCG_ACC_WRITE
					    : BPF_DEVCG_ACC_MKNOD;
	}
	if (*access == '\0') {
		rule->access = BPF_DEVCG_ACC_READ | BPF_DEVCG_ACC_WRITE | BPF_DEVCG_ACC_MKNOD;
	}
	return 0;
}

int spec_parse_rules(const struct json *resources, struct spec_device_rule **rules, uint32_t *count)
{
	struct json *list = NULL;
	*count = 0;
	if (json_typed(resources, "devices", JSON_ARRAY, &list) < 0) {
		return err_within("resources");
	}
	if (list == NULL) {
		return 0;
	}
	*rules = mem_get((list->count + 1) * sizeof(**rules));
	for (struct json *item = list->first; item != NULL; item = item->next) {
		if (parse_rule(item, &(*rules)[*count]) < 0) {
			return err_within("resources.devices[%u]", *count);
		}
		(*count)++;
	}
	return 0;
}

/* Which namespace a sysctl belongs to; 0 for one that is the whole machine's. */
static int sysctl_namespace(const char *key)
{
	static const struct {
		const char *prefix;
		int flag;
	} table[] = {
		{"kernel/msgmax", CLONE_NEWIPC},     {"kernel/msgmnb", CLONE_NEWIPC},
		{"kernel/msgmni", CLONE_NEWIPC},     {"kernel/sem", CLONE_NEWIPC},
		{"kernel/shmall", CLONE_NEWIPC},     {"kernel/shmmax", CLONE_NEWIPC},
		{"kernel/shmmni", CLONE_NEWIPC},     {"kernel/shm_rmid_forced", CLONE_NEWIPC},
		{"kernel/domainname", CLONE_NEWUTS}, {"kernel/hostname", CLONE_NEWUTS},
	};
	if (strncmp(key, "net/", 4) == 0) {
		return CLONE_NEWNET;
	}
	if (strncmp(key, "fs/mqueue/", 10) == 0) {
		return CLONE_NEWIPC;
	}
	if (strncmp(key, "user/", 5) == 0) {
		return CLONE_NEWUSER;
	}
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		if (strcmp(table[i].prefix, key) == 0) {
			return table[i].flag;
		}
	}
	return 0;
}

/*
 * The file below /proc/sys. With dots as separators, a slash stands for a dot in a name,
 * and the other way round; whichever comes first says which is meant, as sysctl(8) has it.
 */
static char *sysctl_path(const char *key)
{
	char *path = mem_copy(key, strlen(key));
	const char *first = strpbrk(key, "./");
	if (first != NULL && *first == '.') {
		for (char *c = path; *c != '\0'; c++) {
			if (*c == '.') {
				*c = '/';
			} else if (*c == '/') {
				*c = '.';
			}
		}
	}
	return path;
}

static bool sysctl_path_sound(const char *path)
{
	for (const char *c = path; *c != '\0'; c++) {
		if (!isalnum((unsigned char)*c) && strchr("/_-.:@", *c) == NULL) {
			return false;
		}
	}
	return *path != '/' && strstr(path, "..") == NULL && strstr(path, "//") == NULL;
}

static int parse_sysctls(const struct json *json, struct spec *spec)
{
	struct json *map = NULL;
	if (json_typed(json, "sysctl", JSON_OBJECT, &map) < 0) {
		return -1;
	}
	if (map == NULL) {
		return 0;
	}
	spec->sysctls = mem_get((map->count + 1) * sizeof(*spec->sysctls));
	for (struct json *item = map->first; item != NULL; item = item->next) {
		const char *path = sysctl_path(item->key);
		if (item->type != JSON_STRING) {
			return err_set(0, "sysctl: %.64s: must be a string", item->key);
		}
		int flag = sysctl_path_sound(path) ? sysctl_namespace(path) : 0;
		if (flag == 0) {
			return err_set(0, "sysctl: %.64s: is not in a namespace, or no name",
				       item->key);
		}
		if (!spec_has_namespace(spec, flag)) {
			return err_set(0, "sysctl: %.64s: its namespace would be the host's",
				       item->key);
		}
		if (flag == CLONE_NEWUTS && strcmp(path, "kernel/hostname") == 0) {
			return err_set(0, "sysctl: kernel.hostname: is what hostname is for");
		}
		spec->sysctls[spec->sysctl_count++] =
			(struct spec_sysctl){.key = path, .value = item->text};
	}
	return 0;
}

static int parse_personality(const struct json *json, struct spec *spec)
{
	struct json *object = NULL;
	struct json *flags = NULL;
	const char *domain = "";
	if (json_typed(json, "personality", JSON_OBJECT, &object) < 0) {
		return -1;
	}
	if (object == NULL) {
		return 0;
	}
	if (json_string(object, "domain", &domain) < 0 ||
	    json_typed(object, "flags", JSON_ARRAY, &flags) < 0) {
		return err_within("personality");
	}
	if (strcmp(domain, "LINUX") != 0 && strcmp(domain, "LINUX32") != 0) {
		return err_set(0, "personality: domain \"%.32s\" is not LINUX or LINUX32", domain);
	}
	if (flags != NULL && flags->count > 0) {
		return err_set(0, "personality: flags are not supported");
	}
	spec->has_personality = true;
	spec->personality = strcmp(domain, "LINUX32") == 0 ? PER_LINUX32 : PER_LINUX;
	return 0;
}

static int parse_time_offsets(const struct json *json, struct spec *spec)
{
	struct json *object = NULL;
	const char *text = "";
	if (json_typed(json, "timeOffsets", JSON_OBJECT, &object) < 0) {
		return -1;
	}
	if (object == NULL || object->count == 0) {
		return 0;
	}
	if (!spec_has_namespace(spec, CLONE_NEWTIME) ||
	    spec_namespace_path(spec, CLONE_NEWTIME) != NULL) {
		return err_set(0, "timeOffsets: needs a new time namespace");
	}
	for (struct json *item = object->first; item != NULL; item = item->next) {
		int64_t seconds = 0;
		uint32_t nanoseconds = 0;
		if (strcmp(item->key, "monotonic") != 0 && strcmp(item->key, "boottime") != 0) {
			return err_set(0, "timeOffsets: \"%.32s\" is no clock", item->key);
		}
		if (json_i64(item, "secs", &seconds) < 0 ||
		    json_u32(item, "nanosecs", &nanoseconds) < 0) {
			return err_within("timeOffsets");
		}
		text = mem_format("%s%s %lld %u\n", text, item->key, (long long)seconds,
				  nanoseconds);
	}
	spec->time_offsets = text;
	return 0;
}

static int parse_root_propagation(const struct json *json, struct spec *spec)
{
	const char *name = "";
	if (json_string(json, "rootfsPropagation", &name) < 0) {
		return -1;
	}
	static const struct {
		const char *name;
		uint64_t flags;
	} table[] = {
		{"", 0},
		{"private", MS_PRIVATE},
		{"rprivate", MS_PRIVATE | MS_REC},
		{"slave", MS_SLAVE},
		{"rslave", MS_SLAVE | MS_REC},
		{"shared", MS_SHARED},
		{"rshared", MS_SHARED | MS_REC},
		{"unbindable", MS_UNBINDABLE},
		{"runbindable", MS_UNBINDABLE | MS_REC},
	};
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		if (strcmp(table[i].name, name) == 0) {
			spec->root_propagation = table[i].flags;
			return 0;
		}
	}
	return err_set(0, "rootfsPropagation: \"%.32s\" is none", name);
}

/* A new user namespace without mappings: the process's user is the runtime's, as under crun. */
static void default_map(struct spec_maps *maps, uint32_t container, uint32_t host)
{
	if (maps->count == 0) {
		maps->map = mem_get(sizeof(*maps->map));
		*maps->map = (struct spec_map){.container = container, .host = host, .size = 1};
		maps->count = 1;
	}
}

static int check_linux(struct spec *spec)
{
	bool user = spec_has_namespace(spec, CLONE_NEWUSER);
	bool joined = spec_namespace_path(spec, CLONE_NEWUSER) != NULL;
	if (user && !joined) {
		default_map(&spec->uids, spec->process.uid, geteuid());
		default_map(&spec->gids, spec->process.gid, getegid());
	}
	if (user && !spec_has_namespace(spec, CLONE_NEWNS)) {
		return err_set(0, "namespaces: the root of a user namespace may mount in a mount "
				  "namespace of its own alone");
	}
	if (spec->cgroups_path != NULL && strchr(spec->cgroups_path, '\n') != NULL) {
		return err_set(0, "cgroupsPath: holds a line end");
	}
	return 0;
}

int spec_parse_linux(const struct json *json, struct spec *spec)
{
	struct json *object = NULL;
	struct json *resources = NULL;
	struct json *seccomp = NULL;
	struct json *rdt = NULL;
	if (json_typed(json, "linux", JSON_OBJECT, &object) < 0) {
		return -1;
	}
	if (object == NULL) {
		return err_set(0, "linux: is missing");
	}
	if (parse_namespaces(object, spec) < 0 ||
	    spec_parse_maps(object, "uidMappings", &spec->uids) < 0 ||
	    spec_parse_maps(object, "gidMappings", &spec->gids) < 0 ||
	    parse_devices(object, spec) < 0 ||
	    json_typed(object, "resources", JSON_OBJECT, &resources) < 0 ||
	    spec_parse_rules(resources, &spec->device_rules, &spec->device_rule_count) < 0 ||
	    parse_sysctls(object, spec) < 0 ||
	    json_strings(object, "maskedPaths", &spec->masked, NULL) < 0 ||
	    json_strings(object, "readonlyPaths", &spec->readonly, NULL) < 0 ||
	    json_string(object, "cgroupsPath", &spec->cgroups_path) < 0 ||
	    json_string(object, "mountLabel", &spec->mount_label) < 0 ||
	    json_typed(object, "seccomp", JSON_OBJECT, &seccomp) < 0 ||
	    json_typed(object, "intelRdt", JSON_OBJECT, &rdt) < 0 ||
	    parse_root_propagation(object, spec) < 0 || parse_personality(object, spec) < 0 ||
	    parse_time_offsets(object, spec) < 0 || check_linux(spec) < 0) {
		return err_within("linux");
	}
	if (rdt != NULL) {
		return err_set(0, "linux.intelRdt: is not supported");
	}
	spec->resources = resources;
	spec->seccomp = seccomp;
	return 0;
}
