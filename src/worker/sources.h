/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What gates are told of our connections: from which sources they are, so that
 * each gate knows how many there are of one.
 */
#ifndef SIGNET_WORKER_SOURCES_H
#define SIGNET_WORKER_SOURCES_H

#include "lib/buffer.h"
#include "proc/child.h"

struct connection;
struct worker;

/* As many as processes.gates may be: bits of one word. */
#define SOURCES_GATES_MAX 64

struct worker_sources {
	/* Index by gate; NULL: not there. */
	struct proc_peer *gates[SOURCES_GATES_MAX];
	uint64_t
	    behind; /* gates whose queue was full: they are told all again */
	struct buffer payload; /* of the message that is pushed */
};

/* A gate is there, is gone, takes more again. */
void sources_gate_up(struct worker *worker, struct proc_peer *gate);
void sources_gate_down(struct worker *worker, const struct proc_peer *gate);
void sources_gate_writable(struct worker *worker, struct proc_peer *gate);

/* This connection is ours from now on; it is not any more. */
void sources_begin(const struct connection *connection);
void sources_end(const struct connection *connection);

#endif
