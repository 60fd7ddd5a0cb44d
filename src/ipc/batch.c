/* SPDX-License-Identifier: Apache-2.0 */
#include "ipc/batch.h"

#include <endian.h>
#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

#include "ipc/memory.h"
#include "lib/log.h"
#include "lib/memory.h"

/*
 * Empty batches that are kept: as many as a turn needs on a large machine,
 * but of those that were filled, whose pages are resident, only one.
 */
#define SPARES_MAX           16
#define SPARE_TOUCHED_LITTLE 8192

static struct batch *spares;
static unsigned int spare_count;

struct batch *
batch_new(void)
{
	struct batch *batch = spares;

	if (batch != NULL) {
		spares = batch->next;
		spare_count--;
		batch->next = NULL;
		return batch;
	}
	/* mapped, so that its pages go back when it is freed */
	batch = mmap(NULL, sizeof(*batch), PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (batch == MAP_FAILED)
		panic("out of memory");
	return batch;
}

void
batch_free(struct batch **pointer)
{
	struct batch *batch = *pointer;

	if (batch == NULL)
		return;
	*pointer = NULL;
	for (unsigned int i = 0; i < batch->fd_count; i++)
		close(batch->fds[i]);
	if (batch->is_secret)
		memory_wipe(batch->data, batch->len);
	if (spare_count > 0 && (spare_count == SPARES_MAX ||
				   batch->touched > SPARE_TOUCHED_LITTLE)) {
		munmap(batch, sizeof(*batch));
		return;
	}
	batch->len = 0;
	batch->memory = 0;
	batch->fd_count = 0;
	batch->is_secret = false;
	batch->next = spares;
	spares = batch;
	spare_count++;
}

bool
batch_has_room(const struct batch *batch, size_t len, unsigned int count)
{
	return IPC_BATCH_MAX - batch->len >= BATCH_HEADER_LEN + len &&
	       IPC_BATCH_FDS_MAX - batch->fd_count >= count;
}

void
batch_header_encode(const struct batch_message *message, uint8_t *out)
{
	unsigned int flags = (message->memory_fd >= 0 ? BATCH_FLAG_MEMORY : 0) |
			     (message->fd >= 0 ? BATCH_FLAG_FD : 0) |
			     (message->is_secret ? BATCH_FLAG_SECRET : 0);
	uint16_t words[2] = { htobe16((uint16_t)message->type),
		htobe16((uint16_t)flags) };
	uint32_t len = htobe32((uint32_t)message->payload_len);

	memcpy(out, words, 4);
	memcpy(out + 4, &len, 4);
}

void
batch_append(struct batch *batch, const struct batch_message *message)
{
	uint8_t *at = batch->data + batch->len;

	if (message->memory_fd >= 0) {
		batch->fds[batch->fd_count++] = message->memory_fd;
		batch->memory += message->payload_len;
	}
	if (message->fd >= 0)
		batch->fds[batch->fd_count++] = message->fd;
	if (message->is_secret)
		batch->is_secret = true;
	batch_header_encode(message, at);
	at += BATCH_HEADER_LEN;
	for (size_t i = 0; i < message->part_count && message->memory_fd < 0;
	     i++) {
		if (message->parts[i].len == 0)
			continue;
		memcpy(at, message->parts[i].data, message->parts[i].len);
		at += message->parts[i].len;
	}
	batch->len = (size_t)(at - batch->data);
	if (batch->touched < batch->len)
		batch->touched = batch->len;
}

struct header {
	unsigned int type;
	unsigned int flags;
	size_t payload_len;
};

static void
header_decode(const uint8_t *at, struct header *header)
{
	uint16_t words[2];
	uint32_t len;

	memcpy(words, at, 4);
	memcpy(&len, at + 4, 4);
	header->type = be16toh(words[0]);
	header->flags = be16toh(words[1]);
	header->payload_len = be32toh(len);
}

/*
 * The next descriptor beside the datagram. 0; -EMFILE if it was cut off;
 * -EBADMSG if there is none.
 */
static int
input_take_fd(struct batch_input *input, int *fd)
{
	if (input->fd_next < input->fd_count) {
		*fd = input->fds[input->fd_next++];
		return 0;
	}
	return input->is_fds_cut ? -EMFILE : -EBADMSG;
}

/* Is it most of what came, so that its handler may keep the memory of all? */
static bool
is_worth_its_storage(const struct batch_input *input,
    const struct header *header)
{
	return input->storage != NULL &&
	       input->bytes.len == BATCH_HEADER_LEN + header->payload_len &&
	       header->payload_len >= BATCH_DIRECT_MIN &&
	       (header->flags & BATCH_FLAG_SECRET) == 0;
}

/* Hand one message with its payload in the datagram or in memory_fd on. */
static int
message_handle(struct batch_input *input, const struct header *header,
    struct bytes payload, int memory_fd, int *fd, ipc_handler *handler,
    void *context, const char **fault)
{
	struct ipc_message message = {
		.type = (enum ipc_message_type)header->type,
		.payload = payload,
		.fd = *fd,
		.storage = is_worth_its_storage(input, header) ? input->storage
							       : NULL,
	};
	bool is_mapped = memory_fd >= 0;
	int error = 0;

	if (is_mapped)
		error = ipc_sealed_memory_map(memory_fd, header->payload_len,
		    &message.payload);
	if (error != 0) {
		*fault = "memory that is not sealed or not of its length";
		return error;
	}
	error = handler(context, &message);
	*fd = message.fd;
	if (error == -EBADMSG)
		*fault = "message whose content is malformed";
	if (is_mapped)
		ipc_sealed_memory_unmap(message.payload);
	return error;
}

/* Take one message's descriptors and hand it on. */
static int
input_handle_message(struct batch_input *input, const struct header *header,
    struct bytes payload, ipc_handler *handler, void *context,
    const char **fault)
{
	int memory_fd = -1;
	int fd = -1;
	int error = 0;

	if ((header->flags & BATCH_FLAG_MEMORY) != 0)
		error = input_take_fd(input, &memory_fd);
	if (error == 0 && (header->flags & BATCH_FLAG_FD) != 0)
		error = input_take_fd(input, &fd);
	if (error == 0)
		error = message_handle(input, header, payload, memory_fd, &fd,
		    handler, context, fault);
	else if (error == -EBADMSG)
		*fault = "message whose descriptor is missing";
	if (memory_fd >= 0)
		close(memory_fd);
	if (fd >= 0)
		close(fd);
	if (error != -EMFILE)
		return error;
	input->lost++;
	return 0;
}

int
batch_handle(struct batch_input *input, ipc_handler *handler, void *context,
    const char **fault)
{
	const unsigned int known = BATCH_FLAG_FD | BATCH_FLAG_MEMORY |
				   BATCH_FLAG_SECRET;
	struct bytes rest = input->bytes;

	while (rest.len > 0) {
		struct header header;
		struct bytes payload;
		int error;

		if (rest.len < BATCH_HEADER_LEN) {
			*fault = "message whose header is cut off";
			return -EBADMSG;
		}
		header_decode(rest.data, &header);
		if ((header.flags & BATCH_FLAG_SECRET) != 0)
			input->has_secret = true;
		if ((header.flags & ~known) != 0) {
			*fault = "message with unknown flags";
			return -EBADMSG;
		}
		error = ipc_message_check(header.type, input->from, input->to,
		    header.payload_len, (header.flags & BATCH_FLAG_FD) != 0,
		    fault);
		if (error != 0)
			return error;
		rest = bytes_skip(rest, BATCH_HEADER_LEN);
		payload = bytes_of(rest.data, header.payload_len);
		if ((header.flags & BATCH_FLAG_MEMORY) != 0)
			payload.len = 0;
		if (payload.len > rest.len) {
			*fault = "message whose payload is cut off";
			return -EBADMSG;
		}
		rest = bytes_skip(rest, payload.len);
		error = input_handle_message(input, &header, payload, handler,
		    context, fault);
		if (error != 0)
			return error;
	}
	if (input->fd_next < input->fd_count) {
		*fault = "descriptor that no message names";
		return -EBADMSG;
	}
	return 0;
}
