/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/handoff.h"

#include <netinet/in.h>
#include <sys/socket.h>

#include <errno.h>
#include <unistd.h>

#include "lib/memory.h"
#include "worker/connection_websocket.h"

static bool
is_tcp_socket(int fd)
{
	int protocol = 0;
	socklen_t len = sizeof(protocol);

	return getsockopt(fd, SOL_SOCKET, SO_PROTOCOL, &protocol, &len) == 0 &&
	       protocol == IPPROTO_TCP;
}

/* May this peer come in now? Otherwise it is logged. */
static bool
is_admitted(struct worker *worker, const struct tls_peer *peer)
{
	if (peer->identity_kind == (uint8_t)worker->config->identity)
		return trust_admits(worker, peer);
	/* Who it is was found out by the setting of before, or by one that is
	 * not in use here yet: our roles are about others. */
	log_info(log_id("session", peer->id), log_word("event", "refused"),
	    log_word("reason", "identity-setting-changed"));
	return false;
}

static void
take_over(struct worker *worker, const struct proc_peer *peer, int fd,
    const struct ipc_session_handoff *handoff,
    const struct tls_handover *handover,
    struct connection_websocket **websocket)
{
	struct connection *connection;

	if (worker->is_stopping ||
	    worker->connection_count >= worker->connection_max) {
		log_warning(log_id("session", handover->peer.id),
		    log_word("event", "refused"),
		    log_word("reason", worker->is_stopping
					   ? "stopping"
					   : "too-many-connections"));
		close(fd);
		return;
	}
	if (!is_admitted(worker, &handover->peer)) {
		close(fd);
		return;
	}
	connection = connection_new(worker, fd, handover);
	if (connection == NULL) {
		log_warning(log_id("session", handover->peer.id),
		    log_word("event", "refused"),
		    log_word("reason", "cannot-continue"));
		return;
	}
	connection->websocket = *websocket;
	*websocket = NULL;
	connection->is_home = peer->role == IPC_ROLE_WORKER;
	if (!connection->is_home)
		worker->child->counted[IPC_STATISTIC_SOCKETS]++;
	buffer_append(&connection->plaintext, handoff->plaintext);
	buffer_append(&connection->ciphertext, handoff->ciphertext);
	/* What it publishes would miss those whose interest is not yet known. */
	if (worker->is_ready)
		connection_resume(connection);
	else
		connection_hold(connection);
}

int
on_session_handoff(struct worker *worker, struct proc_peer *peer,
    struct ipc_message *message)
{
	struct ipc_session_handoff handoff;
	struct tls_handover handover;
	struct connection_websocket *websocket = NULL;
	int error = ipc_session_handoff_decode(message->payload, &handoff);

	if (error != 0)
		return error;
	if (handoff.ciphertext.len > CONNECTION_READ_MAX + TLS_RECORD_MAX ||
	    !is_tcp_socket(message->fd) ||
	    tls_handover_decode(handoff.handover, &handover) != 0)
		return -EBADMSG;
	if (connection_websocket_decode(handoff.websocket, &websocket) != 0) {
		memory_wipe(&handover, sizeof(handover));
		return -EBADMSG;
	}
	take_over(worker, peer, message->fd, &handoff, &handover, &websocket);
	connection_websocket_free(&websocket);
	message->fd = -1;
	memory_wipe(&handover, sizeof(handover));
	return 0;
}

static void
handoff_push(struct connection *connection, struct proc_peer *peer)
{
	struct worker *worker = connection->worker;
	struct ipc_session_handoff handoff = {
		.plaintext = buffer_view(&connection->plaintext),
		.ciphertext = buffer_view(&connection->ciphertext),
	};
	struct tls_handover handover = { .state = connection->records.state };
	struct buffer state = { .data = NULL }, payload = { .data = NULL };
	struct buffer websocket = { .data = NULL };
	int fd;

	connection_peer(connection, &handover.peer);
	tls_handover_encode(&handover, &state);
	handoff.handover = buffer_view(&state);
	connection_websocket_encode(connection, &websocket);
	handoff.websocket = buffer_view(&websocket);
	ipc_session_handoff_encode(&handoff, &payload);
	log_debug(log_id("session", connection->id), log_word("event", "moved"),
	    log_number("worker", connection->home));
	/* From here on the other worker owns the keys; we never use ours. */
	fd = connection_release(connection);
	/* Gates hear that it is not ours any more before they hear whose it
	 * is: it must not count as two. */
	proc_peers_flush(worker->child);
	proc_peer_push(worker->child, peer, IPC_SESSION_HANDOFF,
	    buffer_view(&payload), fd, true);
	memory_wipe(&handover, sizeof(handover));
	buffer_done(&websocket);
	buffer_wipe(&state);
	buffer_wipe(&payload);
}

static void
handoff_wait(struct connection *connection)
{
	if (connection->is_homeless)
		return;
	connection->is_homeless = true;
	TAILQ_INSERT_TAIL(&connection->worker->homeless, connection, in_held);
}

void
handoff_send(struct connection *connection)
{
	struct worker *worker = connection->worker;
	struct proc_peer *peer = worker->peers[connection->home];

	if (peer == NULL || proc_peer_is_full(worker->child, peer) ||
	    connection->unsent.len > 0 ||
	    connection_websocket_waits(connection) ||
	    !tls_records_are_quiet(&connection->records)) {
		handoff_wait(connection);
		return;
	}
	handoff_push(connection, peer);
}

void
handoff_retry(struct worker *worker)
{
	struct connection *connection, *next;

	for (connection = TAILQ_FIRST(&worker->homeless); connection != NULL;
	     connection = next) {
		next = TAILQ_NEXT(connection, in_held);
		/* One that was refused meanwhile is only closing. */
		if (connection->state == CONNECTION_MOVING)
			handoff_send(connection);
	}
}
