/* SPDX-License-Identifier: Apache-2.0 */
/* Included before all else: no symbol is another image's, so none is reached by a table. */
#pragma GCC visibility push(hidden)
