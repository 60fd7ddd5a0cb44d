/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/endpoint.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define SOURCE_FIRST 0x7f010001u /* 127.1.0.1 */
#define SOURCE_COUNT 250u

/* Since Linux 4.2; older headers of the C library lack it. */
#ifndef IP_BIND_ADDRESS_NO_PORT
#define IP_BIND_ADDRESS_NO_PORT 24
#endif

static bool
address_is_loopback(const struct sockaddr_storage *address)
{
	struct sockaddr_in in;

	if (address->ss_family != AF_INET)
		return false;
	memcpy(&in, address, sizeof(in));
	return ntohl(in.sin_addr.s_addr) >> 24 == 127;
}

int
endpoint_resolve(struct endpoint *endpoint, const char *host, uint32_t port)
{
	struct addrinfo hints = {
		.ai_family = AF_UNSPEC,
		.ai_socktype = SOCK_STREAM,
	};
	struct addrinfo *found, *chosen;
	char service[16];
	int error;

	snprintf(service, sizeof(service), "%u", (unsigned int)port);
	error = getaddrinfo(host, service, &hints, &found);
	if (error != 0)
		return error;
	/* "localhost" is ::1 first, but only IPv4 has many sources. */
	chosen = found;
	for (struct addrinfo *each = found; each; each = each->ai_next) {
		if (each->ai_family == AF_INET) {
			chosen = each;
			break;
		}
	}
	memset(endpoint, 0, sizeof(*endpoint));
	memcpy(&endpoint->address, chosen->ai_addr, chosen->ai_addrlen);
	endpoint->address_len = chosen->ai_addrlen;
	endpoint->is_loopback = address_is_loopback(&endpoint->address);
	freeaddrinfo(found);
	return 0;
}

static int
source_bind(int fd, uint32_t index)
{
	struct sockaddr_in source = { .sin_family = AF_INET };
	int on = 1;

	source.sin_addr.s_addr = htonl(SOURCE_FIRST + index % SOURCE_COUNT);
	/* The port is then chosen by connect(), which knows both ends. */
	if (setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on,
		sizeof(on)) < 0)
		return -errno;
	if (bind(fd, (struct sockaddr *)&source, sizeof(source)) < 0)
		return -errno;
	return 0;
}

int
endpoint_connect(const struct endpoint *endpoint, uint32_t index)
{
	int fd, error = 0, on = 1;

	fd = socket(endpoint->address.ss_family,
	    SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	if (endpoint->is_loopback)
		error = source_bind(fd, index);
	if (error == 0 &&
	    connect(fd, (const struct sockaddr *)&endpoint->address,
		endpoint->address_len) < 0 &&
	    errno != EINPROGRESS)
		error = -errno;
	if (error != 0) {
		close(fd);
		return error;
	}
	return fd;
}
