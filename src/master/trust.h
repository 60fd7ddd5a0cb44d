/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What clients are trusted by: the trust role checks the files, and gates and
 * workers get the index that it made of them.
 */
#ifndef SIGNET_MASTER_TRUST_H
#define SIGNET_MASTER_TRUST_H

#include <uv.h>

#include "config/config.h"
#include "ipc/message.h"
#include "ipc/trust.h"

struct master;
struct member;

/* The files to check, in sealed memory; borrowed during the call. */
struct trust_sources {
	const struct config *config; /* their names, and how strict to be */
	int certificate;
	int client_ca;
	const int *crls; /* as many as tls.crl names */
};

/*
 * What came of it. verdict->text: the fault, during the call. index: sealed
 * memory, taken; -1 if the verdict is not good.
 */
typedef void trust_done(struct master *master,
    const struct ipc_trust_verdict_of *verdict, int index,
    const struct ipc_trust_given *given);

struct trust_state {
	int index; /* in use; -1: none yet */
	struct ipc_trust_given given;
	struct ipc_trust_index view; /* of it */
	/* What is being checked: 0, or its generation. */
	uint64_t asked;
	trust_done *done;
	int made; /* came before its verdict; or -1 */
	struct ipc_trust_given made_given;
	uv_timer_t dates; /* when they are looked at next */
	int64_t told_at;  /* when the dates were looked at last */
	/* Of the server's certificate at the start, if there is an index. */
	uint8_t first_spki[IPC_TRUST_SPKI_LEN];
};

void master_trust_init(struct master *master);
/* Before the loop's end; and after it. */
void master_trust_close(struct master *master);
void master_trust_free(struct master *master);

/*
 * Have files checked; done is called once, later, also if the trust process
 * dies. generation: greater than that of the index in use.
 * Returns 0; -EBUSY if a check is under way; -ESRCH if there is no trust
 * process that is ready.
 */
int master_trust_ask(struct master *master, const struct trust_sources *sources,
    uint64_t generation, trust_done *done);

/*
 * Use an index from now on: gates and workers get it, those that run and those
 * that are started later. index: taken.
 */
void master_trust_use(struct master *master, int index,
    const struct ipc_trust_given *given);

/*
 * Warn of roles that match the name of an issuer, but not the authority above
 * it, though several can give that name.
 */
void master_trust_judge_roles(const struct master *master);

/* Is there an index, or no trust role that could make one? */
bool master_trust_is_known(const struct master *master);

/* Give it to one member, if it is to have it. */
void master_trust_supply(struct member *member);

/* The trust process is ready; it has sent a message; it has ended. */
void master_trust_on_ready(struct member *member);
int master_trust_on_message(struct member *member, struct ipc_message *message);
void master_trust_on_exit(struct master *master);

#endif
