/* SPDX-License-Identifier: Apache-2.0 */
#include "core/lib/sha256.h"

#include <string.h>

#define BLOCK 64

static const uint32_t round_constants[64] = {
	0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4,
	0xab1c5ed5, 0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe,
	0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f,
	0x4a7484aa, 0x5cb0a9dc, 0x76f988da, 0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7,
	0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967, 0x27b70a85, 0x2e1b2138, 0x4d2c6dfc,
	0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85, 0xa2bfe8a1, 0xa81a664b,
	0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070, 0x19a4c116,
	0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
	0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7,
	0xc67178f2,
};

static inline uint32_t ror(uint32_t x, unsigned int n)
{
	return x >> n | x << (32 - n);
}

/*
 * One round; the caller rotates the names of the eight working variables
 * instead of their values (FIPS 180-4, 6.2.2 step 3).
 */
#define ROUND(a, b, c, d, e, f, g, h, k, w)                                                        \
	do {                                                                                       \
		uint32_t t = (h) + (ror(e, 6) ^ ror(e, 11) ^ ror(e, 25)) +                         \
			     ((g) ^ ((e) & ((f) ^ (g)))) + (k) + (w);                              \
		(d) += t;                                                                          \
		(h) = t + (ror(a, 2) ^ ror(a, 13) ^ ror(a, 22)) +                                  \
		      (((a) & (b)) | ((c) & ((a) | (b))));                                         \
	} while (0)

/* The message schedule in place: w[i] becomes the word of 16 rounds later. */
static inline void schedule(uint32_t w[16])
{
	for (unsigned int i = 0; i < 16; i++) {
		uint32_t w1 = w[(i + 1) & 15], w14 = w[(i + 14) & 15];

		w[i] += (ror(w1, 7) ^ ror(w1, 18) ^ w1 >> 3) + w[(i + 9) & 15] +
			(ror(w14, 17) ^ ror(w14, 19) ^ w14 >> 10);
	}
}

static void compress(uint32_t state[8], const uint32_t block[16])
{
	uint32_t a = state[0], b = state[1], c = state[2], d = state[3];
	uint32_t e = state[4], f = state[5], g = state[6], h = state[7];
	uint32_t w[16];

	for (unsigned int i = 0; i < 16; i++) {
		w[i] = __builtin_bswap32(block[i]);
	}
	for (unsigned int i = 0; i < 64; i += 8) {
		const uint32_t *k = &round_constants[i], *m = &w[i & 15];

		if (i != 0 && (i & 15) == 0) {
			schedule(w);
		}
		ROUND(a, b, c, d, e, f, g, h, k[0], m[0]);
		ROUND(h, a, b, c, d, e, f, g, k[1], m[1]);
		ROUND(g, h, a, b, c, d, e, f, k[2], m[2]);
		ROUND(f, g, h, a, b, c, d, e, k[3], m[3]);
		ROUND(e, f, g, h, a, b, c, d, k[4], m[4]);
		ROUND(d, e, f, g, h, a, b, c, k[5], m[5]);
		ROUND(c, d, e, f, g, h, a, b, k[6], m[6]);
		ROUND(b, c, d, e, f, g, h, a, k[7], m[7]);
	}
	state[0] += a;
	state[1] += b;
	state[2] += c;
	state[3] += d;
	state[4] += e;
	state[5] += f;
	state[6] += g;
	state[7] += h;
}

/* The last one or two blocks: the rest of the data, a one bit, zeros, the length in bits. */
static void finish(uint32_t state[8], const uint8_t *rest, size_t rest_size, uint64_t total)
{
	union {
		uint8_t byte[2 * BLOCK];
		uint32_t word[2 * BLOCK / 4];
	} tail;
	size_t size = rest_size + 9 <= BLOCK ? BLOCK : 2 * BLOCK;

	memset(&tail, 0, sizeof(tail));
	memcpy(tail.byte, rest, rest_size);
	tail.byte[rest_size] = 0x80;
	for (unsigned int i = 0; i < 8; i++) {
		tail.byte[size - 1 - i] = (uint8_t)(total * 8 >> (8 * i));
	}
	for (size_t at = 0; at < size; at += BLOCK) {
		compress(state, &tail.word[at / 4]);
	}
}

void sha256(const void *data, size_t size, uint8_t digest[SHA256_SIZE])
{
	uint32_t state[8] = {
		0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
		0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19,
	};
	const uint8_t *at = data;
	size_t left = size;

	for (; left >= BLOCK; left -= BLOCK, at += BLOCK) {
		uint32_t block[BLOCK / 4];

		/* Words where they may be read as words: EL2 is built for strict alignment. */
		if (IS_ALIGNED((uintptr_t)at, 4)) {
			compress(state, (const uint32_t *)(const void *)at);
			continue;
		}
		memcpy(block, at, BLOCK);
		compress(state, block);
	}
	finish(state, at, left, size);
	for (unsigned int i = 0; i < SHA256_SIZE; i++) {
		digest[i] = (uint8_t)(state[i / 4] >> (24 - 8 * (i % 4)));
	}
}
