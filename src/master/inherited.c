/* SPDX-License-Identifier: Apache-2.0 */
#include "master/inherited.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <unistd.h>

#include "lib/log.h"

/* The first that is passed on: sd_listen_fds(3). */
#define FIRST_FD 3

/* How many there are for this process. */
static size_t
count_of_environment(void)
{
	const char *pid = getenv("LISTEN_PID");
	const char *count = getenv("LISTEN_FDS");
	unsigned long long number;

	if (pid == NULL || count == NULL ||
	    strtoull(pid, NULL, 10) != (unsigned long long)getpid())
		return 0;
	number = strtoull(count, NULL, 10);
	return number <= INHERITED_MAX ? (size_t)number : INHERITED_MAX;
}

void
inherited_open(struct inherited *inherited)
{
	size_t count = count_of_environment();

	inherited->count = 0;
	for (size_t i = 0; i < count; i++) {
		int fd = FIRST_FD + (int)i;
		int flags = fcntl(fd, F_GETFL);

		if (flags < 0 || fcntl(fd, F_SETFD, FD_CLOEXEC) != 0 ||
		    fcntl(fd, F_SETFL, flags | O_NONBLOCK) != 0)
			continue;
		inherited->fds[inherited->count++] = fd;
	}
	unsetenv("LISTEN_PID");
	unsetenv("LISTEN_FDS");
	unsetenv("LISTEN_FDNAMES");
}

static int
option_of(int fd, int option)
{
	int value = -1;
	socklen_t len = sizeof(value);

	return getsockopt(fd, SOL_SOCKET, option, &value, &len) == 0 ? value
								     : -1;
}

static bool
is_same(const struct sockaddr *a, const struct sockaddr *b)
{
	const struct sockaddr_in *a4 = (const void *)a, *b4 = (const void *)b;
	const struct sockaddr_in6 *a6 = (const void *)a, *b6 = (const void *)b;

	if (a->sa_family != b->sa_family)
		return false;
	if (a->sa_family == AF_INET)
		return a4->sin_port == b4->sin_port &&
		       a4->sin_addr.s_addr == b4->sin_addr.s_addr;
	return a->sa_family == AF_INET6 && a6->sin6_port == b6->sin6_port &&
	       memcmp(&a6->sin6_addr, &b6->sin6_addr, sizeof(a6->sin6_addr)) ==
		   0;
}

int
inherited_take(struct inherited *inherited, int type,
    const struct sockaddr *address)
{
	for (size_t i = 0; i < inherited->count; i++) {
		struct sockaddr_storage bound = { .ss_family = AF_UNSPEC };
		socklen_t len = sizeof(bound);
		int fd = inherited->fds[i];

		if (fd < 0 ||
		    getsockname(fd, (struct sockaddr *)&bound, &len) != 0 ||
		    !is_same((const struct sockaddr *)&bound, address) ||
		    option_of(fd, SO_TYPE) != type ||
		    (type == SOCK_STREAM && option_of(fd, SO_ACCEPTCONN) != 1))
			continue;
		inherited->fds[i] = -1;
		return fd;
	}
	return -1;
}

void
inherited_close(struct inherited *inherited)
{
	for (size_t i = 0; i < inherited->count; i++) {
		struct sockaddr_storage bound = { .ss_family = AF_UNSPEC };
		socklen_t len = sizeof(bound);

		if (inherited->fds[i] < 0)
			continue;
		(void)getsockname(inherited->fds[i], (struct sockaddr *)&bound,
		    &len);
		log_warning(log_address("listener", (const void *)&bound),
		    log_word("event", "socket-unused"),
		    log_string("hint", "the service manager listens there, but "
				       "no setting does: change "
				       "signetd.socket or signet.conf"));
		close(inherited->fds[i]);
	}
	inherited->count = 0;
}
