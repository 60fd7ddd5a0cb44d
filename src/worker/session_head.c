/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Version, flags, and the fields in the order of the struct; what a flag says
 * is not there takes no room. What has one meaning has one form.
 */
#include "worker/session_head.h"

#include <errno.h>

#include "lib/pack.h"
#include "worker/message_record.h"
#include "worker/session_queue.h"

#define FLAG_CONNECTED       0x01
#define FLAG_LEAVING         0x02
#define FLAG_HAS_SHARED      0x04
#define FLAG_WILL            0x08
#define FLAG_WILL_HAS_EXPIRY 0x10
#define FLAG_WILL_IS_DUE     0x20
#define FLAG_UNSURE          0x40
#define FLAG_CUT_OFF         0x80

/* A message is one packet (2.2.3), and little more when it is kept. */
#define WILL_MAX (268435455 + 1024)

static struct session_head
head_of(const struct session *session, const struct clock_reading *now)
{
	const struct session_will *will = session->state.will;
	struct session_head head = {
		.id = session->id,
		.expiry_seconds = session->state.expiry_seconds,
		.is_connected = session->connection != NULL,
		.was_cut_off = session->was_cut_off,
		.will_at_seconds = IPC_STORE_NEVER,
	};

	if (will != NULL) {
		head.will = will->message;
		head.will_delay_seconds = will->delay_seconds;
		head.will_expiry_seconds = will->expiry_seconds;
		head.has_will_expiry = will->has_expiry;
	}
	if (session_will_at_ms(session) != UINT64_MAX)
		head.will_at_seconds = clock_to_realtime_seconds(now,
		    will->at_ms);
	if (session->queue != NULL)
		session_queue_head(session->queue, &head);
	return head;
}

static uint8_t
flags_of(const struct session_head *head)
{
	uint8_t flags = 0;

	if (head->is_connected)
		flags |= FLAG_CONNECTED;
	if (head->is_leaving)
		flags |= FLAG_LEAVING;
	if (head->has_shared)
		flags |= FLAG_HAS_SHARED;
	if (head->is_unsure)
		flags |= FLAG_UNSURE;
	if (head->was_cut_off)
		flags |= FLAG_CUT_OFF;
	if (head->will == NULL)
		return flags;
	flags |= FLAG_WILL;
	if (head->has_will_expiry)
		flags |= FLAG_WILL_HAS_EXPIRY;
	if (!head->is_connected && head->will_at_seconds != IPC_STORE_NEVER)
		flags |= FLAG_WILL_IS_DUE;
	return flags;
}

static void
encode_will(const struct session_head *head, uint8_t flags,
    const struct clock_reading *now, struct buffer *out)
{
	struct buffer record = { .data = NULL };

	if ((flags & FLAG_WILL) == 0)
		return;
	pack_u32(out, head->will_delay_seconds);
	if (flags & FLAG_WILL_HAS_EXPIRY)
		pack_u32(out, head->will_expiry_seconds);
	if (flags & FLAG_WILL_IS_DUE)
		pack_u64(out, (uint64_t)head->will_at_seconds);
	message_record_encode(head->will, now, &record);
	pack_bytes(out, buffer_view(&record));
	buffer_done(&record);
}

void
session_head_pack(const struct session_head *head,
    const struct clock_reading *now, struct buffer *out)
{
	uint8_t flags = flags_of(head);

	pack_u8(out, SESSION_HEAD_VERSION);
	pack_u8(out, flags);
	pack_u64(out, head->id);
	pack_u32(out, head->expiry_seconds);
	pack_u64(out, head->last_sequence);
	pack_u64(out, head->sent_sequence);
	encode_will(head, flags, now, out);
}

int64_t
session_head_encode(const struct session *session,
    const struct clock_reading *now, struct buffer *out)
{
	struct session_head head = head_of(session, now);

	session_head_pack(&head, now, out);
	return session->connection != NULL ||
		       session->expires_at_ms == UINT64_MAX
		   ? IPC_STORE_NEVER
		   : clock_to_realtime_seconds(now, session->expires_at_ms);
}

/* Which flags go together: a will that is due is one, of a session without a
 * connection; one that has ended has neither. */
static bool
flags_are_possible(uint8_t flags)
{
	if (flags & FLAG_CONNECTED && flags & (FLAG_LEAVING | FLAG_WILL_IS_DUE))
		return false;
	if (flags & FLAG_LEAVING && flags & FLAG_WILL)
		return false;
	return (flags & FLAG_WILL) != 0 ||
	       (flags & (FLAG_WILL_HAS_EXPIRY | FLAG_WILL_IS_DUE)) == 0;
}

static void
decode_will(struct unpack *in, uint8_t flags, const struct clock_reading *now,
    struct session_head *head)
{
	struct bytes record;

	head->will_at_seconds = IPC_STORE_NEVER;
	if ((flags & FLAG_WILL) == 0)
		return;
	head->will_delay_seconds = unpack_u32(in);
	head->has_will_expiry = (flags & FLAG_WILL_HAS_EXPIRY) != 0;
	if (head->has_will_expiry)
		head->will_expiry_seconds = unpack_u32(in);
	if (flags & FLAG_WILL_IS_DUE) {
		uint64_t seconds = unpack_u64(in);

		if (seconds > CLOCK_REALTIME_SECONDS_MAX)
			in->failed = true;
		head->will_at_seconds = (int64_t)seconds;
	}
	record = unpack_bytes(in, WILL_MAX);
	if (!unpack_is_complete(in) ||
	    message_record_decode(record, now, &head->will) != 0)
		in->failed = true;
}

int
session_head_decode(struct bytes bytes, const struct clock_reading *now,
    struct session_head *decoded)
{
	struct unpack in = { .input = bytes };
	uint8_t version = unpack_u8(&in);
	uint8_t flags = unpack_u8(&in);
	struct session_head head = {
		.is_connected = (flags & FLAG_CONNECTED) != 0,
		.is_leaving = (flags & FLAG_LEAVING) != 0,
		.has_shared = (flags & FLAG_HAS_SHARED) != 0,
		.is_unsure = (flags & FLAG_UNSURE) != 0,
		.was_cut_off = (flags & FLAG_CUT_OFF) != 0,
	};

	if (version != SESSION_HEAD_VERSION || !flags_are_possible(flags))
		return -EBADMSG;
	head.id = unpack_u64(&in);
	head.expiry_seconds = unpack_u32(&in);
	head.last_sequence = unpack_u64(&in);
	head.sent_sequence = unpack_u64(&in);
	if (head.sent_sequence > head.last_sequence)
		return -EBADMSG;
	decode_will(&in, flags, now, &head);
	if (!unpack_is_complete(&in)) {
		message_unref(&head.will);
		return -EBADMSG;
	}
	*decoded = head;
	return 0;
}
