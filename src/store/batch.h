/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A batch of changes to the database that is written whole or not at all.
 */
#ifndef SIGNET_STORE_BATCH_H
#define SIGNET_STORE_BATCH_H

#include "ipc/message.h"
#include "ipc/store.h"
#include "store/database.h"
#include "store/row.h"

struct store_batch {
	struct database *database; /* whose families are meant */
	rocksdb_writebatch_t *batch;
	struct buffer key; /* scratch */
	struct buffer head;
	bool has_dead; /* a session is removed */
};

void store_batch_init(struct store_batch *batch, struct database *database);
void store_batch_done(struct store_batch *batch);

/* value: head and body, one behind the other. */
void store_batch_put(struct store_batch *batch, enum database_family family,
    struct bytes key, struct bytes head, struct bytes body);
void store_batch_remove(struct store_batch *batch, enum database_family family,
    struct bytes key);

/* Add references to a message that is there, or, below 0, give them back. */
void store_batch_refer(struct store_batch *batch, uint64_t message,
    int64_t count);

void store_batch_cursor(struct store_batch *batch, uint16_t worker,
    const struct row_cursor *cursor);
void store_batch_number(struct store_batch *batch, struct bytes key,
    uint64_t number);

/*
 * Is this what a worker may write: decodes, says nothing that rows cannot, and
 * puts no session that is not at home there by what START said? Whose the
 * numbers of sessions are is another question (owner.h). 0 or -EBADMSG.
 */
int store_changes_check(const struct ipc_start *start, uint16_t worker,
    struct bytes changes);

/* All changes of a worker's transaction, which were checked. */
void store_batch_apply(struct store_batch *batch, uint16_t worker,
    struct bytes changes);

#endif
