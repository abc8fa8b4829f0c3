/* keel's demonstration: a control loop and a shell to look at it. */
#ifndef KEEL_APP_H
#define KEEL_APP_H

struct machine;

/* Runs during boot: says what machine this is and creates the tasks. */
void app_main(const struct machine *m);

/* Priorities, most urgent first. The selftest uses 3 to 9. */
#define PRIO_CONTROL 31
#define PRIO_SHELL   2

#endif
