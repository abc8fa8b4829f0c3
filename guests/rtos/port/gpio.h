/* The BCM2711's GPIO lines (BCM2711 ARM Peripherals, 5.2), to show on a pin what software does. */
#ifndef KEEL_GPIO_H
#define KEEL_GPIO_H

#include <stdbool.h>

#include "guests/rtos/port/machine.h"

/* Make the machine's loop line an output, low. Without one, what follows does nothing. */
void gpio_init(const struct machine *m);
void gpio_set_loop_line(bool high);

#endif
