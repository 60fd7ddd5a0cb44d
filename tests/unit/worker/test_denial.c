/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/denial.h"

#include <errno.h>

#include "bare_peer.h"
#include "tests.h"
#include "worker/denials.h"

static struct bare_worker bare;
static struct bare_peer other;
static struct connection connection;

static void
setup(void)
{
	bare_worker_init(&bare);
	bare.child.start.worker_count = 2;
	bare_peer_init(&other, &bare.worker, 1);
	bare_connection_init(&connection, &bare.worker);
}

static void
teardown(void)
{
	bare_connection_done(&connection);
	bare_peer_done(&other, &bare.worker);
	bare_worker_done(&bare);
}

/* Deny it once to somebody of this name. */
static void
deny(unsigned int name)
{
	uint8_t identity[sizeof(name)];
	const struct rights_verdict verdict = {
		.reason = RIGHTS_DENIED,
		.role = "r",
		.role_index = 3,
		.list = "deny.publish",
		.rule = "t/#",
		.rule_index = 4,
	};
	const struct rights_request request = {
		.action = RIGHTS_PUBLISH,
		.identity = { identity, sizeof(identity) },
		.client_id = BYTES_LITERAL("one"),
		.topic = BYTES_LITERAL("t/1"),
	};

	memcpy(identity, &name, sizeof(name));
	denial_report(&connection, &request, &verdict);
}

/* What the other was told just now, if anything. */
static bool
told(struct ipc_denial *denial)
{
	bare_peer_listen(&other);
	if (other.count == 0)
		return false;
	ck_assert_uint_eq(other.count, 1);
	ck_assert_int_eq(other.told[0].type, IPC_DENIAL);
	ck_assert_int_eq(ipc_denial_decode(buffer_view(&other.told[0].payload),
			     denial),
	    0);
	return true;
}

/* The names of one whose home is the other, and of one whose home is here. */
static unsigned int
name_of(bool is_elsewhere)
{
	struct ipc_denial denial;
	unsigned int name = 0;

	do
		deny(++name);
	while (told(&denial) != is_elsewhere);
	denials_free(&bare.worker.denials);
	bare.worker.denials = denials_new();
	return name;
}

START_TEST(its_home_is_told_once)
{
	unsigned int name = name_of(true);
	struct ipc_denial denial;

	deny(name);
	ck_assert(told(&denial));
	ck_assert_uint_eq(denial.hash % 2, 1);
	ck_assert_uint_eq(denial.count, 1);
	ck_assert_uint_eq(denial.action, RIGHTS_PUBLISH);
	ck_assert_uint_eq(denial.reason, RIGHTS_DENIED);
	ck_assert_uint_eq(denial.connection, connection.id);
	ck_assert(bytes_equal(denial.topic, BYTES_LITERAL("t/1")));
	ck_assert(bytes_equal(denial.list, BYTES_LITERAL("deny.publish")));
	for (int i = 0; i < 10; i++)
		deny(name);
	ck_assert(!told(&denial));
}
END_TEST

START_TEST(at_home_nobody_is_told)
{
	unsigned int name = name_of(false);
	struct ipc_denial denial;

	deny(name);
	deny(name);
	ck_assert(!told(&denial));
}
END_TEST

START_TEST(without_its_home_it_is_not_kept_back)
{
	unsigned int name = name_of(true);
	struct ipc_denial denial;

	bare.worker.peers[1] = NULL;
	deny(name);
	bare.worker.peers[1] = &other.peer.public;
	deny(name);
	ck_assert(!told(&denial));
}
END_TEST

/* What the other says to this worker. */
static int
receive(uint64_t hash, uint8_t action, uint8_t reason)
{
	const struct ipc_denial denial = {
		.hash = hash,
		.count = 2,
		.action = action,
		.reason = reason,
		.topic = BYTES_LITERAL("t"),
		.identity = BYTES_LITERAL("device-1"),
	};
	struct buffer payload = { .data = NULL };
	int result;

	ipc_denial_encode(&denial, &payload);
	result = on_denial(&bare.worker, &other.peer.public,
	    buffer_view(&payload));
	buffer_done(&payload);
	return result;
}

START_TEST(home_answers_when_it_was_logged_already)
{
	uint64_t now_ms = worker_now_ms(&bare.worker);
	struct ipc_denial_logged logged;

	ck_assert_int_eq(receive(4, RIGHTS_PUBLISH, RIGHTS_DENIED), 0);
	bare_peer_listen(&other);
	ck_assert_uint_eq(other.count, 0);
	ck_assert_int_eq(receive(4, RIGHTS_PUBLISH, RIGHTS_DENIED), 0);
	bare_peer_listen(&other);
	ck_assert_uint_eq(other.count, 1);
	ck_assert_int_eq(other.told[0].type, IPC_DENIAL_LOGGED);
	ck_assert_int_eq(ipc_denial_logged_decode(buffer_view(
						      &other.told[0].payload),
			     &logged),
	    0);
	ck_assert_uint_eq(logged.hash, 4);
	ck_assert_uint_eq(logged.logged_ms, now_ms);
}
END_TEST

START_TEST(what_is_answered_counts_from_when_it_was_logged)
{
	struct buffer payload = { .data = NULL };
	uint64_t now_ms = worker_now_ms(&bare.worker);
	struct ipc_denial_logged logged;
	uint32_t count;

	denials_note(bare.worker.denials, 9, now_ms, &count);
	logged = (struct ipc_denial_logged){ 9, now_ms - 7 };
	ipc_denial_logged_encode(&logged, &payload);
	ck_assert_int_eq(on_denial_logged(&bare.worker, buffer_view(&payload)),
	    0);
	ck_assert_uint_eq(denials_logged_ms(bare.worker.denials, 9),
	    now_ms - 7);
	payload.len--;
	ck_assert_int_eq(on_denial_logged(&bare.worker, buffer_view(&payload)),
	    -EBADMSG);
	buffer_done(&payload);
}
END_TEST

START_TEST(what_cannot_be_said_is_refused)
{
	/* of another's home */
	ck_assert_int_eq(receive(5, RIGHTS_PUBLISH, RIGHTS_DENIED), -EBADMSG);
	ck_assert_int_eq(receive(4, RIGHTS_ACTION_COUNT, RIGHTS_DENIED),
	    -EBADMSG);
	ck_assert_int_eq(receive(4, RIGHTS_PUBLISH, RIGHTS_GRANTED), -EBADMSG);
	ck_assert_int_eq(receive(4, RIGHTS_PUBLISH, RIGHTS_RESERVED + 1),
	    -EBADMSG);
	ck_assert_int_eq(on_denial(&bare.worker, &other.peer.public,
			     BYTES_LITERAL("x")),
	    -EBADMSG);
	ck_assert_int_eq(receive(4, RIGHTS_CONNECT, RIGHTS_NO_ROLE), 0);
}
END_TEST

TCase *
test_denial(void)
{
	TCase *tests = tcase_create("denial");

	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_add_test(tests, its_home_is_told_once);
	tcase_add_test(tests, at_home_nobody_is_told);
	tcase_add_test(tests, without_its_home_it_is_not_kept_back);
	tcase_add_test(tests, home_answers_when_it_was_logged_already);
	tcase_add_test(tests, what_is_answered_counts_from_when_it_was_logged);
	tcase_add_test(tests, what_cannot_be_said_is_refused);
	return tests;
}
