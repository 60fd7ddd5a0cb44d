/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A library to preload: it records what a process does to the files below one
 * directory, and when it has synced them, so that tests/crash/disk.py can make
 * of the directory what a power cut at that moment may have left of it.
 *
 *	SIGNET_POWERCUT_DIR   the directory: absolute, without symbolic links
 *	SIGNET_POWERCUT_LOG   another one; records go to files 0, 1, ... there
 *	SIGNET_POWERCUT_LIES  syncs are not recorded, as if they did nothing
 *
 * Each operation is done first and then recorded, so a record that is missing
 * at the end is of an operation that nobody has heard the end of.
 */
#define _GNU_SOURCE
#include "powercut.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#define FDS_MAX  65536
#define LOGS_MAX 10000
/* Of the log: the lowest numbers have a meaning when a program begins. */
#define LOG_FD_MIN 100

struct record {
	uint32_t type;
	uint32_t len; /* of what follows */
	uint64_t inode;
	uint64_t offset;
	uint64_t number;
};

struct tracked {
	uint64_t inode; /* 0: not a file of the directory */
	char *path;     /* of a directory; NULL: a file */
};

pthread_mutex_t powercut_mutex = PTHREAD_MUTEX_INITIALIZER;
static struct tracked fds[FDS_MAX];
static const char *top; /* NULL: nothing is recorded */
static size_t top_len;
static bool is_lying;
static int log_fd = -1;
static uint64_t syncs;

void *
powercut_real(const char *name)
{
	void *found = dlsym(RTLD_NEXT, name);

	if (found == NULL)
		abort();
	return found;
}

void
powercut_refuse(const char *what)
{
	fprintf(stderr, "powercut: %s is not recorded\n", what);
	abort();
}

static int
out_of_the_way(int fd)
{
	int moved = fcntl(fd, F_DUPFD_CLOEXEC, LOG_FD_MIN);

	REAL(close)(fd);
	return moved;
}

__attribute__((constructor)) static void
powercut_init(void)
{
	const char *directory = getenv("SIGNET_POWERCUT_DIR");
	const char *logs = getenv("SIGNET_POWERCUT_LOG");
	char path[PATH_MAX];

	if (directory == NULL || logs == NULL)
		return;
	for (int i = 0; i < LOGS_MAX && log_fd < 0; i++) {
		snprintf(path, sizeof(path), "%s/%d", logs, i);
		log_fd = REAL(open)(path,
		    O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0644);
		if (log_fd < 0 && errno != EEXIST)
			break;
	}
	if (log_fd >= 0)
		log_fd = out_of_the_way(log_fd);
	if (log_fd < 0)
		powercut_refuse(logs);
	is_lying = getenv("SIGNET_POWERCUT_LIES") != NULL;
	top_len = strlen(directory);
	top = directory;
}

/* With the mutex held. */
static void
record_write(struct record *record, const struct iovec *parts, int count)
{
	struct iovec all[8] = { { record, sizeof(*record) } };
	size_t len = 0;

	for (int i = 0; i < count; i++) {
		all[i + 1] = parts[i];
		len += parts[i].iov_len;
	}
	record->len = (uint32_t)len;
	if (REAL(writev)(log_fd, all, count + 1) !=
	    (ssize_t)(sizeof(*record) + len))
		powercut_refuse("what does not fit the log");
}

static void
record_data(enum record_type type, uint64_t inode, uint64_t offset,
    uint64_t number, const void *data, size_t len)
{
	struct record record = { type, 0, inode, offset, number };
	struct iovec part = { (void *)(uintptr_t)data, len };

	record_write(&record, &part, len > 0);
}

void
powercut_record_path(enum record_type type, uint64_t inode, uint64_t number,
    const char *path)
{
	record_data(type, inode, 0, number, path, strlen(path));
}

void
powercut_record_paths(enum record_type type, const char *from, const char *to)
{
	struct record record = { type, 0, 0, 0, strlen(from) };
	struct iovec parts[2] = { { (void *)(uintptr_t)from, strlen(from) },
		{ (void *)(uintptr_t)to, strlen(to) } };

	record_write(&record, parts, 2);
}

bool
powercut_is_below_top(const char *path)
{
	return top != NULL && strncmp(path, top, top_len) == 0 &&
	       (path[top_len] == '/' || path[top_len] == '\0');
}

static const struct tracked *
tracked_find(int fd)
{
	return top != NULL && fd >= 0 && fd < FDS_MAX && fds[fd].inode != 0
		   ? &fds[fd]
		   : NULL;
}

static void
track(int fd, const char *path)
{
	struct stat stat;

	if (fd >= FDS_MAX || fstat(fd, &stat) != 0)
		powercut_refuse(path);
	free(fds[fd].path);
	fds[fd].path = S_ISDIR(stat.st_mode) ? strdup(path) : NULL;
	fds[fd].inode = stat.st_ino;
}

const char *
powercut_resolve(int directory, const char *path, char *room)
{
	const struct tracked *parent = tracked_find(directory);

	if (path[0] == '/' || parent == NULL || parent->path == NULL)
		return path;
	snprintf(room, PATH_MAX, "%s/%s", parent->path, path);
	return room;
}

static int
open_any(int directory, const char *name, int flags, mode_t mode)
{
	char room[PATH_MAX];
	const char *path = powercut_resolve(directory, name, room);
	struct stat stat;
	bool was_there;
	int fd;

	if (!powercut_is_below_top(path))
		return REAL(openat)(directory, path, flags, mode);
	if ((flags & O_TMPFILE) == O_TMPFILE)
		powercut_refuse("O_TMPFILE");
	pthread_mutex_lock(&powercut_mutex);
	was_there = lstat(path, &stat) == 0;
	fd = REAL(openat)(directory, path, flags, mode);
	if (fd >= 0) {
		track(fd, path);
		if (!was_there)
			powercut_record_path(RECORD_CREATE, fds[fd].inode, 0,
			    path);
		else if ((flags & O_TRUNC) != 0)
			record_data(RECORD_TRUNCATE, fds[fd].inode, 0, 0, NULL,
			    0);
	}
	pthread_mutex_unlock(&powercut_mutex);
	return fd;
}

static mode_t
mode_of(int flags, va_list arguments)
{
	return (flags & O_CREAT) != 0 ? va_arg(arguments, mode_t) : 0;
}

int
open(const char *path, int flags, ...)
{
	va_list arguments;
	mode_t mode;

	va_start(arguments, flags);
	mode = mode_of(flags, arguments);
	va_end(arguments);
	return open_any(AT_FDCWD, path, flags, mode);
}

int
openat(int directory, const char *path, int flags, ...)
{
	va_list arguments;
	mode_t mode;

	va_start(arguments, flags);
	mode = mode_of(flags, arguments);
	va_end(arguments);
	return open_any(directory, path, flags, mode);
}

int
creat(const char *path, mode_t mode)
{
	return open_any(AT_FDCWD, path, O_CREAT | O_WRONLY | O_TRUNC, mode);
}

FILE *
fopen(const char *path, const char *mode)
{
	if (powercut_is_below_top(path) && strpbrk(mode, "wa+") != NULL)
		powercut_refuse("fopen() for writing");
	return REAL(fopen)(path, mode);
}

static void
forget(int fd)
{
	if (tracked_find(fd) == NULL)
		return;
	pthread_mutex_lock(&powercut_mutex);
	free(fds[fd].path);
	fds[fd] = (struct tracked){ 0, NULL };
	pthread_mutex_unlock(&powercut_mutex);
}

int
close(int fd)
{
	forget(fd);
	return REAL(close)(fd);
}

int
fclose(FILE *file)
{
	forget(fileno(file));
	return REAL(fclose)(file);
}

/* A process that closes what it does not know keeps the log. */
int
close_range(unsigned int first, unsigned int last, int flags)
{
	unsigned int kept = (unsigned int)log_fd;

	for (unsigned int fd = first; fd <= last && fd < FDS_MAX; fd++)
		forget((int)fd);
	if (log_fd < 0 || kept < first || kept > last)
		return REAL(close_range)(first, last, flags);
	if (kept > first && REAL(close_range)(first, kept - 1, flags) != 0)
		return -1;
	return kept == last ? 0 : REAL(close_range)(kept + 1, last, flags);
}

/* Where write() would put it. */
static off_t
position_of(int fd)
{
	struct stat stat;

	if ((fcntl(fd, F_GETFL) & O_APPEND) == 0)
		return lseek(fd, 0, SEEK_CUR);
	return fstat(fd, &stat) == 0 ? stat.st_size : -1;
}

/* offset: -1 for the file's own position. */
static ssize_t
write_any(int fd, const struct iovec *parts, int count, off_t offset)
{
	const struct tracked *tracked = tracked_find(fd);
	off_t at = offset;
	ssize_t done = 0, len;

	pthread_mutex_lock(&powercut_mutex);
	if (offset < 0)
		at = position_of(fd);
	for (int i = 0; i < count; i++) {
		len = offset < 0
			  ? REAL(write)(fd, parts[i].iov_base, parts[i].iov_len)
			  : REAL(pwrite)(fd, parts[i].iov_base,
				parts[i].iov_len, offset + done);
		if (len < 0) {
			done = done > 0 ? done : -1;
			break;
		}
		record_data(RECORD_WRITE, tracked->inode, (uint64_t)(at + done),
		    0, parts[i].iov_base, (size_t)len);
		done += len;
		if ((size_t)len < parts[i].iov_len)
			break;
	}
	pthread_mutex_unlock(&powercut_mutex);
	return done;
}

ssize_t
write(int fd, const void *data, size_t len)
{
	struct iovec part = { (void *)(uintptr_t)data, len };

	return tracked_find(fd) == NULL ? REAL(write)(fd, data, len)
					: write_any(fd, &part, 1, -1);
}

ssize_t
writev(int fd, const struct iovec *parts, int count)
{
	return tracked_find(fd) == NULL ? REAL(writev)(fd, parts, count)
					: write_any(fd, parts, count, -1);
}

ssize_t
pwrite(int fd, const void *data, size_t len, off_t offset)
{
	struct iovec part = { (void *)(uintptr_t)data, len };

	return tracked_find(fd) == NULL ? REAL(pwrite)(fd, data, len, offset)
					: write_any(fd, &part, 1, offset);
}

ssize_t
pwritev(int fd, const struct iovec *parts, int count, off_t offset)
{
	return tracked_find(fd) == NULL
		   ? REAL(pwritev)(fd, parts, count, offset)
		   : write_any(fd, parts, count, offset);
}

ssize_t
pwritev2(int fd, const struct iovec *parts, int count, off_t offset, int flags)
{
	if (tracked_find(fd) == NULL)
		return REAL(pwritev2)(fd, parts, count, offset, flags);
	if (flags != 0)
		powercut_refuse("pwritev2() with flags");
	return write_any(fd, parts, count, offset);
}

int
ftruncate(int fd, off_t len)
{
	const struct tracked *tracked = tracked_find(fd);
	int error;

	if (tracked == NULL)
		return REAL(ftruncate)(fd, len);
	pthread_mutex_lock(&powercut_mutex);
	error = REAL(ftruncate)(fd, len);
	if (error == 0)
		record_data(RECORD_TRUNCATE, tracked->inode, (uint64_t)len, 0,
		    NULL, 0);
	pthread_mutex_unlock(&powercut_mutex);
	return error;
}

/* Room behind the end changes nothing that is read. */
int
fallocate(int fd, int mode, off_t offset, off_t len)
{
	const struct tracked *tracked = tracked_find(fd);
	int error;

	if (tracked == NULL || mode == FALLOC_FL_KEEP_SIZE)
		return REAL(fallocate)(fd, mode, offset, len);
	if (mode != (FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE))
		powercut_refuse("fallocate() in this mode");
	pthread_mutex_lock(&powercut_mutex);
	error = REAL(fallocate)(fd, mode, offset, len);
	if (error == 0)
		record_data(RECORD_ZERO, tracked->inode, (uint64_t)offset,
		    (uint64_t)len, NULL, 0);
	pthread_mutex_unlock(&powercut_mutex);
	return error;
}

int
posix_fallocate(int fd, off_t offset, off_t len)
{
	if (tracked_find(fd) != NULL)
		powercut_refuse("posix_fallocate()");
	return REAL(posix_fallocate)(fd, offset, len);
}

/* What was written before the sync began is safe when it has ended. */
static int
sync_any(int fd, int (*sync)(int))
{
	const struct tracked *tracked = tracked_find(fd);
	uint64_t number;
	int error;

	if (tracked == NULL || is_lying)
		return sync(fd);
	pthread_mutex_lock(&powercut_mutex);
	number = ++syncs;
	if (tracked->path != NULL)
		powercut_record_path(RECORD_DIR_BEGIN, 0, number,
		    tracked->path);
	else
		record_data(RECORD_SYNC_BEGIN, tracked->inode, 0, number, NULL,
		    0);
	pthread_mutex_unlock(&powercut_mutex);
	error = sync(fd);
	if (error != 0)
		return error;
	pthread_mutex_lock(&powercut_mutex);
	record_data(RECORD_SYNC_END, 0, 0, number, NULL, 0);
	pthread_mutex_unlock(&powercut_mutex);
	return 0;
}

int
fsync(int fd)
{
	return sync_any(fd, REAL(fsync));
}

int
fdatasync(int fd)
{
	return sync_any(fd, REAL(fdatasync));
}

void *
mmap(void *address, size_t len, int protection, int flags, int fd, off_t offset)
{
	if (tracked_find(fd) != NULL && (protection & PROT_WRITE) != 0 &&
	    (flags & MAP_TYPE) != MAP_PRIVATE)
		powercut_refuse("writing to a mapped file");
	return REAL(mmap)(address, len, protection, flags, fd, offset);
}

ssize_t
copy_file_range(int from, off64_t *from_offset, int to, off64_t *to_offset,
    size_t len, unsigned int flags)
{
	if (tracked_find(to) != NULL)
		powercut_refuse("copy_file_range()");
	return REAL(
	    copy_file_range)(from, from_offset, to, to_offset, len, flags);
}

/* Offsets have 64 bits anyway where this runs. */
#define ALIAS(name) __attribute__((alias(name)))
int open64(const char *path, int flags, ...) ALIAS("open");
int openat64(int directory, const char *path, int flags, ...) ALIAS("openat");
FILE *fopen64(const char *path, const char *mode) ALIAS("fopen");
ssize_t pwrite64(int fd, const void *data, size_t len, off64_t offset)
    ALIAS("pwrite");
ssize_t pwritev64(int fd, const struct iovec *parts, int count, off64_t offset)
    ALIAS("pwritev");
ssize_t pwritev64v2(int fd, const struct iovec *parts, int count,
    off64_t offset, int flags) ALIAS("pwritev2");
int posix_fallocate64(int fd, off64_t offset, off64_t len)
    ALIAS("posix_fallocate");
int ftruncate64(int fd, off64_t len) ALIAS("ftruncate");
int fallocate64(int fd, int mode, off64_t offset, off64_t len)
    ALIAS("fallocate");
void *mmap64(void *address, size_t len, int protection, int flags, int fd,
    off64_t offset) ALIAS("mmap");
_Static_assert(sizeof(off_t) == sizeof(off64_t), "one offset for both");
