/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ticket spinlock. Locks are taken with interrupts masked (EL2 never unmasks
 * them), so there is no irqsave form. The lock order is in core/README.md. What is not static
 * has one copy, in spinlock.c, for files that are built for size.
 */
#ifndef CORE_LIB_SPINLOCK_H
#define CORE_LIB_SPINLOCK_H

#include "core/lib/types.h"

struct spinlock {
	uint32_t tickets; /* the one being served [15:0], and the next to be given out [31:16] */
};

#define SPIN_TICKET   0x10000U
#define SPIN_OWNER(t) ((uint16_t)(t))
#define SPIN_NEXT(t)  ((uint16_t)((t) >> 16))

inline void spin_lock(struct spinlock *l)
{
	uint32_t mine = __atomic_fetch_add(&l->tickets, SPIN_TICKET, __ATOMIC_ACQUIRE);
	uint32_t now = mine;

	while (SPIN_OWNER(now) != SPIN_NEXT(mine)) {
		now = __atomic_load_n(&l->tickets, __ATOMIC_ACQUIRE);
	}
}

/* Take the lock if it is free, without waiting. */
static inline bool spin_trylock(struct spinlock *l)
{
	uint32_t t = __atomic_load_n(&l->tickets, __ATOMIC_RELAXED);

	return SPIN_OWNER(t) == SPIN_NEXT(t) &&
	       __atomic_compare_exchange_n(&l->tickets, &t, t + SPIN_TICKET, false,
					   __ATOMIC_ACQUIRE, __ATOMIC_RELAXED);
}

inline void spin_unlock(struct spinlock *l)
{
	/* only the holder writes this half */
	uint16_t *owner = (uint16_t *)&l->tickets;

	__atomic_store_n(owner, (uint16_t)(*owner + 1), __ATOMIC_RELEASE);
}

/* For assertions: somebody holds the lock. */
static inline bool spin_is_held(const struct spinlock *l)
{
	return SPIN_NEXT(l->tickets) != SPIN_OWNER(l->tickets);
}

#endif
