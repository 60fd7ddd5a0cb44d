/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The other end of a worker's channel to the store: takes transactions, keeps
 * rows in memory, answers when it is told to, and can die.
 */
#ifndef SIGNET_TESTS_UNIT_WORKER_FAKE_STORE_H
#define SIGNET_TESTS_UNIT_WORKER_FAKE_STORE_H

#include "ipc/channel.h"
#include "ipc/store.h"
#include "lib/buffer.h"
#include "worker/worker.h"

struct peer;

/* A row that is kept, or a change as it came. */
struct fake_row {
	struct ipc_store_change put;
	struct buffer key, value, body; /* what its views point to */
};
struct fake_rows {
	struct fake_row *items;
	size_t count;
};

struct fake_store {
	struct worker *worker;
	struct peer *peer; /* the worker's end */
	struct ipc_channel *channel;

	/* Of other workers: a worker gets their notes, too; see answer_rows().
	 * It may be among them. */
	struct fake_store *others;
	size_t other_count;

	/* Survive fake_store_die(). */
	struct fake_rows rows;
	uint64_t epoch;
	uint64_t transaction; /* the last that is on disk */

	struct fake_rows received;  /* of the transaction that comes in */
	uint64_t arrived;           /* whole, not on disk; 0: none */
	struct fake_rows last;      /* the changes of the last one written */
	uint64_t transaction_count; /* written, ever */
	uint64_t read_count;        /* pages that were read, ever */
};

/* Join the worker's channel to it; it is told. */
void fake_store_start(struct fake_store *store, struct worker *worker);
/* The worker's channel closes, and it is told. What was not written is lost. */
void fake_store_die(struct fake_store *store);
void fake_store_done(struct fake_store *store);

/* Let the worker send what it has pushed and take what was sent to it. */
void fake_store_exchange(struct fake_store *store);

/* Let the transaction that has arrived reach the disk; and answer. */
void fake_store_write(struct fake_store *store);
void fake_store_answer(struct fake_store *store);

/* A turn of the worker, and of the store, until nothing is left to write or to
 * read. */
void fake_store_settle(struct fake_store *store);

/* All rows are lost. */
void fake_store_forget(struct fake_store *store);
/* Have a row be there, or not: of RECEIVED_PUT, what one worker has put when
 * homes were those of its key. */
void fake_store_put(struct fake_store *store,
    const struct ipc_store_change *row);
void fake_store_drop(struct fake_store *store,
    const struct ipc_store_change *row);

/* How many rows of this type there are. */
size_t fake_store_count(const struct fake_store *store,
    enum ipc_store_change_type type);
/* The row of this type with these numbers; NULL if none. */
const struct ipc_store_change *fake_store_find(const struct fake_store *store,
    enum ipc_store_change_type type, uint64_t number, uint64_t sequence);

#endif
