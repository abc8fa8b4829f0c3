/* SPDX-License-Identifier: Apache-2.0 */
/* Which users this process knows; for the runtime and the engine. */
#ifndef BRIG_USERS_H
#define BRIG_USERS_H

#include <stdbool.h>

/* All, each as itself (user_namespaces(7)): of the machine's first namespace, or of one that is no
 * less. Also where /proc does not say. */
bool users_are_all(void);

#endif
