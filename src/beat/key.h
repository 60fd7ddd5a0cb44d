/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The key of a heartbeat, and the tags that are made with it: HMAC-SHA-256
 * (RFC 2104, FIPS 180-4) cut to 128 bits (RFC 2104 s5). A library computes
 * them: mbedTLS one by one, or, where beat_key_start() finds it, Intel's
 * multi-buffer library many at once.
 */
#ifndef SIGNET_BEAT_KEY_H
#define SIGNET_BEAT_KEY_H

#include <stdbool.h>
#include <stdint.h>

#include <mbedtls/sha256.h>

#include "lib/bytes.h"

#define BEAT_KEY_LEN 32
#define BEAT_TAG_LEN 16

/* A key that is ready for use: both pads are hashed already, which is half of
 * the work for a datagram. */
struct beat_key {
	union {
		struct {
			mbedtls_sha256_context inner, outer;
		} context;
		struct {
			uint32_t inner[8], outer[8];
		} state;
	} of;
};

/* A tag that is to be made. */
struct beat_tag {
	const struct beat_key *key;
	struct bytes data;
	uint8_t *out; /* BEAT_TAG_LEN bytes */
};

/* One way to compute them; the tests run each of them. */
struct beat_key_backend {
	const char *name;
	/* Prepare the process; false if this machine cannot. */
	bool (*start)(void);
	void (*stop)(void); /* give back what start() has got */
	void (*init)(struct beat_key *key, const uint8_t *secret);
	void (*wipe)(struct beat_key *key);
	void (*make_tags)(const struct beat_tag *tags, size_t count);
};

extern const struct beat_key_backend beat_key_mbedtls;
#ifdef HAVE_IPSEC_MB
extern const struct beat_key_backend beat_key_ipsec_mb;
#endif

/* Choose the fastest; before any key. Without it mbedTLS does all. */
void beat_key_start(void);

/* Choose one, while there is no key. False if this machine cannot run it. */
bool beat_key_start_with(const struct beat_key_backend *backend);

/* There is no key any more: give back what the choice has got. */
void beat_key_stop(void);

/* secret: BEAT_KEY_LEN bytes, borrowed; the caller wipes its copy. */
void beat_key_init(struct beat_key *key, const uint8_t *secret);

/* Wipe it; one that is all zero is allowed. */
void beat_key_wipe(struct beat_key *key);

/* Make many tags: the more at once, the less for each. */
void beat_tags_make(const struct beat_tag *tags, size_t count);

/* The tag of data under the key. */
void beat_key_tag(const struct beat_key *key, struct bytes data,
    uint8_t tag[BEAT_TAG_LEN]);

/* Are they the same? Takes the same time whichever bytes differ. */
bool beat_tag_is_equal(const uint8_t *a, const uint8_t *b);

/* Is this its tag? As beat_tag_is_equal(). */
bool beat_key_check(const struct beat_key *key, struct bytes data,
    const uint8_t tag[BEAT_TAG_LEN]);

#endif
