/* SPDX-License-Identifier: Apache-2.0 */
/* The device filter, run by a small interpreter of the instructions that it is made of. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "guests/linux/brig/lib/devices_bpf.h"
#include "guests/linux/brig/lib/mem.h"

enum {
	R = BPF_DEVCG_ACC_READ,
	W = BPF_DEVCG_ACC_WRITE,
	M = BPF_DEVCG_ACC_MKNOD
};

static uint64_t context_word(int offset, uint32_t type, uint32_t access, uint32_t major,
			     uint32_t minor)
{
	switch (offset) {
	case offsetof(struct bpf_cgroup_dev_ctx, access_type):
		return access << 16 | type;
	case offsetof(struct bpf_cgroup_dev_ctx, major):
		return major;
	default:
		return minor;
	}
}

static bool allows(const struct devices_program *p, char type, uint32_t major, uint32_t minor,
		   uint32_t access)
{
	uint64_t r[11] = {0};
	uint32_t kind = type == 'b' ? BPF_DEVCG_DEV_BLOCK : BPF_DEVCG_DEV_CHAR;
	for (uint32_t pc = 0; pc < p->length; pc++) {
		const struct bpf_insn *i = &p->code[pc];
		uint64_t *dst = &r[i->dst_reg];
		switch (i->code) {
		case BPF_LDX | BPF_MEM | BPF_W:
			*dst = context_word(i->off, kind, access, major, minor);
			break;
		case BPF_ALU | BPF_MOV | BPF_X:
			*dst = (uint32_t)r[i->src_reg];
			break;
		case BPF_ALU | BPF_AND | BPF_K:
			*dst = (uint32_t)*dst & (uint32_t)i->imm;
			break;
		case BPF_ALU | BPF_RSH | BPF_K:
			*dst = (uint32_t)*dst >> i->imm;
			break;
		case BPF_ALU64 | BPF_MOV | BPF_K:
			*dst = (uint64_t)(int64_t)i->imm;
			break;
		case BPF_JMP | BPF_JNE | BPF_K:
			pc += *dst != (uint64_t)(int64_t)i->imm ? (uint32_t)i->off : 0;
			break;
		case BPF_JMP | BPF_JEQ | BPF_K:
			pc += *dst == (uint64_t)(int64_t)i->imm ? (uint32_t)i->off : 0;
			break;
		case BPF_JMP | BPF_EXIT:
			return r[0] != 0;
		default:
			fail_msg("instruction %#x is not one of these", i->code);
		}
	}
	fail_msg("the program runs over its end");
	return false;
}

static void test_default_is_what_is_made(void **state)
{
	const struct spec_device devices[] = {
		{.type = S_IFCHR, .major = 10, .minor = 229},
		{.type = S_IFIFO},
		{.type = S_IFBLK, .major = 7, .minor = 1},
	};
	struct devices_program p;
	uint32_t count;
	(void)state;
	const struct spec_device_rule *rules = devices_default_rules(devices, 3, &count);
	assert_int_equal(count, 3);
	devices_program_make(&p, rules, count);
	assert_true(allows(&p, 'c', 1, 3, R | W));
	assert_true(allows(&p, 'c', 10, 229, R | W));
	assert_false(allows(&p, 'b', 10, 229, R));
	assert_true(allows(&p, 'b', 7, 1, R));
	assert_false(allows(&p, 'b', 7, 0, R));
	assert_false(allows(&p, 'c', 0, 0, R));
	mem_free_all();
}

static void test_no_rule_allows_all(void **state)
{
	struct devices_program p;
	(void)state;
	devices_program_make(&p, NULL, 0);
	assert_true(allows(&p, 'b', 8, 0, R | W | M));
	mem_free_all();
}

static void test_deny_all_but_some(void **state)
{
	static const struct spec_device_rule rules[] = {
		{false, 'a', -1, -1, R | W | M}, {true, 'b', 8, 0, R}, {true, 'c', 10, -1, R | W}};
	struct devices_program p;
	(void)state;
	devices_program_make(&p, rules, 3);
	assert_true(allows(&p, 'b', 8, 0, R));
	assert_false(allows(&p, 'b', 8, 0, R | W));
	assert_false(allows(&p, 'b', 8, 1, R));
	assert_false(allows(&p, 'c', 8, 0, R));
	assert_true(allows(&p, 'c', 10, 77, R | W));
	assert_false(allows(&p, 'c', 1, 1, R));
	mem_free_all();
}

static void test_later_rules_win(void **state)
{
	static const struct spec_device_rule rules[] = {{true, 'a', -1, -1, R | W | M},
							{false, 'c', 1, 1, W}};
	struct devices_program p;
	(void)state;
	devices_program_make(&p, rules, 2);
	assert_true(allows(&p, 'c', 1, 1, R));
	assert_false(allows(&p, 'c', 1, 1, W));
	assert_false(allows(&p, 'c', 1, 1, R | W));
	assert_true(allows(&p, 'b', 1, 1, W));
	mem_free_all();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_no_rule_allows_all),
		cmocka_unit_test(test_default_is_what_is_made),
		cmocka_unit_test(test_deny_all_but_some),
		cmocka_unit_test(test_later_rules_win),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
