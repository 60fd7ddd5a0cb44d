/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/store_read.h"

#include <errno.h>
#include <stdlib.h>

#include "lib/memory.h"
#include "worker/journal.h"
#include "worker/session_queue.h"
#include "worker/worker.h"

/* Each brings a page: this bounds what is on its way to us. */
#define SENT_MAX 64

struct store_read {
	TAILQ_ENTRY(store_read) next;
	struct ipc_store_read read;
	const struct store_reader *reader; /* NULL: nobody waits for it */
	void *context;
};

void
store_reads_init(struct store_reads *reads)
{
	TAILQ_INIT(&reads->waiting);
	TAILQ_INIT(&reads->sent);
}

static void
free_all(struct store_read_queue *queue)
{
	struct store_read *read;

	while ((read = TAILQ_FIRST(queue)) != NULL) {
		TAILQ_REMOVE(queue, read, next);
		free(read);
	}
}

void
store_reads_done(struct store_reads *reads)
{
	free_all(&reads->waiting);
	free_all(&reads->sent);
	reads->sent_count = 0;
}

/* The next that somebody waits for; others are forgotten. */
static struct store_read *
next_waiting(struct store_reads *reads)
{
	struct store_read *read;

	while ((read = TAILQ_FIRST(&reads->waiting)) != NULL) {
		if (read->reader != NULL)
			return read;
		TAILQ_REMOVE(&reads->waiting, read, next);
		free(read);
	}
	return NULL;
}

static void
send_waiting(struct worker *worker)
{
	struct store_reads *reads = &worker->reads;
	struct proc_peer *store = journal_store(worker);
	struct store_read *read;

	while (store != NULL && reads->sent_count < SENT_MAX &&
	       (read = next_waiting(reads)) != NULL) {
		TAILQ_REMOVE(&reads->waiting, read, next);
		TAILQ_INSERT_TAIL(&reads->sent, read, next);
		reads->sent_count++;
		read->read.request = ++reads->request;
		worker->scratch.len = 0;
		ipc_store_read_encode(&read->read, &worker->scratch);
		proc_peer_push(worker->child, store, IPC_STORE_READ,
		    buffer_view(&worker->scratch), -1, false);
	}
}

struct store_read *
store_read_begin(struct worker *worker, const struct ipc_store_read *wanted,
    const struct store_reader *reader, void *context)
{
	struct store_read *read = memory_new(1, sizeof(*read));

	read->read = *wanted;
	read->reader = reader;
	read->context = context;
	TAILQ_INSERT_TAIL(&worker->reads.waiting, read, next);
	send_waiting(worker);
	return read;
}

void
store_read_cancel(struct store_read **read)
{
	if (*read != NULL)
		(*read)->reader = NULL;
	*read = NULL;
}

void
session_store_up(struct worker *worker)
{
	struct store_reads *reads = &worker->reads;

	/* Numbers are given anew: what the old store said last is not taken for
	 * the answer. */
	TAILQ_CONCAT(&reads->sent, &reads->waiting, next);
	TAILQ_CONCAT(&reads->waiting, &reads->sent, next);
	reads->sent_count = 0;
	send_waiting(worker);
}

static int
on_entry(struct worker *worker, struct bytes payload)
{
	struct store_read *read = TAILQ_FIRST(&worker->reads.sent);
	struct ipc_store_entry entry;
	int error = ipc_store_entry_decode(payload, &entry);

	if (error != 0)
		return error;
	if (read == NULL || entry.request != read->read.request ||
	    entry.put.session != read->read.session ||
	    entry.put.sequence < read->read.from)
		return -EBADMSG;
	read->read.from = entry.put.sequence + 1;
	if (read->reader != NULL)
		read->reader->on_entry(read->context, &entry.put);
	return 0;
}

static int
on_page(struct worker *worker, struct bytes payload)
{
	struct store_read *read = TAILQ_FIRST(&worker->reads.sent);
	struct ipc_store_page page;
	int error = ipc_store_page_decode(payload, &page);

	if (error != 0)
		return error;
	if (read == NULL || page.request != read->read.request)
		return -EBADMSG;
	TAILQ_REMOVE(&worker->reads.sent, read, next);
	worker->reads.sent_count--;
	if (read->reader != NULL)
		read->reader->on_page(read->context, &page);
	free(read);
	send_waiting(worker);
	return 0;
}

static int
on_expired(struct worker *worker, struct bytes payload)
{
	struct ipc_store_expired expired;
	int error = ipc_store_expired_decode(payload, &expired);

	if (error == 0)
		session_queue_expired(worker, &expired);
	return error;
}

int
on_store_page(struct worker *worker, const struct ipc_message *message)
{
	switch (message->type) {
	case IPC_STORE_ENTRY:
		return on_entry(worker, message->payload);
	case IPC_STORE_PAGE:
		return on_page(worker, message->payload);
	case IPC_STORE_EXPIRED:
		return on_expired(worker, message->payload);
	default:
		return -EBADMSG;
	}
}
