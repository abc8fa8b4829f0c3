/* SPDX-License-Identifier: Apache-2.0 */
/* kill, pause, unpause, update, rename, tag: what changes a thing that is there. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "guests/linux/brig/engine/command.h"
#include "guests/linux/brig/engine/container.h"
#include "guests/linux/brig/engine/control.h"
#include "guests/linux/brig/engine/fault.h"
#include "guests/linux/brig/engine/file.h"
#include "guests/linux/brig/engine/limits.h"
#include "guests/linux/brig/engine/request.h"
#include "guests/linux/brig/engine/run.h"
#include "guests/linux/brig/engine/store.h"

static int pause_one(const struct container *c, const void *how)
{
	(void)how;
	return control_pause(c);
}

static int resume_one(const struct container *c, const void *how)
{
	(void)how;
	return control_resume(c);
}

static int kill_one(const struct container *c, const void *how)
{
	return control_signal(c, how);
}

int command_kill(int argc, char **argv)
{
	const char *name = command_value(&argc, argv, "--signal");
	name = name != NULL ? name : command_value(&argc, argv, "-s");
	return command_each(argc, argv, kill_one, name != NULL ? name : "KILL");
}

int command_pause(int argc, char **argv)
{
	return command_each(argc, argv, pause_one, NULL);
}

int command_unpause(int argc, char **argv)
{
	return command_each(argc, argv, resume_one, NULL);
}

/* -- update -------------------------------------------------------------------------- */

/* What can be changed while it runs: its key, and whether the control group has it. */
static const struct change {
	const char *key;
	const char *option;
	bool is_limit;
} changeable[] = {
	{"memory", "--memory", true},
	{"memory", "-m", true},
	{"memory_swap", "--memory-swap", true},
	{"memory_reservation", "--memory-reservation", true},
	{"cpus", "--cpus", true},
	{"cpu_shares", "--cpu-shares", true},
	{"cpu_shares", "-c", true},
	{"cpu_quota", "--cpu-quota", true},
	{"cpu_period", "--cpu-period", true},
	{"cpuset_cpus", "--cpuset-cpus", true},
	{"cpuset_mems", "--cpuset-mems", true},
	{"blkio_weight", "--blkio-weight", true},
	{"pids", "--pids-limit", true},
	{"restart", "--restart", false},
};

/* The limits that it is to have, all of them, but for its devices. */
static int apply_limits(const struct container *c, const json_t *wanted)
{
	const char *const words[] = {"update", "--resources", "-", c->id, NULL};
	json_t *none = json_array();
	json_t *resources = limits_resources(wanted, none);
	json_object_del(resources, "devices");
	char *text = json_dumps(resources, 0);
	int result = run_with_input(run_runtime_line(words), text);
	free(text);
	json_decref(resources);
	json_decref(none);
	return result;
}

static bool has_limit(const json_t *changes)
{
	for (size_t i = 0; i < sizeof(changeable) / sizeof(changeable[0]); i++) {
		if (changeable[i].is_limit && json_object_get(changes, changeable[i].key) != NULL) {
			return true;
		}
	}
	return false;
}

/* Of two ways to say the same the new one counts. */
static void drop_other(const json_t *changes, json_t *wanted)
{
	if (json_object_get(changes, "cpus") != NULL) {
		json_object_del(wanted, "cpu_quota");
		json_object_del(wanted, "cpu_period");
	} else if (json_object_get(changes, "cpu_quota") != NULL) {
		json_object_del(wanted, "cpus");
	}
}

/* One that runs first: what its kernel refuses is not kept. */
static int update_one(const struct container *c, const void *how)
{
	const json_t *changes = how;
	json_t *wanted = json_deep_copy(container_request(c));
	drop_other(changes, wanted);
	if (json_object_update(wanted, (json_t *)changes) < 0 || request_check(wanted) < 0) {
		return fault_in("update %s", container_name(c));
	}
	if (has_limit(changes) && !container_ended(c) && apply_limits(c, wanted) < 0) {
		return -1;
	}
	json_object_set_new(c->record, "request", wanted);
	return file_json_write(container_path(c, "container.json"), c->record);
}

int command_update(int argc, char **argv)
{
	json_t *changes = json_object();
	for (size_t i = 0; i < sizeof(changeable) / sizeof(changeable[0]); i++) {
		const char *value = command_value(&argc, argv, changeable[i].option);
		if (value != NULL) {
			json_object_set_new(changes, changeable[i].key, json_string(value));
		}
	}
	if (json_object_size(changes) == 0) {
		fault_set(0, "update: needs --memory, --cpus, --pids-limit, --restart or another "
			     "limit of run's");
		return command_fail();
	}
	return command_each(argc, argv, update_one, changes);
}

/* -- names ----------------------------------------------------------------------------- */

int command_rename(int argc, char **argv)
{
	struct container c;
	struct container other;
	fd_auto lock = store_lock();
	if (lock < 0 || command_operands(argc, argv, 2) < 0 || container_find(argv[1], &c) < 0) {
		return command_fail();
	}
	if (container_find(argv[2], &other) == 0 && strcmp(container_name(&other), argv[2]) == 0) {
		fault_set(0, "the name %s is taken by %.12s", argv[2], other.id);
		return command_fail();
	}
	json_t *request = json_deep_copy(container_request(&c));
	json_object_set_new(request, "name", json_string(argv[2]));
	if (request_check(request) < 0) {
		return command_fail();
	}
	json_object_set_new(c.record, "name", json_string(argv[2]));
	json_object_set_new(c.record, "request", request);
	return file_json_write(container_path(&c, "container.json"), c.record) < 0 ? command_fail()
										   : 0;
}

int command_tag(int argc, char **argv)
{
	struct image image;
	fd_auto lock = store_lock();
	if (lock < 0 || command_operands(argc, argv, 2) < 0 || store_find(argv[1], &image) < 0) {
		return command_fail();
	}
	if (!image_is_name(argv[2])) {
		fault_set(0, "\"%.40s\" cannot be an image's name", argv[2]);
		return command_fail();
	}
	return store_tag(store_full_name(argv[2]), &image.manifest) < 0 ? command_fail() : 0;
}
