/* SPDX-License-Identifier: Apache-2.0 */
#include "proc/sandbox.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "lib/log.h"
#include "proc/landlock.h"
#include "proc/sanitized.h"
#include "proc/seccomp.h"

/* limit: as it is, if that is lower. */
static void
lower(int resource, rlim_t limit, const char *what)
{
	struct rlimit now;

	if (getrlimit(resource, &now) != 0)
		fatal("%s: %s", what, strerror(errno));
	if (now.rlim_max < limit)
		limit = now.rlim_max;
	now.rlim_cur = now.rlim_max = limit;
	if (setrlimit(resource, &now) != 0)
		fatal("%s: %s", what, strerror(errno));
}

static void
lower_limits(const struct role_needs *needs, const struct config *config)
{
	rlim_t memory = needs->memory_bytes +
			needs->handshake_bytes *
			    (rlim_t)config->limits.handshakes_in_flight;

	if (needs->descriptors > 0)
		lower(RLIMIT_NOFILE, needs->descriptors, "limit of files");
	if (IS_SANITIZED)
		return; /* it has threads, and shadows of all memory */
	if (memory > 0)
		lower(RLIMIT_DATA, memory, "limit of memory");
	if ((needs->calls & ROLE_NEEDS_THREADS) == 0)
		lower(RLIMIT_NPROC, 0, "limit of processes");
	lower(RLIMIT_MEMLOCK, 0, "limit of locked memory");
	lower(RLIMIT_MSGQUEUE, 0, "limit of message queues");
}

/* What a library would look for later, when no file can be opened any more. */
static void
prepare_libraries(void)
{
	tzset();
	/* libuv's rings would be a way around the filter */
	(void)setenv("UV_USE_IO_URING", "0", 1);
}

void
proc_sandbox_enter(const struct role *role, const struct config *config)
{
	const struct role_needs *needs = &role->needs;
	bool has_files = (needs->calls & ROLE_NEEDS_FILES) != 0;
	int error;

	prepare_libraries();
	lower_limits(needs, config);
	error = proc_landlock_enter(has_files ? config->store.path : NULL);
	if (error != 0)
		fatal("Landlock: %s", strerror(-error));
	error = proc_seccomp_enter(needs->calls);
	if (error != 0)
		fatal("the filter of system calls: %s", strerror(-error));
}

static void
report(const char *measure, const char *lack)
{
	if (lack != NULL)
		log_warning(log_word("event", "unconfined"),
		    log_word("lacks", measure), log_string("reason", lack));
}

void
proc_sandbox_report_lacks(void)
{
	report("seccomp", proc_seccomp_lack());
	report("landlock", proc_landlock_lack());
}
