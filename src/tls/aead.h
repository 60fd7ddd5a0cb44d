/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The three AEADs of our cipher suites, over a library's primitives: Intel's
 * multi-buffer library where the build has it and the processor is fit for it,
 * else mbedTLS.
 */
#ifndef SIGNET_TLS_AEAD_H
#define SIGNET_TLS_AEAD_H

#include "tls/tls.h"

enum tls_aead_algorithm {
	TLS_AEAD_AES_128_GCM,
	TLS_AEAD_AES_256_GCM,
	TLS_AEAD_CHACHA20_POLY1305,
};

#define TLS_AEAD_NONCE_LEN 12
#define TLS_AEAD_TAG_LEN   16

/* An expanded key: about a kilobyte, so that idle connections have none. */
struct tls_aead;

/* One way to compute them; the tests run each of them. */
struct tls_aead_backend {
	const char *name;
	/* Prepare the process; false if this machine cannot. */
	bool (*start)(void);
	struct tls_aead *(
	    *new)(enum tls_aead_algorithm algorithm, const uint8_t *key);
	void (*free)(struct tls_aead *aead);
	/* out: plaintext.len + TLS_AEAD_TAG_LEN bytes; may be plaintext.data */
	void (*seal)(struct tls_aead *aead, const uint8_t *nonce,
	    struct bytes associated, struct bytes plaintext, uint8_t *out);
	/*
	 * len without the tag, which follows text. out: len bytes, wiped if
	 * the answer is false (it is forged); may be text.
	 */
	bool (*open)(struct tls_aead *aead, const uint8_t *nonce,
	    struct bytes associated, const uint8_t *text, size_t len,
	    uint8_t *out);
};

extern const struct tls_aead_backend tls_aead_mbedtls;
#ifdef HAVE_IPSEC_MB
extern const struct tls_aead_backend tls_aead_ipsec_mb;
#endif

/* Choose the fastest back end; once per process, before any record. */
void tls_aead_start(void);

/* Choose one, for tests. False if this machine cannot run it. */
bool tls_aead_start_with(const struct tls_aead_backend *backend);

/* The name of the one in use, for the log. */
const char *tls_aead_name(void);

/*
 * Expand a key.
 *
 * key: borrowed, as long as the algorithm's.
 * Returned: free with tls_aead_free(), which wipes it and takes NULL.
 */
struct tls_aead *tls_aead_new(enum tls_aead_algorithm algorithm,
    const uint8_t *key);
void tls_aead_free(struct tls_aead **aead);

/* As the back end's seal and open. */
void tls_aead_seal(struct tls_aead *aead, const uint8_t *nonce,
    struct bytes associated, struct bytes plaintext, uint8_t *out);
bool tls_aead_open(struct tls_aead *aead, const uint8_t *nonce,
    struct bytes associated, const uint8_t *text, size_t len, uint8_t *out);

#endif
