/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/heartbeat.h"

#include <sys/random.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "beat/offer.h"
#include "beat/pacer.h"
#include "lib/memory.h"
#include "mqtt/topic.h"
#include "worker/heartbeat_socket.h"
#include "worker/presence.h"
#include "worker/session.h"

/* How exactly time is taken, and how many new offers are made at a time. */
#define TICK_MS       50
#define OFFERS_A_TICK 500

/* A key that was replaced is good so long, for those who have not heard. */
#define OLD_KEY_MS 60000

/* How often it is seen whether an offer has left. */
#define LOOK_MS 1000

/* The topic, its length, an identifier and the head of a PUBLISH. */
#define PUBLISH_MAX (BEAT_OFFER_MAX + 64)
#define TOPIC_MAX   40

static void
random_bytes(void *out, size_t len)
{
	if (getrandom(out, len, 0) != (ssize_t)len)
		panic("getrandom() gives what was there at start");
}

/* This worker's part of them all, rounded up; if all may, all of its own. */
static size_t
heartbeat_max(const struct worker *worker)
{
	const struct config *config = worker->config;
	size_t divisor = (size_t)100 * worker->child->start.worker_count;

	if (config->heartbeat.max_sessions_percent == 100)
		return worker->connection_max;
	return ((size_t)config->limits.connections *
		       config->heartbeat.max_sessions_percent +
		   divisor - 1) /
	       divisor;
}

size_t
heartbeats_count(const struct worker *worker)
{
	return HASH_COUNT(worker->heartbeats->by_handle);
}

/* Can one more be had? Those that are to have one have their place already. */
static bool
has_room(const struct worker *worker)
{
	return heartbeats_count(worker) + worker->heartbeats->asked_count <
	       heartbeat_max(worker);
}

static bool
is_enabled(const struct worker *worker)
{
	return worker->config->heartbeat.enabled &&
	       worker->heartbeats->socket != NULL && !worker->is_stopping;
}

/* The message by which the client learns it. */
static void
send_offer(struct heartbeat *heartbeat, struct beat_offer *offer)
{
	struct connection *connection = heartbeat->connection;
	uint8_t packet[PUBLISH_MAX];
	char topic[TOPIC_MAX], text[BEAT_OFFER_MAX];
	struct mqtt_writer writer = { packet, sizeof(packet), 0 };
	struct mqtt_publish publish = { .qos = 0 };

	snprintf(topic, sizeof(topic), BEAT_TOPIC_PREFIX "%u",
	    heartbeat->asked_ms);
	publish.topic_name = bytes_of_string(topic);
	publish.payload = bytes_of(text, beat_offer_encode(offer, text));
	if (heartbeat->subscription_id != 0) { /* [MQTT5-3.3.4-3] */
		publish.properties
		    .subscription_identifier = heartbeat->subscription_id;
		mqtt_properties_mark(&publish.properties,
		    MQTT_PROPERTY_SUBSCRIPTION_IDENTIFIER);
	}
	if (mqtt_publish_encode((enum mqtt_version)connection->version,
		&publish, &writer) != 0)
		panic("PUBLISH_MAX bounds the offer");
	connection_send(connection, bytes_of(packet, writer.len));
	memory_wipe(packet, sizeof(packet));
	memory_wipe(text, sizeof(text));
	memory_wipe(offer, sizeof(*offer));
}

/* Give it a new key, and tell the client. */
static void
renew_key(struct heartbeat *heartbeat)
{
	const struct worker *worker = heartbeat->connection->worker;
	struct beat_offer offer = {
		.port = worker->config->heartbeat.port,
		.handle = heartbeat->handle,
		.key_number = ++heartbeat->key_number,
		.interval_ms = heartbeat->interval_ms,
		.misses = heartbeat->misses,
	};

	random_bytes(offer.key, sizeof(offer.key));
	beat_key_init(&heartbeat->key, offer.key);
	heartbeat->renew_at_ms = worker_now_ms(worker) +
				 UINT64_C(1000) *
				     worker->config->heartbeat.key_seconds;
	heartbeat->is_offer_out = false;
	send_offer(heartbeat, &offer);
}

void
heartbeat_forget_old_key(struct heartbeat *heartbeat)
{
	heartbeat->old_until_ms = 0;
	if (heartbeat->old_key == NULL)
		return;
	beat_key_wipe(heartbeat->old_key);
	free(heartbeat->old_key);
	heartbeat->old_key = NULL;
}

static void
ask(struct heartbeat *heartbeat)
{
	struct heartbeats *heartbeats = heartbeat->connection->worker
					    ->heartbeats;

	if (heartbeat->is_asked)
		return;
	heartbeat->is_asked = true;
	if (!heartbeat->is_on)
		heartbeats->asked_count++;
	TAILQ_INSERT_TAIL(&heartbeats->asked, heartbeat, in_asked);
}

static void
turn_off(struct heartbeat *heartbeat)
{
	struct worker *worker = heartbeat->connection->worker;

	if (heartbeat->is_asked) {
		TAILQ_REMOVE(&worker->heartbeats->asked, heartbeat, in_asked);
		if (!heartbeat->is_on)
			worker->heartbeats->asked_count--;
		heartbeat->is_asked = false;
	}
	if (!heartbeat->is_on)
		return;
	HASH_DELETE(hh, worker->heartbeats->by_handle, heartbeat);
	deadline_clear(&heartbeat->deadline);
	heartbeat_forget_old_key(heartbeat);
	beat_key_wipe(&heartbeat->key);
	heartbeat->is_on = false;
}

void
heartbeat_set_deadline(struct heartbeat *heartbeat)
{
	struct worker *worker = heartbeat->connection->worker;
	uint64_t at_ms = heartbeat->renew_at_ms;
	uint64_t silent_at_ms = heartbeat->heard_ms +
				beat_patience_ms(heartbeat->interval_ms,
				    heartbeat->misses);

	if (!heartbeat->is_offer_out)
		at_ms = worker_now_ms(worker) + LOOK_MS;
	else if (heartbeat->old_until_ms != 0 &&
		 heartbeat->old_until_ms < at_ms)
		at_ms = heartbeat->old_until_ms;
	if (heartbeat->heard_ms != 0 && silent_at_ms < at_ms)
		at_ms = silent_at_ms;
	deadline_set(&worker->heartbeats->deadlines, &heartbeat->deadline,
	    at_ms);
}

/* With a handle and a key that nobody had before. */
static void
turn_on(struct heartbeat *heartbeat)
{
	struct worker *worker = heartbeat->connection->worker;
	const struct config *config = worker->config;
	struct heartbeat *other;
	uint64_t random;

	do {
		random_bytes(&random, sizeof(random));
		heartbeat->handle = beat_handle((uint8_t)worker->child->index,
		    random);
		HASH_FIND(hh, worker->heartbeats->by_handle, &heartbeat->handle,
		    sizeof(heartbeat->handle), other);
	} while (other != NULL);
	HASH_ADD(hh, worker->heartbeats->by_handle, handle,
	    sizeof(heartbeat->handle), heartbeat);
	heartbeat->is_on = true;
	heartbeat->key_number = 0;
	heartbeat->misses = (uint8_t)config->heartbeat.misses;
	heartbeat->interval_ms = heartbeat->asked_ms;
	if (heartbeat->interval_ms < config->heartbeat.least_interval_ms)
		heartbeat->interval_ms = config->heartbeat.least_interval_ms;
	heartbeat->heard_ms = 0;
	heartbeat->window = (struct beat_window){ 0, 0 };
	renew_key(heartbeat);
	heartbeat_set_deadline(heartbeat);
}

/* By the settings of now. */
static void
turn_on_if_possible(struct heartbeat *heartbeat)
{
	struct worker *worker = heartbeat->connection->worker;
	struct beat_offer end = { .is_ended = true };

	turn_off(heartbeat);
	if (is_enabled(worker) && has_room(worker))
		turn_on(heartbeat);
	else if (!worker->is_stopping)
		send_offer(heartbeat, &end);
	presence_heartbeat(heartbeat->connection);
}

static bool
has_place(const struct heartbeat *heartbeat)
{
	return heartbeat != NULL && (heartbeat->is_on || heartbeat->is_asked);
}

enum mqtt_reason
heartbeat_check(const struct connection *connection, struct bytes topic_filter)
{
	const struct worker *worker = connection->worker;
	struct bytes group, rest;
	uint32_t interval_ms;
	int error = beat_topic_interval(topic_filter, &interval_ms);

	if (mqtt_topic_filter_is_shared(topic_filter, &group, &rest))
		return beat_topic_interval(rest, &interval_ms) == -ENOENT
			   ? MQTT_REASON_SUCCESS
			   : MQTT_REASON_TOPIC_FILTER_INVALID;
	if (error == -ENOENT)
		return MQTT_REASON_SUCCESS;
	if (error != 0)
		return MQTT_REASON_TOPIC_FILTER_INVALID;
	if (!is_enabled(worker))
		return MQTT_REASON_IMPLEMENTATION_SPECIFIC_ERROR;
	if (!has_place(connection->heartbeat) && !has_room(worker))
		return MQTT_REASON_QUOTA_EXCEEDED;
	return MQTT_REASON_SUCCESS;
}

static void on_tick(uv_timer_t *timer);

static struct heartbeat *
heartbeat_new(struct connection *connection)
{
	struct heartbeats *heartbeats = connection->worker->heartbeats;
	struct heartbeat *heartbeat = memory_new(1, sizeof(*heartbeat));

	heartbeat->connection = connection;
	connection->heartbeat = heartbeat;
	if (TAILQ_EMPTY(&heartbeats->all))
		uv_timer_start(&heartbeats->tick, on_tick, TICK_MS, TICK_MS);
	TAILQ_INSERT_TAIL(&heartbeats->all, heartbeat, in_all);
	return heartbeat;
}

void
heartbeat_free(struct heartbeat **heartbeat)
{
	struct heartbeats *heartbeats;

	if (*heartbeat == NULL)
		return;
	heartbeats = (*heartbeat)->connection->worker->heartbeats;
	turn_off(*heartbeat);
	TAILQ_REMOVE(&heartbeats->all, *heartbeat, in_all);
	if (TAILQ_EMPTY(&heartbeats->all))
		uv_timer_stop(&heartbeats->tick);
	free(*heartbeat);
	*heartbeat = NULL;
}

static size_t
topic_filter_of(const struct heartbeat *heartbeat, char topic[TOPIC_MAX])
{
	return (size_t)snprintf(topic, TOPIC_MAX, BEAT_TOPIC_PREFIX "%u",
	    heartbeat->asked_ms);
}

void
heartbeat_subscribed(struct connection *connection,
    const struct session_subscription *subscription)
{
	struct heartbeat *heartbeat = connection->heartbeat;
	char before[TOPIC_MAX];
	uint32_t interval_ms;
	size_t len;

	if (beat_topic_interval(subscription->topic_filter, &interval_ms) != 0)
		return;
	if (heartbeat == NULL)
		heartbeat = heartbeat_new(connection);
	len = topic_filter_of(heartbeat, before);
	heartbeat->asked_ms = interval_ms;
	if (!bytes_equal(bytes_of(before, len), subscription->topic_filter))
		(void)session_unsubscribe(connection->session,
		    bytes_of(before, len));
	heartbeat->subscription_id = subscription->identifier;
	ask(heartbeat);
}

void
heartbeats_turn_end(struct worker *worker)
{
	struct heartbeat *heartbeat;

	if (worker->heartbeats == NULL)
		return; /* they are done, and the last turns go by */
	while ((heartbeat = TAILQ_FIRST(&worker->heartbeats->asked)) != NULL)
		turn_on_if_possible(heartbeat);
}

void
heartbeat_unsubscribed(struct connection *connection, struct bytes topic_filter)
{
	uint32_t interval_ms;

	if (connection->heartbeat != NULL &&
	    beat_topic_interval(topic_filter, &interval_ms) == 0 &&
	    interval_ms == connection->heartbeat->asked_ms) {
		heartbeat_free(&connection->heartbeat);
		presence_heartbeat(connection);
	}
}

void
heartbeat_resume(struct connection *connection)
{
	struct session_subscription found = { .qos = 0 };
	struct subscription *subscription;
	struct buffer filter = { .data = NULL };
	uint32_t interval_ms;

	if (!connection->session->has_heartbeat)
		return;
	LIST_FOREACH(subscription, &connection->session->subscriptions,
	    of_session)
	{
		if (subscription->is_shared)
			continue;
		filter.len = 0;
		topic_node_filter(subscription->node, &filter);
		if (beat_topic_interval(buffer_view(&filter), &interval_ms) !=
		    0)
			continue;
		found.topic_filter = buffer_view(&filter);
		found.identifier = subscription->identifier;
		heartbeat_subscribed(connection, &found);
		turn_on_if_possible(connection->heartbeat);
		break;
	}
	connection->session->has_heartbeat = connection->heartbeat != NULL;
	buffer_done(&filter);
}

/* The last sign of life; what came while we could not listen may be one. */
static uint64_t
last_heard_ms(const struct heartbeat *heartbeat)
{
	const struct connection *connection = heartbeat->connection;
	uint64_t heard_ms = heartbeat->heard_ms;

	if (connection_is_held_back(connection))
		return worker_now_ms(connection->worker);
	if (connection->received_ms > heard_ms)
		heard_ms = connection->received_ms;
	if (connection->worker->heartbeats->listening_ms > heard_ms)
		heard_ms = connection->worker->heartbeats->listening_ms;
	return heard_ms;
}

static void
on_missed(struct heartbeat *heartbeat)
{
	struct connection *connection = heartbeat->connection;

	connection->worker->child->counted[IPC_STATISTIC_BEATS_MISSED]++;
	connection_disconnect_saying(connection, MQTT_REASON_KEEP_ALIVE_TIMEOUT,
	    "the heartbeat was missed", "heartbeat-timeout");
}

/* Has the client been silent too long? */
static bool
is_missed(struct heartbeat *heartbeat, uint64_t now_ms)
{
	if (heartbeat->heard_ms == 0)
		return false;
	heartbeat->heard_ms = last_heard_ms(heartbeat);
	return now_ms - heartbeat->heard_ms >=
	       beat_patience_ms(heartbeat->interval_ms, heartbeat->misses);
}

/* The key before is good until a while after the client could read of the one
 * of now; and that one is not renewed before. */
static void
age_keys(struct heartbeat *heartbeat, uint64_t now_ms)
{
	const struct connection *connection = heartbeat->connection;

	if (!heartbeat->is_offer_out) {
		heartbeat->old_until_ms = now_ms + OLD_KEY_MS;
		heartbeat->is_offer_out = connection->unsent.len == 0 &&
					  outbox_is_empty(&connection->outbox);
	} else if (now_ms >= heartbeat->old_until_ms) {
		heartbeat_forget_old_key(heartbeat);
	}
	if (now_ms < heartbeat->renew_at_ms || !heartbeat->is_offer_out)
		return;
	heartbeat_forget_old_key(heartbeat);
	heartbeat->old_key = memory_new(1, sizeof(*heartbeat->old_key));
	*heartbeat->old_key = heartbeat->key;
	heartbeat->old_until_ms = now_ms + OLD_KEY_MS;
	renew_key(heartbeat);
}

static void
on_due(void *context, struct deadline *deadline)
{
	struct heartbeat *heartbeat = (struct heartbeat
		*)((char *)deadline - offsetof(struct heartbeat, deadline));
	uint64_t now_ms = worker_now_ms(context);

	/* What is ending has neither a miss nor another key. */
	if (heartbeat->connection->state != CONNECTION_OPEN)
		return;
	if (is_missed(heartbeat, now_ms)) {
		on_missed(heartbeat);
		return;
	}
	age_keys(heartbeat, now_ms);
	heartbeat_set_deadline(heartbeat);
}

/* Settings have changed: those who have heartbeats are told. */
static void
renew_stale(struct heartbeats *heartbeats)
{
	struct heartbeat *heartbeat;

	for (unsigned int i = 0; i < OFFERS_A_TICK; i++) {
		heartbeat = TAILQ_FIRST(&heartbeats->all);
		if (heartbeat == NULL || !heartbeat->is_stale)
			return;
		heartbeat->is_stale = false;
		TAILQ_REMOVE(&heartbeats->all, heartbeat, in_all);
		TAILQ_INSERT_TAIL(&heartbeats->all, heartbeat, in_all);
		if (heartbeat->connection->state == CONNECTION_OPEN)
			turn_on_if_possible(heartbeat);
	}
}

static void
on_tick(uv_timer_t *timer)
{
	struct heartbeats *heartbeats = timer->data;
	struct worker *worker = heartbeats->worker;

	renew_stale(heartbeats);
	/* Before the verdict, all is to be got that has come. */
	if (heartbeats->socket == NULL || !worker->config->heartbeat.enabled ||
	    !heartbeat_socket_receive(heartbeats->socket))
		return;
	deadline_wheel_turn(&heartbeats->deadlines, worker_now_ms(worker),
	    on_due, worker);
}

void
heartbeats_lost(struct worker *worker, uint32_t count)
{
	worker->child->counted[IPC_STATISTIC_BEATS_LOST] += count;
	worker->heartbeats->listening_ms = worker_now_ms(worker);
}

void
heartbeats_set_socket(struct worker *worker, int fd)
{
	struct heartbeats *heartbeats = worker->heartbeats;

	if (fd < 0 || heartbeats->socket != NULL)
		return;
	heartbeats->socket = heartbeat_socket_open(worker, fd);
	if (heartbeats->socket != NULL)
		heartbeat_socket_watch(heartbeats->socket,
		    worker->config->heartbeat.enabled);
}

int
on_heartbeat_socket(struct worker *worker, struct ipc_message *message)
{
	if (worker->heartbeats->socket != NULL)
		return -EBADMSG;
	heartbeats_set_socket(worker, message->fd);
	message->fd = -1;
	return 0;
}

void
heartbeats_commit(struct worker *worker, const struct config *before)
{
	struct heartbeats *heartbeats = worker->heartbeats;
	const struct config *config = worker->config;
	struct heartbeat *heartbeat;

	if (heartbeats->socket != NULL)
		heartbeat_socket_watch(heartbeats->socket,
		    config->heartbeat.enabled);
	if (before->heartbeat.enabled == config->heartbeat.enabled &&
	    before->heartbeat.misses == config->heartbeat.misses &&
	    before->heartbeat.least_interval_ms ==
		config->heartbeat.least_interval_ms)
		return;
	TAILQ_FOREACH(heartbeat, &heartbeats->all, in_all)
	heartbeat->is_stale = true;
}

void
heartbeats_init(struct worker *worker)
{
	struct heartbeats *heartbeats = memory_new(1, sizeof(*heartbeats));

	TAILQ_INIT(&heartbeats->all);
	TAILQ_INIT(&heartbeats->asked);
	deadline_wheel_init(&heartbeats->deadlines, TICK_MS,
	    worker_now_ms(worker));
	heartbeats->worker = worker;
	heartbeats->tick.data = heartbeats;
	uv_timer_init(&worker->child->loop, &heartbeats->tick);
	worker->heartbeats = heartbeats;
}

static void
on_closed(uv_handle_t *handle)
{
	struct heartbeats *heartbeats = handle->data;

	free(heartbeats);
}

void
heartbeats_done(struct worker *worker)
{
	heartbeat_socket_close(&worker->heartbeats->socket);
	beat_key_stop();
	uv_close((uv_handle_t *)&worker->heartbeats->tick, on_closed);
	worker->heartbeats = NULL;
}
