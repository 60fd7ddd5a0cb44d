/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Handshakes in flight on an event loop: each has its socket, its mbedTLS
 * context and its deadline, and ends as an authenticated session that can be
 * handed over, or refused and logged.
 */
#ifndef SIGNET_GATE_HANDSHAKE_H
#define SIGNET_GATE_HANDSHAKE_H

#include <sys/queue.h>
#include <uv.h>

#include "gate/refusal.h"
#include "gate/settings.h"
#include "ipc/trust.h"
#include "tls/handover.h"

struct handshake;
struct handshakes;
TAILQ_HEAD(handshake_list, handshake);

struct handshake_events {
	/*
	 * A client is authenticated: take it with handshake_take(), now or, if
	 * nobody is there for it, at a handshakes_offer() before its deadline.
	 */
	void (*on_authenticated)(void *context, struct handshake *handshake);
	/* One is refused. Returns whether it is to be logged. */
	bool (*on_refused)(void *context, enum refusal_reason reason,
	    const struct sockaddr_storage *address);
	/* One has ended, one way or the other: there is room for another. Its
	 * address is the one that it began with. */
	void (*on_end)(void *context, const struct sockaddr_storage *address);
	/* How soon one with this address gives way to others: the greater, the
	 * sooner (admission.h). */
	uint32_t (
	    *weigh)(void *context, const struct sockaddr_storage *address);
};

struct handshakes {
	uv_loop_t *loop;
	struct settings *settings;
	struct ipc_trust_index trust; /* zeroed: nobody is trusted */
	const struct handshake_events *events;
	void *context;     /* for events */
	uint64_t limit_ms; /* from accept to hand-over */
	size_t count;      /* sockets that are open here */
	size_t waiting;    /* of those: authenticated, not yet taken */
	size_t since_trim; /* begun since memory was given back */
	struct handshake_list in_flight; /* in the order of their deadlines */
	struct handshake_list draining;  /* refused: likewise */
	/* Those in flight that wait for the client: who has sent nothing, in the
	 * order of their beginning, and the others, in that of their last step. */
	struct handshake_list silent;
	struct handshake_list heard;
	uv_timer_t deadline;
	uv_timer_t idle;
};

/*
 * Those that begin from now on have these settings, of which a reference is
 * taken, and this limit; those in flight go on with theirs, but for no longer.
 */
void handshakes_renew(struct handshakes *handshakes, struct settings *settings,
    uint64_t limit_ms);

/*
 * Trust by another index from the next verification on. index: taken, as
 * ipc_trust_map() gave it.
 */
static inline void
handshakes_trust(struct handshakes *handshakes,
    const struct ipc_trust_index *index)
{
	ipc_trust_unmap(&handshakes->trust);
	handshakes->trust = *index;
}

/* loop, events: borrowed; of the settings a reference is taken. */
void handshakes_init(struct handshakes *handshakes, uv_loop_t *loop,
    struct settings *settings, uint64_t limit_ms,
    const struct handshake_events *events, void *context);

/* Abandon all of them, give the settings back and close the timers: they end in the next turns. */
void handshakes_stop(struct handshakes *handshakes);

/* fd: taken; non-blocking. address: borrowed, AF_INET or AF_INET6. */
void handshake_begin(struct handshakes *handshakes, int fd,
    const struct sockaddr_storage *address);

/*
 * Close one to make room, without a word: one that was refused and has had time
 * to read why; or else of the oldest that have sent nothing, one of those that
 * weigh most; or else of those that have made no step for a second. Nobody whose
 * bytes are there and wait for us gives way.
 *
 * address: written: whose it was; AF_UNSPEC if it had been refused before.
 * Returns false if nobody is to give way.
 */
bool handshakes_displace(struct handshakes *handshakes,
    struct sockaddr_storage *address);

/* Is there one that gives way? */
bool handshakes_can_displace(struct handshakes *handshakes);

/* Call on_authenticated again for those that nobody has taken. */
void handshakes_offer(struct handshakes *handshakes);

/*
 * Take an authenticated session; the handshake is over.
 *
 * handover: appended to, as tls_handover_encode(); it holds keys.
 * Returns the socket, which the caller owns from now on. No other copy of the
 * keys stays here, and the event loop does not know the socket any more.
 */
int handshake_take(struct handshake *handshake, struct buffer *handover);

/* Of an authenticated one. */
const struct tls_peer *handshake_peer(const struct handshake *handshake);

#endif
