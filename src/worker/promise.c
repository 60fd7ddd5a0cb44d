/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/promise.h"

#include <stddef.h>
#include <stdlib.h>

#include "lib/memory.h"
#include "worker/heartbeat.h"
#include "worker/journal.h"
#include "worker/session.h"

struct promise {
	struct journal_wait wait;
	LIST_ENTRY(promise) of_connection;
	struct connection *connection;
	uint64_t announcement;
	bool is_connack;
	size_t len;
	uint8_t packet[];
};

/* The client has its CONNACK: now all else may come. */
static void
open_up(struct connection *connection, struct bytes packet)
{
	connection->waits_connack = false;
	connection_send(connection, packet);
	heartbeat_resume(connection);
	session_send_queued(connection->session);
	connection_resume(connection);
}

/* What announces nothing waits for no other. */
static void
send_after(struct connection *connection, uint64_t announcement,
    struct bytes packet)
{
	if (announcement == 0)
		connection_send(connection, packet);
	else
		interest_send_after(connection->worker, connection,
		    announcement, packet);
}

static void
keep(struct promise *promise)
{
	struct connection *connection = promise->connection;
	struct bytes packet = bytes_of(promise->packet, promise->len);

	if (promise->is_connack) {
		open_up(connection, packet);
		return;
	}
	connection->waiting_subacks--;
	send_after(connection, promise->announcement, packet);
	connection_watch(connection);
}

static void
on_written(struct worker *worker, struct journal_wait *wait)
{
	struct promise *promise = (struct promise *)((char *)wait -
						     offsetof(struct promise,
							 wait));

	(void)worker;
	/* Out of the list first: the connection may end for what it sent. */
	LIST_REMOVE(promise, of_connection);
	keep(promise);
	free(promise);
}

static struct promise *
promise_new(struct connection *connection, struct bytes packet)
{
	struct promise *promise = memory_new(1, sizeof(*promise) + packet.len);

	promise->wait.on_written = on_written;
	promise->connection = connection;
	promise->len = packet.len;
	memcpy(promise->packet, packet.data, packet.len);
	LIST_INSERT_HEAD(&connection->promises, promise, of_connection);
	return promise;
}

void
promise_connack(struct connection *connection, struct bytes packet)
{
	struct promise *promise = promise_new(connection, packet);

	promise->is_connack = true;
	connection->waits_connack = true;
	journal_wait(connection->worker, &promise->wait);
}

void
promise_send(struct connection *connection, uint64_t announcement,
    struct bytes packet)
{
	struct worker *worker = connection->worker;
	struct promise *promise;

	if (connection->session->number == IPC_STORE_NONE ||
	    journal_covering(worker) == IPC_STORE_NONE) {
		send_after(connection, announcement, packet);
		return;
	}
	promise = promise_new(connection, packet);
	promise->announcement = announcement;
	connection->waiting_subacks++;
	journal_wait(worker, &promise->wait);
}

void
promise_forget(struct connection *connection)
{
	struct promise *promise;

	while ((promise = LIST_FIRST(&connection->promises)) != NULL) {
		journal_wait_cancel(connection->worker, &promise->wait);
		LIST_REMOVE(promise, of_connection);
		free(promise);
	}
	connection->waits_connack = false;
}
