/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What every role but the master runs in: an event loop, a channel to the
 * master and channels to its peers.
 *
 * A child is born with its channel to the master as descriptor 3. Before its
 * run function is called it has dropped privileges, received its
 * configuration and all that START promises, and confined itself.
 *
 * A turn of the loop: events are handled; then on_turn_end; then every
 * channel is flushed. So a message to another process that any handler pushed
 * leaves in one batch.
 */
#ifndef SIGNET_PROC_CHILD_H
#define SIGNET_PROC_CHILD_H

#include <uv.h>

#include "config/config.h"
#include "ipc/channel.h"
#include "ipc/statistics.h"
#include "ipc/ticket_keys.h"
#include "ipc/trust.h"
#include "proc/credentials.h"
#include "proc/role.h"

/* Another process that this one has a channel to. */
struct proc_peer {
	enum ipc_role role;
	uint16_t index;
	struct ipc_channel *channel;
	void *context; /* the role's own */
};

struct proc_events {
	/* A channel to a peer is open (also after it was restarted). */
	void (*on_peer_up)(struct proc_child *child, struct proc_peer *peer);
	/* It is gone, and all that it sent was handled; peer is freed after
	 * this call. Not called for those who remain when the loop ends. */
	void (*on_peer_down)(struct proc_child *child, struct proc_peer *peer);
	/* A message from a peer; 0, or -EBADMSG if malformed. */
	int (*on_message)(struct proc_child *child, struct proc_peer *peer,
	    struct ipc_message *message);
	/* A message from the master that is the role's own, once it runs; 0, or
	 * -EBADMSG if malformed. */
	int (
	    *on_control)(struct proc_child *child, struct ipc_message *message);
	/* The queue to a peer, that was full, has room again. */
	void (*on_peer_writable)(struct proc_child *child,
	    struct proc_peer *peer);
	/*
	 * A new state is proposed: child->next_config and, for those who have
	 * credentials, child->next_credentials, which may be taken. Prepare
	 * what can fail; nothing of it is in use yet, and it may never be:
	 * another proposal may take its place.
	 * Returns 0; or -EINVAL with why, in plain words of at most size bytes.
	 */
	int (*on_propose)(struct proc_child *child, char *why, size_t size);
	/* It will not be used: forget what was prepared. */
	void (*on_dismiss)(struct proc_child *child);
	/*
	 * The proposal is to be used: child->config has it. before is freed
	 * after this call. Returns true if it is in force; else
	 * proc_child_committed() is called when it is.
	 */
	bool (
	    *on_commit)(struct proc_child *child, const struct config *before);
	void (*on_turn_end)(struct proc_child *child);
	/*
	 * What the role does between two turns, where no other code of the loop
	 * is under way, so that it may let another thread have the loop
	 * meanwhile. has_job is asked before a turn, which does not wait then.
	 * Both are there or neither is.
	 */
	bool (*has_job)(const struct proc_child *child);
	void (*on_job)(struct proc_child *child);
	/* What was counted is about to be told: set what is not counted as it
	 * goes. */
	void (*on_count)(struct proc_child *child);
	/* End in order; call proc_child_stopped() when done. */
	void (*on_stop)(struct proc_child *child);
};

struct proc_child {
	uv_loop_t loop;
	const struct role *role;
	uint16_t index;
	const struct config *config;
	struct ipc_start start;
	char *files_path; /* of the configuration; NULL: not for this role */
	struct proc_credentials credentials;
	/* What clients are trusted by, if the role has it: map it with
	 * ipc_trust_map(). -1: none has come before START. */
	int trust_index;
	struct ipc_trust_given trust_given;
	/* What tickets are sealed with, if the role has them: secrets. */
	struct ipc_ticket_keys ticket_keys;
	int heartbeat_socket;       /* that came before START; -1: none */
	struct config *next_config; /* proposed; NULL if nothing is */
	struct proc_credentials next_credentials;
	struct bytes next_key_id; /* during on_propose; empty: any key */
	size_t listener_count;
	int *listeners;
	uint64_t counted[IPC_STATISTIC_COUNT]; /* see ipc/statistics.def */
	void *context;                         /* the role's own */
	struct proc_child_private *private;
};

/*
 * The main function of a child process: called by signetd when it was
 * executed as a role. Returns the exit status.
 */
int proc_child_main(const struct role *role, uint16_t index);

/* Called by a role's run function: loop until stopped. The exit status. */
int proc_child_loop(struct proc_child *child, const struct proc_events *events);

/* Tell the master that this child can take work. Once. */
void proc_child_ready(struct proc_child *child);

/* Push to the master; sent at the end of the turn. */
void proc_master_push(struct proc_child *child, enum ipc_message_type type,
    struct bytes payload);

/* The same with a descriptor, which is taken. */
void proc_master_push_with(struct proc_child *child, enum ipc_message_type type,
    struct bytes payload, int fd);

/* What on_commit said was not yet done is done. */
void proc_child_committed(struct proc_child *child);

/* Everything that on_stop asked for is done: leave the loop. */
void proc_child_stopped(struct proc_child *child);

/*
 * Push to a peer; sent at the end of the turn. Arguments as
 * ipc_channel_push(). A failure ends the peer's channel at the turn's end; a
 * large message for which no descriptor or memory is left is lost and logged.
 */
void proc_peer_push(struct proc_child *child, struct proc_peer *peer,
    enum ipc_message_type type, struct bytes payload, int fd, bool is_secret);

/*
 * The same with the payload in count pieces, one behind the other, each copied
 * once (see ipc_publish_parts()).
 */
void proc_peer_push_parts(struct proc_child *child, struct proc_peer *peer,
    enum ipc_message_type type, const struct bytes *parts, size_t count, int fd,
    bool is_secret);

/*
 * Send at once what was pushed to any peer, as far as its channel takes it, so
 * that it outlives this process whatever is done next.
 */
void proc_peers_flush(struct proc_child *child);

/*
 * Send what was pushed to a peer and wait until messages of it have come,
 * which on_message has handled by then: for an answer without which the turn
 * cannot go on. Not to be called by on_message.
 *
 * timeout_ms: 0 takes what is there.
 * Returns 0; -ETIMEDOUT; -EPIPE if the peer is gone, of which on_peer_down
 * tells at the end of the turn.
 */
int proc_peer_await(struct proc_child *child, struct proc_peer *peer,
    uint64_t timeout_ms);

/*
 * A peer has said what it may not say, as was found out only now: its channel
 * ends at the end of the turn, as if on_message had refused it.
 */
void proc_peer_refuse(struct proc_peer *peer, const char *why);

/* Is more waiting for this peer than processes.channel_bytes? */
bool proc_peer_is_full(const struct proc_child *child,
    const struct proc_peer *peer);

#endif
