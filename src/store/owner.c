/* SPDX-License-Identifier: Apache-2.0 */
#include "store/owner.h"

#include <errno.h>
#include <stdlib.h>

#include "lib/hash.h"
#include "lib/memory.h"

/* A number has one place there: the last that came stays. */
#define CACHE_PLACES 16384

struct owner_cache {
	struct {
		uint64_t session; /* 0: free */
		uint16_t home;
	} of[CACHE_PLACES];
};

struct owner_cache *
owner_cache_new(void)
{
	return memory_new(1, sizeof(struct owner_cache));
}

void
owner_cache_free(struct owner_cache **cache)
{
	free(*cache);
	*cache = NULL;
}

bool
owners_is_home(const struct owners *owners, uint16_t worker, struct bytes key)
{
	return hash_home(owners->home_key, key, owners->worker_count) == worker;
}

static bool
cache_find(const struct owner_cache *cache, uint64_t session, uint16_t *home)
{
	size_t place = session % CACHE_PLACES;

	if (cache == NULL || session == 0 ||
	    cache->of[place].session != session)
		return false;
	*home = cache->of[place].home;
	return true;
}

static void
cache_keep(struct owner_cache *cache, uint64_t session, uint16_t home)
{
	if (cache == NULL)
		return;
	cache->of[session % CACHE_PLACES].session = session;
	cache->of[session % CACHE_PLACES].home = home;
}

/* Where the head of a session says that it is at home. has_head: false: there
 * is none, or none that can be read. */
static int
find_home(const struct owners *owners, struct database *database,
    uint64_t session, bool *has_head, uint16_t *home, char *why)
{
	struct row_session row = { .session = session,
		.kind = ROW_SESSION_HEAD };
	struct buffer key = { NULL, 0, 0 };
	struct ipc_store_change put;
	struct bytes value;
	int error;

	*has_head = cache_find(owners->cache, session, home);
	if (*has_head)
		return 0;
	row_session_key(&row, &key);
	error = database_get(database, DATABASE_SESSIONS, buffer_view(&key),
	    &value, why);
	buffer_done(&key);
	if (error != 0)
		return error;
	*has_head = value.data != NULL && row_head_decode(value, &put) == 0;
	if (*has_head) {
		*home = (uint16_t)hash_home(owners->home_key, put.key,
		    owners->worker_count);
		cache_keep(owners->cache, session, *home);
	}
	free((void *)(uintptr_t)value.data);
	return 0;
}

/* Has another worker this epoch? */
static bool
is_of_another(const struct owners *owners, uint16_t worker, uint64_t epoch)
{
	for (uint16_t i = 0; i < owners->worker_count; i++)
		if (i != worker && owners->epochs[i] != 0 &&
		    owners->epochs[i] == epoch)
			return true;
	return false;
}

int
owners_check(const struct owners *owners, struct database *database,
    const struct owner_asker *asker, uint64_t session, char *why)
{
	uint64_t epoch = session >> IPC_STORE_COUNTER_BITS;
	bool has_head;
	uint16_t home;
	int error;

	/* What it did not make it has found when it began, with an epoch that
	 * is newer than all before. */
	if (epoch > asker->epoch)
		return -EPERM;
	if (epoch == asker->epoch && asker->is_proven)
		return 0;
	error = find_home(owners, database, session, &has_head, &home, why);
	if (error != 0)
		return error;
	if (has_head)
		return home == asker->worker ? 0 : -EPERM;
	return is_of_another(owners, asker->worker, epoch) ? -EPERM : 0;
}

/*
 * Does a change concern the session that it names, for its worker alone to
 * make? RECEIVED_PUT and _REMOVE do not: they are notes of the worker that
 * makes them, under the number of a publisher's session anywhere.
 */
static bool
is_of_session(const struct ipc_store_change *change)
{
	switch (change->type) {
	case IPC_STORE_SESSION_PUT:
	case IPC_STORE_SESSION_REMOVE:
	case IPC_STORE_SUBSCRIPTION_PUT:
	case IPC_STORE_SUBSCRIPTION_REMOVE:
	case IPC_STORE_QUEUE_PUT:
	case IPC_STORE_QUEUE_REMOVE:
	case IPC_STORE_MOVED_REMOVE:
		return true;
	default:
		return false;
	}
}

int
owners_check_changes(const struct owners *owners, struct database *database,
    const struct owner_asker *asker, struct bytes changes, char *why)
{
	struct ipc_store_change change;
	uint64_t checked = 0;
	int error = 0;

	while (error == 0 && ipc_store_change_next(&changes, &change) > 0) {
		if (!is_of_session(&change) || change.session == checked)
			continue;
		error = owners_check(owners, database, asker, change.session,
		    why);
		checked = change.session;
	}
	return error;
}
