/* All of the kernel's interface for applications. */
#ifndef KEEL_KEEL_H
#define KEEL_KEEL_H

#include "guests/rtos/keel/clock.h"
#include "guests/rtos/keel/mutex.h"
#include "guests/rtos/keel/port.h"
#include "guests/rtos/keel/queue.h"
#include "guests/rtos/keel/sem.h"
#include "guests/rtos/keel/status.h"
#include "guests/rtos/keel/task.h"
#include "guests/rtos/keel/timer.h"

#define KEEL_VERSION "0.1"

#endif
