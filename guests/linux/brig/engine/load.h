/* SPDX-License-Identifier: Apache-2.0 */
/* Images into and out of the store. */
#ifndef ENGINE_LOAD_H
#define ENGINE_LOAD_H

/* Load a tar or a directory, an OCI layout or what `docker save` writes. Prints each name. */
int load_images(const char *source, const char *name);
/* Write an image as an OCI layout, a tar, to out. */
int save_image(const char *name, const char *out);

#endif
