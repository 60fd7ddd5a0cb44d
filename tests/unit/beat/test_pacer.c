/* SPDX-License-Identifier: Apache-2.0 */
/*
 * When a client sends; and both sides with a link between them that loses,
 * delays, reorders and doubles datagrams, in simulated time.
 */
#include "beat/pacer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "beat/datagram.h"
#include "beat/window.h"
#include "tests.h"

START_TEST(one_question_goes_out_in_an_interval)
{
	struct beat_pacer pacer;

	beat_pacer_init(&pacer, 1000, 3, 5000);
	for (uint64_t now = 5000; now < 20000; now += 1000) {
		ck_assert_uint_eq(beat_pacer_next_ms(&pacer), now);
		beat_pacer_sent(&pacer, now);
		beat_pacer_answered(&pacer, now, now + 10);
	}
}
END_TEST

START_TEST(a_question_without_an_answer_is_repeated)
{
	static const uint64_t expected[] = { 0, 250, 500, 750, 1000, 1250, 1500,
		1750, 2000 };
	struct beat_pacer pacer;

	beat_pacer_init(&pacer, 1000, 3, 0);
	for (size_t i = 0; i < sizeof(expected) / sizeof(expected[0]); i++) {
		ck_assert_uint_eq(beat_pacer_next_ms(&pacer), expected[i]);
		beat_pacer_sent(&pacer, expected[i]);
	}
}
END_TEST

START_TEST(an_answer_to_the_interval_before_is_none_to_this)
{
	struct beat_pacer pacer;

	beat_pacer_init(&pacer, 1000, 3, 0);
	beat_pacer_sent(&pacer, 0);
	beat_pacer_sent(&pacer, 1000);
	beat_pacer_answered(&pacer, 0, 1100);
	ck_assert_uint_eq(beat_pacer_next_ms(&pacer), 1250);
	ck_assert_uint_eq(pacer.heard_ms, 1100);
	beat_pacer_answered(&pacer, 1000, 1200);
	ck_assert_uint_eq(beat_pacer_next_ms(&pacer), 2000);
}
END_TEST

START_TEST(what_was_slept_through_is_not_made_up_for)
{
	struct beat_pacer pacer;

	beat_pacer_init(&pacer, 1000, 3, 0);
	beat_pacer_sent(&pacer, 0);
	beat_pacer_answered(&pacer, 0, 1);
	beat_pacer_sent(&pacer, 7300);
	ck_assert_uint_eq(beat_pacer_next_ms(&pacer), 7250);
	beat_pacer_answered(&pacer, 7300, 7301);
	ck_assert_uint_eq(beat_pacer_next_ms(&pacer), 8000);
}
END_TEST

START_TEST(the_other_side_is_given_up_after_its_misses)
{
	struct beat_pacer pacer;

	beat_pacer_init(&pacer, 500, 3, 1000);
	ck_assert_uint_eq(beat_patience_ms(500, 3), 1750);
	ck_assert(!beat_pacer_is_over(&pacer, 2749));
	ck_assert(beat_pacer_is_over(&pacer, 2750));
	beat_pacer_answered(&pacer, 1000, 2740);
	ck_assert(!beat_pacer_is_over(&pacer, 4489));
	ck_assert(beat_pacer_is_over(&pacer, 4490));
}
END_TEST

/*
 * The simulation: a client with a pacer, a server with a window and the same
 * patience, and what is on its way between them.
 */
#define FLIGHTS_MAX 64
#define HOUR_MS     UINT64_C(3600000)

struct flight {
	bool is_used;
	uint64_t arrives_ms;
	uint8_t bytes[BEAT_DATAGRAM_LEN];
};

struct link {
	unsigned int loss_percent;
	unsigned int double_percent;
	uint64_t delay_ms;
	uint64_t jitter_ms; /* more than between two questions: reordered */
	bool is_cut;
};

struct world {
	uint64_t now_ms;
	uint64_t random;
	struct link link;
	struct flight flights[FLIGHTS_MAX];
	struct beat_key key;
	struct beat_pacer client;
	uint64_t sequence;
	struct beat_window server;
	uint64_t server_heard_ms;
	unsigned int sent, received, doubles, answered;
	unsigned int server_alarms, client_alarms;
};

static unsigned int
roll(struct world *world, unsigned int below)
{
	world->random = world->random * UINT64_C(6364136223846793005) +
			UINT64_C(1442695040888963407);
	return (unsigned int)((world->random >> 33) % below);
}

static void
put_on_its_way(struct world *world, const uint8_t *bytes)
{
	for (size_t i = 0; i < FLIGHTS_MAX; i++) {
		struct flight *flight = &world->flights[i];

		if (flight->is_used)
			continue;
		flight->is_used = true;
		flight->arrives_ms = world->now_ms + world->link.delay_ms +
				     roll(world,
					 (unsigned int)world->link.jitter_ms +
					     1);
		memcpy(flight->bytes, bytes, BEAT_DATAGRAM_LEN);
		return;
	}
	ck_abort_msg("more is on its way than there can be");
}

static void
transmit(struct world *world, const struct beat_datagram *datagram)
{
	uint8_t bytes[BEAT_DATAGRAM_LEN];

	beat_datagram_encode(datagram, &world->key, bytes);
	if (world->link.is_cut || roll(world, 100) < world->link.loss_percent)
		return;
	put_on_its_way(world, bytes);
	if (roll(world, 100) < world->link.double_percent)
		put_on_its_way(world, bytes);
}

static void
ask(struct world *world)
{
	struct beat_datagram question = {
		.kind = BEAT_QUESTION,
		.handle = 1,
		.sequence = ++world->sequence,
		.clock = world->now_ms,
	};

	world->sent++;
	beat_pacer_sent(&world->client, world->now_ms);
	transmit(world, &question);
}

static void
arrive(struct world *world, const struct flight *flight)
{
	struct bytes in = bytes_of(flight->bytes, BEAT_DATAGRAM_LEN);
	struct beat_datagram datagram;

	ck_assert_int_eq(beat_datagram_decode(in, &datagram), 0);
	ck_assert(beat_datagram_is_authentic(in, &world->key));
	if (datagram.kind == BEAT_ANSWER) {
		world->answered++;
		beat_pacer_answered(&world->client, datagram.clock,
		    world->now_ms);
		return;
	}
	if (!beat_window_is_new(&world->server, datagram.sequence)) {
		world->doubles++;
		return;
	}
	beat_window_note(&world->server, datagram.sequence);
	world->received++;
	world->server_heard_ms = world->now_ms;
	datagram.kind = BEAT_ANSWER;
	transmit(world, &datagram);
}

/* To the next moment at which something happens, but no further. */
static void
advance(struct world *world, uint64_t until_ms)
{
	uint64_t patience_ms = beat_patience_ms(world->client.interval_ms,
	    world->client.misses);
	uint64_t next_ms = until_ms;
	uint64_t moments[3] = { beat_pacer_next_ms(&world->client),
		world->server_heard_ms + patience_ms,
		world->client.heard_ms + patience_ms };

	for (size_t i = 0; i < 3; i++)
		if (moments[i] < next_ms)
			next_ms = moments[i];
	for (size_t i = 0; i < FLIGHTS_MAX; i++)
		if (world->flights[i].is_used &&
		    world->flights[i].arrives_ms < next_ms)
			next_ms = world->flights[i].arrives_ms;
	if (next_ms > world->now_ms)
		world->now_ms = next_ms;
}

/* What happens now; each side that gives up begins anew. */
static void
happen(struct world *world)
{
	for (size_t i = 0; i < FLIGHTS_MAX; i++) {
		struct flight *flight = &world->flights[i];

		if (!flight->is_used || flight->arrives_ms > world->now_ms)
			continue;
		flight->is_used = false;
		arrive(world, flight);
	}
	if (beat_pacer_next_ms(&world->client) <= world->now_ms)
		ask(world);
	if (world->now_ms - world->server_heard_ms >=
	    beat_patience_ms(world->client.interval_ms, world->client.misses)) {
		world->server_alarms++;
		world->server_heard_ms = world->now_ms;
	}
	if (beat_pacer_is_over(&world->client, world->now_ms)) {
		world->client_alarms++;
		world->client.heard_ms = world->now_ms;
	}
}

static void
run_until(struct world *world, uint64_t until_ms)
{
	while (world->now_ms < until_ms) {
		advance(world, until_ms);
		happen(world);
	}
}

static void
world_init(struct world *world, const struct link *link, uint64_t random)
{
	static const uint8_t secret[BEAT_KEY_LEN] = { 1 };

	*world = (struct world){ .link = *link, .random = random };
	beat_key_init(&world->key, secret);
	beat_pacer_init(&world->client, 1000, 3, 0);
}

static const struct link ten_percent = {
	.loss_percent = 10,
	.double_percent = 5,
	.delay_ms = 20,
	.jitter_ms = 300,
};

/* Ten hours, each by itself, of one beat a second with three misses. */
START_TEST(there_is_no_false_alarm_in_an_hour_at_10_percent_loss)
{
	struct world world;

	world_init(&world, &ten_percent, (uint64_t)_i + 1);
	run_until(&world, HOUR_MS);
	printf(
	    "10 %% loss, 1 h, 3 misses: %u false alarms of the server, %u of "
	    "the client; %u questions of %u came\n",
	    world.server_alarms, world.client_alarms, world.received,
	    world.sent);
	ck_assert_uint_eq(world.server_alarms, 0);
	ck_assert_uint_eq(world.client_alarms, 0);
	ck_assert_uint_gt(world.received, 3500);
	/* The link did what it was to do. */
	ck_assert_uint_gt(world.sent, world.received);
	ck_assert_uint_gt(world.doubles, 50);
	ck_assert_uint_gt(world.received, world.answered * 8 / 10);
}
END_TEST

/* What the repeated questions are for: without them there are some. */
START_TEST(there_are_false_alarms_without_repeated_questions)
{
	struct world world;

	world_init(&world, &ten_percent, 1);
	world.client.tries = 1;
	run_until(&world, 10 * HOUR_MS);
	printf("10 %% loss, 10 h, no question repeated: %u false alarms of the "
	       "server, %u of the client\n",
	    world.server_alarms, world.client_alarms);
	ck_assert_uint_gt(world.server_alarms, 3);
	ck_assert_uint_gt(world.client_alarms, world.server_alarms);
}
END_TEST

static int
compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

#define CUTS 101

/* From the cut to the server's verdict, at any loss: never later than the
 * patience and what was on its way. */
START_TEST(a_cut_is_noticed_in_time)
{
	const struct link link = {
		.loss_percent = (unsigned int)_i * 10,
		.delay_ms = 20,
		.jitter_ms = 50,
	};
	uint64_t took_ms[CUTS];

	for (size_t i = 0; i < CUTS; i++) {
		struct world world;
		uint64_t cut_ms;

		world_init(&world, &link, i + 1);
		run_until(&world, 10000 + 97 * i);
		cut_ms = world.now_ms;
		world.link.is_cut = true;
		world.server_alarms = 0;
		while (world.server_alarms == 0) {
			advance(&world, UINT64_MAX);
			happen(&world);
		}
		took_ms[i] = world.now_ms - cut_ms;
	}
	qsort(took_ms, CUTS, sizeof(took_ms[0]), compare);
	printf("%u %% loss, interval 1000 ms, 3 misses: a cut is noticed after "
	       "%u ms (median), %u ms (worst)\n",
	    link.loss_percent, (unsigned int)took_ms[CUTS / 2],
	    (unsigned int)took_ms[CUTS - 1]);
	ck_assert_uint_le(took_ms[CUTS - 1],
	    beat_patience_ms(1000, 3) + 70 + 2);
}
END_TEST

TCase *
test_pacer(void)
{
	TCase *tcase = tcase_create("pacer");

	tcase_set_tags(tcase, "no-valgrind");
	tcase_add_test(tcase, one_question_goes_out_in_an_interval);
	tcase_add_test(tcase, a_question_without_an_answer_is_repeated);
	tcase_add_test(tcase, an_answer_to_the_interval_before_is_none_to_this);
	tcase_add_test(tcase, what_was_slept_through_is_not_made_up_for);
	tcase_add_test(tcase, the_other_side_is_given_up_after_its_misses);
	tcase_add_loop_test(tcase,
	    there_is_no_false_alarm_in_an_hour_at_10_percent_loss, 0, 10);
	tcase_add_test(tcase,
	    there_are_false_alarms_without_repeated_questions);
	tcase_add_loop_test(tcase, a_cut_is_noticed_in_time, 0, 4);
	return tcase;
}
