/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Messages at QoS above 0 on their way to sessions of other workers that last.
 * Each is numbered and kept until the other worker has it on disk, and sent
 * again to the one that comes in its place; a publisher's acknowledgement waits
 * for that. At QoS 2 the other worker notes the last number that it delivered,
 * in the same transaction: so what is sent again is not delivered again.
 *
 * A message at QoS 2 of a publisher whose session lasts also says which PUBLISH
 * it is of, as another worker may forward it when this one has died. Who
 * delivers it notes that, too; the note is over when the publisher's PUBREL has
 * come (4.3.3). Such a message is kept for workers whose sessions do not last,
 * too.
 */
#ifndef SIGNET_WORKER_ROUTER_FORWARD_H
#define SIGNET_WORKER_ROUTER_FORWARD_H

#include <sys/queue.h>

#include "worker/message.h"
#include "worker/worker.h"

struct forwards;

/* Which PUBLISH at QoS 2 a message is of; both 0: it does not matter. Without
 * a packet identifier: which debt of a Shared Subscription, by its id. */
struct forward_origin {
	uint64_t session; /* the publisher's, in the store */
	uint16_t packet_id;
	/* A process that is gone may have delivered it without a note: it is
	 * not delivered at QoS 0 again (4.3.1, [MQTT-4.3.3-2]). */
	bool is_unsure;
};

/* Returned, free with forwards_free(). */
struct forwards *forwards_new(struct worker *worker);
void forwards_free(struct forwards **forwards);

/*
 * Send a message to another worker, or keep it until that is there.
 * names: if not empty, it is for members of these Shared Subscriptions, too,
 * as in struct ipc_publish_share.
 */
struct forward_share {
	struct bytes names;
	uint8_t hops;
	bool has_interest;
};
void forwards_publish(struct worker *worker, unsigned int index,
    struct message *message, const struct forward_origin *origin,
    const struct forward_share *share);

/* The workers that have not acknowledged what is of this PUBLISH. */
worker_set forwards_of(const struct worker *worker,
    const struct forward_origin *origin);

/*
 * Be called once, when a worker has acknowledged the last that was forwarded to
 * it, or the one that is of this PUBLISH; never from within this call.
 *
 * index: one that was forwarded to just now, or of forwards_of(). origin: NULL:
 * the last. wait: memory of the caller, which may cancel it.
 */
struct forward_kept;
struct forward_wait {
	LIST_ENTRY(forward_wait) next;
	struct forward_kept *kept; /* that it waits for */
	/* It is the caller's again. */
	void (
	    *on_acknowledged)(struct worker *worker, struct forward_wait *wait);
};
void forwards_wait(struct worker *worker, unsigned int index,
    const struct forward_origin *origin, struct forward_wait *wait);
void forwards_wait_cancel(struct forward_wait *wait);

/* More is kept than limits.unwritten_bytes: publishers are held back. */
bool forwards_is_full(const struct worker *worker);

/*
 * The publisher's side of QoS 2.
 *
 * restored: the store says that this PUBLISH was delivered to some; to which
 * workers it went is not known. take_restored: so it was, and it has not been
 * repeated: its next PUBLISH is to be routed to those that have not got it (see
 * moved.h); only the first call says so.
 * suspect: this PUBLISH was sent before, and is not known here: a process that
 * is gone may have forwarded it to workers that have no interest in it now.
 * Whoever it was, is to forget it.
 * release: its PUBREL has come; is_known: it was noted here. Returns the
 * workers that are to forget it: PUBCOMP waits for them.
 * forget: the session, which is durable, ends.
 */
void forwards_restored(struct worker *worker,
    const struct forward_origin *origin);
bool forwards_take_restored(struct worker *worker,
    const struct forward_origin *origin);
void forwards_suspect(struct worker *worker,
    const struct forward_origin *origin);
worker_set forwards_release(struct worker *worker,
    const struct forward_origin *origin, bool is_known);
void forwards_forget(struct session *session);
/* One worker alone, of what sharing_debt.c has forwarded. */
void forwards_release_to(struct worker *worker, unsigned int index,
    const struct forward_origin *origin);

/* The receiver's side: what was kept. The row is a FORWARDED_PUT: 0 or
 * -EBADMSG. */
int forwards_take_row(struct worker *worker,
    const struct ipc_store_change *row);
void forwards_noted(struct worker *worker, const struct forward_origin *origin);

/* A worker came, or went; or told all its interest: send what is kept. */
void forwards_peer_up(struct worker *worker, unsigned int index);
void forwards_peer_down(struct worker *worker, unsigned int index);
void forwards_resume(struct worker *worker, unsigned int index);

/* Acknowledge what is on disk by now; at a turn's end. */
void forwards_turn_end(struct worker *worker);

/* Handlers of FORWARD_KEPT, _ACK and _RELEASE; 0 or -EBADMSG. */
int on_forward_kept(struct worker *worker, struct proc_peer *peer,
    const struct ipc_message *message);
int on_forward_ack(struct worker *worker, struct proc_peer *peer,
    struct bytes payload);
int on_forward_release(struct worker *worker, struct proc_peer *peer,
    struct bytes payload);

#endif
