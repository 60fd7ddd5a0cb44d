/* SPDX-License-Identifier: Apache-2.0 */
#include "proc/privileges.h"

#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lib/log.h"
#include "lib/sanitized.h"

#define BIT(capability) (UINT32_C(1) << (capability))

/* To give roles users and an empty root of their own, and to end them. */
#define TO_BECOME  (BIT(CAP_SETUID) | BIT(CAP_SETGID) | BIT(CAP_SYS_CHROOT))
#define FOR_MASTER (TO_BECOME | BIT(CAP_KILL))

/* The reader that is started in the place of another gets its right, too. */
#define FOR_ROLES (TO_BECOME | BIT(CAP_DAC_READ_SEARCH))

/* An account may be in so many groups. */
#define GROUPS_MAX 256

/* What the master looked up for a role is in the environment of those that it
 * starts, in numbers: UID GID GROUP... */
#define VARIABLE     "SIGNET_ACCOUNT_"
#define VARIABLE_MAX 64
#define NUMBER_MAX   12

struct account {
	uid_t uid;
	gid_t gid;
	int group_count;
	gid_t groups[GROUPS_MAX];
};

/* As long as the name of an account may be, with its NUL. */
#define USER_NAME_MAX 64

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

/* Keep these, as far as they are there, and let those that are started have
 * some of them. What is kept for them alone has no effect for us. */
static int
set_capabilities(uint32_t effective, uint32_t inherited)
{
	uint32_t kept = effective | inherited;
	struct __user_cap_header_struct header = {
		.version = _LINUX_CAPABILITY_VERSION_3,
	};
	struct __user_cap_data_struct data[2] = { { 0, 0, 0 } };

	if (syscall(SYS_capget, &header, data) != 0)
		return -errno;
	kept &= data[0].permitted;
	data[0] = (struct __user_cap_data_struct){ kept & effective, kept,
		kept & inherited };
	data[1] = (struct __user_cap_data_struct){ 0, 0, 0 };
	if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) != 0 &&
	    errno != EINVAL)
		return -errno;
	return syscall(SYS_capset, &header, data) == 0 ? 0 : -errno;
}

static int
inherit_capabilities(uint32_t mask)
{
	for (unsigned long capability = 0; capability < 32; capability++)
		if ((mask & BIT(capability)) != 0 &&
		    prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, capability, 0,
			0) != 0)
			return -errno;
	return 0;
}

static bool
has_capability(unsigned int capability)
{
	struct __user_cap_header_struct header = {
		.version = _LINUX_CAPABILITY_VERSION_3,
	};
	struct __user_cap_data_struct data[2] = { { 0, 0, 0 } };

	return syscall(SYS_capget, &header, data) == 0 &&
	       (data[0].effective & BIT(capability)) != 0;
}

static int
become(const struct account *account)
{
	uid_t uid = account->uid;
	gid_t gid = account->gid;

	if (setgroups((size_t)account->group_count, account->groups) != 0)
		return -errno;
	if (setresgid(gid, gid, gid) != 0)
		return -errno;
	if (setresuid(uid, uid, uid) != 0)
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

bool
proc_privileges_can_become(void)
{
	return geteuid() == 0 ||
	       (has_capability(CAP_SETUID) && has_capability(CAP_SETGID));
}

int
proc_privileges_check(const char *name, char *why, size_t size)
{
	const struct passwd *user;

	return proc_privileges_can_become() ? find_user(name, &user, why, size)
					    : 0;
}

/* The user of a role, or the one that it shares with others. */
static int
find_role_user(const char *name, const char *role, const struct passwd **found,
    char *why, size_t size)
{
	char own[USER_NAME_MAX];
	const struct passwd *user = NULL;
	int len;

	if (role != NULL) {
		len = snprintf(own, sizeof(own), "%s-%s", name, role);
		if (len > 0 && (size_t)len < sizeof(own))
			user = getpwnam(own);
	}
	if (user == NULL || user->pw_uid == 0)
		return find_user(name, found, why, size);
	*found = user;
	return 0;
}

static int
look_up(const struct passwd *user, struct account *account, char *why,
    size_t size)
{
	account->uid = user->pw_uid;
	account->gid = user->pw_gid;
	account->group_count = GROUPS_MAX;
	if (getgrouplist(user->pw_name, user->pw_gid, account->groups,
		&account->group_count) >= 0)
		return 0;
	snprintf(why, size, "is \"%s\", who is in more than %d groups",
	    user->pw_name, GROUPS_MAX);
	return -E2BIG;
}

/* False if nothing was looked up for us. */
static bool
take_account(const char *role, struct account *account)
{
	char variable[VARIABLE_MAX], *end;
	const char *at;
	unsigned long numbers[2 + GROUPS_MAX];
	int count = 0;

	snprintf(variable, sizeof(variable), VARIABLE "%s", role);
	at = getenv(variable);
	for (; at != NULL && count < 2 + GROUPS_MAX; at = end) {
		numbers[count] = strtoul(at, &end, 10);
		if (end == at)
			break;
		count++;
	}
	if (count < 2)
		return false;
	account->uid = (uid_t)numbers[0];
	account->gid = (gid_t)numbers[1];
	account->group_count = count - 2;
	for (int i = 2; i < count; i++)
		account->groups[i - 2] = (gid_t)numbers[i];
	return true;
}

/* role: NULL for the user that all share. */
static int
find_account(const char *name, const char *role, struct account *account,
    char *why, size_t size)
{
	const struct passwd *user;
	int error;

	if (role != NULL && take_account(role, account))
		return 0;
	error = find_role_user(name, role, &user, why, size);
	return error == 0 ? look_up(user, account, why, size) : error;
}

int
proc_privileges_remember(const char *name, const char *role, char *why,
    size_t size)
{
	char text[(2 + GROUPS_MAX) * NUMBER_MAX], variable[VARIABLE_MAX];
	struct account account;
	size_t len;
	int error;

	snprintf(variable, sizeof(variable), VARIABLE "%s", role);
	unsetenv(variable);
	if (!proc_privileges_can_become())
		return 0;
	error = find_account(name, role, &account, why, size);
	if (error != 0)
		return error;
	len = (size_t)snprintf(text, sizeof(text), "%u %u", account.uid,
	    account.gid);
	for (int i = 0; i < account.group_count; i++)
		len += (size_t)snprintf(text + len, sizeof(text) - len, " %u",
		    account.groups[i]);
	return setenv(variable, text, 1) == 0
		   ? 0
		   : fail(why, size, variable, errno);
}

bool
proc_privileges_has_own(const char *name, const char *role)
{
	const struct passwd *shared, *own;
	uid_t uid;
	char why[256];

	if (find_user(name, &shared, why, sizeof(why)) != 0)
		return false;
	uid = shared->pw_uid;
	return find_role_user(name, role, &own, why, sizeof(why)) == 0 &&
	       own->pw_uid != uid;
}

int
proc_privileges_user(const char *name, const char *role, uid_t *uid, gid_t *gid,
    char *why, size_t size)
{
	const struct passwd *user;
	int error;

	*uid = geteuid();
	*gid = getegid();
	if (!proc_privileges_can_become())
		return 0;
	error = find_role_user(name, role, &user, why, size);
	if (error != 0)
		return error;
	*uid = user->pw_uid;
	*gid = user->pw_gid;
	return 0;
}

/* From root: to the user, with these capabilities and no others for ever. */
static int
become_with(const struct account *user, uint32_t kept, uint32_t inherited)
{
	/* the bounding set last: what is to be inherited must be in it */
	int error = prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) == 0 ? 0 : -errno;

	if (error == 0)
		error = become(user);
	if (error == 0)
		error = set_capabilities(kept | BIT(CAP_SETPCAP), inherited);
	if (error == 0 && has_capability(CAP_SETPCAP))
		error = drop_bounding_set();
	if (error == 0)
		error = set_capabilities(kept, inherited);
	if (error == 0)
		error = inherit_capabilities(inherited);
	/* the kernel has just made it so that nobody looks into us */
	if (IS_SANITIZED)
		(void)prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
	return error;
}

/*
 * / is a folder of numbers of our own descriptors, and nothing else. Where we
 * may not do that, Landlock does it alone.
 */
static int
leave_files(void)
{
	if (IS_SANITIZED || !has_capability(CAP_SYS_CHROOT))
		return 0;
	return chroot("/proc/self/fdinfo") == 0 && chdir("/") == 0 ? 0 : -errno;
}

int
proc_privileges_become(const char *name, const char *role, unsigned int needs,
    char *why, size_t size)
{
	uint32_t kept = (needs & ROLE_NEEDS_READING) != 0
			    ? BIT(CAP_DAC_READ_SEARCH)
			    : 0;
	struct account account;
	int error;

	if (!proc_privileges_can_become()) {
		error = set_capabilities(kept, 0);
		return error == 0
			   ? 0
			   : fail(why, size, "dropping capabilities", -error);
	}
	error = find_account(name, role, &account, why, size);
	if (error != 0)
		return error;
	/* nobody has to be looked up any more */
	if ((needs & (ROLE_NEEDS_FILES | ROLE_NEEDS_READING)) == 0)
		error = leave_files();
	if (error != 0)
		return fail(why, size, "changing the root", -error);
	error = become_with(&account, kept, 0);
	if (error != 0)
		return fail(why, size, "changing the user", -error);
	error = check_no_return();
	if (error != 0)
		return fail(why, size, "giving up root", -error);
	return 0;
}

int
proc_privileges_drop(const char *name, char *why, size_t size)
{
	return proc_privileges_become(name, NULL, ROLE_NEEDS_FILES, why, size);
}

int
proc_privileges_drop_for_roles(const char *name, char *why, size_t size)
{
	struct account account;
	int error;

	if (!proc_privileges_can_become())
		return proc_privileges_drop(name, why, size);
	error = find_account(name, NULL, &account, why, size);
	if (error != 0)
		return error;
	error = become_with(&account, FOR_MASTER, FOR_ROLES);
	if (error != 0)
		return fail(why, size, "changing the user", -error);
	return 0;
}

int
proc_privileges_leave_network(void)
{
	return unshare(CLONE_NEWNET) == 0 ? 0 : -errno;
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
