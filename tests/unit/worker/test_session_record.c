/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/session_record.h"

#include <errno.h>
#include <stdlib.h>

#include "book.h"
#include "lib/clock.h"
#include "lib/memory.h"
#include "tests.h"
#include "worker/topic_tree.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static struct topic_tree *topics;

static void
setup(void)
{
	topics = topic_tree_new();
}

static void
teardown(void)
{
	topic_tree_free(&topics);
}

static struct message *
message_of(const char *payload)
{
	struct ipc_publish parts = {
		.qos = 2,
		.topic_name = BYTES_LITERAL("t"),
		.payload = bytes_of_string(payload),
	};

	return message_new(&parts);
}

static void
push(struct pending_queue *queue, struct message *message, uint16_t packet_id,
    uint8_t qos)
{
	struct pending item = {
		.message = message == NULL ? NULL : message_ref(message),
		.packet_id = packet_id,
		.qos = qos,
		.state = message == NULL ? PENDING_RELEASE : PENDING_PUBLISH,
		.retain = qos == 2,
	};

	if (packet_id % 2 == 0) {
		item.subscription_id_count = 2;
		item.subscription_ids = memory_new(2, sizeof(uint32_t));
		item.subscription_ids[0] = 1;
		item.subscription_ids[1] = 268435455;
	}
	if (packet_id == 2)
		item.share = share_get(topics, BYTES_LITERAL("x"),
		    BYTES_LITERAL("group"));
	pending_queue_push(queue, item);
}

/* A record with something in each field. */
static struct session_record
record_new(void)
{
	const struct session_subscription subscriptions[] = {
		{ BYTES_LITERAL("a/+/#"), 268435455, 2, true, false },
		{ BYTES_LITERAL("$share/group/x"), 0, 1, false, true },
		{ BYTES_LITERAL("#"), 7, 0, true, true },
	};
	static const uint16_t received[] = { 1, 500, 65535 };
	struct message *messages[] = { message_of("one"), message_of("two") };
	struct session_record record = {
		.state = {
			.identity = BYTES_LITERAL("device-1"),
			.client_id = BYTES_LITERAL("client"),
			.expiry_seconds = 3600,
			.will_delay_seconds = 30,
			.will_expiry_seconds = 90,
			.has_will_expiry = true,
			.will = message_of("will"),
			.next_packet_id = 65534,
			.received_count = COUNT(received),
			.received = memory_copy(
			    bytes_of(received, sizeof(received))),
		},
		.subscriptions = memory_copy(
		    bytes_of(subscriptions, sizeof(subscriptions))),
		.subscription_count = COUNT(subscriptions),
		.id = UINT64_C(0xfedcba9876543210),
		.expires_at_seconds = 1700000000,
		.will_at_seconds = CLOCK_REALTIME_SECONDS_MAX,
	};

	push(&record.state.inflight, messages[0], 65535, 1);
	push(&record.state.inflight, NULL, 3, 2);
	push(&record.state.inflight, messages[1], 2, 2);
	push(&record.state.queued, messages[0], 0, 1);
	push(&record.state.queued, messages[1], 0, 2);
	message_unref(&messages[0]);
	message_unref(&messages[1]);
	return record;
}

static struct buffer
bytes_of_record(const struct session_record *record, struct book *book)
{
	struct buffer out = { .data = NULL };

	session_record_encode(record, book_number_of, book, &out);
	return out;
}

static int
decode(struct bytes bytes, struct book *book, struct session_record *record)
{
	return session_record_decode(bytes, book_find, book, topics, record);
}

static void
check_queue(const struct pending_queue *a, const struct pending_queue *b)
{
	ck_assert_uint_eq(a->count, b->count);
	ck_assert_uint_eq(a->bytes, b->bytes);
	for (uint32_t i = 0; i < a->count; i++) {
		const struct pending *x = pending_queue_at(a, i);
		const struct pending *y = pending_queue_at(b, i);

		ck_assert_ptr_eq(x->message, y->message);
		ck_assert_ptr_eq(x->share, y->share);
		ck_assert_uint_eq(x->packet_id, y->packet_id);
		ck_assert_uint_eq(x->qos, y->qos);
		ck_assert_uint_eq(x->state, y->state);
		ck_assert_int_eq(x->retain, y->retain);
		ck_assert(bytes_equal(bytes_of(x->subscription_ids,
					  x->subscription_id_count *
					      sizeof(uint32_t)),
		    bytes_of(y->subscription_ids,
			y->subscription_id_count * sizeof(uint32_t))));
	}
}

static void
check_subscriptions(const struct session_record *a,
    const struct session_record *b)
{
	ck_assert_uint_eq(a->subscription_count, b->subscription_count);
	for (uint32_t i = 0; i < a->subscription_count; i++) {
		const struct session_subscription *x = &a->subscriptions[i];
		const struct session_subscription *y = &b->subscriptions[i];

		ck_assert(bytes_equal(x->topic_filter, y->topic_filter));
		ck_assert_uint_eq(x->identifier, y->identifier);
		ck_assert_uint_eq(x->qos, y->qos);
		ck_assert_int_eq(x->no_local, y->no_local);
		ck_assert_int_eq(x->retain_as_published,
		    y->retain_as_published);
	}
}

static void
check_same(const struct session_record *a, const struct session_record *b)
{
	const struct session_state *x = &a->state, *y = &b->state;

	ck_assert(bytes_equal(x->identity, y->identity));
	ck_assert(bytes_equal(x->client_id, y->client_id));
	ck_assert_uint_eq(x->expiry_seconds, y->expiry_seconds);
	ck_assert_ptr_eq(x->will, y->will);
	ck_assert_uint_eq(x->will_delay_seconds, y->will_delay_seconds);
	ck_assert_uint_eq(x->will_expiry_seconds, y->will_expiry_seconds);
	ck_assert_int_eq(x->has_will_expiry, y->has_will_expiry);
	ck_assert_uint_eq(x->next_packet_id, y->next_packet_id);
	ck_assert(bytes_equal(bytes_of(x->received, x->received_count * 2u),
	    bytes_of(y->received, y->received_count * 2u)));
	check_queue(&x->inflight, &y->inflight);
	check_queue(&x->queued, &y->queued);
	check_subscriptions(a, b);
	ck_assert_uint_eq(a->id, b->id);
	ck_assert_int_eq(a->is_connected, b->is_connected);
	ck_assert_int_eq(a->expires_at_seconds, b->expires_at_seconds);
	ck_assert_int_eq(a->will_at_seconds, b->will_at_seconds);
}

static void
check_round_trip(struct session_record *record)
{
	struct book book = { .count = 0 };
	struct buffer bytes = bytes_of_record(record, &book), again;
	struct session_record decoded;

	ck_assert_int_eq(decode(buffer_view(&bytes), &book, &decoded), 0);
	check_same(record, &decoded);
	ck_assert_uint_eq(decoded.missing_count, 0);
	again = bytes_of_record(&decoded, &book);
	ck_assert(bytes_equal(buffer_view(&bytes), buffer_view(&again)));
	session_record_done(&decoded);
	session_record_done(record);
	buffer_done(&bytes);
	buffer_done(&again);
	book_done(&book);
}

START_TEST(a_session_comes_back_as_it_was)
{
	struct session_record record = record_new();

	check_round_trip(&record);
}
END_TEST

START_TEST(a_session_with_a_connection_has_no_times)
{
	struct session_record record = record_new();

	record.is_connected = true;
	record.expires_at_seconds = SESSION_RECORD_NEVER;
	record.will_at_seconds = SESSION_RECORD_NEVER;
	check_round_trip(&record);
}
END_TEST

START_TEST(the_least_session_comes_back)
{
	struct session_record record = {
		.state.identity = BYTES_LITERAL("i"),
		.state.client_id = BYTES_LITERAL("c"),
		.expires_at_seconds = SESSION_RECORD_NEVER,
		.will_at_seconds = SESSION_RECORD_NEVER,
	};

	check_round_trip(&record);
}
END_TEST

START_TEST(a_message_has_one_number_in_both_queues)
{
	struct session_record record = record_new();
	struct book book = { .count = 0 };
	struct buffer bytes = bytes_of_record(&record, &book);

	ck_assert_uint_eq(book.count, 3); /* the will, one and two */
	session_record_done(&record);
	buffer_done(&bytes);
	book_done(&book);
}
END_TEST

START_TEST(a_message_that_is_missing_costs_itself_alone)
{
	struct session_record record = record_new(), decoded;
	struct book book = { .count = 0 };
	struct buffer bytes = bytes_of_record(&record, &book);

	message_unref(&book.messages[0]); /* the will */
	message_unref(&book.messages[1]); /* once in each queue */
	ck_assert_int_eq(decode(buffer_view(&bytes), &book, &decoded), 0);
	ck_assert_uint_eq(decoded.missing_count, 3);
	ck_assert_ptr_null(decoded.state.will);
	ck_assert_int_eq(decoded.will_at_seconds, SESSION_RECORD_NEVER);
	ck_assert_uint_eq(decoded.state.inflight.count, 2);
	ck_assert_uint_eq(decoded.state.queued.count, 1);
	check_subscriptions(&record, &decoded);
	session_record_done(&record);
	session_record_done(&decoded);
	buffer_done(&bytes);
	book_done(&book);
}
END_TEST

START_TEST(a_record_that_is_cut_or_longer_is_refused)
{
	struct session_record record = record_new(), decoded = { .id = 9 };
	struct book book = { .count = 0 };
	struct buffer bytes = bytes_of_record(&record, &book);

	for (size_t len = 0; len < bytes.len; len++)
		ck_assert_int_eq(decode(bytes_of(bytes.data, len), &book,
				     &decoded),
		    -EBADMSG);
	buffer_append(&bytes, BYTES_LITERAL("x"));
	ck_assert_int_eq(decode(buffer_view(&bytes), &book, &decoded),
	    -EBADMSG);
	ck_assert_uint_eq(decoded.id, 9);
	session_record_done(&record);
	buffer_done(&bytes);
	book_done(&book);
}
END_TEST

/* Each makes a record that no session can have. */
static const uint8_t long_text[65536];

/* A change that makes a record one that no session has. */
#define FAULT(name, change)                                                    \
	static void name(struct session_record *record)                        \
	{                                                                      \
		change;                                                        \
	}

FAULT(set_no_identity, record->state.identity.len = 0)
FAULT(set_long_identity,
    record->state.identity = bytes_of(long_text, SESSION_IDENTITY_MAX + 1))
FAULT(set_no_client_id, record->state.client_id.len = 0)
FAULT(set_long_client_id, record->state.client_id = bytes_of(long_text, 65536))
FAULT(set_far_expiry,
    record->expires_at_seconds = CLOCK_REALTIME_SECONDS_MAX + 1)
FAULT(set_negative_expiry, record->expires_at_seconds = -2)
FAULT(set_far_will, record->will_at_seconds = CLOCK_REALTIME_SECONDS_MAX + 1)
FAULT(set_no_filter, record->subscriptions[0].topic_filter.len = 0)
FAULT(set_bad_filter,
    record->subscriptions[1].topic_filter = BYTES_LITERAL("a/#/b"))
FAULT(set_filter_that_is_no_text,
    record->subscriptions[1].topic_filter = BYTES_LITERAL("a\xff"))
FAULT(set_long_filter,
    record->subscriptions[2].topic_filter = bytes_of(long_text, 65536))
FAULT(set_subscription_qos, record->subscriptions[2].qos = 3)
FAULT(set_subscription_flag, record->subscriptions[2].qos = 0x10)
FAULT(set_subscription_identifier,
    record->subscriptions[0].identifier = 268435456)
FAULT(set_received_zero, record->state.received[0] = 0)
FAULT(set_received_twice, record->state.received[1] = 1)

static void
set_received_unsorted(struct session_record *record)
{
	record->state.received[1] = 65535;
	record->state.received[2] = 500;
}

static struct pending *
inflight(struct session_record *record, uint32_t position)
{
	return pending_queue_at(&record->state.inflight, position);
}

FAULT(set_inflight_without_identifier, inflight(record, 0)->packet_id = 0)
FAULT(set_release_without_identifier, inflight(record, 1)->packet_id = 0)
FAULT(set_identifier_used_twice, inflight(record, 2)->packet_id = 65535)
FAULT(set_release_at_qos_1, inflight(record, 1)->qos = 1)
FAULT(set_inflight_at_qos_0, inflight(record, 0)->qos = 0)
FAULT(set_inflight_at_qos_3, inflight(record, 0)->qos = 3)
FAULT(set_item_flag, inflight(record, 0)->qos = 0x41)

static void
set_release_of_share(struct session_record *record)
{
	inflight(record, 1)->share = share_get(topics, BYTES_LITERAL("x"),
	    BYTES_LITERAL("group"));
}

static void
set_share_without_group(struct session_record *record)
{
	struct pending *item = inflight(record, 0);

	item->share = share_get(topics, BYTES_LITERAL("x"), BYTES_NONE);
}

FAULT(set_item_identifier_zero, inflight(record, 2)->subscription_ids[1] = 0)
FAULT(set_item_identifier_high,
    inflight(record, 2)->subscription_ids[0] = 268435456)
FAULT(set_queued_with_identifier,
    pending_queue_at(&record->state.queued, 0)->packet_id = 9)
FAULT(set_queued_released, pending_queue_release(&record->state.queued, 1))
static void (*const faults[])(struct session_record *record) = {
	set_no_identity,
	set_long_identity,
	set_no_client_id,
	set_long_client_id,
	set_far_expiry,
	set_negative_expiry,
	set_far_will,
	set_no_filter,
	set_bad_filter,
	set_filter_that_is_no_text,
	set_long_filter,
	set_subscription_qos,
	set_subscription_flag,
	set_subscription_identifier,
	set_received_zero,
	set_received_twice,
	set_received_unsorted,
	set_inflight_without_identifier,
	set_release_without_identifier,
	set_identifier_used_twice,
	set_release_at_qos_1,
	set_inflight_at_qos_0,
	set_inflight_at_qos_3,
	set_item_flag,
	set_release_of_share,
	set_share_without_group,
	set_item_identifier_zero,
	set_item_identifier_high,
	set_queued_with_identifier,
	set_queued_released,
};

START_TEST(what_no_session_can_be_is_refused)
{
	struct session_record record = record_new(), decoded;
	struct book book = { .count = 0 };
	struct buffer bytes;

	faults[_i](&record);
	bytes = bytes_of_record(&record, &book);
	ck_assert_int_eq(decode(buffer_view(&bytes), &book, &decoded),
	    -EBADMSG);
	session_record_done(&record);
	buffer_done(&bytes);
	book_done(&book);
}
END_TEST

START_TEST(another_version_is_refused)
{
	struct session_record record = record_new(), decoded;
	struct book book = { .count = 0 };
	struct buffer bytes = bytes_of_record(&record, &book);

	for (unsigned int version = 0; version < 256; version++) {
		bytes.data[0] = (uint8_t)version;
		if (version != SESSION_RECORD_VERSION)
			ck_assert_int_eq(decode(buffer_view(&bytes), &book,
					     &decoded),
			    -EBADMSG);
	}
	session_record_done(&record);
	buffer_done(&bytes);
	book_done(&book);
}
END_TEST

START_TEST(flags_that_do_not_go_together_are_refused)
{
	/* connected and expires; connected and a will is due; of no will;
	 * unknown */
	static const uint8_t flags[] = { 0x03, 0x15, 0x10, 0x08, 0x20, 0x80 };
	struct session_record decoded;

	for (size_t i = 0; i < COUNT(flags); i++) {
		uint8_t bytes[200] = { SESSION_RECORD_VERSION, flags[i], 0, 0,
			0, 1, 'i', 0, 0, 0, 1, 'c' };

		/* whatever length it would need */
		for (size_t len = 12; len <= sizeof(bytes); len++)
			ck_assert_int_eq(decode(bytes_of(bytes, len), NULL,
					     &decoded),
			    -EBADMSG);
	}
}
END_TEST

START_TEST(what_is_announced_and_not_there_is_refused)
{
	/* where the counts of the least session stand, and how long they are */
	static const struct {
		size_t at, len;
	} counts[] = { { 26, 4 }, { 30, 2 }, { 32, 4 }, { 36, 4 } };
	struct session_record record = {
		.state.identity = BYTES_LITERAL("i"),
		.state.client_id = BYTES_LITERAL("c"),
		.expires_at_seconds = SESSION_RECORD_NEVER,
		.will_at_seconds = SESSION_RECORD_NEVER,
	};
	struct buffer bytes = bytes_of_record(&record, NULL);
	struct session_record decoded;

	ck_assert_uint_eq(bytes.len, 40);
	memset(bytes.data + counts[_i].at, 0xff, counts[_i].len);
	ck_assert_int_eq(decode(buffer_view(&bytes), NULL, &decoded), -EBADMSG);
	buffer_done(&bytes);
}
END_TEST

TCase *
test_session_record(void)
{
	TCase *tcase = tcase_create("session_record");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, a_session_comes_back_as_it_was);
	tcase_add_test(tcase, a_session_with_a_connection_has_no_times);
	tcase_add_test(tcase, the_least_session_comes_back);
	tcase_add_test(tcase, a_message_has_one_number_in_both_queues);
	tcase_add_test(tcase, a_message_that_is_missing_costs_itself_alone);
	tcase_add_test(tcase, a_record_that_is_cut_or_longer_is_refused);
	tcase_add_loop_test(tcase, what_no_session_can_be_is_refused, 0,
	    COUNT(faults));
	tcase_add_test(tcase, another_version_is_refused);
	tcase_add_test(tcase, flags_that_do_not_go_together_are_refused);
	tcase_add_loop_test(tcase, what_is_announced_and_not_there_is_refused,
	    0, 4);
	return tcase;
}
