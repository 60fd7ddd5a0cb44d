/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A batch: the content of one datagram between processes.
 *
 * Messages stand one behind the other, each with a header of 16-bit type,
 * 16-bit flags and 32-bit payload length, in network byte order, then its
 * payload. The descriptors stand beside the datagram in the order of the
 * messages that they belong to: the sealed memory of a large payload first,
 * then the message's own.
 */
#ifndef SIGNET_IPC_BATCH_H
#define SIGNET_IPC_BATCH_H

#include "ipc/channel.h"

#define BATCH_HEADER_LEN 8

/* From so many bytes on a message has a datagram of its own: it is sent from
 * where it lies, and its receiver may keep the memory that it came in. */
#define BATCH_DIRECT_MIN (IPC_BATCH_MAX / 2)

enum batch_flag {
	BATCH_FLAG_FD = 1 << 0,     /* a descriptor of its own */
	BATCH_FLAG_MEMORY = 1 << 1, /* the payload is in sealed memory */
	BATCH_FLAG_SECRET = 1 << 2, /* the receiver wipes it, too */
};

/* A datagram that waits to be sent. */
struct batch {
	struct batch *next;
	size_t len;     /* of data that is used */
	size_t touched; /* of data that was ever used: resident memory */
	size_t memory;  /* bytes of sealed memory among the descriptors */
	unsigned int fd_count;
	bool is_secret;
	int fds[IPC_BATCH_FDS_MAX];
	uint8_t data[IPC_BATCH_MAX];
};

/* Empty; a few are kept by the process for the next turn. */
struct batch *batch_new(void);

/* Close its descriptors, wipe it if it is secret, free it. */
void batch_free(struct batch **batch);

/* Room for a message whose payload takes len bytes and count descriptors? */
bool batch_has_room(const struct batch *batch, size_t len, unsigned int count);

/* What a message needs in a batch; payload_len counts all parts. */
struct batch_message {
	enum ipc_message_type type;
	size_t payload_len;
	const struct bytes *parts;
	size_t part_count;
	int memory_fd; /* holds the payload instead of the batch; or -1 */
	int fd;        /* or -1 */
	bool is_secret;
};

/* Write what stands before its payload: BATCH_HEADER_LEN bytes. */
void batch_header_encode(const struct batch_message *message, uint8_t *out);

/* Append a message that has room. Its descriptors are taken. */
void batch_append(struct batch *batch, const struct batch_message *message);

/* A datagram as it came. */
struct batch_input {
	struct bytes bytes;
	struct buffer *storage; /* what bytes lie in; empty once it is taken */
	int *fds;               /* those not taken by then are the caller's */
	unsigned int fd_count;
	unsigned int fd_next;   /* those before it are taken */
	bool is_fds_cut;        /* this process had no descriptor left */
	bool has_secret;        /* set if bytes is to be wiped */
	unsigned int lost;      /* messages left out for that reason */
	enum ipc_role from, to; /* one bit each */
};

/*
 * Check and handle each message of a datagram in order.
 *
 * Returns 0; -EBADMSG with *fault in plain words; -errno.
 */
int batch_handle(struct batch_input *input, ipc_handler *handler, void *context,
    const char **fault);

#endif
