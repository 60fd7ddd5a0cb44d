/* SPDX-License-Identifier: Apache-2.0 */
#include "master/listener.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/memory.h"
#include "master/local_socket.h"

static int
resolve(const struct config_listener *listener, struct addrinfo **address)
{
	const struct addrinfo hints = {
		.ai_family = AF_UNSPEC,
		.ai_socktype = SOCK_STREAM,
		.ai_flags = AI_PASSIVE | AI_NUMERICHOST | AI_NUMERICSERV,
	};
	char port[8];

	snprintf(port, sizeof(port), "%u", listener->port);
	switch (getaddrinfo(listener->address, port, &hints, address)) {
	case 0:
		return 0;
	case EAI_SYSTEM:
		return -errno;
	default:
		return -EADDRNOTAVAIL;
	}
}

static int
bind_and_listen(int fd, const struct addrinfo *address)
{
	const int on = 1;

	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) != 0)
		return -errno;
	/* so that :: and 0.0.0.0 can both be listed */
	if (address->ai_family == AF_INET6 &&
	    setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on)) != 0)
		return -errno;
	if (bind(fd, address->ai_addr, address->ai_addrlen) != 0)
		return -errno;
	if (listen(fd, SOMAXCONN) != 0)
		return -errno;
	return 0;
}

static int
bind_new(const struct addrinfo *address, int *bound)
{
	int fd = socket(address->ai_family,
	    SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int error = fd < 0 ? -errno : bind_and_listen(fd, address);

	if (error == 0)
		*bound = fd;
	else if (fd >= 0)
		close(fd);
	return error;
}

/* The descriptor or -errno. */
static int
listener_open(const struct config_listener *listener,
    struct inherited *inherited)
{
	struct addrinfo *address = NULL;
	bool is_inherited;
	int fd = -1;
	int error = resolve(listener, &address);

	if (error != 0)
		return error;
	fd = inherited_take(inherited, SOCK_STREAM, address->ai_addr);
	is_inherited = fd >= 0;
	if (!is_inherited)
		error = bind_new(address, &fd);
	if (error == 0)
		log_info(log_address("listener", address->ai_addr),
		    log_word("event", "bound"),
		    log_word("by", is_inherited ? "service-manager" : "us"));
	freeaddrinfo(address);
	return error == 0 ? fd : error;
}

int
listeners_open(const struct config *config, struct inherited *inherited,
    int **fds, char *why, size_t size)
{
	int *opened = memory_new(config->listen.count, sizeof(int));

	for (size_t i = 0; i < config->listen.count; i++) {
		const struct config_listener *listener = &config->listen
							      .items[i];

		opened[i] = listener_open(listener, inherited);
		if (opened[i] >= 0)
			continue;
		int error = opened[i];

		snprintf(why, size, "cannot listen on %s port %u: %s%s",
		    listener->address, listener->port, strerror(-error),
		    error == -EAFNOSUPPORT
			? "; where the service may not bind, as in "
			  "signetd.service, name the address in signetd.socket"
			: "");
		while (i > 0)
			close(opened[--i]);
		free(opened);
		return error;
	}
	*fds = opened;
	return 0;
}

static bool
has_metrics_socket(const struct config *config)
{
	return config->metrics.enabled && config->metrics.socket[0] != '\0';
}

static int
metrics_socket_open(const struct config *config, int *fd, char *why,
    size_t size)
{
	char reason[256];
	int error = local_socket_bind(config->metrics.socket,
	    config->processes.user, fd, reason, sizeof(reason));

	if (error != 0)
		snprintf(why, size, "metrics.socket: %s", reason);
	return error;
}

void
metrics_listener_remove(const struct config *config)
{
	if (has_metrics_socket(config))
		(void)unlink(config->metrics.socket);
}

int
metrics_listener_open(const struct config *config, struct inherited *inherited,
    int *fd, char *why, size_t size)
{
	struct config_listener listener = { config->metrics.address,
		config->metrics.port };
	struct config alone = *config;
	int *fds, error;

	*fd = -1;
	if (!config->metrics.enabled)
		return 0;
	if (has_metrics_socket(config))
		return metrics_socket_open(config, fd, why, size);
	alone.listen.count = 1;
	alone.listen.items = &listener;
	error = listeners_open(&alone, inherited, &fds, why, size);
	if (error != 0)
		return error;
	*fd = fds[0];
	free(fds);
	return 0;
}
