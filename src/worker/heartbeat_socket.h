/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The socket that this worker's heartbeats come to. Many datagrams are got and
 * answered at a time, but a bounded number in a turn of the loop: connections
 * do not wait for a flood.
 */
#ifndef SIGNET_WORKER_HEARTBEAT_SOCKET_H
#define SIGNET_WORKER_HEARTBEAT_SOCKET_H

#include "worker/worker.h"

struct heartbeat_socket;

/* fd: taken. Returned, free with heartbeat_socket_close(); NULL if it cannot be
 * watched. Nothing is got before heartbeat_socket_watch(). */
struct heartbeat_socket *heartbeat_socket_open(struct worker *worker, int fd);

/* Get what comes, or let the kernel drop it. */
void heartbeat_socket_watch(struct heartbeat_socket *socket, bool is_watched);

/* Get and answer this turn's share of what is there. Was that all? */
bool heartbeat_socket_receive(struct heartbeat_socket *socket);

void heartbeat_socket_close(struct heartbeat_socket **socket);

#endif
