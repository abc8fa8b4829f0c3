#include "guests/rtos/port/gpio.h"

#include "guests/rtos/port/cpu.h"
#include "guests/rtos/port/mmu.h"

#define GPFSEL(line)   ((line) / 10 * 4)
#define FSEL_SHIFT(l)  ((l) % 10 * 3)
#define FSEL_OUTPUT    1U
#define GPSET(line)    (0x1c + (line) / 32 * 4)
#define GPCLR(line)    (0x28 + (line) / 32 * 4)
#define REGISTERS_SIZE 0x100

static uint64_t registers; /* 0: no line to drive */
static unsigned int line;

void gpio_init(const struct machine *m)
{
	if (m->gpio == 0 || m->loop_line == MACHINE_NO_LINE) {
		return;
	}
	registers = m->gpio;
	line = m->loop_line;
	mmu_map(registers, REGISTERS_SIZE, MMU_DEVICE);
	gpio_set_loop_line(false);
	mmio_write32(registers + GPFSEL(line),
		     (mmio_read32(registers + GPFSEL(line)) & ~(7U << FSEL_SHIFT(line))) |
			     FSEL_OUTPUT << FSEL_SHIFT(line));
}

void gpio_set_loop_line(bool high)
{
	if (registers != 0) {
		mmio_write32(registers + (high ? GPSET(line) : GPCLR(line)), 1U << line % 32);
	}
}
