/* Floating point, saved only when another task wants the registers. */
#ifndef KEEL_FP_H
#define KEEL_FP_H

struct task;
struct fp_context;

/* `next` is about to run: its FP instructions trap unless it owns the registers. */
void fp_activate(const struct task *next);

/* The running task met that trap: give it the registers. */
void fp_trap(void);

/* Forget what `task` had; its registers start as zero. */
void fp_task_init(struct task *task);

void fp_save(struct fp_context *fp);
void fp_restore(const struct fp_context *fp);

#endif
