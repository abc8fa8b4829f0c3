/* SPDX-License-Identifier: Apache-2.0 */
/* linux.resources as files of cgroup version 2 (config-linux.md; the kernel's cgroup-v2.rst). */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "guests/linux/brig/lib/cgroup.h"
#include "guests/linux/brig/lib/cgroup_plan.h"
#include "guests/linux/brig/lib/err.h"
#include "guests/linux/brig/lib/io.h"
#include "guests/linux/brig/lib/mem.h"

static int add(struct cgroup_writes *writes, const char *file, const char *value)
{
	if (writes->count == CGROUP_WRITES) {
		return err_set(0, "more than %u limits", CGROUP_WRITES);
	}
	writes->write[writes->count++] = (struct cgroup_write){.file = file, .value = value};
	return 0;
}

/* A limit as the specification has it: negative is none. */
static const char *limit_text(int64_t limit)
{
	return limit < 0 ? "max" : mem_format("%lld", (long long)limit);
}

static int get_i64(const struct json *object, const char *key, int64_t *value, bool *given)
{
	*given = json_get(object, key) != NULL;
	return json_i64(object, key, value);
}

/* What version 1 had and version 2 has not: asked for in earnest, it is refused. */
static int refuse(const struct json *object, const char *key, int64_t none)
{
	int64_t value = none;
	if (json_i64(object, key, &value) < 0) {
		return -1;
	}
	return value == none || value == 0
		       ? 0
		       : err_set(0, "%s: cgroup version 2 has no such limit", key);
}

static int plan_memory(const struct json *memory, struct cgroup_writes *writes)
{
	int64_t limit = 0;
	int64_t swap = 0;
	int64_t low = 0;
	bool has_limit;
	bool has_swap;
	bool has_low;
	bool no_oom = false;

	if (get_i64(memory, "limit", &limit, &has_limit) < 0 ||
	    get_i64(memory, "swap", &swap, &has_swap) < 0 ||
	    get_i64(memory, "reservation", &low, &has_low) < 0 ||
	    json_bool(memory, "disableOOMKiller", &no_oom) < 0 ||
	    refuse(memory, "kernel", -1) < 0 || refuse(memory, "kernelTCP", -1) < 0 ||
	    refuse(memory, "swappiness", -1) < 0) {
		return -1;
	}
	if (no_oom) {
		return err_set(0, "disableOOMKiller: cgroup version 2 has no such switch");
	}
	if (has_limit && limit != 0 && add(writes, "memory.max", limit_text(limit)) < 0) {
		return -1;
	}
	if (has_low && low != 0 && add(writes, "memory.low", limit_text(low)) < 0) {
		return -1;
	}
	if (!has_swap || swap == 0) {
		return 0;
	}
	/* The specification's number is memory and swap together, the kernel's is swap alone. */
	if (swap > 0 && (limit <= 0 || swap < limit)) {
		return err_set(0, "swap: needs a limit, and is at least that much");
	}
	return add(writes, "memory.swap.max", swap < 0 ? "max" : limit_text(swap - limit));
}

/* What every group of version 1 has; containerd always writes it into config.json. */
#define SHARES_DEFAULT 1024U

/* 2 to 262144 shares onto a weight of 1 to 10000, as runc and crun have it. */
static uint64_t weight_of_shares(uint64_t shares)
{
	shares = shares < 2 ? 2 : shares > 262144 ? 262144 : shares;
	return 1 + (shares - 2) * 9999 / 262142;
}

static int plan_quota(const struct json *cpu, struct cgroup_writes *writes)
{
	int64_t quota = 0;
	uint64_t period = 0;
	uint64_t burst = 0;
	if (json_i64(cpu, "quota", &quota) < 0 || json_u64(cpu, "period", &period) < 0 ||
	    json_u64(cpu, "burst", &burst) < 0) {
		return -1;
	}
	if (quota != 0 || period != 0) {
		const char *first = quota > 0 ? limit_text(quota) : "max";
		const char *value =
			period != 0 ? mem_format("%s %llu", first, (unsigned long long)period)
				    : first;
		if (add(writes, "cpu.max", value) < 0) {
			return -1;
		}
	}
	return burst == 0 ? 0
			  : add(writes, "cpu.max.burst",
				mem_format("%llu", (unsigned long long)burst));
}

static int plan_cpu(const struct json *cpu, struct cgroup_writes *writes)
{
	uint64_t shares = 0;
	int64_t idle = 0;
	const char *cpus = "";
	const char *mems = "";

	if (json_u64(cpu, "shares", &shares) < 0 || json_i64(cpu, "idle", &idle) < 0 ||
	    json_string(cpu, "cpus", &cpus) < 0 || json_string(cpu, "mems", &mems) < 0 ||
	    refuse(cpu, "realtimeRuntime", 0) < 0 || refuse(cpu, "realtimePeriod", 0) < 0) {
		return -1;
	}
	if (shares != 0) {
		if (add(writes, "cpu.weight",
			mem_format("%llu", (unsigned long long)weight_of_shares(shares))) < 0) {
			return -1;
		}
		writes->write[writes->count - 1].none = shares == SHARES_DEFAULT;
	}
	if (json_get(cpu, "idle") != NULL && add(writes, "cpu.idle", limit_text(idle)) < 0) {
		return -1;
	}
	if (*cpus != '\0' && add(writes, "cpuset.cpus", cpus) < 0) {
		return -1;
	}
	if (*mems != '\0' && add(writes, "cpuset.mems", mems) < 0) {
		return -1;
	}
	return plan_quota(cpu, writes);
}

static int plan_throttle(const struct json *block, const char *key, const char *name,
			 struct cgroup_writes *writes)
{
	struct json *list = NULL;
	if (json_typed(block, key, JSON_ARRAY, &list) < 0) {
		return -1;
	}
	for (struct json *item = list == NULL ? NULL : list->first; item != NULL;
	     item = item->next) {
		uint64_t major = 0;
		uint64_t minor = 0;
		uint64_t rate = 0;
		if (json_u64(item, "major", &major) < 0 || json_u64(item, "minor", &minor) < 0 ||
		    json_u64(item, "rate", &rate) < 0) {
			return err_within("%s", key);
		}
		const char *value =
			rate == 0 ? "max" : mem_format("%llu", (unsigned long long)rate);
		if (add(writes, "io.max",
			mem_format("%llu:%llu %s=%s", (unsigned long long)major,
				   (unsigned long long)minor, name, value)) < 0) {
			return -1;
		}
	}
	return 0;
}

/* BFQ takes the number as it is; io.weight has 1 to 10000 instead of 10 to 1000. */
static int add_weight(struct cgroup_writes *writes, const char *device, uint64_t weight)
{
	if (weight < 10 || weight > 1000) {
		return err_set(0, "weight: must be from 10 to 1000");
	}
	const char *bfq = mem_format("%s%llu", device, (unsigned long long)weight);
	if (add(writes, "io.bfq.weight", bfq) < 0) {
		return -1;
	}
	struct cgroup_write *write = &writes->write[writes->count - 1];
	write->other_file = "io.weight";
	write->other_value = mem_format("%s%llu", device, 1ULL + (weight - 10) * 9999 / 990);
	return 0;
}

static int plan_weights(const struct json *block, struct cgroup_writes *writes)
{
	struct json *list = NULL;
	uint64_t weight = 0;
	if (json_u64(block, "weight", &weight) < 0 || refuse(block, "leafWeight", 0) < 0 ||
	    json_typed(block, "weightDevice", JSON_ARRAY, &list) < 0) {
		return -1;
	}
	if (weight != 0 && add_weight(writes, "", weight) < 0) {
		return -1;
	}
	for (struct json *item = list == NULL ? NULL : list->first; item != NULL;
	     item = item->next) {
		uint64_t major = 0;
		uint64_t minor = 0;
		if (json_u64(item, "major", &major) < 0 || json_u64(item, "minor", &minor) < 0 ||
		    json_u64(item, "weight", &weight) < 0 || refuse(item, "leafWeight", 0) < 0) {
			return err_within("weightDevice");
		}
		const char *device = mem_format("%llu:%llu ", (unsigned long long)major,
						(unsigned long long)minor);
		if (add_weight(writes, device, weight) < 0) {
			return err_within("weightDevice");
		}
	}
	return 0;
}

static int plan_block(const struct json *block, struct cgroup_writes *writes)
{
	if (plan_weights(block, writes) < 0 ||
	    plan_throttle(block, "throttleReadBpsDevice", "rbps", writes) < 0 ||
	    plan_throttle(block, "throttleWriteBpsDevice", "wbps", writes) < 0 ||
	    plan_throttle(block, "throttleReadIOPSDevice", "riops", writes) < 0 ||
	    plan_throttle(block, "throttleWriteIOPSDevice", "wiops", writes) < 0) {
		return -1;
	}
	return 0;
}

static int plan_pids(const struct json *pids, struct cgroup_writes *writes)
{
	int64_t limit = 0;
	if (json_i64(pids, "limit", &limit) < 0) {
		return -1;
	}
	return limit == 0 ? 0 : add(writes, "pids.max", limit_text(limit));
}

static int plan_hugepages(const struct json *list, struct cgroup_writes *writes)
{
	for (const struct json *item = list->first; item != NULL; item = item->next) {
		const char *size = "";
		uint64_t limit = 0;
		if (json_string(item, "pageSize", &size) < 0 ||
		    json_u64(item, "limit", &limit) < 0) {
			return -1;
		}
		if (*size == '\0' || strspn(size, "0123456789KMGB") != strlen(size)) {
			return err_set(0, "pageSize: \"%.16s\" is none", size);
		}
		const char *file = mem_format("hugetlb.%s.max", size);
		const char *value = mem_format("%llu", (unsigned long long)limit);
		if (add(writes, file, value) < 0 ||
		    add(writes, mem_format("hugetlb.%s.rsvd.max", size), value) < 0) {
			return -1;
		}
		/* Reservations have a limit since Linux 5.7. */
		writes->write[writes->count - 1].other_file = file;
		writes->write[writes->count - 1].other_value = value;
	}
	return 0;
}

static int plan_rdma(const struct json *rdma, struct cgroup_writes *writes)
{
	for (const struct json *item = rdma->first; item != NULL; item = item->next) {
		uint32_t handles = UINT32_MAX;
		uint32_t objects = UINT32_MAX;
		if (json_u32(item, "hcaHandles", &handles) < 0 ||
		    json_u32(item, "hcaObjects", &objects) < 0) {
			return -1;
		}
		const char *handle_text = handles == UINT32_MAX ? "max" : limit_text(handles);
		const char *object_text = objects == UINT32_MAX ? "max" : limit_text(objects);
		if (add(writes, "rdma.max",
			mem_format("%s hca_handle=%s hca_object=%s", item->key, handle_text,
				   object_text)) < 0) {
			return -1;
		}
	}
	return 0;
}

static int plan_unified(const struct json *unified, struct cgroup_writes *writes)
{
	for (const struct json *item = unified->first; item != NULL; item = item->next) {
		if (item->type != JSON_STRING) {
			return err_set(0, "%.64s: must be a string", item->key);
		}
		if (strchr(item->key, '/') != NULL || strchr(item->key, '.') == NULL ||
		    strncmp(item->key, "cgroup.", 7) == 0) {
			return err_set(0, "\"%.64s\" is no file of a controller", item->key);
		}
		if (add(writes, item->key, item->text) < 0) {
			return -1;
		}
	}
	return 0;
}

static int plan_network(const struct json *network)
{
	struct json *priorities = NULL;
	if (refuse(network, "classID", 0) < 0 ||
	    json_typed(network, "priorities", JSON_ARRAY, &priorities) < 0) {
		return -1;
	}
	return priorities == NULL || priorities->count == 0
		       ? 0
		       : err_set(0, "priorities: cgroup version 2 has no such setting");
}

int cgroup_plan_writes(const struct json *resources, struct cgroup_writes *writes)
{
	static const struct {
		const char *key;
		enum json_type type;
		int (*plan)(const struct json *, struct cgroup_writes *);
	} parts[] = {
		{"memory", JSON_OBJECT, plan_memory},
		{"cpu", JSON_OBJECT, plan_cpu},
		{"pids", JSON_OBJECT, plan_pids},
		{"blockIO", JSON_OBJECT, plan_block},
		{"hugepageLimits", JSON_ARRAY, plan_hugepages},
		{"rdma", JSON_OBJECT, plan_rdma},
		{"unified", JSON_OBJECT, plan_unified},
	};
	struct json *network = NULL;
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		struct json *part = NULL;
		if (json_typed(resources, parts[i].key, parts[i].type, &part) < 0 ||
		    (part != NULL && parts[i].plan(part, writes) < 0)) {
			return err_within("linux.resources.%s", parts[i].key);
		}
	}
	if (json_typed(resources, "network", JSON_OBJECT, &network) < 0 ||
	    (network != NULL && plan_network(network) < 0)) {
		return err_within("linux.resources.network");
	}
	return 0;
}

static bool limits_nothing(const struct cgroup_write *write)
{
	size_t length = strlen(write->file);
	bool maximum = length > 4 && strcmp(write->file + length - 4, ".max") == 0;
	return write->none || (maximum && (strcmp(write->value, "max") == 0 ||
					   strncmp(write->value, "max ", 4) == 0));
}

const char *cgroup_asks(const struct json *resources)
{
	struct cgroup_writes *writes = mem_get(sizeof(*writes));
	if (resources == NULL) {
		return NULL;
	}
	if (cgroup_plan_writes(resources, writes) < 0) {
		err_clear();
		return "(see linux.resources)";
	}
	for (uint32_t i = 0; i < writes->count; i++) {
		if (!limits_nothing(&writes->write[i])) {
			return writes->write[i].file;
		}
	}
	return NULL;
}

static int write_one(int dir, const struct cgroup_write *write)
{
	if (io_write_at(dir, write->file, write->value) == 0) {
		return 0;
	}
	if (write->other_file != NULL && err_number() == ENOENT) {
		return io_write_at(dir, write->other_file, write->other_value);
	}
	/* Without its controller nothing is limited, which is what was asked for. */
	if (limits_nothing(write) && err_number() == ENOENT) {
		err_clear();
		return 0;
	}
	return -1;
}

int cgroup_check_memory(int dir, const struct json *resources)
{
	const struct json *memory = json_get(resources, "memory");
	bool asked = false;
	int64_t limit = 0;
	if (memory == NULL) {
		return 0;
	}
	if (json_bool(memory, "checkBeforeUpdate", &asked) < 0 ||
	    json_i64(memory, "limit", &limit) < 0) {
		return err_within("memory");
	}
	const char *used = asked && limit > 0 ? io_peek(dir, "memory.current") : NULL;
	if (used != NULL && strtoull(used, NULL, 10) > (uint64_t)limit) {
		return err_set(0, "memory.limit: %lld is less than is used now, %.*s",
			       (long long)limit, (int)strcspn(used, "\n"), used);
	}
	return 0;
}

int cgroup_set(const struct cgroup *cgroup, const struct json *resources)
{
	if (resources == NULL) {
		return 0;
	}
	struct cgroup_writes *writes = mem_get(sizeof(*writes));
	if (cgroup_plan_writes(resources, writes) < 0) {
		return -1;
	}
	if (writes->count > 0 && cgroup->dir < 0) {
		return err_set(0, "%s: the container has no cgroup of version 2",
			       writes->write[0].file);
	}
	if (cgroup_check_memory(cgroup->dir, resources) < 0) {
		return -1;
	}
	for (uint32_t i = 0; i < writes->count; i++) {
		if (write_one(cgroup->dir, &writes->write[i]) < 0) {
			return err_within("cgroup %s", cgroup->path);
		}
	}
	return 0;
}
