/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl/backup.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ctl/line.h"
#include "lib/descriptor.h"

#define FOLDER_MODE 0700
#define FILE_MODE   0600
#define BLOCK_BYTES (256 * 1024)

/* In the store's copy and in a backup; beside the copy. */
#define DATABASE_NAME "db"
#define KEY_NAME      "home-key"

static int __attribute__((format(printf, 2, 3)))
fail(char *why, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(why, BACKUP_WHY_MAX, format, arguments);
	va_end(arguments);
	return -1;
}

static bool
is_empty(DIR *folder)
{
	struct dirent *entry;

	while ((entry = readdir(folder)) != NULL)
		if (strcmp(entry->d_name, ".") != 0 &&
		    strcmp(entry->d_name, "..") != 0)
			return false;
	return true;
}

/* The folder that is made, or was empty: its descriptor, or -1. */
static int
make_target(const char *path, char *why)
{
	int fd, copy;
	DIR *folder;
	bool has_entries;

	if (mkdir(path, FOLDER_MODE) != 0 && errno != EEXIST)
		return fail(why, "cannot make %s: %s", path, strerror(errno));
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return fail(why, "cannot use %s: %s", path, strerror(errno));
	copy = dup(fd);
	folder = copy < 0 ? NULL : fdopendir(copy);
	has_entries = folder == NULL || !is_empty(folder);
	if (folder != NULL)
		closedir(folder);
	if (!has_entries && mkdirat(fd, DATABASE_NAME, FOLDER_MODE) == 0)
		return fd;
	close(fd);
	return fail(why,
	    "%s is not empty: name a folder that is, or is not "
	    "there",
	    path);
}

static int
copy_bytes(int from, int to)
{
	char *block = malloc(BLOCK_BYTES);
	int error = block == NULL ? -ENOMEM : 0;
	ssize_t len = 0;

	while (error == 0) {
		len = read(from, block, BLOCK_BYTES);
		if (len == 0)
			break;
		if (len < 0 && errno == EINTR)
			continue;
		error = len < 0 ? -errno
				: descriptor_write(to,
				      bytes_of(block, (size_t)len));
	}
	free(block);
	if (error == 0 && fsync(to) != 0)
		error = -errno;
	return error;
}

/* A regular file of one folder into another one: nobody is led elsewhere. */
static int
copy_file(int from_folder, int to_folder, const char *name)
{
	struct stat status;
	int from, to = -1, error = 0;

	from = openat(from_folder, name,
	    O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (from < 0)
		return -errno;
	if (fstat(from, &status) != 0 || !S_ISREG(status.st_mode))
		error = -EINVAL;
	if (error == 0) {
		to = openat(to_folder, name,
		    O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
		    FILE_MODE);
		error = to < 0 ? -errno : copy_bytes(from, to);
	}
	close(from);
	if (to >= 0 && close(to) != 0 && error == 0)
		error = -errno;
	return error;
}

static int
copy_entries(DIR *from, int from_fd, int to, char *why)
{
	struct dirent *entry;
	int error;

	while ((entry = readdir(from)) != NULL) {
		if (strcmp(entry->d_name, ".") == 0 ||
		    strcmp(entry->d_name, "..") == 0)
			continue;
		error = copy_file(from_fd, to, entry->d_name);
		if (error != 0)
			return fail(why, "cannot copy %s: %s", entry->d_name,
			    strerror(-error));
	}
	if (fsync(to) != 0)
		return fail(why, "cannot sync: %s", strerror(errno));
	return 0;
}

/* All files of one folder into another one. Both are closed. */
static int
copy_folder(int from, int to, char *why)
{
	DIR *folder;
	int result = -1;

	if (from < 0 || to < 0) {
		fail(why,
		    "cannot open the store's copy, or the folder for "
		    "it: %s",
		    strerror(errno));
		if (from >= 0)
			close(from);
	} else if ((folder = fdopendir(from)) == NULL) {
		fail(why, "cannot read the store's copy: %s", strerror(errno));
		close(from);
	} else {
		result = copy_entries(folder, from, to, why);
		closedir(folder);
	}
	if (to >= 0)
		close(to);
	return result;
}

static int
copy_backup(const char *source, int target, char *why)
{
	int from = open(source,
	    O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	int parent, error;

	if (from < 0)
		return fail(why, "cannot read %s: %s%s", source,
		    strerror(errno),
		    errno == EACCES ? "; run as root or as the daemon's user"
				    : "");
	if (copy_folder(openat(from, DATABASE_NAME,
			    O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC),
		openat(target, DATABASE_NAME,
		    O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC),
		why) != 0) {
		close(from);
		return -1;
	}
	parent = openat(from, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	error = parent < 0 ? -errno : copy_file(parent, target, KEY_NAME);
	if (parent >= 0)
		close(parent);
	close(from);
	if (error == 0 && fsync(target) != 0)
		error = -errno;
	if (error == 0)
		return 0;
	return fail(why, "cannot copy %s: %s", KEY_NAME, strerror(-error));
}

int
backup_make(struct line_connection *connection, const char *folder, char *why)
{
	char *answer;
	int target = make_target(folder, why);
	int result;

	if (target < 0)
		return -1;
	result = line_ask(connection, "backup", &answer);
	if (result > 0)
		fail(why, "the daemon says: %s", answer);
	else if (result < 0)
		fail(why, "the daemon does not answer: %s", strerror(-result));
	if (result == 0) {
		result = copy_backup(answer, target, why);
		/* it is removed with the connection, if not by this */
		(void)line_ask(connection, "done", &answer);
	}
	close(target);
	return result == 0 ? 0 : -1;
}
