/* SPDX-License-Identifier: Apache-2.0 */
#include "held_sync.h"

#include <check.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* The test's folder. While it has HOLD, syncs wait, and the first makes HELD. */
#define VARIABLE "SIGNET_TEST_HELD_SYNC"
#define HOLD     "hold-sync"
#define HELD     "sync-is-held"

/* Of the test; and of a store whose test is gone. */
#define PATIENCE_MS 60000
#define HOLD_MS     (2 * PATIENCE_MS)

static bool
is_there(const char *folder, const char *name, int more_flags)
{
	char path[160];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	fd = open(path, O_RDWR | O_CLOEXEC | more_flags, 0666);
	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

static void
wait_a_ms(void)
{
	nanosleep(&(struct timespec){ .tv_nsec = 1000000 }, NULL);
}

int
fdatasync(int fd)
{
	const char *folder = getenv(VARIABLE);

	for (int i = 0;
	     i < HOLD_MS && folder != NULL && is_there(folder, HOLD, 0); i++) {
		(void)is_there(folder, HELD, O_CREAT);
		wait_a_ms();
	}
	return (int)syscall(SYS_fdatasync, fd);
}

void
held_sync_prepare(const char *folder)
{
	ck_assert_int_eq(setenv(VARIABLE, folder, 1), 0);
}

void
held_sync_begin(const char *folder)
{
	char path[160];

	/* whoever the store runs as may look */
	snprintf(path, sizeof(path), "%s/" HOLD, folder);
	ck_assert(is_there(folder, HOLD, O_CREAT));
	ck_assert_int_eq(chmod(path, 0666), 0);
}

void
held_sync_await(const char *folder)
{
	for (int i = 0; i < PATIENCE_MS; i++) {
		if (is_there(folder, HELD, 0))
			return;
		wait_a_ms();
	}
	ck_abort_msg("nothing is synced");
}

void
held_sync_end(const char *folder)
{
	char path[160];

	snprintf(path, sizeof(path), "%s/" HOLD, folder);
	ck_assert_int_eq(unlink(path), 0);
	ck_assert_int_eq(unsetenv(VARIABLE), 0);
}
