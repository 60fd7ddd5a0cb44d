/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Version, flags, who and which, and the fields in the order of the struct;
 * what a flag says is not there takes no room. A list is its length and its
 * items. What has one meaning has one form.
 */
#include "worker/session_record.h"

#include <errno.h>
#include <stdlib.h>

#include "lib/clock.h"
#include "lib/memory.h"
#include "mqtt/topic.h"

#define FLAG_CONNECTED       0x01
#define FLAG_EXPIRES         0x02
#define FLAG_WILL            0x04
#define FLAG_WILL_HAS_EXPIRY 0x08
#define FLAG_WILL_IS_DUE     0x10
#define FLAGS                0x1f

#define SUBSCRIPTION_QOS                 0x03
#define SUBSCRIPTION_NO_LOCAL            0x04
#define SUBSCRIPTION_RETAIN_AS_PUBLISHED 0x08
#define SUBSCRIPTION_FLAGS               0x0f

#define SUBSCRIPTION_ID_MAX 268435455
#define TOPIC_FILTER_MAX    65535

/* Filter, identifier and flags take at least so much. */
#define SUBSCRIPTION_LEN_MIN (4 + 1 + 4 + 1)

struct decoder {
	struct unpack in;
	record_find *find;
	void *context;
	struct topic_tree *topics;
	struct session_record record;
};

static uint8_t
flags_of(const struct session_record *record)
{
	const struct session_state *state = &record->state;
	uint8_t flags = 0;

	if (record->is_connected)
		flags |= FLAG_CONNECTED;
	else if (record->expires_at_seconds != SESSION_RECORD_NEVER)
		flags |= FLAG_EXPIRES;
	if (state->will == NULL)
		return flags;
	flags |= FLAG_WILL;
	if (state->has_will_expiry)
		flags |= FLAG_WILL_HAS_EXPIRY;
	if (!record->is_connected &&
	    record->will_at_seconds != SESSION_RECORD_NEVER)
		flags |= FLAG_WILL_IS_DUE;
	return flags;
}

static void
encode_will(const struct session_record *record, uint8_t flags,
    record_number_of *number_of, void *context, struct buffer *out)
{
	const struct session_state *state = &record->state;

	if ((flags & FLAG_WILL) == 0)
		return;
	pack_u64(out, number_of(context, state->will));
	pack_u32(out, state->will_delay_seconds);
	if (flags & FLAG_WILL_HAS_EXPIRY)
		pack_u32(out, state->will_expiry_seconds);
	if (flags & FLAG_WILL_IS_DUE)
		pack_u64(out, (uint64_t)record->will_at_seconds);
}

static void
encode_subscription(const struct session_subscription *subscription,
    struct buffer *out)
{
	uint8_t flags = subscription->qos;

	if (subscription->no_local)
		flags |= SUBSCRIPTION_NO_LOCAL;
	if (subscription->retain_as_published)
		flags |= SUBSCRIPTION_RETAIN_AS_PUBLISHED;
	pack_bytes(out, subscription->topic_filter);
	pack_u32(out, subscription->identifier);
	pack_u8(out, flags);
}

static void
encode_queue(const struct pending_queue *queue, record_number_of *number_of,
    void *context, struct buffer *out)
{
	pack_u32(out, queue->count);
	for (uint32_t i = 0; i < queue->count; i++) {
		const struct pending *item = pending_queue_at(queue, i);

		pending_record_encode(item,
		    item->message == NULL ? RECORD_NO_MESSAGE
					  : number_of(context, item->message),
		    out);
	}
}

void
session_record_encode(const struct session_record *record,
    record_number_of *number_of, void *context, struct buffer *out)
{
	const struct session_state *state = &record->state;
	uint8_t flags = flags_of(record);

	pack_u8(out, SESSION_RECORD_VERSION);
	pack_u8(out, flags);
	pack_bytes(out, state->identity);
	pack_bytes(out, state->client_id);
	pack_u64(out, record->id);
	pack_u32(out, state->expiry_seconds);
	pack_u16(out, state->next_packet_id);
	if (flags & FLAG_EXPIRES)
		pack_u64(out, (uint64_t)record->expires_at_seconds);
	encode_will(record, flags, number_of, context, out);
	pack_u32(out, record->subscription_count);
	for (uint32_t i = 0; i < record->subscription_count; i++)
		encode_subscription(&record->subscriptions[i], out);
	pack_u16(out, state->received_count);
	for (uint16_t i = 0; i < state->received_count; i++)
		pack_u16(out, state->received[i]);
	encode_queue(&state->inflight, number_of, context, out);
	encode_queue(&state->queued, number_of, context, out);
}

/* Is there so much left of the input? If not, it has failed. */
static bool
has_left(struct unpack *in, size_t count, size_t len)
{
	if (!in->failed && (in->input.len - in->pos) / len < count)
		in->failed = true;
	return !in->failed;
}

static int64_t
decode_time(struct unpack *in, bool is_there)
{
	uint64_t seconds;

	if (!is_there)
		return SESSION_RECORD_NEVER;
	seconds = unpack_u64(in);
	if (seconds > CLOCK_REALTIME_SECONDS_MAX)
		in->failed = true;
	return (int64_t)seconds;
}

/* The message kept under a number; NULL, and counted, if it is not found. */
static struct message *
decode_message(struct decoder *decoder, uint64_t number)
{
	struct message *message = NULL;

	if (!decoder->in.failed && number != RECORD_NO_MESSAGE)
		message = decoder->find(decoder->context, number);
	if (message == NULL)
		decoder->record.missing_count++;
	return message;
}

/* Which flags go together: a will that is due is one, of a session without a
 * connection, and with one nothing expires. */
static bool
flags_are_possible(uint8_t flags)
{
	if ((flags & ~FLAGS) != 0)
		return false;
	if (flags & FLAG_CONNECTED && flags & (FLAG_EXPIRES | FLAG_WILL_IS_DUE))
		return false;
	return (flags & FLAG_WILL) != 0 ||
	       (flags & (FLAG_WILL_HAS_EXPIRY | FLAG_WILL_IS_DUE)) == 0;
}

static void
decode_will(struct decoder *decoder, uint8_t flags)
{
	struct session_state *state = &decoder->record.state;
	struct unpack *in = &decoder->in;
	uint64_t number;

	decoder->record.will_at_seconds = SESSION_RECORD_NEVER;
	if ((flags & FLAG_WILL) == 0)
		return;
	number = unpack_u64(in);
	state->will_delay_seconds = unpack_u32(in);
	state->has_will_expiry = (flags & FLAG_WILL_HAS_EXPIRY) != 0;
	if (state->has_will_expiry)
		state->will_expiry_seconds = unpack_u32(in);
	decoder->record.will_at_seconds = decode_time(in,
	    flags & FLAG_WILL_IS_DUE);
	if (number == RECORD_NO_MESSAGE)
		in->failed = true;
	state->will = decode_message(decoder, number);
	if (state->will == NULL)
		decoder->record.will_at_seconds = SESSION_RECORD_NEVER;
}

static void
decode_head(struct decoder *decoder)
{
	struct session_record *record = &decoder->record;
	struct session_state *state = &record->state;
	struct unpack *in = &decoder->in;
	uint8_t version = unpack_u8(in);
	uint8_t flags = unpack_u8(in);

	if (version != SESSION_RECORD_VERSION || !flags_are_possible(flags))
		in->failed = true;
	state->identity = unpack_bytes(in, SESSION_IDENTITY_MAX);
	state->client_id = unpack_bytes(in, SESSION_CLIENT_ID_MAX);
	if (state->identity.len == 0 || state->client_id.len == 0)
		in->failed = true;
	record->id = unpack_u64(in);
	state->expiry_seconds = unpack_u32(in);
	state->next_packet_id = unpack_u16(in);
	record->is_connected = (flags & FLAG_CONNECTED) != 0;
	record->expires_at_seconds = decode_time(in, flags & FLAG_EXPIRES);
	decode_will(decoder, flags);
}

static void
decode_subscription(struct unpack *in,
    struct session_subscription *subscription)
{
	struct bytes topic_filter = unpack_bytes(in, TOPIC_FILTER_MAX);
	uint32_t identifier = unpack_u32(in);
	uint8_t flags = unpack_u8(in);

	*subscription = (struct session_subscription){
		.topic_filter = topic_filter,
		.identifier = identifier,
		.qos = flags & SUBSCRIPTION_QOS,
		.no_local = (flags & SUBSCRIPTION_NO_LOCAL) != 0,
		.retain_as_published = (flags &
					   SUBSCRIPTION_RETAIN_AS_PUBLISHED) !=
				       0,
	};
	if (identifier > SUBSCRIPTION_ID_MAX || subscription->qos > 2 ||
	    (flags & ~SUBSCRIPTION_FLAGS) != 0 ||
	    !mqtt_utf8_is_valid(topic_filter) ||
	    !mqtt_topic_filter_is_valid(topic_filter))
		in->failed = true;
}

static void
decode_subscriptions(struct decoder *decoder)
{
	struct session_record *record = &decoder->record;
	uint32_t count = unpack_u32(&decoder->in);

	if (!has_left(&decoder->in, count, SUBSCRIPTION_LEN_MIN) || count == 0)
		return;
	record->subscriptions = memory_new(count,
	    sizeof(*record->subscriptions));
	record->subscription_count = count;
	for (uint32_t i = 0; i < count && !decoder->in.failed; i++)
		decode_subscription(&decoder->in, &record->subscriptions[i]);
}

/* Packet identifiers of 1 and above, each greater than the one before. */
static void
decode_received(struct decoder *decoder)
{
	struct session_state *state = &decoder->record.state;
	uint16_t count = unpack_u16(&decoder->in);
	uint16_t before = 0;

	if (!has_left(&decoder->in, count, sizeof(uint16_t)) || count == 0)
		return;
	state->received = memory_new(count, sizeof(uint16_t));
	state->received_count = count;
	for (uint16_t i = 0; i < count; i++) {
		state->received[i] = unpack_u16(&decoder->in);
		if (state->received[i] <= before)
			decoder->in.failed = true;
		before = state->received[i];
	}
}

/* Decode an item and append it, unless its message is not found. */
static void
decode_item(struct decoder *decoder, struct pending_queue *queue,
    uint8_t *is_used)
{
	struct pending item = { .message = NULL };
	uint64_t number = RECORD_NO_MESSAGE;
	uint8_t bit;

	pending_record_decode(&decoder->in, decoder->topics, &item, &number);
	if (decoder->in.failed)
		return;
	/* In flight each has an identifier of its own; in the queue, none. */
	bit = (uint8_t)(1 << item.packet_id % 8);
	if ((is_used == NULL) != (item.packet_id == 0) ||
	    (is_used != NULL && (is_used[item.packet_id / 8] & bit) != 0))
		decoder->in.failed = true;
	else if (is_used != NULL)
		is_used[item.packet_id / 8] |= bit;
	if (item.state == PENDING_PUBLISH)
		item.message = decode_message(decoder, number);
	if (!decoder->in.failed &&
	    (item.message != NULL || item.state == PENDING_RELEASE))
		pending_queue_push(queue, item);
	else
		pending_done(&item);
}

/* is_used: a bit for each packet identifier; NULL: they have none. */
static void
decode_queue(struct decoder *decoder, struct pending_queue *queue,
    uint8_t *is_used)
{
	uint32_t count = unpack_u32(&decoder->in);

	for (uint32_t i = 0; i < count && !decoder->in.failed; i++)
		decode_item(decoder, queue, is_used);
}

int
session_record_decode(struct bytes bytes, record_find *find, void *context,
    struct topic_tree *topics, struct session_record *decoded)
{
	uint8_t is_used[(UINT16_MAX + 1) / 8] = { 0 };
	struct decoder decoder = {
		.in.input = bytes,
		.find = find,
		.context = context,
		.topics = topics,
	};

	decode_head(&decoder);
	decode_subscriptions(&decoder);
	decode_received(&decoder);
	decode_queue(&decoder, &decoder.record.state.inflight, is_used);
	decode_queue(&decoder, &decoder.record.state.queued, NULL);
	if (!unpack_is_complete(&decoder.in)) {
		session_record_done(&decoder.record);
		return -EBADMSG;
	}
	*decoded = decoder.record;
	return 0;
}

void
session_record_done(struct session_record *record)
{
	session_state_done(&record->state);
	free(record->subscriptions);
	record->subscriptions = NULL;
	record->subscription_count = 0;
}
