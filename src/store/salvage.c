/* SPDX-License-Identifier: Apache-2.0 */
#include "store/salvage.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "lib/clock.h"
#include "lib/log.h"
#include "lib/memory.h"
#include "store/batch.h"
#include "store/reference.h"
#include "store/scan.h"
#include "store/walk.h"

/* The copy is written in batches of about so many bytes. */
#define BATCH_BYTES (4 * 1024 * 1024)

struct salvage {
	const char *path;
	char *copy_path;
	char *lost_path;
	struct database *from; /* NULL: nothing of it can be read */
	struct database *to;
	rocksdb_writeoptions_t *write; /* not synced: flushed at the end */
	struct store_batch batch;
	size_t batch_bytes;
	uint64_t rows[DATABASE_FAMILY_COUNT];
	uint64_t gaps;
	uint64_t without_message; /* entries of queues */
	uint64_t undecoded;
	char *why;
};

static char *
path_with(const char *path, const char *suffix, int64_t number)
{
	size_t size = strlen(path) + strlen(suffix) + 24;
	char *text = memory_new(1, size);

	if (number == 0)
		snprintf(text, size, "%s%s", path, suffix);
	else
		snprintf(text, size, "%s%s%lld", path, suffix,
		    (long long)number);
	return text;
}

static int
batch_write(struct salvage *salvage)
{
	char *failed = NULL;

	rocksdb.write(salvage->to->handle, salvage->write, salvage->batch.batch,
	    &failed);
	rocksdb.writebatch_clear(salvage->batch.batch);
	salvage->batch_bytes = 0;
	return database_error(failed, salvage->why);
}

static int
row_put(struct salvage *salvage, enum database_family family, struct bytes key,
    struct bytes value)
{
	store_batch_put(&salvage->batch, family, key, value, BYTES_NONE);
	salvage->rows[family]++;
	salvage->batch_bytes += key.len + value.len;
	return salvage->batch_bytes < BATCH_BYTES ? 0 : batch_write(salvage);
}

/*
 * References are counted anew, as those that gave them may be lost: a message
 * begins with one, so that it stays until the end.
 */
static int
on_message(struct salvage *salvage, struct bytes key, struct bytes value)
{
	struct buffer again = { NULL, 0, 0 };
	struct reference reference;
	int error;

	if (reference_decode(value, &reference) != 0) {
		salvage->undecoded++;
		return 0;
	}
	if (reference.count <= 0 || !reference.has_body)
		return 0;
	reference.count = 1;
	reference_encode(&reference, &again);
	error = row_put(salvage, DATABASE_MESSAGES, key, buffer_view(&again));
	buffer_done(&again);
	return error;
}

static int
has_message(struct salvage *salvage, uint64_t message, bool *is_there)
{
	struct buffer key = { NULL, 0, 0 };
	struct bytes value;
	int error;

	row_message_key(message, &key);
	error = database_get(salvage->to, DATABASE_MESSAGES, buffer_view(&key),
	    &value, salvage->why);
	*is_there = error == 0 && value.data != NULL;
	free((void *)(uintptr_t)value.data);
	buffer_done(&key);
	return error;
}

/* Entries whose message is lost are lost. */
static int
on_entry(struct salvage *salvage, struct bytes key, struct bytes value)
{
	struct ipc_store_change put;
	bool is_there = true;
	int error = 0;

	if (row_queue_key_decode(key, &put.session, &put.sequence) != 0 ||
	    row_queue_decode(value, &put) != 0) {
		salvage->undecoded++;
		return 0;
	}
	if (put.message != IPC_STORE_NONE)
		error = has_message(salvage, put.message, &is_there);
	if (error != 0)
		return error;
	if (!is_there) {
		salvage->without_message++;
		return 0;
	}
	if (put.message != IPC_STORE_NONE)
		store_batch_refer(&salvage->batch, put.message, 1);
	return row_put(salvage, DATABASE_QUEUES, key, value);
}

static int
on_row(void *context, enum database_family family, struct bytes key,
    struct bytes value)
{
	struct salvage *salvage = context;

	switch (family) {
	case DATABASE_MESSAGES:
		return on_message(salvage, key, value);
	case DATABASE_QUEUES:
		return on_entry(salvage, key, value);
	default:
		return row_put(salvage, family, key, value);
	}
}

static void
on_gap(void *context, enum database_family family, struct bytes after,
    struct bytes before, const char *why)
{
	struct salvage *salvage = context;

	salvage->gaps++;
	log_error(log_word("event", "rows-lost"),
	    log_word("family", database_family_name(family)),
	    log_hex("after", after), log_hex("before", before),
	    log_string("why", why));
}

/* The one that each message began with. */
static int
on_message_again(void *context, enum database_family family, struct bytes key,
    struct bytes value)
{
	struct salvage *salvage = context;
	uint64_t message;

	(void)family;
	(void)value;
	if (row_message_key_decode(key, &message) == 0)
		store_batch_refer(&salvage->batch, message, -1);
	salvage->batch_bytes += 32;
	return salvage->batch_bytes < BATCH_BYTES ? 0 : batch_write(salvage);
}

static int
copy_rows(struct salvage *salvage)
{
	/* messages before the rows that refer to them */
	static const enum database_family order[DATABASE_FAMILY_COUNT] = {
		DATABASE_META, DATABASE_SESSIONS, DATABASE_MESSAGES,
		DATABASE_QUEUES, DATABASE_RETAINED, DATABASE_SHARES
	};
	const struct walk walk = { on_row, on_gap, salvage };
	const struct walk again = { on_message_again, on_gap, salvage };
	int error = 0;

	for (int i = 0; i < DATABASE_FAMILY_COUNT && error == 0; i++) {
		error = walk_family(salvage->from, order[i], &walk,
		    salvage->why);
		if (error == 0)
			error = batch_write(salvage);
	}
	if (error == 0)
		error = walk_family(salvage->to, DATABASE_MESSAGES, &again,
		    salvage->why);
	return error == 0 ? batch_write(salvage) : error;
}

static int
copy_database(struct salvage *salvage)
{
	int error = database_open(salvage->copy_path, &salvage->to,
	    salvage->why);

	if (error != 0)
		return error;
	salvage->write = rocksdb.writeoptions_create();
	rocksdb.writeoptions_disable_WAL(salvage->write, 1);
	store_batch_init(&salvage->batch, salvage->to);
	if (salvage->from != NULL)
		error = copy_rows(salvage);
	if (error == 0)
		error = database_flush(salvage->to, salvage->why);
	store_batch_done(&salvage->batch);
	rocksdb.writeoptions_destroy(salvage->write);
	database_close(&salvage->to);
	return error;
}

static int
move(const char *from, const char *to, char *why)
{
	if (rename(from, to) == 0 && database_sync_name(to) == 0)
		return 0;
	snprintf(why, DATABASE_WHY_MAX, "cannot rename %s to %s: %s", from, to,
	    strerror(errno));
	return -errno;
}

static int
remove_database(const char *path, char *why)
{
	rocksdb_options_t *options = rocksdb.options_create();
	char *failed = NULL;

	rocksdb.destroy_db(options, path, &failed);
	rocksdb.options_destroy(options);
	return database_error(failed, why);
}

static void
log_cost(const struct salvage *salvage)
{
	log_error(log_word("event", "store-salvaged"),
	    log_number("gaps", (int64_t)salvage->gaps),
	    log_number("undecoded", (int64_t)salvage->undecoded),
	    log_number("entries_without_message",
		(int64_t)salvage->without_message),
	    log_number("session_rows_kept",
		(int64_t)salvage->rows[DATABASE_SESSIONS]),
	    log_number("queue_rows_kept",
		(int64_t)salvage->rows[DATABASE_QUEUES]),
	    log_number("retained_kept",
		(int64_t)salvage->rows[DATABASE_RETAINED]),
	    log_string("set_aside", salvage->lost_path),
	    log_string("hint",
		"check the disk; what is set aside may be removed"));
}

/* RocksDB puts whole files aside. */
static int
open_repaired(struct salvage *salvage)
{
	int error;

	log_error(log_word("event", "store-repair"),
	    log_string("path", salvage->path), log_string("why", salvage->why));
	error = database_repair(salvage->path, salvage->why);
	/* families that lost all of their tables are made anew by this */
	if (error == 0)
		error = database_open(salvage->path, &salvage->from,
		    salvage->why);
	database_close(&salvage->from);
	if (error == 0)
		error = database_open_to_read(salvage->path, &salvage->from,
		    salvage->why);
	return error;
}

/*
 * Files of different times beside each other, as disks leave them that do not
 * sync, are more than RocksDB can repair: then all of it is lost, and what is
 * set aside is for a human.
 */
static int
open_damaged(struct salvage *salvage)
{
	int error = database_open_to_read(salvage->path, &salvage->from,
	    salvage->why);

	if (error != -EBADMSG && error != -EIO)
		return error;
	error = open_repaired(salvage);
	if (error != -EBADMSG)
		return error;
	log_error(log_word("event", "store-unreadable"),
	    log_string("path", salvage->path), log_string("why", salvage->why),
	    log_string("hint", "nothing of it is kept; restore a backup"));
	return 0;
}

/* If rows could not be read because all of the disk is away, that costs none. */
static int
check_disk(const struct salvage *salvage)
{
	struct scan scan;
	int error;

	if (salvage->gaps == 0 && salvage->from != NULL)
		return 0;
	error = scan_run(salvage->path, &scan, salvage->why);
	return error == 0 && scan_is_hopeless(&scan) ? -EIO : error;
}

int
salvage_run(const char *path, char *why)
{
	struct salvage salvage = { .path = path, .why = why };
	int error;

	salvage.copy_path = path_with(path, SALVAGE_COPY_SUFFIX, 0);
	salvage.lost_path = path_with(path, SALVAGE_LOST_SUFFIX,
	    clock_realtime_seconds());
	error = remove_database(salvage.copy_path, why);
	if (error == 0)
		error = open_damaged(&salvage);
	if (error == 0)
		error = copy_database(&salvage);
	if (error == 0)
		error = check_disk(&salvage);
	database_close(&salvage.from);
	if (error == 0)
		error = move(path, salvage.lost_path, why);
	if (error == 0)
		error = move(salvage.copy_path, path, why);
	if (error == 0)
		log_cost(&salvage);
	free(salvage.copy_path);
	free(salvage.lost_path);
	return error;
}

int
salvage_finish(const char *path, char *why)
{
	char *copy_path = path_with(path, SALVAGE_COPY_SUFFIX, 0);
	int error = 0;

	if (access(copy_path, F_OK) == 0) {
		/* the damaged one went aside when the copy was whole */
		if (access(path, F_OK) != 0)
			error = move(copy_path, path, why);
		else
			error = remove_database(copy_path, why);
	}
	free(copy_path);
	return error;
}
