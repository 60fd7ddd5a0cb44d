/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The beats of signet-beat: questions, answers, and what they tell.
 */
#ifndef SIGNET_BEATCTL_PULSE_H
#define SIGNET_BEATCTL_PULSE_H

#include <sys/socket.h>

#include "beat/datagram.h"
#include "beat/offer.h"
#include "beat/pacer.h"
#include "beat/window.h"

struct pulse {
	int fd;
	struct beat_offer offer;
	struct beat_key key;
	struct beat_key old_key; /* until the new one has had an answer */
	bool has_old_key;
	struct beat_pacer pacer;
	struct beat_window answered;
	uint64_t sequence;
	uint64_t asked_ms; /* in the session, too; 0: not, or it is answered */
	/* What has been seen. */
	uint64_t sent, received, dropped;
	uint64_t least_us, most_us, sum_us, last_us;
	uint8_t flags;        /* of the last answer */
	uint32_t patience_ms; /* the server's */
};

/* Zeroed, with fd -1, is a pulse that has had no offer. */

/*
 * Do as an offer says.
 *
 * server: the address that TCP is connected to. Returns 0 or -errno.
 */
int pulse_begin(struct pulse *pulse, const struct beat_offer *offer,
    const struct sockaddr_storage *server, socklen_t server_len,
    uint64_t now_us);

/* Send a question if it is time. */
void pulse_turn(struct pulse *pulse, uint64_t now_us);

/* Take the answers that have come; returns how many were good. */
unsigned int pulse_receive(struct pulse *pulse, uint64_t now_us);

/* The server has answered in the session: it is there, and has heard. */
void pulse_heard(struct pulse *pulse, uint64_t now_us);

/* Has nothing come for so long that the server is to be asked in the session as
 * well, now? */
bool pulse_is_in_doubt(struct pulse *pulse, uint64_t now_us);

/* Is the server, or the way to it, gone? It has answered neither here nor
 * there. */
bool pulse_is_over(const struct pulse *pulse, uint64_t now_us);

/* Send no more. */
void pulse_end(struct pulse *pulse);

#endif
