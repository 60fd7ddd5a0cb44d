/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The worker role: what its parts share.
 */
#ifndef SIGNET_WORKER_WORKER_H
#define SIGNET_WORKER_WORKER_H

#include <sys/queue.h>

#include "lib/hash.h"
#include "lib/index.h"
#include "lib/pool.h"
#include "proc/child.h"
#include "rights/rights.h"
#include "worker/census.h"
#include "worker/deadline.h"
#include "worker/interest.h"
#include "worker/review.h"
#include "worker/sharing.h"
#include "worker/sources.h"
#include "worker/store_read.h"
#include "worker/topic_tree.h"
#include "worker/trust.h"
#include "worker/will.h"

struct connection;
struct denials;
struct forwards;
struct heartbeats;
struct inspection;
struct journal;
struct moved;
struct retained_walk;
struct retention;
struct router;
struct session;
struct sys;

TAILQ_HEAD(connection_queue, connection);
TAILQ_HEAD(session_list, session);
LIST_HEAD(inspection_list, inspection);

struct worker {
	struct proc_child *child;
	const struct config *config;

	struct session_list sessions; /* all, in the order of their coming */
	struct index session_index;   /* by identity and client identifier */
	struct session_cursors cursors;
	struct census census;
	struct inspection_list inspections;
	struct index queues; /* of durable ones, by their number */
	struct store_reads reads;
	size_t held_bytes; /* of messages that wait for durable ones */
	struct topic_tree *topics;
	struct pool subscriptions; /* all there are */
	struct rights_table *rights;
	struct denials *denials;
	struct router *router;
	struct forwards *forwards;
	struct retention *retention;
	struct retained_walk *presence_walk; /* NULL: see presence.h */
	struct journal *journal;
	struct sys *sys;
	struct heartbeats *heartbeats;
	struct worker_trust trust;
	struct interest interest;
	struct sharing sharing;
	struct moved *moved;     /* a table, NULL if empty: see moved.h */
	struct will_queue wills; /* that are under way */
	struct review review;
	/* Index by worker; NULL: itself, or not there. */
	struct proc_peer *peers[WORKER_SET_MAX];
	struct worker_sources sources; /* what gates know */

	size_t connection_count;
	size_t connection_max;
	struct connection_queue connections;
	struct connection_queue dirty;  /* have output for this turn's end */
	struct connection_queue active; /* oldest first: not yet at rest */
	struct connection_queue held;   /* wait until a peer's queue drains */
	struct connection_queue
	    homeless; /* wait for the worker of their home */

	struct deadline_wheel deadlines;         /* of connections */
	struct deadline_wheel session_deadlines; /* of sessions without one */
	struct deadline_wheel throttles;         /* of connections held back */
	size_t throttle_count;                   /* that are set */
	uv_timer_t throttle_timer;               /* runs while there are any */
	uv_timer_t tick;
	uv_idle_t idle; /* runs while there is more to do than a turn's share */
	/* Connections that came to rest or ended, and full parts of written
	 * transactions, since the heap was trimmed: they left holes in it. */
	size_t hole_count;
	size_t hole_count_seen; /* a tick ago */
	size_t waiting_bytes;   /* of messages: what the dirty have got */
	bool is_stopping;
	bool is_ready;

	/* Scratch memory of a turn, used by one connection at a time. */
	uint8_t *read_buffer;
	uint8_t *record_buffer; /* plaintext of a record */
	uint8_t *write_buffer;
	struct buffer scratch;
};

/* The time of this turn: CLOCK_MONOTONIC, as all processes have it. */
static inline uint64_t
worker_now_ms(const struct worker *worker)
{
	return uv_now(&worker->child->loop);
}

/* What a worker does at each event of its loop; child->context is it. */
extern const struct proc_events worker_events;

/* Run as a worker: see proc/child.h. */
int worker_run(struct proc_child *child);

/* Send what waits for other workers, then what waits for clients. */
void worker_flush(struct worker *worker);

/* Is the queue to any other worker full? Who feeds it is held back then. */
bool worker_is_congested(const struct worker *worker);

/* Is more on its way to disks, here or elsewhere, than is held? Those who
 * publish at QoS above 0 are held back then. */
bool worker_is_full(const struct worker *worker);

/* All workers but this one. */
static inline worker_set
worker_others(const struct worker *worker)
{
	unsigned int count = worker->child->start.worker_count;
	worker_set all = count >= WORKER_SET_MAX ? ~(worker_set)0
						 : ((worker_set)1 << count) - 1;

	return all & ~((worker_set)1 << worker->child->index);
}

/* The worker where a session lives: a keyed hash of its key. */
unsigned int worker_home_of(const struct worker *worker, struct bytes key);

#endif
