/* SPDX-License-Identifier: Apache-2.0 */
#include "beat/window.h"

#include <string.h>

#include "tests.h"

#define MAX UINT64_MAX

/* What comes one after the other, and which of it is taken ('1') or dropped
 * ('0'). */
static const struct {
	const char *what;
	uint64_t sequences[8];
	const char *taken;
} cases[] = {
	{ "in order", { 1, 2, 3, 4 }, "1111" },
	{ "zero is none", { 0, 1, 0 }, "010" },
	{ "the first may be any", { 1000, 1001 }, "11" },
	{ "each once", { 1, 1, 2, 2, 1 }, "10100" },
	{ "out of order", { 5, 3, 4, 2, 1, 3 }, "111110" },
	{ "the edge of the window", { 100, 37, 36, 37 }, "1100" },
	{ "64 behind is too old", { 65, 1, 2, 2 }, "1010" },
	{ "63 behind is not", { 64, 1, 1 }, "110" },
	{ "a jump by one less than the width", { 10, 73, 10, 11 }, "1101" },
	{ "a jump by the width", { 10, 74, 10, 11, 12 }, "11011" },
	{ "a jump by more", { 10, 75, 11, 12, 74 }, "11011" },
	{ "a jump over all bits", { 1, 1000, 937, 936, 1000 }, "11100" },
	{ "nothing shifts back in", { 1, 2, 65, 66, 2, 3 }, "111101" },
	{ "the end of numbers", { MAX - 1, MAX, MAX, MAX - 63, MAX - 64 },
	    "11010" },
	{ "from the least to the greatest", { 1, MAX, 1, MAX - 1 }, "1101" },
};

START_TEST(each_number_is_taken_once_and_in_time)
{
	struct beat_window window = { 0, 0 };

	for (size_t i = 0; i < strlen(cases[_i].taken); i++) {
		uint64_t sequence = cases[_i].sequences[i];
		bool is_new = beat_window_is_new(&window, sequence);

		ck_assert_msg(is_new == (cases[_i].taken[i] == '1'),
		    "%s: number %zu", cases[_i].what, i);
		if (is_new)
			beat_window_note(&window, sequence);
	}
}
END_TEST

/* Against a set that forgets nothing: any walk of numbers near each other. */
#define SPACE 300

START_TEST(it_is_a_set_of_64_numbers)
{
	struct beat_window window = { 0, 0 };
	bool has_come[SPACE] = { false };
	uint64_t highest = 0, random = (uint64_t)_i + 1;

	for (unsigned int step = 0; step < 2000; step++) {
		uint64_t sequence;
		bool is_expected;

		random = random * UINT64_C(6364136223846793005) +
			 UINT64_C(1442695040888963407);
		sequence = 1 + (step / 10 + (random >> 33) % 100) % (SPACE - 1);
		is_expected = !has_come[sequence] &&
			      (sequence > highest || highest - sequence < 64);
		ck_assert_int_eq(beat_window_is_new(&window, sequence),
		    is_expected);
		if (!is_expected)
			continue;
		beat_window_note(&window, sequence);
		has_come[sequence] = true;
		if (sequence > highest)
			highest = sequence;
	}
}
END_TEST

TCase *
test_window(void)
{
	TCase *tcase = tcase_create("window");

	tcase_add_loop_test(tcase, each_number_is_taken_once_and_in_time, 0,
	    sizeof(cases) / sizeof(cases[0]));
	tcase_add_loop_test(tcase, it_is_a_set_of_64_numbers, 0, 20);
	return tcase;
}
