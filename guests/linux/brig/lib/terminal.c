/* SPDX-License-Identifier: Apache-2.0 */
#include <asm/ioctls.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stddef.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <termios.h>

#include "guests/linux/brig/lib/err.h"
#include "guests/linux/brig/lib/io.h"
#include "guests/linux/brig/lib/mem.h"
#include "guests/linux/brig/lib/mount.h"
#include "guests/linux/brig/lib/rootfs.h"
#include "guests/linux/brig/lib/sock.h"
#include "guests/linux/brig/lib/sys.h"

/* Only the multiplexer of a devpts: anything else there was put by the image. */
static int check_ptmx(int fd)
{
	struct stat status;
	struct statfs fs;
	if (fstat(fd, &status) < 0 || fstatfs(fd, &fs) < 0 || !S_ISCHR(status.st_mode) ||
	    status.st_rdev != makedev(5, 2) || fs.f_type != DEVPTS_SUPER_MAGIC) {
		return err_set(0, "/dev/ptmx of the container is no terminal multiplexer");
	}
	return 0;
}

int terminal_open(int root, const struct spec_process *process, int *slave)
{
	fd_auto place = io_open_in(root, "dev/pts/ptmx", O_PATH | O_NOFOLLOW, 0);
	if (place < 0 || check_ptmx(place) < 0) {
		return err_within("open a terminal (a devpts at /dev/pts is needed)");
	}
	int master = io_open_in(root, "dev/pts/ptmx", O_RDWR | O_NOCTTY | O_NOFOLLOW, 0);
	if (master < 0) {
		return -1;
	}
	int unlock = 0;
	if (check_ptmx(master) < 0) {
		goto err_close;
	}
	if (ioctl(master, TIOCSPTLCK, &unlock) < 0) {
		err_set(errno, "unlock the terminal");
		goto err_close;
	}
	/* By the master itself, not by the name /dev/pts/N. */
	*slave = ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (*slave < 0) {
		err_set(errno, "open the terminal's slave");
		goto err_close;
	}
	struct winsize size = {
		.ws_row = (unsigned short)process->rows,
		.ws_col = (unsigned short)process->columns,
	};
	if (size.ws_row != 0 || size.ws_col != 0) {
		ioctl(master, TIOCSWINSZ, &size);
	}
	if (fchown(*slave, process->uid, (gid_t)-1) < 0 && errno != EINVAL && errno != EPERM) {
		err_set(errno, "set the terminal's owner");
		close(*slave);
		goto err_close;
	}
	return master;

err_close:
	close(master);
	return -1;
}

int terminal_console(struct container *c, int slave)
{
	const char *name;
	fd_auto folder = io_make_parent(c->root, "/dev/console", 0755, &name);
	if (folder < 0) {
		return -1;
	}
	/* The image's own may be any device, which opening it alone might set going. */
	(void)mknodat(folder, name, S_IFREG | 0620, 0);
	fd_auto target = openat(folder, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	struct stat status;
	if (target < 0 || fstat(target, &status) < 0 || S_ISLNK(status.st_mode)) {
		return err_set(target < 0 ? errno : ELOOP, "create /dev/console");
	}
	return mount_copy_onto(slave, target, false) < 0 ? err_within("/dev/console") : 0;
}

int terminal_take(int slave)
{
	for (int fd = 0; fd <= 2; fd++) {
		if (dup2(slave, fd) < 0) {
			return err_set(errno, "put the terminal on descriptor %d", fd);
		}
	}
	if (ioctl(0, TIOCSCTTY, 0) < 0) {
		return err_set(errno, "make it the controlling terminal");
	}
	if (slave > 2) {
		close(slave);
	}
	return 0;
}

int terminal_send(int socket, int master)
{
	static const char name[] = "/dev/ptmx";
	if (sock_send(socket, name, sizeof(name) - 1, master) < 0) {
		return err_set(errno, "send the terminal to the console socket");
	}
	return 0;
}

static struct termios saved;
static bool is_saved;

int terminal_raw(void)
{
	if (tcgetattr(0, &saved) < 0) {
		return 0; /* standard input is no terminal: nothing to prepare */
	}
	is_saved = true;
	struct termios raw = saved;
	cfmakeraw(&raw);
	return tcsetattr(0, TCSANOW, &raw) < 0 ? err_set(errno, "set the terminal") : 0;
}

void terminal_restore(void)
{
	if (is_saved) {
		tcsetattr(0, TCSANOW, &saved);
		is_saved = false;
	}
}

void terminal_resize(int master)
{
	struct winsize size;
	if (ioctl(0, TIOCGWINSZ, &size) == 0) {
		ioctl(master, TIOCSWINSZ, &size);
	}
}
