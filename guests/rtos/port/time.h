/* The virtual timer's interrupt: the clock's alarm. */
#ifndef KEEL_TIME_H
#define KEEL_TIME_H

void time_interrupt(void *arg);

#endif
