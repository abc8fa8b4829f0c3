/* What of a task the port saves. Offsets are shared with vectors.S. */
#ifndef KEEL_CONTEXT_H
#define KEEL_CONTEXT_H

#define CTX_SP     248
#define CTX_PC     256
#define CTX_PSTATE 264
#define CTX_SIZE   272
#define FP_FPCR    512
#define FP_SIZE    528

#ifndef __ASSEMBLER__

#include <assert.h>
#include <stddef.h>
#include <stdint.h>

struct context {
	uint64_t x[31];
	uint64_t sp;
	uint64_t pc;
	uint64_t pstate;
};

struct fp_context {
	uint64_t v[64];
	uint64_t fpcr;
	uint64_t fpsr;
};

static_assert(offsetof(struct context, sp) == CTX_SP, "vectors.S");
static_assert(offsetof(struct context, pc) == CTX_PC, "vectors.S");
static_assert(offsetof(struct context, pstate) == CTX_PSTATE, "vectors.S");
static_assert(sizeof(struct context) == CTX_SIZE, "vectors.S");
static_assert(offsetof(struct fp_context, fpcr) == FP_FPCR, "fp.S");
static_assert(sizeof(struct fp_context) == FP_SIZE, "fp.S");

#endif
#endif
