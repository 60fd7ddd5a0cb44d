/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A store in a process of its own, over a folder that is gone with the test;
 * the test is its master and its workers.
 */
#ifndef SIGNET_TEST_RIG_H
#define SIGNET_TEST_RIG_H

#include <sys/types.h>

#include "ipc/channel.h"
#include "ipc/store.h"
#include "lib/buffer.h"

#define RIG_WORKERS 2

/* What a worker was sent, in its order. */
struct rig_message {
	enum ipc_message_type type;
	struct bytes payload; /* until the next rig_forget() */
};

struct rig_worker {
	uint16_t index;
	struct ipc_channel *channel;
	size_t count;
	struct rig_message *messages;
	size_t next;           /* the first that no one has looked at */
	bool minds_no_expiry;  /* what is told of it is passed over */
	struct buffer changes; /* that rig_write() sends */
	uint64_t transaction;  /* the last that was sent */
	uint64_t epoch;
};

struct rig {
	char folder[128];
	char path[128]; /* of the store: the same */
	pid_t pid;
	struct ipc_channel *control;
	struct rig_worker workers[RIG_WORKERS];
	uint16_t
	    worker_count; /* that START says: RIG_WORKERS, unless changed */
};

extern struct rig rig;

/* The whole of a test: setup and teardown. */
void rig_setup(void);
/* Over a folder in this one, which is not /tmp. */
void rig_setup_in(const char *parent);
void rig_teardown(void);

/* Start a store; end it at once, or in order. */
void rig_start(void);
/* The same without waiting until it is ready: is it, in so many ms? */
void rig_start_early(void);
bool rig_is_ready(int ms);
/* This process gets the rights of the store, for good. */
void rig_become_store(void);
void rig_kill(void);
void rig_stop(void);
/* It ends by itself, with status 1, unless an assertion of RocksDB, which
 * Debian builds with them, is faster. */
void rig_await_failure(void);

/* A channel for worker index, in place of the one it had. */
struct rig_worker *rig_worker(uint16_t index);
/* The same, and it begins: all rows are there up to STORE_LOADED. */
struct rig_worker *rig_begin(uint16_t index);
/* STORE_OPEN. */
void rig_open(struct rig_worker *worker, uint64_t epoch);

/* Put a change into the transaction that gathers. */
void rig_change(struct rig_worker *worker,
    const struct ipc_store_change *change);
/* Send what has gathered, and wait until it is written. */
void rig_send(struct rig_worker *worker);
void rig_write(struct rig_worker *worker);
void rig_await_written(struct rig_worker *worker, uint64_t transaction);

void rig_push(struct rig_worker *worker, enum ipc_message_type type,
    struct bytes payload);

/* It has lost its channel, and the master was told of it. */
void rig_await_refused(struct rig_worker *worker);

/* Does something more come within so many ms? */
bool rig_has_answer(struct rig_worker *worker, int ms);
/* The next message, for which it waits. */
const struct rig_message *rig_next(struct rig_worker *worker);
/* The next one is of this type. */
const struct rig_message *rig_expect(struct rig_worker *worker,
    enum ipc_message_type type);
void rig_forget(struct rig_worker *worker);

/* A page of a queue: what comes up to its end. */
struct ipc_store_page rig_page(struct rig_worker *worker, uint64_t session,
    uint64_t from, uint32_t count, uint32_t bytes,
    struct ipc_store_entry *entries, size_t *entry_count);

/* The row of this type and key that a worker was sent; NULL if none was. */
const struct ipc_store_row *rig_find_row(struct rig_worker *worker,
    enum ipc_store_change_type type, struct bytes key);
size_t rig_count(const struct rig_worker *worker, enum ipc_message_type type);

/* A session key that is at home at a worker. */
struct bytes rig_key_at(uint16_t index, unsigned int number);

#endif
