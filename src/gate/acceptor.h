/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Takes connections from listening sockets that several gates share: a few at
 * a time, so that the others get theirs, and none while there is no room.
 */
#ifndef SIGNET_GATE_ACCEPTOR_H
#define SIGNET_GATE_ACCEPTOR_H

#include <stdbool.h>
#include <sys/socket.h>
#include <uv.h>

struct acceptor {
	uv_loop_t *loop;
	size_t listener_count;
	uv_poll_t *listeners;
	uv_timer_t pause;
	uint64_t complained_ms; /* when a lack of descriptors was last told */
	bool is_started;
	bool is_pausing; /* the system is out of something */
	bool is_full;    /* the owner is */
	/* fd: taken, non-blocking. Returns whether there is room for more. */
	bool (*on_connection)(void *context, int fd,
	    const struct sockaddr_storage *address);
	void *context;
};

/* fds: borrowed, listening and non-blocking, for as long as it runs. */
void acceptor_start(struct acceptor *acceptor, uv_loop_t *loop, const int *fds,
    size_t count,
    bool (*on_connection)(void *context, int fd,
	const struct sockaddr_storage *address),
    void *context);

/* There is room again: after on_connection returned false. */
void acceptor_resume(struct acceptor *acceptor);

void acceptor_stop(struct acceptor *acceptor);

#endif
