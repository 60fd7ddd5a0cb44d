/* SPDX-License-Identifier: Apache-2.0 */
#include "beat/offer.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "tests.h"

static const struct beat_offer offer = {
	.port = 8884,
	.handle = UINT64_C(0x0100000000c0ffee),
	.key_number = 200,
	.key = { 0, 1, 2, 3, 4, 5, 6, 7, 250, 251, 252, 253, 254, 255 },
	.interval_ms = 1000,
	.misses = 3,
};

static const char text[] =
    "{\"version\":1,\"port\":8884,\"handle\":\"0100000000c0ffee\","
    "\"key_number\":200,\"key\":\"AAECAwQFBgf6+/z9/v8AAAAAAAAAAAAAAAAAAAAAAAA="
    "\",\"interval_ms\":1000,\"misses\":3}";

START_TEST(an_offer_is_written_and_read)
{
	char written[BEAT_OFFER_MAX];
	size_t len = beat_offer_encode(&offer, written);
	struct beat_offer read;

	ck_assert_uint_lt(len, sizeof(written));
	ck_assert_str_eq(written, text);
	ck_assert_int_eq(beat_offer_decode(bytes_of(written, len), &read), 0);
	ck_assert_uint_eq(read.port, offer.port);
	ck_assert_uint_eq(read.handle, offer.handle);
	ck_assert_uint_eq(read.key_number, offer.key_number);
	ck_assert_mem_eq(read.key, offer.key, BEAT_KEY_LEN);
	ck_assert_uint_eq(read.interval_ms, offer.interval_ms);
	ck_assert_uint_eq(read.misses, offer.misses);
	ck_assert(!read.is_ended);
}
END_TEST

START_TEST(the_longest_offer_has_room)
{
	const struct beat_offer longest = {
		.port = UINT16_MAX,
		.handle = UINT64_MAX,
		.key_number = UINT8_MAX,
		.interval_ms = UINT32_MAX,
		.misses = UINT8_MAX,
	};
	char written[BEAT_OFFER_MAX];

	ck_assert_uint_lt(beat_offer_encode(&longest, written),
	    sizeof(written));
}
END_TEST

START_TEST(the_end_is_written_and_read)
{
	const struct beat_offer end = { .is_ended = true };
	char written[BEAT_OFFER_MAX];
	size_t len = beat_offer_encode(&end, written);
	struct beat_offer read;

	ck_assert_str_eq(written, "{\"version\":1,\"ended\":true}");
	ck_assert_int_eq(beat_offer_decode(bytes_of(written, len), &read), 0);
	ck_assert(read.is_ended);
}
END_TEST

START_TEST(an_offer_that_is_cut_is_refused)
{
	struct beat_offer read;

	for (size_t len = 0; len < strlen(text); len++)
		ck_assert_int_eq(beat_offer_decode(bytes_of(text, len), &read),
		    -EBADMSG);
}
END_TEST

static const struct {
	const char *from, *to;
} wrong[] = {
	{ "\"version\":1", "\"version\":2" },
	{ "\"version\":1", "\"version\":-1" },
	{ "8884", "0" },
	{ "8884", "65536" },
	{ "8884", "88x4" },
	{ "0100000000c0ffee", "0100000000c0ffe" },
	{ "0100000000c0ffee", "0100000000c0ffeX" },
	{ "200", "256" },
	{ "AAECAwQF", "AAECAwQ" },
	{ "AAECAwQF", "AAEC!wQF" },
	{ "1000", "0" },
	{ "1000", "3600001" },
	{ "1000", "99999999999999999999" },
	{ "\"misses\":3", "\"misses\":0" },
	{ "\"misses\":3", "\"misses\":256" },
	{ "\"misses\":3", "\"misses\"" },
};

START_TEST(a_wrong_value_is_refused)
{
	const char *at = strstr(text, wrong[_i].from);
	struct beat_offer read;
	char changed[BEAT_OFFER_MAX + 32];

	ck_assert_ptr_nonnull(at);
	snprintf(changed, sizeof(changed), "%.*s%s%s", (int)(at - text), text,
	    wrong[_i].to, at + strlen(wrong[_i].from));
	ck_assert_int_eq(beat_offer_decode(bytes_of_string(changed), &read),
	    -EBADMSG);
}
END_TEST

START_TEST(blanks_and_another_order_are_allowed)
{
	struct beat_offer read;

	ck_assert_int_eq(
	    beat_offer_decode(
		BYTES_LITERAL(
		    "{ \"misses\" : 2 , \"more\" : 5,\n"
		    "\"interval_ms\" : 500, \"key\" : "
		    "\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\", "
		    "\"key_number\":0, \"handle\" : \"00000000000000ff\",\t"
		    "\"port\": 1, \"version\": 1 }"),
		&read),
	    0);
	ck_assert_uint_eq(read.misses, 2);
	ck_assert_uint_eq(read.interval_ms, 500);
	ck_assert_uint_eq(read.handle, 255);
}
END_TEST

static const struct {
	const char *topic_filter;
	int status;
	uint32_t interval_ms;
} topics[] = {
	{ "$signet/heartbeat/1000", 0, 1000 },
	{ "$signet/heartbeat/1", 0, 1 },
	{ "$signet/heartbeat/3600000", 0, 3600000 },
	{ "$signet/heartbeat/3600001", -EINVAL, 0 },
	{ "$signet/heartbeat/99999999", -EINVAL, 0 },
	{ "$signet/heartbeat/0", -EINVAL, 0 },
	{ "$signet/heartbeat/0100", -EINVAL, 0 },
	{ "$signet/heartbeat/", -EINVAL, 0 },
	{ "$signet/heartbeat/+", -EINVAL, 0 },
	{ "$signet/heartbeat/#", -EINVAL, 0 },
	{ "$signet/heartbeat/10/x", -EINVAL, 0 },
	{ "$signet/heartbeat/-1", -EINVAL, 0 },
	{ "$signet/heartbeat", -ENOENT, 0 },
	{ "$signet/#", -ENOENT, 0 },
	{ "#", -ENOENT, 0 },
	{ "devices/1000", -ENOENT, 0 },
	{ "$signet/heartbeats/1000", -ENOENT, 0 },
};

START_TEST(topic_filters_ask_for_intervals)
{
	uint32_t interval_ms = 0;

	ck_assert_msg(beat_topic_interval(bytes_of_string(
					      topics[_i].topic_filter),
			  &interval_ms) == topics[_i].status,
	    "%s", topics[_i].topic_filter);
	ck_assert_uint_eq(interval_ms, topics[_i].interval_ms);
}
END_TEST

TCase *
test_offer(void)
{
	TCase *tcase = tcase_create("offer");

	tcase_add_test(tcase, an_offer_is_written_and_read);
	tcase_add_test(tcase, the_longest_offer_has_room);
	tcase_add_test(tcase, the_end_is_written_and_read);
	tcase_add_test(tcase, an_offer_that_is_cut_is_refused);
	tcase_add_loop_test(tcase, a_wrong_value_is_refused, 0,
	    sizeof(wrong) / sizeof(wrong[0]));
	tcase_add_test(tcase, blanks_and_another_order_are_allowed);
	tcase_add_loop_test(tcase, topic_filters_ask_for_intervals, 0,
	    sizeof(topics) / sizeof(topics[0]));
	return tcase;
}
