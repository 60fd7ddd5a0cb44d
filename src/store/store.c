/* SPDX-License-Identifier: Apache-2.0 */
#include "store/store.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "store/database.h"

struct store {
	struct proc_child *child;
	struct database *database;
	unsigned int peer_count;
	bool is_stopping;
};

static void
stop_if_done(struct store *store)
{
	if (store->is_stopping && store->peer_count == 0)
		proc_child_stopped(store->child);
}

static void
on_peer_up(struct proc_child *child, struct proc_peer *peer)
{
	struct store *store = child->context;

	(void)peer;
	store->peer_count++;
}

static void
on_peer_down(struct proc_child *child, struct proc_peer *peer)
{
	struct store *store = child->context;

	(void)peer;
	store->peer_count--;
	stop_if_done(store);
}

static int
on_message(struct proc_child *child, struct proc_peer *peer,
    struct ipc_message *message)
{
	(void)child;
	(void)peer;
	(void)message;
	return -EBADMSG;
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
	.on_stop = on_stop,
};

int
store_run(struct proc_child *child)
{
	struct store store = { .child = child };
	char path[4200];
	char why[DATABASE_WHY_MAX];
	int status;

	snprintf(path, sizeof(path), "%s/db", child->config->store.path);
	if (database_open(path, &store.database, why) != 0)
		fatal("store.path: %s: %s", path, why);
	child->context = &store;
	proc_child_ready(child);
	status = proc_child_loop(child, &store_events);
	database_close(&store.database);
	return status;
}
