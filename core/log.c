/* SPDX-License-Identifier: Apache-2.0 */
#include "core/log.h"

#include "core/arch.h"
#include "core/console.h"
#include "core/lib/fmt.h"
#include "core/vm.h"

#define LINE_MAX 240

static void emit(const char *format, va_list args)
{
	static const char tag[] = "bulkhead: ";
	char line[LINE_MAX];
	size_t used = fmt_print(line, sizeof(line), "%s", tag);

	used += fmt_vprint(line + used, sizeof(line) - used - 2, format, args);
	line[used++] = '\r';
	line[used++] = '\n';
	console_write(console_log_port(), line, used);
}

void log_line(enum log_level level, const char *format, ...)
{
	va_list args;

	(void)level;
	va_start(args, format);
	emit(format, args);
	va_end(args);
}

/* Count a line of this second. False: too many already. */
static bool within_rate(struct vm *vm)
{
	uint64_t second = arch_counter() / arch_counter_hz();
	uint64_t before = __atomic_load_n(&vm->log_second, __ATOMIC_RELAXED);
	unsigned int dropped;

	/* several of its CPUs may count at once; one begins the new second */
	if (second > before && __atomic_compare_exchange_n(&vm->log_second, &before, second, false,
							   __ATOMIC_RELAXED, __ATOMIC_RELAXED)) {
		__atomic_store_n(&vm->log_lines, 0, __ATOMIC_RELAXED);
		dropped = __atomic_exchange_n(&vm->log_dropped, 0, __ATOMIC_RELAXED);
		if (dropped) {
			log_warn("%s: %u more lines dropped", vm->config->name, dropped);
		}
	}
	if (__atomic_fetch_add(&vm->log_lines, 1, __ATOMIC_RELAXED) < LOG_GUEST_RATE) {
		return true;
	}
	__atomic_fetch_add(&vm->log_dropped, 1, __ATOMIC_RELAXED);
	return false;
}

void log_guest(struct vm *vm, const char *format, ...)
{
	va_list args;

	if (!within_rate(vm)) {
		return;
	}
	va_start(args, format);
	emit(format, args);
	va_end(args);
}

void log_report_emit(struct report *r, const char *line)
{
	(void)r;
	log_error("%s", line);
}
