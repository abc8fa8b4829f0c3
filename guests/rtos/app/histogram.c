#include "guests/rtos/app/histogram.h"

#define NS_PER_US    1000
#define NS_PER_FINE  8
#define HISTOGRAM_US (UINT64_C(1) << HISTOGRAM_OCTAVES)

void span_add(struct span *span, uint64_t ns)
{
	if (span->count == 0 || ns < span->min_ns) {
		span->min_ns = ns;
	}
	if (ns > span->max_ns) {
		span->max_ns = ns;
	}
	span->sum_ns += ns;
	span->count++;
}

uint64_t span_average(const struct span *span)
{
	return span->count == 0 ? 0 : span->sum_ns / span->count;
}

static unsigned int bin_of(uint64_t ns)
{
	uint64_t us = ns / NS_PER_US;

	if (us == 0) {
		return (unsigned int)(ns / NS_PER_FINE);
	}
	if (us >= HISTOGRAM_US) {
		return HISTOGRAM_BINS - 1;
	}
	unsigned int octave = 63 - (unsigned int)__builtin_clzll(us);
	uint64_t base = (uint64_t)NS_PER_US << octave;

	return HISTOGRAM_FINE + octave * HISTOGRAM_STEPS +
	       (unsigned int)((ns - base) * HISTOGRAM_STEPS / base);
}

uint64_t histogram_floor(unsigned int bin)
{
	if (bin < HISTOGRAM_FINE) {
		return (uint64_t)bin * NS_PER_FINE;
	}
	unsigned int octave = (bin - HISTOGRAM_FINE) / HISTOGRAM_STEPS;
	uint64_t step = (bin - HISTOGRAM_FINE) % HISTOGRAM_STEPS;
	uint64_t base = (uint64_t)NS_PER_US << octave;

	return base + (base * step + HISTOGRAM_STEPS - 1) / HISTOGRAM_STEPS;
}

void histogram_add(struct histogram *h, uint64_t ns)
{
	span_add(&h->all, ns);
	h->bins[bin_of(ns)]++;
}
