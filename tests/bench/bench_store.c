/* SPDX-License-Identifier: Apache-2.0 */
/*
 * usage: bench_store [FOLDER]
 *
 * Measure the store alone, in a process of its own, over a new folder in
 * FOLDER (/tmp): how long a transaction takes that is alone, beside a bare
 * write and fdatasync of several files; what is written to disk for a message
 * of 200 bytes that waits in a queue; how long 100,000 sessions take to load.
 */
#include <check.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "proc/child.h"
#include "rig.h"
#include "store/store.h"

#define BODY_BYTES   250 /* a payload of 200 with a topic and what is around */
#define LONE_TURNS   20
#define LONE_OF_TURN 100
#define BARE_BYTES   (LONE_TURNS * LONE_OF_TURN * BODY_BYTES)

#define QUEUES         1000
#define QUEUE_MESSAGES 1000
#define OF_TRANSACTION 200
#define SESSIONS       100000
#define SUBSCRIPTIONS  3
#define SETTLE_SECONDS 3
#define FIRST_SESSION  1000000

static unsigned int
count(const struct config *config)
{
	(void)config;
	return 1;
}

const struct role role_table[] = {
	{ .id = IPC_ROLE_STORE,
	    .name = "store",
	    .count = count,
	    .peers = IPC_ROLE_WORKER,
	    .is_last = true,
	    .needs = { .calls = ROLE_NEEDS_FILES | ROLE_NEEDS_THREADS },
	    .prepare = store_prepare,
	    .run = store_run },
	{ .name = NULL },
};

static uint8_t body[BODY_BYTES];

static double
now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

/* Payloads that do not compress. */
static struct bytes
next_body(void)
{
	for (size_t i = 50; i < sizeof(body); i++)
		body[i] = (uint8_t)random();
	return bytes_of(body, sizeof(body));
}

/* A number as the worker makes them. */
static uint64_t
number_of(const struct rig_worker *worker, uint64_t counter)
{
	return worker->epoch << IPC_STORE_COUNTER_BITS | counter;
}

static void
put_session(struct rig_worker *worker, uint64_t session)
{
	struct bytes key = rig_key_at(worker->index, (unsigned int)session);

	rig_change(worker,
	    &(struct ipc_store_change){ .type = IPC_STORE_SESSION_PUT,
		.session = number_of(worker, session),
		.expires_at = IPC_STORE_NEVER,
		.key = key,
		.value = bytes_of(body, 40) });
}

static void
put_entry(struct rig_worker *worker, uint64_t session, uint64_t sequence)
{
	rig_change(worker,
	    &(struct ipc_store_change){ .type = IPC_STORE_QUEUE_PUT,
		.session = number_of(worker, session),
		.sequence = sequence,
		.total = sequence * BODY_BYTES,
		.len = BODY_BYTES,
		.expires_at = IPC_STORE_NEVER,
		.value = bytes_of(body, 8),
		.body = next_body() });
}

/* What is measured by turns, so that all meet the same disk. */
enum lone {
	LONE_GROWING,   /* bare write and fdatasync of a file that grows, */
	LONE_ALLOCATED, /* that has its place, as RocksDB's log has, */
	LONE_WRITTEN,   /* and was written before */
	LONE_STORE,
	LONE_COUNT
};

struct samples {
	const char *name;
	int fd;
	uint64_t count;
	double us[LONE_TURNS * LONE_OF_TURN];
};

static struct samples lone[LONE_COUNT] = {
	{ .name = "bare sync, growing file" },
	{ .name = "bare sync, allocated file" },
	{ .name = "bare sync, written file" },
	{ .name = "lone transaction" },
};

static void
bare_open(enum lone kind)
{
	static const uint8_t zeros[BARE_BYTES];
	char path[160];
	int fd;

	snprintf(path, sizeof(path), "%s/bare-%d", rig.folder, (int)kind);
	fd = open(path, O_RDWR | O_CREAT, 0600);
	ck_assert_int_ge(fd, 0);
	if (kind == LONE_ALLOCATED)
		ck_assert_int_eq(fallocate(fd, FALLOC_FL_KEEP_SIZE, 0,
				     BARE_BYTES),
		    0);
	if (kind == LONE_WRITTEN)
		ck_assert_int_eq(pwrite(fd, zeros, BARE_BYTES, 0), BARE_BYTES);
	ck_assert_int_eq(fsync(fd), 0);
	lone[kind].fd = fd;
}

static void
bare_close(enum lone kind)
{
	char path[160];

	snprintf(path, sizeof(path), "%s/bare-%d", rig.folder, (int)kind);
	close(lone[kind].fd);
	unlink(path);
}

static void
bare_write(const struct samples *samples)
{
	ck_assert_int_eq(pwrite(samples->fd, next_body().data, BODY_BYTES,
			     (off_t)samples->count * BODY_BYTES),
	    BODY_BYTES);
	ck_assert_int_eq(fdatasync(samples->fd), 0);
}

static void
lone_once(struct rig_worker *worker, enum lone kind)
{
	struct samples *samples = &lone[kind];
	double begin = now();

	if (kind == LONE_STORE) {
		put_entry(worker, 1, samples->count + 1);
		rig_write(worker);
	} else {
		bare_write(samples);
	}
	samples->us[samples->count++] = 1e6 * (now() - begin);
}

static int
compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static void
lone_print(struct samples *samples)
{
	qsort(samples->us, samples->count, sizeof(double), compare);
	printf("%s: p50 %.0f us, p90 %.0f us, p99 %.0f us\n", samples->name,
	    samples->us[samples->count / 2],
	    samples->us[samples->count * 9 / 10],
	    samples->us[samples->count * 99 / 100]);
}

static void
lone_writer(struct rig_worker *worker)
{
	for (int kind = 0; kind < LONE_STORE; kind++)
		bare_open((enum lone)kind);
	for (int turn = 0; turn < LONE_TURNS; turn++) {
		for (int kind = 0; kind < LONE_COUNT; kind++)
			for (int i = 0; i < LONE_OF_TURN; i++)
				lone_once(worker, (enum lone)kind);
		rig_forget(worker);
	}
	for (int kind = 0; kind < LONE_STORE; kind++)
		bare_close((enum lone)kind);
	for (int kind = 0; kind < LONE_COUNT; kind++)
		lone_print(&lone[kind]);
}

static unsigned long long
io(const char *name)
{
	char path[64], line[128];
	unsigned long long value = 0;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/io", (int)rig.pid);
	file = fopen(path, "r");
	ck_assert_ptr_nonnull(file);
	while (fgets(line, sizeof(line), file) != NULL)
		if (strncmp(line, name, strlen(name)) == 0)
			value = strtoull(line + strlen(name) + 2, NULL, 10);
	fclose(file);
	return value;
}

/* Messages come for one session after the other. */
static void
offline_queues(struct rig_worker *worker)
{
	const double messages = (double)QUEUES * QUEUE_MESSAGES;
	unsigned long long before = io("write_bytes");
	double begin = now();
	unsigned int gathered = 0;

	for (uint64_t i = 1; i <= QUEUE_MESSAGES; i++) {
		for (uint64_t session = 1; session <= QUEUES; session++) {
			put_entry(worker, session + 10, i);
			if (++gathered % OF_TRANSACTION == 0)
				rig_write(worker);
		}
		rig_forget(worker);
	}
	printf("queues: %.0f messages a second in transactions of %d\n",
	    messages / (now() - begin), OF_TRANSACTION);
	sleep(SETTLE_SECONDS);
	printf("queues: %.0f bytes written for each message of %d\n",
	    (double)(io("write_bytes") - before) / messages, BODY_BYTES);
}

/* Every other of them at home at this worker. */
static void
make_sessions(struct rig_worker *worker)
{
	char filter[64];

	for (uint64_t i = worker->index; i < SESSIONS; i += RIG_WORKERS) {
		uint64_t session = FIRST_SESSION + i;

		put_session(worker, session);
		for (int k = 0; k < SUBSCRIPTIONS; k++) {
			int len = snprintf(filter, sizeof(filter),
			    "devices/%llu/commands/%d/#",
			    (unsigned long long)session, k);

			rig_change(worker,
			    &(struct ipc_store_change){
				.type = IPC_STORE_SUBSCRIPTION_PUT,
				.session = number_of(worker, session),
				.key = bytes_of(filter, (size_t)len),
				.value = bytes_of(body, 6) });
		}
		for (uint64_t k = 1; k <= 10; k++)
			put_entry(worker, session, k);
		if (i % 500 >= 498)
			rig_write(worker);
	}
	rig_forget(worker);
}

static void
load_sessions(void)
{
	struct rig_worker *workers[RIG_WORKERS];
	double begin = now();
	size_t rows = 0;

	rig_start();
	printf("load: the store is ready after %.2f s\n", now() - begin);
	for (uint16_t i = 0; i < RIG_WORKERS; i++) {
		workers[i] = rig_worker(i);
		rig_open(workers[i], 0);
	}
	for (uint16_t i = 0; i < RIG_WORKERS; i++) {
		while (rig_next(workers[i])->type != IPC_STORE_LOADED)
			;
		rows += rig_count(workers[i], IPC_STORE_ROW);
	}
	printf("load: %zu rows of %d sessions after %.2f s\n", rows, SESSIONS,
	    now() - begin);
}

static const char *parent = "/tmp";

START_TEST(measure)
{
	struct rig_worker *worker;

	rig_setup_in(parent);
	worker = rig_begin(0);
	put_session(worker, 1);
	rig_write(worker);
	lone_writer(worker);
	offline_queues(worker);
	make_sessions(worker);
	make_sessions(rig_begin(1));
	rig_stop();
	load_sessions();
	rig_teardown();
}
END_TEST

/* What the rig finds wrong is a failed test. */
int
main(int argc, char **argv)
{
	TCase *tests = tcase_create("measure");
	Suite *suite = suite_create("store");
	SRunner *runner;
	int failed;

	if (argc == 3 && strcmp(argv[0], "signetd:") == 0)
		return proc_child_main(role_find_by_name(argv[1]), 0);
	if (argc > 1)
		parent = argv[1];
	setvbuf(stdout, NULL, _IOLBF, 0);
	tcase_add_test(tests, measure);
	suite_add_tcase(suite, tests);
	runner = srunner_create(suite);
	srunner_set_fork_status(runner, CK_NOFORK);
	srunner_run_all(runner, CK_SILENT);
	failed = srunner_ntests_failed(runner);
	if (failed > 0)
		srunner_print(runner, CK_NORMAL);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
