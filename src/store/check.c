/* SPDX-License-Identifier: Apache-2.0 */
#include "store/check.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/clock.h"
#include "lib/memory.h"
#include "store/database.h"
#include "store/reference.h"
#include "store/rocksdb.h"
#include "store/row.h"
#include "store/store_internal.h"
#include "store/walk.h"

/* Faults that are told one by one; the others are counted. */
#define FAULTS_MAX 100

struct check {
	struct database *database;
	FILE *out;
	int64_t now;
	uint64_t faults;
	uint64_t heads;
	uint64_t subscriptions;
	uint64_t received;
	uint64_t entries;
	uint64_t referring; /* of them */
	uint64_t messages;
	uint64_t references; /* that messages count */
	uint64_t retained;
	uint64_t shares;
	uint64_t removed; /* sessions whose queues are still to be swept */
	uint64_t session; /* whose head was read last */
};

static void
print_key(FILE *out, struct bytes key)
{
	for (size_t i = 0; i < key.len && i < WALK_KEY_MAX; i++)
		fprintf(out, "%02x", key.data[i]);
}

static void
fault(struct check *check, enum database_family family, struct bytes key,
    const char *what)
{
	if (check->faults++ >= FAULTS_MAX)
		return;
	fprintf(check->out, "%s: row ", database_family_name(family));
	print_key(check->out, key);
	fprintf(check->out, ": %s\n", what);
}

static bool
is_equal(struct bytes key, struct bytes name)
{
	return bytes_equal(key, name);
}

static bool
check_meta(struct check *check, struct bytes key, struct bytes value)
{
	struct row_cursor cursor;
	uint64_t session;
	uint16_t worker, from;

	if (is_equal(key, ROW_META_FORMAT))
		return value.len == 4;
	if (is_equal(key, ROW_META_EPOCH) || is_equal(key, ROW_META_GROUP))
		return value.len == 8;
	if (is_equal(key, ROW_META_HOMES))
		return value.len == 18;
	if (row_worker_key_decode(key, &worker) == 0)
		return row_cursor_decode(value, &cursor) == 0;
	if (row_forwarded_key_decode(key, &worker, &from) == 0)
		return value.len == 8;
	check->removed++;
	return row_dead_key_decode(key, &session) == 0;
}

static bool
check_session(struct check *check, struct bytes key, struct bytes value)
{
	struct ipc_store_change put;
	struct row_session row;

	if (row_session_key_decode(key, &row) != 0)
		return false;
	switch (row.kind) {
	case ROW_SESSION_HEAD:
		check->heads++;
		check->session = row.session;
		return row_head_decode(value, &put) == 0;
	case ROW_SESSION_SUBSCRIPTION:
		check->subscriptions++;
		/* it is put and removed with its session */
		return row.session == check->session;
	default:
		check->received++;
		return value.len == 0;
	}
}

/* Is the message there that a row refers to? */
static bool
has_message(struct check *check, uint64_t message)
{
	struct buffer key = { NULL, 0, 0 };
	char why[DATABASE_WHY_MAX];
	struct reference reference;
	struct bytes value = BYTES_NONE;
	bool is_there;

	row_message_key(message, &key);
	is_there = database_get(check->database, DATABASE_MESSAGES,
		       buffer_view(&key), &value, why) == 0 &&
		   value.data != NULL &&
		   reference_decode(value, &reference) == 0 &&
		   reference.count > 0 && reference.has_body;
	buffer_done(&key);
	free((void *)(uintptr_t)value.data);
	return is_there;
}

static bool
check_entry(struct check *check, struct bytes key, struct bytes value)
{
	struct ipc_store_change put;

	check->entries++;
	if (row_queue_key_decode(key, &put.session, &put.sequence) != 0 ||
	    row_queue_decode(value, &put) != 0)
		return false;
	if (put.message == IPC_STORE_NONE)
		return true;
	check->referring++;
	return put.expires_at <= check->now || has_message(check, put.message);
}

static bool
check_message(struct check *check, struct bytes key, struct bytes value)
{
	struct reference reference;
	uint64_t message;

	if (row_message_key_decode(key, &message) != 0 ||
	    reference_decode(value, &reference) != 0)
		return false;
	if (reference.count <= 0)
		return true; /* it goes with a sweep */
	check->messages++;
	check->references += (uint64_t)reference.count;
	return reference.has_body;
}

static bool
check_retained(struct check *check, struct bytes key, struct bytes value)
{
	struct ipc_store_change put;

	check->retained++;
	return key.len > 0 && row_retained_decode(value, &put) == 0;
}

static bool
check_share(struct check *check, struct bytes key, struct bytes value)
{
	struct ipc_store_change put;
	uint16_t worker;
	uint64_t id;

	check->shares++;
	return row_message_key_decode(key, &id) == 0 &&
	       row_share_decode(value, &put, &worker) == 0;
}

typedef bool row_checker(struct check *check, struct bytes key,
    struct bytes value);

static const struct {
	row_checker *check;
	const char *fault;
} checkers[DATABASE_FAMILY_COUNT] = {
	[DATABASE_META] = { check_meta, "does not decode" },
	[DATABASE_SESSIONS] = { check_session,
	    "does not decode, or has no session" },
	[DATABASE_QUEUES] = { check_entry,
	    "does not decode, or its message is missing" },
	[DATABASE_MESSAGES] = { check_message, "does not decode" },
	[DATABASE_RETAINED] = { check_retained, "does not decode" },
	[DATABASE_SHARES] = { check_share, "does not decode" },
};

static int
on_row(void *context, enum database_family family, struct bytes key,
    struct bytes value)
{
	struct check *check = context;

	if (!checkers[family].check(check, key, value))
		fault(check, family, key, checkers[family].fault);
	return 0;
}

static void
on_gap(void *context, enum database_family family, struct bytes after,
    struct bytes before, const char *why)
{
	struct check *check = context;

	check->faults++;
	fprintf(check->out, "%s: unreadable behind row ",
	    database_family_name(family));
	print_key(check->out, after);
	fputs(" up to row ", check->out);
	print_key(check->out, before);
	fprintf(check->out, ": %s\n", why);
}

static void
print_counts(const struct check *check)
{
	const struct {
		const char *name;
		uint64_t count;
	} rows[] = {
		{ "sessions", check->heads },
		{ "subscriptions", check->subscriptions },
		{ "received packet identifiers", check->received },
		{ "messages in queues", check->entries },
		{ "of them stored once for several", check->referring },
		{ "messages stored once for several", check->messages },
		{ "references to them", check->references },
		{ "retained messages", check->retained },
		{ "messages owed to shared subscriptions", check->shares },
		{ "removed sessions to be swept", check->removed },
		{ "faults", check->faults },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		fprintf(check->out, "%s: %llu\n", rows[i].name,
		    (unsigned long long)rows[i].count);
}

static int
check_families(struct check *check, char *why)
{
	const struct walk walk = { on_row, on_gap, check };
	int error = 0;

	for (int i = 0; i < DATABASE_FAMILY_COUNT && error == 0; i++)
		error = walk_family(check->database, (enum database_family)i,
		    &walk, why);
	return error;
}

int
store_check(const char *folder, FILE *out)
{
	struct check check = { .out = out, .now = clock_realtime_seconds() };
	size_t size = strlen(folder) + sizeof(STORE_DATABASE_NAME) + 1;
	char *path = memory_new(1, size);
	char why[DATABASE_WHY_MAX];
	int error;

	snprintf(path, size, "%s/" STORE_DATABASE_NAME, folder);
	/* RocksDB would make the folder before it says so, in other words. */
	if (access(path, F_OK) != 0) {
		error = -errno;
		snprintf(why, sizeof(why), "there is no store: %s",
		    strerror(errno));
	} else {
		error = rocksdb_load(why, sizeof(why));
	}
	if (error == 0)
		error = database_open_to_read(path, &check.database, why);
	if (error == 0)
		error = check_families(&check, why);
	if (error == 0)
		print_counts(&check);
	else
		fprintf(out, "%s: %s\n", path, why);
	database_close(&check.database);
	free(path);
	if (error == -EBADMSG)
		return 1;
	return error != 0 ? error : check.faults > 0;
}
