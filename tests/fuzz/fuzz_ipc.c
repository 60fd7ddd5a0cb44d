/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Messages between processes: the first byte says who receives from whom, the
 * rest is a datagram, with no descriptor beside it. Whatever arrives goes
 * through the decoder of its type; and the rest goes through every decoder.
 */
#include <errno.h>
#include <stdlib.h>

#include "ipc/batch.h"
#include "ipc/message.h"
#include "ipc/signing.h"
#include "ipc/statistics.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static volatile uint8_t sum;

/* Look at every byte of a view: it must lie in memory that is there. */
static void
read_through(struct bytes view)
{
	for (size_t i = 0; i < view.len; i++)
		sum = (uint8_t)(sum + view.data[i]);
}

static int
decode_interest(struct bytes payload)
{
	struct ipc_interest interest;
	int error = ipc_interest_decode(payload, &interest);

	if (error == 0)
		read_through(interest.topic_filter);
	return error;
}

/* What was decoded encodes to the bytes that it was decoded from. */
static void
expect_same(struct buffer *out, struct bytes payload)
{
	if (!bytes_equal(buffer_view(out), payload))
		abort();
	buffer_done(out);
}

static int
decode_publish(struct bytes payload)
{
	struct buffer out = { NULL, 0, 0 };
	struct ipc_publish publish;
	int error = ipc_publish_decode(payload, &publish);

	if (error != 0)
		return error;
	if (publish.qos > 2 || publish.topic_name.len == 0)
		abort();
	read_through(publish.topic_name);
	read_through(publish.properties);
	read_through(publish.payload);
	ipc_publish_encode(&publish, &out);
	expect_same(&out, payload);
	return 0;
}

/* In parts, as it is sent. */
static int
decode_retained(struct bytes payload)
{
	struct bytes parts[IPC_RETAINED_PART_COUNT];
	uint8_t head[IPC_RETAINED_HEAD_LEN];
	struct buffer out = { NULL, 0, 0 };
	struct ipc_publish publish;
	uint64_t number;
	int error = ipc_retained_decode(payload, &number, &publish);

	if (error != 0)
		return error;
	ipc_retained_parts(number, &publish, head, parts);
	for (size_t i = 0; i < IPC_RETAINED_PART_COUNT; i++)
		buffer_append(&out, parts[i]);
	expect_same(&out, payload);
	return 0;
}

static int
decode_retained_query(struct bytes payload)
{
	struct buffer out = { NULL, 0, 0 };
	struct ipc_retained_query query;
	int error = ipc_retained_query_decode(payload, &query);

	if (error != 0)
		return error;
	ipc_retained_query_encode(&query, &out);
	expect_same(&out, payload);
	return 0;
}

static int
decode_retained_status(struct bytes payload)
{
	uint64_t number;
	uint8_t value;

	return ipc_retained_status_decode(payload, &number, &value);
}

static int
decode_interest_share(struct bytes payload)
{
	struct buffer out = { NULL, 0, 0 };
	struct ipc_interest_share interest;
	int error = ipc_interest_share_decode(payload, &interest);

	if (error != 0)
		return error;
	read_through(interest.group);
	read_through(interest.topic_filter);
	ipc_interest_share_encode(&interest, &out);
	expect_same(&out, payload);
	return 0;
}

static int
decode_publish_share(struct bytes payload)
{
	struct ipc_publish_share share;
	struct bytes names, group, topic_filter;
	int error = ipc_publish_share_decode(payload, &share);

	if (error != 0)
		return error;
	names = share.names;
	while (
	    (error = ipc_share_name_next(&names, &group, &topic_filter)) > 0) {
		read_through(group);
		read_through(topic_filter);
	}
	read_through(share.publish.payload);
	return error;
}

static int
decode_forward(struct bytes payload)
{
	struct buffer out = { NULL, 0, 0 };
	uint8_t head[IPC_FORWARD_HEAD_LEN];
	struct ipc_forward forward;
	int error = ipc_forward_decode(payload, &forward);

	if (error != 0)
		return error;
	ipc_forward_head(&forward, head);
	buffer_append(&out, bytes_of(head, sizeof(head)));
	buffer_append(&out, forward.content);
	expect_same(&out, payload);
	return forward.kind == IPC_FORWARD_SHARE
		   ? decode_publish_share(forward.content)
		   : decode_publish(forward.content);
}

static int
decode_release(struct bytes payload)
{
	struct buffer out = { NULL, 0, 0 };
	struct ipc_release release;
	int error = ipc_release_decode(payload, &release);

	if (error != 0)
		return error;
	ipc_release_encode(&release, &out);
	expect_same(&out, payload);
	return 0;
}

static int
decode_forward_ack(struct bytes payload)
{
	struct ipc_forward_ack ack;

	return ipc_forward_ack_decode(payload, &ack);
}

static int
decode_handoff(struct bytes payload)
{
	struct buffer out = { NULL, 0, 0 };
	struct ipc_session_handoff handoff;
	int error = ipc_session_handoff_decode(payload, &handoff);

	if (error != 0)
		return error;
	read_through(handoff.handover);
	read_through(handoff.plaintext);
	read_through(handoff.ciphertext);
	ipc_session_handoff_encode(&handoff, &out);
	expect_same(&out, payload);
	return 0;
}

static int
decode_peer(struct bytes payload)
{
	struct ipc_peer peer;

	return ipc_peer_decode(payload, &peer);
}

static int
decode_start(struct bytes payload)
{
	struct ipc_start start;

	return ipc_start_decode(payload, &start);
}

static int
decode_credential(struct bytes payload)
{
	enum ipc_credential which;

	return ipc_credential_decode(payload, &which);
}

static int
decode_statistics(struct bytes payload)
{
	struct ipc_statistics statistics;

	return ipc_statistics_decode(payload, &statistics);
}

static int
decode_source(struct bytes payload)
{
	struct ipc_source source;

	return ipc_source_decode(payload, &source);
}

static int
decode_denial(struct bytes payload)
{
	struct buffer out = { NULL, 0, 0 };
	struct ipc_denial denial;
	int error = ipc_denial_decode(payload, &denial);

	if (error != 0)
		return error;
	ipc_denial_encode(&denial, &out);
	expect_same(&out, payload);
	return 0;
}

static int
decode_denial_logged(struct bytes payload)
{
	struct ipc_denial_logged logged;

	return ipc_denial_logged_decode(payload, &logged);
}

static int
decode_expiry(struct bytes payload)
{
	struct buffer out = { NULL, 0, 0 };
	struct ipc_expiry expiry;
	int error = ipc_expiry_decode(payload, &expiry);

	if (error != 0)
		return error;
	ipc_expiry_encode(&expiry, &out);
	expect_same(&out, payload);
	return 0;
}

static int
decode_statistics_sum(struct bytes payload)
{
	struct ipc_statistics_sum totals;

	return ipc_statistics_sum_decode(payload, &totals);
}

static int
decode_sign(struct bytes payload)
{
	struct buffer out = { NULL, 0, 0 };
	struct ipc_sign sign;
	int error = ipc_sign_decode(payload, &sign);

	if (error != 0)
		return error;
	if (sign.digest.len != ipc_sign_digest_len(sign.hash))
		abort();
	read_through(sign.digest);
	ipc_sign_encode(&sign, &out);
	expect_same(&out, payload);
	return 0;
}

static int
decode_signature(struct bytes payload)
{
	struct buffer out = { NULL, 0, 0 };
	struct ipc_signature signature;
	int error = ipc_signature_decode(payload, &signature);

	if (error != 0)
		return error;
	if (signature.signature.len > IPC_SIGNATURE_MAX)
		abort();
	read_through(signature.signature);
	ipc_signature_encode(&signature, &out);
	expect_same(&out, payload);
	return 0;
}

static int
decode_key_added(struct bytes payload)
{
	struct buffer out = { NULL, 0, 0 };
	struct ipc_key_added added;
	int error = ipc_key_added_decode(payload, &added);

	if (error != 0)
		return error;
	read_through(added.why);
	ipc_key_added_encode(&added, &out);
	expect_same(&out, payload);
	return 0;
}

static int
decode_key_id(struct bytes payload)
{
	uint8_t key_id[IPC_KEY_ID_LEN];

	return ipc_key_id_decode(payload, key_id);
}

static int
on_message(void *context, struct ipc_message *message)
{
	(void)context;
	read_through(message->payload);
	switch (message->type) {
	case IPC_PEER:
	case IPC_PEER_FAULT:
		return decode_peer(message->payload);
	case IPC_START:
		return decode_start(message->payload);
	case IPC_CREDENTIALS:
		return decode_credential(message->payload);
	case IPC_SESSION_HANDOFF:
		return decode_handoff(message->payload);
	case IPC_PUBLISH_FORWARD:
		return decode_publish(message->payload);
	case IPC_FORWARD_KEPT:
		return decode_forward(message->payload);
	case IPC_FORWARD_RELEASE:
		return decode_release(message->payload);
	case IPC_FORWARD_ACK:
		return decode_forward_ack(message->payload);
	case IPC_RETAINED_PUT:
	case IPC_RETAINED_MESSAGE:
		return decode_retained(message->payload);
	case IPC_RETAINED_QUERY:
		return decode_retained_query(message->payload);
	case IPC_RETAINED_ACK:
	case IPC_RETAINED_PAGE:
		return decode_retained_status(message->payload);
	case IPC_STATISTICS:
		return decode_statistics(message->payload);
	case IPC_SOURCE:
		return decode_source(message->payload);
	case IPC_DENIAL:
		return decode_denial(message->payload);
	case IPC_DENIAL_LOGGED:
		return decode_denial_logged(message->payload);
	case IPC_EXPIRY:
		return decode_expiry(message->payload);
	case IPC_STATISTICS_SUM:
		return decode_statistics_sum(message->payload);
	case IPC_INTEREST_SHARE:
		return decode_interest_share(message->payload);
	case IPC_PUBLISH_SHARE:
		return decode_publish_share(message->payload);
	case IPC_SIGN:
		return decode_sign(message->payload);
	case IPC_SIGNATURE:
		return decode_signature(message->payload);
	case IPC_KEY_ADDED:
		return decode_key_added(message->payload);
	case IPC_KEY_REMOVE:
		return decode_key_id(message->payload);
	default:
		return decode_interest(message->payload);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static const enum ipc_role roles[] = { IPC_ROLE_MASTER, IPC_ROLE_GATE,
		IPC_ROLE_WORKER, IPC_ROLE_STORE, IPC_ROLE_KEY };
	struct batch_input input = { .fds = NULL };
	const char *fault = NULL;
	struct bytes rest;
	int error;

	if (len == 0)
		return 0;
	rest = bytes_of(data + 1, len - 1);
	input.bytes = rest;
	input.from = roles[data[0] % 5];
	input.to = roles[data[0] / 5 % 5];
	input.is_fds_cut = (data[0] & 0x80) != 0;
	error = batch_handle(&input, on_message, NULL, &fault);
	if (error != 0 && (error != -EBADMSG || fault == NULL))
		abort();

	(void)decode_peer(rest);
	(void)decode_start(rest);
	(void)decode_credential(rest);
	(void)decode_interest(rest);
	(void)decode_retained(rest);
	(void)decode_retained_query(rest);
	(void)decode_retained_status(rest);
	(void)decode_handoff(rest);
	(void)decode_publish(rest);
	(void)decode_interest_share(rest);
	(void)decode_publish_share(rest);
	(void)decode_forward(rest);
	(void)decode_release(rest);
	(void)decode_forward_ack(rest);
	(void)decode_sign(rest);
	(void)decode_signature(rest);
	(void)decode_key_added(rest);
	(void)decode_key_id(rest);
	return 0;
}
