/* SPDX-License-Identifier: Apache-2.0 */
/*
 * All clients of a run and the one loop that drives them:
 *
 *	while (...) {
 *		swarm_wait(swarm, until_ns);
 *		while (swarm_next(swarm, &client, &event))
 *			...
 *	}
 */
#ifndef SIGNET_BENCH_SWARM_H
#define SIGNET_BENCH_SWARM_H

#include <signal.h>
#include <sys/epoll.h>

#include "bench/client.h"
#include "bench/options.h"
#include "bench/reasons.h"

#define SWARM_EVENTS 256

struct swarm {
	struct client_context context;
	const struct options *options;
	struct client *clients;
	uint32_t count;
	uint32_t opened; /* ever, to number the clients */
	struct reasons reasons;

	int epoll_fd;
	struct epoll_event ready[SWARM_EVENTS];
	int ready_count;
	int ready_next;
	struct client *current; /* whose events are being taken */
	uint64_t now_ns;        /* of the current client's bytes */
	uint64_t care_ns;       /* when to look after all clients again */
};

/*
 * Make count clients, none of them open.
 *
 * fault: room for fault_len bytes; on failure what is wrong, in one line.
 * Returns 0, or -EINVAL with the fault.
 */
int swarm_init(struct swarm *swarm, const struct options *options,
    uint32_t count, char *fault, size_t fault_len);

/* Disconnect all and free everything. */
void swarm_done(struct swarm *swarm);

/* Begin to connect a client of the swarm that is not open. */
void swarm_open(struct swarm *swarm, struct client *client);

/* The same of one that was open, under its name. */
void swarm_open_again(struct swarm *swarm, struct client *client);

/*
 * Connect all clients, options->concurrency at a time, and wait until each is
 * ready or has failed. Returns how many have failed; -EINTR if interrupted.
 */
int swarm_open_all(struct swarm *swarm);

/*
 * Wait until a client is ready, but not beyond until_ns. Looks after
 * time-outs and keep alive, too.
 */
void swarm_wait(struct swarm *swarm, uint64_t until_ns);

/* The next event of a ready client; false when there are no more. */
bool swarm_next(struct swarm *swarm, struct client **client,
    struct client_event *event);

/* Write a client's output and poll for the rest, if there is one. */
void swarm_flush(struct swarm *swarm, struct client *client);

/* How often the user has said to end: counted by SIGINT and SIGTERM. The first
 * time, measuring ends, and what is under way may still arrive. */
extern volatile sig_atomic_t swarm_interrupts;

#endif
