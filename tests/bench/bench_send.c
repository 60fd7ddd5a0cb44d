/* SPDX-License-Identifier: Apache-2.0 */
/*
 * usage: bench_send [--relay] [SOCKETS [BYTES]]
 *
 * The least that a fan-out can cost: one process sends the same bytes to each
 * of so many connections over the loopback device, with a send() each as a
 * broker must, and does nothing else; another one reads them, and asks for the
 * next when it has all. Print the processor time of the sender for each send,
 * as signet-bench counts a broker's.
 *
 * --relay: the least that pairs can cost: the other one sends back on each
 * connection what it has read there; the first receives it when it is told that
 * it is there, and sends it again.
 */
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <netinet/in.h>
#include <netinet/tcp.h>

#include <arpa/inet.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define SOCKETS_MAX 1000
#define BYTES_MAX   16384
#define ROUNDS      5
#define ROUND_NS    UINT64_C(1000000000)

/* A PUBLISH of 64 bytes of signet-bench, in a record of TLS 1.2. */
#define SOCKETS_DEFAULT 50
#define BYTES_DEFAULT   134

static int senders[SOCKETS_MAX], readers[SOCKETS_MAX];
static int token[2];

static void
check(bool is_good, const char *what)
{
	if (is_good)
		return;
	perror(what);
	exit(1);
}

static uint64_t
clock_ns(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static void
connect_all(int count)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(address);
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;

	check(bind(listener, (struct sockaddr *)&address, len) == 0, "bind");
	check(listen(listener, SOCKETS_MAX) == 0, "listen");
	getsockname(listener, (struct sockaddr *)&address, &len);
	for (int i = 0; i < count; i++) {
		readers[i] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
		check(connect(readers[i], (struct sockaddr *)&address, len) ==
			  0,
		    "connect");
		senders[i] = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
		check(senders[i] >= 0, "accept");
		setsockopt(senders[i], IPPROTO_TCP, TCP_NODELAY, &on,
		    sizeof(on));
	}
	close(listener);
}

static void
close_all(const int *sockets, int count)
{
	for (int i = 0; i < count; i++)
		close(sockets[i]);
}

static int
watch(const int *sockets, int count)
{
	int set = epoll_create1(EPOLL_CLOEXEC);

	check(set >= 0, "epoll_create1");
	for (int i = 0; i < count; i++) {
		struct epoll_event event = { EPOLLIN, { .fd = sockets[i] } };

		check(epoll_ctl(set, EPOLL_CTL_ADD, sockets[i], &event) == 0,
		    "epoll_ctl");
	}
	return set;
}

/* In a process of its own, until the sender's end is closed. */
static void
read_all(int count, size_t bytes)
{
	static uint8_t buffer[65536];
	struct epoll_event events[SOCKETS_MAX];
	size_t awaited = (size_t)count * bytes;
	int set = watch(readers, count);

	for (size_t got = 0;;) {
		int ready = epoll_wait(set, events, count, -1);

		for (int i = 0; i < ready; i++) {
			ssize_t len = recv(events[i].data.fd, buffer,
			    sizeof(buffer), 0);

			if (len <= 0)
				return;
			got += (size_t)len;
		}
		if (got < awaited)
			continue;
		got = 0;
		check(send(token[1], "", 1, MSG_NOSIGNAL) == 1, "token");
	}
}

/* Nanoseconds for each send. */
static double
send_all(int count, size_t bytes)
{
	static uint8_t record[BYTES_MAX];
	uint64_t begin_ns = clock_ns(CLOCK_PROCESS_CPUTIME_ID), sends = 0;
	uint64_t end_ns = clock_ns(CLOCK_MONOTONIC) + ROUND_NS;
	char byte;

	while (clock_ns(CLOCK_MONOTONIC) < end_ns) {
		for (int i = 0; i < count; i++)
			check(send(senders[i], record, bytes, MSG_NOSIGNAL) ==
				  (ssize_t)bytes,
			    "send");
		check(recv(token[0], &byte, 1, 0) == 1, "token");
		sends += (uint64_t)count;
	}
	return (double)(clock_ns(CLOCK_PROCESS_CPUTIME_ID) - begin_ns) /
	       (double)sends;
}

/*
 * Receive and send again, once for each connection that is ready, until the
 * time is over or the other end is closed. Returns how often.
 */
static uint64_t
relay(int set, int count, uint64_t end_ns)
{
	static uint8_t buffer[65536];
	struct epoll_event events[SOCKETS_MAX];
	uint64_t relayed = 0;

	while (clock_ns(CLOCK_MONOTONIC) < end_ns) {
		int ready = epoll_wait(set, events, count, -1);

		for (int i = 0; i < ready; i++) {
			int fd = events[i].data.fd;
			ssize_t len = recv(fd, buffer, sizeof(buffer), 0);

			if (len <= 0)
				return relayed;
			check(send(fd, buffer, (size_t)len, MSG_NOSIGNAL) ==
				  len,
			    "send");
			relayed++;
		}
	}
	return relayed;
}

/* In a process of its own, until the sender's end is closed. */
static void
return_all(int count)
{
	(void)relay(watch(readers, count), count, UINT64_MAX);
}

/* Nanoseconds for each message relayed; set: of the senders. */
static double
relay_all(int set, int count)
{
	uint64_t begin_ns = clock_ns(CLOCK_PROCESS_CPUTIME_ID);
	uint64_t relayed = relay(set, count,
	    clock_ns(CLOCK_MONOTONIC) + ROUND_NS);

	return (double)(clock_ns(CLOCK_PROCESS_CPUTIME_ID) - begin_ns) /
	       (double)relayed;
}

static int
operand(const char *text, int most)
{
	int value = atoi(text);

	if (value >= 1 && value <= most)
		return value;
	fprintf(stderr, "bench_send: 1 to %d\n", most);
	exit(2);
}

int
main(int argc, char **argv)
{
	static const uint8_t record[BYTES_MAX];
	bool is_relay = argc > 1 && strcmp(argv[1], "--relay") == 0;
	char **operands = argv + (is_relay ? 2 : 1);
	int left = argc - (is_relay ? 2 : 1), set;
	int count = left > 0 ? operand(operands[0], SOCKETS_MAX)
			     : SOCKETS_DEFAULT;
	size_t bytes = (size_t)(left > 1 ? operand(operands[1], BYTES_MAX)
					 : BYTES_DEFAULT);
	double best = 0;
	pid_t child;

	check(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, token) == 0,
	    "socketpair");
	connect_all(count);
	child = fork();
	check(child >= 0, "fork");
	if (child == 0) {
		close_all(senders, count);
		if (is_relay)
			return_all(count);
		else
			read_all(count, bytes);
		_exit(0);
	}
	close_all(readers, count);
	set = watch(senders, count);
	for (int i = 0; is_relay && i < count; i++)
		check(send(senders[i], record, bytes, MSG_NOSIGNAL) ==
			  (ssize_t)bytes,
		    "send");
	for (int round = 0; round < ROUNDS; round++) {
		double ns = is_relay ? relay_all(set, count)
				     : send_all(count, bytes);

		if (round == 0 || ns < best)
			best = ns;
	}
	close_all(senders, count);
	waitpid(child, NULL, 0);
	printf("%d sockets, %zu bytes: %.2f us for each %s\n", count, bytes,
	    best / 1000, is_relay ? "recv and send" : "send");
	return 0;
}
