/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a handshake is made of, and what its parts know of each other: its way
 * (handshake.c), its refusal (handshake_refuse.c) and all of them together
 * (handshakes.c).
 */
#ifndef SIGNET_GATE_HANDSHAKE_INTERNAL_H
#define SIGNET_GATE_HANDSHAKE_INTERNAL_H

#include "gate/export.h"
#include "gate/framing.h"
#include "gate/handshake.h"
#include "gate/verify.h"

/* A refused client has this long to read the alert and go. */
#define DRAIN_MS 1000

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
	/* In which of the lists of those that wait for their client: NULL if in
	 * none. */
	struct handshake_list *waits_in;
	TAILQ_ENTRY(handshake) waiting;
	uint64_t step_ms;  /* when it made its last step */
	size_t step_count; /* records that had come by then */
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

/* Watch the socket for what it waits for. */
void handshake_watch(struct handshake *handshake);

/* Let mbedTLS's part and the secrets go. */
void handshake_free_ssl(struct handshake *handshake);

/* Leave everything but the socket, which is closed or was given away. */
void handshake_end(struct handshake *handshake);
void handshake_end_and_close(struct handshake *handshake);

/* library_error: what mbedTLS said, 0 if it is not its verdict. */
void handshake_refuse(struct handshake *handshake, enum refusal_reason reason,
    const char *detail, int library_error);
/* Refuse it for what mbedtls_ssl_handshake() returned. */
void handshake_refuse_error(struct handshake *handshake, int error);

/* The socket of one that was refused is ready. */
void handshake_drain(struct handshake *handshake);

/* Have the timer ring at this time at the latest. */
void handshakes_need_timer(struct handshakes *handshakes, uint64_t deadline_ms);

/* It waits for its client from now on, and has made a step or has not; or does
 * not wait any more. handshake_room.c */
void handshake_wait(struct handshake *handshake);
void handshake_wait_no_more(struct handshake *handshake);

/* One has ended: when it was the last, memory goes back after a while. */
void handshakes_left(struct handshakes *handshakes);

#endif
