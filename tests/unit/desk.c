/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/desk.h"

#include <stdio.h>

#include "core/lib/fdt_read.h"
#include "core/lib/sha256.h"

struct desk_findings findings;
struct tree board_tree;
struct tree config_tree;
struct board board;
struct config config;

/* -- Findings ------------------------------------------------------------------------------ */

static void keep(struct report *r, const char *line)
{
	if (r->error_count <= DESK_FINDINGS_MAX) {
		snprintf(findings.lines[r->error_count - 1], sizeof(findings.lines[0]), "%s", line);
	}
}

void findings_clear(void)
{
	memset(&findings, 0, sizeof(findings));
	findings.report.emit = keep;
}

static void show_findings(const char *wanted)
{
	for (unsigned int i = 0; i < MIN(findings.report.error_count, DESK_FINDINGS_MAX); i++) {
		print_error("finding: %s\n", findings.lines[i]);
	}
	fail_msg("wanted: %s", wanted);
}

void assert_finding(const char *line)
{
	for (unsigned int i = 0; i < MIN(findings.report.error_count, DESK_FINDINGS_MAX); i++) {
		if (strcmp(findings.lines[i], line) == 0) {
			return;
		}
	}
	show_findings(line);
}

void assert_one_finding(const char *line)
{
	if (findings.report.error_count != 1) {
		show_findings(line);
	}
	assert_finding(line);
	findings_clear();
}

void assert_no_finding(void)
{
	if (findings.report.error_count != 0) {
		show_findings("none");
	}
}

/* -- Trees --------------------------------------------------------------------------------- */

static void must(int error)
{
	if (error < 0) {
		fail_msg("libfdt: %s", fdt_strerror(error));
	}
}

void tree_load(struct tree *t, const char *name)
{
	static uint8_t file[DESK_TREE_SIZE];
	char path[128];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s.dtb", DESK_FOLDER, name);
	f = fopen(path, "rb");
	if (!f) {
		fail_msg("cannot read %s", path);
		return;
	}
	if (fread(file, 1, sizeof(file), f) == 0) {
		fail_msg("%s is empty", path);
	}
	fclose(f);
	must(fdt_open_into(file, t, sizeof(*t)));
}

int tree_node(const struct tree *t, const char *path)
{
	int node = fdt_path_offset(t, path);

	must(node);
	return node;
}

void tree_set(struct tree *t, const char *path, const char *property, const void *data, size_t size)
{
	must(fdt_setprop(t, tree_node(t, path), property, data, (int)size));
}

void tree_set_cells(struct tree *t, const char *path, const char *property, const uint32_t *cells,
		    size_t count)
{
	void *to;

	must(fdt_setprop_placeholder(t, tree_node(t, path), property, (int)(count * 4), &to));
	for (size_t i = 0; i < count; i++) {
		fdt32_st((uint8_t *)to + 4 * i, cells[i]);
	}
}

void tree_set_string(struct tree *t, const char *path, const char *property, const char *text)
{
	tree_set(t, path, property, text, strlen(text) + 1);
}

void tree_delete(struct tree *t, const char *path, const char *property)
{
	must(fdt_delprop(t, tree_node(t, path), property));
}

void tree_delete_node(struct tree *t, const char *path)
{
	must(fdt_del_node(t, tree_node(t, path)));
}

void tree_add_node(struct tree *t, const char *parent, const char *name)
{
	must(fdt_add_subnode(t, tree_node(t, parent), name));
}

/* -- The whole ----------------------------------------------------------------------------- */

int desk_setup(void **state)
{
	(void)state;
	findings_clear();
	tree_load(&board_tree, "board");
	tree_load(&config_tree, "config");
	return 0;
}

int desk_parse_board(void)
{
	uint64_t own = ALIGN_DOWN((uintptr_t)&board_tree, SZ_4K);
	unsigned int kept = 0;
	int result = board_parse(&board_tree, sizeof(board_tree), &board, &findings.report);

	for (unsigned int i = 0; i < board.reserved_count; i++) {
		if (board.reserved[i].base != own) {
			board.reserved[kept++] = board.reserved[i];
		}
	}
	board.reserved_count = kept;
	return result;
}

int desk_parse_config(void)
{
	static struct tree packed;

	packed = config_tree;
	must(fdt_pack(&packed));
	return config_parse(&packed, fdt_totalsize(&packed), &config, &findings.report);
}

struct vm_config *desk_vm(const char *name)
{
	for (unsigned int i = 0; i < config.vm_count; i++) {
		if (strcmp(config.vms[i].name, name) == 0) {
			return &config.vms[i];
		}
	}
	fail_msg("no VM %s", name);
	return NULL;
}

static void put_image(void *fit, const struct file *file, bool wrong)
{
	uint8_t digest[SHA256_SIZE];

	sha256(file->data, file->size, digest);
	digest[0] ^= wrong;
	must(fdt_begin_node(fit, file->name));
	must(fdt_property(fit, "data", file->data, (int)file->size));
	must(fdt_property_string(fit, "compression", "none"));
	must(fdt_begin_node(fit, "hash-1"));
	must(fdt_property(fit, "value", digest, sizeof(digest)));
	must(fdt_property_string(fit, "algo", "sha256"));
	must(fdt_end_node(fit));
	must(fdt_end_node(fit));
}

size_t desk_make_bundle(void *buf, size_t size, const struct file *files, size_t count,
			const char *wrong_hash)
{
	static struct tree packed;
	struct file own = {"configuration", &packed, 0};

	packed = config_tree;
	must(fdt_pack(&packed));
	own.size = fdt_totalsize(&packed);
	must(fdt_create(buf, (int)size));
	must(fdt_finish_reservemap(buf));
	must(fdt_begin_node(buf, ""));
	must(fdt_begin_node(buf, "images"));
	put_image(buf, &own, wrong_hash && strcmp(wrong_hash, own.name) == 0);
	for (size_t i = 0; i < count; i++) {
		put_image(buf, &files[i], wrong_hash && strcmp(wrong_hash, files[i].name) == 0);
	}
	must(fdt_end_node(buf));
	must(fdt_begin_node(buf, "configurations"));
	must(fdt_property_string(buf, "default", "bulkhead"));
	must(fdt_begin_node(buf, "bulkhead"));
	must(fdt_property_string(buf, "fdt", "configuration"));
	must(fdt_end_node(buf));
	must(fdt_end_node(buf));
	must(fdt_end_node(buf));
	must(fdt_finish(buf));
	return fdt_totalsize(buf);
}

uint64_t desk_random(uint64_t *state)
{
	/* xorshift64 (Marsaglia, 2003) */
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

struct bundle desk_bundle;

void desk_parse_all(void)
{
	static uint8_t content[0x20000];
	static struct tree fit;
	const struct file files[] = {{"kernel.bin", content, 0x8000},
				     {"initrd.img", content, 100},
				     {"table.bin", content, 0x1000},
				     {"large.bin", content, sizeof(content)},
				     {"empty.bin", content, 0}};

	desk_make_bundle(&fit, sizeof(fit), files, ARRAY_SIZE(files), NULL);
	assert_int_equal(bundle_open(&desk_bundle, &fit, sizeof(fit), &findings.report), 0);
	assert_int_equal(desk_parse_board(), 0);
	assert_int_equal(config_parse(desk_bundle.config, desk_bundle.config_size, &config,
				      &findings.report),
			 0);
}

void desk_check_config(void)
{
	desk_parse_all();
	assert_no_finding();
	config_check(&config, &board, &desk_bundle, &findings.report);
}

void assert_vm_refused(const char *name, const char *line)
{
	desk_check_config();
	assert_one_finding(line);
	for (unsigned int i = 0; i < config.vm_count; i++) {
		assert_int_equal(config.vms[i].refused, strcmp(config.vms[i].name, name) == 0);
	}
}
