/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/acks.h"

#include <stdlib.h>

#include "lib/memory.h"
#include "worker/handler.h"
#include "worker/router_forward.h"
#include "worker/session.h"

#define CAPACITY_MIN 8

/* What another worker owes for an acknowledgement. */
struct ack_part {
	struct forward_wait wait; /* first: they are the same address */
	LIST_ENTRY(ack_part) next;
	struct connection *connection;
	uint64_t number;
};

static struct acks *
acks_new(struct connection *connection)
{
	struct acks *acks = memory_new(1, sizeof(*acks));

	acks->connection = connection;
	LIST_INIT(&acks->parts);
	return acks;
}

static void
acks_free(struct acks **pointer)
{
	free((*pointer)->items);
	free(*pointer);
	*pointer = NULL;
}

void
acks_done(struct connection *connection)
{
	struct acks *acks = connection->acks;
	struct ack_part *part;

	if (acks == NULL)
		return;
	while ((part = LIST_FIRST(&acks->parts)) != NULL) {
		LIST_REMOVE(part, next);
		forwards_wait_cancel(&part->wait);
		free(part);
	}
	if (acks->is_waiting)
		journal_wait_cancel(connection->worker, &acks->wait);
	acks_free(&connection->acks);
}

void
acks_rest(struct connection *connection)
{
	const struct acks *acks = connection->acks;

	if (acks != NULL && acks->count == 0 && !acks->is_waiting)
		acks_free(&connection->acks);
}

static bool
has_waiting(const struct connection *connection)
{
	return connection->acks != NULL && connection->acks->count > 0;
}

bool
acks_is_full(const struct connection *connection)
{
	return has_waiting(connection) &&
	       connection->acks->count >= ACKS_WAITING_MAX;
}

uint32_t
acks_unnoted(const struct connection *connection)
{
	const struct acks *acks = connection->acks;

	return acks == NULL ? 0 : acks->count - acks->received;
}

static struct ack *
ack_at(const struct acks *acks, uint32_t position)
{
	return &acks->items[(acks->head + position) & (acks->capacity - 1)];
}

static void
acks_grow(struct acks *acks)
{
	uint32_t capacity = acks->capacity == 0 ? CAPACITY_MIN
						: acks->capacity * 2;
	struct ack *items = memory_new(capacity, sizeof(*items));

	for (uint32_t i = 0; i < acks->count; i++)
		items[i] = *ack_at(acks, i);
	free(acks->items);
	acks->items = items;
	acks->capacity = capacity;
	acks->head = 0;
}

static void
ack_send(struct connection *connection, const struct ack *ack)
{
	/* 3.1.1 has no way to say it but to end [MQTT-4.8.0-2]. */
	if (connection->version != MQTT_VERSION_5 &&
	    ack->type != MQTT_PUBCOMP &&
	    ack->reason >= MQTT_REASON_UNSPECIFIED_ERROR)
		connection_disconnect(connection, 0,
		    mqtt_reason_name((enum mqtt_reason)ack->reason));
	if (connection->state != CONNECTION_OPEN)
		return;
	/* The identifier of what is refused is free [MQTT5-4.3.3-9]. */
	if (ack->type == MQTT_PUBREC &&
	    ack->reason >= MQTT_REASON_UNSPECIFIED_ERROR)
		session_release(connection->session, ack->packet_id);
	send_ack(connection, (enum mqtt_packet_type)ack->type, ack->packet_id,
	    (enum mqtt_reason)ack->reason);
}

static bool
ack_is_due(const struct connection *connection, const struct ack *ack)
{
	return ack->outstanding == 0 &&
	       journal_is_written(connection->worker, ack->transaction);
}

/* Is it the answer to one that the session has noted? */
static bool
is_of_received(const struct ack *ack)
{
	return ack->type == MQTT_PUBREC &&
	       ack->reason < MQTT_REASON_UNSPECIFIED_ERROR;
}

/* Send those at the front that wait for nothing more. */
static void
send_due(struct connection *connection)
{
	struct acks *acks = connection->acks;
	bool was_full = acks_is_full(connection);

	while (has_waiting(connection) &&
	       ack_is_due(connection, ack_at(acks, 0))) {
		struct ack ack = *ack_at(acks, 0);

		acks->head = (acks->head + 1) & (acks->capacity - 1);
		acks->count--;
		acks->first++;
		acks->received -= ack.was_received ? 1 : 0;
		ack_send(connection, &ack);
	}
	if (was_full && connection->state <= CONNECTION_OPEN)
		connection_watch(connection);
}

static void wait_for_disk(struct connection *connection);

static void
on_written(struct worker *worker, struct journal_wait *wait)
{
	struct acks *acks = (struct acks *)((char *)wait -
					    offsetof(struct acks, wait));
	struct connection *connection = acks->connection;

	(void)worker;
	acks->is_waiting = false;
	send_due(connection);
	if (has_waiting(connection) &&
	    !journal_is_written(worker, acks->latest))
		wait_for_disk(connection);
}

static void
wait_for_disk(struct connection *connection)
{
	struct acks *acks = connection->acks;

	if (acks->is_waiting)
		return;
	acks->is_waiting = true;
	acks->wait.on_written = on_written;
	journal_wait(connection->worker, &acks->wait);
}

uint64_t
acks_push(struct connection *connection, const struct ack *ack)
{
	struct acks *acks;
	struct ack *pushed;

	if (!has_waiting(connection) && ack_is_due(connection, ack)) {
		ack_send(connection, ack);
		return 0;
	}
	if (connection->acks == NULL)
		connection->acks = acks_new(connection);
	acks = connection->acks;
	if (acks->count == acks->capacity)
		acks_grow(acks);
	pushed = ack_at(acks, acks->count);
	*pushed = *ack;
	pushed->was_received = is_of_received(ack);
	acks->received += pushed->was_received ? 1 : 0;
	if (ack->transaction > acks->latest)
		acks->latest = ack->transaction;
	if (!journal_is_written(connection->worker, ack->transaction))
		wait_for_disk(connection);
	return acks->first + acks->count++;
}

static void
on_acknowledged(struct worker *worker, struct forward_wait *wait)
{
	struct ack_part *part = (struct ack_part *)wait;
	struct connection *connection = part->connection;
	uint64_t number = part->number;

	(void)worker;
	LIST_REMOVE(part, next);
	free(part);
	acks_complete(connection, number, MQTT_REASON_SUCCESS);
}

uint64_t
acks_push_after(struct connection *connection, const struct ack *ack,
    worker_set workers, const struct forward_origin *origin)
{
	struct ack waiting = *ack;
	uint64_t number;

	waiting.outstanding += (uint32_t)__builtin_popcountll(workers);
	number = acks_push(connection, &waiting);
	for (unsigned int i = 0; workers != 0; i++, workers >>= 1) {
		struct ack_part *part;

		if ((workers & 1) == 0)
			continue;
		part = memory_new(1, sizeof(*part));
		part->connection = connection;
		part->number = number;
		part->wait.on_acknowledged = on_acknowledged;
		LIST_INSERT_HEAD(&connection->acks->parts, part, next);
		forwards_wait(connection->worker, i, origin, &part->wait);
	}
	return number;
}

void
acks_complete(struct connection *connection, uint64_t number,
    enum mqtt_reason reason)
{
	struct acks *acks = connection->acks;
	struct ack *ack;

	if (acks == NULL || number - acks->first >= acks->count)
		panic("an acknowledgement that is completed waits");
	ack = ack_at(acks, (uint32_t)(number - acks->first));
	ack->outstanding--;
	if (reason >= MQTT_REASON_UNSPECIFIED_ERROR)
		ack->reason = (uint8_t)reason;
	send_due(connection);
}
