/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The changes that gather (journal_changes.c) until they leave as a
 * transaction (journal.c).
 */
#ifndef SIGNET_WORKER_JOURNAL_INTERNAL_H
#define SIGNET_WORKER_JOURNAL_INTERNAL_H

#include "lib/clock.h"
#include "lib/table.h"
#include "worker/journal.h"

/* What a change is found again by, if another may take it back. */
struct journal_key {
	uint64_t kind; /* the type of its put */
	uint64_t number;
	uint64_t sequence;
};

/*
 * One row: what was there is removed, or something is put, or one after the
 * other. A row that is neither is none, and does not stay.
 */
struct journal_entry {
	UT_hash_handle hh; /* by key, if kind is not 0 */
	TAILQ_ENTRY(journal_entry) next;
	struct journal_key key;
	struct ipc_store_change put; /* views into data, or into nothing */
	struct session *session;     /* whose record the value will be */
	struct message
	    *message; /* a reference: whose record the body will be */
	uint64_t removed_message;
	bool is_put;
	bool is_removed;
	size_t bytes;
	uint8_t data[];
};

TAILQ_HEAD(journal_entries, journal_entry);

struct journal_changes {
	struct journal_entries order;
	struct journal_entry *index;
	size_t bytes; /* about what it takes to hold them */
	/* There is more than removals from queues, which nobody awaits: */
	bool is_awaited;
};

void journal_changes_init(struct journal_changes *changes);
void journal_changes_clear(struct journal_changes *changes);

/* Parts of a transaction, each of about IPC_STORE_PART_LEN bytes. */
struct journal_parts {
	struct buffer *items;
	size_t count;
	size_t bytes;
};

/* Append the parts that the changes make now. */
void journal_changes_encode(const struct journal_changes *changes,
    struct journal_parts *parts);
void journal_parts_done(struct journal_parts *parts);

TAILQ_HEAD(journal_waits, journal_wait);

struct journal {
	struct worker *worker;
	struct proc_peer *store; /* NULL: away */
	bool is_open;            /* and has answered STORE_OPEN */
	bool is_loaded;
	uint64_t epoch;
	uint64_t ids; /* given out in this epoch */

	/*
	 * Callers know transactions by a number that each has from its first
	 * change on; the store by one that it gets when it leaves, as those
	 * that turned out empty do not.
	 */
	struct journal_changes open;
	uint64_t gathering; /* the number of the open one */
	uint64_t written;   /* all up to this number are on disk */
	uint64_t
	    quiet_ms; /* since when it waits to be awaited; 0: it does not */

	uint64_t under_way; /* IPC_STORE_NONE: nothing is */
	uint64_t sent;      /* its number for the store, or the last one's */
	struct journal_parts parts;

	struct journal_waits waits; /* in the order of their numbers */
};

#endif
