/* What kernel calls return: 0, or one of these. */
#ifndef KEEL_STATUS_H
#define KEEL_STATUS_H

#include <stdint.h>

enum keel_status {
	KEEL_OK = 0,
	KEEL_TIMEOUT = -1,  /* the time given ran out */
	KEEL_BUSY = -2,     /* would have to wait, and KEEL_NO_WAIT was given */
	KEEL_PERM = -3,     /* the caller does not own the mutex */
	KEEL_DEADLOCK = -4, /* waiting would close a cycle of owners */
	KEEL_INVALID = -5,  /* an argument is out of range */
	KEEL_OVERFLOW = -6, /* the semaphore is at its limit */
};

/* Time spans are in ticks of the counter; clock_from_us() makes them. */
#define KEEL_NO_WAIT UINT64_C(0)
#define KEEL_FOREVER UINT64_MAX

#endif
