/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Refusing a client: the alert that tells it why, and the end.
 */
#include <errno.h>
#include <sys/socket.h>

#include "gate/handshake_internal.h"
#include "gate/signer.h"
#include "lib/memory.h"

#define DRAIN_BYTES_MAX 65536
#define DRAIN_BUFFER    4096

/*
 * Three ways: in plaintext while that may be; under the session's keys once
 * it has them; and between TLS 1.3's ServerHello and Finished, where the keys
 * are the library's own, what it has written itself.
 */
static bool
push_alert(struct handshake *handshake, int alert)
{
	struct tls_state state;
	bool is_pushed;

	if (handshake->stage == STAGE_WAITING)
		return framing_push_protected_alert(&handshake->framing,
		    &handshake->handover.state, alert);
	if (framing_is_plain(&handshake->framing)) {
		framing_push_alert(&handshake->framing, (unsigned int)alert);
		return true;
	}
	is_pushed = export_alert_state(&handshake->export, &state) &&
		    framing_push_protected_alert(&handshake->framing, &state,
			alert);
	memory_wipe(&state, sizeof(state));
	return is_pushed;
}

static void
drain(struct handshake *handshake)
{
	uint8_t discarded[DRAIN_BUFFER];
	ssize_t len;

	do {
		len = recv(handshake->fd, discarded, sizeof(discarded), 0);
		if (len > 0)
			handshake->drained += (size_t)len;
	} while ((len > 0 && handshake->drained < DRAIN_BYTES_MAX) ||
		 (len < 0 && errno == EINTR));
	if (len < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
		handshake_watch(handshake);
	else
		handshake_end_and_close(handshake);
}

/*
 * Closing a socket that still has input resets the connection, and the reset
 * takes away an alert that the client has not yet read. So what comes is read
 * until the client has gone too.
 */
void
handshake_drain(struct handshake *handshake)
{
	int error = framing_flush(&handshake->framing);

	if (error == -EAGAIN) {
		handshake_watch(handshake);
		return;
	}
	if (error != 0) {
		handshake_end_and_close(handshake);
		return;
	}
	if (!handshake->is_shut) {
		handshake->is_shut = true;
		shutdown(handshake->fd, SHUT_WR);
	}
	drain(handshake);
}

static void
begin_draining(struct handshake *handshake)
{
	struct handshakes *owner = handshake->owner;

	if (handshake->stage == STAGE_WAITING)
		owner->waiting--;
	memory_wipe(&handshake->handover, sizeof(handshake->handover));
	handshake_free_ssl(handshake);
	handshake_wait_no_more(handshake);
	TAILQ_REMOVE(&owner->in_flight, handshake, link);
	handshake->stage = STAGE_DRAINING;
	handshake->deadline_ms = uv_now(owner->loop) + DRAIN_MS;
	TAILQ_INSERT_TAIL(&owner->draining, handshake, link);
	handshakes_need_timer(owner, handshake->deadline_ms);
	handshake_drain(handshake);
}

static int
received_alert(const struct handshake *handshake, enum refusal_reason reason)
{
	if (reason != REFUSAL_ALERT_BY_PEER)
		return REFUSAL_NO_ALERT;
	if (handshake->framing.alert_received != REFUSAL_NO_ALERT)
		return handshake->framing.alert_received;
	return (int)compat_received_alert(&handshake->ssl);
}

/* library_error: what mbedTLS said, 0 if it is not its verdict. */
void
handshake_refuse(struct handshake *handshake, enum refusal_reason reason,
    const char *detail, int library_error)
{
	int alert = refusal_alert(reason, handshake->framing.version);
	struct handshakes *owner = handshake->owner;
	bool is_told = !handshake->framing.is_peer_gone &&
		       alert != REFUSAL_NO_ALERT &&
		       push_alert(handshake, alert);
	const struct refusal refusal = {
		.reason = reason,
		.detail = detail,
		.address = (const struct sockaddr *)&handshake->address,
		.verification = &handshake->verification,
		.alert_sent = is_told ? alert : REFUSAL_NO_ALERT,
		.alert_received = received_alert(handshake, reason),
		.library_error = library_error,
		.is_silent = handshake->framing.byte_count == 0 &&
			     reason == REFUSAL_CLOSED_BY_PEER,
	};

	if (owner->events->on_refused(owner->context, reason,
		&handshake->address))
		refusal_log(&refusal);
	/* Also for an alert that only the library could protect. */
	if (is_told ||
	    (alert != REFUSAL_NO_ALERT && !handshake->framing.is_peer_gone &&
		handshake->framing.output.len > 0)) {
		begin_draining(handshake);
		return;
	}
	if (handshake->stage == STAGE_WAITING)
		owner->waiting--;
	handshake_end_and_close(handshake);
}

void
handshake_refuse_error(struct handshake *handshake, int error)
{
	const struct verification *verification = &handshake->verification;
	enum refusal_reason reason = handshake->framing.fault;
	const char *detail = NULL;

	if (reason == REFUSAL_NONE && signer_fault() != NULL) {
		reason = REFUSAL_NO_SIGNATURE;
		detail = signer_fault();
	}
	if (reason == REFUSAL_NONE && handshake->framing.is_peer_gone)
		reason = REFUSAL_CLOSED_BY_PEER;
	if (reason == REFUSAL_NONE &&
	    framing_has_no_protocol(&handshake->framing))
		reason = REFUSAL_NO_APPLICATION_PROTOCOL;
	if (reason == REFUSAL_NONE && refusal_is_about_certificate(error))
		reason = verification_reason(verification,
		    mbedtls_ssl_get_verify_result(&handshake->ssl));
	if (reason == REFUSAL_NONE)
		reason = refusal_of_error(error,
		    handshake->framing.version != 0);
	if (detail == NULL)
		detail = verification_detail(verification, reason);
	handshake_refuse(handshake, reason, detail,
	    detail == NULL && refusal_is_vague(reason) ? error : 0);
}
