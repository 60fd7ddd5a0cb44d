/* SPDX-License-Identifier: Apache-2.0 */
#include "ipc/channel.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sockios.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "ipc/batch.h"
#include "ipc/memory.h"
#include "lib/log.h"
#include "lib/memory.h"

/* What the kernel may hold for the peer; it gives as much as it allows. */
#define SOCKET_BUFFER_BYTES (1024 * 1024)

/*
 * Sealed memory that the peer has not yet received: it does not count in what
 * the socket holds.
 */
#define MEMORY_UNDER_WAY_MAX (8 * 1024 * 1024)

/* What the kernel passes with one datagram at most (SCM_MAX_FD). */
#define KERNEL_FDS_MAX 253

/* Descriptors beside a datagram, aligned as the kernel wants them. */
union control {
	struct cmsghdr header;
	uint8_t bytes[CMSG_SPACE(sizeof(int) * KERNEL_FDS_MAX)];
};

struct ipc_channel {
	int fd;
	enum ipc_role self;
	enum ipc_role peer;
	struct batch *first;
	struct batch *last;
	size_t queued_bytes;
	size_t memory_sent; /* sealed, since the peer had last read all */
	uint64_t lost;      /* messages, for want of a descriptor */
	int error;          /* it is broken: what flush returns from now on */
	bool is_full;       /* the socket took nothing more in this turn */
};

/* Parts of a message that is sent from where it lies. */
#define DIRECT_PARTS_MAX 8

/*
 * One for the whole process: a message is used during its handler only. Where
 * a handler takes the memory, the next one gets other.
 */
static struct buffer received;
static bool is_receiving;

int
ipc_socket_pair(int fds[2])
{
	const int size = SOCKET_BUFFER_BYTES;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK,
		0, fds) != 0)
		return -errno;
	for (int i = 0; i < 2; i++) {
		/* less is given where the system's limit is lower */
		(void)setsockopt(fds[i], SOL_SOCKET, SO_SNDBUF, &size,
		    sizeof(size));
	}
	return 0;
}

struct ipc_channel *
ipc_channel_open(int fd, enum ipc_role self, enum ipc_role peer)
{
	struct ipc_channel *channel = memory_new(1, sizeof(*channel));

	channel->fd = fd;
	channel->self = self;
	channel->peer = peer;
	return channel;
}

static void
channel_drop_first(struct ipc_channel *channel)
{
	struct batch *batch = channel->first;

	channel->first = batch->next;
	if (channel->first == NULL)
		channel->last = NULL;
	channel->queued_bytes -= batch->len + batch->memory;
	batch_free(&batch);
}

void
ipc_channel_close(struct ipc_channel **pointer)
{
	struct ipc_channel *channel = *pointer;

	if (channel == NULL)
		return;
	*pointer = NULL;
	while (channel->first != NULL)
		channel_drop_first(channel);
	close(channel->fd);
	free(channel);
}

int
ipc_channel_fd(const struct ipc_channel *channel)
{
	return channel->fd;
}

size_t
ipc_channel_queued_bytes(const struct ipc_channel *channel)
{
	return channel->queued_bytes;
}

uint64_t
ipc_channel_lost_messages(const struct ipc_channel *channel)
{
	return channel->lost;
}

/* Send a datagram: 0 or what ipc_channel_flush() returns. */
static int
channel_write(struct ipc_channel *channel, const struct msghdr *datagram)
{
	ssize_t len;

	do {
		len = sendmsg(channel->fd, datagram,
		    MSG_NOSIGNAL | MSG_DONTWAIT);
	} while (len < 0 && errno == EINTR);
	if (len >= 0)
		return 0;
	switch (errno) {
	case EAGAIN:
		return -EAGAIN;
	case ENOBUFS:
	case ENOMEM:
	case ETOOMANYREFS: /* too many descriptors are under way */
		return -ENOBUFS;
	case EPIPE:
	case ECONNRESET:
	case ENOTCONN:
		return -EPIPE;
	default:
		return -errno;
	}
}

/* Send one batch: 0 or what ipc_channel_flush() returns. */
static int
channel_send(struct ipc_channel *channel, struct batch *batch)
{
	struct iovec content = { batch->data, batch->len };
	struct msghdr datagram = { .msg_iov = &content, .msg_iovlen = 1 };
	size_t fds_len = sizeof(int) * batch->fd_count;
	union control control;

	if (batch->fd_count > 0) {
		memset(control.bytes, 0, CMSG_SPACE(fds_len)); /* padding */
		control.header.cmsg_level = SOL_SOCKET;
		control.header.cmsg_type = SCM_RIGHTS;
		control.header.cmsg_len = CMSG_LEN(fds_len);
		memcpy(CMSG_DATA(&control.header), batch->fds, fds_len);
		datagram.msg_control = control.bytes;
		datagram.msg_controllen = CMSG_SPACE(fds_len);
	}
	return channel_write(channel, &datagram);
}

/* Has the peer to read what it was sent before it gets more memory? */
static bool
has_memory_to_wait(struct ipc_channel *channel, const struct batch *batch)
{
	int unread;

	if (batch->memory == 0 || channel->memory_sent == 0 ||
	    channel->memory_sent + batch->memory <= MEMORY_UNDER_WAY_MAX)
		return false;
	if (ioctl(channel->fd, SIOCOUTQ, &unread) != 0 || unread > 0)
		return true;
	channel->memory_sent = 0;
	return false;
}

static int
channel_send_all(struct ipc_channel *channel)
{
	int error = channel->error;

	while (channel->first != NULL && error == 0) {
		if (has_memory_to_wait(channel, channel->first)) {
			error = -ENOBUFS;
			break;
		}
		error = channel_send(channel, channel->first);
		if (error == 0) {
			channel->memory_sent += channel->first->memory;
			channel_drop_first(channel);
		}
	}
	if (error == 0)
		return 0;
	channel->is_full = true;
	if (error == -EAGAIN || error == -ENOBUFS)
		return error;
	channel->error = error;
	while (channel->first != NULL)
		channel_drop_first(channel);
	return error;
}

int
ipc_channel_flush(struct ipc_channel *channel)
{
	channel->is_full = false;
	return channel_send_all(channel);
}

/*
 * Send a message that fills most of a batch from where it lies, behind what
 * waits. False if it has to wait itself.
 */
static bool
channel_send_direct(struct ipc_channel *channel,
    const struct batch_message *message)
{
	uint8_t header[BATCH_HEADER_LEN];
	struct iovec content[1 + DIRECT_PARTS_MAX] = { { header,
	    sizeof(header) } };
	struct msghdr datagram = { .msg_iov = content,
		.msg_iovlen = 1 + message->part_count };

	if (message->payload_len < BATCH_DIRECT_MIN ||
	    message->payload_len > IPC_BATCH_MAX - BATCH_HEADER_LEN ||
	    message->part_count > DIRECT_PARTS_MAX || message->fd >= 0 ||
	    channel->is_full || channel_send_all(channel) != 0)
		return false;
	batch_header_encode(message, header);
	for (size_t i = 0; i < message->part_count; i++) {
		/* sendmsg() only reads them */
		content[1 + i].iov_base = (void *)(uintptr_t)message->parts[i]
					      .data;
		content[1 + i].iov_len = message->parts[i].len;
	}
	channel->is_full = channel_write(channel, &datagram) != 0;
	return !channel->is_full;
}

/* A batch with room, behind all the others. */
static struct batch *
channel_room(struct ipc_channel *channel, size_t len, unsigned int fd_count)
{
	struct batch *batch = channel->last;

	if (batch != NULL && batch_has_room(batch, len, fd_count))
		return batch;
	/* a full batch goes at once: its memory is used again for the next */
	if (batch != NULL && !channel->is_full)
		(void)channel_send_all(channel);
	batch = batch_new();
	if (channel->last != NULL)
		channel->last->next = batch;
	else
		channel->first = batch;
	channel->last = batch;
	return batch;
}

static size_t
parts_len(const struct bytes *parts, size_t count)
{
	size_t len = 0;

	for (size_t i = 0; i < count; i++)
		len += parts[i].len;
	return len;
}

int
ipc_channel_push_parts(struct ipc_channel *channel, enum ipc_message_type type,
    const struct bytes *parts, size_t count, int fd, bool is_secret)
{
	struct batch_message message = {
		.type = type,
		.payload_len = parts_len(parts, count),
		.parts = parts,
		.part_count = count,
		.memory_fd = -1,
		.fd = fd,
		.is_secret = is_secret,
	};
	size_t inline_len = message.payload_len;
	struct batch *batch;
	const char *fault;
	size_t before;
	int error;

	error = ipc_message_check(type, channel->self, channel->peer,
	    message.payload_len, fd >= 0, &fault);
	if (error == 0)
		error = channel->error;
	if (error == 0 && inline_len > IPC_BATCH_MAX - BATCH_HEADER_LEN) {
		inline_len = 0;
		message.memory_fd = ipc_sealed_memory_parts("signet-message",
		    parts, count);
		if (message.memory_fd < 0)
			error = message.memory_fd;
	}
	if (error != 0) {
		if (fd >= 0)
			close(fd);
		return error;
	}
	if (channel_send_direct(channel, &message))
		return 0;
	batch = channel_room(channel, inline_len,
	    (fd >= 0) + (message.memory_fd >= 0));
	before = batch->len + batch->memory;
	batch_append(batch, &message);
	channel->queued_bytes += batch->len + batch->memory - before;
	return 0;
}

int
ipc_channel_push(struct ipc_channel *channel, enum ipc_message_type type,
    struct bytes payload, int fd, bool is_secret)
{
	return ipc_channel_push_parts(channel, type, &payload, 1, fd,
	    is_secret);
}

/* The descriptors beside a datagram. */
static unsigned int
control_fds(struct msghdr *datagram, int fds[KERNEL_FDS_MAX])
{
	unsigned int count = 0;
	struct cmsghdr *part = CMSG_FIRSTHDR(datagram);

	for (; part != NULL; part = CMSG_NXTHDR(datagram, part)) {
		size_t len = part->cmsg_len - CMSG_LEN(0);

		if (part->cmsg_level != SOL_SOCKET ||
		    part->cmsg_type != SCM_RIGHTS)
			continue;
		if (len > sizeof(int) * (KERNEL_FDS_MAX - count))
			len = sizeof(int) * (KERNEL_FDS_MAX - count);
		memcpy(fds + count, CMSG_DATA(part), len);
		count += (unsigned int)(len / sizeof(int));
	}
	return count;
}

/* Nothing was read: is the peer gone, or is its datagram empty? */
static int
channel_end(struct ipc_channel *channel, const char **fault)
{
	struct pollfd state = { .fd = channel->fd, .events = POLLRDHUP };

	if (poll(&state, 1, 0) == 1 &&
	    (state.revents & (POLLRDHUP | POLLHUP)) != 0)
		return -EPIPE;
	*fault = "datagram that is empty";
	return -EBADMSG;
}

static ssize_t
channel_read(struct ipc_channel *channel, struct msghdr *datagram)
{
	ssize_t len;

	do {
		/*
		 * A peer that died with something unread resets the channel;
		 * what it had sent before is still to be read.
		 */
		len = recvmsg(channel->fd, datagram,
		    MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	} while (len < 0 && (errno == EINTR || errno == ECONNRESET));
	return len;
}

/* 0; 1 if there is nothing to read; else as ipc_channel_receive(). */
static int
channel_receive_one(struct ipc_channel *channel, ipc_handler *handler,
    void *context, const char **fault)
{
	struct iovec content = { buffer_reserve(&received, IPC_BATCH_MAX),
		IPC_BATCH_MAX };
	union control control;
	struct msghdr datagram = { .msg_iov = &content,
		.msg_iovlen = 1,
		.msg_control = control.bytes,
		.msg_controllen = sizeof(control.bytes) };
	int fds[KERNEL_FDS_MAX];
	struct batch_input input = { .storage = &received,
		.fds = fds,
		.from = channel->peer,
		.to = channel->self };
	ssize_t len = channel_read(channel, &datagram);
	int error;

	if (len < 0)
		return errno == EAGAIN ? 1 : -errno;
	input.fd_count = control_fds(&datagram, fds);
	if (len == 0 && input.fd_count == 0)
		return channel_end(channel, fault);
	input.bytes = bytes_of(content.iov_base, (size_t)len);
	/* there is room for all that the kernel passes, so only our own limit
	 * of descriptors cuts them */
	input.is_fds_cut = (datagram.msg_flags & MSG_CTRUNC) != 0;
	if ((datagram.msg_flags & MSG_TRUNC) != 0) {
		*fault = "datagram larger than a batch";
		error = -EBADMSG;
	} else {
		error = batch_handle(&input, handler, context, fault);
	}
	for (unsigned int i = input.fd_next; i < input.fd_count; i++)
		close(fds[i]);
	if (input.has_secret)
		memory_wipe(content.iov_base, (size_t)len);
	channel->lost += input.lost;
	return error;
}

int
ipc_channel_receive(struct ipc_channel *channel, unsigned int max_batches,
    ipc_handler *handler, void *context, const char **fault)
{
	int error = 0;

	if (is_receiving)
		panic("a message's handler does not receive another");
	*fault = NULL;
	is_receiving = true;
	for (unsigned int i = 0; i < max_batches && error == 0; i++)
		error = channel_receive_one(channel, handler, context, fault);
	is_receiving = false;
	return error > 0 ? 0 : error;
}
