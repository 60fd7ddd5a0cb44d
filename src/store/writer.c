/* SPDX-License-Identifier: Apache-2.0 */
#include "store/writer.h"

#include <stdbool.h>
#include <stdlib.h>

#include "lib/log.h"
#include "lib/memory.h"

struct writer {
	uv_async_t finished; /* first: they are the same address */
	uv_sem_t wanted;
	uv_thread_t thread;
	bool is_closing; /* written before the thread is woken */
	void (*work)(void *context);
	void (*done)(void *context);
	void *context;
};

static void
on_thread(void *argument)
{
	struct writer *writer = argument;

	for (;;) {
		uv_sem_wait(&writer->wanted);
		if (writer->is_closing)
			return;
		writer->work(writer->context);
		uv_async_send(&writer->finished);
	}
}

static void
on_finished(uv_async_t *finished)
{
	struct writer *writer = (struct writer *)finished;

	writer->done(writer->context);
}

struct writer *
writer_new(uv_loop_t *loop, void (*work)(void *context),
    void (*done)(void *context), void *context)
{
	struct writer *writer = memory_new(1, sizeof(*writer));

	writer->work = work;
	writer->done = done;
	writer->context = context;
	if (uv_async_init(loop, &writer->finished, on_finished) != 0 ||
	    uv_sem_init(&writer->wanted, 0) != 0 ||
	    uv_thread_create(&writer->thread, on_thread, writer) != 0)
		fatal("no thread that writes can be made");
	return writer;
}

void
writer_close(struct writer *writer)
{
	writer->is_closing = true;
	uv_sem_post(&writer->wanted);
	uv_thread_join(&writer->thread);
	uv_close((uv_handle_t *)&writer->finished, NULL);
}

void
writer_free(struct writer **writer)
{
	if (*writer != NULL)
		uv_sem_destroy(&(*writer)->wanted);
	free(*writer);
	*writer = NULL;
}

void
writer_start(struct writer *writer)
{
	uv_sem_post(&writer->wanted);
}
