/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a child has counted, told to the master.
 */
#include "ipc/statistics.h"

#include "proc/child_private.h"

static uint64_t
bytes_to_peers(const struct proc_child *child)
{
	const struct peer *peer = child->private->peers;
	uint64_t sum = 0;

	for (; peer != NULL; peer = peer->next)
		sum += ipc_channel_queued_bytes(peer->public.channel);
	return sum;
}

void
child_tell_statistics(struct proc_child *child)
{
	const struct proc_events *events = child->private->events;
	struct ipc_statistics statistics;
	struct buffer out = { NULL, 0, 0 };

	child->counted[IPC_STATISTIC_CHANNEL_BYTES] = bytes_to_peers(child);
	if (events->on_count != NULL)
		events->on_count(child);
	memcpy(statistics.values, child->counted, sizeof(statistics.values));
	ipc_statistics_encode(&statistics, &out);
	proc_master_push(child, IPC_STATISTICS, buffer_view(&out));
	buffer_done(&out);
}
