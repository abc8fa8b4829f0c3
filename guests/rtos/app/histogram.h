/* Durations: how many, least, most and average; and how many of each length. */
#ifndef KEEL_HISTOGRAM_H
#define KEEL_HISTOGRAM_H

#include <stdint.h>

struct span {
	uint64_t count;
	uint64_t sum_ns, min_ns, max_ns;
};

/* Bins of 8 ns below 1 us, then 16 to each doubling up to 32768 us; the last takes the rest. */
#define HISTOGRAM_FINE    125
#define HISTOGRAM_STEPS   16
#define HISTOGRAM_OCTAVES 15
#define HISTOGRAM_BINS    (HISTOGRAM_FINE + HISTOGRAM_OCTAVES * HISTOGRAM_STEPS + 1)

struct histogram {
	struct span all;
	uint64_t bins[HISTOGRAM_BINS];
};

void span_add(struct span *span, uint64_t ns);
/* 0 if nothing was added. */
uint64_t span_average(const struct span *span);

void histogram_add(struct histogram *h, uint64_t ns);
/* The least duration, in ns, that is counted in a bin. */
uint64_t histogram_floor(unsigned int bin);

#endif
