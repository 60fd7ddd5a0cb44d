/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is kept of sessions and messages: the first byte says which decoder the
 * rest is for. What one takes it encodes to the same bytes.
 */
#include <errno.h>
#include <stdlib.h>

#include "worker/message_record.h"
#include "worker/session_record.h"
#include "worker/topic_tree.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static const struct clock_reading now = { .monotonic_ms = 1000,
	.realtime_ms = 1000 };

/* Messages that say their number in a field of theirs. */
static struct message *
find(void *context, uint64_t number)
{
	struct ipc_publish parts = {
		.topic_name = BYTES_LITERAL("t"),
		.publisher = number,
	};

	(void)context;
	return message_new(&parts);
}

static uint64_t
number_of(void *context, struct message *message)
{
	(void)context;
	return message_parts(message)->publisher;
}

static void
expect_same(struct buffer *out, struct bytes record)
{
	if (!bytes_equal(buffer_view(out), record))
		abort();
	buffer_done(out);
}

static void
fuzz_session(struct bytes bytes)
{
	struct session_record record;
	struct topic_tree *topics = topic_tree_new();
	struct buffer out = { .data = NULL };
	int error = session_record_decode(bytes, find, NULL, topics, &record);

	if (error != 0) {
		if (error != -EBADMSG)
			abort();
		topic_tree_free(&topics);
		return;
	}
	session_record_encode(&record, number_of, NULL, &out);
	expect_same(&out, bytes);
	session_record_done(&record);
	topic_tree_free(&topics);
}

static void
fuzz_message(struct bytes bytes)
{
	struct message *message;
	struct buffer out = { .data = NULL };
	int error = message_record_decode(bytes, &now, &message);

	if (error != 0) {
		if (error != -EBADMSG)
			abort();
		return;
	}
	/* A time in the past is as good as another. */
	if (!message_is_expired(message, now.monotonic_ms)) {
		message_record_encode(message, &now, &out);
		expect_same(&out, bytes);
	}
	message_unref(&message);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct bytes bytes;

	if (len == 0)
		return 0;
	bytes = bytes_of(data + 1, len - 1);
	if (data[0] % 2 == 0)
		fuzz_session(bytes);
	else
		fuzz_message(bytes);
	return 0;
}
