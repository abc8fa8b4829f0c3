/* Bounded queues of fixed-size messages, copied in and out in order. */
#ifndef KEEL_QUEUE_H
#define KEEL_QUEUE_H

#include <stddef.h>
#include <stdint.h>

#include "guests/rtos/keel/sched.h"

struct queue {
	uint8_t *slots;
	size_t size; /* of one message, in bytes */
	size_t capacity;
	size_t head; /* the oldest message */
	size_t count;
	struct waitq senders;   /* not empty only while full */
	struct waitq receivers; /* not empty only while empty */
};

/* `slots` holds capacity * size bytes; both at least 1. */
void queue_init(struct queue *q, void *slots, size_t capacity, size_t size);

/*
 * Spans and results as sem_take(); with KEEL_NO_WAIT from any context. A
 * waiting sender's message must stay where it is until the call returns.
 */
int queue_send(struct queue *q, const void *message, uint64_t span);
int queue_receive(struct queue *q, void *message, uint64_t span);

#endif
