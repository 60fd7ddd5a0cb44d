/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/stream.h"

#define SEEN_BITS 64

enum arrival
stream_arrive(struct stream *stream, uint64_t sequence)
{
	uint64_t distance;

	if (sequence > stream->highest) {
		distance = sequence - stream->highest;
		stream->seen = distance < SEEN_BITS
				   ? stream->seen << distance | 1
				   : 1;
		stream->highest = sequence;
		stream->received++;
		return ARRIVAL_IN_ORDER;
	}
	distance = stream->highest - sequence;
	if (distance < SEEN_BITS) {
		if ((stream->seen >> distance & 1) != 0)
			return ARRIVAL_DUPLICATE;
		stream->seen |= UINT64_C(1) << distance;
	}
	stream->received++;
	return ARRIVAL_OUT_OF_ORDER;
}
