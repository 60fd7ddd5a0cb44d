/* SPDX-License-Identifier: Apache-2.0 */
#include "store/log_ahead.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* So many at a time: some hundred small writes. */
#define AHEAD_BYTES ((size_t)256 * 1024)
#define BLOCK_BYTES 4096

/* Larger ones would have the log written twice; a sync writes as much for the
 * journal of the file system as for one of these. */
#define SMALL_BYTES 4096
#define SMALL_RUN   16

/* The number in a log's name; 0: it is another file. */
static uint64_t
log_number_of(const char *name)
{
	char *end;
	unsigned long long number = strtoull(name, &end, 10);

	return end != name && strcmp(end, ".log") == 0 ? number : 0;
}

/* The newest log is the one that is written. 0: there is none. */
static uint64_t
find_newest(DIR *folder)
{
	const struct dirent *entry;
	uint64_t newest = 0;

	while ((entry = readdir(folder)) != NULL) {
		uint64_t number = log_number_of(entry->d_name);

		newest = number > newest ? number : newest;
	}
	return newest;
}

/* Not O_CREAT: RocksDB makes its logs. */
static int
open_newest(const char *path)
{
	DIR *folder = opendir(path);
	char name[32];
	int fd = -1;

	if (folder == NULL)
		return -1;
	snprintf(name, sizeof(name), "%06llu.log",
	    (unsigned long long)find_newest(folder));
	fd = openat(dirfd(folder), name, O_WRONLY | O_APPEND | O_CLOEXEC);
	closedir(folder);
	return fd;
}

/* Block by block: of what is written at once, newer kernels take and count the
 * whole as written again for each part that is. */
static void
append_zeros(const char *path)
{
	static const uint8_t zeros[BLOCK_BYTES];
	int fd = open_newest(path);

	if (fd < 0)
		return;
	for (size_t len = 0; len < AHEAD_BYTES; len += sizeof(zeros))
		if (write(fd, zeros, sizeof(zeros)) != sizeof(zeros))
			break;
	close(fd);
}

void
log_ahead_prepare(struct log_ahead *ahead, size_t len)
{
	if (len > SMALL_BYTES) {
		ahead->small_run = 0;
		ahead->left -= len < ahead->left ? len : ahead->left;
		return;
	}
	if (ahead->left < len && ++ahead->small_run > SMALL_RUN) {
		append_zeros(ahead->path);
		ahead->left = AHEAD_BYTES;
		ahead->small_run = 0;
	}
	ahead->left -= len < ahead->left ? len : ahead->left;
}
