/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A disk that cannot read. The store is this program: this pread() is its, and
 * RocksDB's.
 */
#undef _FORTIFY_SOURCE
#include "bad_block.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* The name of a file with a struct bad. */
#define VARIABLE "SIGNET_TEST_BAD_BLOCKS"

struct bad {
	uint64_t inode; /* 0: of all tables */
	uint64_t from, to;
};

static bool
load(struct bad *bad)
{
	const char *path = getenv(VARIABLE);
	int fd = path == NULL ? -1 : open(path, O_RDONLY | O_CLOEXEC);
	bool is_there;

	if (fd < 0)
		return false;
	is_there = syscall(SYS_pread64, fd, bad, sizeof(*bad), 0) ==
		   (long)sizeof(*bad);
	close(fd);
	return is_there;
}

static bool
is_table(int fd)
{
	char link[64], path[512];
	ssize_t len;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	len = readlink(link, path, sizeof(path) - 1);
	path[len < 0 ? 0 : len] = '\0';
	return strstr(path, ".sst") != NULL;
}

static bool
is_bad(int fd, uint64_t from, uint64_t to)
{
	struct stat status;
	struct bad bad;

	if (!load(&bad) || from >= bad.to || to <= bad.from)
		return false;
	if (bad.inode == 0)
		return is_table(fd);
	return fstat(fd, &status) == 0 && status.st_ino == bad.inode;
}

ssize_t
pread(int fd, void *data, size_t len, off_t offset)
{
	if (is_bad(fd, (uint64_t)offset, (uint64_t)offset + len)) {
		errno = EIO;
		return -1;
	}
	return syscall(SYS_pread64, fd, data, len, offset);
}

_Static_assert(sizeof(off_t) == sizeof(off64_t), "one offset for both");
ssize_t pread64(int fd, void *data, size_t len, off64_t offset)
    __attribute__((alias("pread")));

static void
set(const char *folder, const struct bad *bad)
{
	char path[160];
	FILE *file;

	snprintf(path, sizeof(path), "%s/bad-blocks", folder);
	ck_assert_int_eq(setenv(VARIABLE, path, 1), 0);
	file = fopen(path, "w");
	ck_assert_ptr_nonnull(file);
	ck_assert_uint_eq(fwrite(bad, sizeof(*bad), 1, file), 1);
	ck_assert_int_eq(fclose(file), 0);
}

void
bad_block_set(const char *folder, const char *path, uint64_t from, uint64_t to)
{
	struct bad bad = { .from = from, .to = to };
	struct stat status;

	if (path != NULL) {
		ck_assert_int_eq(stat(path, &status), 0);
		bad.inode = status.st_ino;
	}
	set(folder, &bad);
}

void
bad_block_clear(const char *folder)
{
	set(folder, &(struct bad){ .inode = 0 });
}
