/* On-target tests of the kernel, run one after the other by the shell task. */
#ifndef KEEL_SELFTEST_H
#define KEEL_SELFTEST_H

#include <stdbool.h>
#include <stdint.h>

struct task;

/* True: passed. */
bool selftest_preemption(void);
bool selftest_priority_order(void);
bool selftest_round_robin(void);
bool selftest_semaphore_timeout(void);
bool selftest_mutex_inheritance(void);
bool selftest_mutex_timeout(void);
bool selftest_queue(void);
bool selftest_sleep(void);
bool selftest_timer_oneshot(void);
bool selftest_timer_periodic(void);
bool selftest_irq_wakes(void);
bool selftest_fp_preserved(void);
bool selftest_memory_protection(void);

/* Helper tasks, ended before the next test; all more urgent than the shell. */
#define SELFTEST_LOW  3
#define SELFTEST_MID  5
#define SELFTEST_HIGH 7

#define SELFTEST_HELPERS 3

/* Start helper `index`. It ends when `entry` returns. */
void selftest_spawn(unsigned int index, uint8_t prio, void (*entry)(void *), void *arg);
struct task *selftest_helper(unsigned int index);

/* Wait until all helpers have ended; false after two seconds. */
bool selftest_join(void);

/* Use the CPU for this long. */
void selftest_spin_us(uint64_t us);

#endif
