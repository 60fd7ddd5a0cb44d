/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/review.h"

#include <sys/socket.h>

#include "bare_worker.h"
#include "tests.h"
#include "tls/aead.h"
#include "worker/handoff.h"

/* More than a turn looks at: its end is not reached, which tells the master. */
#define CLIENTS 510

static struct bare_worker bare;
static struct proc_peer gate = { .role = IPC_ROLE_GATE };

static struct tls_handover
handover_of(enum config_identity kind)
{
	return (struct tls_handover){
		.state = { .version = TLS_VERSION_1_2,
		    .cipher_suite = TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
		    .send_max = TLS_PLAINTEXT_MAX,
		    .receive_max = TLS_PLAINTEXT_MAX },
		.peer = { .id = 1,
		    .address = { .ss_family = AF_INET },
		    .not_after = INT64_MAX,
		    .identity_kind = (uint8_t)kind,
		    .identity = BYTES_LITERAL("device-1"),
		    .chain_count = 1 },
	};
}

/* One that a gate gives away; NULL if it is not taken. */
static struct connection *
arrive(enum config_identity kind)
{
	size_t count = bare.worker.connection_count;
	struct tls_handover handover = handover_of(kind);
	struct buffer state = { .data = NULL }, payload = { .data = NULL };
	struct ipc_session_handoff handoff = { .plaintext = BYTES_NONE };
	struct ipc_message message = { .type = IPC_SESSION_HANDOFF,
		.fd = socket(AF_INET, SOCK_STREAM, 0) };

	ck_assert_int_ge(message.fd, 0);
	tls_handover_encode(&handover, &state);
	handoff.handover = buffer_view(&state);
	ipc_session_handoff_encode(&handoff, &payload);
	message.payload = buffer_view(&payload);
	ck_assert_int_eq(on_session_handoff(&bare.worker, &gate, &message), 0);
	buffer_done(&state);
	buffer_done(&payload);
	return bare.worker.connection_count > count
		   ? TAILQ_LAST(&bare.worker.connections, connection_queue)
		   : NULL;
}

static void
set_up(void)
{
	tls_aead_start();
	bare_worker_init(&bare);
	bare.worker.connection_max = CLIENTS;
	bare.worker.is_ready = false; /* nothing is read of them */
}

static void
tear_down(void)
{
	bare_worker_done(&bare);
}

/* Take up another setting, and let one turn look at who is there. */
static void
change_identity(enum config_identity kind)
{
	struct config before = *bare.config;

	bare.config->identity = kind;
	ck_assert(!review_begin(&bare.worker, &before));
	ck_assert(review_turn(&bare.worker));
}

START_TEST(who_arrives_late_by_another_setting_is_not_taken)
{
	ck_assert_ptr_nonnull(arrive(CONFIG_IDENTITY_SUBJECT_CN));
	ck_assert_ptr_null(arrive(CONFIG_IDENTITY_FINGERPRINT));
	bare.config->identity = CONFIG_IDENTITY_FINGERPRINT;
	ck_assert_ptr_null(arrive(CONFIG_IDENTITY_SUBJECT_CN));
	ck_assert_ptr_nonnull(arrive(CONFIG_IDENTITY_FINGERPRINT));
}
END_TEST

START_TEST(who_is_between_two_workers_is_not_taken_either)
{
	gate.role = IPC_ROLE_WORKER;
	bare.config->identity = CONFIG_IDENTITY_FINGERPRINT;
	ck_assert_ptr_null(arrive(CONFIG_IDENTITY_SUBJECT_CN));
	gate.role = IPC_ROLE_GATE;
}
END_TEST

START_TEST(another_setting_ends_also_who_is_not_open_yet)
{
	struct connection *opening = arrive(CONFIG_IDENTITY_SUBJECT_CN);
	struct connection *moving = arrive(CONFIG_IDENTITY_SUBJECT_CN);
	struct connection *last = NULL;

	moving->state = CONNECTION_MOVING;
	moving->version = MQTT_VERSION_5;
	for (int i = 2; i < CLIENTS; i++)
		last = arrive(CONFIG_IDENTITY_SUBJECT_CN);
	change_identity(CONFIG_IDENTITY_FINGERPRINT);
	ck_assert_int_eq(opening->state, CONNECTION_CLOSING);
	ck_assert_int_eq(moving->state, CONNECTION_CLOSING);
	/* It is this one's turn later. */
	ck_assert_int_eq(last->state, CONNECTION_OPENING);
}
END_TEST

START_TEST(who_came_by_the_new_setting_stays)
{
	struct connection *former = arrive(CONFIG_IDENTITY_SUBJECT_CN);
	struct connection *new;

	bare.config->identity = CONFIG_IDENTITY_FINGERPRINT;
	new = arrive(CONFIG_IDENTITY_FINGERPRINT);
	for (int i = 2; i < CLIENTS; i++)
		ck_assert_ptr_nonnull(arrive(CONFIG_IDENTITY_FINGERPRINT));
	bare.config->identity = CONFIG_IDENTITY_SUBJECT_CN;
	change_identity(CONFIG_IDENTITY_FINGERPRINT);
	ck_assert_int_eq(former->state, CONNECTION_CLOSING);
	ck_assert_int_eq(new->state, CONNECTION_OPENING);
}
END_TEST

TCase *
test_review(void)
{
	TCase *tests = tcase_create("review");

	tcase_add_checked_fixture(tests, set_up, tear_down);
	tcase_add_test(tests, who_arrives_late_by_another_setting_is_not_taken);
	tcase_add_test(tests, who_is_between_two_workers_is_not_taken_either);
	tcase_add_test(tests, another_setting_ends_also_who_is_not_open_yet);
	tcase_add_test(tests, who_came_by_the_new_setting_stays);
	return tests;
}
