/* SPDX-License-Identifier: Apache-2.0 */
#include "ipc/statistics.h"

#include <errno.h>

#include "lib/pack.h"

const struct ipc_statistic_row ipc_statistic_rows[IPC_STATISTIC_COUNT] = {
#define STATISTIC(name, kind, topic, load, metric, label, help)                \
	[IPC_STATISTIC_##name] = { #name, IPC_STATISTIC_##kind, topic, load,   \
		metric, label, help },
#include "ipc/statistics.def"
#undef STATISTIC
};

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
	pack_numbers(out, statistics->values, IPC_STATISTIC_COUNT);
}

int
ipc_statistics_decode(struct bytes payload, struct ipc_statistics *statistics)
{
	struct unpack in = { .input = payload };
	struct ipc_statistics decoded;

	unpack_numbers(&in, decoded.values, IPC_STATISTIC_COUNT);
	if (!unpack_is_complete(&in))
		return -EBADMSG;
	*statistics = decoded;
	return 0;
}

void
ipc_statistics_sum_encode(const struct ipc_statistics_sum *sum,
    struct buffer *out)
{
	pack_numbers(out, sum->values, IPC_STATISTIC_COUNT);
	for (size_t i = 0; i < IPC_STATISTIC_COUNT; i++)
		pack_numbers(out, sum->averages[i], IPC_STATISTIC_SPANS);
	pack_u64(out, sum->connected_max);
}

int
ipc_statistics_sum_decode(struct bytes payload, struct ipc_statistics_sum *sum)
{
	struct unpack in = { .input = payload };
	struct ipc_statistics_sum decoded;

	unpack_numbers(&in, decoded.values, IPC_STATISTIC_COUNT);
	for (size_t i = 0; i < IPC_STATISTIC_COUNT; i++)
		unpack_numbers(&in, decoded.averages[i], IPC_STATISTIC_SPANS);
	decoded.connected_max = unpack_u64(&in);
	if (!unpack_is_complete(&in))
		return -EBADMSG;
	*sum = decoded;
	return 0;
}
