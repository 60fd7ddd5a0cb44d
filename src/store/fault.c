/* SPDX-License-Identifier: Apache-2.0 */
#include "store/fault.h"

#include <errno.h>
#include <stdlib.h>

#include "lib/memory.h"

#define RETRY_MS 1000

struct fault {
	uv_work_t work; /* first: they are the same address */
	uv_timer_t timer;
	struct store *store;
	bool is_open;
	bool is_opening; /* the job runs */
	struct database *database;
	int error;
	char why[DATABASE_WHY_MAX];
};

struct fault *
fault_new(struct store *store)
{
	struct fault *fault = memory_new(1, sizeof(*fault));

	fault->store = store;
	fault->timer.data = fault;
	uv_timer_init(&store->child->loop, &fault->timer);
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
	free(*fault);
	*fault = NULL;
}

bool
fault_is_open(const struct fault *fault)
{
	return fault->is_open;
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
	case -EACCES:
		return "give store.path, and all that is in it, to "
		       "processes.user; service goes on by itself";
	default:
		return "see to the disk that has store.path; service goes on "
		       "by itself";
	}
}

static void
on_open(uv_work_t *work)
{
	struct fault *fault = (struct fault *)work;

	fault->error = database_open(fault->store->path, &fault->database,
	    fault->why);
}

static void on_retry(uv_timer_t *timer);

static void
on_opened(uv_work_t *work, int status)
{
	struct fault *fault = (struct fault *)work;
	struct store *store = fault->store;

	(void)status;
	fault->is_opening = false;
	store->job_count--;
	if (fault->error != 0) {
		log_debug(log_word("event", "store-closed"),
		    log_string("reason", fault->why));
		uv_timer_start(&fault->timer, on_retry, RETRY_MS, 0);
		return;
	}
	store->database = fault->database;
	fault->database = NULL;
	fault->is_open = false;
	/* Whether it can be written is seen by the next group. */
	log_info(log_word("event", "store-opened"));
	store->job_count++;
	store_job_done(store);
}

static void
on_retry(uv_timer_t *timer)
{
	struct fault *fault = timer->data;

	fault->is_opening = true;
	fault->store->job_count++;
	if (uv_queue_work(&fault->store->child->loop, &fault->work, on_open,
		on_opened) != 0)
		panic("the pool takes a database to open");
}

void
fault_job_done(struct fault *fault)
{
	struct store *store = fault->store;

	if (!fault->is_open || store->job_count > 0 || store->database == NULL)
		return;
	database_close(&store->database);
	uv_timer_start(&fault->timer, on_retry, RETRY_MS, 0);
}

void
fault_report(struct fault *fault, int error, const char *why)
{
	if (fault->is_open)
		return;
	fault->is_open = true;
	log_error(log_word("event", "store-failed"), log_string("reason", why),
	    log_string("hint", hint(error)));
}
