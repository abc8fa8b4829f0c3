/* SPDX-License-Identifier: Apache-2.0 */
/* cp: into and out of a container, whether it runs or not. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "guests/linux/brig/engine/command.h"
#include "guests/linux/brig/engine/container.h"
#include "guests/linux/brig/engine/copy.h"
#include "guests/linux/brig/engine/fault.h"
#include "guests/linux/brig/engine/file.h"
#include "guests/linux/brig/engine/stream.h"

/* One side of the command: a container's, where there is a name before a colon. */
struct side {
	struct copy_place place;
	struct container c;
	bool inside;
	int lock; /* of one that does not run: it is not started meanwhile */
};

static int read_side(struct side *side, const char *text)
{
	const char *colon = strchr(text, ':');
	const char *slash = strchr(text, '/');
	*side = (struct side){.place = {.root = -1, .path = text}, .lock = -1};
	if (*text == '\0' || colon == NULL || colon == text || (slash != NULL && slash < colon)) {
		return *text == '\0' ? fault_set(0, "cp: a path is empty") : 0;
	}
	side->inside = true;
	side->place.path = colon[1] != '\0' ? colon + 1 : "/";
	return container_find(file_text("%.*s", (int)(colon - text), text), &side->c);
}

/* As its own processes see it, with its volumes; where it does not run, its layers alone. */
static int open_root(struct side *side)
{
	struct container_state state;
	if (!side->inside) {
		return 0;
	}
	container_load_state(&side->c, &state);
	if (container_runs(&state)) {
		side->place.root = open(file_text("/proc/%d/root", (int)state.pid),
					O_PATH | O_DIRECTORY | O_CLOEXEC);
		if (side->place.root >= 0 && container_runs(&state)) {
			return 0;
		}
		return fault_set(0, "%s ended just now", container_name(&side->c));
	}
	side->lock = container_lock(&side->c);
	if (side->lock < 0) {
		return fault_set(0, "%s is being started or ended", container_name(&side->c));
	}
	if (container_mount(&side->c) < 0) {
		return -1;
	}
	side->place.root =
		open(container_path(&side->c, "merged"), O_PATH | O_DIRECTORY | O_CLOEXEC);
	return side->place.root < 0
		       ? fault_set(errno, "open the root of %s", container_name(&side->c))
		       : 0;
}

static void close_root(struct side *side)
{
	file_close(&side->place.root);
	if (side->lock >= 0) {
		container_unmount(&side->c);
		file_close(&side->lock);
	}
}

static bool is_stream(const struct side *side)
{
	return !side->inside && strcmp(side->place.path, "-") == 0;
}

static int copy(const struct side *from, const struct side *to)
{
	if (is_stream(from)) {
		return isatty(STDIN_FILENO) ? fault_set(0, "-: an archive is not typed in")
					    : stream_in(STDIN_FILENO, &to->place);
	}
	if (is_stream(to)) {
		return isatty(STDOUT_FILENO) ? fault_set(0, "-: an archive is not for a terminal")
					     : stream_out(&from->place, STDOUT_FILENO);
	}
	return copy_between(&from->place, &to->place);
}

int command_cp(int argc, char **argv)
{
	struct side from;
	struct side to;
	if (command_operands(argc, argv, 2) < 0 || read_side(&from, argv[1]) < 0 ||
	    read_side(&to, argv[2]) < 0) {
		return command_fail();
	}
	if (argc != 3 || from.inside == to.inside) {
		fault_set(0, "cp: needs two paths, one of them a CONTAINER:PATH");
		return command_fail();
	}
	int result = open_root(&from) < 0 || open_root(&to) < 0 || copy(&from, &to) < 0
			     ? fault_in("cp")
			     : 0;
	close_root(&to);
	close_root(&from);
	return result < 0 ? command_fail() : 0;
}
