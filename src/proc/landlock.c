/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Landlock has no functions in the C library yet; its numbers are the same on
 * every architecture, and headers are often older than the kernel. The rights
 * are those of include/uapi/linux/landlock.h of Linux 6.12.
 */
#include "proc/landlock.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <link.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lib/sanitized.h"

#define CREATE_RULESET 444
#define ADD_RULE       445
#define RESTRICT_SELF  446

#define CREATE_RULESET_VERSION 1u
#define RULE_PATH_BENEATH      1

#define FS_EXECUTE     (UINT64_C(1) << 0)
#define FS_WRITE_FILE  (UINT64_C(1) << 1)
#define FS_READ_FILE   (UINT64_C(1) << 2)
#define FS_READ_DIR    (UINT64_C(1) << 3)
#define FS_REMOVE_DIR  (UINT64_C(1) << 4)
#define FS_REMOVE_FILE (UINT64_C(1) << 5)
#define FS_MAKE_DIR    (UINT64_C(1) << 7)
#define FS_MAKE_REG    (UINT64_C(1) << 8)
#define FS_REFER       (UINT64_C(1) << 13) /* from version 2 */
#define FS_TRUNCATE    (UINT64_C(1) << 14) /* 3 */

#define FS_READ (FS_READ_FILE | FS_READ_DIR)
#define FS_USE                                                                 \
	(FS_READ | FS_WRITE_FILE | FS_REMOVE_DIR | FS_REMOVE_FILE |            \
	    FS_MAKE_DIR | FS_MAKE_REG | FS_REFER | FS_TRUNCATE)

/* All rights that a version knows: the lowest so many bits. */
#define FS_BITS_1    13
#define FS_BITS_2    14
#define FS_BITS_3    15
#define FS_BITS_5    16
#define NET_BITS_4   2 /* TCP: bind, connect */
#define SCOPE_BITS_6 2 /* abstract Unix sockets, signals */

/* Without REFER, nothing can be moved or linked from folder to folder, as a
 * backup does. */
#define VERSION_MIN 2

struct ruleset {
	uint64_t fs;
	uint64_t net;   /* from version 4 */
	uint64_t scope; /* 6 */
};

struct path_beneath {
	uint64_t allowed;
	int32_t folder;
} __attribute__((packed));

static uint64_t
bits(unsigned int count)
{
	return (UINT64_C(1) << count) - 1;
}

unsigned int
proc_landlock_version(void)
{
	long known = IS_SANITIZED ? 0
				  : syscall(CREATE_RULESET, NULL, 0,
					CREATE_RULESET_VERSION);

	return known > 0 ? (unsigned int)known : 0;
}

/* Everything that the version knows is refused; the size it expects. */
static size_t
ruleset_init(struct ruleset *ruleset, unsigned int known)
{
	unsigned int count = FS_BITS_1;

	if (known >= 2)
		count = FS_BITS_2;
	if (known >= 3)
		count = FS_BITS_3;
	if (known >= 5)
		count = FS_BITS_5;
	*ruleset = (struct ruleset){ .fs = bits(count) };
	if (known >= 4)
		ruleset->net = bits(NET_BITS_4);
	if (known >= 6)
		ruleset->scope = bits(SCOPE_BITS_6);
	if (known >= 6)
		return sizeof(*ruleset);
	return known >= 4 ? 2 * sizeof(uint64_t) : sizeof(uint64_t);
}

/* path: a file, or a folder and what is below it. */
static int
allow(int ruleset, const char *path, uint64_t rights)
{
	struct path_beneath rule = {
		.allowed = rights,
		.folder = open(path, O_PATH | O_CLOEXEC),
	};
	int error = 0;

	if (rule.folder < 0)
		return -errno;
	if (syscall(ADD_RULE, ruleset, RULE_PATH_BENEATH, &rule, 0) != 0)
		error = -errno;
	close(rule.folder);
	return error;
}

const char *
proc_landlock_lack(void)
{
	if (IS_SANITIZED)
		return "a sanitizer needs files of its own";
	if (proc_landlock_version() < VERSION_MIN)
		return "the kernel has no Landlock, or it is older than 5.19, "
		       "or the administrator has left it out";
	return NULL;
}

/* Restrict ourselves, and let go of the ruleset. error: of making it. */
static int
restrict_self(int ruleset, int error)
{
	if (error == 0 && syscall(RESTRICT_SELF, ruleset, 0) != 0)
		error = -errno;
	close(ruleset);
	return error;
}

int
proc_landlock_enter(const char *folder, bool may_write)
{
	struct ruleset ruleset;
	size_t size;
	int fd, error = 0;

	if (proc_landlock_lack() != NULL)
		return 0;
	size = ruleset_init(&ruleset, proc_landlock_version());
	fd = (int)syscall(CREATE_RULESET, &ruleset, size, 0);
	if (fd < 0)
		return -errno;
	if (folder != NULL)
		error = allow(fd, folder,
		    ruleset.fs & (may_write ? FS_USE : FS_READ));
	return restrict_self(fd, error);
}

/* The folder that a path is in. */
static int
allow_beside(int ruleset, const char *path, uint64_t rights)
{
	char folder[PATH_MAX];
	const char *slash = strrchr(path, '/');
	int len = slash != NULL ? (int)(slash - path) : 0;

	snprintf(folder, sizeof(folder), "%.*s", len, path);
	if (len == 0)
		snprintf(folder, sizeof(folder), "%s",
		    slash != NULL ? "/" : ".");
	return allow(ruleset, folder, rights);
}

/* The path of this program's loader, as the program has it; NULL if none. */
static const char *
find_loader(void)
{
	const ElfW(Phdr) *header = (const void *)getauxval(AT_PHDR);
	unsigned long count = getauxval(AT_PHNUM);
	const char *base = NULL;

	for (unsigned long i = 0; i < count; i++)
		if (header[i].p_type == PT_PHDR)
			base = (const char *)header - header[i].p_vaddr;
	for (unsigned long i = 0; i < count; i++)
		if (header[i].p_type == PT_INTERP && base != NULL)
			return base + header[i].p_vaddr;
	return NULL;
}

/* Not the file: an upgrade of the C library replaces it. */
static int
allow_loader(int ruleset)
{
	const char *loader = find_loader();
	char path[PATH_MAX];

	if (loader == NULL)
		return 0;
	if (realpath(loader, path) == NULL)
		return -errno;
	return allow_beside(ruleset, path, FS_EXECUTE);
}

int
proc_landlock_enter_as_master(const char *store, const char *const *sockets,
    size_t count)
{
	struct ruleset ruleset;
	size_t size;
	int fd, error;

	if (proc_landlock_lack() != NULL)
		return 0;
	size = ruleset_init(&ruleset, proc_landlock_version());
	ruleset.fs &= ~FS_READ;
	fd = (int)syscall(CREATE_RULESET, &ruleset, size, 0);
	if (fd < 0)
		return -errno;
	error = allow(fd, store, ruleset.fs & FS_USE);
	for (size_t i = 0; i < count && error == 0; i++)
		error = allow_beside(fd, sockets[i], FS_REMOVE_FILE);
	if (error == 0)
		error = allow(fd, "/dev/null", FS_WRITE_FILE);
	if (error == 0)
		error = allow(fd, "/proc/self/exe", FS_EXECUTE);
	if (error == 0)
		error = allow_loader(fd);
	return restrict_self(fd, error);
}
