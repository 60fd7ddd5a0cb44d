/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/presence.h"

#include <stdio.h>
#include <time.h>

#include "ipc/presence.h"
#include "lib/clock.h"
#include "worker/heartbeat.h"
#include "worker/journal.h"
#include "worker/retention.h"
#include "worker/router.h"
#include "worker/session.h"

/* "2026-11-23T04:38:34.123Z", with the NUL; a year may have five digits. */
#define TIME_MAX 32
/* The longest word of a reason has 40 bytes or so. */
#define VALUE_MAX 256

/* How far a turn goes in what others before have said. */
#define TURN_STEPS    512
#define TURN_MESSAGES 64

#define ONLINE_BEGIN   "{\"state\":\"online\","
#define STOPPED_REASON "\"reason\":\"shutting-down\""

static bool
is_enabled(const struct worker *worker)
{
	return worker->config->presence.enabled;
}

/* RFC 3339, in UTC. */
static void
time_write(int64_t realtime_ms, char text[TIME_MAX])
{
	time_t seconds = (time_t)(realtime_ms / 1000);
	size_t len;
	struct tm utc;

	gmtime_r(&seconds, &utc);
	len = strftime(text, TIME_MAX, "%Y-%m-%dT%H:%M:%S", &utc);
	snprintf(text + len, TIME_MAX - len, ".%03dZ",
	    (int)(realtime_ms % 1000));
}

static struct bytes
online_value(char value[VALUE_MAX], int64_t since_ms, bool has_heartbeat)
{
	char since[TIME_MAX];

	time_write(since_ms, since);
	snprintf(value, VALUE_MAX,
	    ONLINE_BEGIN "\"since\":\"%s\",\"heartbeat\":%s}", since,
	    has_heartbeat ? "true" : "false");
	return bytes_of_string(value);
}

/* From now on. */
static struct bytes
offline_value(char value[VALUE_MAX], const char *reason, bool has_session)
{
	char since[TIME_MAX];

	time_write(clock_read().realtime_ms, since);
	snprintf(value, VALUE_MAX,
	    "{\"state\":\"offline\",\"since\":\"%s\",\"reason\":\"%s\","
	    "\"session\":%s}",
	    since, reason, has_session ? "true" : "false");
	return bytes_of_string(value);
}

static struct ipc_publish
parts_of(struct bytes topic, uint64_t publisher, struct bytes value)
{
	return (struct ipc_publish){
		.qos = 1,
		.retain = true,
		.publisher = publisher,
		.topic_name = topic,
		.payload = value,
	};
}

/* A topic without a session is kept no longer. */
static void
forget(struct worker *worker, struct bytes topic)
{
	const struct ipc_publish none = parts_of(topic, 0, BYTES_NONE);

	retention_put_own(worker, &none);
}

/* Tell it to subscribers, and keep it for those to come. */
static void
say(struct worker *worker, struct bytes topic, uint64_t publisher,
    struct bytes value, bool is_kept)
{
	struct ipc_publish parts = parts_of(topic, publisher, value);

	parts.retain = is_kept;
	router_publish(worker, &parts, NULL);
	if (is_kept)
		retention_put_own(worker, &parts);
	else
		forget(worker, topic);
}

/* Returned: buffer_done(); empty if there is none. */
static struct buffer
topic_of(const struct session *session)
{
	struct buffer topic = { .data = NULL };

	if (!ipc_presence_topic(session_identity(session),
		session_client_id(session), &topic))
		buffer_done(&topic);
	return topic;
}

static bool
has_heartbeat(const struct connection *connection)
{
	return connection->heartbeat != NULL && connection->heartbeat->is_on;
}

void
presence_online(struct connection *connection)
{
	const struct session *session = connection->session;
	struct buffer topic;
	char value[VALUE_MAX];

	if (!is_enabled(connection->worker))
		return;
	topic = topic_of(session);
	if (connection->online_since_ms == 0)
		connection->online_since_ms = clock_read().realtime_ms;
	connection->shows_heartbeat = has_heartbeat(connection);
	if (topic.len > 0) {
		say(connection->worker, buffer_view(&topic),
		    session_publisher(session),
		    online_value(value, connection->online_since_ms,
			connection->shows_heartbeat),
		    true);
		/* On disk as soon as can be: who comes after us is to know. */
		(void)journal_covering(connection->worker);
	} else {
		log_info(log_id("session", connection->id),
		    log_word("event", "no-presence"),
		    log_word("reason", "topic-too-long"));
	}
	buffer_done(&topic);
}

void
presence_heartbeat(struct connection *connection)
{
	if (connection->session != NULL &&
	    connection->shows_heartbeat != has_heartbeat(connection))
		presence_online(connection);
}

void
presence_end_begin(const struct session *session, struct presence_end *end)
{
	*end = (struct presence_end){ .publisher = session_publisher(session) };
	end->is_kept = session->state.expiry_seconds > 0;
	if (is_enabled(session->worker))
		end->topic = topic_of(session);
}

void
presence_end_done(struct worker *worker, struct presence_end *end,
    const char *reason)
{
	struct bytes topic = buffer_view(&end->topic);
	char value[VALUE_MAX];

	if (topic.len == 0)
		return;
	offline_value(value, reason, end->is_kept);
	/* Nobody is left to hear of it. Who comes after us says it. */
	if (worker->is_stopping) {
		struct ipc_publish parts = parts_of(topic, end->publisher,
		    bytes_of_string(value));

		retention_put_own(worker, &parts);
	} else {
		say(worker, topic, end->publisher, bytes_of_string(value),
		    end->is_kept);
	}
	buffer_done(&end->topic);
}

void
presence_session_ends(const struct session *session, const char *reason)
{
	struct buffer topic;
	char value[VALUE_MAX];

	if (!is_enabled(session->worker) || session->connection != NULL)
		return;
	topic = topic_of(session);
	if (topic.len > 0 &&
	    retention_has_own(session->worker, buffer_view(&topic)))
		say(session->worker, buffer_view(&topic),
		    session_publisher(session),
		    offline_value(value, reason, false), false);
	buffer_done(&topic);
}

void
presence_loaded(struct worker *worker)
{
	presence_done(worker);
	worker->presence_walk = retention_walk(worker,
	    BYTES_LITERAL(IPC_PRESENCE_PREFIX "#"));
}

static struct session *
session_of(struct worker *worker, struct bytes topic)
{
	struct buffer key = { .data = NULL };
	struct session *session = NULL;

	if (ipc_presence_session_key(topic, &key))
		session = session_find(worker, buffer_view(&key));
	buffer_done(&key);
	return session;
}

static bool
says_online(struct bytes value)
{
	struct bytes begin = BYTES_LITERAL(ONLINE_BEGIN);

	return value.len >= begin.len &&
	       memcmp(value.data, begin.data, begin.len) == 0;
}

static bool
says_stopped(struct bytes value)
{
	struct bytes reason = BYTES_LITERAL(STOPPED_REASON);

	return memmem(value.data, value.len, reason.data, reason.len) != NULL;
}

/* What a process before this one has said, which had no time to say more, or
 * nobody to say it to. */
static void
settle(struct worker *worker, const struct ipc_publish *before)
{
	const struct session *session = session_of(worker, before->topic_name);
	struct bytes topic = before->topic_name;
	char value[VALUE_MAX];

	if (!is_enabled(worker))
		forget(worker, topic);
	else if (session != NULL && session->connection != NULL)
		return; /* its connection has said it anew */
	else if (says_online(before->payload))
		say(worker, topic, before->publisher,
		    offline_value(value, "server-failed", session != NULL),
		    session != NULL);
	else if (says_stopped(before->payload))
		say(worker, topic, before->publisher, before->payload,
		    session != NULL);
	else if (session == NULL)
		say(worker, topic, before->publisher,
		    offline_value(value, "expired", false), false);
}

static bool
may_go_on(const struct worker *worker)
{
	return worker->presence_walk != NULL && worker->is_ready &&
	       !worker->is_stopping && !worker_is_congested(worker) &&
	       !worker_is_full(worker);
}

bool
presence_turn(struct worker *worker)
{
	unsigned int steps = TURN_STEPS;
	struct message *message;

	if (!may_go_on(worker))
		return false;
	for (unsigned int i = 0; i < TURN_MESSAGES; i++) {
		message = retained_walk_next(worker->presence_walk,
		    worker_now_ms(worker), &steps);
		if (message == NULL)
			break;
		message_ref(message);
		settle(worker, message_parts(message));
		message_unref(&message);
	}
	if (retained_walk_is_done(worker->presence_walk))
		presence_done(worker);
	return worker->presence_walk != NULL;
}

void
presence_done(struct worker *worker)
{
	retained_walk_free(&worker->presence_walk);
}
