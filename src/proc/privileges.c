/* SPDX-License-Identifier: Apache-2.0 */
#include "proc/privileges.h"

#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lib/log.h"
#include "proc/sanitized.h"

void
proc_privileges_raise_files(void)
{
	struct rlimit files;

	if (getrlimit(RLIMIT_NOFILE, &files) != 0)
		return;
	files.rlim_cur = files.rlim_max;
	(void)setrlimit(RLIMIT_NOFILE, &files);
}

static int
fail(char *why, size_t size, const char *what, int error)
{
	snprintf(why, size, "%s: %s", what, strerror(error));
	return -error;
}

static int
drop_bounding_set(void)
{
	for (unsigned long capability = 0; capability < 64; capability++) {
		if (prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) == 0)
			continue;
		/* EINVAL: beyond the last that this kernel knows */
		return errno == EINVAL ? 0 : -errno;
	}
	return 0;
}

static int
drop_capabilities(void)
{
	struct __user_cap_header_struct header = {
		.version = _LINUX_CAPABILITY_VERSION_3,
	};
	struct __user_cap_data_struct none[2] = { { 0, 0, 0 } };

	if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) != 0 &&
	    errno != EINVAL)
		return -errno;
	return syscall(SYS_capset, &header, none) == 0 ? 0 : -errno;
}

static int
become(const struct passwd *user)
{
	if (initgroups(user->pw_name, user->pw_gid) != 0)
		return -errno;
	if (setresgid(user->pw_gid, user->pw_gid, user->pw_gid) != 0)
		return -errno;
	if (setresuid(user->pw_uid, user->pw_uid, user->pw_uid) != 0)
		return -errno;
	return 0;
}

/* Is there a way back? */
static int
check_no_return(void)
{
	uid_t real, effective, saved;

	if (getresuid(&real, &effective, &saved) != 0)
		return -errno;
	if (real == 0 || effective == 0 || saved == 0)
		return -EPERM;
	if (setuid(0) == 0 || seteuid(0) == 0)
		return -EPERM;
	return 0;
}

/* 0 and the user; or why there is none to become. */
static int
find_user(const char *name, const struct passwd **found, char *why, size_t size)
{
	const struct passwd *user = getpwnam(name);

	if (user == NULL) {
		snprintf(why, size,
		    "is \"%s\", but there is no such user: create it or name "
		    "another",
		    name);
		return -ENOENT;
	}
	if (user->pw_uid == 0) {
		snprintf(why, size, "is \"%s\", the superuser: name another",
		    name);
		return -EPERM;
	}
	*found = user;
	return 0;
}

int
proc_privileges_check(const char *name, char *why, size_t size)
{
	const struct passwd *user;

	return geteuid() == 0 ? find_user(name, &user, why, size) : 0;
}

int
proc_privileges_user(const char *name, uid_t *uid, gid_t *gid, char *why,
    size_t size)
{
	const struct passwd *user;
	int error;

	*uid = geteuid();
	*gid = getegid();
	if (*uid != 0)
		return 0;
	error = find_user(name, &user, why, size);
	if (error != 0)
		return error;
	*uid = user->pw_uid;
	*gid = user->pw_gid;
	return 0;
}

int
proc_privileges_drop(const char *name, char *why, size_t size)
{
	const struct passwd *user;
	int error;

	if (geteuid() != 0) {
		error = drop_capabilities();
		return error == 0
			   ? 0
			   : fail(why, size, "dropping capabilities", -error);
	}
	error = find_user(name, &user, why, size);
	if (error != 0)
		return error;
	/* the bounding set first: it takes a capability to change it */
	error = drop_bounding_set();
	if (error != 0)
		return fail(why, size, "dropping capabilities", -error);
	error = become(user);
	if (error != 0)
		return fail(why, size, "changing the user", -error);
	error = drop_capabilities();
	if (error != 0)
		return fail(why, size, "dropping capabilities", -error);
	error = check_no_return();
	if (error != 0)
		return fail(why, size, "giving up root", -error);
	return 0;
}

void
proc_privileges_confine(void)
{
	const struct rlimit none = { 0, 0 };

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		fatal("no_new_privs: %s", strerror(errno));
	if (setrlimit(RLIMIT_CORE, &none) != 0)
		fatal("core limit: %s", strerror(errno));
	if (!IS_SANITIZED && prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0)
		fatal("not dumpable: %s", strerror(errno));
}
