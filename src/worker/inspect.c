/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/inspect.h"

#include <errno.h>
#include <stdlib.h>

#include "ipc/control.h"
#include "lib/memory.h"
#include "rights/pattern.h"
#include "worker/connection.h"
#include "worker/inspect_lines.h"

/* In one turn: what takes about a millisecond; a connection that is ended costs
 * as much as the look at some. */
#define COST_A_TURN 1000
#define END_COST    10
/* The master relays for fewer. */
#define INSPECTIONS_MAX 64

#define ID_DIGITS 16

struct inspection {
	LIST_ENTRY(inspection) in_all;
	struct session_cursor cursor;
	struct ipc_sessions_ask ask; /* its texts lie in payload */
	struct buffer payload;
	bool is_waiting; /* for the master to want more */
	/* Of a session that is shown, whose subscriptions take several pages:
	 * who it is, and how many were shown. */
	uint64_t shown;
	size_t subscription_count;
};

static struct inspection *
find(struct worker *worker, uint64_t number)
{
	struct inspection *inspection;

	LIST_FOREACH(inspection, &worker->inspections, in_all)
	if (inspection->ask.number == number)
		return inspection;
	return NULL;
}

static void
inspection_free(struct inspection *inspection)
{
	LIST_REMOVE(inspection, in_all);
	session_cursor_close(&inspection->cursor);
	buffer_done(&inspection->payload);
	free(inspection);
}

static int
on_ask(struct worker *worker, struct bytes payload)
{
	struct inspection *inspection, *other;
	struct ipc_sessions_ask ask;
	unsigned int count = 0;

	LIST_FOREACH(other, &worker->inspections, in_all)
	count++;
	if (count >= INSPECTIONS_MAX ||
	    ipc_sessions_ask_decode(payload, &ask) != 0 ||
	    find(worker, ask.number) != NULL)
		return -EBADMSG;
	inspection = memory_new(1, sizeof(*inspection));
	buffer_append(&inspection->payload, payload);
	(void)ipc_sessions_ask_decode(buffer_view(&inspection->payload),
	    &inspection->ask);
	LIST_INSERT_HEAD(&worker->inspections, inspection, in_all);
	session_cursor_open(worker, &inspection->cursor);
	return 0;
}

int
on_sessions_message(struct worker *worker, const struct ipc_message *message)
{
	struct inspection *inspection;
	uint64_t number;

	if (message->type == IPC_SESSIONS_ASK)
		return on_ask(worker, message->payload);
	if (ipc_sessions_number_decode(message->payload, &number) != 0)
		return -EBADMSG;
	inspection = find(worker, number);
	/* it may have ended meanwhile */
	if (inspection == NULL)
		return 0;
	if (message->type == IPC_SESSIONS_END)
		inspection_free(inspection);
	else
		inspection->is_waiting = false;
	return 0;
}

static bool
is_named(const struct session *session, struct bytes name)
{
	struct bytes identity = session_identity(session);
	struct bytes client_id = session_client_id(session);
	uint64_t id = 0;

	if (bytes_equal(identity, name))
		return true;
	if (name.len == identity.len + 1 + client_id.len &&
	    memcmp(name.data, identity.data, identity.len) == 0 &&
	    name.data[identity.len] == '/' &&
	    bytes_equal(bytes_skip(name, identity.len + 1), client_id))
		return true;
	if (name.len != ID_DIGITS || session->id == 0)
		return false;
	for (size_t i = 0; i < ID_DIGITS; i++) {
		static const char digits[] = "0123456789abcdef";
		const char *digit = memchr(digits, name.data[i], ID_DIGITS);

		if (digit == NULL)
			return false;
		id = id << 4 | (uint64_t)(digit - digits);
	}
	return id == session->id;
}

static bool
is_match(struct bytes pattern, struct bytes text)
{
	return pattern.len == 0 || rights_text_matches(pattern, text);
}

static bool
is_wanted(const struct ipc_sessions_ask *ask, const struct session *session)
{
	char address[INSPECT_ADDRESS_MAX];

	if ((ask->state == IPC_SESSIONS_CONNECTED ||
		ask->action == IPC_SESSIONS_DISCONNECT) &&
	    session->connection == NULL)
		return false;
	if (ask->state == IPC_SESSIONS_OFFLINE && session->connection != NULL)
		return false;
	if (ask->name.len > 0 && !is_named(session, ask->name))
		return false;
	if (!is_match(ask->identity, session_identity(session)) ||
	    !is_match(ask->client_id, session_client_id(session)))
		return false;
	if (ask->peer.len == 0)
		return true;
	inspect_address(session, address);
	return is_match(ask->peer, bytes_of_string(address));
}

/* Its line, and as many of its subscriptions as fit; it is next again if there
 * are more. */
static void
show(struct inspection *inspection, struct session *session, struct buffer *out)
{
	uint64_t shown = session_publisher(session);

	if (inspection->shown != shown) {
		inspection->subscription_count = 0;
		inspect_session(session, out);
	}
	inspection->shown = shown;
	inspection->subscription_count += inspect_subscriptions(session,
	    inspection->subscription_count, IPC_SESSIONS_PAGE_BYTES, out);
	if (inspection->subscription_count < session->subscription_count)
		inspection->cursor.next = session;
	else
		inspection->shown = 0;
}

/* Returns what it has cost. */
static unsigned int
look_at(struct inspection *inspection, struct session *session,
    struct buffer *out)
{
	if (!is_wanted(&inspection->ask, session))
		return 1;
	switch (inspection->ask.action) {
	case IPC_SESSIONS_LIST:
		inspect_session(session, out);
		return 1;
	case IPC_SESSIONS_SHOW:
		show(inspection, session, out);
		return 1;
	case IPC_SESSIONS_DISCONNECT:
		inspect_session(session, out);
		connection_disconnect(session->connection,
		    MQTT_REASON_ADMINISTRATIVE_ACTION, "administrative-action");
		return END_COST;
	}
	return 1;
}

static void
send_page(struct worker *worker, struct inspection *inspection, bool is_last,
    struct bytes lines)
{
	struct ipc_sessions_page page = { inspection->ask.number, is_last,
		lines };
	struct buffer out = { NULL, 0, 0 };

	ipc_sessions_page_encode(&page, &out);
	proc_master_push(worker->child, IPC_SESSIONS_PAGE, buffer_view(&out));
	buffer_done(&out);
}

/* Returns whether there is more to do without the master. */
static bool
go_on(struct worker *worker, struct inspection *inspection)
{
	struct session *session = NULL;
	struct buffer lines = { NULL, 0, 0 };
	unsigned int cost = 0;

	while (cost < COST_A_TURN && lines.len < IPC_SESSIONS_PAGE_BYTES &&
	       (session = session_cursor_next(&inspection->cursor)) != NULL)
		cost += look_at(inspection, session, &lines);
	if (session == NULL || lines.len > 0)
		send_page(worker, inspection, session == NULL,
		    buffer_view(&lines));
	inspection->is_waiting = lines.len > 0;
	buffer_done(&lines);
	if (session == NULL) {
		inspection_free(inspection);
		return false;
	}
	return !inspection->is_waiting;
}

bool
inspect_turn(struct worker *worker)
{
	struct inspection *inspection, *next;
	bool is_busy = false;

	for (inspection = LIST_FIRST(&worker->inspections); inspection != NULL;
	     inspection = next) {
		next = LIST_NEXT(inspection, in_all);
		if (!inspection->is_waiting)
			is_busy |= go_on(worker, inspection);
	}
	return is_busy;
}

void
inspect_done(struct worker *worker)
{
	while (!LIST_EMPTY(&worker->inspections))
		inspection_free(LIST_FIRST(&worker->inspections));
}
