/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A library to preload: a disk with faults. While a number other than 0 stands
 * in a file, whatever writes to the files below a directory, makes, renames,
 * removes or syncs them, fails with that errno.
 *
 *	SIGNET_DISKFAULT_DIR   the directory: absolute
 *	SIGNET_DISKFAULT_FILE  an int, in the machine's form
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

static const volatile int *fault; /* NULL: this process has none */
static const char *top;

/* The next library's function of this name. */
#define REAL(name) ((__typeof__(&name))real_find(#name))

static void *
real_find(const char *name)
{
	void *found = dlsym(RTLD_NEXT, name);

	if (found == NULL)
		abort();
	return found;
}

__attribute__((constructor)) static void
diskfault_init(void)
{
	const char *path = getenv("SIGNET_DISKFAULT_FILE");
	void *page;
	int fd;

	top = getenv("SIGNET_DISKFAULT_DIR");
	if (path == NULL || top == NULL)
		return;
	fd = REAL(open)(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		abort();
	page = mmap(NULL, sizeof(int), PROT_READ, MAP_SHARED, fd, 0);
	if (page == MAP_FAILED)
		abort();
	close(fd);
	fault = page;
}

/* Sets errno. */
static bool
fails_at(const char *path)
{
	size_t len;

	if (fault == NULL || *fault == 0)
		return false;
	len = strlen(top);
	if (strncmp(path, top, len) != 0 ||
	    (path[len] != '/' && path[len] != '\0'))
		return false;
	errno = *fault;
	return true;
}

static bool
fails(int fd)
{
	char link[64], path[PATH_MAX];
	ssize_t len;

	if (fault == NULL || *fault == 0)
		return false;
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	len = readlink(link, path, sizeof(path) - 1);
	if (len < 0)
		return false;
	path[len] = '\0';
	return fails_at(path);
}

int
open(const char *path, int flags, ...)
{
	va_list arguments;
	mode_t mode;

	va_start(arguments, flags);
	mode = (flags & O_CREAT) != 0 ? va_arg(arguments, mode_t) : 0;
	va_end(arguments);
	if ((flags & O_CREAT) != 0 && fails_at(path))
		return -1;
	return REAL(open)(path, flags, mode);
}

ssize_t
write(int fd, const void *data, size_t len)
{
	return fails(fd) ? -1 : REAL(write)(fd, data, len);
}

ssize_t
writev(int fd, const struct iovec *parts, int count)
{
	return fails(fd) ? -1 : REAL(writev)(fd, parts, count);
}

ssize_t
pwrite(int fd, const void *data, size_t len, off_t offset)
{
	return fails(fd) ? -1 : REAL(pwrite)(fd, data, len, offset);
}

int
ftruncate(int fd, off_t len)
{
	return fails(fd) ? -1 : REAL(ftruncate)(fd, len);
}

int
fallocate(int fd, int mode, off_t offset, off_t len)
{
	return fails(fd) ? -1 : REAL(fallocate)(fd, mode, offset, len);
}

/* One that is under way when the fault begins fails, too. */
int
fsync(int fd)
{
	int result = fails(fd) ? -1 : REAL(fsync)(fd);

	return fails(fd) ? -1 : result;
}

int
fdatasync(int fd)
{
	int result = fails(fd) ? -1 : REAL(fdatasync)(fd);

	return fails(fd) ? -1 : result;
}

int
rename(const char *from, const char *to)
{
	return fails_at(to) ? -1 : REAL(rename)(from, to);
}

int
unlink(const char *path)
{
	return fails_at(path) ? -1 : REAL(unlink)(path);
}

int
mkdir(const char *path, mode_t mode)
{
	return fails_at(path) ? -1 : REAL(mkdir)(path, mode);
}

/* Offsets have 64 bits anyway where this runs. */
#define ALIAS(name) __attribute__((alias(name)))
int open64(const char *path, int flags, ...) ALIAS("open");
ssize_t pwrite64(int fd, const void *data, size_t len, off64_t offset)
    ALIAS("pwrite");
int ftruncate64(int fd, off64_t len) ALIAS("ftruncate");
int fallocate64(int fd, int mode, off64_t offset, off64_t len)
    ALIAS("fallocate");
_Static_assert(sizeof(off_t) == sizeof(off64_t), "one offset for both");
