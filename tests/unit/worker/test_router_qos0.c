/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A client publishes at QoS 1 or 2 at one worker; sessions that last hear it at
 * QoS 0, there and at the other. Whoever dies, and whenever: it comes to each
 * of them once at the most, and once if no worker dies that has to do with it.
 */
#include "cluster.h"
#include "tests.h"
#include "worker/handler.h"
#include "worker/journal.h"

#define PUBLISHER 0 /* its worker */
#define ELSEWHERE 1
#define PACKET_ID 7
#define CLIENTS   3

/* A client, who comes back when its worker does. */
static struct client {
	struct connection connection;
	const char *client_id;
	unsigned int worker;
	bool is_connected;
	unsigned int heard; /* PUBLISH */
} clients[CLIENTS];
#define SENDER (&clients[2]) /* the others listen, each at its worker */

static uint8_t qos;
static bool is_released;
static bool is_complete;

static struct session *
session_of(const struct client *client)
{
	struct buffer key = { .data = NULL };
	struct session *session;

	session_key_encode(BYTES_LITERAL("device-1"),
	    bytes_of_string(client->client_id), &key);
	session = session_find(cluster_worker(client->worker),
	    buffer_view(&key));
	buffer_done(&key);
	return session;
}

static void
attach(struct client *client)
{
	struct session *session = session_of(client);

	bare_connection_init(&client->connection,
	    cluster_worker(client->worker));
	/* What it is sent stays in its outbox: it has no socket. */
	client->connection.is_dirty = true;
	client->connection.session = session;
	session_attach(session, &client->connection);
	session_keep(session);
	client->is_connected = true;
}

/* The worker's end of a connection is gone with its process. */
static void
cut(struct client *client)
{
	client->is_connected = false;
	client->connection.session->connection = NULL;
	client->connection.is_dirty = false;
	bare_connection_done(&client->connection);
}

static void
detach(struct client *client)
{
	client->is_connected = false;
	session_detach(client->connection.session, true);
	client->connection.is_dirty = false;
	bare_connection_done(&client->connection);
}

static void
subscribe(struct client *client, const char *topic_filter)
{
	struct session_subscription wanted = {
		.topic_filter = bytes_of_string(topic_filter),
		.qos = 0,
	};
	struct subscription *made;
	bool is_new;

	session_subscribe(session_of(client), &wanted, &made, &is_new);
}

static void
setup_with(uint8_t at_qos, const char *filter_here, const char *filter_there)
{
	static const char *const names[CLIENTS] = { "here", "there", "sender" };

	cluster_setup();
	qos = at_qos;
	is_released = false;
	is_complete = false;
	for (size_t i = 0; i < CLIENTS; i++) {
		clients[i] = (struct client){
			.client_id = names[i],
			.worker = i == 1 ? ELSEWHERE : PUBLISHER,
		};
		bare_session_new(cluster_worker(clients[i].worker), names[i]);
		attach(&clients[i]);
	}
	subscribe(&clients[0], filter_here);
	subscribe(&clients[1], filter_there);
	cluster_settle();
}

static void
setup(uint8_t at_qos)
{
	setup_with(at_qos, "a/#", "a/#");
}

/* Each of the two is the only member of a Shared Subscription. */
static void
setup_shared(uint8_t at_qos)
{
	setup_with(at_qos, "$share/one/a/#", "$share/two/a/#");
}

static void
teardown(void)
{
	for (size_t i = 0; i < CLIENTS; i++)
		cut(&clients[i]);
	cluster_teardown();
	ck_assert_uint_eq(message_totals().count, 0);
}

static void
send_publish(bool dup)
{
	static const uint8_t body[] = { 0, 3, 'a', '/', 'b', 0, PACKET_ID, 0,
		'x' };
	struct mqtt_frame frame = {
		.type = MQTT_PUBLISH,
		.flags = (uint8_t)((dup ? 8 : 0) | qos << 1),
		.body = bytes_of(body, sizeof(body)),
	};

	ck_assert_int_eq(handle_publish(&SENDER->connection, &frame), 0);
}

static void
send_pubrel(void)
{
	static const uint8_t body[] = { 0, PACKET_ID };
	struct mqtt_frame frame = {
		.type = MQTT_PUBREL,
		.flags = 2,
		.body = bytes_of(body, sizeof(body)),
	};

	is_released = true;
	ck_assert_int_eq(handle_pubrel(&SENDER->connection, &frame), 0);
}

static void
take(struct client *client, uint8_t type)
{
	if (type == MQTT_PUBLISH)
		client->heard++;
	else if (type == MQTT_PUBREC)
		send_pubrel();
	else
		is_complete = true;
}

/* Take what a client was sent, and answer it. */
static void
client_turn(struct client *client)
{
	struct buffer sent = bare_connection_sent(&client->connection);

	for (size_t at = 0; at < sent.len; at += 2u + sent.data[at + 1])
		take(client, sent.data[at] >> 4);
	buffer_done(&sent);
}

static void
clients_turn(void)
{
	for (size_t i = 0; i < CLIENTS; i++)
		if (clients[i].is_connected)
			client_turn(&clients[i]);
}

static void
go_on(unsigned int steps)
{
	for (unsigned int i = 0; i < steps; i++) {
		clients_turn();
		cluster_step();
	}
	clients_turn();
}

/* It goes on where it was (4.4). */
static void
return_sender(void)
{
	attach(SENDER);
	if (is_released)
		send_pubrel();
	else if (!is_complete)
		send_publish(true);
}

static void
return_clients(void)
{
	for (size_t i = 0; i < CLIENTS; i++) {
		if (clients[i].is_connected ||
		    !cluster_worker(clients[i].worker)->is_ready)
			continue;
		if (&clients[i] == SENDER)
			return_sender();
		else
			attach(&clients[i]);
	}
}

/* A worker dies, with what its clients have not taken. */
static void
kill_worker(unsigned int worker)
{
	for (size_t i = 0; i < CLIENTS; i++)
		if (clients[i].worker == worker && clients[i].is_connected)
			cut(&clients[i]);
	cluster_kill(worker);
}

enum victim {
	NOBODY,
	PUBLISHERS_WORKER,
	OTHER_WORKER,
	BOTH_WORKERS,
	CONNECTION,
	VICTIM_COUNT
};

static void
wait_for_workers(void)
{
	for (unsigned int i = 0; i < CLUSTER_SIZE; i++) {
		while (!cluster_worker(i)->is_ready)
			go_on(1);
	}
}

static void
kill_and_restart(enum victim victim)
{
	bool dies[CLUSTER_SIZE] = {
		[PUBLISHER] = victim == PUBLISHERS_WORKER ||
			      victim == BOTH_WORKERS,
		[ELSEWHERE] = victim == OTHER_WORKER || victim == BOTH_WORKERS,
	};

	for (unsigned int i = 0; i < CLUSTER_SIZE; i++)
		if (dies[i])
			kill_worker(i);
	if (victim == CONNECTION)
		detach(SENDER);
	go_on(1);
	for (unsigned int i = 0; i < CLUSTER_SIZE; i++)
		if (dies[i])
			cluster_start(i);
	for (unsigned int i = 0; i < 20; i++) {
		go_on(CLUSTER_STEPS);
		return_clients();
	}
}

static void
check_heard(const struct client *client, bool has_lived, enum victim victim,
    unsigned int at)
{
	ck_assert_msg(client->heard <= 1, "%s heard it %u times: %d after %u",
	    client->client_id, client->heard, victim, at);
	ck_assert_msg(client->heard == 1 || !has_lived,
	    "%s did not hear it: %d after %u", client->client_id, victim, at);
}

/* At each moment of the exchange. */
static void
check_each_moment(void (*set_up)(uint8_t at_qos), enum victim victim)
{
	for (unsigned int at = 0; at <= 4 * CLUSTER_STEPS;
	     at += cluster_stride()) {
		set_up(2);
		send_publish(false);
		go_on(at);
		kill_and_restart(victim);
		go_on(10 * CLUSTER_STEPS);
		ck_assert(is_complete);
		check_heard(&clients[0],
		    victim == NOBODY || victim == OTHER_WORKER ||
			victim == CONNECTION,
		    victim, at);
		check_heard(&clients[1],
		    victim == NOBODY || victim == CONNECTION, victim, at);
		teardown();
	}
}

START_TEST(at_qos_2_it_is_heard_once_at_the_most_whoever_dies)
/* [MQTT-4.3.3-2] [MQTT5-4.3.3-10] */
{
	check_each_moment(setup, (enum victim)_i);
}
END_TEST

START_TEST(at_qos_2_members_hear_it_once_at_the_most_whoever_dies)
/* [MQTT-4.3.3-2] [MQTT5-4.3.3-10] */
{
	check_each_moment(setup_shared, (enum victim)_i);
}
END_TEST

/* What other workers keep is sent again. */
START_TEST(at_qos_1_one_that_was_published_once_is_heard_once_at_the_most)
{
	for (unsigned int at = 0; at <= 4 * CLUSTER_STEPS;
	     at += cluster_stride()) {
		struct session *session;

		setup(1);
		/* For this one it is kept. */
		session = bare_session_new(cluster_worker(ELSEWHERE), "lasts");
		session_keep(session);
		session_subscribe(session,
		    &(struct session_subscription){
			.topic_filter = BYTES_LITERAL("a/#"),
			.qos = 1 },
		    &(struct subscription *){ NULL }, &(bool){ false });
		cluster_settle();
		send_publish(false);
		go_on(at);
		kill_and_restart(OTHER_WORKER);
		go_on(10 * CLUSTER_STEPS);
		ck_assert(is_complete);
		check_heard(&clients[0], true, OTHER_WORKER, at);
		check_heard(&clients[1], false, OTHER_WORKER, at);
		teardown();
	}
}
END_TEST

/* Before the client sends it again it is cut off once more, and its worker dies
 * without it. */
START_TEST(one_that_is_sent_again_late_is_heard_once_at_the_most)
{
	for (unsigned int at = 0; at <= 4 * CLUSTER_STEPS;
	     at += cluster_stride()) {
		setup(2);
		send_publish(false);
		go_on(at);
		kill_worker(PUBLISHER);
		cluster_start(PUBLISHER);
		wait_for_workers();
		attach(&clients[0]);
		attach(SENDER);
		detach(SENDER);
		session_keep(session_of(SENDER));
		go_on(4 * CLUSTER_STEPS);
		kill_and_restart(BOTH_WORKERS);
		go_on(10 * CLUSTER_STEPS);
		ck_assert(is_complete);
		check_heard(&clients[0], false, BOTH_WORKERS, at);
		check_heard(&clients[1], false, BOTH_WORKERS, at);
		teardown();
	}
}
END_TEST

/* Only what may have come before is not sent at QoS 0 again. */
START_TEST(what_is_published_after_a_death_is_heard)
{
	setup(2);
	kill_worker(PUBLISHER);
	cluster_start(PUBLISHER);
	is_complete = true; /* nothing was under way */
	for (unsigned int i = 0; i < 20; i++) {
		go_on(CLUSTER_STEPS);
		return_clients();
	}
	for (unsigned int i = 0; i < 2; i++) {
		is_released = false;
		is_complete = false;
		send_publish(i == 1);
		go_on(10 * CLUSTER_STEPS);
		ck_assert(is_complete);
		ck_assert_uint_eq(clients[0].heard, i + 1);
		ck_assert_uint_eq(clients[1].heard, i + 1);
	}
	teardown();
}
END_TEST

TCase *
test_router_qos0(void)
{
	TCase *tcase = tcase_create("router_qos0");

	tcase_set_tags(tcase, "no-valgrind");
	tcase_set_timeout(tcase, 120);
	tcase_add_loop_test(tcase,
	    at_qos_2_it_is_heard_once_at_the_most_whoever_dies, 0,
	    VICTIM_COUNT);
	tcase_add_loop_test(tcase,
	    at_qos_2_members_hear_it_once_at_the_most_whoever_dies, 0,
	    VICTIM_COUNT);
	tcase_add_test(tcase,
	    at_qos_1_one_that_was_published_once_is_heard_once_at_the_most);
	tcase_add_test(tcase,
	    one_that_is_sent_again_late_is_heard_once_at_the_most);
	tcase_add_test(tcase, what_is_published_after_a_death_is_heard);
	return tcase;
}
