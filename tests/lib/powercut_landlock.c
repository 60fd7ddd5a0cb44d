/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The part of the library powercut for a process that writes nowhere but in
 * the directory, by Landlock, and for those that it starts: they may write
 * records, too.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <unistd.h>

#include "powercut.h"

/* include/uapi/linux/landlock.h, which headers are often older than */
#define ADD_RULE          445
#define RESTRICT_SELF     446
#define RULE_PATH_BENEATH 1
#define FS_WRITE_FILE     (UINT64_C(1) << 1)
#define FS_MAKE_REG       (UINT64_C(1) << 8)

struct path_beneath {
	uint64_t allowed;
	int32_t folder;
} __attribute__((packed));

/* Refused where a ruleset is about other things: then nothing is needed. */
static void
allow_records(long ruleset)
{
	const char *logs = getenv("SIGNET_POWERCUT_LOG");
	struct path_beneath rule = { FS_WRITE_FILE | FS_MAKE_REG, -1 };

	if (logs == NULL)
		return;
	rule.folder = open(logs, O_PATH | O_CLOEXEC);
	if (rule.folder < 0)
		return;
	(void)REAL(syscall)(ADD_RULE, ruleset, RULE_PATH_BENEATH, &rule, 0L);
	(void)close(rule.folder);
}

long
syscall(long number, ...)
{
	long values[6];
	va_list arguments;

	va_start(arguments, number);
	for (int i = 0; i < 6; i++)
		values[i] = va_arg(arguments, long);
	va_end(arguments);
	if (number == RESTRICT_SELF)
		allow_records(values[0]);
	return REAL(syscall)(number, values[0], values[1], values[2], values[3],
	    values[4], values[5]);
}
