/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ticket spinlock. Locks are taken with interrupts masked (EL2 never unmasks
 * them), so there is no irqsave form. The lock order is in core/README.md.
 */
#ifndef CORE_LIB_SPINLOCK_H
#define CORE_LIB_SPINLOCK_H

#include "core/lib/types.h"

struct spinlock {
	uint16_t next;
	uint16_t owner;
};

static inline void spin_lock(struct spinlock *l)
{
	uint16_t ticket = __atomic_fetch_add(&l->next, 1, __ATOMIC_RELAXED);

	while (__atomic_load_n(&l->owner, __ATOMIC_ACQUIRE) != ticket) {
		__asm__ volatile("" ::: "memory");
	}
}

/* Take the lock if it is free, without waiting. */
static inline bool spin_trylock(struct spinlock *l)
{
	uint16_t owner = __atomic_load_n(&l->owner, __ATOMIC_RELAXED);

	return __atomic_compare_exchange_n(&l->next, &owner, (uint16_t)(owner + 1), false,
					   __ATOMIC_ACQUIRE, __ATOMIC_RELAXED);
}

static inline void spin_unlock(struct spinlock *l)
{
	__atomic_store_n(&l->owner, (uint16_t)(l->owner + 1), __ATOMIC_RELEASE);
}

/* For assertions: somebody holds the lock. */
static inline bool spin_is_held(const struct spinlock *l)
{
	return l->next != l->owner;
}

#endif
