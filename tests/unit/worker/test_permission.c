/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/permission.h"

#include <stdlib.h>

#include "bare_worker.h"
#include "lib/memory.h"
#include "tests.h"
#include "worker/session.h"
#include "worker/throttle.h"

static struct bare_worker bare;
static struct connection connection;
static struct session *session;
static struct config *config;

/* The certificate: device-1, OU crew. */
static void
set_peer(void)
{
	struct buffer fields = { .data = NULL }, encoded = { .data = NULL };
	struct tls_peer peer = {
		.id = 77,
		.address = { .ss_family = AF_INET },
		.authenticated_at = 1,
		.not_after = 2,
		.identity = BYTES_LITERAL("device-1"),
		.chain_count = 1,
	};

	ck_assert(tls_field_append(&fields, TLS_FIELD_SUBJECT_OU,
	    BYTES_LITERAL("crew")));
	peer.fields = buffer_view(&fields);
	tls_peer_encode(&peer, &encoded);
	connection.peer = memory_copy(buffer_view(&encoded));
	connection.peer_len = (uint32_t)encoded.len;
	buffer_done(&fields);
	buffer_done(&encoded);
}

static void
setup(void)
{
	bare_worker_init(&bare);
	throttles_init(&bare.worker);
	bare_connection_init(&connection, &bare.worker);
	session = bare_session_new(&bare.worker, "one");
	session_attach(session, &connection);
	connection.session = session;
	set_peer();
}

static void
teardown(void)
{
	session_detach(session, false);
	throttle_free(&connection);
	free(connection.peer);
	bare_connection_done(&connection);
	throttles_done(&bare.worker);
	uv_run(&bare.child.loop, UV_RUN_NOWAIT);
	bare_worker_done(&bare);
	config_free(&config);
}

/* The roles are these now; what permission_renew() says. */
static bool
renew(const char *roles)
{
	static const char head[] =
	    "listen = ( { address = \"::1\"; } ); tls = { certificate = \"c\"; "
	    "private_key = \"k\"; client_ca = \"a\"; }; roles = ";
	struct buffer text = { .data = NULL };
	struct config_error error = { .text = "" };

	buffer_append(&text, bytes_of(head, sizeof(head) - 1));
	buffer_append(&text, bytes_of_string(roles));
	buffer_append(&text, BYTES_LITERAL(";"));
	config_free(&config);
	ck_assert_msg(config_parse("t", buffer_view(&text), &config, &error) ==
			  0,
	    "%s", error.text);
	buffer_done(&text);
	rights_table_free(&bare.worker.rights);
	bare.worker.rights = rights_table_new(config);
	return permission_renew(&connection);
}

static void
subscribe(const char *topic_filter)
{
	const struct session_subscription wanted = {
		.topic_filter = bytes_of_string(topic_filter),
	};
	struct subscription *made;
	bool is_new;

	session_subscribe(session, &wanted, &made, &is_new);
}

static bool
is_subscribed(const char *topic_filter)
{
	return session_is_subscribed(session, bytes_of_string(topic_filter));
}

static void
set_will(bool retain)
{
	const struct ipc_publish parts = {
		.retain = retain,
		.topic_name = BYTES_LITERAL("will"),
	};

	session->state.will = session_will_new(message_new(&parts));
}

#define ROLE "{ name = \"r\"; match = { ou = \"crew\"; };"

START_TEST(what_new_roles_still_grant_stays)
{
	subscribe("a/b");
	subscribe("$share/g/a/c");
	set_will(true);
	ck_assert(
	    renew("( " ROLE "publish = \"will\"; subscribe = \"a/+\"; } )"));
	ck_assert(is_subscribed("a/b"));
	ck_assert(is_subscribed("$share/g/a/c"));
	ck_assert_ptr_nonnull(session->state.will);
	ck_assert(permission_publish(&connection, BYTES_LITERAL("will"), true));
	ck_assert(!permission_publish(&connection, BYTES_LITERAL("a"), false));
}
END_TEST

START_TEST(what_they_grant_no_more_is_withdrawn)
{
	subscribe("a/b");
	subscribe("b");
	subscribe("$share/g/b");
	subscribe("$share/g/a/c");
	ck_assert(!renew("( " ROLE "subscribe = \"a/+\"; } )"));
	ck_assert(is_subscribed("a/b"));
	ck_assert(is_subscribed("$share/g/a/c"));
	ck_assert(!is_subscribed("b"));
	ck_assert(!is_subscribed("$share/g/b"));
	/* It is gone, and nothing else is lost again. */
	ck_assert_uint_eq(permission_withdraw(&connection), 0);
}
END_TEST

START_TEST(a_will_that_is_not_granted_is_taken_away)
{
	set_will(true);
	ck_assert(!renew("( " ROLE "publish = \"#\"; retain = [ ]; } )"));
	ck_assert_ptr_null(session->state.will);
	set_will(false);
	ck_assert(renew("( " ROLE "publish = \"#\"; retain = [ ]; } )"));
	ck_assert_ptr_nonnull(session->state.will);
	ck_assert(!renew("( " ROLE "publish = \"#\"; will = [ ]; } )"));
	ck_assert_ptr_null(session->state.will);
}
END_TEST

START_TEST(who_may_not_connect_has_lost_something)
{
	ck_assert(renew("( " ROLE "connect = \"one\"; } )"));
	ck_assert(!renew("( " ROLE "connect = \"two\"; } )"));
	ck_assert(!renew("( { name = \"r\"; match = { ou = \"x\"; }; } )"));
	ck_assert(!renew("( )"));
	ck_assert(renew("( " ROLE " } )"));
}
END_TEST

START_TEST(limits_come_and_go_with_the_roles)
{
	ck_assert(renew("( " ROLE " } )"));
	ck_assert_ptr_null(connection.throttle);
	ck_assert(
	    renew("( " ROLE "limits = { messages_per_second = 1; }; } )"));
	ck_assert_ptr_nonnull(connection.throttle);
	ck_assert_uint_eq(throttle_times(&connection), 0);
}
END_TEST

START_TEST(who_is_known_by_another_setting_may_nothing)
{
	ck_assert(renew("( " ROLE "publish = \"#\"; } )"));
	ck_assert(permission_publish(&connection, BYTES_LITERAL("a"), false));
	bare.config->identity = CONFIG_IDENTITY_FINGERPRINT;
	ck_assert(!permission_publish(&connection, BYTES_LITERAL("a"), false));
	ck_assert_int_eq(permission_connect(&connection,
			     BYTES_LITERAL("device-1"), BYTES_LITERAL("one")),
	    MQTT_REASON_NOT_AUTHORIZED);
	connection.identity_kind = CONFIG_IDENTITY_FINGERPRINT;
	ck_assert(permission_publish(&connection, BYTES_LITERAL("a"), false));
}
END_TEST

static void
count_publish(size_t len)
{
	const struct mqtt_frame frame = { .type = MQTT_PUBLISH, .len = len };

	throttle_count(&connection, &frame);
}

START_TEST(a_second_s_worth_may_come_at_once)
{
	ck_assert(
	    renew("( " ROLE "limits = { messages_per_second = 5; }; } )"));
	for (int i = 0; i < 5; i++) {
		count_publish(1000000);
		ck_assert(!connection.is_throttled);
	}
	count_publish(2);
	ck_assert(connection.is_throttled);
	ck_assert_uint_eq(throttle_times(&connection), 1);
	ck_assert_uint_eq(bare.worker.child->counted[IPC_STATISTIC_THROTTLED],
	    1);
	ck_assert_uint_eq(bare.worker.throttle_count, 1);
	/* Once is enough. */
	count_publish(2);
	ck_assert_uint_eq(throttle_times(&connection), 1);
}
END_TEST

START_TEST(bytes_count_for_every_packet)
{
	const struct mqtt_frame ping = { .type = MQTT_PINGREQ, .len = 2 };

	ck_assert(
	    renew("( " ROLE "limits = { bytes_per_second = 1024; }; } )"));
	for (int i = 0; i < 512; i++)
		throttle_count(&connection, &ping);
	ck_assert(!connection.is_throttled);
	throttle_count(&connection, &ping);
	ck_assert(connection.is_throttled);
}
END_TEST

START_TEST(the_largest_packet_is_one_that_is_waited_for)
{
	ck_assert(renew("( " ROLE "limits = { bytes_per_second = 1024;"
			" messages_per_second = 1000000; }; } )"));
	count_publish(268435460);
	ck_assert(connection.is_throttled);
}
END_TEST

TCase *
test_permission(void)
{
	TCase *tests = tcase_create("permission");

	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_add_test(tests, what_new_roles_still_grant_stays);
	tcase_add_test(tests, what_they_grant_no_more_is_withdrawn);
	tcase_add_test(tests, a_will_that_is_not_granted_is_taken_away);
	tcase_add_test(tests, who_may_not_connect_has_lost_something);
	tcase_add_test(tests, who_is_known_by_another_setting_may_nothing);
	tcase_add_test(tests, limits_come_and_go_with_the_roles);
	tcase_add_test(tests, a_second_s_worth_may_come_at_once);
	tcase_add_test(tests, bytes_count_for_every_packet);
	tcase_add_test(tests, the_largest_packet_is_one_that_is_waited_for);
	return tests;
}
