/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the server tells a client in its session, as JSON: how to beat, or that
 * there are no heartbeats any more.
 */
#ifndef SIGNET_BEAT_OFFER_H
#define SIGNET_BEAT_OFFER_H

#include "beat/key.h"

#define BEAT_TOPIC_PREFIX "$signet/heartbeat/"

/* Longer than any that is written. */
#define BEAT_OFFER_MAX 320

struct beat_offer {
	bool is_ended; /* nothing else holds then */
	uint16_t port;
	uint64_t handle;
	uint8_t key_number;
	uint8_t key[BEAT_KEY_LEN];
	uint32_t interval_ms;
	uint8_t misses;
};

/* Write it; out has BEAT_OFFER_MAX bytes. Returns the length. The caller wipes
 * what it does not send. */
size_t beat_offer_encode(const struct beat_offer *offer, char *out);

/* Read one. Returns 0; -EBADMSG if it is none of version 1. */
int beat_offer_decode(struct bytes in, struct beat_offer *offer);

/*
 * The interval that a topic filter asks for.
 *
 * Returns 0; -ENOENT if it is not below BEAT_TOPIC_PREFIX; -EINVAL if it is,
 * but no interval of 1..3600000 without a leading zero stands behind.
 */
int beat_topic_interval(struct bytes topic_filter, uint32_t *interval_ms);

#endif
