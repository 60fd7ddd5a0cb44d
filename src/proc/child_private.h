/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What child.c (birth) and loop.c (life) share.
 */
#ifndef SIGNET_PROC_CHILD_PRIVATE_H
#define SIGNET_PROC_CHILD_PRIVATE_H

#include "proc/child.h"

/* A peer's channel that came and is not yet open. */
struct arrival {
	struct ipc_peer peer;
	int fd;
};

struct peer {
	struct proc_peer public; /* first: they are the same address */
	struct proc_child *child;
	struct peer *next;
	uv_poll_t poll;
	bool is_dirty;   /* something is queued */
	bool is_blocked; /* until the socket is writable */
	bool was_full;   /* its sender may be waiting for room */
	bool has_room;   /* and has to be told */
	bool is_ending;  /* no more is sent */
	bool is_drained; /* nor to be received */
};

struct proc_child_private {
	struct ipc_channel *control;
	bool is_started;      /* START was received */
	bool is_told_to_stop; /* STOP was received, or the master is gone */
	bool is_stopping;     /* and on_stop was called */
	bool is_master_gone;
	bool is_control_blocked;
	bool is_ready;      /* READY was sent */
	uint64_t proposed;  /* the number of the state that was agreed to */
	uint64_t committed; /* the number of the one that is in use */
	size_t arrival_count;
	struct arrival *arrivals;

	const struct proc_events *events;
	struct peer *peers;
	uv_poll_t control_poll;
	uv_prepare_t prepare;
	uv_check_t check;
	uv_timer_t wake;     /* only to have another turn */
	uv_timer_t repeats;  /* the same, to say what the log has left out */
	uv_timer_t deadline; /* to stop without a master */
	bool is_stopped;     /* the loop is to be left */
	int status;          /* the exit status */
};

/*
 * Take the configuration that a message brings.
 *
 * config: returned, free with config_free(); untouched on error. Returns 0 or
 * -EBADMSG, which was logged.
 */
int child_read_configuration(int fd, struct config **config);

/* Likewise a file that is for this role, into where it belongs, which must be
 * empty. */
int child_read_credential(const struct proc_child *child,
    const struct ipc_message *message, struct proc_credentials *credentials);

/*
 * proposal.c: CONFIGURATION and CREDENTIALS of a child that runs, PROPOSE and
 * COMMIT. 0; -EBADMSG; -ENOSYS if the message is another.
 */
int child_on_proposal(struct proc_child *child, struct ipc_message *message);

/* Forget what is proposed. */
void child_proposal_done(struct proc_child *child);

/* jobs.c: the loop, until it is stopped. */
void child_run(struct proc_child *child);

/* Tell the master that a peer said what it may not say. */
void proc_peer_report(struct peer *peer, const char *fault);

/* Tell the master what was counted. */
void child_tell_statistics(struct proc_child *child);

/*
 * Handle a message of the master: an ipc_handler, whose context is the child.
 */
int child_on_control(void *context, struct ipc_message *message);

#endif
