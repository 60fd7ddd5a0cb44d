/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/message_record.h"

#include <errno.h>

#include "lib/pack.h"
#include "mqtt/topic.h"

#define FLAG_QOS        0x03
#define FLAG_RETAIN     0x04
#define FLAG_HAS_EXPIRY 0x08
#define FLAGS           0x0f

#define TOPIC_NAME_MAX 65535

/* Of properties or a payload: no packet is longer (2.2.3). */
#define PART_MAX 268435455

void
message_record_encode(const struct message *message,
    const struct clock_reading *now, struct buffer *out)
{
	const struct ipc_publish *parts = message_parts(message);

	pack_u8(out, MESSAGE_RECORD_VERSION);
	pack_u8(out, (uint8_t)(parts->qos | (parts->retain ? FLAG_RETAIN : 0) |
			       (parts->has_expiry ? FLAG_HAS_EXPIRY : 0)));
	if (parts->has_expiry)
		pack_u64(out,
		    (uint64_t)clock_to_realtime_ms(now, parts->expires_at_ms));
	pack_u64(out, parts->publisher);
	pack_bytes(out, parts->topic_name);
	pack_bytes(out, parts->properties);
	pack_bytes(out, parts->payload);
}

static void
decode_expiry(struct unpack *in, const struct clock_reading *now,
    struct ipc_publish *parts)
{
	uint64_t realtime_ms = unpack_u64(in);

	if (realtime_ms > CLOCK_REALTIME_MS_MAX) {
		in->failed = true;
		return;
	}
	parts->has_expiry = true;
	parts->expires_at_ms = clock_to_monotonic_ms(now, (int64_t)realtime_ms);
}

int
message_record_decode(struct bytes record, const struct clock_reading *now,
    struct message **message)
{
	struct unpack in = { .input = record };
	uint8_t version = unpack_u8(&in);
	uint8_t flags = unpack_u8(&in);
	struct ipc_publish parts = {
		.qos = flags & FLAG_QOS,
		.retain = (flags & FLAG_RETAIN) != 0,
	};

	if (version != MESSAGE_RECORD_VERSION || (flags & ~FLAGS) != 0)
		return -EBADMSG;
	if (flags & FLAG_HAS_EXPIRY)
		decode_expiry(&in, now, &parts);
	parts.publisher = unpack_u64(&in);
	parts.topic_name = unpack_bytes(&in, TOPIC_NAME_MAX);
	parts.properties = unpack_bytes(&in, PART_MAX);
	parts.payload = unpack_bytes(&in, PART_MAX);
	if (!unpack_is_complete(&in) || parts.qos > 2)
		return -EBADMSG;
	if (!mqtt_utf8_is_valid(parts.topic_name) ||
	    !mqtt_topic_name_is_valid(parts.topic_name))
		return -EBADMSG;
	*message = message_new(&parts);
	return 0;
}
