/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether those who are connected may still be trusted: by the index that the
 * master gives, and by the dates of their certificates.
 */
#ifndef SIGNET_WORKER_TRUST_H
#define SIGNET_WORKER_TRUST_H

#include "ipc/trust.h"
#include "proc/child.h"
#include "tls/handover.h"
#include "worker/told.h"

struct connection;
struct worker;

struct worker_trust {
	struct ipc_trust_index index; /* zeroed: none has come */
	int64_t crls_end_at;          /* the first CRL to end, or NEVER */
	struct connection *cursor;    /* of the walk: who is looked at next */
	struct told told;             /* whose certificates end soon */
};

/* Take what came before the start. */
void trust_init(struct worker *worker);
void trust_done(struct worker *worker);

/* TRUST_INDEX: all who are connected are looked at, over the next turns. */
int on_trust_index(struct worker *worker, struct ipc_message *message);

/* May a peer that is handed over now come in? Otherwise it is logged. */
bool trust_admits(struct worker *worker, const struct tls_peer *peer);

/* So many sessions are ended in a turn at most. */
#define TRUST_ENDS_A_TURN 16

/* Look at some more connections; is there more to do? */
bool trust_turn(struct worker *worker);

/* Once a second: has a CRL ended? */
void trust_tick(struct worker *worker);

/* A connection leaves the list of all: the walk must not stop at it. */
void trust_forget(struct worker *worker, struct connection *connection);

/* Until a certificate has ended, whose notAfter (seconds since 1970) this is;
 * 0 if it has. UINT64_MAX: never. */
uint64_t trust_left_ms(int64_t not_after, int64_t realtime_ms);

/*
 * A deadline in so many milliseconds, or before, so that nothing outlives its
 * certificate, whatever becomes of the clock.
 */
uint64_t trust_deadline_ms(const struct connection *connection, uint64_t in_ms);

/*
 * At a deadline: end the connection if its certificate has ended, and tell if
 * that is near. Is it ended?
 */
bool trust_due(struct connection *connection);

/* Tell of a client that has just connected if its certificate ends soon. */
void trust_warn(struct connection *connection);

#endif
