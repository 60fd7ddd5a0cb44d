/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/trust.h"

#include <sys/socket.h>

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "bare_worker.h"
#include "ipc/channel.h"
#include "lib/clock.h"
#include "tests.h"
#include "tls/aead.h"

#define CLIENTS 250
#define ANCHOR  0x20

static struct bare_worker bare;
static struct connection *clients[CLIENTS];
static int peers[CLIENTS];

static void
set_id(uint8_t *id, unsigned int value)
{
	memset(id, 0, TLS_ID_LEN);
	id[0] = (uint8_t)(value >> 8);
	id[1] = (uint8_t)value;
}

static struct tls_handover
handover_of(unsigned int number)
{
	struct tls_handover handover = {
		.state = { .version = TLS_VERSION_1_2,
		    .cipher_suite = TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
		    .send_max = TLS_PLAINTEXT_MAX,
		    .receive_max = TLS_PLAINTEXT_MAX },
		.peer = { .id = number + 1,
		    .not_after = clock_realtime_seconds() + 86400,
		    .identity = BYTES_LITERAL("device"),
		    .chain_count = 2 },
	};

	handover.peer.address.ss_family = AF_INET;
	set_id(handover.peer.chain[0].certificate, 1000 + number);
	set_id(handover.peer.chain[0].issuer, ANCHOR);
	set_id(handover.peer.chain[1].certificate, 1);
	set_id(handover.peer.chain[1].issuer, ANCHOR);
	return handover;
}

static void
set_up(void)
{
	tls_aead_start();
	bare_worker_init(&bare);
	for (unsigned int i = 0; i < CLIENTS; i++) {
		struct tls_handover handover = handover_of(i);
		int fds[2];

		ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
		peers[i] = fds[1];
		clients[i] = connection_new(&bare.worker, fds[0], &handover);
		ck_assert_ptr_nonnull(clients[i]);
	}
}

static void
tear_down(void)
{
	bare_worker_done(&bare);
	for (unsigned int i = 0; i < CLIENTS; i++)
		close(peers[i]);
}

/* Give the worker an index: who is the anchor, and from where to where clients
 * are revoked. Returns what on_trust_index() does. */
static int
give_index(unsigned int anchor, unsigned int from, unsigned int to,
    int64_t ends_at)
{
	struct ipc_trust_authority authority = { .not_after = INT64_MAX };
	struct ipc_trust_crl crl = { .ends_at = ends_at };
	struct buffer revoked = { NULL, 0, 0 }, index = { NULL, 0, 0 };
	struct buffer payload = { NULL, 0, 0 };
	struct ipc_trust_content content = {
		.generation = bare.worker.trust.index.generation + 1,
		.needs_all_crls = true,
		.authority_count = 1,
		.authorities = &authority,
		.crl_count = 1,
		.crls = &crl,
		.revoked = &revoked,
	};
	struct ipc_message message = { .type = IPC_TRUST_INDEX };
	struct ipc_trust_given given;
	int error;

	set_id(authority.id, anchor);
	set_id(crl.issuer, anchor);
	for (unsigned int i = from; i < to; i++) {
		uint8_t id[TLS_ID_LEN];

		set_id(id, 1000 + i);
		buffer_append(&revoked, bytes_of(id, sizeof(id)));
	}
	ipc_trust_index_encode(&content, &index);
	given = (struct ipc_trust_given){ content.generation, index.len };
	ipc_trust_given_encode(&given, &payload);
	message.payload = buffer_view(&payload);
	message.fd = ipc_sealed_memory("index", buffer_view(&index));
	error = on_trust_index(&bare.worker, &message);
	close(message.fd);
	buffer_done(&payload);
	buffer_done(&index);
	buffer_done(&revoked);
	return error;
}

static unsigned int
count_ended(void)
{
	unsigned int count = 0;

	for (unsigned int i = 0; i < CLIENTS; i++)
		count += clients[i]->state >= CONNECTION_CLOSING;
	return count;
}

START_TEST(who_is_revoked_is_ended_and_nobody_else)
{
	ck_assert_int_eq(give_index(ANCHOR, 3, 7, IPC_TRUST_NEVER), 0);
	ck_assert(!trust_turn(&bare.worker));
	ck_assert_uint_eq(count_ended(), 4);
	for (unsigned int i = 0; i < CLIENTS; i++) {
		bool is_ended = clients[i]->state >= CONNECTION_CLOSING;

		ck_assert(is_ended == (i >= 3 && i < 7));
		if (is_ended)
			ck_assert_int_eq(clients[i]->closing_alert,
			    TLS_ALERT_CERTIFICATE_REVOKED);
	}
	/* Once is enough. */
	ck_assert_int_eq(give_index(ANCHOR, 3, 7, IPC_TRUST_NEVER), 0);
	ck_assert(!trust_turn(&bare.worker));
	ck_assert_uint_eq(count_ended(), 4);
}
END_TEST

START_TEST(who_has_an_anchor_that_is_gone_is_ended_over_several_turns)
{
	unsigned int turns = 1;

	ck_assert_int_eq(give_index(ANCHOR + 1, 0, 0, IPC_TRUST_NEVER), 0);
	while (trust_turn(&bare.worker))
		turns++;
	ck_assert_uint_eq(turns,
	    (CLIENTS + TRUST_ENDS_A_TURN - 1) / TRUST_ENDS_A_TURN);
	ck_assert_uint_eq(count_ended(), CLIENTS);
	ck_assert_int_eq(clients[0]->closing_alert, TLS_ALERT_UNKNOWN_CA);
}
END_TEST

START_TEST(a_walk_goes_on_when_who_is_next_leaves)
{
	ck_assert_int_eq(give_index(ANCHOR, 0, CLIENTS, IPC_TRUST_NEVER), 0);
	ck_assert(trust_turn(&bare.worker));
	ck_assert_uint_eq(count_ended(), TRUST_ENDS_A_TURN);
	for (unsigned int i = TRUST_ENDS_A_TURN; i < TRUST_ENDS_A_TURN + 10;
	     i++)
		connection_abort(clients[i], "test");
	while (trust_turn(&bare.worker))
		;
	ck_assert_uint_eq(count_ended(), CLIENTS);
}
END_TEST

START_TEST(an_index_that_comes_in_a_walk_begins_it_anew)
{
	ck_assert_int_eq(give_index(ANCHOR, 100, 240, IPC_TRUST_NEVER), 0);
	ck_assert(trust_turn(&bare.worker));
	ck_assert_int_eq(give_index(ANCHOR, 0, 240, IPC_TRUST_NEVER), 0);
	while (trust_turn(&bare.worker))
		;
	ck_assert_uint_eq(count_ended(), 240);
}
END_TEST

START_TEST(the_end_of_a_list_is_noticed)
{
	ck_assert_int_eq(give_index(ANCHOR, 0, 0, IPC_TRUST_NEVER), 0);
	ck_assert(!trust_turn(&bare.worker));
	trust_tick(&bare.worker);
	ck_assert(!trust_turn(&bare.worker));
	ck_assert_uint_eq(count_ended(), 0);
	ck_assert_int_eq(give_index(ANCHOR, 0, 0, clock_realtime_seconds() + 1),
	    0);
	while (count_ended() == 0) {
		trust_tick(&bare.worker);
		while (trust_turn(&bare.worker))
			;
	}
	ck_assert_uint_eq(count_ended(), CLIENTS);
	ck_assert_int_eq(clients[0]->closing_alert,
	    TLS_ALERT_CERTIFICATE_UNKNOWN);
}
END_TEST

START_TEST(who_comes_late_is_judged_by_the_newest_index)
{
	struct tls_handover good = handover_of(1), bad = handover_of(2);

	ck_assert(trust_admits(&bare.worker, &bad.peer)); /* none yet */
	ck_assert_int_eq(give_index(ANCHOR, 2, 3, IPC_TRUST_NEVER), 0);
	ck_assert(trust_admits(&bare.worker, &good.peer));
	ck_assert(!trust_admits(&bare.worker, &bad.peer));
}
END_TEST

START_TEST(what_is_no_index_is_refused_and_the_old_one_stays)
{
	struct ipc_message message = { .type = IPC_TRUST_INDEX };
	struct buffer payload = { NULL, 0, 0 };
	struct ipc_trust_given given = { 5, 8 };

	ck_assert_int_eq(give_index(ANCHOR, 0, 0, IPC_TRUST_NEVER), 0);
	message.fd = ipc_sealed_memory("index", BYTES_LITERAL("nonsense"));
	message.payload = BYTES_LITERAL("x");
	ck_assert_int_eq(on_trust_index(&bare.worker, &message), -EBADMSG);
	ipc_trust_given_encode(&given, &payload);
	message.payload = buffer_view(&payload);
	ck_assert_int_eq(on_trust_index(&bare.worker, &message), -EBADMSG);
	ck_assert_uint_eq(bare.worker.trust.index.generation, 1);
	close(message.fd);
	buffer_done(&payload);
}
END_TEST

START_TEST(a_certificate_holds_in_the_second_of_its_end) /* RFC 5280,
							     4.1.2.5 */
{
	const int64_t end = 1000000;

	ck_assert_uint_eq(trust_left_ms(end, end * 1000 - 1), 1001);
	ck_assert_uint_eq(trust_left_ms(end, end * 1000), 1000);
	ck_assert_uint_eq(trust_left_ms(end, end * 1000 + 999), 1);
	ck_assert_uint_eq(trust_left_ms(end, end * 1000 + 1000), 0);
	ck_assert_uint_eq(trust_left_ms(0, end), 0);
	ck_assert_uint_eq(trust_left_ms(CLOCK_REALTIME_SECONDS_MAX, end),
	    UINT64_MAX);
	ck_assert_uint_eq(trust_left_ms(INT64_MAX, end), UINT64_MAX);
}
END_TEST

START_TEST(nobody_outlives_the_certificate)
{
	int64_t now = clock_realtime_seconds();

	/* No deadline is later than an hour: the clock may be set. */
	ck_assert_uint_eq(trust_deadline_ms(clients[0], UINT64_MAX), 3600000);
	ck_assert_uint_eq(trust_deadline_ms(clients[0], 5), 5);
	clients[0]->not_after = now + 600;
	ck_assert_uint_le(trust_deadline_ms(clients[0], UINT64_MAX), 601000);
	ck_assert(!trust_due(clients[0]));
	clients[0]->not_after = now - 1;
	ck_assert_uint_eq(trust_deadline_ms(clients[0], UINT64_MAX), 0);
	ck_assert(trust_due(clients[0]));
	ck_assert_int_eq(clients[0]->closing_alert,
	    TLS_ALERT_CERTIFICATE_EXPIRED);
	ck_assert(!trust_due(clients[0])); /* it is over */
}
END_TEST

TCase *
test_trust(void)
{
	TCase *tests = tcase_create("trust");

	tcase_set_tags(tests, "no-valgrind");
	tcase_add_checked_fixture(tests, set_up, tear_down);
	tcase_add_test(tests, who_is_revoked_is_ended_and_nobody_else);
	tcase_add_test(tests,
	    who_has_an_anchor_that_is_gone_is_ended_over_several_turns);
	tcase_add_test(tests, a_walk_goes_on_when_who_is_next_leaves);
	tcase_add_test(tests, an_index_that_comes_in_a_walk_begins_it_anew);
	tcase_add_test(tests, the_end_of_a_list_is_noticed);
	tcase_add_test(tests, who_comes_late_is_judged_by_the_newest_index);
	tcase_add_test(tests,
	    what_is_no_index_is_refused_and_the_old_one_stays);
	tcase_add_test(tests, a_certificate_holds_in_the_second_of_its_end);
	tcase_add_test(tests, nobody_outlives_the_certificate);
	return tests;
}
