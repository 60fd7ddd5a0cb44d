/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/sources.h"

#include "lib/address.h"
#include "lib/log.h"
#include "worker/connection.h"

static void
push_change(struct worker *worker, struct proc_peer *gate,
    enum ipc_source_change change, uint64_t source)
{
	const struct ipc_source message = { (uint8_t)change, source };
	struct buffer *payload = &worker->sources.payload;

	payload->len = 0;
	ipc_source_encode(&message, payload);
	proc_peer_push(worker->child, gate, IPC_SOURCE, buffer_view(payload),
	    -1, false);
}

static uint64_t
source_of(const struct connection *connection)
{
	struct tls_peer peer;

	connection_peer(connection, &peer);
	return address_source((const struct sockaddr *)&peer.address);
}

/* All connections that there are, from the beginning. */
static void
tell_all(struct worker *worker, struct proc_peer *gate)
{
	const struct connection *connection;

	push_change(worker, gate, IPC_SOURCE_NONE, 0);
	TAILQ_FOREACH(connection, &worker->connections, in_all)
	push_change(worker, gate, IPC_SOURCE_MORE, source_of(connection));
}

void
sources_gate_up(struct worker *worker, struct proc_peer *gate)
{
	if (gate->index >= SOURCES_GATES_MAX)
		panic("the schema bounds the number of gates");
	worker->sources.gates[gate->index] = gate;
	worker->sources.behind &= ~(UINT64_C(1) << gate->index);
	tell_all(worker, gate);
}

void
sources_gate_down(struct worker *worker, const struct proc_peer *gate)
{
	worker->sources.gates[gate->index] = NULL;
}

void
sources_gate_writable(struct worker *worker, struct proc_peer *gate)
{
	uint64_t bit = UINT64_C(1) << gate->index;

	if ((worker->sources.behind & bit) == 0)
		return;
	worker->sources.behind &= ~bit;
	tell_all(worker, gate);
}

static void
tell_gates(struct worker *worker, enum ipc_source_change change,
    uint64_t source)
{
	for (unsigned int i = 0; i < SOURCES_GATES_MAX; i++) {
		struct proc_peer *gate = worker->sources.gates[i];

		if (gate == NULL)
			continue;
		if (proc_peer_is_full(worker->child, gate))
			worker->sources.behind |= UINT64_C(1) << i;
		if ((worker->sources.behind >> i & 1) == 0)
			push_change(worker, gate, change, source);
	}
}

void
sources_begin(const struct connection *connection)
{
	tell_gates(connection->worker, IPC_SOURCE_MORE, source_of(connection));
}

void
sources_end(const struct connection *connection)
{
	tell_gates(connection->worker, IPC_SOURCE_LESS, source_of(connection));
}
