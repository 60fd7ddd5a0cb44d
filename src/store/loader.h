/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is at home at a worker that begins, row by row, in bounded pieces: the
 * next one is read when the worker has taken the one before.
 */
#ifndef SIGNET_STORE_LOADER_H
#define SIGNET_STORE_LOADER_H

#include "store/frames.h"
#include "store/store_internal.h"

/* Where a load stands. */
struct loader_state {
	enum database_family family; /* that is being read */
	struct buffer after;         /* the last key that was */
	uint64_t session;            /* whose head was read last */
	bool is_home;                /* and is it at home there? */
	bool is_complete;
	uint64_t rows;
	uint64_t lost; /* that do not decode */
};

/* For whom rows are picked. */
struct loader_target {
	uint16_t worker;
	uint16_t worker_count;
	uint8_t home_key[16];
	int64_t now; /* in seconds: what has expired is left out */
};

void loader_state_init(struct loader_state *state);
void loader_state_done(struct loader_state *state);

/*
 * Read on for about len bytes of STORE_ROWs; is_complete is set at the end.
 * 0 or as database_get(): then state stands where it stood before the fault.
 */
int loader_read(struct database *database, const struct loader_target *target,
    size_t len, struct loader_state *state, struct frames *frames, char *why);

/* Load for a client, and begin the next step, if it may. */
void loader_start(struct store_client *client);
void loader_go_on(struct store_client *client);

/* Its client is gone. */
void loader_stop(struct store_client *client);

#endif
