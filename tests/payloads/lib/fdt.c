/* SPDX-License-Identifier: Apache-2.0 */
/* What a payload needs of its device tree, read without trusting that there is one. */
#include "tests/payloads/lib/payload.h"

#define FDT_MAGIC      0xd00dfeedu
#define FDT_BEGIN_NODE 1u
#define FDT_END_NODE   2u
#define FDT_PROP       3u
#define FDT_NOP        4u

struct machine machine;
static char bootargs[1024];

static uint32_t be32(const void *p)
{
	const uint8_t *b = p;

	return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
}

static uint64_t be64(const void *p)
{
	return (uint64_t)be32(p) << 32 | be32((const uint8_t *)p + 4);
}

static bool equal(const char *a, const char *b)
{
	while (*a && *a == *b) {
		a++;
		b++;
	}
	return *a == *b;
}

static bool starts(const char *s, const char *prefix)
{
	while (*prefix && *s == *prefix) {
		s++;
		prefix++;
	}
	return *prefix == 0;
}

static size_t length(const char *s)
{
	size_t n = 0;

	while (s[n]) {
		n++;
	}
	return n;
}

/* True if a stringlist property holds the word. */
static bool list_has(const uint8_t *list, uint32_t size, const char *word)
{
	for (uint32_t i = 0; i < size; i += (uint32_t)length((const char *)list + i) + 1) {
		if (equal((const char *)list + i, word)) {
			return true;
		}
	}
	return false;
}

struct node {
	const char *name;
	const uint8_t *reg;
	uint32_t reg_size;
	bool is_cpu, is_memory, gicv2, gicv3;
};

static void take_prop(struct node *n, const char *name, const uint8_t *v, uint32_t size)
{
	if (equal(name, "reg")) {
		n->reg = v;
		n->reg_size = size;
	} else if (equal(name, "device_type")) {
		n->is_cpu = equal((const char *)v, "cpu");
		n->is_memory = equal((const char *)v, "memory");
	} else if (equal(name, "compatible")) {
		n->gicv3 = list_has(v, size, "arm,gic-v3");
		n->gicv2 =
			list_has(v, size, "arm,cortex-a15-gic") || list_has(v, size, "arm,gic-400");
	} else if (equal(name, "bootargs") && equal(n->name, "chosen")) {
		for (uint32_t i = 0; i < size && i < sizeof(bootargs) - 1; i++) {
			bootargs[i] = (char)v[i];
		}
	}
}

/* The trees that start a payload use two address and two size cells. */
static void take_node(const struct node *n)
{
	if (n->is_cpu) {
		machine.fdt_cpu_count++;
	}
	if ((n->is_memory || starts(n->name, "memory@")) && n->reg_size >= 16 &&
	    machine.ram_size == 0) {
		machine.ram_base = be64(n->reg);
		machine.ram_size = be64(n->reg + 8);
	}
	if ((n->gicv2 || n->gicv3) && n->reg_size >= 32) {
		gic.gicd = be64(n->reg);
		if (n->gicv3) {
			gic.gicr = be64(n->reg + 16);
		} else {
			gic.gicc = be64(n->reg + 16);
		}
	}
}

/* Called once, before anything is printed. */
void fdt_read(uintptr_t fdt);
void fdt_read(uintptr_t fdt)
{
	const uint8_t *base = (const uint8_t *)fdt, *p, *end;
	const char *strings;
	struct node node = {.name = ""};
	bool open = false;

	if (fdt == 0 || (fdt & 7) || be32(base) != FDT_MAGIC) {
		return;
	}
	machine.fdt = fdt;
	machine.fdt_size = be32(base + 4);
	p = base + be32(base + 8);
	end = base + machine.fdt_size;
	strings = (const char *)base + be32(base + 12);
	while (p < end) {
		uint32_t token = be32(p);

		p += 4;
		if (token == FDT_BEGIN_NODE || token == FDT_END_NODE) {
			if (open) {
				take_node(&node);
			}
			open = false;
		}
		if (token == FDT_BEGIN_NODE) {
			node = (struct node){.name = (const char *)p};
			open = true;
			p += (length((const char *)p) + 4) & ~3ul;
		} else if (token == FDT_PROP) {
			uint32_t size = be32(p);

			take_prop(&node, strings + be32(p + 4), p + 8, size);
			p += 8 + ((size + 3) & ~3u);
		} else if (token != FDT_END_NODE && token != FDT_NOP) {
			return;
		}
	}
}

const char *bootarg(const char *name)
{
	size_t n = length(name);

	for (const char *s = bootargs; *s;) {
		if (starts(s, name) && (s[n] == '=' || s[n] == ' ' || s[n] == 0)) {
			return s[n] == '=' ? s + n + 1 : s + n;
		}
		while (*s && *s != ' ') {
			s++;
		}
		while (*s == ' ') {
			s++;
		}
	}
	return NULL;
}

uint64_t parse_number(const char *s, const char **end)
{
	uint64_t v = 0;
	unsigned base = 10;

	if (starts(s, "0x")) {
		base = 16;
		s += 2;
	}
	for (;; s++) {
		unsigned d = *s >= 'a' ? (unsigned)(*s - 'a' + 10) : (unsigned)(*s - '0');

		if (d >= base) {
			break;
		}
		v = v * base + d;
	}
	if (end) {
		*end = s;
	}
	return v;
}

uint64_t bootarg_number(const char *name, uint64_t fallback)
{
	const char *s = bootarg(name);

	return s && *s && *s != ' ' ? parse_number(s, NULL) : fallback;
}

bool strict(void)
{
	return bootarg("strict") != NULL;
}
