/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Device access as a program of type BPF_PROG_TYPE_CGROUP_DEVICE: the rules from the last
 * to the first, and the first that matches decides. No static library of Debian's makes one.
 */
#include <errno.h>
#include <linux/bpf.h>
#include <stddef.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "guests/linux/brig/lib/cgroup.h"
#include "guests/linux/brig/lib/devices_bpf.h"
#include "guests/linux/brig/lib/err.h"
#include "guests/linux/brig/lib/io.h"
#include "guests/linux/brig/lib/mem.h"

#define ACCESS_ALL (BPF_DEVCG_ACC_READ | BPF_DEVCG_ACC_WRITE | BPF_DEVCG_ACC_MKNOD)

/* R2 the type, R3 the access, R4 the major, R5 the minor number that are asked about. */
enum {
	TYPE = 2,
	ACCESS = 3,
	MAJOR = 4,
	MINOR = 5,
	SCRATCH = 1
};

/* What every container has, whatever its rules: what its /dev is made of. */
static const struct spec_device_rule always[] = {
	{true, 'c', -1, -1, BPF_DEVCG_ACC_MKNOD},
	{true, 'b', -1, -1, BPF_DEVCG_ACC_MKNOD},
	{true, 'c', 1, 3, ACCESS_ALL},
	{true, 'c', 1, 5, ACCESS_ALL},
	{true, 'c', 1, 7, ACCESS_ALL},
	{true, 'c', 1, 8, ACCESS_ALL},
	{true, 'c', 1, 9, ACCESS_ALL},
	{true, 'c', 5, 0, ACCESS_ALL},
	{true, 'c', 136, -1, ACCESS_ALL},
	{true, 'c', 5, 2, ACCESS_ALL},
};

static void emit(struct devices_program *p, uint8_t code, int dst, int src, int off, int32_t imm)
{
	p->code[p->length++] = (struct bpf_insn){
		.code = code,
		.dst_reg = (uint8_t)dst & 0xf,
		.src_reg = (uint8_t)src & 0xf,
		.off = (int16_t)off,
		.imm = imm,
	};
}

static void emit_exit(struct devices_program *p, bool allow)
{
	emit(p, BPF_ALU64 | BPF_MOV | BPF_K, 0, 0, 0, allow);
	emit(p, BPF_JMP | BPF_EXIT, 0, 0, 0, 0);
}

/* struct bpf_cgroup_dev_ctx: access_type is (access << 16) | type. */
static void emit_load(struct devices_program *p)
{
	const uint8_t load = BPF_LDX | BPF_MEM | BPF_W;
	emit(p, load, TYPE, 1, offsetof(struct bpf_cgroup_dev_ctx, access_type), 0);
	emit(p, BPF_ALU | BPF_MOV | BPF_X, ACCESS, TYPE, 0, 0);
	emit(p, BPF_ALU | BPF_AND | BPF_K, TYPE, 0, 0, 0xffff);
	emit(p, BPF_ALU | BPF_RSH | BPF_K, ACCESS, 0, 0, 16);
	emit(p, load, MAJOR, 1, offsetof(struct bpf_cgroup_dev_ctx, major), 0);
	emit(p, load, MINOR, 1, offsetof(struct bpf_cgroup_dev_ctx, minor), 0);
}

/* Returns false for a rule that leaves nothing to the ones before it. */
static bool emit_rule(struct devices_program *p, const struct spec_device_rule *rule)
{
	uint32_t jumps[4];
	uint32_t count = 0;
	const uint8_t not_equal = BPF_JMP | BPF_JNE | BPF_K;

	if (rule->type != 'a') {
		jumps[count++] = p->length;
		emit(p, not_equal, TYPE, 0, 0,
		     rule->type == 'b' ? BPF_DEVCG_DEV_BLOCK : BPF_DEVCG_DEV_CHAR);
	}
	if (rule->access != ACCESS_ALL) {
		emit(p, BPF_ALU | BPF_MOV | BPF_X, SCRATCH, ACCESS, 0, 0);
		/* To allow, the rule must cover all that is asked; to deny, any of it. */
		emit(p, BPF_ALU | BPF_AND | BPF_K, SCRATCH, 0, 0,
		     (int32_t)(rule->allow ? ~rule->access & ACCESS_ALL : rule->access));
		jumps[count++] = p->length;
		emit(p, rule->allow ? not_equal : BPF_JMP | BPF_JEQ | BPF_K, SCRATCH, 0, 0, 0);
	}
	if (rule->major >= 0) {
		jumps[count++] = p->length;
		emit(p, not_equal, MAJOR, 0, 0, (int32_t)rule->major);
	}
	if (rule->minor >= 0) {
		jumps[count++] = p->length;
		emit(p, not_equal, MINOR, 0, 0, (int32_t)rule->minor);
	}
	emit_exit(p, rule->allow);
	for (uint32_t i = 0; i < count; i++) {
		p->code[jumps[i]].off = (int16_t)(p->length - jumps[i] - 1);
	}
	return count > 0;
}

void devices_program_make(struct devices_program *p, const struct spec_device_rule *rules,
			  uint32_t count)
{
	const uint32_t fixed = sizeof(always) / sizeof(always[0]);
	p->length = 0;
	p->code = mem_get((6 + (count + fixed) * 8 + 2) * sizeof(*p->code));
	emit_load(p);
	for (uint32_t i = fixed; i-- > 0;) {
		emit_rule(p, &always[i]);
	}
	/* The verifier takes no code that is never reached. */
	bool open = true;
	for (uint32_t i = count; i-- > 0 && open;) {
		open = emit_rule(p, &rules[i]);
	}
	if (open) {
		emit_exit(p, count == 0);
	}
}

struct spec_device_rule *devices_default_rules(const struct spec_device *devices,
					       uint32_t device_count, uint32_t *count)
{
	struct spec_device_rule *rules = mem_get((device_count + 1) * sizeof(*rules));
	rules[0] = (struct spec_device_rule){false, 'a', -1, -1, ACCESS_ALL};
	*count = 1;
	for (uint32_t i = 0; i < device_count; i++) {
		if (!S_ISFIFO(devices[i].type)) {
			char type = S_ISBLK(devices[i].type) ? 'b' : 'c';
			rules[(*count)++] = (struct spec_device_rule){true, type, devices[i].major,
								      devices[i].minor, ACCESS_ALL};
		}
	}
	return rules;
}

static int bpf(enum bpf_cmd command, union bpf_attr *attr)
{
	return (int)syscall(SYS_bpf, command, attr, sizeof(*attr));
}

static int load(const struct devices_program *p)
{
	union bpf_attr attr;
	memset(&attr, 0, sizeof(attr));
	attr.prog_type = BPF_PROG_TYPE_CGROUP_DEVICE;
	attr.insns = (uint64_t)(uintptr_t)p->code;
	attr.insn_cnt = p->length;
	attr.license = (uint64_t)(uintptr_t) "Apache-2.0";
	int fd = bpf(BPF_PROG_LOAD, &attr);
	return fd < 0 ? err_set(errno, "load the device filter") : fd;
}

/* The program that an earlier attach left; a group of ours has at most one. */
static int attached(int cgroup_dir)
{
	uint32_t id = 0;
	union bpf_attr attr;
	memset(&attr, 0, sizeof(attr));
	attr.query.target_fd = (uint32_t)cgroup_dir;
	attr.query.attach_type = BPF_CGROUP_DEVICE;
	attr.query.prog_ids = (uint64_t)(uintptr_t)&id;
	attr.query.prog_cnt = 1;
	if (bpf(BPF_PROG_QUERY, &attr) < 0 || attr.query.prog_cnt == 0) {
		return -1;
	}
	memset(&attr, 0, sizeof(attr));
	attr.prog_id = id;
	return bpf(BPF_PROG_GET_FD_BY_ID, &attr);
}

int devices_bpf_attach(int cgroup_dir, const struct spec_device_rule *rules, uint32_t count,
		       bool replace)
{
	struct devices_program program;
	if (count == 0) {
		return 0;
	}
	devices_program_make(&program, rules, count);
	fd_auto fd = load(&program);
	if (fd < 0) {
		return -1;
	}
	fd_auto old = replace ? attached(cgroup_dir) : -1;
	union bpf_attr attr;
	memset(&attr, 0, sizeof(attr));
	attr.target_fd = (uint32_t)cgroup_dir;
	attr.attach_bpf_fd = (uint32_t)fd;
	attr.attach_type = BPF_CGROUP_DEVICE;
	attr.attach_flags = BPF_F_ALLOW_MULTI | (old >= 0 ? BPF_F_REPLACE : 0U);
	attr.replace_bpf_fd = old >= 0 ? (uint32_t)old : 0;
	if (bpf(BPF_PROG_ATTACH, &attr) < 0) {
		return err_set(errno, "attach the device filter");
	}
	return 0;
}
