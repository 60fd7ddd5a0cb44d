/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/disk_usage.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <sys/stat.h>

int
disk_usage(const char *path, uint64_t *bytes)
{
	DIR *directory = opendir(path);
	struct dirent *entry;
	struct stat stat;
	uint64_t sum = 0;

	if (directory == NULL)
		return -errno;
	while ((entry = readdir(directory)) != NULL) {
		if (fstatat(dirfd(directory), entry->d_name, &stat,
			AT_SYMLINK_NOFOLLOW) == 0 &&
		    S_ISREG(stat.st_mode))
			sum += (uint64_t)stat.st_size;
	}
	closedir(directory);
	*bytes = sum;
	return 0;
}
