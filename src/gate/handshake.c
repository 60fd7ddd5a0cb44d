/* SPDX-License-Identifier: Apache-2.0 */
#include "gate/handshake.h"

#include <stdlib.h>
#include <unistd.h>

#include "gate/effort.h"
#include "gate/handshake_internal.h"
#include "gate/signer.h"
#include "lib/clock.h"
#include "lib/memory.h"

static void on_poll(uv_poll_t *poll, int status, int events);

/* Ending */

static void
on_closed(uv_handle_t *handle)
{
	free(handle->data);
}

void
handshake_free_ssl(struct handshake *handshake)
{
	if (handshake->has_ssl)
		mbedtls_ssl_free(&handshake->ssl);
	handshake->has_ssl = false;
	settings_unref(&handshake->settings);
	export_wipe(&handshake->export);
}

/* Leave everything but the socket, which is closed or was given away. */
void
handshake_end(struct handshake *handshake)
{
	struct handshakes *owner = handshake->owner;

	if (handshake->stage == STAGE_DRAINING)
		TAILQ_REMOVE(&owner->draining, handshake, link);
	else
		TAILQ_REMOVE(&owner->in_flight, handshake, link);
	handshake->stage = STAGE_ENDED;
	handshake_wait_no_more(handshake);
	handshake_free_ssl(handshake);
	framing_done(&handshake->framing);
	verification_done(&handshake->verification);
	resumption_done(&handshake->resumption);
	memory_wipe(&handshake->handover, sizeof(handshake->handover));
	uv_poll_stop(&handshake->poll);
	uv_close((uv_handle_t *)&handshake->poll, on_closed);
	handshakes_left(owner);
}

void
handshake_end_and_close(struct handshake *handshake)
{
	struct handshakes *owner = handshake->owner;
	int fd = handshake->fd;

	handshake_end(handshake);
	close(fd);
	owner->events->on_end(owner->context, &handshake->address);
}

/* Watching */

void
handshake_watch(struct handshake *handshake)
{
	int events = handshake->framing.output.len > 0 ? UV_WRITABLE
						       : UV_READABLE;

	uv_poll_start(&handshake->poll, events, on_poll);
}

/* Succeeding */

/* Whom this handshake has verified. */
static bool
verified_peer(void *context, struct tls_peer *peer)
{
	const struct handshake *handshake = context;

	if (!verification_peer(&handshake->verification, peer))
		return false;
	peer->address = handshake->address;
	peer->authenticated_at = clock_realtime_seconds();
	return true;
}

/* Whom it has, or an earlier one, whose session it resumes. */
static bool
find_peer(struct handshake *handshake, struct tls_peer *peer)
{
	const mbedtls_ssl_context *ssl = &handshake->ssl;

	if (mbedtls_ssl_get_verify_result(ssl) != 0)
		return false;
	if (handshake->verification.has_leaf
		? mbedtls_ssl_get_peer_cert(ssl) == NULL ||
		      !verified_peer(handshake, peer)
		: !resumption_peer_of(&handshake->resumption, peer))
		return false;
	peer->id = settings_random(handshake->settings);
	peer->address = handshake->address;
	return true;
}

/* The last flight is out: what mbedTLS still holds can be let go. */
static void
complete(struct handshake *handshake)
{
	struct handshakes *owner = handshake->owner;
	const char *fault = "peer-not-verified";

	if (find_peer(handshake, &handshake->handover.peer))
		fault = export_state(&handshake->export, &handshake->ssl,
		    &handshake->handover.state);
	if (fault != NULL) {
		handshake_refuse(handshake, REFUSAL_INTERNAL_ERROR, fault, 0);
		return;
	}
	handshake_free_ssl(handshake);
	uv_poll_stop(&handshake->poll);
	handshake_wait_no_more(handshake);
	handshake->stage = STAGE_WAITING;
	owner->waiting++;
	owner->events->on_authenticated(owner->context, handshake);
}

const struct tls_peer *
handshake_peer(const struct handshake *handshake)
{
	return &handshake->handover.peer;
}

int
handshake_take(struct handshake *handshake, struct buffer *handover)
{
	struct handshakes *owner = handshake->owner;
	int fd = handshake->fd;

	tls_handover_encode(&handshake->handover, handover);
	owner->waiting--;
	handshake_end(handshake);
	owner->events->on_end(owner->context, &handshake->address);
	return fd;
}

/* Going on */

static void
await_client(struct handshake *handshake)
{
	handshake_watch(handshake);
	handshake_wait(handshake);
}

/* What mbedTLS needs is a hundred times the rest: it is made for those who send
 * something. False if there is no memory. */
static bool
begin_shaking(struct handshake *handshake)
{
	mbedtls_ssl_init(&handshake->ssl);
	handshake->has_ssl = true;
	if (mbedtls_ssl_setup(&handshake->ssl, &handshake->settings->tls) != 0)
		return false;
	mbedtls_ssl_set_bio(&handshake->ssl, &handshake->framing, framing_send,
	    framing_receive, NULL);
	mbedtls_ssl_set_verify(&handshake->ssl, verification_on_certificate,
	    &handshake->verification);
	export_attach(&handshake->ssl, &handshake->export);
	return true;
}

static void
continue_shaking(struct handshake *handshake)
{
	int result = 0;
	int error;

	if (!handshake->has_ssl && !begin_shaking(handshake)) {
		handshake_end_and_close(handshake);
		return;
	}

	framing_turn(&handshake->framing);
	error = framing_flush(&handshake->framing);
	if (error == 0 && !handshake->is_over) {
		export_choose(&handshake->export);
		signer_begin();
		resumptions_choose(&handshake->settings->resumptions,
		    &handshake->resumption, verified_peer, handshake);
		effort_begin(&handshake->verification.effort);
		result = mbedtls_ssl_handshake(&handshake->ssl);
		effort_end();
		handshake->is_over = result == 0;
		error = framing_flush(&handshake->framing);
	}
	if (result != 0 && result != MBEDTLS_ERR_SSL_WANT_READ &&
	    result != MBEDTLS_ERR_SSL_WANT_WRITE)
		handshake_refuse_error(handshake, result);
	else if (error != 0 && error != -EAGAIN)
		handshake_refuse(handshake, REFUSAL_CLOSED_BY_PEER, NULL, 0);
	else if (error == 0 && handshake->is_over)
		complete(handshake);
	else
		await_client(handshake);
}

static void
on_poll(uv_poll_t *poll, int status, int events)
{
	struct handshake *handshake = poll->data;

	(void)events;
	(void)status; /* an error shows when the socket is used */
	if (handshake->stage == STAGE_SHAKING)
		continue_shaking(handshake);
	else if (handshake->stage == STAGE_DRAINING)
		handshake_drain(handshake);
}

void
handshake_begin(struct handshakes *handshakes, int fd,
    const struct sockaddr_storage *address)
{
	struct handshake *handshake = memory_new(1, sizeof(*handshake));

	if (uv_poll_init(handshakes->loop, &handshake->poll, fd) != 0) {
		close(fd);
		free(handshake);
		handshakes->events->on_end(handshakes->context, address);
		return;
	}
	handshake->poll.data = handshake;
	handshake->owner = handshakes;
	handshake->fd = fd;
	handshake->address = *address;
	handshake->deadline_ms = uv_now(handshakes->loop) +
				 handshakes->limit_ms;
	framing_init(&handshake->framing, fd);
	export_init(&handshake->export, &handshake->framing);
	handshake->settings = settings_ref(handshakes->settings);
	verification_init(&handshake->verification,
	    handshake->settings->identity, &handshakes->trust);
	effort_init(&handshake->verification.effort,
	    &handshake->settings->credentials.shown.client_ca);
	TAILQ_INSERT_TAIL(&handshakes->in_flight, handshake, link);
	handshakes->count++;
	handshakes->since_trim++;
	handshakes_need_timer(handshakes, handshake->deadline_ms);

	await_client(handshake);
}
