/* SPDX-License-Identifier: Apache-2.0 */
#include "store/sweep.h"

#include <stdlib.h>

#include "lib/clock.h"
#include "lib/hash.h"
#include "lib/memory.h"
#include "store/group.h"
#include "store/iterator.h"
#include "store/reference.h"

/* Rows that a step looks at; what a pass takes at least between two steps. */
#define STEP_ROWS 1000
#define STEP_MS   50
/* Between two passes over everything. */
#define PASS_MS 60000

/* What a step found to be told, when it is written. */
struct notice {
	struct ipc_store_expired expired;
	uint16_t worker;
};

/* Where it stands: copied before each step, in case that is not written. */
struct place {
	bool is_dead_done;           /* no session's queue is left to sweep */
	bool is_passing;             /* a pass over all families is under way */
	enum database_family family; /* of it */
	struct buffer after;         /* the last key that was looked at */
	uint64_t session;            /* whose head was seen last */
	bool is_known;               /* whose worker is known, for notices: */
	uint64_t known_session;
	uint16_t known_worker;
	bool has_session;
	bool has_worker;
};

struct sweep {
	struct store *store;
	uv_timer_t timer;
	bool is_due;
	bool has_dead;    /* a session was removed since the last step */
	uint64_t pass_ms; /* when the next pass begins */
	struct place now;
	struct place next; /* of the step that is not yet written */
	size_t notice_count;
	struct notice notices[STEP_ROWS];
};

/* A step, as it is taken. */
struct step {
	struct sweep *sweep;
	struct store_batch *batch;
	struct place *place;
	int64_t now;
};

static void
on_timer(uv_timer_t *timer)
{
	struct sweep *sweep = timer->data;
	uint64_t now_ms = uv_now(timer->loop);

	if (!sweep->now.is_passing && now_ms >= sweep->pass_ms) {
		sweep->now.is_passing = true;
		sweep->now.family = DATABASE_SESSIONS;
		sweep->now.is_known = false;
	}
	sweep->is_due = true;
	group_start(sweep->store->group);
}

struct sweep *
sweep_new(struct store *store)
{
	struct sweep *sweep = memory_new(1, sizeof(*sweep));

	sweep->store = store;
	sweep->timer.data = sweep;
	uv_timer_init(&store->child->loop, &sweep->timer);
	uv_timer_start(&sweep->timer, on_timer, STEP_MS, 0);
	return sweep;
}

void
sweep_close(struct sweep *sweep)
{
	uv_close((uv_handle_t *)&sweep->timer, NULL);
}

void
sweep_free(struct sweep **pointer)
{
	struct sweep *sweep = *pointer;

	if (sweep == NULL)
		return;
	*pointer = NULL;
	buffer_done(&sweep->now.after);
	buffer_done(&sweep->next.after);
	free(sweep);
}

void
sweep_dead(struct sweep *sweep)
{
	if (sweep->has_dead)
		return;
	sweep->has_dead = true;
	if (!sweep->is_due)
		uv_timer_start(&sweep->timer, on_timer, STEP_MS, 0);
}

bool
sweep_is_due(const struct sweep *sweep)
{
	return sweep->is_due;
}

static void
place_copy(struct place *to, const struct place *from)
{
	struct buffer after = to->after;

	*to = *from;
	to->after = after;
	to->after.len = 0;
	buffer_append(&to->after, buffer_view(&from->after));
}

static void
remove_row(struct step *step, enum database_family family,
    const struct iterator *rows)
{
	store_batch_remove(step->batch, family, iterator_key(rows));
}

/* Rows of a removed session's queue; true if none is left. */
static int
sweep_queue(struct step *step, uint64_t session, unsigned int *budget,
    bool *is_empty, char *why)
{
	struct iterator *rows = iterator_open(step->batch->database,
	    DATABASE_QUEUES);
	struct buffer key = { NULL, 0, 0 };
	struct ipc_store_change put;
	int error;

	row_queue_key(session, 0, &key);
	*is_empty = false;
	for (iterator_seek(rows, buffer_view(&key)); *budget > 0;
	     iterator_next(rows), --*budget) {
		if (!iterator_is_valid(rows) ||
		    row_queue_key_decode(iterator_key(rows), &put.session,
			&put.sequence) != 0 ||
		    put.session != session) {
			*is_empty = true;
			break;
		}
		if (row_queue_decode(iterator_value(rows), &put) == 0 &&
		    put.message != IPC_STORE_NONE)
			store_batch_refer(step->batch, put.message, -1);
		remove_row(step, DATABASE_QUEUES, rows);
	}
	error = iterator_error(rows, why);
	buffer_done(&key);
	iterator_close(&rows);
	return error;
}

/* Queues of sessions that were removed, as many rows as the budget allows. */
static int
sweep_dead_queues(struct step *step, unsigned int *budget, char *why)
{
	struct iterator *rows = iterator_open(step->batch->database,
	    DATABASE_META);
	bool is_empty = false;
	uint64_t session;
	int error = 0;

	iterator_seek(rows, ROW_META_DEAD);
	while (*budget > 0 && error == 0) {
		if (!iterator_is_valid(rows) ||
		    row_dead_key_decode(iterator_key(rows), &session) != 0) {
			error = iterator_error(rows, why);
			step->place->is_dead_done = true;
			break;
		}
		error = sweep_queue(step, session, budget, &is_empty, why);
		if (error != 0 || !is_empty)
			break;
		remove_row(step, DATABASE_META, rows);
		iterator_next(rows);
		if (*budget > 0)
			--*budget;
	}
	iterator_close(&rows);
	return error;
}

/* Which worker has a session, if there is that session? 0 or as
 * database_get(). */
static int
find_worker(struct step *step, uint64_t session, char *why)
{
	const struct ipc_start *start = &step->sweep->store->child->start;
	struct row_session row = { .session = session,
		.kind = ROW_SESSION_HEAD };
	struct place *place = step->place;
	struct ipc_store_change put;
	struct buffer key = { NULL, 0, 0 };
	struct bytes value;
	int error;

	if (place->is_known && place->known_session == session)
		return 0;
	row_session_key(&row, &key);
	error = database_get(step->batch->database, DATABASE_SESSIONS,
	    buffer_view(&key), &value, why);
	buffer_done(&key);
	if (error != 0)
		return error;
	place->is_known = true;
	place->known_session = session;
	place->has_session = value.data != NULL;
	place->has_worker = place->has_session &&
			    row_head_decode(value, &put) == 0;
	if (place->has_worker)
		place->known_worker = (uint16_t)hash_home(start->home_key,
		    put.key, start->worker_count);
	free((void *)(uintptr_t)value.data);
	return 0;
}

/* The reference of what has expired is not given back: its message has
 * expired, too. */
static int
on_queue_row(struct step *step, const struct iterator *rows, char *why)
{
	struct sweep *sweep = step->sweep;
	struct place *place = step->place;
	struct ipc_store_change put;
	int error;

	if (row_queue_key_decode(iterator_key(rows), &put.session,
		&put.sequence) != 0 ||
	    row_queue_decode(iterator_value(rows), &put) != 0)
		return 0;
	error = find_worker(step, put.session, why);
	if (error != 0 || (place->has_session && put.expires_at > step->now))
		return error;
	remove_row(step, DATABASE_QUEUES, rows);
	if (put.expires_at > step->now && put.message != IPC_STORE_NONE)
		store_batch_refer(step->batch, put.message, -1);
	if (place->has_worker)
		sweep->notices[sweep->notice_count++] = (struct notice){
			{ put.session, put.sequence, put.len },
			place->known_worker
		};
	return 0;
}

static int
on_message_row(struct step *step, const struct iterator *rows, char *why)
{
	struct reference reference;

	(void)why;
	if (reference_decode(iterator_value(rows), &reference) == 0 &&
	    reference_is_over(&reference, step->now))
		remove_row(step, DATABASE_MESSAGES, rows);
	return 0;
}

static int
on_retained_row(struct step *step, const struct iterator *rows, char *why)
{
	struct ipc_store_change put;

	(void)why;
	if (row_retained_decode(iterator_value(rows), &put) == 0 &&
	    put.expires_at <= step->now)
		remove_row(step, DATABASE_RETAINED, rows);
	return 0;
}

static int
on_share_row(struct step *step, const struct iterator *rows, char *why)
{
	struct ipc_store_change put;
	uint16_t worker;

	(void)why;
	if (row_share_decode(iterator_value(rows), &put, &worker) == 0 &&
	    put.expires_at <= step->now)
		remove_row(step, DATABASE_SHARES, rows);
	return 0;
}

/* What another worker had noted of a session may have come after its end. */
static int
on_session_row(struct step *step, const struct iterator *rows, char *why)
{
	struct row_session row;

	(void)why;
	if (row_session_key_decode(iterator_key(rows), &row) != 0)
		return 0;
	if (row.kind == ROW_SESSION_HEAD)
		step->place->session = row.session;
	else if (row.session != step->place->session)
		remove_row(step, DATABASE_SESSIONS, rows);
	return 0;
}

typedef int row_handler(struct step *step, const struct iterator *rows,
    char *why);

static row_handler *const handlers[DATABASE_FAMILY_COUNT] = {
	[DATABASE_SESSIONS] = on_session_row,
	[DATABASE_QUEUES] = on_queue_row,
	[DATABASE_MESSAGES] = on_message_row,
	[DATABASE_RETAINED] = on_retained_row,
	[DATABASE_SHARES] = on_share_row,
};

/* A pass goes through all families but meta, in their order. */
static void
pass_on(struct place *place)
{
	place->after.len = 0;
	place->family++;
	if (place->family == DATABASE_FAMILY_COUNT)
		place->is_passing = false;
}

static int
sweep_pass(struct step *step, unsigned int budget, char *why)
{
	struct place *place = step->place;
	struct iterator *rows = iterator_open(step->batch->database,
	    place->family);
	struct bytes after = buffer_view(&place->after);
	int error = 0;

	iterator_seek(rows, after);
	if (after.len > 0 && iterator_is_valid(rows) &&
	    bytes_equal(iterator_key(rows), after))
		iterator_next(rows);
	for (; budget > 0 && iterator_is_valid(rows); budget--) {
		error = handlers[place->family](step, rows, why);
		if (error != 0)
			break;
		place->after.len = 0;
		buffer_append(&place->after, iterator_key(rows));
		iterator_next(rows);
	}
	if (error == 0)
		error = iterator_error(rows, why);
	if (error == 0 && !iterator_is_valid(rows))
		pass_on(place);
	iterator_close(&rows);
	return error;
}

int
sweep_step(struct sweep *sweep, struct store_batch *batch, char *why)
{
	struct step step = { sweep, batch, &sweep->next,
		clock_realtime_seconds() };
	unsigned int budget = STEP_ROWS;

	sweep->notice_count = 0;
	place_copy(&sweep->next, &sweep->now);
	/* Not both in a batch: a row would be found, and given back, twice. */
	if (!sweep->next.is_dead_done)
		return sweep_dead_queues(&step, &budget, why);
	if (sweep->next.is_passing)
		return sweep_pass(&step, budget, why);
	return 0;
}

static void
notify(struct sweep *sweep)
{
	struct buffer payload = { NULL, 0, 0 };

	for (size_t i = 0; i < sweep->notice_count; i++) {
		const struct notice *notice = &sweep->notices[i];
		struct store_client *client = sweep->store
						  ->clients[notice->worker];

		/* One that begins is told of what is left only. */
		if (client == NULL || !client->is_open)
			continue;
		payload.len = 0;
		ipc_store_expired_encode(&notice->expired, &payload);
		client_push(client, IPC_STORE_EXPIRED, buffer_view(&payload));
	}
	sweep->notice_count = 0;
	buffer_done(&payload);
}

void
sweep_written(struct sweep *sweep)
{
	uint64_t now_ms = uv_now(sweep->timer.loop);
	uint64_t pause_ms = STEP_MS;
	bool was_passing = sweep->now.is_passing;

	place_copy(&sweep->now, &sweep->next);
	notify(sweep);
	if (sweep->has_dead) {
		sweep->has_dead = false;
		sweep->now.is_dead_done = false;
	}
	if (was_passing && !sweep->now.is_passing)
		sweep->pass_ms = now_ms + PASS_MS;
	if (sweep->now.is_dead_done && !sweep->now.is_passing)
		pause_ms = sweep->pass_ms > now_ms ? sweep->pass_ms - now_ms
						   : STEP_MS;
	sweep->is_due = false;
	uv_timer_start(&sweep->timer, on_timer, pause_ms, 0);
}
