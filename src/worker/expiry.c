/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/expiry.h"

#include <errno.h>

#include "lib/clock.h"
#include "lib/hash.h"
#include "worker/connection.h"
#include "worker/worker.h"

/* The same for the same certificate, in each worker. */
static uint64_t
expiry_hash(const struct worker *worker, const uint8_t *fingerprint)
{
	struct hash_key key;

	memcpy(key.bytes, worker->child->start.home_key, sizeof(key.bytes));
	return hash_keyed(&key, bytes_of(fingerprint, TLS_HASH_LEN));
}

static unsigned int
home_of(const struct worker *worker, uint64_t hash)
{
	return (unsigned int)(hash % worker->child->start.worker_count);
}

static bool
is_first_today(struct worker *worker, uint64_t hash)
{
	struct told *told = &worker->trust.told;
	bool is_first = told_add(told, hash,
	    clock_realtime_seconds() / CLOCK_DAY_SECONDS);

	if (is_first && told->count == TOLD_MAX)
		log_warning(log_word("event", "expires"),
		    log_word("what", "client"),
		    log_string("warning", "the certificates of more clients "
					  "than can be told of in a day end "
					  "within 30 days"));
	return is_first;
}

static void
log_expiry(const struct ipc_expiry *expiry)
{
	log_warning(log_id("session", expiry->connection),
	    log_word("event", "expires"), log_word("what", "client"),
	    log_number("days_left", expiry->days_left),
	    log_text("identity", expiry->identity),
	    log_hex("fingerprint", bytes_of(expiry->fingerprint, TLS_HASH_LEN)),
	    log_string("hint", "renew the client's certificate"));
}

static void
tell_home(struct worker *worker, struct proc_peer *home,
    const struct ipc_expiry *expiry)
{
	worker->scratch.len = 0;
	ipc_expiry_encode(expiry, &worker->scratch);
	proc_peer_push(worker->child, home, IPC_EXPIRY,
	    buffer_view(&worker->scratch), -1, false);
}

void
expiry_report(struct connection *connection, uint64_t left_ms)
{
	struct worker *worker = connection->worker;
	uint64_t days = left_ms / 1000 / CLOCK_DAY_SECONDS;
	struct ipc_expiry expiry;
	struct proc_peer *home;
	struct tls_peer peer;
	uint64_t hash;

	if (connection->state != CONNECTION_OPEN || days >= CLOCK_WARNING_DAYS)
		return;
	connection_peer(connection, &peer);
	hash = expiry_hash(worker, peer.fingerprint);
	if (!is_first_today(worker, hash))
		return;
	expiry = (struct ipc_expiry){ .connection = connection->id,
		.days_left = (uint8_t)days,
		.identity = peer.identity };
	memcpy(expiry.fingerprint, peer.fingerprint, TLS_HASH_LEN);
	home = worker->peers[home_of(worker, hash)];
	/* Rather twice than never, if its home is not there. */
	if (home == NULL || proc_peer_is_full(worker->child, home))
		log_expiry(&expiry);
	else
		tell_home(worker, home, &expiry);
}

int
on_expiry(struct worker *worker, struct bytes payload)
{
	struct ipc_expiry expiry;
	uint64_t hash;

	if (ipc_expiry_decode(payload, &expiry) != 0 ||
	    expiry.days_left >= CLOCK_WARNING_DAYS)
		return -EBADMSG;
	hash = expiry_hash(worker, expiry.fingerprint);
	if (home_of(worker, hash) != worker->child->index)
		return -EBADMSG;
	if (is_first_today(worker, hash))
		log_expiry(&expiry);
	return 0;
}
