/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Takes connections from listening sockets that several gates share: a few at
 * a time, so that the others get theirs, and none while the owner says so.
 */
#ifndef SIGNET_GATE_ACCEPTOR_H
#define SIGNET_GATE_ACCEPTOR_H

#include <stdbool.h>
#include <sys/socket.h>
#include <uv.h>

struct acceptor_events {
	/* For how many ms is the next one to be left waiting? 0: not at all. */
	uint64_t (*wait_ms)(void *context);
	/* fd: taken, non-blocking. */
	void (*on_connection)(void *context, int fd,
	    const struct sockaddr_storage *address);
};

struct acceptor {
	uv_loop_t *loop;
	size_t listener_count;
	uv_poll_t *listeners;
	uv_timer_t pause;
	uint64_t complained_ms; /* when a lack of descriptors was last told */
	bool is_started;
	bool is_pausing;
	const struct acceptor_events *events;
	void *context; /* for events */
};

/* fds: borrowed, listening and non-blocking, for as long as it runs; and
 * events. */
void acceptor_start(struct acceptor *acceptor, uv_loop_t *loop, const int *fds,
    size_t count, const struct acceptor_events *events, void *context);

/* Nobody has to be left waiting any more: go on at once. */
void acceptor_resume(struct acceptor *acceptor);

void acceptor_stop(struct acceptor *acceptor);

#endif
