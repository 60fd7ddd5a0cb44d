/* SPDX-License-Identifier: Apache-2.0 */
#include "proc/sandbox.h"

#include <errno.h>
#include <malloc.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>
#include <uv.h>

#include "lib/log.h"
#include "lib/sanitized.h"
#include "proc/landlock.h"
#include "proc/privileges.h"
#include "proc/seccomp.h"

/*
 * Several times what the master takes for a configuration of the largest size.
 * It is the soft limit only: roles, which inherit it, have limits of their own.
 */
#define MASTER_BYTES ((rlim_t)1024 * 1024 * 1024)

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

/*
 * What looks for a file once, does so while there are any: the C library for
 * the time zone, and libuv, with its first loop, in /proc for the kernel's
 * version.
 */
static void
prepare_libraries(void)
{
	uv_loop_t first;

	tzset();
	if (uv_loop_init(&first) == 0)
		(void)uv_loop_close(&first);
}

static int
leave_files(const struct role_needs *needs, const struct config *config)
{
	if ((needs->calls & ROLE_NEEDS_FILES) != 0)
		return proc_landlock_enter(config->store.path, true);
	if ((needs->calls & ROLE_NEEDS_READING) != 0)
		return proc_landlock_enter("/", false);
	return proc_landlock_enter(NULL, false);
}

void
proc_sandbox_enter(const struct role *role, const struct config *config)
{
	const struct role_needs *needs = &role->needs;
	char why[256];
	int error;

	prepare_libraries();
	if (proc_privileges_become(config->processes.user, role->name,
		needs->calls, why, sizeof(why)) != 0)
		fatal("processes.user: %s", why);
	lower_limits(needs, config);
	error = leave_files(needs, config);
	if (error != 0)
		fatal("Landlock: %s", strerror(-error));
	error = proc_seccomp_enter(needs->calls);
	if (error != 0)
		fatal("the filter of system calls: %s", strerror(-error));
	/* The filter was made in more memory than some roles ever take. */
	malloc_trim(0);
}

void
proc_sandbox_begin(void)
{
	struct rlimit memory;

	if (proc_seccomp_catch() != 0)
		fatal("SIGSYS: %s", strerror(errno));
	if (getrlimit(RLIMIT_DATA, &memory) != 0)
		return;
	memory.rlim_cur = memory.rlim_max;
	(void)setrlimit(RLIMIT_DATA, &memory);
}

void
proc_sandbox_leave_files_as_master(const struct config *config)
{
	const char *const sockets[] = { config->control.socket,
		config->metrics.socket };
	size_t count = config->metrics.enabled &&
			       config->metrics.socket[0] != '\0'
			   ? 2
			   : 1;
	int error;

	proc_privileges_confine();
	error = proc_landlock_enter_as_master(config->store.path, sockets,
	    count);
	if (error != 0)
		fatal("Landlock: %s", strerror(-error));
}

void
proc_sandbox_enter_as_master(void)
{
	struct rlimit memory;
	int error;

	proc_privileges_confine();
	if (!IS_SANITIZED) {
		if (getrlimit(RLIMIT_DATA, &memory) != 0)
			fatal("limit of memory: %s", strerror(errno));
		if (memory.rlim_cur > MASTER_BYTES)
			memory.rlim_cur = MASTER_BYTES;
		if (setrlimit(RLIMIT_DATA, &memory) != 0)
			fatal("limit of memory: %s", strerror(errno));
		lower(RLIMIT_MEMLOCK, 0, "limit of locked memory");
		lower(RLIMIT_MSGQUEUE, 0, "limit of message queues");
	}
	error = proc_seccomp_enter_as_master();
	if (error != 0)
		fatal("the filter of system calls: %s", strerror(-error));
	malloc_trim(0);
}

static void
report(const char *measure, const char *lack)
{
	if (lack != NULL)
		log_warning(log_word("event", "unconfined"),
		    log_word("lacks", measure), log_string("why", lack));
}

/* Those who have no account of their own, by name. */
static void
report_shared(const struct config *config)
{
	const char *user = config->processes.user;
	char names[256] = "";
	size_t len = 0;

	for (const struct role *role = role_table; role->name; role++)
		if (role->count(config) > 0 &&
		    !proc_privileges_has_own(user, role->name) &&
		    len < sizeof(names))
			len += (size_t)snprintf(names + len,
			    sizeof(names) - len, "%s%s-%s", len > 0 ? ", " : "",
			    user, role->name);
	if (len > 0)
		log_warning(log_word("event", "unconfined"),
		    log_word("lacks", "users"), log_string("user", user),
		    log_string("why",
			"roles share this user that could have their own"),
		    log_string("accounts", names),
		    log_string("hint", "make them: systemd-sysusers"));
}

bool
proc_sandbox_has_users(const struct config *config)
{
	for (const struct role *role = role_table; role->name; role++)
		if (proc_privileges_has_own(config->processes.user, role->name))
			return true;
	return false;
}

void
proc_sandbox_report_lacks(const struct config *config)
{
	report("seccomp", proc_seccomp_lack());
	report("landlock", proc_landlock_lack());
	if (proc_privileges_can_become())
		report_shared(config);
}
