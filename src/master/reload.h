/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Taking up a new state while the daemon runs, wholly or not at all: the
 * reader reads it, every process is asked whether it can use it, and only when
 * all can are they told to. Who is started later gets it from the beginning.
 */
#ifndef SIGNET_MASTER_RELOAD_H
#define SIGNET_MASTER_RELOAD_H

#include "lib/hash.h"
#include "master/member.h"
#include "master/report.h"

enum reload_cause {
	RELOAD_BY_START, /* what has changed while the daemon was started */
	RELOAD_BY_SIGNAL,
	RELOAD_BY_CONTROL,
	RELOAD_BY_FILE,
};

enum reload_stage {
	RELOAD_IDLE,
	RELOAD_READING,
	RELOAD_TRUST,     /* until the trust process has made an index of it */
	RELOAD_KEY,       /* until the key process knows the new one */
	RELOAD_PROPOSED,  /* until all have agreed, or one does not */
	RELOAD_COMMITTED, /* until all use it */
};

struct reload {
	struct master *master;
	enum reload_stage stage;
	enum reload_cause cause;
	bool is_wanted; /* once more, when this one is over */
	enum reload_cause wanted_cause;
	uint64_t run_count;             /* that were begun */
	uint64_t proposed;              /* the number of the last proposal */
	uint64_t generation;            /* of the state in use */
	struct hash_key key;            /* of the hashes of files */
	uint8_t key_id[IPC_KEY_ID_LEN]; /* that the certificate has to have */
	struct state_files next;        /* as it is read, and proposed */
	struct config *next_config;
	bool is_other_key;
	int next_index; /* of trust, sealed memory; -1: as before */
	struct ipc_trust_given next_given;
	struct config *config; /* the one in use, if it was reloaded */
	struct report report;
	uv_timer_t deadline;
};

/* Before the loop runs; free with reload_done() when it has ended. */
void reload_init(struct reload *reload, struct master *master);
void reload_close(struct reload *reload);
void reload_done(struct reload *reload);

/*
 * Take up what is on disk now, or once what is under way is over: in the run
 * that follows the last of run_count. control_reload_done() tells its end.
 */
void reload_request(struct reload *reload, enum reload_cause cause);

/* All processes have been ready once: what was wanted till then begins. */
void reload_on_up(struct reload *reload);

/* A member is ready: is it behind what is in use, it is told; one is gone. */
void reload_on_ready(struct reload *reload, struct member *member);
void reload_on_exit(struct reload *reload, struct member *member);

/* Messages that concern it. 0; -EBADMSG; -ENOSYS if it is another. */
int reload_on_message(struct reload *reload, struct member *member,
    struct ipc_message *message);

#endif
