/* SPDX-License-Identifier: Apache-2.0 */
#include "store/group.h"

#include <errno.h>
#include <stdlib.h>

#include "lib/memory.h"
#include "lib/pack.h"
#include "store/batch.h"
#include "store/fault.h"
#include "store/loader.h"
#include "store/log_ahead.h"
#include "store/sweep.h"
#include "store/writer.h"

/* A group is full then: the batch is in memory twice while it is written. */
#define GROUP_BYTES (128 * 1024 * 1024)

/* Each start of a worker takes an epoch, of 2^32. So many may be missing where
 * a fault of the disk has left an older number, and where it has left none. */
#define EPOCHS_LOST_MAX 4096
#define EPOCHS_EVER_MAX (1024 * 1024)

struct item {
	STAILQ_ENTRY(item) next;
	struct store_client *client;
	bool is_open;      /* STORE_OPEN; else STORE_WRITE */
	bool is_beginning; /* it loads */
	bool is_known;     /* nothing is to be written */
	bool is_refused;   /* likewise: it is not the worker's to write */
	struct owner_asker by;
	struct row_cursor state; /* when it is written */
	struct buffer changes;
};

STAILQ_HEAD(item_queue, item);

struct group {
	struct writer *writer;
	struct store *store;
	struct item_queue waiting;
	struct item_queue written; /* those that are under way */
	bool is_under_way;
	bool is_failed;     /* what is under way has to be written again */
	bool is_untried;    /* there was no room, or no step of the sweep */
	bool is_unread;     /* the latter: it could not read */
	bool is_swept;      /* it has a step of the sweep */
	bool has_dead;      /* and removes a session */
	uint64_t number;    /* of groups that were written, this one included */
	uint32_t epoch;     /* the last that was given out */
	uint32_t epoch_max; /* more is not believed of who has one */
	struct row_cursor cursors[STORE_WORKERS_MAX];
	struct owners owners; /* of what is under way */
	struct log_ahead ahead;
	int error;
	char why[DATABASE_WHY_MAX];
};

static void on_work(void *context);
static void on_done(void *context);

struct group *
group_new(struct store *store)
{
	struct group *group = memory_new(1, sizeof(*group));

	group->store = store;
	group->writer = writer_new(&store->child->loop, on_work, on_done,
	    group);
	group->owners.cache = owner_cache_new();
	group->ahead.path = store->path;
	STAILQ_INIT(&group->waiting);
	STAILQ_INIT(&group->written);
	return group;
}

static void
items_free(struct item_queue *queue)
{
	struct item *item;

	while ((item = STAILQ_FIRST(queue)) != NULL) {
		STAILQ_REMOVE_HEAD(queue, next);
		client_unref(&item->client);
		buffer_done(&item->changes);
		free(item);
	}
}

void
group_close(struct group *group)
{
	writer_close(group->writer);
}

void
group_free(struct group **pointer)
{
	struct group *group = *pointer;

	if (group == NULL)
		return;
	*pointer = NULL;
	items_free(&group->waiting);
	items_free(&group->written);
	owner_cache_free(&group->owners.cache);
	writer_free(&group->writer);
	free(group);
}

/* A number of the family meta; 0 if there is none. */
static int
load_number(struct database *database, struct bytes key, uint64_t *number,
    char *why)
{
	struct bytes value;
	struct unpack in;
	int error = database_get(database, DATABASE_META, key, &value, why);

	*number = 0;
	if (error != 0 || value.data == NULL)
		return error;
	in = (struct unpack){ .input = value };
	*number = unpack_u64(&in);
	free((void *)(uintptr_t)value.data);
	return 0;
}

static int
load_cursor(struct group *group, uint16_t worker, char *why)
{
	struct buffer key = { NULL, 0, 0 };
	struct bytes value;
	int error;

	row_worker_key(worker, &key);
	error = database_get(group->store->database, DATABASE_META,
	    buffer_view(&key), &value, why);
	buffer_done(&key);
	if (error != 0 || value.data == NULL)
		return error;
	/* One that does not decode is that of nobody. */
	(void)row_cursor_decode(value, &group->cursors[worker]);
	free((void *)(uintptr_t)value.data);
	return 0;
}

static void
group_set_epoch(struct group *group, uint32_t epoch)
{
	uint32_t more = epoch == 0 ? EPOCHS_EVER_MAX : EPOCHS_LOST_MAX;

	group->epoch = epoch;
	group->epoch_max = epoch < UINT32_MAX - more ? epoch + more
						     : UINT32_MAX;
}

bool
group_has_given(const struct group *group, uint32_t epoch)
{
	return epoch <= group->epoch_max || epoch <= group->epoch;
}

int
group_load(struct group *group, char *why)
{
	struct database *database = group->store->database;
	uint64_t epoch;
	int error = load_number(database, ROW_META_GROUP, &group->number, why);

	if (error == 0)
		error = load_number(database, ROW_META_EPOCH, &epoch, why);
	if (error == 0)
		group_set_epoch(group, (uint32_t)epoch);
	for (uint16_t i = 0; i < STORE_WORKERS_MAX && error == 0; i++)
		error = load_cursor(group, i, why);
	return error;
}

static struct item *
item_add(struct group *group, struct store_client *client)
{
	struct item *item = memory_new(1, sizeof(*item));

	item->client = client_ref(client);
	item->by.worker = client->index;
	STAILQ_INSERT_TAIL(&group->waiting, item, next);
	return item;
}

void
group_open(struct group *group, struct store_client *client, uint32_t epoch)
{
	struct row_cursor *cursor = &group->cursors[client->index];
	struct item *item = item_add(group, client);

	item->is_open = true;
	item->is_beginning = epoch == 0;
	item->is_known = epoch != 0 && cursor->epoch == epoch;
	if (epoch > group->epoch)
		group
		    ->epoch = epoch; /* ours were lost: it is not given again */
	if (!item->is_known) {
		cursor->epoch = epoch != 0 ? epoch : ++group->epoch;
		cursor->transaction = 0;
	}
	item->state = *cursor;
	client->epoch = cursor->epoch;
	client->is_proven = item->is_beginning || item->is_known;
}

void
group_add(struct group *group, struct store_client *client, uint64_t number)
{
	struct row_cursor *cursor = &group->cursors[client->index];
	struct item *item = item_add(group, client);

	item->changes = client->changes;
	client->changes = (struct buffer){ NULL, 0, 0 };
	item->state = (struct row_cursor){ client->epoch, number };
	item->by = (struct owner_asker){ client->index, client->epoch,
		client->is_proven };
	item->is_known = cursor->epoch == client->epoch &&
			 number <= cursor->transaction;
	if (!item->is_known)
		*cursor = item->state;
}

static void
batch_write(struct group *group, struct store_batch *batch)
{
	struct store *store = group->store;
	size_t len;

	(void)rocksdb.writebatch_data(batch->batch, &len);
	group->error = fault_check_room(store, len, group->why);
	group->is_untried = group->error != 0;
	if (group->error != 0)
		return;
	log_ahead_prepare(&group->ahead, len);
	group->error = database_write(store->database, batch->batch,
	    group->why);
}

/* Add what an item changes, unless it is not the worker's to change. 0 or as
 * database_get(). */
static int
item_apply(struct group *group, struct item *item, struct store_batch *batch)
{
	int error = 0;

	if (!item->is_open)
		error = owners_check_changes(&group->owners, batch->database,
		    &item->by, buffer_view(&item->changes), group->why);
	item->is_refused = error == -EPERM;
	if (item->is_refused)
		return 0;
	if (error != 0)
		return error;
	store_batch_apply(batch, item->by.worker, buffer_view(&item->changes));
	store_batch_cursor(batch, item->by.worker, &item->state);
	return 0;
}

/* Others have the loop meanwhile, but nothing else changes rows. */
static void
on_work(void *context)
{
	struct group *group = context;
	struct store_batch batch;
	struct item *item;
	bool has_epoch = false;

	store_batch_init(&batch, group->store->database);
	group->error = 0;
	group->is_untried = false;
	/* First what was found before: what a worker puts now stays. */
	group->is_unread = false;
	if (group->is_swept)
		group->error = sweep_step(group->store->sweep, &batch,
		    group->why);
	STAILQ_FOREACH(item, &group->written, next)
	{
		if (item->is_known || group->error != 0)
			continue;
		has_epoch = has_epoch || item->is_open;
		group->error = item_apply(group, item, &batch);
	}
	if (group->error != 0)
		group->is_unread = group->is_untried = true;
	if (has_epoch)
		store_batch_number(&batch, ROW_META_EPOCH, group->epoch);
	if (group->error == 0 && rocksdb.writebatch_count(batch.batch) > 0) {
		store_batch_number(&batch, ROW_META_GROUP, group->number);
		batch_write(group, &batch);
	}
	group->has_dead = batch.has_dead;
	store_batch_done(&batch);
}

static void
item_answer(struct item *item)
{
	struct ipc_store_state state = { item->state.epoch,
		item->state.transaction };
	struct buffer payload = { NULL, 0, 0 };

	if (item->is_refused) {
		client_refuse(item->client,
		    "it names a session of another worker");
		return;
	}
	ipc_store_state_encode(&state, &payload);
	client_push(item->client,
	    item->is_open ? IPC_STORE_OPENED : IPC_STORE_WRITTEN,
	    buffer_view(&payload));
	buffer_done(&payload);
	if (item->is_beginning && item->client->peer != NULL)
		loader_start(item->client);
}

static void
group_finish(struct group *group)
{
	struct item_queue written = group->written;
	struct item *item;

	if (STAILQ_EMPTY(&written))
		STAILQ_INIT(&written);
	STAILQ_INIT(&group->written);
	group->is_failed = false;
	STAILQ_FOREACH(item, &written, next)
	item_answer(item);
	items_free(&written);
	if (group->has_dead)
		sweep_dead(group->store->sweep);
	if (group->is_swept)
		sweep_written(group->store->sweep);
}

static void
on_done(void *context)
{
	struct group *group = context;

	group->is_under_way = false;
	if (group->error == 0) {
		fault_over(group->store->fault);
		group_finish(group);
	} else {
		group->is_failed = true;
		if (group->is_unread)
			fault_report_read(group->store->fault, group->error,
			    group->why);
		else if (group->is_untried)
			fault_wait(group->store->fault, group->error,
			    group->why);
		else
			fault_report(group->store->fault, group->error,
			    group->why);
	}
	store_job_done(group->store);
}

void
group_owners(const struct group *group, struct owners *owners)
{
	const struct ipc_start *start = &group->store->child->start;

	owners->worker_count = start->worker_count;
	memcpy(owners->home_key, start->home_key, sizeof(owners->home_key));
	for (size_t i = 0; i < STORE_WORKERS_MAX; i++)
		owners->epochs[i] = group->cursors[i].epoch;
}

/* Take as many of those that wait as fit. */
static void
group_fill(struct group *group)
{
	struct item *item;
	size_t len = 0;

	while ((item = STAILQ_FIRST(&group->waiting)) != NULL &&
	       (len == 0 || len + item->changes.len <= GROUP_BYTES)) {
		STAILQ_REMOVE_HEAD(&group->waiting, next);
		STAILQ_INSERT_TAIL(&group->written, item, next);
		len += item->changes.len;
	}
	group->number++;
	group->is_swept = sweep_is_due(group->store->sweep);
}

/* Did the write that failed reach the disk all the same? */
static bool
is_on_disk(struct group *group)
{
	char why[DATABASE_WHY_MAX];
	uint64_t number;

	return load_number(group->store->database, ROW_META_GROUP, &number,
		   why) == 0 &&
	       number == group->number;
}

void
group_start(struct group *group)
{
	struct store *store = group->store;

	if (group->is_under_way || store->database == NULL ||
	    fault_is_open(store->fault) || fault_is_waiting(store->fault))
		return;
	if (group->is_failed && !group->is_untried && is_on_disk(group))
		group_finish(group);
	if (!group->is_failed) {
		if (STAILQ_EMPTY(&group->waiting) &&
		    !sweep_is_due(store->sweep))
			return;
		group_fill(group);
	}
	group_owners(group, &group->owners);
	group->is_under_way = true;
	store->job_count++;
	writer_start(group->writer);
}

bool
group_has_job(const struct group *group)
{
	return writer_has_job(group->writer);
}

void
group_write(struct group *group)
{
	writer_run(group->writer);
}

size_t
group_bytes(const struct group *group)
{
	const struct item *item;
	size_t sum = 0;

	STAILQ_FOREACH(item, &group->waiting, next)
	sum += item->changes.len;
	STAILQ_FOREACH(item, &group->written, next)
	sum += item->changes.len;
	return sum;
}

bool
group_is_idle(const struct group *group)
{
	return !group->is_under_way && !group->is_failed &&
	       STAILQ_EMPTY(&group->waiting);
}
