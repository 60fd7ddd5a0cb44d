/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The datagrams of the heartbeat (docs/heartbeat.md): a question of the client
 * and the server's answer, of one size.
 */
#ifndef SIGNET_BEAT_DATAGRAM_H
#define SIGNET_BEAT_DATAGRAM_H

#include "beat/key.h"

#define BEAT_VERSION      1
#define BEAT_DATAGRAM_LEN 48

/* Where in the datagram the byte is that says which worker it is for: the
 * first of the handle. */
#define BEAT_WORKER_AT 4

enum beat_kind {
	BEAT_QUESTION = 1,
	BEAT_ANSWER = 2,
};

/* In an answer; the others are 0. */
enum beat_flag {
	BEAT_MESSAGES_WAIT = 1 << 0,
	BEAT_GOING_AWAY = 1 << 1,
	BEAT_NEW_KEY = 1 << 2, /* it was sent in the session: use it */
};

struct beat_datagram {
	enum beat_kind kind;
	uint8_t flags;
	uint8_t key_number;
	uint64_t handle;
	uint64_t sequence; /* 1.. */
	uint64_t clock;    /* the client's, whatever its unit is */
	/* In an answer: when the session ends, if nothing more comes. */
	uint32_t patience_ms;
};

/* The handle of a datagram for a worker: 56 random bits behind its number. */
static inline uint64_t
beat_handle(uint8_t worker, uint64_t random)
{
	return (uint64_t)worker << 56 | random >> 8;
}

static inline uint8_t
beat_handle_worker(uint64_t handle)
{
	return (uint8_t)(handle >> 56);
}

/* Where its tag is, over all that stands before it. */
#define BEAT_TAG_AT (BEAT_DATAGRAM_LEN - BEAT_TAG_LEN)

/* Write a datagram but for its tag. out: BEAT_DATAGRAM_LEN bytes. */
void beat_datagram_put(const struct beat_datagram *datagram, uint8_t *out);

/* Write a datagram and its tag. out: BEAT_DATAGRAM_LEN bytes. */
void beat_datagram_encode(const struct beat_datagram *datagram,
    const struct beat_key *key, uint8_t *out);

/*
 * Read what is claimed: nothing of it is proved before
 * beat_datagram_is_authentic().
 *
 * Returns 0; -EBADMSG if the length, version, kind, flags or sequence number
 * is none of this protocol.
 */
int beat_datagram_decode(struct bytes in, struct beat_datagram *datagram);

/* in: what beat_datagram_decode() has taken. */
bool beat_datagram_is_authentic(struct bytes in, const struct beat_key *key);

#endif
