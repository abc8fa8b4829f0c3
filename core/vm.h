/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One VM: everything that belongs to it is reachable from here, in plain data.
 *
 * A VM's life is driven by its home CPU, the one of its vCPU 0, in that CPU's
 * idle loop (vm_home_work); any CPU may ask for a stop (vm_stop). The other
 * CPUs of the board take no part, so nothing here delays another VM.
 */
#ifndef CORE_VM_H
#define CORE_VM_H

#include "core/config.h"
#include "core/console.h"
#include "core/guest_map.h"
#include "core/mmio.h"
#include "core/pgtable.h"
#include "core/vcpu.h"
#include "core/vfilter.h"
#include "core/vgpio.h"
#include "core/vmailbox.h"
#include "core/vpl011.h"
#include "core/vpl031.h"

/* configured -> loading -> running -> stopping -> stopped -> loading again, by policy. */
enum vm_state {
	VM_CONFIGURED,
	VM_LOADING,
	VM_RUNNING,
	VM_STOPPING,
	VM_WAITING, /* stopped, to be restarted at restart_at */
	VM_STOPPED, /* for good */
};

enum vm_stop_kind {
	VM_STOP_NONE,
	VM_STOP_POWER_OFF,
	VM_STOP_RESET,
	VM_STOP_CRASH,
};

/* Why a VM stopped; of a crash, what the CPU said. */
struct vm_stop {
	enum vm_stop_kind kind;
	unsigned int vcpu;
	const char *what; /* a constant of ours */
	uint64_t pc;
	uint64_t esr; /* 0: none */
	uint64_t far;
	uint64_t ipa;
};

struct vm {
	/* first what every trap looks at: near, it costs an instruction less */
	struct mmio_map mmio;
	unsigned int vcpu_count;
	struct vgic vgic;
	unsigned int index; /* owner number of its pages; VMID - 1 */
	const struct vm_config *config;
	struct guest_map map;
	struct pgtable stage2;
	struct vcpu vcpus[VM_VCPUS_MAX];
	struct vpl011 uart;
	struct vpl031 rtc;
	struct vm_filters filters;
	struct vgpio gpio;
	struct vmailbox mailbox;
	struct console_port *console;
	uint64_t counter_offset; /* CNTVOFF_EL2: the virtual counter was 0 at the first start */

	enum vm_state state;   /* moved by compare-and-swap */
	struct vm_stop stop;   /* written by the one who moved it to VM_STOPPING */
	unsigned int on_count; /* vCPUs not OFF */
	bool images_checked;   /* hashes were right at the first load */
	bool is_scrubbed;      /* all of its memory is zero since the last stop */
	unsigned int failures; /* crashes in a row */
	unsigned int restarts;
	uint32_t absent_seen; /* vabsent.c: what was logged, one bit each */
	uint64_t started_at;  /* counter values */
	uint64_t restart_at;
	/* log_guest(): lines in the current second, and those dropped */
	uint64_t log_second;
	unsigned int log_lines;
	unsigned int log_dropped;
};

/* All VMs that were not refused. */
extern struct vm vms[CONFIG_VMS_MAX];
extern unsigned int vm_count;

/*
 * Build a VM from its checked and placed configuration: stage 2, devices,
 * interrupts. Returns -1 with a finding when the tables do not suffice.
 */
int vm_create(const struct vm_config *config, const struct board *b, struct report *r) MUST_CHECK;

/* The vCPU that owns a board CPU, or NULL. */
struct vcpu *vm_vcpu_of_cpu(unsigned int cpu);

/*
 * Stop a VM: the first caller's reason counts. From a vCPU of the VM it does not
 * return control to the guest: call arch_leave_guest() after it.
 */
void vm_stop(struct vm *vm, const struct vm_stop *why);
/* A vCPU broke a rule that costs its VM: what, and the syndrome if there is one. */
void vm_crash(struct vcpu *v, const char *what, uint64_t pc, uint64_t esr, uint64_t far,
	      uint64_t ipa);

/*
 * What the CPU of v has to do in its idle loop: as home CPU load, restart, clean up;
 * as any vCPU's CPU enter the guest after CPU_ON. Returns the counter value at
 * which there is something to do next, UINT64_MAX for never.
 */
uint64_t vm_idle_work(struct vcpu *v);

/* Must the vCPU that trapped here leave its guest, as its VM is being stopped? */
static inline bool vm_is_stopping(const struct vm *vm)
{
	return __atomic_load_n(&vm->state, __ATOMIC_ACQUIRE) != VM_RUNNING;
}

/* The vCPU that runs here gives up its CPU: PSCI CPU_OFF, or its VM is stopping. */
void vm_vcpu_off(struct vcpu *v);

/* -- load.c ---------------------------------------------------------------------- */
/* Scrub all memory of a VM and load its images. Returns 0 with entry and x0 of vCPU 0, or -1. */
int load_vm(struct vm *vm, uint64_t *entry, uint64_t *x0, struct report *r) MUST_CHECK;
/* Zero all writable memory of a VM, to the point of coherency. */
void load_scrub(struct vm *vm);
/* What is loaded from, set once at boot. */
void load_init(const struct bundle *bundle, const struct board *board);

/* -- psci.c ------------------------------------------------------------------------ */
/*
 * An SMCCC call of v, x0 to x3 as the guest gave them: HVC, or SMC. Returns x0; x1 to x3 stay.
 * The order is that of the registers: the shortest way from the vector.
 */
uint64_t psci_call(uint64_t function, uint64_t a1, uint64_t a2, uint64_t a3, struct vcpu *v);

#endif
