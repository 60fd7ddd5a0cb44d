/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writes without another thread to wake: the one that has the loop writes by
 * itself, between two turns, and wakes nobody for it. If anything comes
 * meanwhile, a second thread has the loop until the write is done. So a write
 * that is alone costs no change of threads, and none holds up a reader.
 */
#ifndef SIGNET_STORE_WRITER_H
#define SIGNET_STORE_WRITER_H

#include <stdbool.h>
#include <uv.h>

struct writer;

/*
 * The caller's thread has the loop. work: called while another may have it;
 * done: afterwards, when the caller has it again. Both get context, which is
 * borrowed.
 *
 * Returned, free with writer_free() after writer_close(). Without a thread the
 * process cannot go on.
 */
struct writer *writer_new(uv_loop_t *loop, void (*work)(void *context),
    void (*done)(void *context), void *context);

/* No job waits: the second thread ends. */
void writer_close(struct writer *writer);
void writer_free(struct writer **writer);

/* There is a job, for the next writer_run(). One at a time: the last one is
 * done. */
void writer_start(struct writer *writer);
bool writer_has_job(const struct writer *writer);

/* Do the job, if there is one: between two turns of the loop, the last of which
 * did not wait, so that it listens to all that it has been given. */
void writer_run(struct writer *writer);

#endif
