/* SPDX-License-Identifier: Apache-2.0 */
#include "bare_peer.h"

#include <check.h>

void
bare_peer_init(struct bare_peer *bare, struct worker *worker, uint16_t index)
{
	int fds[2];

	memset(bare, 0, sizeof(*bare));
	ck_assert_int_eq(ipc_socket_pair(fds), 0);
	bare->other = ipc_channel_open(fds[1], IPC_ROLE_WORKER,
	    IPC_ROLE_WORKER);
	bare->peer.child = worker->child;
	bare->peer.public.role = IPC_ROLE_WORKER;
	bare->peer.public.index = index;
	bare->peer.public.channel = ipc_channel_open(fds[0], IPC_ROLE_WORKER,
	    IPC_ROLE_WORKER);
	worker->peers[index] = &bare->peer.public;
}

static void
forget(struct bare_peer *bare)
{
	while (bare->count > 0)
		buffer_done(&bare->told[--bare->count].payload);
}

void
bare_peer_done(struct bare_peer *bare, struct worker *worker)
{
	if (bare->other == NULL)
		return;
	forget(bare);
	worker->peers[bare->peer.public.index] = NULL;
	ipc_channel_close(&bare->peer.public.channel);
	ipc_channel_close(&bare->other);
}

static int
on_told(void *context, struct ipc_message *message)
{
	struct bare_peer *bare = context;
	struct bare_told *told = &bare->told[bare->count++];

	ck_assert_uint_le(bare->count, BARE_PEER_TOLD_MAX);
	told->type = message->type;
	told->payload = (struct buffer){ .data = NULL };
	buffer_append(&told->payload, message->payload);
	return 0;
}

void
bare_peer_listen(struct bare_peer *bare)
{
	const char *fault = NULL;

	forget(bare);
	ck_assert_int_eq(ipc_channel_flush(bare->peer.public.channel), 0);
	ck_assert_int_eq(ipc_channel_receive(bare->other, 4, on_told, bare,
			     &fault),
	    0);
}
