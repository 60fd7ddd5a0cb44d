/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sessions for who sits at the control socket: the workers are asked one after
 * the other, and what they say is passed on, a page at a time.
 */
#include <errno.h>
#include <stdlib.h>

#include "ipc/control.h"
#include "master/control_internal.h"
#include "master/master.h"

#define WORKER_ANY UINT16_MAX

void
control_query_end(struct control_client *client)
{
	struct control_query *query = &client->query;
	struct buffer out = { NULL, 0, 0 };

	if (query->number != 0 && query->worker != NULL) {
		ipc_sessions_number_encode(query->number, &out);
		(void)member_give(query->worker, IPC_SESSIONS_END,
		    buffer_view(&out), -1);
		buffer_done(&out);
	}
	buffer_done(&query->ask);
	*query = (struct control_query){ .number = 0 };
}

static struct member *
worker_of(struct master *master, uint16_t index)
{
	for (size_t i = 0; i < master->member_count; i++)
		if (master->members[i].role->id == IPC_ROLE_WORKER &&
		    master->members[i].index == index)
			return &master->members[i];
	return NULL;
}

static void
finish(struct control_client *client)
{
	unsigned int missing = client->query.missing;

	client->query.worker = NULL;
	control_query_end(client);
	if (missing == 0)
		control_answer(client, "ok");
	else
		control_answer(client,
		    "error %u of the workers could not answer: what lives "
		    "there is missing",
		    missing);
}

/* Ask the next worker that is there, from the query's index on. */
static void
ask_next(struct control_client *client)
{
	struct master *master = client->control->master;
	struct control_query *query = &client->query;

	while ((query->worker = worker_of(master, query->index)) != NULL) {
		if (member_give(query->worker, IPC_SESSIONS_ASK,
			buffer_view(&query->ask), -1))
			return;
		query->missing++;
		query->index++;
	}
	finish(client);
}

static void
begin(struct control_client *client, struct ipc_sessions_ask *ask)
{
	struct control_query *query = &client->query;

	*query = (struct control_query){
		.number = ++client->control->query_count
	};
	ask->number = query->number;
	ipc_sessions_ask_encode(ask, &query->ask);
	ask_next(client);
}

void
control_query_resume(struct control_client *client)
{
	struct control_query *query = &client->query;
	struct buffer out = { NULL, 0, 0 };

	if (query->number == 0 || !query->is_paused)
		return;
	query->is_paused = false;
	if (query->worker == NULL) {
		ask_next(client);
		return;
	}
	ipc_sessions_number_encode(query->number, &out);
	if (!member_give(query->worker, IPC_SESSIONS_MORE, buffer_view(&out),
		-1))
		panic("the query of a worker that has ended is not resumed");
	buffer_done(&out);
}

static struct control_client *
find_query(struct control *control, const struct member *member,
    uint64_t number)
{
	for (size_t i = 0; i < CONTROL_CLIENTS_MAX; i++) {
		struct control_client *client = &control->clients[i];

		if (client->fd >= 0 && client->query.number == number &&
		    client->query.worker == member)
			return client;
	}
	return NULL;
}

int
control_on_page(struct control *control, struct member *member,
    struct bytes payload)
{
	struct ipc_sessions_page page;
	struct control_client *client;

	if (ipc_sessions_page_decode(payload, &page) != 0)
		return -EBADMSG;
	client = find_query(control, member, page.number);
	if (client == NULL)
		return 0; /* it has gone meanwhile */
	/* it was not asked for more */
	if (client->query.is_paused)
		return -EBADMSG;
	client->query.is_paused = true;
	if (page.is_last) {
		client->query.worker = NULL;
		client->query.index++;
	}
	buffer_append(&client->out, page.lines);
	control_flush(client);
	if (client->out.len == 0)
		control_query_resume(client);
	return 0;
}

void
control_on_exit(struct control *control, struct member *member)
{
	for (size_t i = 0; i < CONTROL_CLIENTS_MAX; i++) {
		struct control_client *client = &control->clients[i];

		if (client->fd < 0 || client->query.number == 0 ||
		    client->query.worker != member)
			continue;
		client->query.missing++;
		client->query.index++;
		client->query.worker = NULL;
		client->query.is_paused = true;
		if (client->out.len == 0)
			control_query_resume(client);
	}
}

static bool
take_state(struct bytes word, enum ipc_sessions_state *state)
{
	*state = IPC_SESSIONS_ANY;
	if (bytes_equal(word, BYTES_LITERAL("connected")))
		*state = IPC_SESSIONS_CONNECTED;
	else if (bytes_equal(word, BYTES_LITERAL("offline")))
		*state = IPC_SESSIONS_OFFLINE;
	else if (word.len > 0)
		return false;
	return true;
}

static bool
is_short(const struct control_field *fields, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (fields[i].value.len > IPC_SESSIONS_TEXT_MAX)
			return false;
	return true;
}

void
control_on_sessions(struct control_client *client, struct bytes line)
{
	struct ipc_sessions_ask ask = { .action = IPC_SESSIONS_LIST };
	struct control_field fields[] = { { "state", BYTES_NONE },
		{ "identity", BYTES_NONE }, { "client_id", BYTES_NONE },
		{ "peer", BYTES_NONE } };
	struct buffer memory = { NULL, 0, 0 };

	if (control_fields_take(line, fields, 4, &memory) &&
	    take_state(fields[0].value, &ask.state) && is_short(fields, 4)) {
		ask.identity = fields[1].value;
		ask.client_id = fields[2].value;
		ask.peer = fields[3].value;
		begin(client, &ask);
	} else {
		control_answer(client, "error the filter is malformed");
	}
	buffer_done(&memory);
}

static void
on_named(struct control_client *client, struct bytes line,
    enum ipc_sessions_action action)
{
	struct ipc_sessions_ask ask = { .action = action };
	struct control_field field = { "name", BYTES_NONE };
	struct buffer memory = { NULL, 0, 0 };

	if (control_fields_take(line, &field, 1, &memory) &&
	    field.value.len > 0 && is_short(&field, 1)) {
		ask.name = field.value;
		begin(client, &ask);
	} else {
		control_answer(client, "error there is no name");
	}
	buffer_done(&memory);
}

void
control_on_session(struct control_client *client, struct bytes fields)
{
	on_named(client, fields, IPC_SESSIONS_SHOW);
}

void
control_on_disconnect(struct control_client *client, struct bytes fields)
{
	on_named(client, fields, IPC_SESSIONS_DISCONNECT);
}
