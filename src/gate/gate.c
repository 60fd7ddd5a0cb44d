/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The gate: authenticates clients and gives them away.
 *
 * Duties: accept connections, run the mutual TLS handshake, verify the client's
 *   certificate, derive its identity, hand the session to a worker.
 * Privileges: the listening sockets, the server's certificate, the keys of
 *   handshakes in flight. Not the server's private key; no files; never a byte
 *   of MQTT.
 * Receives: TRUST_INDEX, TICKET_KEYS, PROPOSE and COMMIT with new credentials, and
 *   STOP from the master; SIGNATURE of the key process; SOURCE of other gates
 *   and workers.
 * Sends: SESSION_HANDOFF to workers, in turn; SIGN to the key process; SOURCE to
 *   other gates.
 * On failure: clients whose handshake was in flight must connect again.
 */
#include "gate/gate.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "gate/entrance.h"
#include "gate/handshake.h"
#include "gate/sign_request.h"
#include "lib/log.h"
#include "lib/memory.h"

/*
 * How long the key process may take for a signature. It needs 1 to 10 ms, and
 * as much again for each other gate that asks at the same time, on a machine
 * that may be busy; meanwhile this gate's other handshakes wait. It is waited
 * for so long once if it hangs (sign_request.h).
 */
#define SIGNATURE_MS 5000

struct gate {
	struct proc_child *child;
	struct sign_request sign_request;
	struct settings *settings;
	struct settings *next_settings; /* proposed; NULL: nothing is */
	struct handshakes handshakes;
	struct entrance entrance;
	struct proc_peer **workers;
	size_t worker_count;
	size_t next_worker;
};

/* The next worker in turn that is not full; NULL if there is none. */
static struct proc_peer *
choose_worker(struct gate *gate)
{
	for (size_t i = 0; i < gate->worker_count; i++) {
		size_t index = (gate->next_worker + i) % gate->worker_count;

		if (proc_peer_is_full(gate->child, gate->workers[index]))
			continue;
		gate->next_worker = (index + 1) % gate->worker_count;
		return gate->workers[index];
	}
	return NULL;
}

static void
on_authenticated(void *context, struct handshake *handshake)
{
	struct gate *gate = context;
	struct proc_peer *worker = choose_worker(gate);
	const struct tls_peer *peer = handshake_peer(handshake);
	struct buffer handover = { .data = NULL };
	struct buffer payload = { .data = NULL };
	struct ipc_session_handoff handoff = { .plaintext = BYTES_NONE };
	int fd;

	if (worker == NULL)
		return; /* until one comes, or the deadline */
	log_debug(log_id("session", peer->id),
	    log_word("event", "authenticated"),
	    log_address("peer", (const struct sockaddr *)&peer->address),
	    log_text("identity", peer->identity),
	    log_number("worker", worker->index));
	fd = handshake_take(handshake, &handover);
	/* Others hear that it is no handshake any more before they hear of the
	 * worker that it is a connection: it must not count as two. */
	proc_peers_flush(gate->child);
	handoff.handover = buffer_view(&handover);
	/* So that it does not move while keys are in it. */
	buffer_reserve(&payload, handover.len + 64);
	ipc_session_handoff_encode(&handoff, &payload);
	proc_peer_push(gate->child, worker, IPC_SESSION_HANDOFF,
	    buffer_view(&payload), fd, true);
	buffer_wipe(&payload);
	buffer_wipe(&handover);
}

static void
on_handshake_end(void *context, const struct sockaddr_storage *address)
{
	struct gate *gate = context;

	entrance_on_end(&gate->entrance, address);
}

static uint32_t
weigh(void *context, const struct sockaddr_storage *address)
{
	struct gate *gate = context;

	return admission_weight(&gate->entrance.admissions,
	    (const struct sockaddr *)address);
}

static bool
on_refused(void *context, enum refusal_reason reason,
    const struct sockaddr_storage *address)
{
	struct gate *gate = context;

	gate->child->counted[IPC_STATISTIC_REFUSED_NO_CERTIFICATE + reason -
			     REFUSAL_NO_CERTIFICATE]++;
	return entrance_on_refused(&gate->entrance, address);
}

static const struct handshake_events handshake_events = {
	.on_refused = on_refused,
	.on_authenticated = on_authenticated,
	.on_end = on_handshake_end,
	.weigh = weigh,
};

static void
on_peer_up(struct proc_child *child, struct proc_peer *peer)
{
	struct gate *gate = child->context;

	if (peer->role == IPC_ROLE_KEY) {
		sign_request_set_peer(&gate->sign_request, peer);
		return;
	}
	entrance_peer_up(&gate->entrance, peer);
	if (peer->role != IPC_ROLE_WORKER)
		return;
	gate->workers = memory_resize(gate->workers,
	    (gate->worker_count + 1) * sizeof(gate->workers[0]));
	gate->workers[gate->worker_count++] = peer;
	handshakes_offer(&gate->handshakes);
}

static void
on_peer_down(struct proc_child *child, struct proc_peer *peer)
{
	struct gate *gate = child->context;

	if (peer == gate->sign_request.peer)
		sign_request_set_peer(&gate->sign_request, NULL);
	if (peer->role == IPC_ROLE_KEY)
		return;
	entrance_peer_down(&gate->entrance, peer);
	for (size_t i = 0; i < gate->worker_count; i++) {
		if (gate->workers[i] != peer)
			continue;
		gate->workers[i] = gate->workers[--gate->worker_count];
		return;
	}
}

static int
on_message(struct proc_child *child, struct proc_peer *peer,
    struct ipc_message *message)
{
	struct gate *gate = child->context;

	switch (message->type) {
	case IPC_SIGNATURE:
		return sign_request_on_signature(&gate->sign_request,
		    message->payload);
	case IPC_SOURCE:
		return entrance_on_source(&gate->entrance, peer,
		    message->payload);
	default:
		return -EBADMSG;
	}
}

static void
on_peer_writable(struct proc_child *child, struct proc_peer *peer)
{
	struct gate *gate = child->context;

	if (peer->role == IPC_ROLE_KEY)
		return;
	entrance_peer_writable(&gate->entrance, peer);
	if (peer->role == IPC_ROLE_WORKER)
		handshakes_offer(&gate->handshakes);
}

static void
on_turn_end(struct proc_child *child)
{
	(void)child;
}

/* Each of them sees the same. */
static void
warn(const struct proc_child *child, const char *why)
{
	if (child->index == 0)
		log_warning(log_word("event", "certificate"),
		    log_string("warning", why));
}

static void
on_dismiss(struct proc_child *child)
{
	struct gate *gate = child->context;

	settings_unref(&gate->next_settings);
}

static int
on_propose(struct proc_child *child, char *why, size_t size)
{
	struct gate *gate = child->context;
	int result;

	on_dismiss(child);
	result = settings_open(&gate->next_settings, child->next_config,
	    &child->next_credentials, why, size);
	proc_credentials_wipe(&child->next_credentials);
	if (result < 0)
		return result;
	if (!credentials_have_key(&gate->next_settings->credentials,
		child->next_key_id)) {
		snprintf(why, size,
		    "tls.private_key: it is not the key of the first "
		    "certificate in tls.certificate");
		on_dismiss(child);
		return -EINVAL;
	}
	if (result > 0)
		warn(child, why);
	return 0;
}

static void
on_count(struct proc_child *child)
{
	struct gate *gate = child->context;

	child->counted[IPC_STATISTIC_HANDSHAKES] = gate->handshakes.count;
}

static bool
on_commit(struct proc_child *child, const struct config *before)
{
	struct gate *gate = child->context;

	(void)before;
	resumptions_inherit(&gate->next_settings->resumptions,
	    &gate->settings->resumptions);
	settings_unref(&gate->settings);
	gate->settings = gate->next_settings;
	gate->next_settings = NULL;
	handshakes_renew(&gate->handshakes, gate->settings,
	    (uint64_t)child->config->limits.handshake_seconds * 1000);
	entrance_renew(&gate->entrance);
	return true;
}

static void
on_stop(struct proc_child *child)
{
	struct gate *gate = child->context;

	entrance_close(&gate->entrance);
	handshakes_stop(&gate->handshakes);
	proc_child_stopped(child);
}

/* 0 or -EBADMSG. */
static int
use_trust(struct gate *gate, int fd, const struct ipc_trust_given *given)
{
	struct ipc_trust_index index;

	if (ipc_trust_map(fd, given, &index) != 0)
		return -EBADMSG;
	handshakes_trust(&gate->handshakes, &index);
	return 0;
}

static void
open_trust(struct gate *gate, struct proc_child *child)
{
	if (child->trust_index < 0 ||
	    use_trust(gate, child->trust_index, &child->trust_given) != 0)
		fatal("a gate is given what clients are trusted by");
	close(child->trust_index);
	child->trust_index = -1;
}

static int
on_trust_index(struct gate *gate, const struct ipc_message *message)
{
	struct ipc_trust_given given;

	if (ipc_trust_given_decode(message->payload, &given) != 0)
		return -EBADMSG;
	return use_trust(gate, message->fd, &given);
}

static int
on_ticket_keys(struct gate *gate, struct bytes payload)
{
	struct ipc_ticket_keys keys;

	if (ipc_ticket_keys_decode(payload, &keys) != 0)
		return -EBADMSG;
	resumptions_use(&gate->settings->resumptions, &keys);
	memory_wipe(&keys, sizeof(keys));
	return 0;
}

static int
on_control(struct proc_child *child, struct ipc_message *message)
{
	switch (message->type) {
	case IPC_TRUST_INDEX:
		return on_trust_index(child->context, message);
	case IPC_TICKET_KEYS:
		return on_ticket_keys(child->context, message->payload);
	default:
		return -EBADMSG;
	}
}

static const struct proc_events proc_events = {
	.on_peer_up = on_peer_up,
	.on_peer_down = on_peer_down,
	.on_message = on_message,
	.on_control = on_control,
	.on_peer_writable = on_peer_writable,
	.on_propose = on_propose,
	.on_dismiss = on_dismiss,
	.on_commit = on_commit,
	.on_turn_end = on_turn_end,
	.on_count = on_count,
	.on_stop = on_stop,
};

static void
open_settings(struct gate *gate, struct proc_child *child)
{
	char why[512] = "";
	int result;

	result = settings_open(&gate->settings, child->config,
	    &child->credentials, why, sizeof(why));
	proc_credentials_wipe(&child->credentials);
	if (result < 0)
		fatal("%s", why);
	resumptions_use(&gate->settings->resumptions, &child->ticket_keys);
	memory_wipe(&child->ticket_keys, sizeof(child->ticket_keys));
	if (result > 0)
		warn(child, why);
}

int
gate_run(struct proc_child *child)
{
	struct gate *gate = memory_new(1, sizeof(*gate));
	int status;

	gate->child = child;
	child->context = gate;
	open_settings(gate, child);
	sign_request_init(&gate->sign_request, child, SIGNATURE_MS);
	signer_open(sign_request_ask, &gate->sign_request);
	handshakes_init(&gate->handshakes, &child->loop, gate->settings,
	    (uint64_t)child->config->limits.handshake_seconds * 1000,
	    &handshake_events, gate);
	open_trust(gate, child);
	entrance_open(&gate->entrance, child, &gate->handshakes);
	proc_child_ready(child);
	status = proc_child_loop(child, &proc_events);
	signer_close();
	entrance_done(&gate->entrance);
	settings_unref(&gate->settings);
	settings_unref(&gate->next_settings);
	free(gate->workers);
	free(gate);
	return status;
}
