/* SPDX-License-Identifier: Apache-2.0 */
#include "bare_heartbeats.h"

#include <string.h>

#include "tests.h"

static const struct beat_key_backend *const backends[] = {
	&beat_key_mbedtls,
#ifdef HAVE_IPSEC_MB
	&beat_key_ipsec_mb,
#endif
};

#define BACKEND_COUNT (sizeof(backends) / sizeof(backends[0]))

/* One after the other, in one call. */
static const struct {
	unsigned int which;
	bool is_old; /* under the key before */
	uint64_t sequence;
	bool is_broken; /* its tag is of another */
	bool is_taken;
	uint8_t flags;
} batch[] = {
	{ 0, true, 1, false, true, BEAT_NEW_KEY },
	{ 0, true, 1, false, false, 0 }, /* the same again */
	{ 1, false, 1, false, true, 0 }, /* somebody else's first */
	{ 0, true, 2, true, false, 0 },
	{ 0, true, 2, false, true, BEAT_NEW_KEY },
	{ 0, false, 3, true, false, 0 }, /* makes nothing void */
	{ 0, true, 3, false, true, BEAT_NEW_KEY },
	{ 0, false, 4, false, true, 0 }, /* from here on the old key is void */
	{ 0, true, 5, false, false, 0 },
	{ 0, false, 4, false, false, 0 },
	{ 0, false, 5, false, true, 0 },
	{ 1, true, 2, false, false, 0 },    /* void by its first */
	{ 1, false, 100, false, true, 0 },  /* moves the window */
	{ 1, false, 36, false, false, 0 },  /* which this is behind */
	{ 1, false, 37, false, true, 0 },   /* and this within */
	{ 1, false, 37, false, false, 0 },  /* once */
	{ 1, false, 1000, true, false, 0 }, /* moves nothing */
	{ 1, false, 38, false, true, 0 },
};

#define COUNT (sizeof(batch) / sizeof(batch[0]))

static void
check_answer(unsigned int i, const uint8_t question[BEAT_DATAGRAM_LEN],
    const uint8_t answer[BEAT_DATAGRAM_LEN])
{
	struct beat_datagram said;

	ck_assert(
	    bare_heartbeats_is_tagged(batch[i].which, batch[i].is_old, answer));
	ck_assert_int_eq(
	    beat_datagram_decode(bytes_of(answer, BEAT_DATAGRAM_LEN), &said),
	    0);
	ck_assert_int_eq(said.kind, BEAT_ANSWER);
	ck_assert_uint_eq(said.flags, batch[i].flags);
	ck_assert_uint_eq(said.patience_ms, 3500);
	/* Key number, handle, sequence number and clock are the question's. */
	ck_assert_mem_eq(answer + 3, question + 3, 25);
}

START_TEST(each_of_a_batch_is_judged_after_those_before_it)
{
	static struct bare_heartbeats bare;
	uint8_t asked[COUNT][BEAT_DATAGRAM_LEN];
	uint8_t answers[COUNT][BEAT_DATAGRAM_LEN] = { { 0 } };
	struct heartbeat_question questions[COUNT] = { { .answer = NULL } };

	if (!bare_heartbeats_init(&bare, backends[_i]))
		return;
	for (unsigned int i = 0; i < COUNT; i++) {
		bare_heartbeats_ask(batch[i].which, batch[i].is_old,
		    batch[i].sequence, asked[i]);
		asked[i][BEAT_TAG_AT] ^= batch[i].is_broken;
		questions[i].datagram = bytes_of(asked[i], BEAT_DATAGRAM_LEN);
		questions[i].answer = answers[i];
	}
	heartbeats_take(&bare.worker, questions, COUNT);
	for (unsigned int i = 0; i < COUNT; i++) {
		ck_assert_msg(questions[i].is_taken == batch[i].is_taken,
		    "number %u: %d", i, questions[i].is_taken);
		if (batch[i].is_taken)
			check_answer(i, asked[i], answers[i]);
	}
	ck_assert_uint_eq(bare.child.counted[IPC_STATISTIC_BEATS_TAKEN], 9);
	ck_assert_uint_eq(bare.child.counted[IPC_STATISTIC_BEATS_FORGED], 5);
	ck_assert_uint_eq(bare.child.counted[IPC_STATISTIC_BEATS_REPLAYED], 4);
	/* Both have used the new key. */
	ck_assert_ptr_null(bare.each[0].old_key);
	ck_assert_ptr_null(bare.each[1].old_key);
	bare_heartbeats_done(&bare);
}
END_TEST

TCase *
test_heartbeat(void)
{
	TCase *tcase = tcase_create("heartbeat");

	tcase_add_loop_test(tcase,
	    each_of_a_batch_is_judged_after_those_before_it, 0,
	    (int)BACKEND_COUNT);
	return tcase;
}
