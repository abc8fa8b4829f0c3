/* Counts of durations in buckets of powers of two, with minimum and maximum. */
#ifndef KEEL_HISTOGRAM_H
#define KEEL_HISTOGRAM_H

#include <stdint.h>

/* Bucket 0 is below 1 us, bucket n below 2^n us; the last takes the rest. */
#define HISTOGRAM_BUCKETS 17

struct histogram {
	uint64_t buckets[HISTOGRAM_BUCKETS];
	uint64_t count;
	uint64_t sum_ns, min_ns, max_ns;
};

void histogram_reset(struct histogram *h);
void histogram_add(struct histogram *h, uint64_t ns);

/* 0 if nothing was added. */
uint64_t histogram_average(const struct histogram *h);

#endif
