/* SPDX-License-Identifier: Apache-2.0 */
/* Other programs: ip, nft, modprobe and the OCI runtime. */
#ifndef ENGINE_RUN_H
#define ENGINE_RUN_H

#include <sys/types.h>

#define RUN_EXIT_NEVER   127 /* a program that could not be started */
#define RUN_EXIT_UNKNOWN 255 /* one that ended while nobody waited for it */

/* Run it to its end, what it says on stderr going into the fault; 0, or -1 with a fault. */
int run_program(const char *const argv[]);
/* As run_program(), with text on its stdin. */
int run_with_input(const char *const argv[], const char *text);
#define run_words(...) run_program((const char *const[]){__VA_ARGS__, NULL})
/* Run the OCI runtime with these words after its --root; as run_program(). */
int run_runtime(const char *const words[]);
#define run_oci(...) run_runtime((const char *const[]){__VA_ARGS__, NULL})
/* Run the OCI runtime with one word, its output being this program's. */
int run_shown(const char *word);
/* Its file. */
const char *run_runtime_path(void);
/* The whole command line of run_runtime(), for an exec. */
const char *const *run_runtime_line(const char *const words[]);
/* The exit code as a shell gives it: 128 + the signal for one that was killed. */
int run_exit_code(int status);

#endif
