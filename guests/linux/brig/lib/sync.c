/* SPDX-License-Identifier: Apache-2.0 */
#include "guests/linux/brig/lib/sync.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "guests/linux/brig/lib/err.h"
#include "guests/linux/brig/lib/sock.h"

struct packet {
	int type;
	int number;
	char text[2048];
};

union control {
	char bytes[CMSG_SPACE(sizeof(int))];
	struct cmsghdr align;
};

int sync_pair(int *ours, int *theirs)
{
	int pair[2];
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0) {
		return err_set(errno, "make a socket pair");
	}
	*ours = pair[0];
	*theirs = pair[1];
	return 0;
}

static int send_packet(int line, const struct packet *packet, size_t length, int fd)
{
	return sock_send(line, packet, length, fd) < 0
		       ? err_set(errno, "speak to the other process")
		       : 0;
}

int sync_send(int line, enum sync_type type, int fd)
{
	struct packet packet = {.type = (int)type};
	return send_packet(line, &packet, offsetof(struct packet, text), fd);
}

void sync_send_error(int line)
{
	struct packet packet = {.type = SYNC_ERROR, .number = err_number()};
	size_t length = strlen(err_text());
	if (length >= sizeof(packet.text)) {
		length = sizeof(packet.text) - 1;
	}
	memcpy(packet.text, err_text(), length);
	send_packet(line, &packet, offsetof(struct packet, text) + length + 1, -1);
}

enum sync_type sync_receive(int line, int *fd)
{
	struct packet packet = {0};
	union control control = {0};
	struct iovec data = {.iov_base = &packet, .iov_len = sizeof(packet)};
	struct msghdr message = {.msg_iov = &data,
				 .msg_iovlen = 1,
				 .msg_control = control.bytes,
				 .msg_controllen = sizeof(control.bytes)};
	ssize_t got;
	do {
		got = recvmsg(line, &message, MSG_CMSG_CLOEXEC);
	} while (got < 0 && errno == EINTR);
	if (got < (ssize_t)offsetof(struct packet, text)) {
		return SYNC_CLOSED;
	}
	const struct cmsghdr *header = CMSG_FIRSTHDR(&message);
	if (fd != NULL) {
		*fd = -1;
		if (header != NULL && header->cmsg_type == SCM_RIGHTS &&
		    header->cmsg_len == CMSG_LEN(sizeof(int))) {
			memcpy(fd, CMSG_DATA(header), sizeof(int));
		}
	}
	if (packet.type == SYNC_ERROR) {
		packet.text[sizeof(packet.text) - 1] = '\0';
		err_set(0, "%s", packet.text);
	}
	return (enum sync_type)packet.type;
}

int sync_expect(int line, enum sync_type type, int *fd)
{
	enum sync_type got = sync_receive(line, fd);
	if (got == type) {
		return 0;
	}
	if (got == SYNC_CLOSED) {
		return err_set(0, "the container's process ended while it was set up");
	}
	return got == SYNC_ERROR ? -1 : err_set(0, "unexpected message %d", got);
}
