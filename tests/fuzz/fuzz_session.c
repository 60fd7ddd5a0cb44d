/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is kept of sessions and messages: the first byte says which decoder the
 * rest is for. What one takes it encodes to the same bytes.
 */
#include <errno.h>
#include <stdlib.h>

#include "proc/role.h"
#include "worker/message_record.h"
#include "worker/pending_record.h"
#include "worker/session_head.h"
#include "worker/subscription_record.h"
#include "worker/topic_tree.h"

/* No process is started here. */
const struct role role_table[] = { { .name = NULL } };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static const struct clock_reading now = { .monotonic_ms = 1000,
	.realtime_ms = 1000 };

static void
expect_same(struct buffer *out, struct bytes record)
{
	if (!bytes_equal(buffer_view(out), record))
		abort();
	buffer_done(out);
}

static void
expect_bad(int error)
{
	if (error != -EBADMSG)
		abort();
}

static void
fuzz_head(struct bytes bytes)
{
	struct session_head head;
	struct buffer out = { .data = NULL };
	int error = session_head_decode(bytes, &now, &head);

	if (error != 0) {
		expect_bad(error);
		return;
	}
	/* A time in the past is as good as another. */
	if (head.will == NULL ||
	    !message_is_expired(head.will, now.monotonic_ms)) {
		session_head_pack(&head, &now, &out);
		expect_same(&out, bytes);
	}
	message_unref(&head.will);
}

static void
fuzz_message(struct bytes bytes)
{
	struct message *message;
	struct buffer out = { .data = NULL };
	int error = message_record_decode(bytes, &now, &message);

	if (error != 0) {
		expect_bad(error);
		return;
	}
	if (!message_is_expired(message, now.monotonic_ms)) {
		message_record_encode(message, &now, &out);
		expect_same(&out, bytes);
	}
	message_unref(&message);
}

static void
fuzz_delivery(struct bytes bytes)
{
	struct topic_tree *topics = topic_tree_new();
	struct unpack in = { .input = bytes };
	struct pending item = { .message = NULL };
	struct buffer out = { .data = NULL };

	pending_delivery_decode(&in, topics, &item);
	if (unpack_is_complete(&in)) {
		pending_delivery_encode(&item, &out);
		expect_same(&out, bytes);
	}
	pending_done(&item);
	topic_tree_free(&topics);
}

static void
fuzz_subscription(struct bytes bytes)
{
	struct session_subscription subscription = { .qos = 0 };
	struct buffer out = { .data = NULL };
	int error = subscription_record_decode(bytes, &subscription);

	if (error != 0) {
		expect_bad(error);
		return;
	}
	subscription_record_encode(&subscription, &out);
	expect_same(&out, bytes);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static void (*const fuzz[])(struct bytes bytes) = {
		fuzz_head,
		fuzz_message,
		fuzz_delivery,
		fuzz_subscription,
	};

	if (len > 0)
		fuzz[data[0] % 4](bytes_of(data + 1, len - 1));
	return 0;
}
