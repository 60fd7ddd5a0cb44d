/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What changes the names of files: renaming, removing, linking, making
 * directories.
 */
#define _GNU_SOURCE
#include "powercut.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static int
rename_any(const char *from, const char *to)
{
	int error;

	if (!powercut_is_below_top(from) && !powercut_is_below_top(to))
		return REAL(rename)(from, to);
	if (!powercut_is_below_top(from) || !powercut_is_below_top(to))
		powercut_refuse("renaming from or to elsewhere");
	pthread_mutex_lock(&powercut_mutex);
	error = REAL(rename)(from, to);
	if (error == 0)
		powercut_record_paths(RECORD_RENAME, from, to);
	pthread_mutex_unlock(&powercut_mutex);
	return error;
}

int
rename(const char *from, const char *to)
{
	return rename_any(from, to);
}

int
renameat(int from_directory, const char *from, int to_directory, const char *to)
{
	char rooms[2][PATH_MAX];

	from = powercut_resolve(from_directory, from, rooms[0]);
	to = powercut_resolve(to_directory, to, rooms[1]);
	if (!powercut_is_below_top(from) && !powercut_is_below_top(to))
		return REAL(renameat)(from_directory, from, to_directory, to);
	return rename_any(from, to);
}

int
link(const char *from, const char *to)
{
	int error;

	if (!powercut_is_below_top(to))
		return REAL(link)(from, to);
	if (!powercut_is_below_top(from))
		powercut_refuse("a link to elsewhere");
	pthread_mutex_lock(&powercut_mutex);
	error = REAL(link)(from, to);
	if (error == 0)
		powercut_record_paths(RECORD_LINK, from, to);
	pthread_mutex_unlock(&powercut_mutex);
	return error;
}

static int
remove_any(const char *path, int (*remove)(const char *))
{
	int error;

	if (!powercut_is_below_top(path))
		return remove(path);
	pthread_mutex_lock(&powercut_mutex);
	error = remove(path);
	if (error == 0)
		powercut_record_path(RECORD_UNLINK, 0, 0, path);
	pthread_mutex_unlock(&powercut_mutex);
	return error;
}

int
unlink(const char *path)
{
	return remove_any(path, REAL(unlink));
}

int
unlinkat(int directory, const char *name, int flags)
{
	char room[PATH_MAX];
	const char *path = powercut_resolve(directory, name, room);

	if (!powercut_is_below_top(path))
		return REAL(unlinkat)(directory, name, flags);
	return (flags & AT_REMOVEDIR) != 0 ? rmdir(path) : unlink(path);
}

int
rmdir(const char *path)
{
	return remove_any(path, REAL(rmdir));
}

int
mkdir(const char *path, mode_t mode)
{
	int error;

	if (!powercut_is_below_top(path))
		return REAL(mkdir)(path, mode);
	pthread_mutex_lock(&powercut_mutex);
	error = REAL(mkdir)(path, mode);
	if (error == 0)
		powercut_record_path(RECORD_MKDIR, 0, 0, path);
	pthread_mutex_unlock(&powercut_mutex);
	return error;
}
