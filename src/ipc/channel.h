/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A channel between two processes: a SOCK_SEQPACKET socket over which
 * messages travel in batches, in order, with descriptors. A payload too large
 * for a batch travels as a sealed memfd.
 *
 * A datagram is a batch: messages one behind the other, each with a header of
 * type, flags and payload length; the descriptors of those that have one
 * follow in their order by SCM_RIGHTS.
 *
 * Channels do not wait: what the socket does not take stays in the queue.
 */
#ifndef SIGNET_IPC_CHANNEL_H
#define SIGNET_IPC_CHANNEL_H

#include "ipc/message.h"

/*
 * What one datagram holds at most: a payload of 64 KiB with all that stands
 * around it, and not more than the kernel keeps in single pages.
 */
#define IPC_BATCH_MAX     (72 * 1024)
#define IPC_BATCH_FDS_MAX 64

struct ipc_channel;

/* Two connected sockets, close-on-exec and non-blocking. 0 or -errno. */
int ipc_socket_pair(int fds[2]);

/*
 * fd: taken. self, peer: the roles at its two ends, one bit each.
 * Returned: free with ipc_channel_close().
 */
struct ipc_channel *ipc_channel_open(int fd, enum ipc_role self,
    enum ipc_role peer);

/* Close it and everything queued; NULL is allowed. */
void ipc_channel_close(struct ipc_channel **channel);

int ipc_channel_fd(const struct ipc_channel *channel);

/*
 * Queue a message behind the others. Nothing is sent before
 * ipc_channel_flush(), save that a full batch may be sent at once.
 *
 * payload: borrowed. fd: taken, also on error; -1 for none. is_secret: the
 * copies made here are wiped once they are sent.
 * Returns 0; -EBADMSG if messages.def does not allow it (our own fault);
 * -errno if a memfd cannot be made, or if the channel is broken. Queued messages are never dropped: the
 * sender looks at ipc_channel_queued_bytes() and holds back who feeds it.
 */
int ipc_channel_push(struct ipc_channel *channel, enum ipc_message_type type,
    struct bytes payload, int fd, bool is_secret);

/*
 * The same with the payload in count pieces, one behind the other: each is
 * copied once, into the batch.
 */
int ipc_channel_push_parts(struct ipc_channel *channel,
    enum ipc_message_type type, const struct bytes *parts, size_t count, int fd,
    bool is_secret);

/* Bytes that wait to be sent, in batches and in sealed memory. */
size_t ipc_channel_queued_bytes(const struct ipc_channel *channel);

/*
 * Send what the socket takes. Returns 0 if nothing is left; -EAGAIN if it must
 * be called again when the socket is writable; -ENOBUFS if the kernel has no
 * room and it must be called again a little later; -EPIPE if the peer is gone
 * (what it sent before can still be received) or another -errno if the
 * channel is broken: what was queued is dropped then.
 */
int ipc_channel_flush(struct ipc_channel *channel);

/*
 * Handles one message; 0, or -EBADMSG if its content is malformed. It may push
 * to any channel, but neither receive nor close one.
 */
typedef int ipc_handler(void *context, struct ipc_message *message);

/*
 * Receive at most max_batches datagrams and handle each message in order. The
 * descriptor of a message that its handler did not keep is closed. A message
 * whose descriptor did not arrive because this process may not open more is
 * left out and counted.
 *
 * Returns 0; -EPIPE if the peer is gone; -EBADMSG if it sent what is
 * malformed or not allowed, *fault then says what in plain words; -errno.
 */
int ipc_channel_receive(struct ipc_channel *channel, unsigned int max_batches,
    ipc_handler *handler, void *context, const char **fault);

/* Messages left out because this process was out of descriptors. */
uint64_t ipc_channel_lost_messages(const struct ipc_channel *channel);

/*
 * A sealed memfd with these bytes: cannot be written, grown or shrunk.
 * Returns the descriptor or -errno.
 */
int ipc_sealed_memory(const char *name, struct bytes content);

/*
 * Read a sealed memfd. fd: borrowed. out: appended to, in one piece and with a
 * NUL behind it that its length does not count.
 * Returns 0; -EBADMSG if it is not sealed, not a memfd or longer than max;
 * -errno.
 */
int ipc_sealed_memory_read(int fd, size_t max, struct buffer *out);

#endif
