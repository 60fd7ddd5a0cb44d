/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The heartbeats of this worker's connections (docs/heartbeat.md): who has one,
 * under which handle and key, and when one is missed. heartbeat_socket.h gets
 * and answers the datagrams.
 */
#ifndef SIGNET_WORKER_HEARTBEAT_H
#define SIGNET_WORKER_HEARTBEAT_H

#include "beat/datagram.h"
#include "beat/window.h"
#include "lib/table.h"
#include "worker/connection.h"

struct heartbeat_socket;
struct session_subscription;

/* Of a connection whose session is subscribed to it. */
struct heartbeat {
	UT_hash_handle hh; /* by its handle, unless it is off */
	TAILQ_ENTRY(heartbeat) in_all;
	struct deadline deadline;
	struct connection *connection;
	uint32_t asked_ms;        /* what stands in the topic filter */
	uint32_t subscription_id; /* 0: none */
	TAILQ_ENTRY(heartbeat) in_asked;
	bool is_asked;     /* for, in this turn: it is in the list */
	bool is_on;        /* the rest holds */
	bool is_stale;     /* by settings that are not those of now */
	bool is_offer_out; /* the client can have the key of now */
	uint8_t key_number;
	uint8_t misses;
	uint32_t interval_ms;
	uint64_t handle;
	uint64_t heard_ms;     /* the last question; 0: none has come */
	uint64_t renew_at_ms;  /* the key */
	uint64_t old_until_ms; /* the key before is good; 0: it is gone */
	struct beat_window window;
	struct beat_key key;
	struct beat_key *old_key; /* NULL: there is none */
};

/* Of one call. */
#define HEARTBEAT_QUESTIONS_MAX 64

/* A datagram that has come, and what becomes of it. */
struct heartbeat_question {
	struct bytes datagram; /* borrowed */
	uint8_t *answer;       /* BEAT_DATAGRAM_LEN bytes */
	bool is_taken;         /* and answered */

	/* While it is judged: what it says, and by which key, if any, that is
	 * to be proved. */
	struct beat_datagram claimed;
	struct heartbeat *heartbeat;
	const struct beat_key *key;
	uint8_t tag[BEAT_TAG_LEN];
};

TAILQ_HEAD(heartbeat_queue, heartbeat);

struct heartbeats {
	struct worker *worker;
	struct heartbeat *by_handle;
	struct heartbeat_queue all;   /* those that are stale first */
	struct heartbeat_queue asked; /* for: answered at the turn's end */
	size_t asked_count;           /* of them: those that are off */
	struct deadline_wheel deadlines;
	uv_timer_t tick; /* runs while there are any */
	uint64_t
	    listening_ms; /* since then nothing was lost for want of time */
	uint64_t reported_period;
	uint64_t reported;               /* of what was dropped */
	struct heartbeat_socket *socket; /* NULL: none was given */
};

void heartbeats_init(struct worker *worker);
void heartbeats_done(struct worker *worker);

/* Use this socket, which is taken, from now on; -1: there is none. */
void heartbeats_set_socket(struct worker *worker, int fd);

/* How many there are. */
size_t heartbeats_count(const struct worker *worker);

/* At each second: log what was dropped, at most once a minute in all workers
 * together. */
void heartbeats_report(struct worker *worker);

/* May this one of count workers report now, once in this period? */
bool heartbeat_report_turn(uint64_t now_ms, unsigned int worker,
    unsigned int count, uint64_t *period);

/* Handler of HEARTBEAT_SOCKET; 0 or -EBADMSG. */
int on_heartbeat_socket(struct worker *worker, struct ipc_message *message);

/* worker->config is the new one; before: the one until now. What has changed
 * for those who have heartbeats is done over the next ticks. */
void heartbeats_commit(struct worker *worker, const struct config *before);

/*
 * A client wants to subscribe to this filter, as in the packet: SUCCESS if it
 * asks for no heartbeat, or may have it; else why not.
 */
enum mqtt_reason heartbeat_check(const struct connection *connection,
    struct bytes topic_filter);

/* It is subscribed: if the filter asks for a heartbeat, it has it at the end of
 * the turn, in place of the one before, whose subscription ends. However often
 * a client asks in a turn, it is given one key. */
void heartbeat_subscribed(struct connection *connection,
    const struct session_subscription *subscription);

/* At the end of each turn: give what was asked for. */
void heartbeats_turn_end(struct worker *worker);

/* A subscription of its session has ended. */
void heartbeat_unsubscribed(struct connection *connection,
    struct bytes topic_filter);

/* A session that was there before has its connection, and its CONNACK. */
void heartbeat_resume(struct connection *connection);

/* Its session is over, or it is. NULL for none is allowed. */
void heartbeat_free(struct heartbeat **heartbeat);

/* The kernel had no room for so many: nobody is blamed for what may be lost. */
void heartbeats_lost(struct worker *worker, uint32_t count);

/* Look at it when the key is old, or the client has been silent too long. */
void heartbeat_set_deadline(struct heartbeat *heartbeat);

/* The key before the one of now is void. */
void heartbeat_forget_old_key(struct heartbeat *heartbeat);

/*
 * Datagrams have come, in this order.
 *
 * count: at most HEARTBEAT_QUESTIONS_MAX. datagram and answer of each are set;
 * is_taken is said of each, and answer written where it is true.
 */
void heartbeats_take(struct worker *worker,
    struct heartbeat_question *questions, size_t count);

#endif
