#include "guests/rtos/app/histogram.h"

#define NS_PER_US 1000

void histogram_reset(struct histogram *h)
{
	*h = (struct histogram){0};
}

static unsigned int bucket_of(uint64_t ns)
{
	uint64_t us = ns / NS_PER_US;
	unsigned int bucket = us == 0 ? 0 : 64 - (unsigned int)__builtin_clzll(us);

	return bucket < HISTOGRAM_BUCKETS ? bucket : HISTOGRAM_BUCKETS - 1;
}

void histogram_add(struct histogram *h, uint64_t ns)
{
	if (h->count == 0 || ns < h->min_ns) {
		h->min_ns = ns;
	}
	if (ns > h->max_ns) {
		h->max_ns = ns;
	}
	h->buckets[bucket_of(ns)]++;
	h->sum_ns += ns;
	h->count++;
}

uint64_t histogram_average(const struct histogram *h)
{
	return h->count == 0 ? 0 : h->sum_ns / h->count;
}
