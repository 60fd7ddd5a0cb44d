/* SPDX-License-Identifier: Apache-2.0 */
#include "store/writer.h"

#include <check.h>
#include <stdatomic.h>
#include <time.h>
#include <unistd.h>

#include "tests.h"

/* For what a write waits for here; far longer than it takes. */
#define PATIENCE_MS 60000

static uv_loop_t loop;
static struct writer *writer;
static int ends[2];
static uv_poll_t input;
static uv_timer_t timer;
static uv_thread_t owner, wrote, told;
static atomic_bool has_come;
static unsigned int done_count;

static void
on_close(uv_handle_t *handle)
{
	(void)handle;
}

static void
on_come(void)
{
	told = uv_thread_self();
	atomic_store(&has_come, true);
}

static void
on_timer(uv_timer_t *fired)
{
	(void)fired;
	on_come();
}

static void
on_input(uv_poll_t *poll, int status, int events)
{
	char byte;

	(void)status;
	(void)events;
	(void)poll;
	ck_assert_int_eq(read(ends[0], &byte, 1), 1);
	on_come();
}

static void
on_done(void *context)
{
	ck_assert_ptr_eq(context, &loop);
	ck_assert(wrote == owner && uv_thread_self() == owner);
	done_count++;
}

static void
setup(void)
{
	owner = uv_thread_self();
	wrote = told = (uv_thread_t)0;
	atomic_store(&has_come, false);
	done_count = 0;
	ck_assert_int_eq(uv_loop_init(&loop), 0);
	ck_assert_int_eq(pipe(ends), 0);
	uv_poll_init(&loop, &input, ends[0]);
	uv_poll_start(&input, UV_READABLE, on_input);
	uv_timer_init(&loop, &timer);
}

static void
teardown(void)
{
	writer_close(writer);
	uv_close((uv_handle_t *)&input, on_close);
	uv_close((uv_handle_t *)&timer, on_close);
	uv_run(&loop, UV_RUN_DEFAULT);
	writer_free(&writer);
	ck_assert_int_eq(uv_loop_close(&loop), 0);
	close(ends[0]);
	close(ends[1]);
}

/* As long as has_come is awaited, and no longer. */
static void
await_what_comes(void)
{
	for (int i = 0; i < PATIENCE_MS && !atomic_load(&has_come); i++)
		nanosleep(&(struct timespec){ .tv_nsec = 1000000 }, NULL);
	ck_assert(atomic_load(&has_come));
}

static void
write_alone(void *context)
{
	(void)context;
	wrote = uv_thread_self();
}

static void
write_with_input(void *context)
{
	write_alone(context);
	ck_assert_int_eq(write(ends[1], "x", 1), 1);
	await_what_comes();
}

static void
write_with_timer(void *context)
{
	write_alone(context);
	await_what_comes();
}

/* As a loop with jobs does it. */
static void
write_once(void)
{
	writer_start(writer);
	ck_assert(writer_has_job(writer));
	uv_run(&loop, UV_RUN_NOWAIT);
	writer_run(writer);
	ck_assert(!writer_has_job(writer));
}

START_TEST(who_has_the_loop_writes)
{
	writer = writer_new(&loop, write_alone, on_done, &loop);
	writer_run(writer);
	ck_assert_uint_eq(done_count, 0); /* there was nothing to write */
	for (unsigned int i = 1; i <= 100; i++) {
		write_once();
		ck_assert_uint_eq(done_count, i);
	}
}
END_TEST

START_TEST(what_comes_does_not_wait_for_a_write)
{
	writer = writer_new(&loop, write_with_input, on_done, &loop);
	for (unsigned int i = 1; i <= 100; i++) {
		atomic_store(&has_come, false);
		write_once();
		ck_assert(told != owner);
		ck_assert_uint_eq(done_count, i);
	}
	/* what comes between writes is for who has the loop */
	ck_assert_int_eq(write(ends[1], "x", 1), 1);
	atomic_store(&has_come, false);
	uv_run(&loop, UV_RUN_ONCE);
	ck_assert(atomic_load(&has_come));
	ck_assert(told == owner);
}
END_TEST

START_TEST(a_timer_does_not_wait_for_a_write)
{
	writer = writer_new(&loop, write_with_timer, on_done, &loop);
	uv_timer_start(&timer, on_timer, 20, 0);
	write_once();
	ck_assert(told != owner);
	ck_assert_uint_eq(done_count, 1);
}
END_TEST

TCase *
test_writer(void)
{
	TCase *tests = tcase_create("writer");

	tcase_set_timeout(tests, 120);
	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_add_test(tests, who_has_the_loop_writes);
	tcase_add_test(tests, what_comes_does_not_wait_for_a_write);
	tcase_add_test(tests, a_timer_does_not_wait_for_a_write);
	return tests;
}
