/* SPDX-License-Identifier: Apache-2.0 */
#include "core/lib/spinlock.h"

extern inline void spin_lock(struct spinlock *l);
extern inline void spin_unlock(struct spinlock *l);
