/* SPDX-License-Identifier: Apache-2.0 */
#include "master/local_socket.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "lib/memory.h"
#include "proc/privileges.h"

#define BACKLOG 64

#define SOCKET_MODE 0660
#define FOLDER_MODE 0755

static int
make_folder(const char *path, uid_t uid, gid_t gid, char *why, size_t size)
{
	char *folder = memory_copy(bytes_of_string(path));
	char *slash = strrchr(folder, '/');
	int error = 0;

	if (slash != NULL && slash != folder) {
		*slash = '\0';
		if (mkdir(folder, FOLDER_MODE) == 0) {
			/* so that the socket can be removed at the end */
			if (geteuid() == 0 && lchown(folder, uid, gid) != 0)
				error = errno;
		} else if (errno != EEXIST) {
			error = errno;
		}
	}
	if (error != 0)
		snprintf(why, size, "cannot make %s: %s", folder,
		    strerror(error));
	free(folder);
	return -error;
}

/* A socket that nobody listens to any more is in the way. */
static int
remove_stale(const struct sockaddr_un *address, char *why, size_t size)
{
	struct stat status;
	int fd, result;

	if (lstat(address->sun_path, &status) != 0)
		return 0;
	if (!S_ISSOCK(status.st_mode)) {
		snprintf(why, size, "%s is there, and no socket",
		    address->sun_path);
		return -EEXIST;
	}
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	result = connect(fd, (const struct sockaddr *)address,
	    sizeof(*address));
	close(fd);
	if (result == 0) {
		snprintf(why, size,
		    "%s is in use by another daemon: give each its own",
		    address->sun_path);
		return -EADDRINUSE;
	}
	(void)unlink(address->sun_path);
	return 0;
}

static int
bind_socket(int fd, const struct sockaddr_un *address, uid_t uid, gid_t gid)
{
	mode_t mask = umask(0777 & ~SOCKET_MODE);
	int result = bind(fd, (const struct sockaddr *)address,
	    sizeof(*address));

	umask(mask);
	if (result != 0 || listen(fd, BACKLOG) != 0)
		return -errno;
	if (geteuid() == 0 && lchown(address->sun_path, uid, gid) != 0)
		return -errno;
	return 0;
}

int
local_socket_bind(const char *path, const char *user, int *bound, char *why,
    size_t size)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	uid_t uid;
	gid_t gid;
	int fd, error;

	if (strlen(path) >= sizeof(address.sun_path)) {
		snprintf(why, size, "%s is longer than %zu bytes", path,
		    sizeof(address.sun_path) - 1);
		return -ENAMETOOLONG;
	}
	memcpy(address.sun_path, path, strlen(path) + 1);
	error = proc_privileges_user(user, NULL, &uid, &gid, why, size);
	if (error == 0)
		error = make_folder(path, uid, gid, why, size);
	if (error == 0)
		error = remove_stale(&address, why, size);
	if (error != 0)
		return error;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	error = fd < 0 ? -errno : bind_socket(fd, &address, uid, gid);
	if (error == 0) {
		*bound = fd;
		return 0;
	}
	snprintf(why, size, "cannot bind %s: %s", path, strerror(-error));
	if (fd >= 0)
		close(fd);
	return error;
}
