/* SPDX-License-Identifier: Apache-2.0 */
#include "bare_worker.h"

#include <check.h>

#include "worker/denials.h"
#include "worker/inspect.h"
#include "worker/journal.h"
#include "worker/moved.h"
#include "worker/presence.h"
#include "worker/retention.h"
#include "worker/router.h"
#include "worker/sys.h"

#define PIECE 4096

/* No process is started here. */
const struct role role_table[] = { { .name = NULL } };

static const char config_text[] =
    "listen = ( { address = \"127.0.0.1\"; port = 1; } );\n"
    "tls = { certificate = \"c\"; private_key = \"k\"; client_ca = \"a\"; };\n"
    "identity = \"subject.cn\";\n"
    "roles = ( { name = \"all\"; match = { identity = \"*\"; };\n"
    "  publish = [ \"#\" ]; subscribe = [ \"#\" ]; } );\n";

void
bare_worker_init(struct bare_worker *bare)
{
	struct config_error error;
	struct worker *worker = &bare->worker;

	memset(bare, 0, sizeof(*bare));
	ck_assert_msg(config_parse("test", bytes_of_string(config_text),
			  &bare->config, &error) == 0,
	    "%s", error.text);
	ck_assert_int_eq(uv_loop_init(&bare->child.loop), 0);
	bare->child.config = bare->config;
	bare->child.start.worker_count = 1;
	worker->child = &bare->child;
	worker->config = bare->config;
	TAILQ_INIT(&worker->sessions);
	worker->topics = topic_tree_new();
	worker->rights = rights_table_new(bare->config);
	worker->journal = journal_new(worker);
	worker->router = router_new(worker);
	worker->forwards = forwards_new(worker);
	worker->retention = retention_new(worker);
	worker->sys = sys_new();
	interest_init(&worker->interest);
	sharing_init(&worker->sharing);
	TAILQ_INIT(&worker->wills);
	store_reads_init(&worker->reads);
	worker->is_ready = true;
	TAILQ_INIT(&worker->connections);
	TAILQ_INIT(&worker->dirty);
	TAILQ_INIT(&worker->active);
	TAILQ_INIT(&worker->held);
	TAILQ_INIT(&worker->homeless);
	deadline_wheel_init(&worker->deadlines, 1000, worker_now_ms(worker));
	deadline_wheel_init(&worker->session_deadlines, 1000,
	    worker_now_ms(worker));
	worker->denials = denials_new();
}

void
bare_worker_done(struct bare_worker *bare)
{
	struct worker *worker = &bare->worker;
	struct connection *connection;

	while ((connection = TAILQ_FIRST(&worker->connections)) != NULL)
		connection_abort(connection, "test");
	uv_run(&bare->child.loop, UV_RUN_NOWAIT);
	inspect_done(worker);
	session_forget_all(worker);
	wills_forget(worker);
	sharing_done(worker);
	store_reads_done(&worker->reads);
	sys_free(&worker->sys);
	presence_done(worker);
	retention_free(&worker->retention);
	forwards_free(&worker->forwards);
	journal_free(&worker->journal);
	moved_done(worker);
	interest_done(&worker->interest);
	router_free(&worker->router);
	denials_free(&worker->denials);
	trust_done(worker);
	rights_table_free(&worker->rights);
	topic_tree_free(&worker->topics);
	pool_done(&worker->subscriptions);
	buffer_done(&worker->scratch);
	ck_assert_int_eq(uv_loop_close(&bare->child.loop), 0);
	config_free(&bare->config);
}

struct session *
bare_session_new(struct worker *worker, const char *client_id)
{
	struct bytes identity = BYTES_LITERAL("device-1");
	struct buffer key = { .data = NULL };
	struct session *session;

	session_key_encode(identity, bytes_of_string(client_id), &key);
	session = session_new(worker, buffer_view(&key));
	session->state.expiry_seconds = 3600;
	buffer_done(&key);
	return session;
}

void
bare_connection_init(struct connection *connection, struct worker *worker)
{
	static const uint8_t fingerprint[TLS_HASH_LEN];
	const struct rights_certificate certificate = {
		.identity = BYTES_LITERAL("device-1"),
		.fingerprint = fingerprint,
	};

	memset(connection, 0, sizeof(*connection));
	connection->worker = worker;
	connection->version = MQTT_VERSION_5;
	connection->state = CONNECTION_OPEN;
	connection->id = 77;
	connection->rights = rights_ref(worker->rights, &certificate);
	connection->not_after = INT64_MAX;
	connection_take_terms(connection);
}

struct buffer
bare_connection_sent(struct connection *connection)
{
	struct buffer sent = { .data = NULL };

	while (!outbox_is_empty(&connection->outbox)) {
		uint8_t piece[PIECE];
		struct bytes direct = BYTES_NONE;
		size_t len = outbox_take(&connection->outbox,
		    (enum mqtt_version)connection->version, 0, piece,
		    sizeof(piece), &direct);

		buffer_append(&sent,
		    direct.len > 0 ? direct : bytes_of(piece, len));
	}
	return sent;
}

void
bare_connection_done(struct connection *connection)
{
	rights_unref(&connection->rights);
	if (connection->is_dirty)
		TAILQ_REMOVE(&connection->worker->dirty, connection, in_dirty);
	outbox_done(&connection->outbox);
	acks_done(connection);
	topic_aliases_done(&connection->aliases);
}
