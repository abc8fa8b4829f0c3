/* The 1 kHz control loop and its record of how punctual it was. */
#ifndef KEEL_CONTROL_H
#define KEEL_CONTROL_H

#include <stdint.h>

#include "guests/rtos/app/histogram.h"

#define CONTROL_PERIOD_US 1000

struct control_stats {
	uint64_t periods;      /* control steps done */
	uint64_t missed;       /* steps not finished when the next one was due */
	uint64_t skipped;      /* releases dropped because of that */
	struct histogram late; /* from the release to the task's first instruction */
	struct span exec;      /* from there to the step's end */
	int32_t setpoint_rpm, speed_rpm;
};

void control_start(void);

/* A consistent copy. */
void control_get(struct control_stats *stats);

/* Both take effect at the loop's next period. KEEL_BUSY: too many at once. */
int control_set(int32_t setpoint_rpm);
int control_reset(void);

#endif
