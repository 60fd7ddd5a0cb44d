/* SPDX-License-Identifier: Apache-2.0 */
#include "store/loader.h"

#include <stdlib.h>

#include "ipc/presence.h"
#include "lib/clock.h"
#include "lib/hash.h"
#include "lib/memory.h"
#include "lib/pack.h"
#include "store/fault.h"
#include "store/iterator.h"

/* Of one step: of rows that are sent, and rows that are looked at. */
#define STEP_BYTES (512 * 1024)
#define STEP_ROWS  50000

struct loader {
	uv_work_t work; /* first: they are the same address */
	struct store_client *client;
	struct loader_target target;
	struct loader_state state;
	struct frames frames;
	bool is_under_way;
	bool is_stopped;
	int error;
	char why[DATABASE_WHY_MAX];
};

/* A step, as it is taken. */
struct step {
	struct database *database;
	const struct loader_target *target;
	struct loader_state *state;
	struct frames *frames;
	struct iterator *queues; /* NULL until one is needed */
};

void
loader_state_init(struct loader_state *state)
{
	*state = (struct loader_state){ .family = DATABASE_SESSIONS };
}

void
loader_state_done(struct loader_state *state)
{
	buffer_done(&state->after);
}

static void
row_append(struct step *step, const struct ipc_store_row *row)
{
	size_t begin = frames_begin(step->frames, IPC_STORE_ROW);

	ipc_store_row_encode(row, &step->frames->bytes);
	if (frames_end(step->frames, begin))
		step->state->rows++;
	else
		step->state->lost++;
}

/* The row of a queue that an iterator stands at: false if it is another's. */
static bool
queue_row(const struct iterator *rows, uint64_t session,
    struct ipc_store_change *put)
{
	return iterator_is_valid(rows) &&
	       row_queue_key_decode(iterator_key(rows), &put->session,
		   &put->sequence) == 0 &&
	       put->session == session &&
	       row_queue_decode(iterator_value(rows), put) == 0;
}

/* From the first to the last entry of a session's queue. */
static int
queue_measure(struct step *step, struct ipc_store_row *row, char *why)
{
	struct ipc_store_change put = { .session = 0 };
	struct buffer key = { NULL, 0, 0 };
	int error;

	if (step->queues == NULL)
		step->queues = iterator_open(step->database, DATABASE_QUEUES);
	row_queue_key(row->put.session, 0, &key);
	iterator_seek(step->queues, buffer_view(&key));
	error = iterator_error(step->queues, why);
	if (error == 0 && queue_row(step->queues, row->put.session, &put)) {
		row->first_sequence = put.sequence;
		row->first_total = put.total;
		row->first_len = put.len;
		key.len = 0;
		row_queue_key(row->put.session, UINT64_MAX, &key);
		iterator_seek_back(step->queues, buffer_view(&key));
		error = iterator_error(step->queues, why);
		if (error == 0 &&
		    queue_row(step->queues, row->put.session, &put)) {
			row->last_sequence = put.sequence;
			row->last_total = put.total;
		}
	}
	buffer_done(&key);
	return error;
}

static int
on_head(struct step *step, struct ipc_store_row *row, struct bytes value,
    char *why)
{
	const struct loader_target *target = step->target;
	int error;

	row->put.type = IPC_STORE_SESSION_PUT;
	if (row_head_decode(value, &row->put) != 0) {
		step->state->lost++;
		return 0;
	}
	step->state->is_home = hash_home(target->home_key, row->put.key,
				   target->worker_count) == target->worker;
	if (step->state->is_home) {
		error = queue_measure(step, row, why);
		if (error != 0)
			return error;
		row_append(step, row);
	}
	step->state->session = row->put.session;
	return 0;
}

/* What a worker has received is its own, wherever the session is; what one had
 * received when homes were others concerns all. */
static void
on_received(struct step *step, const struct row_session *decoded)
{
	struct ipc_store_row row = {
		.put = { .type = IPC_STORE_RECEIVED_PUT,
		    .session = decoded->session,
		    .packet_id = decoded->packet_id },
		.worker = decoded->worker,
		.homes = decoded->homes,
	};

	if (decoded->worker == step->target->worker || decoded->homes.len > 0)
		row_append(step, &row);
}

static int
on_session_row(struct step *step, struct bytes key, struct bytes value,
    char *why)
{
	struct ipc_store_row row = { .first_sequence = 0 };
	struct row_session decoded;

	if (row_session_key_decode(key, &decoded) != 0) {
		step->state->lost++;
		return 0;
	}
	row.put.session = decoded.session;
	if (decoded.kind == ROW_SESSION_HEAD)
		return on_head(step, &row, value, why);
	if (decoded.session != step->state->session)
		return 0; /* left over from one that is gone */
	if (decoded.kind == ROW_SESSION_SUBSCRIPTION) {
		row.put.type = IPC_STORE_SUBSCRIPTION_PUT;
		row.put.key = decoded.filter;
		row.put.value = value;
		if (step->state->is_home)
			row_append(step, &row);
	} else {
		on_received(step, &decoded);
	}
	return 0;
}

static bool
is_at_home(const struct step *step, struct bytes name)
{
	return hash_home(step->target->home_key, name,
		   step->target->worker_count) == step->target->worker;
}

/* What is said of a session is where the session is. */
static bool
is_topic_at_home(const struct step *step, struct bytes topic)
{
	struct buffer key = { .data = NULL };
	bool is_home;

	if (!ipc_presence_session_key(topic, &key))
		return is_at_home(step, topic);
	is_home = is_at_home(step, buffer_view(&key));
	buffer_done(&key);
	return is_home;
}

static int
on_retained_row(struct step *step, struct bytes key, struct bytes value)
{
	struct ipc_store_row row = { .put = { .type = IPC_STORE_RETAINED_PUT,
					 .key = key } };

	if (key.len == 0 || row_retained_decode(value, &row.put) != 0)
		step->state->lost++;
	else if (is_topic_at_home(step, key) &&
		 row.put.expires_at > step->target->now)
		row_append(step, &row);
	return 0;
}

static int
on_share_row(struct step *step, struct bytes key, struct bytes value)
{
	struct ipc_store_row row = { .put = { .type = IPC_STORE_SHARE_PUT } };
	const struct loader_target *target = step->target;

	if (row_message_key_decode(key, &row.put.message) != 0 ||
	    row_share_decode(value, &row.put, &row.worker) != 0)
		step->state->lost++;
	else if ((row.put.body.len == 0 ||
		     row.worker % target->worker_count == target->worker) &&
		 row.put.expires_at > target->now)
		row_append(step, &row);
	return 0;
}

/* Of the others: only what a worker has delivered of forwards is loaded. */
static int
on_meta_row(struct step *step, struct bytes key, struct bytes value)
{
	struct ipc_store_row row = { .put = {
					 .type = IPC_STORE_FORWARDED_PUT } };
	struct unpack in = { .input = value };
	uint16_t worker;

	if (row_forwarded_key_decode(key, &worker, &row.put.worker) != 0)
		return 0;
	row.put.sequence = unpack_u64(&in);
	if (!unpack_is_complete(&in) || row.put.sequence == 0)
		step->state->lost++;
	else if (worker == step->target->worker)
		row_append(step, &row);
	return 0;
}

static int
on_row(struct step *step, const struct iterator *rows, char *why)
{
	struct bytes key = iterator_key(rows);
	struct bytes value = iterator_value(rows);

	switch (step->state->family) {
	case DATABASE_SESSIONS:
		return on_session_row(step, key, value, why);
	case DATABASE_RETAINED:
		return on_retained_row(step, key, value);
	case DATABASE_SHARES:
		return on_share_row(step, key, value);
	default:
		return on_meta_row(step, key, value);
	}
}

/* What is loaded behind a family. */
static enum database_family
family_next(enum database_family family)
{
	switch (family) {
	case DATABASE_SESSIONS:
		return DATABASE_RETAINED;
	case DATABASE_RETAINED:
		return DATABASE_SHARES;
	default:
		return DATABASE_META;
	}
}

static void
family_end(struct loader_state *state)
{
	if (state->family == DATABASE_META)
		state->is_complete = true;
	else
		state->family = family_next(state->family);
	state->after.len = 0;
}

/* To the first row behind those that were read. */
static void
seek_on(struct iterator *rows, const struct loader_state *state)
{
	struct bytes after = buffer_view(&state->after);

	iterator_seek(rows, after);
	if (after.len > 0 && iterator_is_valid(rows) &&
	    bytes_equal(iterator_key(rows), after))
		iterator_next(rows);
}

int
loader_read(struct database *database, const struct loader_target *target,
    size_t len, struct loader_state *state, struct frames *frames, char *why)
{
	struct step step = { database, target, state, frames, NULL };
	struct iterator *rows = iterator_open(database, state->family);
	int error = 0;

	seek_on(rows, state);
	for (unsigned int i = 0; i < STEP_ROWS && frames->bytes.len < len &&
				 iterator_is_valid(rows);
	     i++) {
		error = on_row(&step, rows, why);
		if (error != 0)
			break;
		state->after.len = 0;
		buffer_append(&state->after, iterator_key(rows));
		iterator_next(rows);
	}
	if (error == 0)
		error = iterator_error(rows, why);
	if (error == 0 && !iterator_is_valid(rows))
		family_end(state);
	iterator_close(&rows);
	iterator_close(&step.queues);
	return error;
}

static void
on_work(uv_work_t *work)
{
	struct loader *loader = (struct loader *)work;

	loader->error = loader_read(loader->client->store->database,
	    &loader->target, STEP_BYTES, &loader->state, &loader->frames,
	    loader->why);
}

static void
loader_free(struct loader *loader)
{
	loader->client->loader = NULL;
	client_unref(&loader->client);
	loader_state_done(&loader->state);
	frames_done(&loader->frames);
	free(loader);
}

/* Rows that were read before a fault are sent as well: they are not read
 * again. */
static void
loader_send(struct loader *loader)
{
	struct bytes rest = buffer_view(&loader->frames.bytes);
	struct bytes payload;
	uint8_t type;

	while (frames_next(&rest, &type, &payload))
		client_push(loader->client, (enum ipc_message_type)type,
		    payload);
	loader->frames.bytes.len = 0;
	loader->frames.count = 0;
}

static void
loader_finish(struct loader *loader)
{
	client_push(loader->client, IPC_STORE_LOADED, BYTES_NONE);
	if (loader->state.lost > 0)
		log_warning(log_word("event", "rows-lost"),
		    log_number("worker", loader->target.worker),
		    log_number("count", (int64_t)loader->state.lost),
		    log_word("reason", "they-do-not-decode"));
	log_info(log_word("event", "loaded"),
	    log_number("worker", loader->target.worker),
	    log_number("rows", (int64_t)loader->state.rows));
	loader_free(loader);
}

static void
on_done(uv_work_t *work, int status)
{
	struct loader *loader = (struct loader *)work;
	struct store *store = loader->client->store;

	(void)status;
	loader->is_under_way = false;
	store->reader_count--;
	if (loader->error != 0)
		fault_report_read(store->fault, loader->error, loader->why);
	loader_send(loader);
	if (loader->is_stopped)
		loader_free(loader);
	else if (loader->state.is_complete)
		loader_finish(loader);
	store_job_done(store);
}

void
loader_go_on(struct store_client *client)
{
	struct loader *loader = client->loader;
	struct store *store = client->store;

	if (loader == NULL || loader->is_under_way || !store_may_read(store) ||
	    client_is_full(client))
		return;
	loader->is_under_way = true;
	store->job_count++;
	store->reader_count++;
	if (uv_queue_work(&store->child->loop, &loader->work, on_work,
		on_done) != 0)
		panic("the pool takes a load");
}

void
loader_start(struct store_client *client)
{
	const struct ipc_start *start = &client->store->child->start;
	struct loader *loader = memory_new(1, sizeof(*loader));

	loader->client = client_ref(client);
	loader->target = (struct loader_target){ .worker = client->index,
		.worker_count = start->worker_count,
		.now = clock_realtime_seconds() };
	memcpy(loader->target.home_key, start->home_key,
	    sizeof(loader->target.home_key));
	loader_state_init(&loader->state);
	client->loader = loader;
	loader_go_on(client);
}

void
loader_stop(struct store_client *client)
{
	if (client->loader == NULL)
		return;
	client->loader->is_stopped = true;
	if (!client->loader->is_under_way)
		loader_free(client->loader);
}
