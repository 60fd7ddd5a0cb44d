/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/trust.h"

#include <errno.h>
#include <unistd.h>

#include "lib/clock.h"
#include "proc/chain.h"
#include "worker/connection.h"
#include "worker/expiry.h"
#include "worker/session.h"
#include "worker/worker.h"

/* In one turn: what takes about a millisecond, as TRUST_ENDS_A_TURN does. */
#define CHECKS_A_TURN 1000

/* The clock may be set: dates are compared with it at least this often. */
#define LOOK_MS (60 * 60 * 1000)

/* Why somebody is ended: for the log, in TLS, and in a DISCONNECT. */
struct end {
	const char *word;
	enum tls_alert alert;
	const char *text; /* at most REASON_STRING_MAX bytes */
};

static const struct end ends[] = {
	[IPC_TRUST_REVOKED] = { "certificate-revoked",
	    TLS_ALERT_CERTIFICATE_REVOKED,
	    "your certificate, or its issuer's, was revoked" },
	[IPC_TRUST_ANCHOR_GONE] = { "unknown-ca", TLS_ALERT_UNKNOWN_CA,
	    "the authority of your certificate is no longer trusted here" },
	[IPC_TRUST_CRL_MISSING] = { "crl-missing",
	    TLS_ALERT_CERTIFICATE_UNKNOWN,
	    "the server has no revocation list of your authority" },
	[IPC_TRUST_CRL_ENDED] = { "crl-expired", TLS_ALERT_CERTIFICATE_UNKNOWN,
	    "the server's revocation list of your authority is too old" },
};
static const struct end end_expired = { "certificate-expired",
	TLS_ALERT_CERTIFICATE_EXPIRED, "your certificate has expired" };

static enum ipc_trust_verdict
judge(const struct worker *worker, const struct tls_peer *peer)
{
	return proc_chain_check(&worker->trust.index, peer->chain,
	    peer->chain_count, clock_realtime_seconds());
}

static void
log_end(const struct tls_peer *peer, const struct end *end)
{
	log_warning(log_id("session", peer->id),
	    log_word("event", "trust-ended"), log_word("reason", end->word),
	    log_address("peer", (const struct sockaddr *)&peer->address),
	    log_text("identity", peer->identity),
	    log_hex("fingerprint", bytes_of(peer->fingerprint, TLS_HASH_LEN)));
}

/*
 * In MQTT 5.0 a DISCONNECT tells the client; 3.1.1 has no word for it, so that
 * TLS has to. Its will is published either way.
 */
static void
end_connection(struct connection *connection, const struct tls_peer *peer,
    const struct end *end)
{
	log_end(peer, end);
	if (connection->state == CONNECTION_OPEN &&
	    connection->version == MQTT_VERSION_5)
		connection_disconnect_saying(connection,
		    MQTT_REASON_NOT_AUTHORIZED, end->text, end->word);
	else
		connection_alert(connection, end->alert, end->word);
}

static bool
is_known(const struct worker *worker)
{
	return worker->trust.index.generation != 0;
}

/* Begin the walk over all connections, or begin it anew. */
static void
begin_walk(struct worker *worker)
{
	struct worker_trust *trust = &worker->trust;

	trust->crls_end_at = ipc_trust_crls_end_at(&trust->index,
	    clock_realtime_seconds());
	trust->cursor = TAILQ_FIRST(&worker->connections);
}

static int
use_index(struct worker *worker, int fd, const struct ipc_trust_given *given)
{
	struct worker_trust *trust = &worker->trust;
	struct ipc_trust_index index;

	if (ipc_trust_map(fd, given, &index) != 0)
		return -EBADMSG;
	ipc_trust_unmap(&trust->index);
	trust->index = index;
	begin_walk(worker);
	return 0;
}

void
trust_init(struct worker *worker)
{
	struct proc_child *child = worker->child;

	worker->trust.crls_end_at = IPC_TRUST_NEVER;
	if (child->trust_given.generation == 0)
		return;
	if (use_index(worker, child->trust_index, &child->trust_given) != 0)
		fatal("a worker is given what clients are trusted by");
	close(child->trust_index);
	child->trust_index = -1;
}

void
trust_done(struct worker *worker)
{
	ipc_trust_unmap(&worker->trust.index);
	told_done(&worker->trust.told);
}

int
on_trust_index(struct worker *worker, struct ipc_message *message)
{
	struct ipc_trust_given given;

	if (ipc_trust_given_decode(message->payload, &given) != 0)
		return -EBADMSG;
	return use_index(worker, message->fd, &given);
}

/* What was verified with an index before this one may have been handed over
 * after it came. */
bool
trust_admits(struct worker *worker, const struct tls_peer *peer)
{
	enum ipc_trust_verdict verdict;

	/* No gate runs before the first one is there. */
	if (!is_known(worker))
		return true;
	verdict = judge(worker, peer);
	if (verdict == IPC_TRUST_GOOD)
		return true;
	log_end(peer, &ends[verdict]);
	return false;
}

/* Returns whether it was ended. */
static bool
look_at(struct worker *worker, struct connection *connection)
{
	enum ipc_trust_verdict verdict;
	struct tls_peer peer;

	if (connection->state >= CONNECTION_CLOSING)
		return false;
	connection_peer(connection, &peer);
	verdict = judge(worker, &peer);
	if (verdict == IPC_TRUST_GOOD)
		return false;
	end_connection(connection, &peer, &ends[verdict]);
	return true;
}

bool
trust_turn(struct worker *worker)
{
	struct worker_trust *trust = &worker->trust;
	unsigned int checks = 0, ended = 0;

	while (trust->cursor != NULL && checks < CHECKS_A_TURN &&
	       ended < TRUST_ENDS_A_TURN) {
		struct connection *connection = trust->cursor;

		trust->cursor = TAILQ_NEXT(connection, in_all);
		ended += look_at(worker, connection);
		checks++;
	}
	return trust->cursor != NULL;
}

void
trust_tick(struct worker *worker)
{
	if (clock_realtime_seconds() >= worker->trust.crls_end_at)
		begin_walk(worker);
}

void
trust_forget(struct worker *worker, struct connection *connection)
{
	if (worker->trust.cursor == connection)
		worker->trust.cursor = TAILQ_NEXT(connection, in_all);
}

uint64_t
trust_left_ms(int64_t not_after, int64_t realtime_ms)
{
	int64_t end_ms;

	if (not_after >= CLOCK_REALTIME_SECONDS_MAX)
		return UINT64_MAX;
	/* RFC 5280, 4.1.2.5: the last second belongs to it. */
	end_ms = (not_after + 1) * 1000;
	return end_ms > realtime_ms ? (uint64_t)(end_ms - realtime_ms) : 0;
}

static uint64_t
left_ms(const struct connection *connection)
{
	return trust_left_ms(connection->not_after, clock_read().realtime_ms);
}

uint64_t
trust_deadline_ms(const struct connection *connection, uint64_t in_ms)
{
	uint64_t left = left_ms(connection);

	if (left > LOOK_MS)
		left = LOOK_MS;
	return in_ms < left ? in_ms : left;
}

void
trust_warn(struct connection *connection)
{
	expiry_report(connection, left_ms(connection));
}

bool
trust_due(struct connection *connection)
{
	uint64_t left = left_ms(connection);
	struct tls_peer peer;

	if (connection->state >= CONNECTION_CLOSING)
		return false;
	if (left > 0) {
		expiry_report(connection, left);
		return false;
	}
	connection_peer(connection, &peer);
	end_connection(connection, &peer, &end_expired);
	return true;
}
