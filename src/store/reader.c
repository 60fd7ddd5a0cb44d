/* SPDX-License-Identifier: Apache-2.0 */
#include "store/reader.h"

#include <errno.h>
#include <stdlib.h>

#include "ipc/message.h"
#include "lib/clock.h"
#include "lib/memory.h"
#include "store/fault.h"
#include "store/group.h"
#include "store/iterator.h"
#include "store/owner.h"
#include "store/reference.h"

/* Of one worker: each session asks for one page at a time. */
#define READS_MAX 4000000

/* Rows that a page looks at, with those that it leaves out. */
#define ROWS_MAX 4096

struct store_read {
	STAILQ_ENTRY(store_read) next;
	struct ipc_store_read read;
};

struct read_job {
	uv_work_t work; /* first: they are the same address */
	struct store_client *client;
	struct store_read *request;
	struct owners owners;
	struct owner_asker by;
	struct frames frames;
	int error;
	char why[DATABASE_WHY_MAX];
};

/* A page as it is put together. */
struct page {
	struct database *database;
	const struct ipc_store_read *read;
	int64_t now;
	struct frames *frames;
	struct ipc_store_page end;
	uint32_t count;
	uint64_t bytes;
};

/* The body of a message that rows refer to; NULL if it is not there. */
static int
message_get(struct page *page, uint64_t message, struct bytes *value,
    struct bytes *body, char *why)
{
	struct reference reference;
	struct buffer key = { NULL, 0, 0 };
	int error;

	row_message_key(message, &key);
	error = database_get(page->database, DATABASE_MESSAGES,
	    buffer_view(&key), value, why);
	buffer_done(&key);
	if (error != 0)
		return error;
	*body = BYTES_NONE;
	if (value->data == NULL || reference_decode(*value, &reference) != 0 ||
	    reference.count <= 0 || !reference.has_body)
		return 0;
	*body = reference.body;
	return 0;
}

static void
entry_append(struct page *page, const struct ipc_store_change *put)
{
	struct ipc_store_entry entry = { page->read->request, *put };
	size_t begin = frames_begin(page->frames, IPC_STORE_ENTRY);

	ipc_store_entry_encode(&entry, &page->frames->bytes);
	if (!frames_end(page->frames, begin)) {
		page->end.lost++;
		return;
	}
	page->count++;
	page->bytes += put->value.len + put->body.len;
}

/* A row of the queue: put has views into it. */
static int
entry_read(struct page *page, struct ipc_store_change *put, char *why)
{
	struct bytes value = BYTES_NONE;
	int error = 0;

	if (put->expires_at <= page->now)
		return 0;
	if (put->message != IPC_STORE_NONE)
		error = message_get(page, put->message, &value, &put->body,
		    why);
	if (error == 0) {
		if (put->message != IPC_STORE_NONE && put->body.data == NULL)
			page->end.lost++;
		else
			entry_append(page, put);
	}
	free((void *)(uintptr_t)value.data);
	return error;
}

static bool
is_complete(const struct page *page)
{
	return page->count >= page->read->count ||
	       (page->count > 0 && page->bytes >= page->read->bytes);
}

/* The rows of the session's queue, until the page is full. */
static int
page_read(struct page *page, struct iterator *rows, char *why)
{
	struct ipc_store_change put;
	int error = 0;

	page->end.next = page->read->from;
	for (unsigned int i = 0; i < ROWS_MAX; i++) {
		if (is_complete(page))
			return 0;
		memset(&put, 0, sizeof(put));
		put.type = IPC_STORE_QUEUE_PUT;
		if (!iterator_is_valid(rows) ||
		    row_queue_key_decode(iterator_key(rows), &put.session,
			&put.sequence) != 0 ||
		    put.session != page->read->session) {
			page->end.is_end = true;
			return iterator_error(rows, why);
		}
		if (row_queue_decode(iterator_value(rows), &put) != 0)
			page->end.lost++;
		else
			error = entry_read(page, &put, why);
		if (error != 0)
			return error;
		page->end.next = put.sequence + 1;
		iterator_next(rows);
	}
	return 0;
}

int
reader_read(struct database *database, const struct ipc_store_read *read,
    int64_t now, struct frames *frames, char *why)
{
	struct page page = { .database = database,
		.read = read,
		.now = now,
		.frames = frames,
		.end = { .request = read->request } };
	struct buffer key = { NULL, 0, 0 };
	struct iterator *rows = iterator_open(database, DATABASE_QUEUES);
	size_t begin;
	int error;

	row_queue_key(read->session, read->from, &key);
	iterator_seek(rows, buffer_view(&key));
	error = page_read(&page, rows, why);
	buffer_done(&key);
	iterator_close(&rows);
	if (error != 0)
		return error;
	begin = frames_begin(frames, IPC_STORE_PAGE);
	ipc_store_page_encode(&page.end, &frames->bytes);
	(void)frames_end(frames, begin);
	return 0;
}

static void
on_work(uv_work_t *work)
{
	struct read_job *job = (struct read_job *)work;

	struct database *database = job->client->store->database;
	const struct ipc_store_read *read = &job->request->read;

	job->error = owners_check(&job->owners, database, &job->by,
	    read->session, job->why);
	if (job->error == 0)
		job->error = reader_read(database, read,
		    clock_realtime_seconds(), &job->frames, job->why);
}

static void
job_answer(struct read_job *job)
{
	struct bytes rest = buffer_view(&job->frames.bytes);
	struct bytes payload;
	uint8_t type;

	while (frames_next(&rest, &type, &payload))
		client_push(job->client, (enum ipc_message_type)type, payload);
}

static void
on_done(uv_work_t *work, int status)
{
	struct read_job *job = (struct read_job *)work;
	struct store_client *client = job->client;
	struct store *store = client->store;

	(void)status;
	client->is_reading = false;
	store->reader_count--;
	if (job->error == 0 || job->error == -EPERM) {
		if (job->error == 0)
			job_answer(job);
		else
			client_refuse(client,
			    "it names a session of another worker");
		free(job->request);
		client->read_count--;
	} else {
		STAILQ_INSERT_HEAD(&client->reads, job->request, next);
		fault_report_read(store->fault, job->error, job->why);
	}
	if (client->peer == NULL)
		reader_forget(client);
	frames_done(&job->frames);
	client_unref(&job->client);
	free(job);
	store_job_done(store);
}

void
reader_start(struct store_client *client)
{
	struct store *store = client->store;
	struct read_job *job;

	if (client->is_reading || STAILQ_EMPTY(&client->reads) ||
	    !store_may_read(store) || client_is_full(client))
		return;
	job = memory_new(1, sizeof(*job));
	job->client = client_ref(client);
	job->request = STAILQ_FIRST(&client->reads);
	STAILQ_REMOVE_HEAD(&client->reads, next);
	group_owners(store->group, &job->owners);
	job->by = (struct owner_asker){ client->index, client->epoch,
		client->is_proven };
	client->is_reading = true;
	store->job_count++;
	store->reader_count++;
	if (uv_queue_work(&store->child->loop, &job->work, on_work, on_done) !=
	    0)
		panic("the pool takes a page to read");
}

int
reader_add(struct store_client *client, const struct ipc_store_read *read)
{
	struct store_read *request;

	if (client->read_count >= READS_MAX)
		return -EBADMSG;
	request = memory_new(1, sizeof(*request));
	request->read = *read;
	client->read_count++;
	STAILQ_INSERT_TAIL(&client->reads, request, next);
	return 0;
}

void
reader_forget(struct store_client *client)
{
	struct store_read *request;

	while ((request = STAILQ_FIRST(&client->reads)) != NULL) {
		STAILQ_REMOVE_HEAD(&client->reads, next);
		client->read_count--;
		free(request);
	}
}
