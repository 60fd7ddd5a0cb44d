/* SPDX-License-Identifier: Apache-2.0 */
/*
 * usage: bench_beat questions PORT HANDLE KEY KEY-NUMBER COUNT RATE AT-ONCE
 *        bench_beat flood PORT HANDLE SECONDS
 *
 * What a worker's heartbeats are to cope with, on 127.0.0.1. questions: COUNT
 * good ones at RATE in a second, AT-ONCE (1 to 64) in one call: how many were
 * sent, how many had an answer, how many answers there was no room for, and the
 * seconds. flood: forged ones as fast as they can be sent; each has the handle
 * of a session and a sequence number that is new, so that its tag has to be
 * checked. tests/bench/heartbeat runs it.
 */
#include <arpa/inet.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <linux/sock_diag.h>

#include "beat/datagram.h"
#include "lib/clock.h"

#define BATCH 64

/* Answers that may wait while this process does not run: if the system grants
 * it (net.core.rmem_max), for a quarter of a second. */
#define RECEIVE_BYTES (4 * 1024 * 1024)

static uint8_t bytes[BATCH][BEAT_DATAGRAM_LEN];
static struct iovec places[BATCH];
static struct mmsghdr messages[BATCH];

static int
open_to(const char *port)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
		.sin_port = htons((uint16_t)atoi(port)),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_DGRAM, 0);
	int bytes_wanted = RECEIVE_BYTES;

	if (fd < 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes_wanted,
		sizeof(bytes_wanted)) != 0 ||
	    connect(fd, (struct sockaddr *)&address, sizeof(address)) != 0) {
		perror("bench_beat");
		exit(1);
	}
	for (unsigned int i = 0; i < BATCH; i++) {
		places[i] = (struct iovec){ bytes[i], BEAT_DATAGRAM_LEN };
		messages[i].msg_hdr = (struct msghdr){ .msg_iov = &places[i],
			.msg_iovlen = 1 };
	}
	return fd;
}

static void
read_key(const char *hex, struct beat_key *key)
{
	uint8_t secret[BEAT_KEY_LEN];

	for (size_t i = 0; i < sizeof(secret); i++)
		if (sscanf(hex + 2 * i, "%2" SCNx8, &secret[i]) != 1)
			exit(2);
	beat_key_init(key, secret);
}

/* What is there: at most BATCH. */
static unsigned int
take_answers(int fd)
{
	static uint8_t in[BATCH][BEAT_DATAGRAM_LEN];
	struct iovec at[BATCH];
	struct mmsghdr answers[BATCH] = { 0 };
	int count;

	for (unsigned int i = 0; i < BATCH; i++) {
		at[i] = (struct iovec){ in[i], BEAT_DATAGRAM_LEN };
		answers[i].msg_hdr.msg_iov = &at[i];
		answers[i].msg_hdr.msg_iovlen = 1;
	}
	count = recvmmsg(fd, answers, BATCH, MSG_DONTWAIT, NULL);
	return count > 0 ? (unsigned int)count : 0;
}

/* All that is there. */
static unsigned int
count_answers(int fd)
{
	unsigned int count, sum = 0;

	do {
		count = take_answers(fd);
		sum += count;
	} while (count == BATCH);
	return sum;
}

/* Answers that the kernel had no room for. */
static uint32_t
count_dropped(int fd)
{
	uint32_t info[SK_MEMINFO_VARS] = { 0 };
	socklen_t len = sizeof(info);

	if (getsockopt(fd, SOL_SOCKET, SO_MEMINFO, info, &len) != 0)
		perror("SO_MEMINFO");
	return info[SK_MEMINFO_DROPS];
}

static void
wait_until_ns(uint64_t at_ns)
{
	uint64_t now_ns = clock_monotonic_ns();
	struct timespec span;

	if (at_ns <= now_ns)
		return;
	span.tv_sec = (time_t)((at_ns - now_ns) / 1000000000);
	span.tv_nsec = (long)((at_ns - now_ns) % 1000000000);
	nanosleep(&span, NULL);
}

static int
run_questions(char **arguments)
{
	struct beat_datagram question = { .kind = BEAT_QUESTION };
	uint64_t count = strtoull(arguments[4], NULL, 10);
	uint64_t rate = strtoull(arguments[5], NULL, 10);
	unsigned int at_once = (unsigned int)atoi(arguments[6]);
	uint64_t began_ns, answered = 0;
	struct beat_key key;
	int fd = open_to(arguments[0]);

	if (at_once == 0 || at_once > BATCH || rate == 0)
		return 2;
	(void)prctl(PR_SET_TIMERSLACK, 1);
	question.handle = strtoull(arguments[1], NULL, 16);
	read_key(arguments[2], &key);
	question.key_number = (uint8_t)atoi(arguments[3]);
	began_ns = clock_monotonic_ns();
	while (question.sequence < count) {
		for (unsigned int i = 0; i < at_once; i++) {
			question.sequence++;
			beat_datagram_encode(&question, &key, bytes[i]);
		}
		if (sendmmsg(fd, messages, at_once, 0) != (int)at_once)
			perror("sendmmsg");
		wait_until_ns(began_ns + question.sequence * 1000000000 / rate);
		answered += count_answers(fd);
	}
	wait_until_ns(clock_monotonic_ns() + 500000000);
	answered += count_answers(fd);
	printf("%" PRIu64 " %" PRIu64 " %" PRIu32 " %.3f\n", question.sequence,
	    answered, count_dropped(fd),
	    (double)(clock_monotonic_ns() - began_ns) / 1e9);
	return 0;
}

static int
run_flood(char **arguments)
{
	static const uint8_t secret[BEAT_KEY_LEN] = { 1 };
	struct beat_datagram question = { .kind = BEAT_QUESTION,
		.key_number = 1,
		.sequence = UINT64_C(1) << 40 };
	uint64_t until_ns, sent = 0;
	struct beat_key key;
	int fd = open_to(arguments[0]);

	question.handle = strtoull(arguments[1], NULL, 16);
	until_ns = clock_monotonic_ns() +
		   strtoull(arguments[2], NULL, 10) * 1000000000;
	beat_key_init(&key, secret);
	for (unsigned int i = 0; i < BATCH; i++) {
		question.sequence++;
		beat_datagram_encode(&question, &key, bytes[i]);
	}
	while (clock_monotonic_ns() < until_ns) {
		int count = sendmmsg(fd, messages, BATCH, 0);

		if (count > 0)
			sent += (unsigned int)count;
	}
	printf("%" PRIu64 "\n", sent);
	return 0;
}

int
main(int argc, char **argv)
{
	if (argc == 9 && strcmp(argv[1], "questions") == 0)
		return run_questions(argv + 2);
	if (argc == 5 && strcmp(argv[1], "flood") == 0)
		return run_flood(argv + 2);
	fputs("usage: see the beginning of bench_beat.c\n", stderr);
	return 2;
}
