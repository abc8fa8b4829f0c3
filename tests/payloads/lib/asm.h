/* SPDX-License-Identifier: Apache-2.0 */
/* Offsets shared by start.S and the C of the payload library. */
#ifndef TESTS_PAYLOADS_LIB_ASM_H
#define TESTS_PAYLOADS_LIB_ASM_H

#define FRAME_SIZE    272
#define CPU_STACK_TOP 0

#endif
