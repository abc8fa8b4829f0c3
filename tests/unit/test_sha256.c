/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/desk.h"

#include <stdio.h>

#include "core/lib/sha256.h"

static void assert_digest(const void *data, size_t size, const char *hex)
{
	uint8_t digest[SHA256_SIZE];
	char text[2 * SHA256_SIZE + 1];

	sha256(data, size, digest);
	for (size_t i = 0; i < SHA256_SIZE; i++) {
		snprintf(text + 2 * i, 3, "%02x", digest[i]);
	}
	assert_string_equal(text, hex);
}

/* FIPS 180-4 examples (NIST, "Examples with Intermediate Values", SHA-256). */
static void test_published_examples(void **state)
{
	static char million[1000000];

	(void)state;
	assert_digest("", 0, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
	assert_digest("abc", 3, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	assert_digest("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 56,
		      "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
	memset(million, 'a', sizeof(million));
	assert_digest(million, sizeof(million),
		      "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

/* Where the padding needs a block more; digests by coreutils' sha256sum. */
static void test_lengths_around_a_block(void **state)
{
	char text[129];

	(void)state;
	memset(text, 'a', sizeof(text));
	assert_digest(text, 55, "9f4390f8d30c2dd92ec9f095b65e2b9ae9b0a925a5258e241c9f1e910f734318");
	assert_digest(text, 56, "b35439a4ac6f0948b6d6f9e3c6af0f5f590ce20f1bde7090ef7970686ec6738a");
	assert_digest(text, 63, "7d3e74a05d7db15bce4ad9ec0658ea98e3f06eeecf16b4c6fff2da457ddc2f34");
	assert_digest(text, 64, "ffe054fe7ae0cb6dc65c3af9b61d5209f439851db43d0ba5997337df154668eb");
	assert_digest(text, 65, "635361c48bb9eab14198e76ea8ab7f1a41685d6ad62aa9146d301d4f17eb0ae0");
}

static void test_any_alignment(void **state)
{
	uint8_t bytes[256 + 8], expected[SHA256_SIZE] = {0}, digest[SHA256_SIZE] = {0};

	(void)state;
	for (size_t size = 0; size <= 256; size++) {
		for (size_t shift = 0; shift < 8; shift++) {
			for (size_t i = 0; i < size; i++) {
				bytes[shift + i] = (uint8_t)(i * 7 + size);
			}
			sha256(bytes + shift, size, shift ? digest : expected);
			assert_true(!shift || memcmp(digest, expected, sizeof(digest)) == 0);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_published_examples),
		cmocka_unit_test(test_lengths_around_a_block),
		cmocka_unit_test(test_any_alignment),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
