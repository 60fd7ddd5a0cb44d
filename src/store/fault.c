/* SPDX-License-Identifier: Apache-2.0 */
#include "store/fault.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "lib/memory.h"
#include "store/homes.h"
#include "store/salvage.h"
#include "store/scan.h"

#define RETRY_MS 1000

/* A group is written to the log, and later to a table. */
#define COPIES 2

/* Beside the database: the disk failed. */
#define MARK_SUFFIX ".failed"

/* A place that cannot be read is given up when that was found so often. */
#define STRIKES 2

struct fault {
	uv_work_t work; /* first: they are the same address */
	uv_timer_t timer;
	struct store *store;
	bool is_open;
	bool is_waiting;  /* a group, for room */
	bool is_told;     /* and nothing was written since */
	bool is_damaged;  /* rows cannot be read: salvage what can be */
	bool is_suspect;  /* the disk failed: look whether it reads */
	bool is_examined; /* it does; since then nothing was opened */
	unsigned int strikes;
	char *mark;
	struct database *database;
	uint64_t moved; /* notes, when it was opened */
	int error;
	char why[DATABASE_WHY_MAX];
};

static void on_timer(uv_timer_t *timer);

struct fault *
fault_new(struct store *store)
{
	struct fault *fault = memory_new(1, sizeof(*fault));
	size_t size = strlen(store->path) + sizeof(MARK_SUFFIX);

	fault->mark = memory_new(1, size);
	snprintf(fault->mark, size, "%s" MARK_SUFFIX, store->path);
	fault->is_suspect = access(fault->mark, F_OK) == 0;
	fault->store = store;
	fault->is_open = true;
	fault->timer.data = fault;
	uv_timer_init(&store->child->loop, &fault->timer);
	uv_timer_start(&fault->timer, on_timer, 0, 0);
	return fault;
}

void
fault_close(struct fault *fault)
{
	uv_close((uv_handle_t *)&fault->timer, NULL);
}

void
fault_free(struct fault **fault)
{
	if (*fault != NULL)
		free((*fault)->mark);
	free(*fault);
	*fault = NULL;
}

bool
fault_is_open(const struct fault *fault)
{
	return fault->is_open;
}

bool
fault_is_waiting(const struct fault *fault)
{
	return fault->is_waiting;
}

static const char *
hint(int error)
{
	switch (error) {
	case -ENOSPC:
		return "make room on the disk that has store.path; service "
		       "goes on by itself";
	case -EROFS:
		return "mount the file system of store.path for writing; "
		       "service goes on by itself";
	case -EBADMSG:
		return "what can be read is salvaged; check the disk";
	case -EACCES:
		return "give store.path, and all that is in it, to "
		       "processes.user; service goes on by itself";
	default:
		return "check the disk that has store.path; service goes on "
		       "by itself";
	}
}

static void
tell(struct fault *fault, int error, const char *why)
{
	if (fault->is_told)
		return;
	fault->is_told = true;
	log_error(log_word("event", "store-failed"), log_string("why", why),
	    log_string("hint", hint(error)));
}

int
fault_check_room(const struct store *store, size_t len, char *why)
{
	const struct config *config = store->child->config;
	struct statvfs disk;
	uint64_t room;

	if (statvfs(config->store.path, &disk) != 0) {
		snprintf(why, DATABASE_WHY_MAX, "%s: %s", config->store.path,
		    strerror(errno));
		return -errno;
	}
	if ((disk.f_flag & ST_RDONLY) != 0) {
		snprintf(why, DATABASE_WHY_MAX, "%s: %s", config->store.path,
		    strerror(EROFS));
		return -EROFS;
	}
	room = (uint64_t)disk.f_bavail * disk.f_frsize;
	if (room >= config->store.reserve_bytes + (uint64_t)len * COPIES)
		return 0;
	snprintf(why, DATABASE_WHY_MAX,
	    "%s: %llu bytes are free, %llu are needed with "
	    "store.reserve_bytes",
	    config->store.path, (unsigned long long)room,
	    (unsigned long long)(config->store.reserve_bytes +
				 (uint64_t)len * COPIES));
	return -ENOSPC;
}

/* The disk failed: does it read what there is? 0: the database may be opened,
 * or salvaged. */
static int
examine(struct fault *fault)
{
	struct scan scan;
	int error = scan_run(fault->store->path, &scan, fault->why);

	if (error != 0)
		return error;
	if (scan_is_hopeless(&scan)) {
		fault->strikes = 0;
		return -EIO;
	}
	if (scan.unread > 0 && ++fault->strikes < STRIKES)
		return -EIO;
	fault->is_damaged = scan.unread > 0;
	fault->is_suspect = false;
	fault->is_examined = true;
	fault->strikes = 0;
	return 0;
}

/* In a thread of the pool. */
static void
on_work(uv_work_t *work)
{
	struct fault *fault = (struct fault *)work;
	const char *path = fault->store->path;

	fault->error = fault_check_room(fault->store, 0, fault->why);
	if (fault->error == 0 && fault->is_suspect)
		fault->error = examine(fault);
	if (fault->error == 0 && fault->is_damaged)
		fault->error = salvage_run(path, fault->why);
	if (fault->error == 0)
		fault->error = salvage_finish(path, fault->why);
	if (fault->error == 0)
		fault->error = database_open(path, &fault->database,
		    fault->why);
	if (fault->error == 0)
		fault->error = homes_settle(fault->database,
		    &fault->store->child->start, &fault->moved, fault->why);
	if (fault->error != 0)
		database_close(&fault->database);
	else
		(void)unlink(fault->mark);
}

/* What no time mends is for a human. */
static bool
is_for_good(int error)
{
	return error == -EBUSY || error == -ENOTSUP || error == -EACCES;
}

static void
on_failed(struct fault *fault)
{
	if (is_for_good(fault->error))
		fatal("store.path: %s", fault->why);
	if (fault->error == -EBADMSG) {
		fault->is_told = false;
		fault->is_damaged = true;
	}
	if (fault->error == -EIO && !fault->is_examined)
		fault->is_suspect = true;
	tell(fault, fault->error, fault->why);
	uv_timer_start(&fault->timer, on_timer, RETRY_MS, 0);
}

static void
on_done(uv_work_t *work, int status)
{
	struct fault *fault = (struct fault *)work;
	struct store *store = fault->store;

	(void)status;
	store->job_count--;
	if (fault->error != 0) {
		on_failed(fault);
		return;
	}
	if (fault->moved > 0)
		log_info(log_word("event", "notes-moved"),
		    log_number("count", (int64_t)fault->moved),
		    log_string("why", "the number of workers has changed"));
	store->database = fault->database;
	fault->database = NULL;
	fault->is_open = false;
	fault->is_damaged = false;
	fault->is_examined = false;
	store_opened(store);
}

static void
on_timer(uv_timer_t *timer)
{
	struct fault *fault = timer->data;
	struct store *store = fault->store;

	fault->is_waiting = false;
	if (!fault->is_open) {
		store_go_on(store);
		return;
	}
	store->job_count++;
	if (uv_queue_work(&store->child->loop, &fault->work, on_work,
		on_done) != 0)
		panic("the pool takes a database to open");
}

void
fault_job_done(struct fault *fault)
{
	struct store *store = fault->store;

	if (!fault->is_open || store->job_count > 0 || store->database == NULL)
		return;
	database_close(&store->database);
	uv_timer_start(&fault->timer, on_timer, 0, 0);
}

void
fault_wait(struct fault *fault, int error, const char *why)
{
	tell(fault, error, why);
	if (fault->is_open)
		return;
	fault->is_waiting = true;
	uv_timer_start(&fault->timer, on_timer, RETRY_MS, 0);
}

/* The one in our place is to look whether the disk reads. */
static void
leave_mark(const struct fault *fault)
{
	int fd = open(fault->mark, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	/* If that fails, it is not for reading. */
	if (fd >= 0)
		close(fd);
}

void
fault_report(struct fault *fault, int error, const char *why)
{
	if (fault->is_open)
		return;
	fault->is_told = false;
	tell(fault, error, why);
	if (error == -EIO)
		leave_mark(fault);
	/* RocksDB cannot even be closed then; and it need not be. */
	if (error != -EBADMSG)
		_exit(EXIT_FAILURE);
	fault->is_open = true;
	fault->is_damaged = true;
}

void
fault_report_read(struct fault *fault, int error, const char *why)
{
	if (error != -EIO) {
		fault_report(fault, error, why);
		return;
	}
	if (fault->is_open)
		return;
	fault->is_told = false;
	tell(fault, error, why);
	fault->is_open = true;
	fault->is_suspect = true;
}

void
fault_over(struct fault *fault)
{
	if (!fault->is_told)
		return;
	fault->is_told = false;
	log_info(log_word("event", "store-recovered"));
}
