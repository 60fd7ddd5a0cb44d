/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Disks that are full, and disks that forget.
 */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bad_block.h"
#include "rig.h"
#include "store/check.h"
#include "tests.h"

#define SESSION 10

static struct ipc_store_entry entries[1024];
static size_t entry_count;

static void
put_session(struct rig_worker *worker, uint64_t session)
{
	rig_change(worker,
	    &(struct ipc_store_change){ .type = IPC_STORE_SESSION_PUT,
		.session = session,
		.expires_at = IPC_STORE_NEVER,
		.key = rig_key_at(0, (unsigned int)session),
		.value = BYTES_LITERAL("head") });
}

static void
put_entry(struct rig_worker *worker, uint64_t session, uint64_t sequence,
    uint64_t message, struct bytes body)
{
	rig_change(worker,
	    &(struct ipc_store_change){ .type = IPC_STORE_QUEUE_PUT,
		.session = session,
		.sequence = sequence,
		.message = message,
		.total = sequence,
		.len = 1,
		.expires_at = IPC_STORE_NEVER,
		.body = body });
}

static void
put_message(struct rig_worker *worker, uint64_t message, struct bytes body)
{
	rig_change(worker,
	    &(struct ipc_store_change){ .type = IPC_STORE_MESSAGE_PUT,
		.message = message,
		.references = 1,
		.expires_at = IPC_STORE_NEVER,
		.body = body });
}

static void
limit_files(rlim_t bytes)
{
	struct rlimit limit = { bytes, RLIM_INFINITY };
	pid_t pid = fork();
	int status;

	/* even root may not do it to somebody else everywhere */
	if (pid == 0) {
		rig_become_store();
		_exit(prlimit(rig.pid, RLIMIT_FSIZE, &limit, NULL) != 0);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
}

/* Everything checks, with so many entries. */
static void
expect_check(int result, const char *words)
{
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);
	int checked = store_check(rig.path, out);

	fclose(out);
	ck_assert_msg(checked == result, "%d:\n%s", checked, text);
	ck_assert_msg(strstr(text, words) != NULL, "%s", text);
	free(text);
}

/* Nobody knows what reached the disk: the store ends, and its next one says.
 * References would be counted twice if it were wrong. */
START_TEST(what_the_disk_did_not_take_is_repeated_to_the_next_store)
{
	struct rig_worker *worker = rig_begin(0);
	uint64_t epoch = worker->epoch;
	struct ipc_store_state state;

	put_session(worker, SESSION);
	rig_write(worker);
	for (uint64_t i = 1; i <= 5; i++) {
		struct buffer kept = { NULL, 0, 0 };

		limit_files(10 * i);
		put_message(worker, i, BYTES_LITERAL("body"));
		put_entry(worker, SESSION, i, i, BYTES_NONE);
		buffer_append(&kept, buffer_view(&worker->changes));
		rig_send(worker);
		rig_await_failure();
		rig_start();
		worker = rig_worker(0);
		rig_open(worker, epoch);
		ck_assert_int_eq(
		    ipc_store_state_decode(
			rig_expect(worker, IPC_STORE_OPENED)->payload, &state),
		    0);
		ck_assert_uint_ge(state.transaction, i);
		worker->transaction = i;
		buffer_append(&worker->changes, buffer_view(&kept));
		rig_write(worker);
		buffer_done(&kept);
	}
	rig_stop();
	expect_check(0, "references to them: 5\n");
}
END_TEST

static void
fill(const char *path)
{
	static const char block[4096];
	int fd = open(path, O_WRONLY | O_CREAT, 0600);

	ck_assert_int_ge(fd, 0);
	while (write(fd, block, sizeof(block)) > 0)
		;
	while (write(fd, block, 1) > 0)
		;
	close(fd);
}

/* A file system of a few megabytes; only root can have one. */
START_TEST(a_full_disk_is_waited_for)
{
	struct rig_worker *worker;
	static uint8_t body[4096];
	char path[160];

	if (geteuid() != 0)
		return;
	rig_stop();
	if (mount("tmpfs", rig.folder, "tmpfs", 0, "size=16m") != 0)
		return; /* not in every container */
	rig_start();
	worker = rig_begin(0);
	put_session(worker, SESSION);
	rig_write(worker);
	snprintf(path, sizeof(path), "%s/filler", rig.folder);
	fill(path);
	for (uint64_t i = 1; i <= 1000; i++)
		put_entry(worker, SESSION, i, 0, bytes_of(body, sizeof(body)));
	rig_send(worker);
	ck_assert(!rig_has_answer(worker, 1500));
	/* it is read meanwhile */
	rig_page(worker, SESSION, 0, 9, 1000, entries, &entry_count);
	ck_assert_uint_eq(entry_count, 0);
	/* and another one starts, and waits */
	rig_kill();
	rig_start_early();
	ck_assert(!rig_is_ready(1500));
	ck_assert_int_eq(unlink(path), 0);
	ck_assert(rig_is_ready(60000));
	worker = rig_worker(0);
	rig_open(worker, 1);
	(void)rig_expect(worker, IPC_STORE_OPENED);
	worker->transaction = 1;
	for (uint64_t i = 1; i <= 1000; i++)
		put_entry(worker, SESSION, i, 0, bytes_of(body, sizeof(body)));
	rig_write(worker);
	rig_stop();
	expect_check(0, "messages in queues: 1000\n");
	ck_assert_int_eq(umount(rig.folder), 0);
}
END_TEST

/* The path of the largest table; its size. */
static size_t
largest_table(char path[512])
{
	char folder[160], name[512];
	struct dirent *entry;
	struct stat status;
	size_t size = 0;
	DIR *open_folder;

	snprintf(folder, sizeof(folder), "%s/db", rig.path);
	open_folder = opendir(folder);
	while ((entry = readdir(open_folder)) != NULL) {
		snprintf(name, sizeof(name), "%s/%s", folder, entry->d_name);
		if (strstr(name, ".sst") == NULL || stat(name, &status) != 0 ||
		    (size_t)status.st_size <= size)
			continue;
		size = (size_t)status.st_size;
		memcpy(path, name, sizeof(name));
	}
	closedir(open_folder);
	return size;
}

/* Turn some bytes of the largest table over. */
static void
damage(double at, size_t len)
{
	char path[512];
	size_t size = largest_table(path);
	uint8_t *bytes = malloc(len);
	off_t offset = (off_t)((double)size * at);
	int fd = open(path, O_RDWR);

	ck_assert_uint_gt(size, 100000);
	ck_assert_int_eq(pread(fd, bytes, len, offset), (ssize_t)len);
	for (size_t i = 0; i < len; i++)
		bytes[i] ^= 0x55;
	ck_assert_int_eq(pwrite(fd, bytes, len, offset), (ssize_t)len);
	close(fd);
	free(bytes);
}

/* A queue of 1000 entries in tables: what a store that stops leaves. */
static void
fill_queue(bool is_shared)
{
	struct rig_worker *worker = rig_begin(0);
	static uint8_t body[1000];

	for (size_t i = 0; i < sizeof(body); i++)
		body[i] = (uint8_t)rand(); /* that do not compress */
	put_session(worker, SESSION);
	for (uint64_t i = 1; i <= 1000; i++) {
		if (is_shared)
			put_message(worker, i, bytes_of(body, sizeof(body)));
		put_entry(worker, SESSION, i, is_shared ? i : 0,
		    is_shared ? BYTES_NONE : bytes_of(body, sizeof(body)));
		body[i % sizeof(body)]++;
		body[7 * i % sizeof(body)] = (uint8_t)rand();
		for (size_t k = 0; k < sizeof(body); k++)
			body[k] = (uint8_t)rand();
	}
	rig_write(worker);
	rig_stop();
	rig_start(); /* what was in the log is in tables now */
	rig_stop();
}

START_TEST(damage_is_found_by_a_check)
{
	fill_queue(false);
	expect_check(0, "messages in queues: 1000\n");
	damage(0.5, 10);
	expect_check(1, "queues: unreadable behind row ");
}
END_TEST

START_TEST(damage_costs_what_it_hit_and_the_rest_is_served)
{
	struct rig_worker *worker;
	struct ipc_store_page page;
	uint64_t last = 0;

	fill_queue(_i == 1);
	damage(0.5, 10);
	rig_start();
	worker = rig_begin(0);
	ck_assert_uint_eq(rig_count(worker, IPC_STORE_ROW), 1);
	page = rig_page(worker, SESSION, 0, 1000, 10000000, entries,
	    &entry_count);
	ck_assert(page.is_end);
	/* a block of 8 KiB has eight or nine of them */
	ck_assert_uint_lt(entry_count + page.lost, 1000);
	ck_assert_uint_gt(entry_count, 980);
	for (size_t i = 0; i < entry_count; i++) {
		ck_assert_uint_gt(entries[i].put.sequence, last);
		ck_assert_uint_eq(entries[i].put.body.len, 1000);
		last = entries[i].put.sequence;
	}
	put_entry(worker, SESSION, 1001, 0, BYTES_LITERAL("goes on"));
	rig_write(worker);
	rig_stop();
	expect_check(0, "faults: 0\n");
}
END_TEST

/* How many databases were put aside. */
static unsigned int
count_damaged(void)
{
	DIR *open_folder = opendir(rig.path);
	unsigned int count = 0;
	struct dirent *entry;

	ck_assert_ptr_nonnull(open_folder);
	while ((entry = readdir(open_folder)) != NULL)
		count += strncmp(entry->d_name, "db.damaged-", 11) == 0;
	closedir(open_folder);
	return count;
}

START_TEST(what_the_disk_does_not_read_costs_that_and_the_rest_is_served)
{
	struct rig_worker *worker;
	struct ipc_store_page page;
	char path[512];
	size_t size;

	fill_queue(_i == 1);
	size = largest_table(path);
	bad_block_set(rig.folder, path, size / 2, size / 2 + 512);
	rig_start();
	worker = rig_begin(0);
	ck_assert_uint_eq(rig_count(worker, IPC_STORE_ROW), 1);
	page = rig_page(worker, SESSION, 0, 1000, 10000000, entries,
	    &entry_count);
	ck_assert(page.is_end);
	ck_assert_uint_lt(entry_count + page.lost, 1000);
	ck_assert_uint_gt(entry_count, 980);
	put_entry(worker, SESSION, 1001, 0, BYTES_LITERAL("goes on"));
	rig_write(worker);
	rig_stop();
	ck_assert_uint_eq(count_damaged(), 1);
	expect_check(0, "faults: 0\n");
}
END_TEST

/* No table can be opened then: whatever begins with it. */
START_TEST(a_table_that_cannot_be_read_from_its_end_on_costs_its_rows)
{
	struct rig_worker *worker;
	char path[512];
	size_t size;

	fill_queue(false);
	size = largest_table(path);
	bad_block_set(rig.folder, path, size - 600, size);
	rig_start();
	worker = rig_begin(0);
	put_session(worker, SESSION + 2);
	rig_write(worker);
	rig_stop();
	ck_assert_uint_eq(count_damaged(), 1);
	expect_check(0, "faults: 0\n");
}
END_TEST

START_TEST(a_disk_that_does_not_read_is_waited_for)
{
	struct rig_worker *worker;
	struct ipc_store_read read = { .request = 1,
		.session = SESSION,
		.count = 1000,
		.bytes = 10000000 };
	struct buffer payload = { NULL, 0, 0 };

	fill_queue(false);
	bad_block_clear(rig.folder); /* the store looks there */
	rig_start();
	worker = rig_begin(0);
	bad_block_set(rig.folder, NULL, 0, UINT64_MAX);
	ipc_store_read_encode(&read, &payload);
	rig_push(worker, IPC_STORE_READ, buffer_view(&payload));
	buffer_done(&payload);
	/* more than twice */
	ck_assert(!rig_has_answer(worker, 3500));
	bad_block_clear(rig.folder);
	for (unsigned int i = 0; i < 1000; i++)
		(void)rig_expect(worker, IPC_STORE_ENTRY);
	(void)rig_expect(worker, IPC_STORE_PAGE);
	rig_stop();
	ck_assert_uint_eq(count_damaged(), 0);
	expect_check(0, "messages in queues: 1000\n");
}
END_TEST

START_TEST(a_table_that_is_gone_costs_what_was_in_it)
{
	struct rig_worker *worker;
	char path[512];

	fill_queue(false);
	ck_assert_uint_gt(largest_table(path), 0);
	ck_assert_int_eq(unlink(path), 0);
	rig_start();
	worker = rig_begin(0);
	put_session(worker, SESSION + 2);
	rig_write(worker);
	rig_stop();
	expect_check(0, "faults: 0\n");
}
END_TEST

/* A disk that does not sync leaves files of different times beside each other:
 * two that begin with the same row are more than RocksDB can repair. */
START_TEST(what_cannot_be_repaired_is_put_aside_as_a_whole)
{
	struct rig_worker *worker = rig_begin(0);
	char command[512];

	put_session(worker, SESSION);
	rig_write(worker);
	rig_kill();
	snprintf(command, sizeof(command),
	    "cd %s/db && f=$(ls -S *.log | head -n 1) && cp -p \"$f\" "
	    "000090.log "
	    "&& printf x >CURRENT",
	    rig.path);
	ck_assert_int_eq(system(command), 0);
	rig_start();
	worker = rig_begin(0);
	/* another RocksDB may do it */
	ck_assert_uint_le(rig_count(worker, IPC_STORE_ROW), 1);
	put_session(worker, SESSION + 1);
	rig_write(worker);
	rig_stop();
	ck_assert_uint_eq(count_damaged(), 1);
	expect_check(0, "faults: 0\n");
}
END_TEST

/* The end of a log is what a power cut leaves: it is as if never written. */
START_TEST(a_log_that_is_cut_costs_its_end)
{
	struct rig_worker *worker = rig_begin(0);
	char command[320];

	put_session(worker, SESSION);
	rig_write(worker);
	put_session(worker, SESSION + 1);
	rig_write(worker);
	rig_kill();
	snprintf(command, sizeof(command),
	    "f=$(ls -S %s/db/*.log | head -n 1); truncate -s -3 \"$f\"",
	    rig.path);
	ck_assert_int_eq(system(command), 0);
	rig_start();
	worker = rig_begin(0);
	ck_assert_uint_eq(rig_count(worker, IPC_STORE_ROW), 1);
}
END_TEST

TCase *
test_fault(void)
{
	TCase *tests = tcase_create("fault");

	tcase_set_timeout(tests, 240);
	tcase_add_checked_fixture(tests, rig_setup, rig_teardown);
	tcase_add_test(tests,
	    what_the_disk_did_not_take_is_repeated_to_the_next_store);
	tcase_add_test(tests, a_full_disk_is_waited_for);
	tcase_add_test(tests, damage_is_found_by_a_check);
	tcase_add_loop_test(tests,
	    damage_costs_what_it_hit_and_the_rest_is_served, 0, 2);
	tcase_add_loop_test(tests,
	    what_the_disk_does_not_read_costs_that_and_the_rest_is_served, 0,
	    2);
	tcase_add_test(tests,
	    a_table_that_cannot_be_read_from_its_end_on_costs_its_rows);
	tcase_add_test(tests, a_disk_that_does_not_read_is_waited_for);
	tcase_add_test(tests, a_table_that_is_gone_costs_what_was_in_it);
	tcase_add_test(tests, what_cannot_be_repaired_is_put_aside_as_a_whole);
	tcase_add_test(tests, a_log_that_is_cut_costs_its_end);
	return tests;
}
