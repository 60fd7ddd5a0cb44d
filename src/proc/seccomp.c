/* SPDX-License-Identifier: Apache-2.0 */
#include "proc/seccomp.h"

#ifdef HAVE_SECCOMP

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <sched.h>
#include <seccomp.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <ucontext.h>
#include <unistd.h>

#include "lib/log.h"
#include "lib/sanitized.h"
#include "proc/role.h"

/* Newer than the headers of some systems. */
#define CALLS_PR_SET_VMA    0x53564d41
#define CALLS_F_SET_RW_HINT 1036
#define CALLS_SOCKET_TYPE   0xf /* what else is there are flags */
#define CALLS_WRITING       (O_ACCMODE | O_CREAT | O_TRUNC)
/* No thread of ours begins in a namespace of its own. */
#define CALLS_CLONE_NEW                                                        \
	(CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC |         \
	    CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET)

/* The kernel takes an int and leaves what is above it alone. */
#define ALL_32 UINT64_C(0xffffffff)

/* A filter optimised as a tree, not a list, for the calls with a check. */
#define AS_TREE 2

struct call {
	unsigned int need;
	uint32_t action;
	int number;
	bool is_checked;
	struct scmp_arg_cmp check;
};

#define CHECK(argument, mask, value)                                           \
	true,                                                                  \
	{                                                                      \
		argument, SCMP_CMP_MASKED_EQ, (mask), (value)                  \
	}
#define UNCHECKED                                                              \
	false,                                                                 \
	{                                                                      \
		0, SCMP_CMP_EQ, 0, 0                                           \
	}

static const struct call calls[] = {
#define CALL(need, name)                                                       \
	{ ROLE_NEEDS_##need, SCMP_ACT_ALLOW, SCMP_SYS(name), UNCHECKED },
#define CALL_IF(need, name, argument, mask, value)                             \
	{ ROLE_NEEDS_##need, SCMP_ACT_ALLOW, SCMP_SYS(name),                   \
		CHECK(argument, mask, value) },
#define QUIET(name, error)                                                     \
	{ ROLE_NEEDS_ALL, SCMP_ACT_ERRNO(error), SCMP_SYS(name), UNCHECKED },
#define DEADLY(name)                                                           \
	{ ROLE_NEEDS_ALL, SCMP_ACT_KILL_PROCESS, SCMP_SYS(name), UNCHECKED },
#if IS_SANITIZED
#define DEADLY_UNLESS_SANITIZED(name)
#define DEADLY_IF(name, argument, mask, value)
#else
#define DEADLY_UNLESS_SANITIZED(name) DEADLY(name)
#define DEADLY_IF(name, argument, mask, value)                                 \
	{ ROLE_NEEDS_ALL, SCMP_ACT_KILL_PROCESS, SCMP_SYS(name),               \
		CHECK(argument, mask, value) },
#endif
#include "proc/calls.def"
};

#define CALL_COUNT (sizeof(calls) / sizeof(calls[0]))

#undef CALL
#undef CALL_IF
#undef QUIET
#undef DEADLY
#undef DEADLY_UNLESS_SANITIZED

/* need: not looked at. */
static const struct call master_calls[] = {
#define CALL(name) { 0, SCMP_ACT_ALLOW, SCMP_SYS(name), UNCHECKED },
#define CALL_IF(name, argument, mask, value)                                   \
	{ 0, SCMP_ACT_ALLOW, SCMP_SYS(name), CHECK(argument, mask, value) },
#define QUIET(name, error)                                                     \
	{ 0, SCMP_ACT_ERRNO(error), SCMP_SYS(name), UNCHECKED },
#define DEADLY(name) { 0, SCMP_ACT_KILL_PROCESS, SCMP_SYS(name), UNCHECKED },
#if IS_SANITIZED
#define DEADLY_UNLESS_SANITIZED(name)
#else
#define DEADLY_UNLESS_SANITIZED(name) DEADLY(name)
#endif
#include "proc/calls_master.def"
};

#define MASTER_CALL_COUNT (sizeof(master_calls) / sizeof(master_calls[0]))

/* The last call of Linux 5.17, the newest that was looked at. Later ones have
 * higher numbers, which are the same on every machine: for some ten years these
 * are enough. */
#define LAST_KNOWN 450
#define LAST_NEWER 600

/* What was refused is noted in a signal handler, and logged later. */
#define NOTED_MAX 1024
static atomic_bool noted[NOTED_MAX];
static bool told[NOTED_MAX];
static atomic_bool is_one_noted;

/* Where the call's result is, and whether we know that of this machine. */
#if defined(__x86_64__)
#define SET_RESULT(context, value)                                             \
	((context)->uc_mcontext.gregs[REG_RAX] = (value))
#define CAN_NOTE 1
#elif defined(__aarch64__)
#define SET_RESULT(context, value)                                             \
	((context)->uc_mcontext.regs[0] = (unsigned long long)(value))
#define CAN_NOTE 1
#else
#define SET_RESULT(context, value) ((void)(context))
#define CAN_NOTE                   0
#endif

/* The kernel has not made the call: let it have failed. */
static void
on_refused(int number, siginfo_t *info, void *context)
{
	ucontext_t *machine = context;
	int call = info->si_syscall;

	(void)number;
	SET_RESULT(machine, -EPERM);
	if (call < 0 || call >= NOTED_MAX)
		return;
	atomic_store(&noted[call], true);
	atomic_store(&is_one_noted, true);
}

int
proc_seccomp_catch(void)
{
	const struct sigaction action = { .sa_sigaction = on_refused,
		.sa_flags = SA_SIGINFO | SA_NODEFER };

	return sigaction(SIGSYS, &action, NULL) == 0 ? 0 : -errno;
}

static uint32_t
default_action(void)
{
	if (IS_SANITIZED)
		return SCMP_ACT_ALLOW;
	return CAN_NOTE ? SCMP_ACT_TRAP : SCMP_ACT_ERRNO(EPERM);
}

static int
add_call(scmp_filter_ctx filter, const struct call *call, uint32_t base)
{
	int error;

	if (call->action == base)
		return 0;
	error = seccomp_rule_add_array(filter, call->action, call->number,
	    call->is_checked ? 1 : 0, call->is_checked ? &call->check : NULL);
	/* a call that this machine does not have */
	return error == -EDOM ? 0 : error;
}

static int
add_signals(scmp_filter_ctx filter)
{
	uint64_t self = (uint64_t)getpid();
	int error;

	/* abort() */
	error = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(tgkill), 1,
	    SCMP_A0_64(SCMP_CMP_EQ, self, 0));
	if (error == 0)
		error = seccomp_rule_add(filter, SCMP_ACT_KILL_PROCESS,
		    SCMP_SYS(tgkill), 1, SCMP_A0_64(SCMP_CMP_NE, self, 0));
	return error;
}

static int
add_all(scmp_filter_ctx filter, unsigned int needs)
{
	uint32_t base = default_action();
	int error = 0;

	for (size_t i = 0; i < CALL_COUNT && error == 0; i++)
		if ((calls[i].need & needs) != 0)
			error = add_call(filter, &calls[i], base);
	if (error != 0 || IS_SANITIZED)
		return error;
	return add_signals(filter);
}

static bool
is_named(int number)
{
	for (size_t i = 0; i < MASTER_CALL_COUNT; i++)
		if (master_calls[i].number == number)
			return true;
	return false;
}

/* Does a role make this call, and is this the first row that says so? */
static bool
is_of_roles(size_t row)
{
	if (calls[row].action != SCMP_ACT_ALLOW)
		return false;
	for (size_t i = 0; i < row; i++)
		if (calls[i].number == calls[row].number &&
		    calls[i].action == SCMP_ACT_ALLOW)
			return false;
	return true;
}

/* What its roles may do it may do as well, whatever the arguments, but where a
 * row of its own says more. */
static int
allow_of_roles(scmp_filter_ctx filter, uint32_t base)
{
	int error = 0;

	for (size_t i = 0; i < CALL_COUNT && error == 0; i++) {
		struct call call = calls[i];

		call.is_checked = false;
		if (is_of_roles(i) && !is_named(call.number))
			error = add_call(filter, &call, base);
	}
	return error;
}

/*
 * Libraries that are newer than this program, which a role may be started with
 * after an upgrade, try calls that nobody here knows, and do without those that
 * a kernel does not have.
 */
static int
deny_newer(scmp_filter_ctx filter, uint32_t base)
{
	int error = 0;

	for (int number = LAST_KNOWN + 1; number <= LAST_NEWER && error == 0;
	     number++) {
		const struct call call = { 0, SCMP_ACT_ERRNO(ENOSYS), number,
			UNCHECKED };

		error = add_call(filter, &call, base);
	}
	return error;
}

static int
add_all_of_master(scmp_filter_ctx filter, uint32_t base)
{
	int error = 0;

	for (size_t i = 0; i < MASTER_CALL_COUNT && error == 0; i++)
		error = add_call(filter, &master_calls[i], base);
	if (error != 0 || IS_SANITIZED)
		return error;
	error = allow_of_roles(filter, base);
	return error == 0 ? deny_newer(filter, base) : error;
}

static int
set_attributes(scmp_filter_ctx filter)
{
	int error;

	/* numbers of another architecture would mean other calls */
	error = seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH,
	    SCMP_ACT_KILL_PROCESS);
	if (error == 0)
		error = seccomp_attr_set(filter, SCMP_FLTATR_CTL_TSYNC, 1);
	/* nothing runs here that is to be kept from our own memory */
	if (error == 0)
		error = seccomp_attr_set(filter, SCMP_FLTATR_CTL_SSB, 1);
	/* a refinement that older libraries do not know */
	(void)seccomp_attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE, AS_TREE);
	return error;
}

const char *
proc_seccomp_lack(void)
{
	if (seccomp_api_get() < 3)
		return "the kernel does not filter system calls as needed";
	if (IS_SANITIZED)
		return "a sanitizer needs most system calls";
	return NULL;
}

/* needs: NULL for the master. */
static int
enter(const unsigned int *needs)
{
	uint32_t base = default_action();
	scmp_filter_ctx filter;
	int error;

	if (seccomp_api_get() < 3)
		return 0;
	filter = seccomp_init(base);
	if (filter == NULL)
		return -ENOMEM;
	error = proc_seccomp_catch();
	if (error == 0)
		error = set_attributes(filter);
	if (error == 0 && needs == NULL)
		error = add_all_of_master(filter, base);
	else if (error == 0)
		error = add_all(filter, *needs | ROLE_NEEDS_ALL);
	if (error == 0)
		error = seccomp_load(filter);
	seccomp_release(filter);
	return error;
}

int
proc_seccomp_enter(unsigned int needs)
{
	return enter(&needs);
}

int
proc_seccomp_refuse_rings(void)
{
	scmp_filter_ctx filter;
	int error;

	if (seccomp_api_get() < 3)
		return 0;
	filter = seccomp_init(SCMP_ACT_ALLOW);
	if (filter == NULL)
		return -ENOMEM;
	error = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM),
	    SCMP_SYS(io_uring_setup), 0);
	if (error == 0)
		error = seccomp_load(filter);
	seccomp_release(filter);
	return error;
}

int
proc_seccomp_enter_as_master(void)
{
	return enter(NULL);
}

void
proc_seccomp_report(void)
{
	if (!atomic_load_explicit(&is_one_noted, memory_order_relaxed))
		return;
	atomic_store(&is_one_noted, false);
	for (int call = 0; call < NOTED_MAX; call++) {
		char *name;

		if (told[call] || !atomic_load(&noted[call]))
			continue;
		told[call] = true;
		name = seccomp_syscall_resolve_num_arch(SCMP_ARCH_NATIVE, call);
		log_warning(log_word("event", "call-refused"),
		    log_number("number", call),
		    log_string("call", name != NULL ? name : "unknown"),
		    log_string("hint",
			"what needed it does without; tell us, please"));
		free(name);
	}
}

#else

const char *
proc_seccomp_lack(void)
{
	return "this program was built without libseccomp";
}

int
proc_seccomp_catch(void)
{
	return 0;
}

int
proc_seccomp_enter(unsigned int needs)
{
	(void)needs;
	return 0;
}

int
proc_seccomp_refuse_rings(void)
{
	return 0;
}

int
proc_seccomp_enter_as_master(void)
{
	return 0;
}

void
proc_seccomp_report(void)
{
}

#endif
