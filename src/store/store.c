/* SPDX-License-Identifier: Apache-2.0 */
#include "store/store.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "ipc/message.h"
#include "lib/memory.h"
#include "store/backup.h"
#include "store/batch.h"
#include "store/fault.h"
#include "store/group.h"
#include "store/loader.h"
#include "store/reader.h"
#include "store/rocksdb.h"
#include "store/store_internal.h"
#include "store/sweep.h"

/* Of a transaction: far more than a worker gathers before it holds back. */
#define TRANSACTION_BYTES_MAX ((size_t)1 << 30)

/* Readers at a time, of the pool's four threads. */
#define READERS_MAX 2

/* A store that stops leaves no more than that in its logs: a start reads that
 * in less than a second. */
#define UNFLUSHED_MAX ((uint64_t)16 << 20)

struct store_client *
client_ref(struct store_client *client)
{
	client->references++;
	return client;
}

void
client_unref(struct store_client **pointer)
{
	struct store_client *client = *pointer;

	*pointer = NULL;
	if (client == NULL || --client->references > 0)
		return;
	reader_forget(client);
	buffer_done(&client->changes);
	free(client);
}

void
client_refuse(struct store_client *client, const char *why)
{
	if (client->peer != NULL)
		proc_peer_refuse(client->peer, why);
}

void
client_push(struct store_client *client, enum ipc_message_type type,
    struct bytes payload)
{
	if (client->peer != NULL)
		proc_peer_push(client->store->child, client->peer, type,
		    payload, -1, false);
}

bool
client_is_full(const struct store_client *client)
{
	return client->peer != NULL &&
	       proc_peer_is_full(client->store->child, client->peer);
}

bool
store_may_read(const struct store *store)
{
	return store->database != NULL && !fault_is_open(store->fault) &&
	       store->reader_count < READERS_MAX;
}

static void
stop_if_done(struct store *store)
{
	if (store->is_stopping && store->client_count == 0 &&
	    store->job_count == 0 && group_is_idle(store->group))
		proc_child_stopped(store->child);
}

/* From another worker each time, so that none of them waits for ever. */
void
store_go_on(struct store *store)
{
	if (store->is_ended)
		return;
	group_start(store->group);
	for (unsigned int i = 0; i < STORE_WORKERS_MAX; i++) {
		unsigned int index = (store->next_client + i) %
				     STORE_WORKERS_MAX;
		struct store_client *client = store->clients[index];

		if (client == NULL)
			continue;
		loader_go_on(client);
		reader_start(client);
	}
	store->next_client = (store->next_client + 1) % STORE_WORKERS_MAX;
	stop_if_done(store);
}

void
store_job_done(struct store *store)
{
	store->job_count--;
	if (fault_is_open(store->fault))
		fault_job_done(store->fault);
	else
		store_go_on(store);
}

void
store_opened(struct store *store)
{
	char why[DATABASE_WHY_MAX];

	if (!store->is_loaded) {
		if (group_load(store->group, why) != 0)
			fatal("store.path: %s: %s", store->path, why);
		store->is_loaded = true;
		for (unsigned int i = 0; i < STORE_WORKERS_MAX; i++) {
			struct store_client *client = store->clients[i];

			if (client == NULL || !client->is_early)
				continue;
			if (!group_has_given(store->group, client->epoch)) {
				client_refuse(client, "it says an epoch that "
						      "it was not given");
				continue;
			}
			client->is_early = false;
			group_open(store->group, client, client->epoch);
		}
		proc_child_ready(store->child);
		/* what another one has left */
		backup_remove(store->backup);
	}
	store_go_on(store);
}

static void
on_peer_up(struct proc_child *child, struct proc_peer *peer)
{
	struct store *store = child->context;
	struct store_client *client = memory_new(1, sizeof(*client));

	if (peer->index >= STORE_WORKERS_MAX)
		panic("the schema bounds the number of workers");
	client->store = store;
	client->peer = peer;
	client->index = peer->index;
	client->references = 1;
	STAILQ_INIT(&client->reads);
	peer->context = client;
	store->clients[peer->index] = client;
	store->client_count++;
}

/* What it sent whole is still written; of the rest nothing is. */
static void
client_down(struct store *store, struct store_client *client)
{
	client->peer = NULL;
	loader_stop(client);
	reader_forget(client);
	if (store->clients[client->index] == client)
		store->clients[client->index] = NULL;
	store->client_count--;
	client_unref(&client);
}

static void
on_peer_down(struct proc_child *child, struct proc_peer *peer)
{
	struct store *store = child->context;

	client_down(store, peer->context);
	stop_if_done(store);
}

static int
on_store_open(struct store_client *client, struct bytes payload)
{
	const struct ipc_start *start = &client->store->child->start;
	struct ipc_store_open open;

	if (client->is_open || ipc_store_open_decode(payload, &open) != 0 ||
	    open.worker != client->index ||
	    open.worker_count != start->worker_count ||
	    memcmp(open.home_key, start->home_key, sizeof(open.home_key)) != 0)
		return -EBADMSG;
	client->is_open = true;
	client->epoch = (uint32_t)open.epoch;
	client->is_early = !client->store->is_loaded;
	if (!client->is_early &&
	    !group_has_given(client->store->group, client->epoch))
		return -EBADMSG;
	if (!client->is_early)
		group_open(client->store->group, client, client->epoch);
	return 0;
}

static int
on_store_write(struct store_client *client, struct bytes payload)
{
	struct ipc_store_write write;

	if (!client->is_open || client->is_early ||
	    ipc_store_write_decode(payload, &write) != 0 ||
	    write.transaction <= client->transaction ||
	    (client->part_of != IPC_STORE_NONE &&
		client->part_of != write.transaction) ||
	    client->changes.len + write.changes.len > TRANSACTION_BYTES_MAX ||
	    store_changes_check(&client->store->child->start, client->index,
		write.changes) != 0)
		return -EBADMSG;
	buffer_append(&client->changes, write.changes);
	client->part_of = write.is_last ? IPC_STORE_NONE : write.transaction;
	if (!write.is_last)
		return 0;
	client->transaction = write.transaction;
	group_add(client->store->group, client, write.transaction);
	return 0;
}

static int
on_store_read(struct store_client *client, struct bytes payload)
{
	struct ipc_store_read read;

	if (!client->is_open || client->is_early ||
	    ipc_store_read_decode(payload, &read) != 0)
		return -EBADMSG;
	return reader_add(client, &read);
}

static int
on_message(struct proc_child *child, struct proc_peer *peer,
    struct ipc_message *message)
{
	struct store_client *client = peer->context;

	(void)child;
	switch (message->type) {
	case IPC_STORE_OPEN:
		return on_store_open(client, message->payload);
	case IPC_STORE_WRITE:
		return on_store_write(client, message->payload);
	case IPC_STORE_READ:
		return on_store_read(client, message->payload);
	default:
		return -EBADMSG;
	}
}

static int
on_control(struct proc_child *child, struct ipc_message *message)
{
	struct store *store = child->context;

	if (message->type == IPC_BACKUP)
		backup_make(store->backup);
	else if (message->type == IPC_BACKUP_REMOVE)
		backup_remove(store->backup);
	else
		return -EBADMSG;
	return 0;
}

static void
on_peer_writable(struct proc_child *child, struct proc_peer *peer)
{
	(void)peer;
	store_go_on(child->context);
}

static void
on_count(struct proc_child *child)
{
	const struct store *store = child->context;

	child->counted[IPC_STATISTIC_STORE_BYTES] = group_bytes(store->group);
}

static void
on_turn_end(struct proc_child *child)
{
	store_go_on(child->context);
}

static bool
has_job(const struct proc_child *child)
{
	const struct store *store = child->context;

	return group_has_job(store->group);
}

static void
on_job(struct proc_child *child)
{
	const struct store *store = child->context;

	group_write(store->group);
}

/* Workers may still have something to say. */
static void
on_stop(struct proc_child *child)
{
	struct store *store = child->context;

	store->is_stopping = true;
	stop_if_done(store);
}

static const struct proc_events store_events = {
	.on_peer_up = on_peer_up,
	.on_peer_down = on_peer_down,
	.on_message = on_message,
	.on_control = on_control,
	.on_peer_writable = on_peer_writable,
	.on_turn_end = on_turn_end,
	.has_job = has_job,
	.on_job = on_job,
	.on_count = on_count,
	.on_stop = on_stop,
};

static void
store_init(struct store *store, struct proc_child *child)
{
	const char *folder = child->config->store.path;
	size_t size = strlen(folder) + sizeof(STORE_DATABASE_NAME) + 1;

	store->child = child;
	store->path = memory_new(1, size);
	snprintf(store->path, size, "%s/" STORE_DATABASE_NAME, folder);
	store->group = group_new(store);
	store->fault = fault_new(store);
	store->backup = backup_new(store);
	store->sweep = sweep_new(store);
}

/* So that the next start need not read logs again, where that would take long.
 * What fails costs that time, and nothing else: all of it is in the logs. */
static void
flush_if_long(struct store *store)
{
	char why[DATABASE_WHY_MAX];

	if (store->is_stopping && store->database != NULL &&
	    !fault_is_open(store->fault) &&
	    database_unflushed(store->database) > UNFLUSHED_MAX)
		(void)database_flush(store->database, why);
}

static void
store_done(struct store *store)
{
	for (unsigned int i = 0; i < STORE_WORKERS_MAX; i++)
		if (store->clients[i] != NULL)
			client_down(store, store->clients[i]);
	sweep_close(store->sweep);
	fault_close(store->fault);
	/* Jobs end, and what was closed leaves the loop. */
	do {
		uv_run(&store->child->loop, UV_RUN_NOWAIT);
		group_write(store->group);
		if (store->job_count > 0)
			uv_run(&store->child->loop, UV_RUN_ONCE);
	} while (store->job_count > 0);
	group_close(store->group);
	uv_run(&store->child->loop, UV_RUN_NOWAIT);
	flush_if_long(store);
	database_close(&store->database);
	sweep_free(&store->sweep);
	fault_free(&store->fault);
	backup_free(&store->backup);
	group_free(&store->group);
	free(store->path);
}

int
store_prepare(char *why, size_t why_size)
{
	return rocksdb_load(why, why_size);
}

int
store_run(struct proc_child *child)
{
	struct store store = { .child = child };
	int status;

	store_init(&store, child);
	/* a limit on the size of files is an error like a full disk */
	signal(SIGXFSZ, SIG_IGN);
	child->context = &store;
	log_info(log_word("event", "started"), log_string("path", store.path));
	status = proc_child_loop(child, &store_events);
	store.is_ended = true;
	store_done(&store);
	return status;
}
