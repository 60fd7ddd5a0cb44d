/* SPDX-License-Identifier: Apache-2.0 */
#include "gate/handshake.h"

#include <errno.h>
#include <malloc.h>
#include <stdlib.h>
#include <unistd.h>

#include "gate/export.h"
#include "gate/framing.h"
#include "gate/signer.h"
#include "gate/verify.h"
#include "lib/clock.h"
#include "lib/log.h"
#include "lib/memory.h"

/* A refused client has this long to read the alert and go. */
#define DRAIN_MS        1000
#define DRAIN_BYTES_MAX 65536
/* After so long without a handshake, memory goes back to the kernel. */
#define IDLE_MS      500
#define TRIM_LEAST   16
#define DRAIN_BUFFER 4096

enum stage {
	STAGE_SHAKING,
	STAGE_WAITING,  /* authenticated, for a worker */
	STAGE_DRAINING, /* refused, for the client to go */
	STAGE_ENDED,
};

struct handshake {
	struct handshakes *owner;
	TAILQ_ENTRY(handshake) link;
	uv_poll_t poll;
	int fd;
	enum stage stage;
	bool is_over; /* mbedTLS is done, its last flight is on its way */
	bool is_shut; /* nothing more will be sent */
	uint64_t deadline_ms;
	size_t drained;
	struct sockaddr_storage address;
	struct framing framing;
	struct export export;
	struct verification verification;
	struct resumption resumption;
	struct settings *settings; /* a reference */
	mbedtls_ssl_context ssl;
	bool has_ssl;
	struct tls_handover handover;
};

static void on_poll(uv_poll_t *poll, int status, int events);
static void on_deadline(uv_timer_t *timer);

/* Ending */

static void
on_closed(uv_handle_t *handle)
{
	free(handle->data);
}

static void
free_ssl(struct handshake *handshake)
{
	if (handshake->has_ssl)
		mbedtls_ssl_free(&handshake->ssl);
	handshake->has_ssl = false;
	settings_unref(&handshake->settings);
	export_wipe(&handshake->export);
}

static void
on_idle(uv_timer_t *timer)
{
	struct handshakes *handshakes = timer->data;

	if (handshakes->count > 0)
		return;
	handshakes->since_trim = 0;
	malloc_trim(0);
}

/* Leave everything but the socket, which is closed or was given away. */
static void
end(struct handshake *handshake)
{
	struct handshakes *owner = handshake->owner;

	if (handshake->stage == STAGE_DRAINING)
		TAILQ_REMOVE(&owner->draining, handshake, link);
	else
		TAILQ_REMOVE(&owner->in_flight, handshake, link);
	handshake->stage = STAGE_ENDED;
	free_ssl(handshake);
	framing_done(&handshake->framing);
	verification_done(&handshake->verification);
	resumption_done(&handshake->resumption);
	memory_wipe(&handshake->handover, sizeof(handshake->handover));
	uv_poll_stop(&handshake->poll);
	uv_close((uv_handle_t *)&handshake->poll, on_closed);
	owner->count--;
	if (owner->count == 0 && owner->since_trim >= TRIM_LEAST)
		uv_timer_start(&owner->idle, on_idle, IDLE_MS, 0);
}

static void
end_and_close(struct handshake *handshake)
{
	struct handshakes *owner = handshake->owner;
	int fd = handshake->fd;

	end(handshake);
	close(fd);
	owner->events->on_end(owner->context);
}

/* Deadlines: both lists are in their order, so the heads come first. */

static uint64_t
head_deadline(const struct handshake_list *list)
{
	const struct handshake *head = TAILQ_FIRST(list);

	return head != NULL ? head->deadline_ms : UINT64_MAX;
}

static uint64_t
next_deadline(const struct handshakes *handshakes)
{
	uint64_t in_flight = head_deadline(&handshakes->in_flight);
	uint64_t draining = head_deadline(&handshakes->draining);

	return in_flight < draining ? in_flight : draining;
}

static void
set_timer(struct handshakes *handshakes)
{
	uint64_t next = next_deadline(handshakes);
	uint64_t now = uv_now(handshakes->loop);

	if (next != UINT64_MAX)
		uv_timer_start(&handshakes->deadline, on_deadline,
		    next > now ? next - now : 0, 0);
}

/* The timer may ring early, for one that has ended; it is set anew then. */
static void
need_timer(struct handshakes *handshakes, uint64_t deadline_ms)
{
	uint64_t now = uv_now(handshakes->loop);

	if (!uv_is_active((uv_handle_t *)&handshakes->deadline) ||
	    uv_timer_get_due_in(&handshakes->deadline) > deadline_ms - now)
		set_timer(handshakes);
}

/* Watching */

static void
watch(struct handshake *handshake)
{
	int events = handshake->framing.output.len > 0 ? UV_WRITABLE
						       : UV_READABLE;

	uv_poll_start(&handshake->poll, events, on_poll);
}

/* Refusing */

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
		watch(handshake);
	else
		end_and_close(handshake);
}

/*
 * Closing a socket that still has input resets the connection, and the reset
 * takes away an alert that the client has not yet read. So what comes is read
 * until the client has gone too.
 */
static void
continue_draining(struct handshake *handshake)
{
	int error = framing_flush(&handshake->framing);

	if (error == -EAGAIN) {
		watch(handshake);
		return;
	}
	if (error != 0) {
		end_and_close(handshake);
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
	free_ssl(handshake);
	TAILQ_REMOVE(&owner->in_flight, handshake, link);
	handshake->stage = STAGE_DRAINING;
	handshake->deadline_ms = uv_now(owner->loop) + DRAIN_MS;
	TAILQ_INSERT_TAIL(&owner->draining, handshake, link);
	need_timer(owner, handshake->deadline_ms);
	continue_draining(handshake);
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
static void
refuse(struct handshake *handshake, enum refusal_reason reason,
    const char *detail, int library_error)
{
	int alert = refusal_alert(reason, handshake->framing.version);
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

	refusal_log(&refusal);
	handshake->owner->events->on_refused(handshake->owner->context, reason);
	/* Also for an alert that only the library could protect. */
	if (is_told ||
	    (alert != REFUSAL_NO_ALERT && !handshake->framing.is_peer_gone &&
		handshake->framing.output.len > 0)) {
		begin_draining(handshake);
		return;
	}
	if (handshake->stage == STAGE_WAITING)
		handshake->owner->waiting--;
	end_and_close(handshake);
}

static void
refuse_error(struct handshake *handshake, int error)
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
	if (reason == verification->fault)
		detail = verification->detail;
	refuse(handshake, reason, detail,
	    detail == NULL && refusal_is_vague(reason) ? error : 0);
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
		refuse(handshake, REFUSAL_INTERNAL_ERROR, fault, 0);
		return;
	}
	free_ssl(handshake);
	uv_poll_stop(&handshake->poll);
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
	end(handshake);
	owner->events->on_end(owner->context);
	return fd;
}

void
handshakes_offer(struct handshakes *handshakes)
{
	struct handshake *handshake, *next;

	if (handshakes->waiting == 0)
		return;
	for (handshake = TAILQ_FIRST(&handshakes->in_flight); handshake != NULL;
	     handshake = next) {
		next = TAILQ_NEXT(handshake, link);
		if (handshake->stage == STAGE_WAITING)
			handshakes->events->on_authenticated(
			    handshakes->context, handshake);
	}
}

/* Going on */

static void
continue_shaking(struct handshake *handshake)
{
	int result = 0;
	int error;

	framing_turn(&handshake->framing);
	error = framing_flush(&handshake->framing);
	if (error == 0 && !handshake->is_over) {
		export_choose(&handshake->export);
		signer_begin();
		resumptions_choose(&handshake->settings->resumptions,
		    &handshake->resumption, verified_peer, handshake);
		result = mbedtls_ssl_handshake(&handshake->ssl);
		handshake->is_over = result == 0;
		error = framing_flush(&handshake->framing);
	}
	if (result != 0 && result != MBEDTLS_ERR_SSL_WANT_READ &&
	    result != MBEDTLS_ERR_SSL_WANT_WRITE)
		refuse_error(handshake, result);
	else if (error != 0 && error != -EAGAIN)
		refuse(handshake, REFUSAL_CLOSED_BY_PEER, NULL, 0);
	else if (error == 0 && handshake->is_over)
		complete(handshake);
	else
		watch(handshake);
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
		continue_draining(handshake);
}

static void
on_deadline(uv_timer_t *timer)
{
	struct handshakes *handshakes = timer->data;
	uint64_t now = uv_now(handshakes->loop);

	while (head_deadline(&handshakes->in_flight) <= now) {
		struct handshake *late = TAILQ_FIRST(&handshakes->in_flight);

		refuse(late,
		    late->stage == STAGE_WAITING ? REFUSAL_NO_WORKER
						 : REFUSAL_HANDSHAKE_TIMEOUT,
		    NULL, 0);
	}
	while (head_deadline(&handshakes->draining) <= now)
		end_and_close(TAILQ_FIRST(&handshakes->draining));
	set_timer(handshakes);
}

void
handshake_begin(struct handshakes *handshakes, int fd,
    const struct sockaddr_storage *address)
{
	struct handshake *handshake = memory_new(1, sizeof(*handshake));

	if (uv_poll_init(handshakes->loop, &handshake->poll, fd) != 0) {
		close(fd);
		free(handshake);
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
	TAILQ_INSERT_TAIL(&handshakes->in_flight, handshake, link);
	handshakes->count++;
	handshakes->since_trim++;
	need_timer(handshakes, handshake->deadline_ms);

	mbedtls_ssl_init(&handshake->ssl);
	handshake->has_ssl = true;
	if (mbedtls_ssl_setup(&handshake->ssl, &handshake->settings->tls) !=
	    0) {
		end_and_close(handshake);
		return;
	}
	mbedtls_ssl_set_bio(&handshake->ssl, &handshake->framing, framing_send,
	    framing_receive, NULL);
	mbedtls_ssl_set_verify(&handshake->ssl, verification_on_certificate,
	    &handshake->verification);
	export_attach(&handshake->ssl, &handshake->export);
	watch(handshake);
}

void
handshakes_init(struct handshakes *handshakes, uv_loop_t *loop,
    struct settings *settings, uint64_t limit_ms,
    const struct handshake_events *events, void *context)
{
	*handshakes = (struct handshakes){
		.loop = loop,
		.settings = settings_ref(settings),
		.events = events,
		.context = context,
		.limit_ms = limit_ms,
	};
	settings->resumptions.trust = &handshakes->trust;
	TAILQ_INIT(&handshakes->in_flight);
	TAILQ_INIT(&handshakes->draining);
	uv_timer_init(loop, &handshakes->deadline);
	uv_timer_init(loop, &handshakes->idle);
	handshakes->deadline.data = handshakes;
	handshakes->idle.data = handshakes;
}

void
handshakes_renew(struct handshakes *handshakes, struct settings *settings,
    uint64_t limit_ms)
{
	uint64_t latest_ms = uv_now(handshakes->loop) + limit_ms;
	struct handshake *handshake;

	settings_unref(&handshakes->settings);
	handshakes->settings = settings_ref(settings);
	settings->resumptions.trust = &handshakes->trust;
	handshakes->limit_ms = limit_ms;
	/* So that they stay in the order of their deadlines. */
	TAILQ_FOREACH(handshake, &handshakes->in_flight, link)
	if (handshake->deadline_ms > latest_ms)
		handshake->deadline_ms = latest_ms;
	need_timer(handshakes, latest_ms);
}

static void
on_nothing(void *context)
{
	(void)context;
}

void
handshakes_stop(struct handshakes *handshakes)
{
	static const struct handshake_events no_events = {
		.on_end = on_nothing,
	};

	handshakes->events = &no_events;
	while (!TAILQ_EMPTY(&handshakes->in_flight))
		end_and_close(TAILQ_FIRST(&handshakes->in_flight));
	while (!TAILQ_EMPTY(&handshakes->draining))
		end_and_close(TAILQ_FIRST(&handshakes->draining));
	settings_unref(&handshakes->settings);
	ipc_trust_unmap(&handshakes->trust);
	handshakes->trust = (struct ipc_trust_index){ .generation = 0 };
	uv_close((uv_handle_t *)&handshakes->deadline, NULL);
	uv_close((uv_handle_t *)&handshakes->idle, NULL);
}
