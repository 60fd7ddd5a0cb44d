/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/pending_record.h"

#include <stdlib.h>

#include "lib/memory.h"
#include "mqtt/topic.h"

#define FLAG_QOS                  0x03
#define FLAG_RELEASE              0x04
#define FLAG_RETAIN               0x08
#define FLAG_HAS_SUBSCRIPTION_IDS 0x10
#define FLAG_SHARED               0x20
#define FLAGS                     0x3f

#define TOPIC_FILTER_MAX 65535

#define SUBSCRIPTION_ID_MAX 268435455

static uint8_t
flags_of(const struct pending *item)
{
	uint8_t flags = item->qos;

	if (item->state == PENDING_RELEASE)
		flags |= FLAG_RELEASE;
	if (item->retain)
		flags |= FLAG_RETAIN;
	if (item->subscription_id_count > 0)
		flags |= FLAG_HAS_SUBSCRIPTION_IDS;
	if (item->share != NULL)
		flags |= FLAG_SHARED;
	return flags;
}

static void
encode_share(const struct share *share, struct buffer *out)
{
	struct buffer filter = { .data = NULL };

	share_filter(share, &filter);
	pack_bytes(out, buffer_view(&filter));
	buffer_done(&filter);
}

static void
encode_subscription_ids(const struct pending *item, struct buffer *out)
{
	pack_u16(out, item->subscription_id_count);
	for (uint16_t i = 0; i < item->subscription_id_count; i++)
		pack_u32(out, item->subscription_ids[i]);
}

void
pending_delivery_encode(const struct pending *item, struct buffer *out)
{
	pack_u8(out, flags_of(item));
	if (item->subscription_id_count > 0)
		encode_subscription_ids(item, out);
	if (item->share != NULL)
		encode_share(item->share, out);
}

static void
decode_subscription_ids(struct unpack *in, struct pending *item)
{
	uint16_t count = unpack_u16(in);

	/* What is announced must be there before there is memory for it. */
	if (in->failed || count == 0 ||
	    in->input.len - in->pos < count * sizeof(uint32_t)) {
		in->failed = true;
		return;
	}
	item->subscription_ids = memory_new(count, sizeof(uint32_t));
	item->subscription_id_count = count;
	for (uint16_t i = 0; i < count; i++) {
		uint32_t identifier = unpack_u32(in);

		if (identifier == 0 || identifier > SUBSCRIPTION_ID_MAX)
			in->failed = true;
		item->subscription_ids[i] = identifier;
	}
}

/* The share is got only when nothing else is wrong. */
static void
decode_share(struct unpack *in, struct topic_tree *topics, struct pending *item)
{
	struct bytes filter = unpack_bytes(in, TOPIC_FILTER_MAX);
	struct bytes group, rest;

	if (in->failed)
		return;
	if (item->state == PENDING_RELEASE || !mqtt_utf8_is_valid(filter) ||
	    !mqtt_topic_filter_is_valid(filter) ||
	    !mqtt_topic_filter_is_shared(filter, &group, &rest)) {
		in->failed = true;
		return;
	}
	item->share = share_get(topics, rest, group);
}

void
pending_delivery_decode(struct unpack *in, struct topic_tree *topics,
    struct pending *item)
{
	uint8_t flags = unpack_u8(in);
	struct pending decoded = {
		.qos = flags & FLAG_QOS,
		.state = flags & FLAG_RELEASE ? PENDING_RELEASE
					      : PENDING_PUBLISH,
		.retain = (flags & FLAG_RETAIN) != 0,
	};

	if ((flags & ~FLAGS) != 0 || decoded.qos > 2 ||
	    (decoded.state == PENDING_RELEASE && decoded.qos != 2))
		in->failed = true;
	if (flags & FLAG_HAS_SUBSCRIPTION_IDS)
		decode_subscription_ids(in, &decoded);
	if (flags & FLAG_SHARED)
		decode_share(in, topics, &decoded);
	if (in->failed)
		pending_done(&decoded);
	else
		*item = decoded;
}
