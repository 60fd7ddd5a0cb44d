/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/deadline.h"

#include "tests.h"

#define START_MS 1000000

struct counted {
	struct deadline deadline;
	unsigned int calls;
	uint64_t again_ms;      /* set again when due; 0: no */
	struct deadline *other; /* cleared when due; NULL: none */
};

static struct deadline_wheel wheel;

static void
on_due(void *context, struct deadline *deadline)
{
	struct counted *counted = (struct counted *)deadline;

	(void)context;
	counted->calls++;
	if (counted->again_ms > 0)
		deadline_set(&wheel, deadline, counted->again_ms);
	if (counted->other != NULL)
		deadline_clear(counted->other);
}

static void
turn(uint64_t now_ms)
{
	deadline_wheel_turn(&wheel, now_ms, on_due, NULL);
}

START_TEST(a_deadline_is_called_once_and_not_early)
{
	static const uint64_t after_ms[] = { 1, 999, 1000, 1001, 5500, 511000,
		512000, 513000, 98302500 };

	for (size_t i = 0; i < sizeof(after_ms) / sizeof(after_ms[0]); i++) {
		struct counted counted = { .calls = 0 };

		deadline_wheel_init(&wheel, 1000, START_MS);
		deadline_set(&wheel, &counted.deadline, START_MS + after_ms[i]);
		turn(START_MS + after_ms[i] - 1);
		ck_assert_uint_eq(counted.calls, 0);
		turn(START_MS + after_ms[i]);
		ck_assert_uint_eq(counted.calls, 1);
		turn(START_MS + after_ms[i] + 2000000);
		ck_assert_uint_eq(counted.calls, 1);
	}
}
END_TEST

static uint64_t
due_ms(size_t i)
{
	return START_MS + 1 + i * 1300;
}

/* How many were called early, late or twice. */
static size_t
count_wrong(const struct counted *counted, size_t count, uint64_t now)
{
	size_t wrong = 0;

	for (size_t i = 0; i < count; i++)
		wrong += counted[i].calls != (due_ms(i) <= now);
	return wrong;
}

START_TEST(ticks_of_a_second_find_every_deadline)
{
	struct counted counted[700] = { { .calls = 0 } };

	deadline_wheel_init(&wheel, 1000, START_MS);
	for (size_t i = 0; i < 700; i++)
		deadline_set(&wheel, &counted[i].deadline, due_ms(i));
	for (uint64_t now = START_MS; now < START_MS + 1000000; now += 1000) {
		turn(now);
		ck_assert_uint_eq(count_wrong(counted, 700, now), 0);
	}
}
END_TEST

START_TEST(one_that_is_past_is_called_at_the_next_turn)
{
	struct counted counted = { .calls = 0 };

	deadline_wheel_init(&wheel, 1000, START_MS);
	deadline_set(&wheel, &counted.deadline, START_MS - 5000);
	turn(START_MS);
	ck_assert_uint_eq(counted.calls, 1);
}
END_TEST

START_TEST(one_may_be_set_again_and_clear_others_when_it_is_due)
{
	struct counted first = { .calls = 0 }, second = { .calls = 0 };

	deadline_wheel_init(&wheel, 1000, START_MS);
	first.again_ms = START_MS + 20;
	first.other = &second.deadline;
	second.other = &first.deadline;
	deadline_set(&wheel, &first.deadline, START_MS + 10);
	deadline_set(&wheel, &second.deadline, START_MS + 10);
	turn(START_MS + 10);
	ck_assert_uint_eq(first.calls + second.calls, 1);
	deadline_clear(&first.deadline);
	deadline_clear(&second.deadline);
	turn(START_MS + 100000);
	ck_assert_uint_eq(first.calls + second.calls, 1);
}
END_TEST

TCase *
test_deadline(void)
{
	TCase *tcase = tcase_create("deadline");

	tcase_add_test(tcase, a_deadline_is_called_once_and_not_early);
	tcase_add_test(tcase, ticks_of_a_second_find_every_deadline);
	tcase_add_test(tcase, one_that_is_past_is_called_at_the_next_turn);
	tcase_add_test(tcase,
	    one_may_be_set_again_and_clear_others_when_it_is_due);
	return tcase;
}
