/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The thread that writes: it waits for a job and for nothing else. Threads of
 * the pool take turns and wait for each other's queue, so a job that is alone
 * gets to one of them, and back, later than here.
 */
#ifndef SIGNET_STORE_WRITER_H
#define SIGNET_STORE_WRITER_H

#include <uv.h>

struct writer;

/*
 * work: called in the thread; done: afterwards, in that of the loop. Both get
 * context, which is borrowed.
 *
 * Returned, free with writer_free() after writer_close() and a turn of the
 * loop. Without a thread the process cannot go on.
 */
struct writer *writer_new(uv_loop_t *loop, void (*work)(void *context),
    void (*done)(void *context), void *context);

/* No job is under way: the thread ends. */
void writer_close(struct writer *writer);
void writer_free(struct writer **writer);

/* Do the job. One at a time: the last one is done. */
void writer_start(struct writer *writer);

#endif
