/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading a queue back from the store while its client takes it, and waiting
 * for what has to be on disk before it is sent.
 */
#ifndef SIGNET_WORKER_SESSION_PAGER_H
#define SIGNET_WORKER_SESSION_PAGER_H

#include "worker/journal.h"
#include "worker/session_queue.h"
#include "worker/store_read.h"

/* What memory holds of a session's messages that wait: so that those of one
 * turn need no disk, more while all sessions of the worker hold little. */
#define SESSION_PAGE_COUNT      128
#define SESSION_PAGE_BYTES      (128 * 1024)
#define SESSION_PAGE_COUNT_MOST 4096
#define SESSION_PAGE_BYTES_MOST (1024 * 1024)
#define SESSION_HELD_BYTES      (64 * 1024 * 1024)

/* All up to a sequence are on disk when a transaction is: there is one under
 * way at a time, and one that gathers. */
struct session_mark {
	struct journal_wait wait;
	struct session_pager *pager;
	uint64_t sequence;
	bool is_set;
};

struct session_pager {
	struct session_queue *queue;
	uint64_t from; /* the first that is only on disk; last + 1: none */
	/* The last of them, without a gap, for when all before is read: else,
	 * while messages come, the end would never be reached. */
	struct pending_queue tail;
	uint64_t readable;       /* all up to here are on disk */
	uint64_t through;        /* readable when the read began */
	struct store_read *read; /* NULL: none is under way */
	struct session_mark marks[2];
};

/* Returned, free with session_pager_free(). All up to the queue's last must be
 * on disk before session_pager_read() is called for the first time. */
struct session_pager *session_pager_new(struct session_queue *queue);
void session_pager_free(struct session_pager **pager);

/* A message was put into the queue as the last. True if it is to be held
 * behind all others in memory; else it is the pager's, and empty now. */
bool session_pager_holds(struct session_pager *pager, struct pending *item);

/* So many bytes more, or less, of what waits are in memory. */
void session_pager_hold(struct worker *worker, size_t bytes);
void session_pager_let_go(struct worker *worker, size_t bytes);

/* Is, or was, this one in memory? Then it is counted out from there. */
bool session_pager_has(const struct session_pager *pager, uint64_t sequence);

/* Call session_on_written() when all that was said so far is on disk. */
void session_pager_wake(struct session_pager *pager);

/* Read on if memory has room for more. True if there is nothing in the queue:
 * not in memory, and not on disk. */
bool session_pager_read(struct session_pager *pager);

#endif
