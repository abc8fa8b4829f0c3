/* SPDX-License-Identifier: Apache-2.0 */
/* The answers as tables: memory, CPUs, interrupts, parts. */
#include "core/bhcheck/bhcheck.h"

#include <stdio.h>
#include <string.h>

static void print_spans(const struct desk *d, const struct spans *s)
{
	printf("\n%-12s %-12s %10s  %-12s %-12s %s\n", "start", "end", "size", "owner", "IPA",
	       "what");
	for (unsigned int i = 0; i < s->count; i++) {
		const struct span *span = &s->list[i];
		char size[32];

		span_size(size, span->range.size);
		printf("0x%010lx 0x%010lx %10s  %-12s ", span->range.base,
		       range_end(span->range) - 1, size, span_owner_name(d, span));
		if (span->vm >= 0) {
			printf("0x%010lx", span->ipa);
		} else {
			printf("%-12s", "-");
		}
		printf(" %s\n", span->what);
	}
}

static void print_cpus(const struct desk *d)
{
	printf("\n%-4s %-12s %-12s %s\n", "CPU", "MPIDR", "owner", "as");
	for (unsigned int cpu = 0; cpu < d->board.cpu_count; cpu++) {
		const struct vm_config *owner = NULL;
		size_t vcpu = 0;

		for (unsigned int i = 0; i < d->config.vm_count; i++) {
			const struct vm_config *vm = &d->config.vms[i];
			const uint8_t *at = memchr(vm->cpus, (int)cpu, vm->cpu_count);

			if (at && !vm->refused) {
				owner = vm;
				vcpu = (size_t)(at - vm->cpus);
			}
		}
		printf("%-4u 0x%010lx %-12s ", cpu, d->board.cpus[cpu].mpidr,
		       owner ? owner->name : "free");
		if (owner) {
			printf("vCPU %zu\n", vcpu);
		} else {
			printf("-\n");
		}
	}
}

static void print_interrupts(const struct desk *d)
{
	printf("\n%-10s %-12s %s\n", "interrupt", "owner", "what");
	if (d->board.uart.intid) {
		printf("%-10u %-12s console UART\n", d->board.uart.intid, "hypervisor");
	}
	printf("%-10u %-12s GIC maintenance\n", d->board.gic.maintenance_intid, "hypervisor");
	printf("%-10u %-12s timer of EL2\n", d->board.timer.hyp_intid, "hypervisor");
	for (unsigned int i = 0; i < d->config.vm_count; i++) {
		const struct vm_config *vm = &d->config.vms[i];

		for (unsigned int j = 0; j < vm->device_count && !vm->refused; j++) {
			for (unsigned int k = 0; k < vm->devices[j].irq_count; k++) {
				const struct device_irq *irq = &vm->devices[j].irqs[k];

				printf("%-10u %-12s %s, %s%s\n", irq->intid, vm->name,
				       vm->devices[j].path, irq->edge ? "edge" : "level",
				       irq->shared ? ", divided up by the hypervisor" : "");
			}
		}
	}
}

/* "2-13 16 18-27" */
static void print_lines(uint64_t lines)
{
	for (unsigned int first = 0; first < 64; first++) {
		unsigned int last = first;

		if (!(lines & BIT(first))) {
			continue;
		}
		while (last < 63 && (lines & BIT(last + 1))) {
			last++;
		}
		printf(first == last ? " %u" : " %u-%u", first, last);
		first = last;
	}
}

/* What VMs have parts of: GPIO lines, and requests to the firmware. */
static void print_parts(const struct desk *d)
{
	bool any = false;

	for (unsigned int i = 0; i < d->config.vm_count; i++) {
		const struct vm_config *vm = &d->config.vms[i];

		for (unsigned int j = 0; j < vm->device_count && !vm->refused; j++) {
			const struct vm_device *device = &vm->devices[j];

			if (device->access < DEVICE_GPIO) {
				continue;
			}
			if (!any) {
				printf("\n%-24s %-12s %s\n", "parts of", "owner", "which");
				any = true;
			}
			printf("%-24s %-12s", device->path, vm->name);
			if (device->access == DEVICE_GPIO) {
				printf(" lines");
				print_lines(device->lines);
			} else {
				printf(" tags");
				for (unsigned int k = 0; k < vm->mailbox_tag_count; k++) {
					printf(" 0x%x", vm->mailbox_tags[k]);
				}
			}
			printf("\n");
		}
	}
}

void table_print(const struct desk *d, const struct spans *s)
{
	print_spans(d, s);
	print_cpus(d);
	print_interrupts(d);
	print_parts(d);
}
