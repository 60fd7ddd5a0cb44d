/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where the broker is, and sockets on their way to it.
 */
#ifndef SIGNET_BENCH_ENDPOINT_H
#define SIGNET_BENCH_ENDPOINT_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

struct endpoint {
	struct sockaddr_storage address;
	socklen_t address_len;
	bool is_loopback; /* IPv4 */
};

/*
 * Look the broker up. Returns 0, or an EAI_ error for gai_strerror().
 */
int endpoint_resolve(struct endpoint *endpoint, const char *host,
    uint32_t port);

/*
 * Begin a connection without waiting for it. To a loopback address, sources
 * are spread over 127.1.0.1 and up by index: one source has some 28,000 ports,
 * which closed connections keep for a minute.
 *
 * Returns the descriptor, non-blocking and close-on-exec, or -errno.
 */
int endpoint_connect(const struct endpoint *endpoint, uint32_t index);

#endif
