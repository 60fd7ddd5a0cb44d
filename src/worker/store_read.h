/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pages of queues that are read back from the store. A bounded number of reads
 * is under way at a time, the others wait; those that a store has taken along
 * are repeated from where they stood.
 */
#ifndef SIGNET_WORKER_STORE_READ_H
#define SIGNET_WORKER_STORE_READ_H

#include <sys/queue.h>

#include "ipc/message.h"
#include "ipc/store.h"

struct worker;
struct proc_peer;
struct store_read;

TAILQ_HEAD(store_read_queue, store_read);

struct store_reads {
	struct store_read_queue waiting; /* to be sent */
	struct store_read_queue sent;    /* in the order of their requests */
	uint32_t sent_count;
	uint64_t request; /* the last number that was given */
};

/* Who reads: called for each entry, in the order of sequences, and at the end;
 * the read is gone with that. Each entry is at or behind where the read stood,
 * and of its session; nothing else of it is checked. */
struct store_reader {
	void (*on_entry)(void *context, const struct ipc_store_change *put);
	void (*on_page)(void *context, const struct ipc_store_page *page);
};

void store_reads_init(struct store_reads *reads);
/* Free everything. */
void store_reads_done(struct store_reads *reads);

/*
 * Read a page of a session's queue, from a sequence on; it sees what is
 * reported as written by the time it is sent.
 *
 * read: its request is given out.
 * Returned: it frees itself after on_page, unless store_read_cancel() is
 * called before.
 */
struct store_read *store_read_begin(struct worker *worker,
    const struct ipc_store_read *read, const struct store_reader *reader,
    void *context);

/* Nobody waits for it any more. *read is NULL afterwards. NULL is allowed. */
void store_read_cancel(struct store_read **read);

/* A store is there: send what waits, and repeat what was under way. */
void session_store_up(struct worker *worker);

/* Handler of STORE_ENTRY, STORE_PAGE and STORE_EXPIRED; 0 or -EBADMSG. */
int on_store_page(struct worker *worker, const struct ipc_message *message);

#endif
