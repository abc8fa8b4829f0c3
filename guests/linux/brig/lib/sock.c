/* SPDX-License-Identifier: Apache-2.0 */
#include "guests/linux/brig/lib/sock.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "guests/linux/brig/lib/err.h"
#include "guests/linux/brig/lib/io.h"
#include "guests/linux/brig/lib/mem.h"

/* The length of an address with this name, or 0 where it does not fit. */
static socklen_t set_address(struct sockaddr_un *address, const char *name)
{
	size_t length = strlen(name);
	*address = (struct sockaddr_un){.sun_family = AF_UNIX};
	if (length >= sizeof(address->sun_path)) {
		return 0;
	}
	memcpy(address->sun_path, name, length);
	if (*name == '@') {
		address->sun_path[0] = '\0';
		return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length);
	}
	return sizeof(*address);
}

int sock_connect(const char *path, int type)
{
	struct sockaddr_un address;
	/* A longer name than sun_path holds is reached through its folder's descriptor. */
	const char *name = path;
	const char *slash = strrchr(path, '/');
	fd_auto folder = -1;
	if (strlen(path) >= sizeof(address.sun_path) && slash != NULL) {
		folder = open(mem_copy(path, (size_t)(slash - path)), O_PATH | O_CLOEXEC);
		name = mem_format("/proc/self/fd/%d%s", folder, slash);
	}
	socklen_t length = set_address(&address, name);
	if (length == 0) {
		return err_set(ENAMETOOLONG, "connect to %s", path);
	}
	int fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);
	if (fd < 0) {
		return err_set(errno, "make a socket");
	}
	if (connect(fd, (const struct sockaddr *)&address, length) < 0) {
		err_set(errno, "connect to %s", path);
		close(fd);
		return -1;
	}
	return fd;
}

int sock_bind(int dir, const char *name)
{
	struct sockaddr_un address;
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0) {
		return err_set(errno, "make a socket");
	}
	socklen_t length = set_address(&address, mem_format("/proc/self/fd/%d/%s", dir, name));
	(void)unlinkat(dir, name, 0);
	if (length == 0 || bind(fd, (const struct sockaddr *)&address, length) < 0 ||
	    fchmodat(dir, name, 0777, 0) < 0) {
		err_set(length == 0 ? ENAMETOOLONG : errno, "make socket %s", name);
		close(fd);
		return -1;
	}
	return fd;
}

int sock_send(int socket, const void *data, size_t length, int fd)
{
	union {
		char bytes[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control = {0};
	struct iovec part = {.iov_base = (void *)data, .iov_len = length};
	struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
	if (fd >= 0) {
		message.msg_control = control.bytes;
		message.msg_controllen = sizeof(control.bytes);
		struct cmsghdr *header = CMSG_FIRSTHDR(&message);
		header->cmsg_level = SOL_SOCKET;
		header->cmsg_type = SCM_RIGHTS;
		header->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(header), &fd, sizeof(int));
	}
	ssize_t sent;
	do {
		sent = sendmsg(socket, &message, MSG_NOSIGNAL);
	} while (sent < 0 && errno == EINTR);
	return sent < 0 ? -1 : 0;
}
