/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The life of VMs, with the vGIC, the devices and PSCI as they are; loading, page
 * ownership and the console are replaced. The source is included to give its
 * pool of page tables back between tests.
 */
#include "core/vm.c" /* NOLINT(bugprone-suspicious-include) */

#include "tests/unit/fake_gic.h"

#define RAM   0x40000000UL
#define ENTRY (RAM + 0x80000)
#define DTB   (RAM + 0x8000000)

#define PSCI_CPU_OFF      0x84000002UL
#define PSCI_CPU_ON       0xc4000003UL
#define PSCI_SYSTEM_OFF   0x84000008UL
#define PSCI_SYSTEM_RESET 0x84000009UL
#define BULKHEAD_CRASH    0x86000001UL

static struct vm_config configs[3];
static struct board board = {.gic = {.version = GIC_V2, .virt = {0x8040000, SZ_64K}}};
static struct vcpu_regs regs[FAKE_CPUS];
static struct report report;

/* -- what vm.c asks of others --------------------------------------------------------------- */

static int load_result;
static unsigned int loads;
static unsigned int scrubs;
static char log_text[8192];
static struct console_port port;
static struct page_extent taken; /* what pages_find() finds */
static int map_result;
static unsigned int maps;

int load_vm(struct vm *vm, uint64_t *entry, uint64_t *x0, struct report *r)
{
	(void)r;
	assert_int_equal(vm->state, VM_LOADING);
	assert_int_equal(vm->on_count, 0);
	loads++;
	*entry = ENTRY;
	*x0 = DTB;
	return load_result;
}

void load_scrub(struct vm *vm)
{
	assert_int_equal(vm->on_count, 0); /* no vCPU may run on memory that is wiped */
	scrubs++;
}

int pages_claim(paddr_t pa, uint64_t size)
{
	(void)pa;
	return size ? 0 : -1;
}

int pages_map(struct vm *vm, ipaddr_t ipa, paddr_t pa, uint64_t size, enum page_kind kind)
{
	(void)vm;
	(void)ipa;
	(void)kind;
	if (ranges_overlap(pa.pa, size, taken.pa, taken.size)) {
		return -1;
	}
	maps++;
	return map_result;
}

int pages_map_gicv(struct vm *vm, ipaddr_t ipa, paddr_t pa, uint64_t size)
{
	assert_int_equal(ipa.ipa, vm->map.gicc.base);
	assert_int_equal(pa.pa, board.gic.virt.base);
	assert_int_equal(size, SZ_4K);
	return map_result;
}

const struct page_extent *pages_find(paddr_t pa)
{
	return taken.size && range_within(pa.pa, 1, taken.pa, taken.size) ? &taken : NULL;
}

struct console_port *console_log_port(void)
{
	return &port;
}

struct console_port *console_add(const char *name, void (*input)(void *context, char c),
				 void *context)
{
	(void)name;
	assert_non_null(input);
	assert_non_null(context);
	return &port;
}

void console_write(struct console_port *p, const char *text, size_t length)
{
	size_t used = strlen(log_text);

	(void)p;
	if (used + length < sizeof(log_text)) {
		memcpy(log_text + used, text, length);
		log_text[used + length] = '\0';
	}
}

static bool flushed;

void console_flush(void)
{
	flushed = true;
}

static void ignore(struct report *r, const char *line)
{
	(void)r;
	(void)line;
}

/* -- driving it ---------------------------------------------------------------------------------- */

static struct vm *create(const char *name, unsigned int first_cpu, unsigned int cpu_count)
{
	struct vm_config *c = &configs[vm_count];

	*c = (struct vm_config){.cpu_count = cpu_count, .region_count = 1};
	c->regions[0] = (struct vm_region){.ipa = RAM, .size = SZ_1G, .pa = RAM};
	strcpy(c->name, name);
	for (unsigned int i = 0; i < cpu_count; i++) {
		c->cpus[i] = (uint8_t)(first_cpu + i);
	}
	assert_int_equal(vm_create(c, &board, &report), 0);
	for (unsigned int i = 0; i < cpu_count; i++) {
		vms[vm_count - 1].vcpus[i].regs = &regs[first_cpu + i];
	}
	return &vms[vm_count - 1];
}

/* VM 0 "linux" on CPUs 0 to 2, VM 1 "rtos" on CPU 4. */
static int setup(void **state)
{
	(void)state;
	fake_arch_setup();
	fake_gic_setup(GIC_V2, 4);
	memset(vms, 0, sizeof(vms));
	vm_count = 0;
	table_pool.used = 0;
	load_result = 0;
	loads = 0;
	scrubs = 0;
	maps = 0;
	map_result = 0;
	taken.size = 0;
	log_text[0] = '\0';
	report = (struct report){.emit = ignore};
	(void)create("linux", 0, 3);
	(void)create("rtos", 4, 1);
	return 0;
}

static uint64_t next_at; /* what vm_idle_work() said */

static void idle_now(void *vcpu)
{
	next_at = vm_idle_work(vcpu);
}

/* One turn of a CPU's idle loop. */
static enum fake_exit idle(struct vcpu *v)
{
	(void)fake_on_cpu(v->cpu);
	return fake_run(idle_now, v);
}

static void psci_now(void *vcpu)
{
	fake_hvc(vcpu);
}

static enum fake_exit psci(struct vcpu *v, uint64_t function, uint64_t x1, uint64_t x2)
{
	(void)fake_on_cpu(v->cpu);
	v->regs->x[0] = function;
	v->regs->x[1] = x1;
	v->regs->x[2] = x2;
	v->regs->x[3] = 0x77;
	return fake_run(psci_now, v);
}

static struct vm *linux_vm(void)
{
	return &vms[0];
}

static struct vm *rtos_vm(void)
{
	return &vms[1];
}

static void start(struct vm *vm)
{
	assert_int_equal(idle(&vm->vcpus[0]), FAKE_ENTERED_GUEST);
	assert_int_equal(vm->state, VM_RUNNING);
}

/* vCPU n of a running VM is turned on, and enters. */
static void turn_on(struct vm *vm, unsigned int n)
{
	assert_int_equal(psci(&vm->vcpus[0], PSCI_CPU_ON, n, ENTRY), FAKE_RETURNED);
	assert_int_equal(vm->vcpus[0].regs->x[0], 0);
	assert_int_equal(idle(&vm->vcpus[n]), FAKE_ENTERED_GUEST);
}

/* A vCPU sees in its next trap that its VM is stopping. */
static void leave(struct vcpu *v)
{
	(void)fake_on_cpu(v->cpu);
	assert_true(vm_is_stopping(v->vm));
	vm_vcpu_off(v);
	fake.current[v->cpu] = NULL;
}

/* The guest crashes `after` microseconds from its start, and its home CPU cleans up. */
static void crash(struct vm *vm, uint64_t after)
{
	fake.counter = vm->started_at + after;
	assert_int_equal(psci(&vm->vcpus[0], BULKHEAD_CRASH, 0, 0), FAKE_LEFT_GUEST);
	assert_int_equal(idle(&vm->vcpus[0]), FAKE_RETURNED);
}

static uint64_t pause_ms(const struct vm *vm)
{
	assert_int_equal(vm->state, VM_WAITING);
	return (vm->restart_at - fake.counter) * 1000 / FAKE_HZ;
}

static void restart(struct vm *vm)
{
	fake.counter = vm->restart_at;
	start(vm);
}

/* -- creation ------------------------------------------------------------------------------- */

static void test_created_vm_knows_its_cpus(void **state)
{
	(void)state;
	assert_int_equal(vm_count, 2);
	assert_ptr_equal(vm_vcpu_of_cpu(2), &linux_vm()->vcpus[2]);
	assert_ptr_equal(vm_vcpu_of_cpu(4), &rtos_vm()->vcpus[0]);
	assert_null(vm_vcpu_of_cpu(3));
	assert_int_equal(linux_vm()->state, VM_CONFIGURED);
	assert_int_equal(rtos_vm()->stage2.vttbr >> 48, 2);
}

static void test_vm_that_cannot_be_mapped_is_stopped(void **state)
{
	(void)state;
	map_result = -1;
	configs[2] = configs[1];
	assert_int_equal(vm_create(&configs[2], &board, &report), -1);
	assert_int_equal(report.error_count, 1);
	assert_int_equal(vms[2].state, VM_STOPPED);
	assert_int_equal(vm_count, 3); /* its pages stay its own */
}

static void test_vm_without_page_tables_is_stopped(void **state)
{
	(void)state;
	table_pool.used = table_pool.page_count;
	configs[2] = configs[1];
	assert_int_equal(vm_create(&configs[2], &board, &report), -1);
	assert_int_equal(report.error_count, 1);
	assert_int_equal(vms[2].state, VM_STOPPED);
}

static void test_device_page_of_another_vm_is_refused(void **state)
{
	(void)state;
	configs[2] = configs[1];
	configs[2].device_count = 1;
	configs[2].devices[0] = (struct vm_device){.regs = {{0xfe201010, 0x20}}, .reg_count = 1};
	taken = (struct page_extent){
		.pa = 0xfe201000, .size = SZ_4K, .owner = 0, .kind = PAGE_DEVICE};
	assert_int_equal(vm_create(&configs[2], &board, &report), -1);
	taken.owner = 3; /* the next VM's own: two of its devices share the page */
	maps = 0;
	assert_int_equal(vm_create(&configs[2], &board, &report), 0);
	assert_int_equal(maps, 1); /* the RAM alone */
	taken.owner = 4;
	taken.kind = PAGE_RAM;
	assert_int_equal(vm_create(&configs[2], &board, &report), -1);
}

static void test_window_is_mapped_as_one(void **state)
{
	(void)state;
	configs[2] = configs[1];
	configs[2].device_count = 1;
	configs[2].devices[0] =
		(struct vm_device){.regs = {{0x10000000, 64 * SZ_1M}}, .reg_count = 1};
	maps = 0;
	assert_int_equal(vm_create(&configs[2], &board, &report), 0);
	assert_int_equal(maps, 2); /* the RAM and the window */
	/* around what the next VM has already: the RAM, a page on either side */
	taken = (struct page_extent){
		.pa = 0x10001000, .size = 64 * SZ_1M - 2 * SZ_4K, .owner = 3, .kind = PAGE_DEVICE};
	maps = 0;
	assert_int_equal(vm_create(&configs[2], &board, &report), 0);
	assert_int_equal(maps, 3);
}

/* -- start ---------------------------------------------------------------------------------------- */

static void test_home_cpu_loads_and_enters(void **state)
{
	(void)state;
	start(linux_vm());
	assert_int_equal(loads, 1);
	assert_ptr_equal(fake.entered, &linux_vm()->vcpus[0]);
	assert_int_equal(fake.reset_entry, ENTRY);
	assert_int_equal(fake.reset_x0, DTB);
	assert_true(linux_vm()->vcpus[0].vgic.online);
	assert_int_equal(linux_vm()->on_count, 1);
	assert_int_equal(rtos_vm()->state, VM_CONFIGURED);
}

static void test_other_cpus_wait_to_be_turned_on(void **state)
{
	(void)state;
	assert_int_equal(idle(&linux_vm()->vcpus[1]), FAKE_RETURNED);
	assert_int_equal(next_at, UINT64_MAX);
	assert_int_equal(loads, 0);
	start(linux_vm());
	assert_int_equal(idle(&linux_vm()->vcpus[1]), FAKE_RETURNED);
	turn_on(linux_vm(), 1);
	assert_int_equal(fake.reset_x0, 0x77);
	assert_int_equal(linux_vm()->on_count, 2);
}

static void test_vm_that_cannot_be_loaded_stays_stopped(void **state)
{
	(void)state;
	load_result = -1;
	assert_int_equal(idle(&linux_vm()->vcpus[0]), FAKE_RETURNED);
	assert_int_equal(linux_vm()->state, VM_STOPPED);
	assert_int_equal(linux_vm()->stop.kind, VM_STOP_CRASH);
	assert_int_equal(idle(&linux_vm()->vcpus[0]), FAKE_RETURNED);
	assert_int_equal(next_at, UINT64_MAX);
	assert_int_equal(loads, 1);
	assert_int_equal(fake.nothing_runs, 0); /* the other one may */
	assert_int_equal(idle(&rtos_vm()->vcpus[0]), FAKE_RETURNED);
	assert_int_equal(fake.nothing_runs, 1);
}

static void test_counter_offset_is_kept_over_restarts(void **state)
{
	uint64_t first;

	(void)state;
	start(linux_vm());
	first = linux_vm()->counter_offset;
	assert_int_equal(psci(&linux_vm()->vcpus[0], PSCI_SYSTEM_RESET, 0, 0), FAKE_LEFT_GUEST);
	configs[0].restart = RESTART_ALWAYS;
	(void)idle(&linux_vm()->vcpus[0]);
	fake.counter += 5 * FAKE_HZ;
	start(linux_vm());
	assert_int_equal(linux_vm()->counter_offset, first);
}

/* -- stop ------------------------------------------------------------------------------------------ */

static void test_stop_waits_for_all_vcpus(void **state)
{
	struct vm *vm = linux_vm();

	(void)state;
	start(vm);
	turn_on(vm, 1);
	turn_on(vm, 2);
	memset(fake.kicks, 0, sizeof(fake.kicks));
	assert_int_equal(psci(&vm->vcpus[1], PSCI_SYSTEM_OFF, 0, 0), FAKE_LEFT_GUEST);
	assert_int_equal(vm->state, VM_STOPPING);
	assert_true(fake.kicks[0] > 0);
	assert_true(fake.kicks[2] > 0);
	assert_int_equal(fake.kicks[4], 0); /* nobody else's CPU */
	leave(&vm->vcpus[0]);
	(void)idle(&vm->vcpus[0]);
	assert_int_equal(vm->state, VM_STOPPING); /* vCPU 2 still runs */
	assert_int_equal(scrubs, 0);
	leave(&vm->vcpus[2]);
	assert_true(fake.kicks[0] > 1); /* the last one wakes the home CPU */
	(void)idle(&vm->vcpus[0]);
	assert_int_equal(vm->state, VM_STOPPED);
	assert_int_equal(scrubs, 1);
}

static void test_stop_leaves_the_other_vm_alone(void **state)
{
	(void)state;
	start(linux_vm());
	start(rtos_vm());
	memset(fake.kicks, 0, sizeof(fake.kicks));
	assert_int_equal(psci(&linux_vm()->vcpus[0], PSCI_SYSTEM_OFF, 0, 0), FAKE_LEFT_GUEST);
	(void)idle(&linux_vm()->vcpus[0]);
	assert_int_equal(linux_vm()->state, VM_STOPPED);
	assert_int_equal(rtos_vm()->state, VM_RUNNING);
	assert_int_equal(rtos_vm()->vcpus[0].power, VCPU_ON);
	assert_int_equal(fake.kicks[4], 0);
}

static void test_first_reason_counts(void **state)
{
	struct vm *vm = linux_vm();

	(void)state;
	start(vm);
	turn_on(vm, 1);
	assert_int_equal(psci(&vm->vcpus[1], BULKHEAD_CRASH, 1, 2), FAKE_LEFT_GUEST);
	assert_int_equal(psci(&vm->vcpus[0], PSCI_SYSTEM_OFF, 0, 0), FAKE_LEFT_GUEST);
	assert_int_equal(vm->stop.kind, VM_STOP_CRASH);
	assert_int_equal(vm->stop.vcpu, 1);
	(void)idle(&vm->vcpus[0]);
	assert_non_null(strstr(log_text, "linux: crashed: the guest reported a crash (vcpu 1"));
}

static void test_last_cpu_off_is_a_power_off(void **state)
{
	struct vm *vm = linux_vm();

	(void)state;
	start(vm);
	turn_on(vm, 1);
	assert_int_equal(psci(&vm->vcpus[0], PSCI_CPU_OFF, 0, 0), FAKE_LEFT_GUEST);
	assert_int_equal(vm->state, VM_RUNNING);
	memset(fake.kicks, 0, sizeof(fake.kicks));
	assert_int_equal(psci(&vm->vcpus[1], PSCI_CPU_OFF, 0, 0), FAKE_LEFT_GUEST);
	assert_int_equal(vm->stop.kind, VM_STOP_POWER_OFF);
	assert_true(fake.kicks[0] > 0);
	(void)idle(&vm->vcpus[0]);
	assert_int_equal(vm->state, VM_STOPPED);
}

/* H32 */
static void test_cpu_off_and_on_again_and_again(void **state)
{
	struct vm *vm = linux_vm();

	(void)state;
	start(vm);
	for (unsigned int i = 0; i < 10000; i++) {
		turn_on(vm, 1);
		assert_int_equal(psci(&vm->vcpus[1], PSCI_CPU_OFF, 0, 0), FAKE_LEFT_GUEST);
		assert_int_equal(vm->on_count, 1);
	}
	assert_int_equal(vm->state, VM_RUNNING);
}

static void test_cpu_on_during_a_stop_does_not_enter(void **state)
{
	struct vm *vm = linux_vm();

	(void)state;
	start(vm);
	turn_on(vm, 1);
	assert_int_equal(psci(&vm->vcpus[1], PSCI_SYSTEM_RESET, 0, 0), FAKE_LEFT_GUEST);
	/* vCPU 0 has not seen it yet */
	assert_int_equal(psci(&vm->vcpus[0], PSCI_CPU_ON, 2, ENTRY), FAKE_RETURNED);
	leave(&vm->vcpus[0]);
	(void)idle(&vm->vcpus[0]);
	assert_int_equal(vm->state, VM_STOPPING); /* vCPU 2 counts */
	assert_int_equal(idle(&vm->vcpus[2]), FAKE_RETURNED);
	assert_int_equal(vm->vcpus[2].power, VCPU_OFF);
	(void)idle(&vm->vcpus[0]);
	assert_int_not_equal(vm->state, VM_STOPPING);
}

static void test_stop_of_a_vm_that_does_not_run_is_nothing(void **state)
{
	struct vm_stop why = {.kind = VM_STOP_CRASH, .what = "late"};

	(void)state;
	vm_stop(linux_vm(), &why);
	assert_int_equal(linux_vm()->state, VM_CONFIGURED);
	assert_int_equal(linux_vm()->stop.kind, VM_STOP_NONE);
}

/* -- restart ---------------------------------------------------------------------------------------- */

static enum vm_state state_after(enum restart_policy policy, uint64_t function)
{
	void *state = NULL;
	struct vm *vm;

	(void)setup(&state);
	vm = linux_vm();
	configs[0].restart = policy;
	configs[0].restart_backoff_ms = 1000;
	start(vm);
	assert_int_equal(psci(&vm->vcpus[0], function, 0, 0), FAKE_LEFT_GUEST);
	(void)idle(&vm->vcpus[0]);
	return vm->state;
}

static void test_restart_policies(void **state)
{
	static const struct {
		enum restart_policy policy;
		uint64_t function;
		enum vm_state after;
	} cases[] = {
		{RESTART_NEVER, PSCI_SYSTEM_OFF, VM_STOPPED},
		{RESTART_NEVER, PSCI_SYSTEM_RESET, VM_STOPPED},
		{RESTART_NEVER, BULKHEAD_CRASH, VM_STOPPED},
		{RESTART_ON_FAILURE, PSCI_SYSTEM_OFF, VM_STOPPED},
		{RESTART_ON_FAILURE, PSCI_SYSTEM_RESET, VM_WAITING},
		{RESTART_ON_FAILURE, BULKHEAD_CRASH, VM_WAITING},
		{RESTART_ALWAYS, PSCI_SYSTEM_OFF, VM_WAITING},
		{RESTART_ALWAYS, PSCI_SYSTEM_RESET, VM_WAITING},
		{RESTART_ALWAYS, BULKHEAD_CRASH, VM_WAITING},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		assert_int_equal(state_after(cases[i].policy, cases[i].function), cases[i].after);
	}
}

static void test_reset_restarts_at_once_and_is_no_failure(void **state)
{
	(void)state;
	assert_int_equal(state_after(RESTART_ALWAYS, PSCI_SYSTEM_RESET), VM_WAITING);
	assert_int_equal(pause_ms(linux_vm()), 0);
	assert_int_equal(linux_vm()->failures, 0);
	start(linux_vm());
	assert_int_equal(loads, 2);
	assert_int_equal(linux_vm()->restarts, 1);
}

static void test_restart_waits_for_its_time(void **state)
{
	struct vm *vm = linux_vm();

	(void)state;
	configs[0].restart = RESTART_ALWAYS;
	configs[0].restart_backoff_ms = 500;
	start(vm);
	crash(vm, 10);
	assert_int_equal(next_at, vm->restart_at);
	assert_int_equal(idle(&vm->vcpus[1]), FAKE_RETURNED);
	assert_int_equal(next_at, UINT64_MAX); /* not the other CPUs' work */
	fake.counter = vm->restart_at - 1;
	assert_int_equal(idle(&vm->vcpus[0]), FAKE_RETURNED);
	assert_int_equal(vm->state, VM_WAITING);
	restart(vm);
}

static void test_pause_doubles_up_to_a_minute(void **state)
{
	static const uint64_t pauses[] = {1000,  2000,  4000,  8000, 16000,
					  32000, 60000, 60000, 60000};
	struct vm *vm = linux_vm();

	(void)state;
	configs[0].restart = RESTART_ON_FAILURE;
	configs[0].restart_backoff_ms = 1000;
	start(vm);
	for (size_t i = 0; i < ARRAY_SIZE(pauses); i++) {
		crash(vm, 10);
		assert_int_equal(pause_ms(vm), pauses[i]);
		restart(vm);
	}
	assert_non_null(strstr(log_text, "linux: restart 3 in 4000 ms"));
}

static void test_long_first_pause_is_bounded(void **state)
{
	(void)state;
	configs[0].restart = RESTART_ALWAYS;
	configs[0].restart_backoff_ms = 4000000000;
	start(linux_vm());
	crash(linux_vm(), 10);
	assert_int_equal(pause_ms(linux_vm()), 60000);
}

static void test_limit_ends_it(void **state)
{
	struct vm *vm = linux_vm();

	(void)state;
	configs[0].restart = RESTART_ON_FAILURE;
	configs[0].restart_limit = 3;
	configs[0].restart_backoff_ms = 1;
	start(vm);
	for (unsigned int i = 0; i < 3; i++) {
		crash(vm, 10);
		restart(vm);
	}
	crash(vm, 10);
	assert_int_equal(vm->state, VM_STOPPED);
	assert_non_null(strstr(log_text, "restart-limit"));
	assert_int_equal(loads, 4);
}

static void test_healthy_time_forgets_failures(void **state)
{
	struct vm *vm = linux_vm();

	(void)state;
	configs[0].restart = RESTART_ON_FAILURE;
	configs[0].restart_limit = 2;
	configs[0].restart_backoff_ms = 1000;
	start(vm);
	for (unsigned int i = 0; i < 5; i++) {
		crash(vm, 11 * FAKE_HZ);
		assert_int_equal(pause_ms(vm), 1000);
		assert_int_equal(vm->failures, 1);
		restart(vm);
	}
	crash(vm, 10 * FAKE_HZ); /* not long enough */
	assert_int_equal(pause_ms(vm), 2000);
}

static void test_restart_begins_from_scratch(void **state)
{
	struct vm *vm = linux_vm();

	(void)state;
	configs[0].restart = RESTART_ALWAYS;
	start(vm);
	turn_on(vm, 1);
	vgic_set_line(vm, 40, true);
	(void)fake_on_cpu(0);
	vpl011_receive(&vm->uart, 'x');
	assert_int_equal(psci(&vm->vcpus[1], PSCI_CPU_OFF, 0, 0), FAKE_LEFT_GUEST);
	crash(vm, 10);
	restart(vm);
	assert_int_equal(vm->on_count, 1);
	assert_int_equal(vm->vcpus[1].power, VCPU_OFF);
	assert_false(vgic_find(vm, NULL, 40)->line);
	assert_false(vgic_is_pending(&vm->vcpus[0]));
	assert_int_equal(vm->uart.fifo_in, 0);
}

/* F10: nothing is lost over a thousand restarts. */
static void test_thousand_restarts(void **state)
{
	struct vm *vm = linux_vm();
	unsigned int pages = table_pool.used;

	(void)state;
	configs[0].restart = RESTART_ALWAYS;
	start(vm);
	for (unsigned int i = 0; i < 1000; i++) {
		turn_on(vm, 2);
		assert_int_equal(psci(&vm->vcpus[2], PSCI_SYSTEM_RESET, 0, 0), FAKE_LEFT_GUEST);
		leave(&vm->vcpus[0]);
		(void)idle(&vm->vcpus[0]);
		fake.counter += FAKE_HZ / 10;
		start(vm);
	}
	assert_int_equal(loads, 1001);
	assert_int_equal(scrubs, 1000);
	assert_int_equal(table_pool.used, pages);
	assert_int_equal(vm->on_count, 1);
	assert_null(strstr(log_text, "restart 7 in")); /* H15: at most five lines a second */
	assert_non_null(strstr(log_text, "more lines dropped"));
}

/* -- the board -------------------------------------------------------------------------------------- */

static void test_board_goes_off_with_the_last_vm(void **state)
{
	(void)state;
	start(linux_vm());
	start(rtos_vm());
	assert_int_equal(psci(&linux_vm()->vcpus[0], PSCI_SYSTEM_OFF, 0, 0), FAKE_LEFT_GUEST);
	assert_int_equal(idle(&linux_vm()->vcpus[0]), FAKE_RETURNED);
	assert_int_equal(psci(&rtos_vm()->vcpus[0], PSCI_SYSTEM_OFF, 0, 0), FAKE_LEFT_GUEST);
	flushed = false;
	assert_int_equal(idle(&rtos_vm()->vcpus[0]), FAKE_POWERED_OFF);
	assert_true(flushed);
}

static void test_board_stays_on_after_a_crash(void **state)
{
	(void)state;
	start(linux_vm());
	start(rtos_vm());
	crash(linux_vm(), 10);
	assert_int_equal(linux_vm()->state, VM_STOPPED);
	assert_int_equal(psci(&rtos_vm()->vcpus[0], PSCI_SYSTEM_OFF, 0, 0), FAKE_LEFT_GUEST);
	assert_int_equal(idle(&rtos_vm()->vcpus[0]), FAKE_RETURNED);
	assert_int_equal(rtos_vm()->state, VM_STOPPED);
}

static void test_board_stays_on_while_one_is_to_be_restarted(void **state)
{
	(void)state;
	configs[0].restart = RESTART_ALWAYS;
	configs[0].restart_backoff_ms = 1000;
	start(linux_vm());
	start(rtos_vm());
	assert_int_equal(psci(&linux_vm()->vcpus[0], PSCI_SYSTEM_OFF, 0, 0), FAKE_LEFT_GUEST);
	(void)idle(&linux_vm()->vcpus[0]);
	assert_int_equal(psci(&rtos_vm()->vcpus[0], PSCI_SYSTEM_OFF, 0, 0), FAKE_LEFT_GUEST);
	assert_int_equal(idle(&rtos_vm()->vcpus[0]), FAKE_RETURNED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_created_vm_knows_its_cpus, setup),
		cmocka_unit_test_setup(test_vm_that_cannot_be_mapped_is_stopped, setup),
		cmocka_unit_test_setup(test_vm_without_page_tables_is_stopped, setup),
		cmocka_unit_test_setup(test_window_is_mapped_as_one, setup),
		cmocka_unit_test_setup(test_device_page_of_another_vm_is_refused, setup),
		cmocka_unit_test_setup(test_home_cpu_loads_and_enters, setup),
		cmocka_unit_test_setup(test_other_cpus_wait_to_be_turned_on, setup),
		cmocka_unit_test_setup(test_vm_that_cannot_be_loaded_stays_stopped, setup),
		cmocka_unit_test_setup(test_counter_offset_is_kept_over_restarts, setup),
		cmocka_unit_test_setup(test_stop_waits_for_all_vcpus, setup),
		cmocka_unit_test_setup(test_stop_leaves_the_other_vm_alone, setup),
		cmocka_unit_test_setup(test_first_reason_counts, setup),
		cmocka_unit_test_setup(test_last_cpu_off_is_a_power_off, setup),
		cmocka_unit_test_setup(test_cpu_off_and_on_again_and_again, setup),
		cmocka_unit_test_setup(test_cpu_on_during_a_stop_does_not_enter, setup),
		cmocka_unit_test_setup(test_stop_of_a_vm_that_does_not_run_is_nothing, setup),
		cmocka_unit_test_setup(test_restart_policies, setup),
		cmocka_unit_test_setup(test_reset_restarts_at_once_and_is_no_failure, setup),
		cmocka_unit_test_setup(test_restart_waits_for_its_time, setup),
		cmocka_unit_test_setup(test_pause_doubles_up_to_a_minute, setup),
		cmocka_unit_test_setup(test_long_first_pause_is_bounded, setup),
		cmocka_unit_test_setup(test_limit_ends_it, setup),
		cmocka_unit_test_setup(test_healthy_time_forgets_failures, setup),
		cmocka_unit_test_setup(test_restart_begins_from_scratch, setup),
		cmocka_unit_test_setup(test_thousand_restarts, setup),
		cmocka_unit_test_setup(test_board_goes_off_with_the_last_vm, setup),
		cmocka_unit_test_setup(test_board_stays_on_after_a_crash, setup),
		cmocka_unit_test_setup(test_board_stays_on_while_one_is_to_be_restarted, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
