/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where a file's name leads: every symbolic link on the way, as certbot and
 * Kubernetes make them, is a place where another file can be put in its stead.
 */
#ifndef SIGNET_READER_PATH_H
#define SIGNET_READER_PATH_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

/* As the kernel counts (path_resolution(7)). */
#define PATH_LINKS_MAX 40

/*
 * Follow a path and call visit for each name in a folder that decides where it
 * leads: symbolic links, the file itself, and the first name that is missing.
 *
 * folder, name: strings during the call; folder has no symbolic link in it.
 */
void path_follow(const char *path, void *context,
    void (*visit)(void *context, const char *folder, const char *name));

/* What tells whether another file, or other bytes, are at the end of a path. */
struct path_signature {
	int error; /* of stat() */
	dev_t device;
	ino_t inode;
	off_t size;
	int64_t changed_ns;
	int64_t modified_ns;
};

struct path_signature path_signature_of(const char *path);

bool path_signature_is_equal(const struct path_signature *a,
    const struct path_signature *b);

#endif
