/* SPDX-License-Identifier: Apache-2.0 */
/* A VM of four vCPUs on CPUs 0 to 3, with some interrupts of each kind: what the vGIC's tests share. */
#ifndef TESTS_UNIT_FAKE_VM_H
#define TESTS_UNIT_FAKE_VM_H

#include "tests/unit/fake_gic.h"

#define VCPUS 4
/* Linked to the physical interrupts of the same numbers. */
#define HW_LEVEL 60
#define HW_EDGE  61
/* The inputs of emulated devices: level below EDGE, edge from there on. */
#define LEVEL 40
#define EDGE  50

extern struct vm vm;

/*
 * All vCPUs online, group 0 on, everything enabled, at priority 0. The functions
 * below are done as the CPU that executes (fake_on_cpu()): 0 after start().
 */
void start(enum gic_version version, unsigned int lr_count);
int setup_v2(void **state);
int setup_v3(void **state);
void go_online(unsigned int vcpu);
void go_offline(unsigned int vcpu);

/* What the guest writes to its distributor. */
void enable(uint32_t intid);
void disable(uint32_t intid);
void target(uint32_t intid, unsigned int mask);
void set_groups(bool on);
void set_priority(uint32_t intid, unsigned int priority);
void set_edge(uint32_t intid, bool edge);
bool operate(uint32_t intid, enum vgic_op op);

/* Sources. */
void pulse(uint32_t intid);
void send_sgi(unsigned int from, unsigned int to, uint32_t intid);

/* The guest takes and ends an interrupt, with all hardware quiet before and after. */
uint32_t take(unsigned int cpu);
void end(unsigned int cpu, uint32_t intid);
/* Take `count` nested ones of INTID 100 and up, the first least urgent. */
void nest(unsigned int count);

#define assert_delivered(cpu, intid)                                                               \
	do {                                                                                       \
		assert_int_equal(take(cpu), intid);                                                \
		end(cpu, intid);                                                                   \
	} while (0)
#define assert_quiet(cpu) assert_int_equal(take(cpu), FAKE_NONE)

#endif
