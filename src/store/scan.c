/* SPDX-License-Identifier: Apache-2.0 */
#include "store/scan.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/memory.h"

/* What is read at once; and what is looked at alone if that fails. */
#define PIECE (1024 * 1024)
#define BLOCK 4096

struct file {
	int fd;
	const char *name;
	struct scan *scan;
	uint8_t *piece;
	char *why;
};

static void
add_unread(struct file *file, uint64_t offset, uint64_t len, int error)
{
	if (file->scan->unread == 0)
		snprintf(file->why, DATABASE_WHY_MAX,
		    "%s cannot be read at byte %llu: %s", file->name,
		    (unsigned long long)offset, strerror(error));
	file->scan->unread += len;
}

/* Bytes that were read; 0 at the end; -errno. */
static ssize_t
read_at(const struct file *file, uint64_t offset, size_t len)
{
	ssize_t got;

	do
		got = pread(file->fd, file->piece, len, (off_t)offset);
	while (got < 0 && errno == EINTR);
	return got < 0 ? -errno : got;
}

/* Which blocks of a piece cannot be read? */
static void
read_blocks(struct file *file, uint64_t offset, uint64_t end)
{
	for (; offset < end; offset += BLOCK) {
		uint64_t len = end - offset < BLOCK ? end - offset : BLOCK;
		ssize_t got = read_at(file, offset, len);

		if (got < 0)
			add_unread(file, offset, len, (int)-got);
	}
}

static void
read_file(struct file *file, uint64_t size)
{
	uint64_t offset = 0;

	/* From the disk, not from memory. */
	(void)posix_fadvise(file->fd, 0, 0, POSIX_FADV_DONTNEED);
	while (offset < size) {
		uint64_t len = size - offset < PIECE ? size - offset : PIECE;
		ssize_t got = read_at(file, offset, len);

		if (got == 0)
			return; /* it has become shorter */
		if (got < 0) {
			read_blocks(file, offset, offset + len);
			got = (ssize_t)len;
		}
		offset += (uint64_t)got;
	}
}

/* A file that is gone meanwhile is none. */
static void
scan_file(struct file *file, int folder)
{
	struct stat status;

	if (fstatat(folder, file->name, &status, AT_SYMLINK_NOFOLLOW) != 0 ||
	    !S_ISREG(status.st_mode))
		return;
	file->scan->bytes += (uint64_t)status.st_size;
	file->fd = openat(folder, file->name,
	    O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (file->fd < 0) {
		if (errno != ENOENT)
			add_unread(file, 0, (uint64_t)status.st_size, errno);
		return;
	}
	read_file(file, (uint64_t)status.st_size);
	close(file->fd);
}

int
scan_run(const char *folder, struct scan *scan, char *why)
{
	struct file file = { .scan = scan, .why = why };
	struct dirent *entry;
	DIR *open_folder = opendir(folder);
	int error;

	*scan = (struct scan){ .bytes = 0 };
	if (open_folder == NULL) {
		error = -errno;
		snprintf(why, DATABASE_WHY_MAX, "%s: %s", folder,
		    strerror(errno));
		return error == -ENOENT ? 0 : error;
	}
	file.piece = memory_new(1, PIECE);
	while ((entry = readdir(open_folder)) != NULL) {
		file.name = entry->d_name;
		scan_file(&file, dirfd(open_folder));
	}
	free(file.piece);
	closedir(open_folder);
	return 0;
}

bool
scan_is_hopeless(const struct scan *scan)
{
	return scan->unread > scan->bytes / 2;
}
