/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The entrance of a gate: what the acceptor takes is admitted, and becomes a
 * handshake, or is closed without a byte; and the gates tell each other what
 * comes in.
 */
#ifndef SIGNET_GATE_ENTRANCE_H
#define SIGNET_GATE_ENTRANCE_H

#include "gate/acceptor.h"
#include "gate/complaints.h"
#include "gate/handshake.h"
#include "proc/child.h"

/* Another gate, or a worker: the context of its proc_peer. */
struct entrance_peer {
	struct proc_peer *public;
	struct admission_peer *admission;
	bool is_behind; /* a gate that has not been told all */
};

struct entrance {
	struct proc_child *child;
	struct handshakes *handshakes;
	struct acceptor acceptor;
	struct admissions admissions;
	struct complaints complaints;
	size_t handshakes_max; /* this gate's share */
	uv_timer_t tick;       /* runs while there are complaints */
	size_t gate_count;
	struct entrance_peer **gates;
	size_t worker_count;
	struct entrance_peer **workers;
};

/* Let clients in. child, handshakes: borrowed; their on_end, weigh and
 * on_refused lead to the functions below. */
void entrance_open(struct entrance *entrance, struct proc_child *child,
    struct handshakes *handshakes);
/* Let nobody in any more: its handles end in the next turns. */
void entrance_close(struct entrance *entrance);
/* Free what it has, when the loop has ended. */
void entrance_done(struct entrance *entrance);

/* The configuration has changed. */
void entrance_renew(struct entrance *entrance);

/* Another gate or a worker is there, is gone, takes more again. */
void entrance_peer_up(struct entrance *entrance, struct proc_peer *public);
void entrance_peer_down(struct entrance *entrance, struct proc_peer *public);
void entrance_peer_writable(struct entrance *entrance,
    struct proc_peer *public);

/* Handler of SOURCE; 0 or -EBADMSG. */
int entrance_on_source(struct entrance *entrance, struct proc_peer *public,
    struct bytes payload);

/* Of handshakes: see struct handshake_events. */
void entrance_on_end(struct entrance *entrance,
    const struct sockaddr_storage *address);
bool entrance_on_refused(struct entrance *entrance,
    const struct sockaddr_storage *address);

#endif
