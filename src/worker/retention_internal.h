/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the three parts of the retention share: keeping (retention.c), asking
 * (retention_query.c) and answering (retention_answer.c).
 */
#ifndef SIGNET_WORKER_RETENTION_INTERNAL_H
#define SIGNET_WORKER_RETENTION_INTERNAL_H

#include <sys/queue.h>

#include "lib/table.h"
#include "worker/retention.h"

/* How far one walk goes at a time, how far all go in a turn, how many of them
 * are looked at, and how many messages a page has. */
#define RETENTION_STEPS      512
#define RETENTION_TURN_STEPS 4096
#define RETENTION_TURN_WALKS 64
#define RETENTION_PAGE       128

/* A PUT that another worker has not acknowledged yet. */
struct retention_wait {
	STAILQ_ENTRY(retention_wait) next;
	struct message *message;           /* to send it again; NULL: not */
	struct connection *connection;     /* NULL: nobody waits (any more) */
	struct retention_promise *promise; /* NULL: none */
	uint64_t number;
	uint64_t ack;
};
STAILQ_HEAD(retention_waits, retention_wait);

/* A PUT of another worker, to be acknowledged when it is on disk. */
struct retention_owed {
	STAILQ_ENTRY(retention_owed) next;
	uint64_t number;
	uint64_t transaction;
	uint8_t reason;
};
STAILQ_HEAD(retention_owed_list, retention_owed);

/* A topic whose message came live while a query went on. */
struct retention_overtaken {
	UT_hash_handle hh;
	uint64_t topic; /* its hash */
	uint64_t published_ns;
};

/* A subscription is sent what is kept, worker by worker. */
struct retention_query {
	UT_hash_handle hh; /* by number */
	UT_hash_handle by_subscription;
	TAILQ_ENTRY(retention_query) next;
	uint64_t number;
	struct subscription *subscription;
	struct bytes topic_filter;
	uint64_t announcement; /* that it waits for, or has waited for */
	bool is_waiting;
	uint64_t until_ns;          /* what is later came live */
	unsigned int worker;        /* the one that is asked */
	bool is_asked;              /* and has not answered */
	bool is_begun;              /* it has been asked once */
	struct retained_walk *walk; /* if it is this one */
	struct retention_overtaken *overtaken;
};

TAILQ_HEAD(retention_order, retention_query);

/* Another worker's query is answered. */
struct retention_answer {
	TAILQ_ENTRY(retention_answer) next;
	struct proc_peer *peer;
	uint64_t number;
	struct retained_walk *walk;
	unsigned int left; /* of the page; 0: the next is not asked for */
};
TAILQ_HEAD(retention_answers, retention_answer);

struct retention {
	struct worker *worker;
	struct retained *retained;
	uint64_t numbers; /* of PUTs and queries */
	struct retention_waits waits[WORKER_SET_MAX];
	size_t waiting_bytes;
	struct retention_owed_list owed[WORKER_SET_MAX];
	worker_set owing;
	struct retention_query *queries; /* by number; the same: */
	struct retention_query *of_subscriptions;
	struct retention_order order;   /* of their turns */
	struct retention_order waiting; /* for their announcements */
	struct retention_answers answers;
	uint64_t refused_ms; /* when the last refusal was logged */
	uint32_t refused;    /* since then, and that one */
};

/* The asking part. */
bool retention_query_turn(struct retention *retention);
void retention_query_peer_down(struct retention *retention,
    unsigned int worker);
int on_retained_found(struct retention *retention, struct bytes payload);
int on_retained_page(struct retention *retention, unsigned int worker,
    struct bytes payload);
void retention_query_free(struct retention *retention,
    struct retention_query *query);

/* The answering part. */
bool retention_answer_turn(struct retention *retention);
void retention_answer_peer_down(struct retention *retention,
    const struct proc_peer *peer);
int on_retained_query(struct retention *retention, struct proc_peer *peer,
    struct bytes payload);
int on_retained_more(struct retention *retention, struct proc_peer *peer,
    struct bytes payload);
int on_retained_cancel(struct retention *retention, struct proc_peer *peer,
    struct bytes payload);
void retention_answer_free(struct retention *retention,
    struct retention_answer *answer);

#endif
