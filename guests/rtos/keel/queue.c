#include "guests/rtos/keel/queue.h"

#include <string.h>

#include "guests/rtos/keel/port.h"
#include "guests/rtos/keel/status.h"
#include "guests/rtos/keel/task.h"
#include "guests/rtos/keel/wait.h"

void queue_init(struct queue *q, void *slots, size_t capacity, size_t size)
{
	KEEL_ASSERT(capacity != 0 && size != 0);
	q->slots = slots;
	q->size = size;
	q->capacity = capacity;
	q->head = 0;
	q->count = 0;
	waitq_init(&q->senders);
	waitq_init(&q->receivers);
}

static uint8_t *slot(struct queue *q, size_t index)
{
	return q->slots + (q->head + index) % q->capacity * q->size;
}

static void push(struct queue *q, const void *message)
{
	memcpy(slot(q, q->count), message, q->size);
	q->count++;
}

static void pop(struct queue *q, void *message)
{
	memcpy(message, slot(q, 0), q->size);
	q->head = (q->head + 1) % q->capacity;
	q->count--;
}

int queue_send(struct queue *q, const void *message, uint64_t span)
{
	uint64_t key = sched_lock();
	struct task *receiver = waitq_first(&q->receivers);
	int status = KEEL_OK;

	if (receiver != NULL) {
		memcpy(receiver->message, message, q->size);
		sched_wake(receiver, KEEL_OK);
	} else if (q->count < q->capacity) {
		push(q, message);
	} else {
		if (span != KEEL_NO_WAIT) {
			sched_current()->message = (void *)(uintptr_t)message;
		}
		status = wait_on(&q->senders, span);
	}
	sched_unlock(key);
	return status;
}

int queue_receive(struct queue *q, void *message, uint64_t span)
{
	uint64_t key = sched_lock();
	struct task *sender = waitq_first(&q->senders);
	int status = KEEL_OK;

	if (q->count > 0) {
		pop(q, message);
		if (sender != NULL) {
			push(q, sender->message);
			sched_wake(sender, KEEL_OK);
		}
	} else {
		if (span != KEEL_NO_WAIT) {
			sched_current()->message = message;
		}
		status = wait_on(&q->receivers, span);
	}
	sched_unlock(key);
	return status;
}
