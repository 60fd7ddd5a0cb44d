/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/disk_usage.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>
#include <unistd.h>

/* Directories within directories; what is deeper is not a database. */
#define DEPTH_MAX 8

static int usage_add(int parent, const char *name, int depth, uint64_t *sum);

static bool
is_itself_or_parent(const char *name)
{
	return name[0] == '.' &&
	       (name[1] == '\0' || (name[1] == '.' && name[2] == '\0'));
}

static void
entry_add(int parent, const char *name, int depth, uint64_t *sum)
{
	struct stat stat;

	if (is_itself_or_parent(name) ||
	    fstatat(parent, name, &stat, AT_SYMLINK_NOFOLLOW) != 0)
		return;
	if (S_ISREG(stat.st_mode))
		*sum += (uint64_t)stat.st_size;
	else if (S_ISDIR(stat.st_mode) && depth < DEPTH_MAX)
		(void)usage_add(parent, name, depth + 1, sum);
}

static int
usage_add(int parent, const char *name, int depth, uint64_t *sum)
{
	int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *directory = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;
	int error = errno;

	if (directory == NULL) {
		if (fd >= 0)
			close(fd);
		return -error;
	}
	while ((entry = readdir(directory)) != NULL)
		entry_add(fd, entry->d_name, depth, sum);
	closedir(directory);
	return 0;
}

int
disk_usage(const char *directory, uint64_t *bytes)
{
	uint64_t sum = 0;
	int error = usage_add(AT_FDCWD, directory, 0, &sum);

	if (error == 0)
		*bytes = sum;
	return error;
}
