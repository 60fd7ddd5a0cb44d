/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/expiry.h"

#include <errno.h>
#include <stdlib.h>

#include "bare_peer.h"
#include "lib/clock.h"
#include "tests.h"

#define DAY_MS (UINT64_C(24) * 60 * 60 * 1000)

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
	free(connection.peer);
	connection.peer = NULL;
	bare_connection_done(&connection);
	bare_peer_done(&other, &bare.worker);
	bare_worker_done(&bare);
}

/* The connection is one with the certificate of this number. */
static void
become(unsigned int number)
{
	struct tls_peer peer = { .id = 77,
		.identity = BYTES_LITERAL("device-1"),
		.chain_count = 1 };
	struct buffer encoded = { .data = NULL };

	peer.address.ss_family = AF_INET;
	memcpy(peer.fingerprint, &number, sizeof(number));
	tls_peer_encode(&peer, &encoded);
	free(connection.peer);
	connection.peer = encoded.data;
	connection.peer_len = encoded.len;
}

/* What the other was told just now, if anything. */
static bool
told(struct ipc_expiry *expiry)
{
	bare_peer_listen(&other);
	if (other.count == 0)
		return false;
	ck_assert_uint_eq(other.count, 1);
	ck_assert_int_eq(other.told[0].type, IPC_EXPIRY);
	ck_assert_int_eq(ipc_expiry_decode(buffer_view(&other.told[0].payload),
			     expiry),
	    0);
	return true;
}

/* The number of a certificate whose home is the other, or this one. */
static unsigned int
number_of(bool is_elsewhere)
{
	struct ipc_expiry expiry;
	unsigned int number = 0;

	do {
		become(++number);
		expiry_report(&connection, 0);
	} while (told(&expiry) != is_elsewhere);
	told_done(&bare.worker.trust.told);
	return number;
}

/* Is it another day than the one of this, in UTC? */
static bool
has_passed(int64_t day)
{
	return bare.worker.trust.told.day != day;
}

START_TEST(its_home_is_told_once_a_day)
{
	struct ipc_expiry expiry;
	int64_t day;

	become(number_of(true));
	expiry_report(&connection, 3 * DAY_MS + 1);
	ck_assert(told(&expiry));
	day = bare.worker.trust.told.day;
	ck_assert_uint_eq(expiry.days_left, 3);
	ck_assert_uint_eq(expiry.connection, connection.id);
	ck_assert(bytes_equal(expiry.identity, BYTES_LITERAL("device-1")));
	for (int i = 0; i < 10; i++)
		expiry_report(&connection, 3 * DAY_MS);
	ck_assert(!told(&expiry) || has_passed(day));
}
END_TEST

START_TEST(what_lasts_for_thirty_days_is_not_told)
{
	struct ipc_expiry expiry;

	become(number_of(true));
	expiry_report(&connection, 30 * DAY_MS);
	expiry_report(&connection, UINT64_MAX);
	ck_assert(!told(&expiry));
	expiry_report(&connection, 30 * DAY_MS - 1);
	ck_assert(told(&expiry));
	ck_assert_uint_eq(expiry.days_left, 29);
}
END_TEST

START_TEST(at_home_and_without_a_home_nobody_is_told)
{
	struct ipc_expiry expiry;
	unsigned int elsewhere = number_of(true);

	become(number_of(false));
	expiry_report(&connection, 0);
	ck_assert_uint_eq(bare.worker.trust.told.count, 1);
	bare.worker.peers[1] = NULL;
	become(elsewhere);
	expiry_report(&connection, 0);
	bare.worker.peers[1] = &other.peer.public;
	ck_assert(!told(&expiry));
}
END_TEST

static int
receive(unsigned int number, uint8_t days_left)
{
	struct ipc_expiry expiry = { .days_left = days_left };
	struct buffer payload = { .data = NULL };
	int result;

	memcpy(expiry.fingerprint, &number, sizeof(number));
	ipc_expiry_encode(&expiry, &payload);
	result = on_expiry(&bare.worker, buffer_view(&payload));
	buffer_done(&payload);
	return result;
}

START_TEST(home_takes_note_of_what_others_tell)
{
	unsigned int number = number_of(false);
	int64_t day;

	ck_assert_int_eq(receive(number, 29), 0);
	day = bare.worker.trust.told.day;
	ck_assert_uint_eq(bare.worker.trust.told.count, 1);
	/* And its own connection with the same is no news then. */
	become(number);
	expiry_report(&connection, 0);
	ck_assert_int_eq(receive(number, 29), 0);
	ck_assert(bare.worker.trust.told.count == 1 || has_passed(day));
}
END_TEST

START_TEST(what_cannot_be_told_is_refused)
{
	unsigned int here = number_of(false), elsewhere = number_of(true);

	ck_assert_int_eq(receive(elsewhere, 29), -EBADMSG);
	ck_assert_int_eq(receive(here, 30), -EBADMSG);
	ck_assert_int_eq(on_expiry(&bare.worker, BYTES_LITERAL("x")), -EBADMSG);
	ck_assert_uint_eq(bare.worker.trust.told.count, 0);
}
END_TEST

TCase *
test_expiry(void)
{
	TCase *tests = tcase_create("expiry");

	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_add_test(tests, its_home_is_told_once_a_day);
	tcase_add_test(tests, what_lasts_for_thirty_days_is_not_told);
	tcase_add_test(tests, at_home_and_without_a_home_nobody_is_told);
	tcase_add_test(tests, home_takes_note_of_what_others_tell);
	tcase_add_test(tests, what_cannot_be_told_is_refused);
	return tests;
}
