/* SPDX-License-Identifier: Apache-2.0 */
/* config.json: what is taken, and what is refused by name. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <linux/mount.h>
#include <linux/sched.h>

#include "guests/linux/brig/lib/err.h"
#include "guests/linux/brig/lib/mem.h"
#include "guests/linux/brig/lib/spec.h"

#define HEAD "{\"ociVersion\":\"1.0.2\",\"root\":{\"path\":\"r\"},"
#define NS   "\"linux\":{\"namespaces\":[{\"type\":\"mount\"},{\"type\":\"uts\"}]"

static struct spec *parse(const char *text)
{
	return spec_parse(text, strlen(text), "c");
}

static void refused(const char *text, const char *why)
{
	assert_null(parse(text));
	if (strstr(err_text(), why) == NULL) {
		fail_msg("\"%s\" does not say \"%s\"", err_text(), why);
	}
	mem_free_all();
}

static void test_smallest(void **state)
{
	(void)state;
	const struct spec *spec = parse(HEAD NS "}}");
	assert_non_null(spec);
	assert_string_equal(spec->root_path, "r");
	assert_false(spec->has_process);
	assert_true(spec_has_namespace(spec, CLONE_NEWNS));
	assert_false(spec_has_namespace(spec, CLONE_NEWPID));
	mem_free_all();
}

static void test_json_that_is_none(void **state)
{
	(void)state;
	refused("", "premature EOF");
	refused("[]", "must be an object");
	refused("{\"ociVersion\":\"1.0.2\",}", "byte");
	refused("{\"ociVersion\":\"1.0.2\"} x", "byte");
	refused("{\"ociVersion\":\"1.\\u00000\"}", "NUL");
	refused("{\"ociVersion\":2}", "must be a string");
	refused("{\"ociVersion\":\"2.0.0\"}", "not a version");
}

static void test_C13_depth(void **state)
{
	(void)state;
	char deep[20001];
	memset(deep, '[', 20000);
	deep[20000] = '\0';
	refused(deep, "nested too deeply");
}

static void test_process(void **state)
{
	(void)state;
	const struct spec *spec =
		parse(HEAD NS "},\"process\":{\"cwd\":\"/\",\"args\":[\"a\"],"
			      "\"user\":{\"uid\":1,\"gid\":2,\"additionalGids\":[3,4],\"umask\":7},"
			      "\"capabilities\":{\"permitted\":[\"CAP_KILL\"],\"inheritable\":[],"
			      "\"ambient\":[\"CAP_KILL\"],\"bounding\":[\"CAP_NONE\",\"OTHER\"]},"
			      "\"rlimits\":[{\"type\":\"RLIMIT_CORE\",\"hard\":"
			      "18446744073709551615,\"soft\":1}]}}");
	assert_non_null(spec);
	assert_string_equal(spec->process.caps.unknown, "CAP_NONE, OTHER");
	assert_int_equal(spec->process.caps.bounding, 0);
	assert_int_equal(spec->process.group_count, 2);
	assert_int_equal(spec->process.groups[1], 4);
	assert_true(spec->process.rlimits[0].hard == UINT64_MAX);
	assert_true(spec->process.caps.permitted == 1U << 5);
	assert_true(spec->process.caps.ambient == 1U << 5);
	mem_free_all();
}

#define PROCESS(x) HEAD NS "},\"process\":{\"cwd\":\"/\",\"args\":[\"a\"]," x "}}"

static void test_process_refused(void **state)
{
	(void)state;
	refused(HEAD NS "},\"process\":{\"cwd\":\"/\",\"args\":[]}}", "args");
	refused(HEAD NS "},\"process\":{\"cwd\":\"x\",\"args\":[\"a\"]}}", "cwd");
	refused(PROCESS("\"user\":{\"uid\":4294967296}"), "uid");
	refused(PROCESS("\"user\":{\"uid\":-1}"), "uid");
	refused(PROCESS("\"user\":{\"uid\":1.5}"), "uid");
	refused(PROCESS("\"user\":{\"uid\":4294967295}"), "no user");
	refused(PROCESS("\"user\":{\"additionalGids\":[\"x\"]}"), "additionalGids");
	refused(PROCESS("\"rlimits\":[{\"type\":\"RLIMIT_X\"}]"), "RLIMIT_X");
	refused(PROCESS("\"rlimits\":[{\"type\":\"RLIMIT_CPU\",\"hard\":1,\"soft\":2}]"),
		"more than");
	refused(PROCESS("\"oomScoreAdj\":1001"), "oomScoreAdj");
	refused(PROCESS("\"env\":[\"=x\"]"), "no name");
}

static void test_mount_options(void **state)
{
	(void)state;
	const struct spec *spec = parse(
		HEAD NS
		"},\"mounts\":[{\"destination\":\"a/./b//\","
		"\"type\":\"tmpfs\",\"source\":\"t\",\"options\":[\"ro\",\"nosuid\",\"rnodev\","
		"\"size=1m\",\"rslave\",\"mode=755\",\"noatime\"]}]}");
	assert_non_null(spec);
	const struct spec_mount *mount = &spec->mounts[0];
	assert_string_equal(mount->destination, "/a/b");
	assert_string_equal(mount->data, "size=1m,mode=755");
	assert_true(mount->set == (MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOATIME));
	assert_true(mount->all_set == MOUNT_ATTR_NODEV);
	assert_true(mount->propagation_all);
	mem_free_all();
}

static void test_linux_refused(void **state)
{
	(void)state;
	refused(HEAD "\"linux\":{\"namespaces\":[{\"type\":\"user\"}]}}", "mount namespace");
	refused(HEAD NS ",\"sysctl\":{\"net.x\":\"1\"}}}", "namespace would be the host's");
	refused(HEAD NS ",\"sysctl\":{\"kernel.core_pattern\":\"1\"}}}", "not in a namespace");
	refused(HEAD NS ",\"sysctl\":{\"net/../kernel/x\":\"1\"}}}", "no name");
	refused(HEAD NS ",\"devices\":[{\"path\":\"/dev/x\",\"type\":\"z\"}]}}", "type");
	refused(HEAD NS ",\"cgroupsPath\":\"a\\nb\"}}", "line end");
	refused(HEAD NS ",\"rootfsPropagation\":\"x\"}}", "rootfsPropagation");
	refused(HEAD NS ",\"personality\":{\"domain\":\"X\"}}}", "domain");
	refused(HEAD "\"linux\":{\"namespaces\":[{\"type\":\"mount\"},{\"type\":\"mount\"}]}}",
		"twice");
}

static void test_hooks(void **state)
{
	(void)state;
	const struct spec *spec = parse(HEAD NS "},\"hooks\":{\"poststop\":[{\"path\":\"/x\"}]}}");
	assert_non_null(spec);
	assert_int_equal(spec->hooks[HOOK_POSTSTOP].count, 1);
	assert_string_equal(spec->hooks[HOOK_POSTSTOP].hook[0].args[0], "/x");
	mem_free_all();
	refused(HEAD NS "},\"hooks\":{\"prestart\":[{\"path\":\"x\"}]}}", "absolute");
	refused(HEAD NS "},\"hooks\":{\"prestart\":[{\"path\":\"/x\",\"timeout\":0}]}}", "timeout");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_smallest),        cmocka_unit_test(test_json_that_is_none),
		cmocka_unit_test(test_C13_depth),       cmocka_unit_test(test_process),
		cmocka_unit_test(test_process_refused), cmocka_unit_test(test_mount_options),
		cmocka_unit_test(test_linux_refused),   cmocka_unit_test(test_hooks),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
