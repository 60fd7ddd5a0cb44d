/* SPDX-License-Identifier: Apache-2.0 */
#include "reader/path.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* The way so far, which has no symbolic link in it, and what is left of it. */
struct walk {
	char folder[PATH_MAX];
	char rest[PATH_MAX];
	unsigned int links;
};

/* Take the first name off the rest; false if there is none. */
static bool
take_name(struct walk *walk, char name[NAME_MAX + 1])
{
	const char *from = walk->rest + strspn(walk->rest, "/");
	size_t len = strcspn(from, "/");

	if (len == 0 || len > NAME_MAX)
		return false;
	memcpy(name, from, len);
	name[len] = '\0';
	memmove(walk->rest, from + len, strlen(from + len) + 1);
	return true;
}

static void
go_up(struct walk *walk)
{
	char *slash = strrchr(walk->folder, '/');

	if (slash == NULL) /* of the working folder, or above it */
		snprintf(walk->folder, sizeof(walk->folder), "..");
	else if (slash == walk->folder)
		slash[1] = '\0';
	else
		*slash = '\0';
}

/* folder/name, if it fits. */
static bool
join(char path[PATH_MAX], const char *folder, const char *name)
{
	const char *slash = folder[strlen(folder) - 1] == '/' ? "" : "/";
	int len = snprintf(path, PATH_MAX, "%s%s%s", folder, slash, name);

	return len > 0 && len < PATH_MAX;
}

/* Put what a link says before the rest of the way. */
static bool
follow_link(struct walk *walk, const char *path)
{
	char target[PATH_MAX], rest[PATH_MAX];
	ssize_t len = readlink(path, target, sizeof(target) - 1);

	if (len <= 0 || ++walk->links > PATH_LINKS_MAX)
		return false;
	target[len] = '\0';
	if (!join(rest, target, walk->rest))
		return false;
	if (target[0] == '/')
		strcpy(walk->folder, "/");
	memcpy(walk->rest, rest, sizeof(rest));
	return true;
}

static bool
is_at_end(const struct walk *walk)
{
	return walk->rest[strspn(walk->rest, "/")] == '\0';
}

/* One name further; false at the end of the way. */
static bool
step(struct walk *walk, void *context,
    void (*visit)(void *context, const char *folder, const char *name))
{
	char name[NAME_MAX + 1], path[PATH_MAX];
	struct stat status;

	if (!take_name(walk, name))
		return false;
	if (strcmp(name, ".") == 0)
		return true;
	if (strcmp(name, "..") == 0) {
		go_up(walk);
		return true;
	}
	if (!join(path, walk->folder, name))
		return false;
	if (lstat(path, &status) != 0 || S_ISLNK(status.st_mode)) {
		visit(context, walk->folder, name);
		return follow_link(walk, path);
	}
	if (is_at_end(walk))
		visit(context, walk->folder, name);
	memcpy(walk->folder, path, sizeof(path));
	return true;
}

void
path_follow(const char *path, void *context,
    void (*visit)(void *context, const char *folder, const char *name))
{
	struct walk walk = { .folder = ".", .links = 0 };

	if (strlen(path) >= sizeof(walk.rest))
		return;
	if (path[0] == '/')
		walk.folder[0] = '/';
	strcpy(walk.rest, path);
	while (step(&walk, context, visit))
		;
}

struct path_signature
path_signature_of(const char *path)
{
	struct path_signature signature = { .error = 0 };
	struct stat status;

	if (stat(path, &status) != 0) {
		signature.error = errno;
		return signature;
	}
	signature.device = status.st_dev;
	signature.inode = status.st_ino;
	signature.size = status.st_size;
	signature.changed_ns = status.st_ctim.tv_sec * INT64_C(1000000000) +
			       status.st_ctim.tv_nsec;
	signature.modified_ns = status.st_mtim.tv_sec * INT64_C(1000000000) +
				status.st_mtim.tv_nsec;
	return signature;
}

bool
path_signature_is_equal(const struct path_signature *a,
    const struct path_signature *b)
{
	return a->error == b->error && a->device == b->device &&
	       a->inode == b->inode && a->size == b->size &&
	       a->changed_ns == b->changed_ns &&
	       a->modified_ns == b->modified_ns;
}
