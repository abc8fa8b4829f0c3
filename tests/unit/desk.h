/* SPDX-License-Identifier: Apache-2.0 */
/*
 * For the tests of what bhcheck and the hypervisor share: sound trees, made by dtc from
 * tests/unit/desk, that a test changes in one place; and the findings that follow.
 */
#ifndef TESTS_UNIT_DESK_H
#define TESTS_UNIT_DESK_H

/* cmocka.h wants these before it */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <libfdt.h>

#include "core/board.h"
#include "core/bundle.h"
#include "core/config.h"

/* -- Findings ------------------------------------------------------------------------------ */

#define DESK_FINDINGS_MAX 64

extern struct desk_findings {
	struct report report;
	char lines[DESK_FINDINGS_MAX][256];
} findings;

void findings_clear(void);
/* There was one finding since then, and this is all of it. Clears. */
void assert_one_finding(const char *line);
/* Among the findings is this one, all of it. */
void assert_finding(const char *line);
/* There was none. */
void assert_no_finding(void);

/* -- Trees --------------------------------------------------------------------------------- */

#define DESK_TREE_SIZE SZ_1M

/* A tree with room to grow. */
struct tree {
	uint64_t words[DESK_TREE_SIZE / 8];
};

/* What dtc made of tests/unit/desk/NAME.dts. */
void tree_load(struct tree *t, const char *name);
/* Its offset; the node must be there. */
int tree_node(const struct tree *t, const char *path);
void tree_set(struct tree *t, const char *path, const char *property, const void *data,
	      size_t size);
void tree_set_cells(struct tree *t, const char *path, const char *property, const uint32_t *cells,
		    size_t count);
void tree_set_string(struct tree *t, const char *path, const char *property, const char *text);
void tree_delete(struct tree *t, const char *path, const char *property);
void tree_delete_node(struct tree *t, const char *path);
void tree_add_node(struct tree *t, const char *parent, const char *name);

#define TREE_CELLS(t, path, property, ...)                                                         \
	tree_set_cells(t, path, property, (const uint32_t[]){__VA_ARGS__},                         \
		       ARRAY_SIZE(((const uint32_t[]){__VA_ARGS__})))

/* -- The whole ----------------------------------------------------------------------------- */

/* The board's tree, sound. */
extern struct tree board_tree;
extern struct tree config_tree;
extern struct board board;
extern struct config config;

/* Both trees as they are on disk, no findings. A setup function. */
int desk_setup(void **state);
/* board_parse() of board_tree; the tree's own place in this program is not reserved. */
int desk_parse_board(void);
/* config_parse() of config_tree. */
int desk_parse_config(void);
/* The VM of that name, which must be there. */
struct vm_config *desk_vm(const char *name);

/* A bundle of config_tree and files that a test adds. */
struct file {
	const char *name;
	const void *data;
	size_t size;
};
/*
 * Write a FIT as mkimage would. Returns its size. wrong_hash names an image whose hash is wrong
 * (NULL: none).
 */
size_t desk_make_bundle(void *buf, size_t size, const struct file *files, size_t count,
			const char *wrong_hash);

/*
 * Both trees parsed as they are now, with a bundle of kernel.bin (0x8000 bytes), initrd.img (100),
 * table.bin (0x1000), large.bin (0x20000) and empty.bin in desk_bundle.
 */
extern struct bundle desk_bundle;
void desk_parse_all(void);
/* The same, no finding so far, and then config_check(). */
void desk_check_config(void);
/* That, with one finding, which costs this VM alone. */
void assert_vm_refused(const char *name, const char *line);

/* A generator of its own, so that every run of every machine does the same. */
uint64_t desk_random(uint64_t *state);

#endif
