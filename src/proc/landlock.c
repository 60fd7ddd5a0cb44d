/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Landlock has no functions in the C library yet; its numbers are the same on
 * every architecture, and headers are often older than the kernel. The rights
 * are those of include/uapi/linux/landlock.h of Linux 6.12.
 */
#include "proc/landlock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "proc/sanitized.h"

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

static long
version(void)
{
	return syscall(CREATE_RULESET, NULL, 0, CREATE_RULESET_VERSION);
}

/* Everything that the version knows is refused; the size it expects. */
static size_t
ruleset_init(struct ruleset *ruleset, long known)
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

static int
allow(int ruleset, const char *folder, uint64_t rights)
{
	struct path_beneath rule = {
		.allowed = rights,
		.folder = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC),
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
	if (version() < VERSION_MIN)
		return "the kernel has no Landlock, or it is older than 5.19, "
		       "or the administrator has left it out";
	return NULL;
}

int
proc_landlock_enter(const char *folder, bool may_write)
{
	struct ruleset ruleset;
	size_t size;
	int fd, error = 0;

	if (proc_landlock_lack() != NULL)
		return 0;
	size = ruleset_init(&ruleset, version());
	fd = (int)syscall(CREATE_RULESET, &ruleset, size, 0);
	if (fd < 0)
		return -errno;
	if (folder != NULL)
		error = allow(fd, folder,
		    ruleset.fs & (may_write ? FS_USE : FS_READ));
	if (error == 0 && syscall(RESTRICT_SELF, fd, 0) != 0)
		error = -errno;
	close(fd);
	return error;
}
