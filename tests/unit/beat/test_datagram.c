/* SPDX-License-Identifier: Apache-2.0 */
#include "beat/datagram.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "tests.h"

#define LINE_MAX_LEN 200

struct vector {
	struct beat_datagram datagram;
	struct beat_key key;
	uint8_t bytes[BEAT_DATAGRAM_LEN];
};

/* Bytes of a line of hexadecimal digits. */
static void
read_hex(FILE *file, uint8_t *out, size_t len)
{
	char line[LINE_MAX_LEN];

	ck_assert_ptr_nonnull(fgets(line, sizeof(line), file));
	ck_assert_uint_eq(strcspn(line, "\n"), 2 * len);
	for (size_t i = 0; i < len; i++)
		ck_assert_int_eq(sscanf(line + 2 * i, "%2" SCNx8, &out[i]), 1);
}

static bool
read_vector(FILE *file, struct vector *vector)
{
	struct beat_datagram *datagram = &vector->datagram;
	uint8_t secret[BEAT_KEY_LEN];
	char line[LINE_MAX_LEN];
	unsigned int kind;

	do
		if (fgets(line, sizeof(line), file) == NULL)
			return false;
	while (line[0] == '#');
	ck_assert_int_eq(sscanf(line,
			     "%u %" SCNu8 " %" SCNu8 " %" SCNx64 " %" SCNu64
			     " %" SCNu64 " %" SCNu32,
			     &kind, &datagram->flags, &datagram->key_number,
			     &datagram->handle, &datagram->sequence,
			     &datagram->clock, &datagram->patience_ms),
	    7);
	datagram->kind = (enum beat_kind)kind;
	read_hex(file, secret, sizeof(secret));
	beat_key_init(&vector->key, secret);
	read_hex(file, vector->bytes, sizeof(vector->bytes));
	return true;
}

static void
check_equal(const struct beat_datagram *a, const struct beat_datagram *b)
{
	ck_assert_int_eq(a->kind, b->kind);
	ck_assert_uint_eq(a->flags, b->flags);
	ck_assert_uint_eq(a->key_number, b->key_number);
	ck_assert_uint_eq(a->handle, b->handle);
	ck_assert_uint_eq(a->sequence, b->sequence);
	ck_assert_uint_eq(a->clock, b->clock);
	ck_assert_uint_eq(a->patience_ms, b->patience_ms);
}

/* Each vector both ways; cut at each length; with each bit changed. */
static void
check_vector(struct vector *vector)
{
	uint8_t bytes[BEAT_DATAGRAM_LEN + 1];
	struct beat_datagram read;

	beat_datagram_encode(&vector->datagram, &vector->key, bytes);
	ck_assert_mem_eq(bytes, vector->bytes, BEAT_DATAGRAM_LEN);
	ck_assert_int_eq(
	    beat_datagram_decode(bytes_of(bytes, BEAT_DATAGRAM_LEN), &read), 0);
	check_equal(&read, &vector->datagram);
	ck_assert(beat_datagram_is_authentic(bytes_of(bytes, BEAT_DATAGRAM_LEN),
	    &vector->key));
	bytes[BEAT_DATAGRAM_LEN] = 0;
	for (size_t len = 0; len <= sizeof(bytes); len++)
		ck_assert_int_eq(beat_datagram_decode(bytes_of(bytes, len),
				     &read),
		    len == BEAT_DATAGRAM_LEN ? 0 : -EBADMSG);
	for (size_t bit = 0; bit < BEAT_DATAGRAM_LEN * 8; bit++) {
		bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
		ck_assert(!beat_datagram_is_authentic(bytes_of(bytes,
							  BEAT_DATAGRAM_LEN),
		    &vector->key));
		bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
}

START_TEST(vectors_are_written_and_read)
{
	FILE *file = fopen(SIGNET_VECTORS "/beat/datagrams", "r");
	struct vector vector;
	unsigned int count = 0;

	ck_assert_ptr_nonnull(file);
	for (; read_vector(file, &vector); count++) {
		check_vector(&vector);
		beat_key_wipe(&vector.key);
	}
	fclose(file);
	ck_assert_uint_gt(count, 4);
}
END_TEST

/* A byte that is none of the protocol, at its place in a question. */
static const struct {
	const char *what;
	size_t at;
	uint8_t value;
} foreign[] = {
	{ "version 0", 0, 0 },
	{ "version 2", 0, 2 },
	{ "kind 0", 1, 0 },
	{ "kind 3", 1, 3 },
	{ "a flag in a question", 2, BEAT_GOING_AWAY },
	{ "an unknown flag", 2, 1 << 3 },
	{ "sequence number 0", 19, 0 },
	{ "patience in a question", 31, 1 },
};

START_TEST(what_is_foreign_is_refused)
{
	const struct beat_datagram question = {
		.kind = BEAT_QUESTION,
		.key_number = 1,
		.handle = 2,
		.sequence = 3,
		.clock = 4,
	};
	const uint8_t secret[BEAT_KEY_LEN] = { 5 };
	struct bytes in;
	struct beat_datagram read = { .clock = 77 };
	struct beat_key key;
	uint8_t bytes[BEAT_DATAGRAM_LEN];

	beat_key_init(&key, secret);
	beat_datagram_encode(&question, &key, bytes);
	in = bytes_of(bytes, sizeof(bytes));
	bytes[foreign[_i].at] = foreign[_i].value;
	ck_assert_msg(beat_datagram_decode(in, &read) == -EBADMSG, "%s",
	    foreign[_i].what);
	ck_assert_uint_eq(read.clock, 77);
	beat_key_wipe(&key);
}
END_TEST

/* A question that comes back, and an answer, are not taken for each other. */
START_TEST(an_answer_is_no_question)
{
	struct beat_datagram datagram = { .kind = BEAT_QUESTION,
		.sequence = 1 };
	const uint8_t secret[BEAT_KEY_LEN] = { 5 };
	uint8_t bytes[BEAT_DATAGRAM_LEN];
	struct beat_key key;

	beat_key_init(&key, secret);
	beat_datagram_encode(&datagram, &key, bytes);
	bytes[1] = BEAT_ANSWER;
	ck_assert_int_eq(beat_datagram_decode(bytes_of(bytes, sizeof(bytes)),
			     &datagram),
	    0);
	ck_assert(
	    !beat_datagram_is_authentic(bytes_of(bytes, sizeof(bytes)), &key));
	beat_key_wipe(&key);
}
END_TEST

START_TEST(a_handle_names_its_worker)
{
	uint8_t bytes[BEAT_DATAGRAM_LEN];
	const uint8_t secret[BEAT_KEY_LEN] = { 0 };
	struct beat_datagram datagram = { .kind = BEAT_QUESTION,
		.sequence = 1,
		.handle = beat_handle(0x5a, UINT64_MAX) };
	struct beat_key key;

	ck_assert_uint_eq(datagram.handle, UINT64_C(0x5affffffffffffff));
	ck_assert_uint_eq(beat_handle_worker(datagram.handle), 0x5a);
	beat_key_init(&key, secret);
	beat_datagram_encode(&datagram, &key, bytes);
	ck_assert_uint_eq(bytes[BEAT_WORKER_AT], 0x5a);
	beat_key_wipe(&key);
}
END_TEST

TCase *
test_datagram(void)
{
	TCase *tcase = tcase_create("datagram");

	tcase_add_test(tcase, vectors_are_written_and_read);
	tcase_add_loop_test(tcase, what_is_foreign_is_refused, 0,
	    sizeof(foreign) / sizeof(foreign[0]));
	tcase_add_test(tcase, an_answer_is_no_question);
	tcase_add_test(tcase, a_handle_names_its_worker);
	return tcase;
}
