/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The members of the daemon: the processes that the master looks after.
 */
#ifndef SIGNET_MASTER_MEMBER_H
#define SIGNET_MASTER_MEMBER_H

#include <uv.h>

#include "ipc/channel.h"
#include "master/heartbeat.h"
#include "master/log_levels.h"
#include "master/monitor.h"
#include "master/service.h"
#include "master/signing_keys.h"
#include "master/tickets.h"
#include "master/trust.h"
#include "proc/child.h"

/* As many starts as may fail before the daemon gives up starting. */
#define FIRST_STARTS_MAX 3

enum member_state {
	MEMBER_DOWN,     /* not running; its timer may be about to start it */
	MEMBER_STARTING, /* running, not yet ready */
	MEMBER_READY,
};

/* The files of a state, in sealed memory; -1: not there. The private key is
 * not among them once it is in signing_keys.h's hands. */
#define STATE_CREDENTIALS 3
struct state_files {
	int configuration;
	int credentials[STATE_CREDENTIALS]; /* enum ipc_credential, less one */
	uint64_t hashes[STATE_CREDENTIALS]; /* under the key of reload.h */
	uint64_t private_key_state; /* of its file, likewise; 0: not known */
	size_t crl_count;
	int *crls;          /* what tls.crl names */
	uint64_t crls_hash; /* of all of them, in their order */
};

void state_files_init(struct state_files *files);
/* crl: taken. */
void state_files_add_crl(struct state_files *files, int crl, uint64_t hash);
/* Close those that are there: it is as after init. */
void state_files_close(struct state_files *files);

/* What all children are given. */
struct supplies {
	struct state_files files;
	const char *files_path; /* of the configuration */
	size_t listener_count;
	int *listeners;
	int metrics_listener; /* -1: there is none */
	struct ipc_start start;
};

struct member {
	struct master *master;
	const struct role *role;
	uint16_t index;
	enum member_state state;
	uint64_t generation;   /* of the state that it uses */
	uint64_t proposed;     /* the last one that it was asked about */
	bool has_agreed;       /* to that */
	bool has_heartbeat;    /* it was given its socket */
	bool is_introduced;    /* it gets a channel to whoever comes next */
	bool has_accused;      /* another one, and is ended for it */
	uv_process_t *process; /* these three while it runs */
	uv_poll_t *poll;
	struct ipc_channel *channel;
	uv_timer_t timer; /* of the state it is in */
	uint64_t started_at_ms;
	uint64_t delay_ms;          /* before it is started the next time */
	unsigned int failed_starts; /* ended before it was ready */
	struct monitored monitored;
	struct told_level told_level;
};

struct control;
struct reload;

struct master {
	uv_loop_t loop;
	const struct config *config;
	struct supplies supplies;
	struct signing_keys keys;
	struct trust_state trust;
	struct tickets tickets;
	struct heartbeat_sockets heartbeat;
	struct monitor monitor;
	struct told_level told_level; /* the master's own */
	struct service service;
	struct control *control;
	struct reload *reload;
	size_t member_count;
	struct member *members;
	uv_signal_t signals[3];
	uv_timer_t deadline;  /* of an end in order */
	bool is_second_stage; /* who listens was started, too */
	bool is_up;           /* all have been ready once */
	bool is_stopping;
	unsigned int stop_stage; /* of those who were told last */
	int status;
};

/* How many of a role there are. */
unsigned int members_count(const struct master *master, enum ipc_role role);

/* supplies.c: credentials are taken, and wiped as soon as possible. */
void supplies_open(struct master *master, struct proc_credentials *credentials);
void supplies_close(struct supplies *supplies);

/* One member's row of the role table, before the loop runs. */
void member_init(struct member *member, struct master *master,
    const struct role *role, uint16_t index);

/*
 * Start count members, that are all down, with channels to each other and to
 * everyone else whom they are to talk to.
 */
void members_start(struct member *const *members, size_t count);

/* Introduce a member that has become ready to those who listen. */
void member_introduce_ready(struct member *member);

/* Send it a message without a descriptor, if it is ready; is it? */
bool member_tell(struct member *member, enum ipc_message_type type);

/*
 * The same with content and a descriptor, or -1; both are borrowed.
 */
bool member_give(struct member *member, enum ipc_message_type type,
    struct bytes payload, int fd);

/* Push to one that is not down, without sending yet. fd: borrowed, or -1.
 * Send what was pushed. */
void member_send(struct member *member, enum ipc_message_type type,
    struct bytes payload, int fd);
void member_flush(struct member *member);
/* The same without a descriptor; no copy of the payload stays. */
void member_send_secret(struct member *member, enum ipc_message_type type,
    struct bytes payload);
/* Send it what of a state is for its role. */
void member_push_state(struct member *member, const struct state_files *files);

/* Order it to end; by force. No effect on one that is down. */
void member_stop(struct member *member);
void member_kill(struct member *member);

/* What the master does about it: master.c. */
void master_on_ready(struct member *member);
void master_on_peer_fault(struct member *member, const struct ipc_peer *peer);
void master_on_exit(struct member *member, int64_t status, int signal);
int master_on_message(struct member *member, struct ipc_message *message);
/* The first index is there; or why there can be none. */
void master_on_trust(struct master *master);
void master_on_trust_fault(struct master *master, struct bytes why);

#endif
