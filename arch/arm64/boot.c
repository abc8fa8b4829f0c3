/* SPDX-License-Identifier: Apache-2.0 */
#include "arch/arm64/boot.h"

#include <libfdt.h>

#include "arch/arm64/cpu.h"
#include "arch/arm64/firmware.h"
#include "arch/arm64/gic_hw.h"
#include "arch/arm64/mmu.h"
#include "arch/arm64/sysreg.h"
#include "arch/arm64/trap.h"
#include "core/arch.h"
#include "core/config.h"
#include "core/lib/fmt.h"
#include "core/log.h"
#include "core/pages.h"
#include "core/panic.h"
#include "core/vm.h"
#include "platform/uart.h"

#define EL2 2

struct board board;
bool boot_done;

static struct config config;
static struct bundle bundle;

/* Called from head.S, in this order. */
void boot_early(const void *fdt, uint64_t el);
_Noreturn void boot_main(void);

/* -- before the MMU is on: no lock works, no ring; straight to the UART ----------------------- */

static void early_emit(struct report *r, const char *line)
{
	(void)r;
	uart_puts_polled("bulkhead: ");
	uart_puts_polled(line);
	uart_puts_polled("\r\n");
}

static _Noreturn void refuse(const char *why)
{
	early_emit(NULL, why);
	if (board.reset_on_failure) {
		early_emit(NULL, FIRMWARE_RESET_NOTICE);
		firmware_reset_later(&board);
	}
	for (;;) {
		wfi();
	}
}

static void check_tree(const void *fdt)
{
	struct board_uart uart;

	while (!IS_ALIGNED((uint64_t)fdt, 8) || fdt_magic(fdt) != FDT_MAGIC) {
		wfi(); /* no tree, so no UART to say so on */
	}
	if (board_find_uart(fdt, &uart) == 0) {
		uart_init(&uart);
	}
}

void boot_early(const void *fdt, uint64_t el)
{
	struct report r = {.emit = early_emit};

	check_tree(fdt);
	if (el != EL2) {
		refuse(el == 1 ? "entered at EL1: it needs EL2 (QEMU: -M virt,virtualization=on)"
			       : "entered at EL3: it needs EL2, after firmware");
	}
	if (board_parse(fdt, BOARD_FDT_MAX, &board, &r) != 0) {
		refuse("the board's device tree cannot be used: stopped");
	}
	if (board.bundle.size == 0) {
		refuse("no bundle: give one as the initrd (/chosen linux,initrd-start): stopped");
	}
	uart_init(&board.uart);
	cpu_init_table(&board);
	if (mmu_init(&board, fdt_totalsize(fdt)) != 0 || cpu_guard_stacks(&board) != 0) {
		refuse("EL2's page tables are too small for this board: stopped");
	}
}

/* -- with MMU, caches and this CPU's own stack ------------------------------------------------- */

/* Physical memory that is the hypervisor's: image, bundle, tree, and what firmware reserved. */
static unsigned int list_taken(struct mem_range *taken, unsigned int max)
{
	unsigned int n = 0;

	taken[n++] = (struct mem_range){ALIGN_DOWN((uint64_t)image_start, SZ_4K),
					ALIGN_UP((uint64_t)(image_end - image_start), SZ_4K)};
	for (unsigned int i = 0; i < board.reserved_count && n < max; i++) {
		uint64_t base = ALIGN_DOWN(board.reserved[i].base, SZ_4K);

		taken[n++] = (struct mem_range){
			base, ALIGN_UP(range_end(board.reserved[i]), SZ_4K) - base};
	}
	return n;
}

static void claim_taken(const struct mem_range *taken, unsigned int count)
{
	for (unsigned int i = 0; i < count; i++) {
		/* page by page: firmware's ranges may overlap each other */
		for (uint64_t at = 0; at < taken[i].size; at += SZ_4K) {
			paddr_t pa = {taken[i].base + at};
			uint64_t left = taken[i].size - at;

			if (!pages_find(pa)) {
				if (pages_claim(pa, left) == 0) {
					break;
				}
				(void)!pages_claim(pa, SZ_4K);
			}
		}
	}
}

static void claim_hypervisor(const struct mem_range *taken, unsigned int count)
{
	claim_taken(taken, count);
	claim_taken(&board.gic.dist, 1);
	claim_taken(board.gic.redist, board.gic.redist_count);
	claim_taken(&board.gic.cpu, board.gic.cpu.size ? 1 : 0);
	claim_taken(&board.gic.hyp, board.gic.hyp.size ? 1 : 0);
	claim_taken(&board.gic.virt, board.gic.virt.size ? 1 : 0);
}

/* A VM whose CPU did not come up cannot run (F13). */
static bool cpus_are_up(const struct vm_config *c, struct report *r)
{
	for (unsigned int i = 0; i < c->cpu_count; i++) {
		if (!__atomic_load_n(&cpus[c->cpus[i]].online, __ATOMIC_ACQUIRE)) {
			report_error(r, "%s: cpus: CPU %u did not start", c->name, c->cpus[i]);
			return false;
		}
	}
	return true;
}

/* GPIO's last interrupt is the others together: they are enough. */
static void share(const struct vm_device *d, unsigned int n)
{
	if (d->access != DEVICE_GPIO || n != GPIO_IRQS - 1) {
		irq_share(d->irqs[n].intid);
	}
}

static void create_vm(const struct vm_config *c, struct report *r)
{
	struct vm *vm = &vms[vm_count];

	if (c->refused || !cpus_are_up(c, r) || vm_create(c, &board, r) != 0) {
		log_error("%s: refused, it is not started", c->name);
		return;
	}
	for (unsigned int i = 0; i < c->device_count; i++) {
		for (unsigned int n = 0; n < c->devices[i].irq_count; n++) {
			const struct device_irq *irq = &c->devices[i].irqs[n];

			if (irq->shared) {
				share(&c->devices[i], n);
			} else {
				irq_set_owner(irq->intid, vm);
			}
		}
	}
	for (unsigned int i = 0; i < vm->vcpu_count; i++) {
		cpus[vm->vcpus[i].cpu].owner = &vm->vcpus[i];
		irq_set_sender(&vm->vcpus[i]);
	}
}

static void configure(void)
{
	static struct mem_range taken[BOARD_RESERVED_MAX + 1];
	struct report r = {.emit = log_report_emit};
	unsigned int taken_count = list_taken(taken, ARRAY_SIZE(taken));

	if (bundle_open(&bundle, (const void *)board.bundle.base, board.bundle.size, &r) != 0 ||
	    config_parse(bundle.config, bundle.config_size, &config, &r) != 0) {
		log_error("nothing can be started");
		return;
	}
	config_check(&config, &board, &bundle, &r);
	config_place(&config, &board, taken, taken_count, &r);
	claim_hypervisor(taken, taken_count);
	load_init(&bundle, &board);
	for (unsigned int i = 0; i < config.vm_count; i++) {
		create_vm(&config.vms[i], &r);
	}
	log_info("%u of %u VMs to start", vm_count, config.vm_count);
}

static void log_board(unsigned int cpus_up)
{
	uint64_t ram = 0;

	for (unsigned int i = 0; i < board.bank_count; i++) {
		ram += board.banks[i].size;
	}
	log_info("%s: %u of %u CPUs, GICv%u with %u list registers, %lu MiB, counter %lu Hz",
		 board.model, cpus_up, board.cpu_count, board.gic.version, gic.lr_count,
		 ram / SZ_1M, arch_counter_hz());
}

void boot_main(void)
{
	unsigned int up;

	cpu_init_el2();
	console_init(uart_console());
	gic_init(&board);
	irq_init_cpu();
	up = cpu_start_others(&board);
	log_board(up);
	configure();
	if (board.uart.intid) {
		irq_set_console(board.uart.intid);
		uart_want_receive_irq();
	}
	console_configure(config.console_escape, config.console_tagged      ? "all"
						 : config.console_attach[0] ? config.console_attach
						 : vm_count                 ? vms[0].config->name
									    : "");
	__atomic_store_n(&boot_done, true, __ATOMIC_RELEASE);
	dsb(ish);
	sev();
	if (vm_count == 0) {
		arch_nothing_runs();
	}
	cpu_idle();
}

void arch_nothing_runs(void)
{
	uint64_t end = arch_counter() + FIRMWARE_RESET_SECONDS * arch_counter_hz();

	if (!board.reset_on_failure) {
		return;
	}
	log_error("%s", FIRMWARE_RESET_NOTICE);
	while (arch_counter() < end) {
		arch_wait(end);
	}
	firmware_reset(&board);
	log_warn("the board cannot be reset");
}

void arch_power_off(void)
{
	firmware_power_off(&board);
	log_warn("the board cannot be powered off: halted");
	for (;;) {
		arch_wait(UINT64_MAX);
	}
}
