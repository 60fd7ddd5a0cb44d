/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the parts of the store role share.
 *
 * One thread at a time has the loop: it takes messages, answers them and writes
 * groups (one at a time); while it writes another has the loop (writer.h).
 * Whatever else touches the disk is a job in a thread of
 * libuv's pool: pages that are read and rows that are loaded (few at a time, so
 * that others find a thread), opening the database.
 */
#ifndef SIGNET_STORE_STORE_INTERNAL_H
#define SIGNET_STORE_STORE_INTERNAL_H

#include <sys/queue.h>

#include "ipc/store.h"
#include "proc/child.h"
#include "store/database.h"
#include "store/row.h"

/* As many workers as can be configured. */
#define STORE_WORKERS_MAX 64

struct backup;
struct fault;
struct group;
struct loader;
struct store;
struct store_read;
struct sweep;

STAILQ_HEAD(store_read_queue, store_read);

/* A worker at the other end of a channel; its next incarnation is another. */
struct store_client {
	struct store *store;
	struct proc_peer *peer; /* NULL: it is gone */
	unsigned int references;
	uint16_t index;
	bool is_open;  /* STORE_OPEN came */
	bool is_early; /* and waits for the database to be open */
	bool is_reading;
	uint32_t epoch;
	bool is_proven;       /* that it has this epoch: see owner.h */
	uint64_t transaction; /* the last one that came whole */
	uint64_t part_of;     /* the one whose parts come */
	struct buffer changes;
	struct loader *loader; /* as long as it loads */
	struct store_read_queue reads;
	size_t read_count;
};

struct store {
	struct proc_child *child;
	char *path;                /* of the database */
	struct database *database; /* NULL: it is closed for a fault */
	struct store_client *clients[STORE_WORKERS_MAX];
	unsigned int client_count;
	unsigned int next_client;  /* who is looked at first */
	unsigned int job_count;    /* that use the database */
	unsigned int reader_count; /* of them */
	struct group *group;
	struct fault *fault;
	struct backup *backup;
	struct sweep *sweep;
	bool is_loaded; /* the database was open once */
	bool is_stopping;
	bool is_ended; /* the loop has ended: nothing begins any more */
};

/* The database's folder in store.path. */
#define STORE_DATABASE_NAME "db"
/* That of a backup that is to be carried away, there, too. */
#define STORE_BACKUP_NAME "backup"

struct store_client *client_ref(struct store_client *client);
/* NULL is left behind. */
void client_unref(struct store_client **client);

/* It has asked for what is another's: its channel ends, with a line in the
 * log. */
void client_refuse(struct store_client *client, const char *why);

/* Send a payload, if the worker is still there. */
void client_push(struct store_client *client, enum ipc_message_type type,
    struct bytes payload);
/* As many bytes wait for it as may. */
bool client_is_full(const struct store_client *client);

/* Jobs of readers: may another one begin? */
bool store_may_read(const struct store *store);
/* A job has ended: whatever waits for that goes on. */
void store_job_done(struct store *store);
/* Begin what may begin. */
void store_go_on(struct store *store);
/* The database is open, for the first time or again. */
void store_opened(struct store *store);

#endif
