/* SPDX-License-Identifier: Apache-2.0 */
#include "store/writer.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "lib/log.h"
#include "lib/memory.h"

/* A timer that is due sooner does not wait for a write, however long that
 * takes; one that is due later does, unless something comes meanwhile. */
#define TIMER_SOON_MS 1000

struct writer {
	uv_loop_t *loop;
	uv_mutex_t loop_lock; /* who has the loop, and all that it handles */
	uv_thread_t second;
	int watched; /* epoll: what the second thread waits for: */
	int bell;    /* an eventfd that is always readable, to wake it, */
		     /* and the loop's descriptor, during a write */
	atomic_bool is_closing;
	bool has_job;
	void (*work)(void *context);
	void (*done)(void *context);
	void *context;
};

static void
watch(struct writer *writer, int operation, int fd, uint32_t events)
{
	struct epoll_event event = { .events = events };

	if (epoll_ctl(writer->watched, operation, fd, &event) != 0)
		fatal("the loop cannot be watched: %s", strerror(errno));
}

/* The second thread, in which a turn never waits: who writes wants the loop
 * back. */
static void
on_second(void *argument)
{
	struct writer *writer = argument;
	struct epoll_event event;
	int timeout_ms = -1;

	for (;;) {
		(void)epoll_wait(writer->watched, &event, 1, timeout_ms);
		if (atomic_load(&writer->is_closing))
			return;
		timeout_ms = -1;
		/* Else the write was done just now. */
		if (uv_mutex_trylock(&writer->loop_lock) != 0)
			continue;
		uv_run(writer->loop, UV_RUN_NOWAIT);
		timeout_ms = uv_backend_timeout(writer->loop);
		uv_mutex_unlock(&writer->loop_lock);
	}
}

struct writer *
writer_new(uv_loop_t *loop, void (*work)(void *context),
    void (*done)(void *context), void *context)
{
	struct writer *writer = memory_new(1, sizeof(*writer));

	writer->loop = loop;
	writer->work = work;
	writer->done = done;
	writer->context = context;
	atomic_init(&writer->is_closing, false);
	writer->watched = epoll_create1(EPOLL_CLOEXEC);
	writer->bell = eventfd(1, EFD_CLOEXEC);
	if (writer->watched < 0 || writer->bell < 0)
		fatal("the loop cannot be watched: %s", strerror(errno));
	watch(writer, EPOLL_CTL_ADD, uv_backend_fd(loop), 0);
	watch(writer, EPOLL_CTL_ADD, writer->bell, 0);
	if (uv_mutex_init(&writer->loop_lock) != 0)
		fatal("no lock can be made");
	uv_mutex_lock(&writer->loop_lock);
	if (uv_thread_create(&writer->second, on_second, writer) != 0)
		fatal("no second thread for the loop can be made");
	return writer;
}

static void
wake_second(struct writer *writer)
{
	watch(writer, EPOLL_CTL_MOD, writer->bell, EPOLLIN | EPOLLONESHOT);
}

void
writer_close(struct writer *writer)
{
	atomic_store(&writer->is_closing, true);
	wake_second(writer);
	uv_thread_join(&writer->second);
	uv_mutex_unlock(&writer->loop_lock);
}

void
writer_free(struct writer **pointer)
{
	struct writer *writer = *pointer;

	if (writer == NULL)
		return;
	*pointer = NULL;
	uv_mutex_destroy(&writer->loop_lock);
	close(writer->bell);
	close(writer->watched);
	free(writer);
}

void
writer_start(struct writer *writer)
{
	writer->has_job = true;
}

bool
writer_has_job(const struct writer *writer)
{
	return writer->has_job;
}

/* Let the second thread have the loop if anything comes. */
static void
give_loop(struct writer *writer)
{
	int due_ms = uv_backend_timeout(writer->loop);

	uv_mutex_unlock(&writer->loop_lock);
	watch(writer, EPOLL_CTL_MOD, uv_backend_fd(writer->loop), EPOLLIN);
	if (due_ms >= 0 && due_ms < TIMER_SOON_MS)
		wake_second(writer);
}

/* First it is to see nothing more, then its turn ends. */
static void
take_loop(struct writer *writer)
{
	watch(writer, EPOLL_CTL_MOD, uv_backend_fd(writer->loop), 0);
	uv_mutex_lock(&writer->loop_lock);
}

void
writer_run(struct writer *writer)
{
	if (!writer->has_job)
		return;
	writer->has_job = false;
	give_loop(writer);
	writer->work(writer->context);
	take_loop(writer);
	writer->done(writer->context);
}
