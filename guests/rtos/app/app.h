/* keel's demonstration: a control loop and a shell to look at it. */
#ifndef KEEL_APP_H
#define KEEL_APP_H

#include <stdbool.h>

struct control_stats;
struct machine;

/* Runs during boot: says what machine this is and creates the tasks. */
void app_main(const struct machine *m);

/* Print how punctual the control loop was; by fine bins or by powers of two. */
void loop_print(const struct control_stats *stats, bool bins);

/*
 * Print that once without anybody at the console: of so many periods (1 or more) of the loop,
 * the first `after` not counted.
 */
void report_start(unsigned int after, unsigned int periods);

/* Priorities, most urgent first. The selftest uses 3 to 9. */
#define PRIO_CONTROL 31
#define PRIO_SHELL   2
#define PRIO_REPORT  1

#endif
