/* SPDX-License-Identifier: Apache-2.0 */
#include <check.h>
#include <errno.h>
#include <stdlib.h>

#include "ipc/message.h"
#include "ipc/statistics.h"
#include "lib/memory.h"
#include "test_ipc.h"

START_TEST(each_message_has_its_name)
{
	ck_assert_str_eq(ipc_message_name(IPC_CONFIGURATION), "CONFIGURATION");
	ck_assert_str_eq(ipc_message_name(IPC_PUBLISH_FORWARD),
	    "PUBLISH_FORWARD");
	ck_assert_str_eq(ipc_message_name(0), "UNKNOWN");
	ck_assert_str_eq(ipc_message_name(IPC_MESSAGE_TYPE_COUNT), "UNKNOWN");
	ck_assert_str_eq(ipc_message_name(65535), "UNKNOWN");
}
END_TEST

static const struct check_case {
	unsigned int type;
	enum ipc_role from, to;
	size_t len;
	bool has_fd;
	const char *fault; /* NULL: allowed */
} check_cases[] = {
	{ IPC_READY, IPC_ROLE_GATE, IPC_ROLE_MASTER, 0, false, NULL },
	{ IPC_READY, IPC_ROLE_WORKER, IPC_ROLE_MASTER, 4, false, NULL },
	{ IPC_READY, IPC_ROLE_WORKER, IPC_ROLE_MASTER, 5, false,
	    "message longer than its type allows" },
	{ IPC_READY, IPC_ROLE_MASTER, IPC_ROLE_WORKER, 0, false,
	    "message that this sender may not send" },
	{ IPC_READY, IPC_ROLE_WORKER, IPC_ROLE_WORKER, 0, false,
	    "message that is not for this receiver" },
	{ IPC_READY, IPC_ROLE_WORKER, IPC_ROLE_MASTER, 0, true,
	    "message with a descriptor that it may not have" },
	{ IPC_LISTENER, IPC_ROLE_MASTER, IPC_ROLE_GATE, 0, true, NULL },
	{ IPC_LISTENER, IPC_ROLE_MASTER, IPC_ROLE_GATE, 0, false,
	    "message without its descriptor" },
	{ IPC_LISTENER, IPC_ROLE_MASTER, IPC_ROLE_WORKER, 0, true,
	    "message that is not for this receiver" },
	{ IPC_SESSION_HANDOFF, IPC_ROLE_GATE, IPC_ROLE_WORKER, 100, true,
	    NULL },
	{ IPC_SESSION_HANDOFF, IPC_ROLE_WORKER, IPC_ROLE_GATE, 100, true,
	    "message that is not for this receiver" },
	{ IPC_PUBLISH_FORWARD, IPC_ROLE_GATE, IPC_ROLE_WORKER, 100, false,
	    "message that this sender may not send" },
	{ IPC_PUBLISH_FORWARD, IPC_ROLE_WORKER, IPC_ROLE_WORKER,
	    IPC_PAYLOAD_MAX, false, NULL },
	{ IPC_PUBLISH_FORWARD, IPC_ROLE_WORKER, IPC_ROLE_WORKER,
	    (size_t)IPC_PAYLOAD_MAX + 1, false,
	    "message longer than its type allows" },
	{ IPC_NONE, IPC_ROLE_MASTER, IPC_ROLE_WORKER, 0, false,
	    "message of unknown type" },
	{ IPC_MESSAGE_TYPE_COUNT, IPC_ROLE_MASTER, IPC_ROLE_WORKER, 0, false,
	    "message of unknown type" },
};

START_TEST(the_table_says_who_may_say_what)
{
	const struct check_case *check = &check_cases[_i];
	const char *fault = NULL;
	int error = ipc_message_check(check->type, check->from, check->to,
	    check->len, check->has_fd, &fault);

	ck_assert_int_eq(error, check->fault == NULL ? 0 : -EBADMSG);
	if (check->fault != NULL)
		ck_assert_str_eq(fault, check->fault);
}
END_TEST

typedef int decode_any(struct bytes payload);

/* What is cut anywhere before its end, or has a byte too many, is refused. */
static void
refuse_other_lengths(struct buffer *whole, decode_any *decode)
{
	ck_assert_int_eq(decode(buffer_view(whole)), 0);
	for (size_t len = 0; len < whole->len; len++) {
		/* a copy of exactly this length: sanitizers see what is read
		 * behind it */
		uint8_t *cut = malloc(len == 0 ? 1 : len);

		memcpy(cut, whole->data, len);
		ck_assert_int_eq(decode(bytes_of(cut, len)), -EBADMSG);
		free(cut);
	}
	buffer_append(whole, BYTES_LITERAL("x"));
	ck_assert_int_eq(decode(buffer_view(whole)), -EBADMSG);
}

static int
decode_peer(struct bytes payload)
{
	struct ipc_peer peer;

	return ipc_peer_decode(payload, &peer);
}

START_TEST(peer_survives_the_way)
{
	struct ipc_peer peer = { IPC_ROLE_WORKER, 300 };
	struct ipc_peer decoded;
	struct buffer out = { 0 };

	ipc_peer_encode(&peer, &out);
	ck_assert_int_eq(ipc_peer_decode(buffer_view(&out), &decoded), 0);
	ck_assert_int_eq(decoded.role, IPC_ROLE_WORKER);
	ck_assert_uint_eq(decoded.index, 300);
	refuse_other_lengths(&out, decode_peer);
	buffer_done(&out);
}
END_TEST

START_TEST(peer_is_one_role_but_not_the_master)
{
	static const uint8_t roles[] = { 0, IPC_ROLE_MASTER, IPC_ROLE_CHILD,
		IPC_ROLE_MASTER | IPC_ROLE_GATE, 128, 255 };
	uint8_t payload[3] = { roles[_i], 0, 0 };

	ck_assert_int_eq(decode_peer(bytes_of(payload, 3)), -EBADMSG);
}
END_TEST

static int
decode_start(struct bytes payload)
{
	struct ipc_start start;

	return ipc_start_decode(payload, &start);
}

START_TEST(start_survives_the_way)
{
	struct ipc_start start = { 4, 2, { 1, 2, 3 }, 123456789012 };
	struct ipc_start decoded;
	struct buffer out = { 0 };

	ipc_start_encode(&start, &out);
	ck_assert_int_eq(ipc_start_decode(buffer_view(&out), &decoded), 0);
	ck_assert_uint_eq(decoded.worker_count, 4);
	ck_assert_uint_eq(decoded.gate_count, 2);
	ck_assert_mem_eq(decoded.home_key, start.home_key, 16);
	ck_assert_uint_eq(decoded.started_ms, start.started_ms);
	refuse_other_lengths(&out, decode_start);
	buffer_done(&out);
}
END_TEST

START_TEST(start_names_a_worker_and_a_gate_at_least)
{
	struct ipc_start none[] = { { 0, 1, { 0 }, 0 }, { 1, 0, { 0 }, 0 } };
	struct buffer out = { 0 };

	ipc_start_encode(&none[_i], &out);
	ck_assert_int_eq(decode_start(buffer_view(&out)), -EBADMSG);
	buffer_done(&out);
}
END_TEST

static int
decode_credential(struct bytes payload)
{
	enum ipc_credential which;

	return ipc_credential_decode(payload, &which);
}

START_TEST(credential_is_one_of_three)
{
	for (unsigned int value = 0; value < 256; value++) {
		enum ipc_credential which = 0;
		struct buffer out = { 0 };
		int error;

		ipc_credential_encode((enum ipc_credential)value, &out);
		error = ipc_credential_decode(buffer_view(&out), &which);
		if (value >= 1 && value <= 3) {
			ck_assert_int_eq(error, 0);
			ck_assert_int_eq(which, value);
			refuse_other_lengths(&out, decode_credential);
		} else {
			ck_assert_int_eq(error, -EBADMSG);
		}
		buffer_done(&out);
	}
}
END_TEST

static int
decode_generation(struct bytes payload)
{
	struct ipc_generation generation;

	return ipc_generation_decode(payload, &generation);
}

START_TEST(generation_survives_the_way)
{
	struct ipc_generation generation = { UINT64_MAX,
		BYTES_LITERAL("the file is empty") };
	struct ipc_generation decoded;
	struct buffer out = { 0 };

	ipc_generation_encode(&generation, &out);
	ck_assert_int_eq(ipc_generation_decode(buffer_view(&out), &decoded), 0);
	ck_assert_uint_eq(decoded.number, generation.number);
	ck_assert(bytes_equal(decoded.detail, generation.detail));
	refuse_other_lengths(&out, decode_generation);
	buffer_done(&out);
}
END_TEST

START_TEST(generation_counts_from_1_and_its_reason_is_cut)
{
	uint8_t *large = memory_new(1, IPC_WHY_MAX + 1);
	struct ipc_generation none = { 0, BYTES_NONE };
	struct ipc_generation wordy = { 1, bytes_of(large, IPC_WHY_MAX + 1) };
	struct ipc_generation decoded;
	struct buffer out = { 0 };

	ipc_generation_encode(&none, &out);
	ck_assert_int_eq(decode_generation(buffer_view(&out)), -EBADMSG);
	out.len = 0;
	ipc_generation_encode(&wordy, &out);
	ck_assert_int_eq(ipc_generation_decode(buffer_view(&out), &decoded), 0);
	ck_assert_uint_eq(decoded.detail.len, IPC_WHY_MAX);
	buffer_done(&out);
	free(large);
}
END_TEST

static int
decode_files_read(struct bytes payload)
{
	struct ipc_files_read files;

	return ipc_files_read_decode(payload, &files);
}

START_TEST(files_read_survives_the_way)
{
	struct ipc_files_read files = { { { 1, 2, 3 } }, UINT64_MAX - 1,
		UINT64_MAX - 2, UINT64_MAX - 3 };
	struct ipc_files_read decoded;
	struct buffer out = { 0 };

	ipc_files_read_encode(&files, &out);
	ck_assert_int_eq(ipc_files_read_decode(buffer_view(&out), &decoded), 0);
	ck_assert_mem_eq(decoded.key.bytes, files.key.bytes, HASH_KEY_LEN);
	ck_assert_uint_eq(decoded.certificate, files.certificate);
	ck_assert_uint_eq(decoded.private_key, files.private_key);
	ck_assert_uint_eq(decoded.private_key_state, files.private_key_state);
	refuse_other_lengths(&out, decode_files_read);
	buffer_done(&out);
}
END_TEST

static int
decode_file(struct bytes payload)
{
	struct ipc_file file;

	return ipc_file_decode(payload, &file);
}

START_TEST(file_survives_the_way)
{
	struct ipc_file file = { IPC_CREDENTIAL_CLIENT_CA, UINT64_MAX - 5,
		UINT64_MAX - 6 };
	struct ipc_file decoded;
	struct buffer out = { 0 };

	ipc_file_encode(&file, &out);
	ck_assert_int_eq(ipc_file_decode(buffer_view(&out), &decoded), 0);
	ck_assert_int_eq(decoded.which, file.which);
	ck_assert_uint_eq(decoded.hash, file.hash);
	ck_assert_uint_eq(decoded.state, file.state);
	refuse_other_lengths(&out, decode_file);
	out.data[0] = 200;
	ck_assert_int_eq(decode_file(buffer_view(&out)), -EBADMSG);
	buffer_done(&out);
}
END_TEST

static int
decode_handoff(struct bytes payload)
{
	struct ipc_session_handoff handoff;

	return ipc_session_handoff_decode(payload, &handoff);
}

START_TEST(handoff_survives_the_way)
{
	struct ipc_session_handoff handoff = { BYTES_LITERAL("keys"),
		BYTES_LITERAL("CONNECT"), BYTES_LITERAL("\x17\x03\x03"),
		BYTES_LITERAL("frame") };
	struct ipc_session_handoff decoded;
	struct buffer out = { 0 };

	ipc_session_handoff_encode(&handoff, &out);
	ck_assert_int_eq(ipc_session_handoff_decode(buffer_view(&out),
			     &decoded),
	    0);
	ck_assert(bytes_equal(decoded.handover, handoff.handover));
	ck_assert(bytes_equal(decoded.plaintext, handoff.plaintext));
	ck_assert(bytes_equal(decoded.ciphertext, handoff.ciphertext));
	ck_assert(bytes_equal(decoded.websocket, handoff.websocket));
	refuse_other_lengths(&out, decode_handoff);
	buffer_done(&out);
}
END_TEST

START_TEST(handoff_has_a_handover_of_bounded_size)
{
	uint8_t *large = memory_new(1, 200000);
	struct ipc_session_handoff handoffs[] = {
		{ .plaintext = BYTES_LITERAL("x") },
		{ .handover = bytes_of(large, 200000) },
		{ .handover = BYTES_LITERAL("x"),
		    .websocket = bytes_of(large, 257) },
	};
	struct buffer out = { 0 };

	ipc_session_handoff_encode(&handoffs[_i], &out);
	ck_assert_int_eq(decode_handoff(buffer_view(&out)), -EBADMSG);
	buffer_done(&out);
	free(large);
}
END_TEST

START_TEST(interest_survives_the_way)
{
	struct ipc_interest interest = { UINT64_MAX - 1,
		BYTES_LITERAL("a/+/b") };
	struct ipc_interest decoded;
	struct buffer out = { 0 };

	ipc_interest_encode(&interest, &out);
	ck_assert_int_eq(ipc_interest_decode(buffer_view(&out), &decoded), 0);
	ck_assert_uint_eq(decoded.number, interest.number);
	ck_assert(bytes_equal(decoded.topic_filter, interest.topic_filter));
	/* SYNC and ACK: the number alone */
	ck_assert_int_eq(ipc_interest_decode(bytes_of(out.data, 8), &decoded),
	    0);
	ck_assert_uint_eq(decoded.topic_filter.len, 0);
	for (size_t len = 0; len < 8; len++)
		ck_assert_int_eq(ipc_interest_decode(bytes_of(out.data, len),
				     &decoded),
		    -EBADMSG);
	buffer_done(&out);
}
END_TEST

START_TEST(interest_names_a_filter_of_16_bits_length)
{
	struct ipc_interest decoded;
	uint8_t *large = memory_new(1, 8 + 65536);

	ck_assert_int_eq(ipc_interest_decode(bytes_of(large, 8 + 65535),
			     &decoded),
	    0);
	ck_assert_int_eq(ipc_interest_decode(bytes_of(large, 8 + 65536),
			     &decoded),
	    -EBADMSG);
	free(large);
}
END_TEST

/* BYTES_LITERAL() for an initializer. */
#define CONSTANT(text)                                                         \
	{                                                                      \
		(const uint8_t *)(text), sizeof(text) - 1                      \
	}

static const struct ipc_publish publish_cases[] = {
	{ 0, false, false, 0, 0, CONSTANT("a"), { NULL, 0 }, { NULL, 0 }, 0 },
	{ 1, true, true, 123456789012, UINT64_MAX, CONSTANT("a/b"),
	    CONSTANT("\x01\x01"), CONSTANT("payload"), UINT64_MAX - 1 },
	{ 2, false, true, 0, 7, CONSTANT("$SYS/x"), { NULL, 0 }, CONSTANT("p"),
	    0 },
};

START_TEST(publish_survives_the_way)
{
	const struct ipc_publish *publish = &publish_cases[_i];
	struct ipc_publish decoded;
	struct buffer out = { 0 };

	ipc_publish_encode(publish, &out);
	ck_assert_int_eq(ipc_publish_decode(buffer_view(&out), &decoded), 0);
	ck_assert_uint_eq(decoded.qos, publish->qos);
	ck_assert_int_eq(decoded.retain, publish->retain);
	ck_assert_int_eq(decoded.has_expiry, publish->has_expiry);
	ck_assert_uint_eq(decoded.expires_at_ms, publish->expires_at_ms);
	ck_assert_uint_eq(decoded.publisher, publish->publisher);
	ck_assert_uint_eq(decoded.published_ns, publish->published_ns);
	ck_assert(bytes_equal(decoded.topic_name, publish->topic_name));
	ck_assert(bytes_equal(decoded.properties, publish->properties));
	ck_assert(bytes_equal(decoded.payload, publish->payload));
	/* the payload is what is left: it may be shorter, the rest may not */
	for (size_t len = 0; len < out.len - publish->payload.len; len++)
		ck_assert_int_eq(ipc_publish_decode(bytes_of(out.data, len),
				     &decoded),
		    -EBADMSG);
	buffer_done(&out);
}
END_TEST

static const struct {
	size_t at;
	uint8_t value;
} publish_faults[] = {
	{ 0, 3 },     /* QoS */
	{ 1, 4 },     /* an unknown flag */
	{ 9, 1 },     /* an expiry without its flag */
	{ 19, 0 },    /* no topic name */
	{ 19, 200 },  /* a topic name longer than all */
	{ 20, 0xff }, /* properties longer than all */
	{ 23, 100 },
};

START_TEST(publish_refuses_what_is_out_of_range)
{
	struct ipc_publish decoded;
	struct buffer out = { 0 };

	ipc_publish_encode(&publish_cases[0], &out);
	out.data[publish_faults[_i].at] = publish_faults[_i].value;
	ck_assert_int_eq(ipc_publish_decode(buffer_view(&out), &decoded),
	    -EBADMSG);
	buffer_done(&out);
}
END_TEST

static int
decode_statistics(struct bytes payload)
{
	struct ipc_statistics statistics;

	return ipc_statistics_decode(payload, &statistics);
}

static int
decode_statistics_sum(struct bytes payload)
{
	struct ipc_statistics_sum sum;

	return ipc_statistics_sum_decode(payload, &sum);
}

START_TEST(statistics_survive_the_way)
{
	struct ipc_statistics statistics, decoded;
	struct buffer out = { 0 };
	const char *fault;

	for (unsigned int i = 0; i < IPC_STATISTIC_COUNT; i++)
		statistics.values[i] = UINT64_MAX - i;
	ipc_statistics_encode(&statistics, &out);
	ck_assert_int_eq(ipc_message_check(IPC_STATISTICS, IPC_ROLE_GATE,
			     IPC_ROLE_MASTER, out.len, false, &fault),
	    0);
	ck_assert_int_eq(ipc_statistics_decode(buffer_view(&out), &decoded), 0);
	ck_assert_mem_eq(&decoded, &statistics, sizeof(decoded));
	refuse_other_lengths(&out, decode_statistics);
	buffer_done(&out);
}
END_TEST

START_TEST(sums_of_statistics_survive_the_way)
{
	struct ipc_statistics_sum sum = { .connected_max = 7 }, decoded;
	struct buffer out = { 0 };
	const char *fault;

	for (unsigned int i = 0; i < IPC_STATISTIC_COUNT; i++) {
		sum.values[i] = UINT64_MAX - i;
		for (unsigned int span = 0; span < IPC_STATISTIC_SPANS; span++)
			sum.averages[i][span] = i * 10 + span;
	}
	ipc_statistics_sum_encode(&sum, &out);
	ck_assert_int_eq(ipc_message_check(IPC_STATISTICS_SUM, IPC_ROLE_MASTER,
			     IPC_ROLE_WORKER, out.len, false, &fault),
	    0);
	ck_assert_int_eq(ipc_statistics_sum_decode(buffer_view(&out), &decoded),
	    0);
	ck_assert_mem_eq(&decoded, &sum, sizeof(decoded));
	refuse_other_lengths(&out, decode_statistics_sum);
	buffer_done(&out);
}
END_TEST

#define COUNT(array) ((int)(sizeof(array) / sizeof((array)[0])))

TCase *
test_message(void)
{
	TCase *tests = tcase_create("message");

	tcase_add_test(tests, each_message_has_its_name);
	tcase_add_loop_test(tests, the_table_says_who_may_say_what, 0,
	    COUNT(check_cases));
	tcase_add_test(tests, peer_survives_the_way);
	tcase_add_loop_test(tests, peer_is_one_role_but_not_the_master, 0, 6);
	tcase_add_test(tests, start_survives_the_way);
	tcase_add_loop_test(tests, start_names_a_worker_and_a_gate_at_least, 0,
	    2);
	tcase_add_test(tests, credential_is_one_of_three);
	tcase_add_test(tests, generation_survives_the_way);
	tcase_add_test(tests, generation_counts_from_1_and_its_reason_is_cut);
	tcase_add_test(tests, files_read_survives_the_way);
	tcase_add_test(tests, file_survives_the_way);
	tcase_add_test(tests, handoff_survives_the_way);
	tcase_add_loop_test(tests, handoff_has_a_handover_of_bounded_size, 0,
	    3);
	tcase_add_test(tests, interest_survives_the_way);
	tcase_add_test(tests, interest_names_a_filter_of_16_bits_length);
	tcase_add_loop_test(tests, publish_survives_the_way, 0,
	    COUNT(publish_cases));
	tcase_add_loop_test(tests, publish_refuses_what_is_out_of_range, 0,
	    COUNT(publish_faults));
	tcase_add_test(tests, statistics_survive_the_way);
	tcase_add_test(tests, sums_of_statistics_survive_the_way);
	return tests;
}
