/* SPDX-License-Identifier: Apache-2.0 */
#include "attempts.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "proc/role.h"

/* Numbers that older headers lack are those of every architecture. */
#define IO_URING_SETUP 425
#define PIDFD_OPEN     434

static int
result(long value)
{
	return value < 0 ? -errno : 0;
}

static int
execute(const struct scene *scene)
{
	char *const words[] = { (char[]){ "true" }, NULL };

	(void)scene;
	return result(execve("/bin/true", words, NULL));
}

static int
execute_itself(const struct scene *scene)
{
	char *const words[] = { (char[]){ "true" }, NULL };

	(void)scene;
	return result(execveat(AT_FDCWD, "/proc/self/exe", words, NULL, 0));
}

static int
fork_itself(const struct scene *scene)
{
	pid_t pid = fork();

	(void)scene;
	if (pid == 0)
		_exit(0);
	return result(pid);
}

static int
fork_in_a_namespace(const struct scene *scene)
{
	long pid = syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, 0, 0, 0, 0);

	(void)scene;
	if (pid == 0)
		_exit(0);
	return result(pid);
}

static int
trace_a_sibling(const struct scene *scene)
{
	return result(ptrace(PTRACE_ATTACH, scene->sibling, NULL, NULL));
}

static int
read_a_sibling(const struct scene *scene)
{
	char byte;
	struct iovec local = { &byte, 1 };
	struct iovec remote = { (void *)(uintptr_t)scene, 1 };

	return result(
	    process_vm_readv(scene->sibling, &local, 1, &remote, 1, 0));
}

static int
open_a_sibling(const struct scene *scene)
{
	return result(syscall(PIDFD_OPEN, scene->sibling, 0));
}

static int
kill_a_sibling(const struct scene *scene)
{
	return result(kill(scene->sibling, SIGKILL));
}

static int
signal_a_thread_of_a_sibling(const struct scene *scene)
{
	return result(
	    syscall(SYS_tgkill, scene->sibling, scene->sibling, SIGKILL));
}

static int
make_a_socket(const struct scene *scene)
{
	(void)scene;
	return result(socket(AF_INET, SOCK_STREAM, 0));
}

static int
make_a_unix_socket(const struct scene *scene)
{
	(void)scene;
	return result(socket(AF_UNIX, SOCK_STREAM, 0));
}

static int
make_a_netlink_socket(const struct scene *scene)
{
	(void)scene;
	return result(socket(AF_NETLINK, SOCK_RAW, 0));
}

static int
connect_a_socket(const struct scene *scene)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
		.sin_port = htons(9),
		.sin_addr = { htonl(INADDR_LOOPBACK) } };

	return result(connect(scene->socket, (struct sockaddr *)&address,
	    sizeof(address)));
}

static int
bind_a_socket(const struct scene *scene)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
		.sin_addr = { htonl(INADDR_LOOPBACK) } };

	return result(
	    bind(scene->socket, (struct sockaddr *)&address, sizeof(address)));
}

static int
listen_on_a_socket(const struct scene *scene)
{
	return result(listen(scene->socket, 1));
}

static int
filter_a_socket(const struct scene *scene)
{
	return result(setsockopt(scene->socket, SOL_SOCKET, SO_ATTACH_BPF,
	    &scene->socket, sizeof(scene->socket)));
}

static int
mount_something(const struct scene *scene)
{
	return result(mount("none", scene->store, "tmpfs", 0, NULL));
}

static int
load_a_program(const struct scene *scene)
{
	char attributes[128] = { 0 };

	(void)scene;
	return result(syscall(SYS_bpf, 0, attributes, sizeof(attributes)));
}

static int
make_a_ring(const struct scene *scene)
{
	char parameters[256] = { 0 };

	(void)scene;
	return result(syscall(IO_URING_SETUP, 4, parameters));
}

static int
be_root_of_a_namespace(const struct scene *scene)
{
	(void)scene;
	return result(unshare(CLONE_NEWUSER));
}

static int
watch_itself(const struct scene *scene)
{
	char attributes[128] = { 0 };

	(void)scene;
	return result(syscall(SYS_perf_event_open, attributes, 0, -1, -1, 0));
}

static int
become_root(const struct scene *scene)
{
	(void)scene;
	return result(setuid(0));
}

static int
leave_its_root(const struct scene *scene)
{
	return result(chroot(scene->store));
}

static int
map_code(const struct scene *scene)
{
	void *at = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	(void)scene;
	return at == MAP_FAILED ? -errno : 0;
}

static int
make_data_code(const struct scene *scene)
{
	void *at = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	(void)scene;
	if (at == MAP_FAILED)
		return -ENOMEM;
	return result(mprotect(at, 4096, PROT_READ | PROT_EXEC));
}

static int
open_a_file(const struct scene *scene)
{
	return result(open(scene->secret, O_RDONLY));
}

static int
write_a_file(const struct scene *scene)
{
	return result(open(scene->secret, O_WRONLY | O_TRUNC));
}

static int
remove_a_file(const struct scene *scene)
{
	return result(unlink(scene->secret));
}

static int
make_a_folder(const struct scene *scene)
{
	(void)scene;
	return result(mkdir("/tmp/signet-attempt", 0700));
}

static int
look_into_proc(const struct scene *scene)
{
	(void)scene;
	return result(open("/proc/self/maps", O_RDONLY));
}

static int
write_in_the_store(const struct scene *scene)
{
	char path[256];
	int fd;

	snprintf(path, sizeof(path), "%s/attempt", scene->store);
	fd = open(path, O_RDWR | O_CREAT, 0600);
	if (fd < 0)
		return -errno;
	close(fd);
	return result(unlink(path));
}

static int
link_a_device_into_the_store(const struct scene *scene)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/attempt", scene->store);
	return result(mknod(path, S_IFIFO | 0600, 0));
}

static int
be_dumpable(const struct scene *scene)
{
	(void)scene;
	return result(prctl(PR_SET_DUMPABLE, 1, 0, 0, 0));
}

static int
be_traced_by_anybody(const struct scene *scene)
{
	(void)scene;
	return result(prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY, 0, 0, 0));
}

static int
raise_a_limit(const struct scene *scene)
{
	const struct rlimit many = { 1, 1 };

	(void)scene;
	return result(setrlimit(RLIMIT_NPROC, &many));
}

static int
type_into_a_terminal(const struct scene *scene)
{
	char byte = 'x';

	(void)scene;
	return result(ioctl(0, TIOCSTI, &byte));
}

static int
be_told_of_input(const struct scene *scene)
{
	return result(fcntl(scene->socket, F_SETOWN, scene->sibling));
}

static int
ask_for_something_unheard_of(const struct scene *scene)
{
	(void)scene;
	return result(getpgid(0));
}

static int
accept_a_connection(const struct scene *scene)
{
	int fd = accept4(scene->socket, NULL, NULL, SOCK_NONBLOCK);

	/* it does not listen */
	return fd < 0 && errno == EINVAL ? 0 : result(fd);
}

static void *
nothing(void *argument)
{
	return argument;
}

static int
start_a_thread(const struct scene *scene)
{
	pthread_t thread;
	int error = pthread_create(&thread, NULL, nothing, NULL);

	(void)scene;
	if (error != 0)
		return -error;
	return -pthread_join(thread, NULL);
}

static int
seal_memory(const struct scene *scene)
{
	int fd = memfd_create("attempt", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	(void)scene;
	if (fd < 0 || write(fd, "x", 1) != 1)
		return -errno;
	return result(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE));
}

static int
use_memory(const struct scene *scene)
{
	char *large = malloc((size_t)32 * 1024 * 1024);

	(void)scene;
	if (large == NULL)
		return -ENOMEM;
	memset(large, 1, (size_t)32 * 1024 * 1024);
	free(large);
	return 0;
}

static int
set_the_clock(const struct scene *scene)
{
	const struct timespec never = { 0, 0 };

	(void)scene;
	return result(clock_settime(CLOCK_REALTIME, &never));
}

static int
ask_for_keys(const struct scene *scene)
{
	(void)scene;
	return result(syscall(SYS_keyctl, 0, 0, 0, 0, 0));
}

static int
handle_faults(const struct scene *scene)
{
	(void)scene;
	return result(syscall(SYS_userfaultfd, 0));
}

const struct attempt attempts[] = {
#define ATTEMPT(function, verdict, holds_sanitized, needs, of_master,          \
    landlock)                                                                  \
	{                                                                      \
#function, function, holds_sanitized, verdict, needs,          \
		    of_master, landlock                                        \
	}
	ATTEMPT(execute, DEADLY, true, 0, REFUSED, 2),
	ATTEMPT(execute_itself, DEADLY, true, 0, DEADLY, 0),
	ATTEMPT(fork_itself, DEADLY, false, 0, POSSIBLE, 0),
	ATTEMPT(fork_in_a_namespace, DEADLY, false, 0, REFUSED, 0),
	ATTEMPT(trace_a_sibling, DEADLY, false, 0, DEADLY, 0),
	ATTEMPT(read_a_sibling, DEADLY, true, 0, DEADLY, 0),
	ATTEMPT(open_a_sibling, DEADLY, true, 0, REFUSED, 0),
	ATTEMPT(kill_a_sibling, DEADLY, false, 0, REFUSED, 6),
	ATTEMPT(signal_a_thread_of_a_sibling, DEADLY, false, 0, REFUSED, 6),
	ATTEMPT(make_a_socket, DEADLY, true, 0, REFUSED, 0),
	ATTEMPT(make_a_unix_socket, DEADLY, true, 0, REFUSED, 0),
	ATTEMPT(make_a_netlink_socket, DEADLY, true, 0, REFUSED, 0),
	ATTEMPT(connect_a_socket, DEADLY, true, 0, REFUSED, 0),
	ATTEMPT(bind_a_socket, DEADLY, true, 0, REFUSED, 4),
	ATTEMPT(listen_on_a_socket, DEADLY, true, 0, DEADLY, 0),
	ATTEMPT(mount_something, DEADLY, true, 0, DEADLY, 0),
	ATTEMPT(load_a_program, DEADLY, true, 0, DEADLY, 0),
	ATTEMPT(make_a_ring, REFUSED, true, 0, REFUSED, 0),
	ATTEMPT(be_root_of_a_namespace, DEADLY, true, 0, DEADLY, 0),
	ATTEMPT(watch_itself, DEADLY, true, 0, DEADLY, 0),
	ATTEMPT(set_the_clock, DEADLY, true, 0, DEADLY, 0),
	ATTEMPT(ask_for_keys, DEADLY, true, 0, REFUSED, 0),
	ATTEMPT(handle_faults, DEADLY, true, 0, DEADLY, 0),
	ATTEMPT(become_root, DEADLY, true, 0, REFUSED, 0),
	ATTEMPT(leave_its_root, DEADLY, true, 0, REFUSED, 0),
	ATTEMPT(map_code, DEADLY, false, 0, REFUSED, 0),
	ATTEMPT(make_data_code, DEADLY, false, 0, REFUSED, 0),
	ATTEMPT(filter_a_socket, REFUSED, false, 0, NOT_HELD, 0),
	ATTEMPT(open_a_file, REFUSED, false, ROLE_NEEDS_READING, POSSIBLE, 0),
	ATTEMPT(write_a_file, REFUSED, false, 0, REFUSED, 2),
	ATTEMPT(remove_a_file, REFUSED, false, 0, REFUSED, 2),
	ATTEMPT(make_a_folder, REFUSED, false, 0, REFUSED, 2),
	ATTEMPT(look_into_proc, REFUSED, false, ROLE_NEEDS_READING, POSSIBLE,
	    0),
	ATTEMPT(link_a_device_into_the_store, REFUSED, false, 0, REFUSED, 0),
	ATTEMPT(be_dumpable, REFUSED, false, 0, NOT_HELD, 0),
	ATTEMPT(be_traced_by_anybody, REFUSED, false, 0, REFUSED, 0),
	ATTEMPT(raise_a_limit, REFUSED, false, 0, POSSIBLE, 0),
	ATTEMPT(type_into_a_terminal, REFUSED, false, 0, REFUSED, 0),
	ATTEMPT(be_told_of_input, REFUSED, false, 0, REFUSED, 0),
	ATTEMPT(ask_for_something_unheard_of, REFUSED, false, 0, REFUSED, 0),
	ATTEMPT(accept_a_connection, REFUSED, false, ROLE_NEEDS_ACCEPT,
	    POSSIBLE, 0),
	ATTEMPT(write_in_the_store, REFUSED, false, ROLE_NEEDS_FILES, POSSIBLE,
	    0),
	ATTEMPT(start_a_thread, DEADLY, false, ROLE_NEEDS_THREADS, POSSIBLE, 0),
	ATTEMPT(seal_memory, POSSIBLE, true, 0, POSSIBLE, 0),
	ATTEMPT(use_memory, POSSIBLE, true, 0, POSSIBLE, 0),
};

const unsigned int attempt_count = sizeof(attempts) / sizeof(attempts[0]);
