/* The FP registers of two tasks that take turns must not mix. */
#include <stddef.h>

#include "guests/rtos/app/app.h"
#include "guests/rtos/app/selftest.h"
#include "guests/rtos/keel/keel.h"
#include "guests/rtos/port/context.h"
#include "guests/rtos/port/fp.h"

#define ROUNDS 3 /* of slices, in each of the tasks */

static volatile unsigned int mixed_count;
static volatile unsigned int rounds_done[2];

static void fill(struct fp_context *fp, uint64_t seed)
{
	for (unsigned int i = 0; i < 64; i++) {
		fp->v[i] = seed << 32 | i;
	}
	fp->fpcr = seed << 22 & (UINT64_C(3) << 22); /* the rounding mode */
	fp->fpsr = seed & 0x1f;                      /* cumulative exception flags */
}

static bool same(const struct fp_context *a, const struct fp_context *b)
{
	for (unsigned int i = 0; i < 64; i++) {
		if (a->v[i] != b->v[i]) {
			return false;
		}
	}
	return a->fpcr == b->fpcr && a->fpsr == b->fpsr;
}

/*
 * Load every register, lose the CPU to the other task, look again. Nothing
 * here but fp_restore() and fp_save() touches them: the file is compiled for
 * general registers only.
 */
static void hold_registers(void *arg)
{
	struct fp_context mine, found;
	uintptr_t self = (uintptr_t)arg;

	for (unsigned int i = 0; i < ROUNDS; i++) {
		fill(&mine, self + 1 + 2 * (uint64_t)i);
		fp_restore(&mine);
		selftest_spin_us(2 * SLICE_US);
		task_yield();
		fp_save(&found);
		mixed_count += !same(&mine, &found);
		rounds_done[self]++;
	}
}

bool selftest_fp_preserved(void)
{
	mixed_count = 0;
	rounds_done[0] = 0;
	rounds_done[1] = 0;
	(void)task_set_prio(sched_current(), SELFTEST_HIGH + 1);
	selftest_spawn(0, SELFTEST_LOW, hold_registers, (void *)0);
	selftest_spawn(1, SELFTEST_LOW, hold_registers, (void *)1);
	(void)task_set_prio(sched_current(), PRIO_SHELL);
	return selftest_join() && mixed_count == 0 && rounds_done[0] == ROUNDS &&
	       rounds_done[1] == ROUNDS;
}
