/* SPDX-License-Identifier: Apache-2.0 */
/* The engine's parsers: what a user writes, restart back-off, manifests, pods. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "guests/linux/brig/engine/image.h"
#include "guests/linux/brig/engine/parse.h"
#include "guests/linux/brig/engine/pod.h"
#include "guests/linux/brig/engine/request.h"
#include "guests/linux/brig/engine/restart.h"

/* The engine's texts live as long as its process (file_text()). */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
	return "detect_leaks=0";
}

#define ZERO64 "0000000000000000000000000000000000000000000000000000000000000000"
#define BLOB   "{\"digest\": \"sha256:" ZERO64 "\", \"size\": 5, \"mediaType\": \"x.tar\"}"

static void sizes(void **state)
{
	int64_t bytes;
	(void)state;
	assert_int_equal(parse_size("64M", &bytes), 0);
	assert_int_equal(bytes, 64 << 20);
	assert_int_equal(parse_size("1.5k", &bytes), 0);
	assert_int_equal(bytes, 1536);
	static const char *const bad[] = {"", "M", "-1", "1T", "nan", "inf", "1e400", "1 M", "0x"};
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(parse_size(bad[i], &bytes), -1);
	}
}

static void ports(void **state)
{
	struct parse_port port;
	(void)state;
	assert_int_equal(parse_port("127.0.0.1:8080:80/udp", &port), 0);
	assert_string_equal(port.address, "127.0.0.1");
	assert_int_equal(port.host, 8080);
	assert_int_equal(port.container, 80);
	assert_true(port.udp);
	static const char *const bad[] = {"80",         "0:80", "80:65536", "x:80:80",
					  "80:80/sctp", ":80",  "80:",      "1;2:80:80"};
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(parse_port(bad[i], &port), -1);
	}
}

static void restart_policies(void **state)
{
	struct parse_restart policy;
	(void)state;
	assert_int_equal(parse_restart("on-failure:3", &policy), 0);
	assert_true(restart_wanted(&policy, 1, 2, false));
	assert_false(restart_wanted(&policy, 1, 3, false));
	assert_false(restart_wanted(&policy, 0, 0, false));
	assert_false(restart_wanted(&policy, 1, 0, true));
	assert_int_equal(parse_restart("always", &policy), 0);
	assert_true(restart_wanted(&policy, 0, 100, false));
	assert_int_equal(parse_restart("always:3", &policy), -1);
	assert_int_equal(parse_restart("onfailure", &policy), -1);
}

static void keys(void **state)
{
	char row[PARSE_KEYS];
	(void)state;
	assert_int_equal(parse_keys("ctrl-p,ctrl-Q", row), 2);
	assert_memory_equal(row, "\x10\x11", 2);
	assert_int_equal(parse_keys("a,%", row), 2);
	assert_memory_equal(row, "a%", 2);
	assert_int_equal(parse_keys("", row), 0);
	static const char *const bad[] = {"ctrl-", "ctrl-1", ",a",
					  "ab",    "a,,b",   "a,b,c,d,e,f,g,h,i"};
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(parse_keys(bad[i], row), -1);
	}
}

static void back_off(void **state)
{
	(void)state;
	assert_int_equal(restart_delay(0), 100);
	assert_int_equal(restart_delay(3), 800);
	assert_int_equal(restart_delay(10), 60000);
	assert_int_equal(restart_delay(UINT32_MAX), 60000);
	assert_int_equal(restart_count(5, 9999), 6);
	assert_int_equal(restart_count(5, 10000), 0);
}

static int manifest(const char *text)
{
	struct image image;
	json_t *value = json_loads(text, 0, NULL);
	assert_non_null(value);
	int result = image_parse_manifest(value, &image);
	json_decref(value);
	return result;
}

static void manifests(void **state)
{
	(void)state;
	assert_int_equal(
		manifest("{\"schemaVersion\":2,\"config\":" BLOB ",\"layers\":[" BLOB "]}"), 0);
	static const char *const bad[] = {
		"{}",
		"[]",
		"{\"schemaVersion\":2,\"config\":" BLOB "}",
		"{\"schemaVersion\":1,\"config\":" BLOB ",\"layers\":[]}",
		"{\"schemaVersion\":2,\"config\":" BLOB ",\"layers\":[],\"manifests\":[]}",
		"{\"schemaVersion\":2,\"config\":" BLOB ",\"layers\":{}}",
		"{\"schemaVersion\":2,\"config\":" BLOB ",\"layers\":[{}]}",
		"{\"schemaVersion\":2,\"config\":{\"digest\":\"sha256:..\"},\"layers\":[]}",
	};
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(manifest(bad[i]), -1);
	}
}

static json_t *pod(const char *text)
{
	FILE *file = fmemopen((void *)text, strlen(text), "r");
	json_t *value = pod_read(file, "pod");
	fclose(file);
	return value;
}

static void pods_are_ordered(void **state)
{
	(void)state;
	json_t *value = pod("name: p\ncontainers:\n- {name: a, image: i, depends_on: b}\n"
			    "- {name: b, image: i, ports: ['1:2']}\n");
	assert_non_null(value);
	const json_t *list = json_object_get(value, "containers");
	assert_string_equal(request_text(json_array_get(list, 0), "name", ""), "p-b");
	assert_string_equal(request_text(json_array_get(list, 1), "name", ""), "p-a");
	json_decref(value);
}

static void bad_pods(void **state)
{
	(void)state;
	static const char *const bad[] = {
		"x",
		"name: p\n",
		"name: p\ncontainers: [{name: a}]\n",
		"name: p\ncontainers: [{name: a, image: i, depends_on: a}]\n",
		"name: p\ncontainers: [{name: a, image: i, colour: red}]\n",
		"name: p\ncontainers: [{name: a, image: i}, {name: a, image: i}]\n",
		"name: ../p\ncontainers: []\n",
		"name: &x p\ncontainers: *x\n",
		"name: p\nname: q\ncontainers: []\n",
		"[[[[[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]]]]]]]",
		"name: [",
	};
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_null(pod(bad[i]));
	}
}

static void test_signals(void **state)
{
	(void)state;
	assert_int_equal(parse_signal("TERM"), 15);
	assert_int_equal(parse_signal("SIGKILL"), 9);
	assert_int_equal(parse_signal("usr1"), 10);
	assert_int_equal(parse_signal("64"), 64);
	assert_int_equal(parse_signal("RTMIN"), 34);
	assert_int_equal(parse_signal("SIGRTMIN+3"), 37);
	assert_int_equal(parse_signal("RTMAX-1"), 63);
	static const char *const none[] = {"",        "SIG",     "NOSUCH",  "0",
					   "65",      "RTMIN-1", "RTMAX+1", "RTMIN+31",
					   "RTMIN+x", "TERM ",   "1x",      "-1"};
	for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++) {
		assert_int_equal(parse_signal(none[i]), -1);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_signals), cmocka_unit_test(sizes),
		cmocka_unit_test(ports),        cmocka_unit_test(restart_policies),
		cmocka_unit_test(keys),         cmocka_unit_test(back_off),
		cmocka_unit_test(manifests),    cmocka_unit_test(pods_are_ordered),
		cmocka_unit_test(bad_pods),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
