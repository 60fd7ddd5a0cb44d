/* SPDX-License-Identifier: Apache-2.0 */
#include "master/folder.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/fsuid.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/descriptor.h"
#include "proc/privileges.h"

#define FOLDER_MODE 0700
#define KEY_MODE    0600

/* In the folder: the key, and how it is called until it is whole. */
#define KEY_NAME     "home-key"
#define KEY_NAME_NEW "home-key.new"

/* Whose folder it is, where that role has an account of its own. */
#define STORE_ROLE "store"

/* Below the folder: what the process that has the database open locks. */
#define LOCK_NAME "db/LOCK"

struct folder {
	const char *path;
	const char *user;
	uid_t uid;
	gid_t gid;
	int fd;
	char *why;
	size_t size;
};

static int __attribute__((format(printf, 3, 4)))
fail(struct folder *folder, int error, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(folder->why, folder->size, format, arguments);
	va_end(arguments);
	return -error;
}

static int
folder_make(struct folder *folder)
{
	if (mkdir(folder->path, FOLDER_MODE) != 0) {
		if (errno == EEXIST)
			return 0;
		return fail(folder, errno, "cannot make %s: %s", folder->path,
		    strerror(errno));
	}
	if (geteuid() == 0 &&
	    lchown(folder->path, folder->uid, folder->gid) != 0)
		return fail(folder, errno, "cannot give %s to %s: %s",
		    folder->path, folder->user, strerror(errno));
	return 0;
}

/* That it is there lasts, before anything in it does. */
static int
folder_sync(struct folder *folder)
{
	int fd = openat(folder->fd, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int error = fd < 0 || fsync(fd) != 0 ? -errno : 0;

	if (fd >= 0)
		close(fd);
	if (error == 0)
		return 0;
	return fail(folder, -error, "cannot sync the folder of %s: %s",
	    folder->path, strerror(-error));
}

/* Give what belongs to the user before, here and below, to the one now. The
 * folder itself comes last, so that a crash leaves it to be done again. */
static int
give_all(int at, const char *name, uid_t before, const struct folder *folder)
{
	int fd = openat(at, name,
	    O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	DIR *list = fd >= 0 ? fdopendir(fd) : NULL;
	struct stat status;
	struct dirent *entry;
	int error = 0;

	if (fd >= 0 && list == NULL)
		close(fd);
	while (error == 0 && list != NULL && (entry = readdir(list)) != NULL)
		if (strcmp(entry->d_name, ".") != 0 &&
		    strcmp(entry->d_name, "..") != 0)
			error = give_all(dirfd(list), entry->d_name, before,
			    folder);
	if (list != NULL)
		closedir(list);
	if (error == 0 &&
	    fstatat(at, name, &status, AT_SYMLINK_NOFOLLOW) == 0 &&
	    status.st_uid == before &&
	    fchownat(at, name, folder->uid, folder->gid, AT_SYMLINK_NOFOLLOW) !=
		0)
		error = -errno;
	return error;
}

/* When the store gets an account of its own, its files follow. */
static int
folder_adopt(struct folder *folder)
{
	struct stat status;
	uid_t before;
	gid_t group;
	int error;

	if (geteuid() != 0 || lstat(folder->path, &status) != 0)
		return 0; /* what is wrong with it is told below */
	error = proc_privileges_user(folder->user, NULL, &before, &group,
	    folder->why, folder->size);
	if (error != 0 || before == folder->uid || status.st_uid != before)
		return error;
	/* not under the feet of a daemon that runs */
	error = master_folder_check_lock(folder->path, folder->why,
	    folder->size);
	if (error != 0)
		return error;
	error = give_all(AT_FDCWD, folder->path, before, folder);
	if (error == 0)
		return 0;
	return fail(folder, -error, "cannot give %s to user %u: %s",
	    folder->path, folder->uid, strerror(-error));
}

static int
folder_check(struct folder *folder)
{
	struct stat status;

	folder->fd = open(folder->path,
	    O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOCTTY);
	if (folder->fd < 0 || fstat(folder->fd, &status) != 0)
		return fail(folder, errno, "cannot use %s: %s", folder->path,
		    strerror(errno));
	if (status.st_uid != folder->uid)
		return fail(folder, EPERM,
		    "%s belongs to user %u, but the daemon runs as user %u: "
		    "chown -R %u it, or name another folder",
		    folder->path, status.st_uid, folder->uid, folder->uid);
	if ((status.st_mode & 07777) == FOLDER_MODE)
		return 0;
	if ((status.st_mode & (S_IWGRP | S_IWOTH)) != 0)
		return fail(folder, EPERM,
		    "%s can be written by others than its owner: chmod 700 it, "
		    "once what is in it is known to be yours",
		    folder->path);
	if (fchmod(folder->fd, FOLDER_MODE) != 0)
		return fail(folder, errno, "cannot chmod 700 %s: %s",
		    folder->path, strerror(errno));
	return 0;
}

/* Another daemon's database is locked as long as its store lives. */
static int
folder_check_lock(struct folder *folder)
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	int fd = openat(folder->fd, LOCK_NAME,
	    O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	bool is_locked;

	if (fd < 0)
		return 0; /* the store says what is wrong with it, if so */
	is_locked = fcntl(fd, F_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
	close(fd);
	if (!is_locked)
		return 0;
	return fail(folder, EBUSY,
	    "%s is in use by process %d: stop the other daemon, or give each "
	    "its own folder",
	    folder->path, (int)lock.l_pid);
}

/* -ENOENT if there is none that is whole. */
static int
key_read(struct folder *folder, uint8_t key[HASH_KEY_LEN])
{
	int fd = openat(folder->fd, KEY_NAME,
	    O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	ssize_t len;

	if (fd < 0)
		return -errno;
	len = read(fd, key, HASH_KEY_LEN);
	close(fd);
	if (len < 0)
		return -errno;
	return len == HASH_KEY_LEN ? 0 : -ENOENT;
}

static int
key_write(struct folder *folder, const uint8_t key[HASH_KEY_LEN])
{
	int fd, error;

	(void)unlinkat(folder->fd, KEY_NAME_NEW, 0);
	fd = openat(folder->fd, KEY_NAME_NEW,
	    O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, KEY_MODE);
	if (fd < 0)
		return -errno;
	error = descriptor_write(fd, bytes_of(key, HASH_KEY_LEN));
	if (error == 0 && fsync(fd) != 0)
		error = -errno;
	close(fd);
	if (error != 0)
		return error;
	if (renameat(folder->fd, KEY_NAME_NEW, folder->fd, KEY_NAME) != 0 ||
	    fsync(folder->fd) != 0)
		return -errno;
	return 0;
}

/* As the owner of the folder, in which nobody else may write. */
static int
key_write_as_owner(struct folder *folder, const uint8_t key[HASH_KEY_LEN])
{
	int group = setfsgid(folder->gid);
	int user = setfsuid(folder->uid);
	int error = key_write(folder, key);

	(void)setfsuid((uid_t)user);
	(void)setfsgid((gid_t)group);
	return error;
}

/*
 * Who has acted on a message of QoS 2 is kept by worker: so sessions keep
 * their homes over a restart, as long as the number of workers stays.
 */
static int
folder_key(struct folder *folder, uint8_t home_key[HASH_KEY_LEN])
{
	struct hash_key key;
	int error = key_read(folder, home_key);

	if (error == -ENOENT) {
		hash_key_init(&key);
		memcpy(home_key, key.bytes, HASH_KEY_LEN);
		error = key_write_as_owner(folder, home_key);
	}
	if (error == 0)
		return 0;
	return fail(folder, -error, "cannot keep %s in %s: %s", KEY_NAME,
	    folder->path, strerror(-error));
}

int
master_folder_open(const struct config *config, uint8_t home_key[HASH_KEY_LEN],
    char *why, size_t size)
{
	struct folder folder = { .path = config->store.path,
		.user = config->processes.user,
		.fd = -1,
		.why = why,
		.size = size };
	int error = proc_privileges_user(folder.user, STORE_ROLE, &folder.uid,
	    &folder.gid, why, size);

	if (error == 0)
		error = folder_make(&folder);
	if (error == 0)
		error = folder_adopt(&folder);
	if (error == 0)
		error = folder_check(&folder);
	if (error == 0)
		error = folder_sync(&folder);
	if (error == 0)
		error = folder_check_lock(&folder);
	if (error == 0)
		error = folder_key(&folder, home_key);
	if (folder.fd >= 0)
		close(folder.fd);
	return error;
}

int
master_folder_check_lock(const char *path, char *why, size_t size)
{
	struct folder folder = { .path = path, .why = why, .size = size };
	int error = 0;

	folder.fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (folder.fd < 0)
		return 0; /* whoever reads it says what is wrong */
	error = folder_check_lock(&folder);
	close(folder.fd);
	return error;
}
