/* SPDX-License-Identifier: Apache-2.0 */
#include "master/heartbeat.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <linux/filter.h>

#include "beat/datagram.h"
#include "lib/memory.h"
#include "master/inherited.h"
#include "master/member.h"

/* What comes in while a worker does something else: some 5000 datagrams. */
#define RECEIVE_BYTES (4 * 1024 * 1024)

static socklen_t
address_of(const struct config *config, struct sockaddr_storage *address)
{
	struct sockaddr_in *v4 = (struct sockaddr_in *)address;
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)address;

	memset(address, 0, sizeof(*address));
	if (inet_pton(AF_INET, config->heartbeat.address, &v4->sin_addr) == 1) {
		v4->sin_family = AF_INET;
		v4->sin_port = htons(config->heartbeat.port);
		return sizeof(*v4);
	}
	if (inet_pton(AF_INET6, config->heartbeat.address, &v6->sin6_addr) != 1)
		panic("the schema checks addresses");
	v6->sin6_family = AF_INET6;
	v6->sin6_port = htons(config->heartbeat.port);
	return sizeof(*v6);
}

static int
set(int fd, int level, int option, int value)
{
	return setsockopt(fd, level, option, &value, sizeof(value)) == 0
		   ? 0
		   : -errno;
}

/* The answer leaves from the address that the question came to, which the
 * kernel says with each. */
static int
set_options(int fd, int family)
{
	return family == AF_INET6 ? set(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1)
				  : set(fd, IPPROTO_IP, IP_PKTINFO, 1);
}

/* The same for one that nobody has bound yet. */
static int
set_options_of_new(int fd, int family)
{
	int error = set_options(fd, family);

	if (error == 0 && family == AF_INET6)
		error = set(fd, IPPROTO_IPV6, IPV6_V6ONLY, 0);
	/* Beyond what the system allows to all, if we may. */
	if (error == 0 &&
	    set(fd, SOL_SOCKET, SO_RCVBUFFORCE, RECEIVE_BYTES) != 0)
		error = set(fd, SOL_SOCKET, SO_RCVBUF, RECEIVE_BYTES);
	return error;
}

/* The descriptor or -errno. */
static int
socket_open(int family)
{
	int fd = socket(family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int error;

	if (fd < 0)
		return -errno;
	error = set_options_of_new(fd, family);
	if (error == 0)
		return fd;
	close(fd);
	return error;
}

/* The socket of a datagram is the one whose number its byte says; where it has
 * none, the first. Sockets are numbered as they were bound. */
static int
steer(int fd)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_B | BPF_ABS, BEAT_WORKER_AT),
		BPF_STMT(BPF_RET | BPF_A, 0),
	};
	const struct sock_fprog program = { 2, code };

	return setsockopt(fd, SOL_SOCKET, SO_ATTACH_REUSEPORT_CBPF, &program,
		   sizeof(program)) == 0
		   ? 0
		   : -errno;
}

/*
 * The first does not share its port before it has it: so nobody else has it,
 * not even another daemon of the same user.
 */
static int
bind_one(int fd, const struct sockaddr_storage *address, socklen_t len,
    bool is_first)
{
	int error = is_first ? 0 : set(fd, SOL_SOCKET, SO_REUSEPORT, 1);

	if (error == 0 && bind(fd, (const struct sockaddr *)address, len) != 0)
		error = -errno;
	if (error == 0 && is_first)
		error = set(fd, SOL_SOCKET, SO_REUSEPORT, 1);
	return error;
}

/* May there be others on the port, even if one is enough for us? */
static bool
has_group(const struct heartbeat_sockets *sockets)
{
	int is_shared = 0;
	socklen_t len = sizeof(is_shared);

	if (sockets->count > 1 || !sockets->is_given)
		return sockets->count > 1;
	return getsockopt(sockets->fds[0], SOL_SOCKET, SO_REUSEPORT, &is_shared,
		   &len) == 0 &&
	       is_shared != 0;
}

static int
bind_all(struct heartbeat_sockets *sockets, const struct config *config)
{
	struct sockaddr_storage address;
	socklen_t len = address_of(config, &address);
	int error = 0;

	for (size_t i = 0; i < sockets->count && error == 0; i++)
		error = sockets->is_given
			    ? set_options(sockets->fds[i], address.ss_family)
			    : bind_one(sockets->fds[i], &address, len, i == 0);
	if (error == 0 && has_group(sockets))
		error = steer(sockets->fds[sockets->count - 1]);
	if (error == 0)
		log_info(log_address("heartbeat", (struct sockaddr *)&address),
		    log_word("event", "bound"),
		    log_word("by",
			sockets->is_given ? "service-manager" : "us"));
	return error;
}

/* For each worker one has to be there before: who gave some has the port. */
static int
too_few(const struct heartbeat_sockets *sockets, const struct config *config,
    char *why, size_t size)
{
	snprintf(why, size,
	    "heartbeat: %zu workers need a socket each, but the service "
	    "manager has bound %zu to %s UDP port %u: name it so often in "
	    "signetd.socket, with ReusePort=yes",
	    sockets->wanted, sockets->count, config->heartbeat.address,
	    config->heartbeat.port);
	return -ENOTCONN;
}

static int
fault(const struct config *config, int error, char *why, size_t size)
{
	snprintf(why, size, "heartbeat: cannot have %s UDP port %u: %s",
	    config->heartbeat.address, config->heartbeat.port,
	    strerror(-error));
	return error;
}

int
heartbeat_sockets_bind(struct heartbeat_sockets *sockets,
    const struct config *config, char *why, size_t size)
{
	int error;

	if (sockets->is_bound)
		return 0;
	if (sockets->is_given && sockets->count < sockets->wanted)
		return too_few(sockets, config, why, size);
	error = sockets->fds == NULL ? -EAFNOSUPPORT
				     : bind_all(sockets, config);
	if (error != 0)
		return fault(config, error, why, size);
	sockets->is_bound = true;
	return 0;
}

/* 0, or -errno with none open. */
static int
open_all(struct heartbeat_sockets *sockets, int family)
{
	sockets->fds = memory_new(sockets->wanted, sizeof(int));
	for (; sockets->count < sockets->wanted; sockets->count++) {
		int fd = socket_open(family);

		if (fd < 0) {
			heartbeat_sockets_close(sockets);
			return fd;
		}
		sockets->fds[sockets->count] = fd;
	}
	return 0;
}

/* In the order in which they were bound, by which they are numbered. */
static void
take_given(struct heartbeat_sockets *sockets, struct inherited *inherited,
    const struct sockaddr_storage *address)
{
	int fd;

	while (sockets->count < sockets->wanted &&
	       (fd = inherited_take(inherited, SOCK_DGRAM,
		    (const struct sockaddr *)address)) >= 0) {
		if (sockets->fds == NULL)
			sockets->fds = memory_new(sockets->wanted, sizeof(int));
		sockets->fds[sockets->count++] = fd;
		sockets->is_given = true;
	}
}

int
heartbeat_sockets_open(struct heartbeat_sockets *sockets,
    const struct config *config, struct inherited *inherited, size_t count,
    char *why, size_t size)
{
	struct sockaddr_storage address;
	int error = 0;

	(void)address_of(config, &address);
	sockets->wanted = count;
	take_given(sockets, inherited, &address);
	if (!sockets->is_given)
		error = open_all(sockets, address.ss_family);
	if (!config->heartbeat.enabled)
		return 0;
	if (error != 0)
		return fault(config, error, why, size);
	return heartbeat_sockets_bind(sockets, config, why, size);
}

void
heartbeat_sockets_close(struct heartbeat_sockets *sockets)
{
	for (size_t i = 0; i < sockets->count; i++)
		close(sockets->fds[i]);
	free(sockets->fds);
	*sockets = (struct heartbeat_sockets){ .fds = NULL };
}

void
master_heartbeat_supply(struct member *member)
{
	const struct heartbeat_sockets *sockets = &member->master->heartbeat;

	if (!member->role->has_heartbeat || !sockets->is_bound ||
	    member->has_heartbeat || member->index >= sockets->count)
		return;
	member->has_heartbeat = true;
	member_send(member, IPC_HEARTBEAT_SOCKET, BYTES_NONE,
	    sockets->fds[member->index]);
}
