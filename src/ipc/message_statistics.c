/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The payload of STATISTICS.
 */
#include <errno.h>

#include "ipc/message.h"
#include "lib/pack.h"

static void
pack_numbers(struct buffer *out, const uint64_t *numbers, size_t count)
{
	for (size_t i = 0; i < count; i++)
		pack_u64(out, numbers[i]);
}

static void
unpack_numbers(struct unpack *in, uint64_t *numbers, size_t count)
{
	for (size_t i = 0; i < count; i++)
		numbers[i] = unpack_u64(in);
}

void
ipc_statistics_encode(const struct ipc_statistics *statistics,
    struct buffer *out)
{
	pack_u64(out, statistics->started_ms);
	pack_numbers(out, statistics->counters, IPC_COUNTER_COUNT);
	pack_numbers(out, statistics->gauges, IPC_GAUGE_COUNT);
	pack_numbers(out, statistics->ended, IPC_COUNTER_COUNT);
	pack_u64(out, statistics->connected_max);
}

int
ipc_statistics_decode(struct bytes payload, struct ipc_statistics *statistics)
{
	struct unpack in = { .input = payload };
	struct ipc_statistics decoded;

	decoded.started_ms = unpack_u64(&in);
	unpack_numbers(&in, decoded.counters, IPC_COUNTER_COUNT);
	unpack_numbers(&in, decoded.gauges, IPC_GAUGE_COUNT);
	unpack_numbers(&in, decoded.ended, IPC_COUNTER_COUNT);
	decoded.connected_max = unpack_u64(&in);
	if (!unpack_is_complete(&in))
		return -EBADMSG;
	*statistics = decoded;
	return 0;
}
