/* SPDX-License-Identifier: Apache-2.0 */
#include "key/requests.h"

#include <errno.h>

#include "test_key.h"

#define PER_SECOND 10
#define START_MS   1000

static struct requests requests;
static struct requester *gates[3];
static uint8_t digest[IPC_DIGEST_MAX];

static void
set_up(void)
{
	requests_init(&requests, PER_SECOND);
	for (size_t i = 0; i < 3; i++)
		gates[i] = requester_new(&requests, &gates[i], START_MS);
}

static void
tear_down(void)
{
	for (size_t i = 0; i < 3; i++)
		requester_free(&requests, &gates[i]);
}

static void
push(int gate, uint32_t number)
{
	const struct ipc_sign sign = { .number = number,
		.hash = IPC_SIGN_SHA256,
		.digest = bytes_of(digest, 32) };

	ck_assert_int_eq(requests_push(&requests, gates[gate], &sign), 0);
}

static void
expect(int gate, uint32_t number, uint64_t now_ms)
{
	struct request request;
	uint64_t wait_ms;

	ck_assert_ptr_eq(requests_pop(&requests, now_ms, &request, &wait_ms),
	    gates[gate]);
	ck_assert_uint_eq(request.sign.number, number);
}

static void
expect_none(uint64_t now_ms, uint64_t expected_ms)
{
	struct request request;
	uint64_t wait_ms = 0;

	ck_assert_ptr_null(requests_pop(&requests, now_ms, &request, &wait_ms));
	ck_assert_uint_eq(wait_ms, expected_ms);
}

START_TEST(a_request_is_kept_whole)
{
	struct ipc_sign sign = { .number = 7,
		.key_id = { 1, 2, 3 },
		.scheme = IPC_SIGN_RSA_PSS,
		.hash = IPC_SIGN_SHA512,
		.digest = bytes_of(digest, 64) };
	struct request request;
	uint64_t wait_ms;

	memset(digest, 0x5a, sizeof(digest));
	ck_assert_int_eq(requests_push(&requests, gates[0], &sign), 0);
	memset(digest, 0, sizeof(digest)); /* it was copied */
	ck_assert_ptr_eq(requests_pop(&requests, START_MS, &request, &wait_ms),
	    gates[0]);
	ck_assert_ptr_eq(request.sign.digest.data, request.digest);
	ck_assert_uint_eq(request.sign.digest.len, 64);
	memset(digest, 0x5a, sizeof(digest));
	ck_assert_mem_eq(request.digest, digest, 64);
	ck_assert_mem_eq(request.sign.key_id, sign.key_id, IPC_KEY_ID_LEN);
	ck_assert_int_eq(request.sign.scheme, IPC_SIGN_RSA_PSS);
	ck_assert_int_eq(request.sign.hash, IPC_SIGN_SHA512);
	expect_none(START_MS, UINT64_MAX);
}
END_TEST

START_TEST(a_gate_awaits_its_answer_before_it_asks_again)
{
	const struct ipc_sign sign = { .hash = IPC_SIGN_SHA256,
		.digest = bytes_of(digest, 32) };

	push(0, 1);
	ck_assert_int_eq(requests_push(&requests, gates[0], &sign), -EBADMSG);
	push(1, 2);
	expect(0, 1, START_MS);
	push(0, 3);
}
END_TEST

START_TEST(gates_are_served_in_turn)
{
	for (uint32_t round = 0; round < 4; round++) {
		push(2, round);
		push(0, round);
		push(1, round);
		for (int i = 0; i < 3; i++)
			expect(i, round, START_MS);
	}
	/* one that asks again and again does not overtake */
	push(0, 10);
	push(1, 10);
	expect(0, 10, START_MS);
	push(0, 11);
	expect(1, 10, START_MS);
	expect(0, 11, START_MS);
}
END_TEST

START_TEST(a_gate_that_asks_too_often_is_held)
{
	for (uint32_t i = 0; i < PER_SECOND; i++) {
		push(0, i);
		expect(0, i, START_MS);
		ck_assert(!gates[0]->is_held);
	}
	push(0, 100);
	expect_none(START_MS, 100);
	expect_none(START_MS + 99, 1);
	push(1, 1); /* and nobody else */
	expect(1, 1, START_MS + 99);
	ck_assert(!gates[1]->is_held);
	expect(0, 100, START_MS + 100);
	ck_assert(gates[0]->is_held);
	push(0, 101);
	expect_none(START_MS + 100, 100);
}
END_TEST

START_TEST(a_pause_gives_no_more_than_a_second_s_worth)
{
	uint64_t later_ms = START_MS + 3600000;

	for (uint32_t i = 0; i < PER_SECOND; i++) {
		push(0, i);
		expect(0, i, later_ms);
	}
	push(0, 100);
	expect_none(later_ms, 100);
}
END_TEST

START_TEST(what_a_gate_asked_for_goes_with_it)
{
	push(0, 1);
	push(1, 1);
	requester_free(&requests, &gates[0]);
	ck_assert_ptr_null(gates[0]);
	requester_free(&requests, &gates[0]);
	expect(1, 1, START_MS);
	expect_none(START_MS, UINT64_MAX);
}
END_TEST

TCase *
requests_tests(void)
{
	TCase *tests = tcase_create("requests");

	tcase_add_checked_fixture(tests, set_up, tear_down);
	tcase_add_test(tests, a_request_is_kept_whole);
	tcase_add_test(tests, a_gate_awaits_its_answer_before_it_asks_again);
	tcase_add_test(tests, gates_are_served_in_turn);
	tcase_add_test(tests, a_gate_that_asks_too_often_is_held);
	tcase_add_test(tests, a_pause_gives_no_more_than_a_second_s_worth);
	tcase_add_test(tests, what_a_gate_asked_for_goes_with_it);
	return tests;
}
