/* SPDX-License-Identifier: Apache-2.0 */
#include "tls/aead.h"

#include "lib/log.h"

/* Fastest first; the last one runs everywhere. */
static const struct tls_aead_backend *const backends[] = {
#ifdef HAVE_IPSEC_MB
	&tls_aead_ipsec_mb,
#endif
	&tls_aead_mbedtls,
};

static const struct tls_aead_backend *chosen;

bool
tls_aead_start_with(const struct tls_aead_backend *backend)
{
	if (!backend->start())
		return false;
	chosen = backend;
	return true;
}

void
tls_aead_start(void)
{
	size_t i;

	for (i = 0; i < sizeof(backends) / sizeof(backends[0]); i++) {
		if (tls_aead_start_with(backends[i]))
			return;
	}
	fatal("no library can protect TLS records on this machine");
}

const char *
tls_aead_name(void)
{
	return chosen == NULL ? "none" : chosen->name;
}

struct tls_aead *
tls_aead_new(enum tls_aead_algorithm algorithm, const uint8_t *key)
{
	if (chosen == NULL)
		panic("tls_aead_start() comes before the first record");
	return chosen->new (algorithm, key);
}

void
tls_aead_free(struct tls_aead **aead)
{
	if (*aead != NULL)
		chosen->free(*aead);
	*aead = NULL;
}

void
tls_aead_seal(struct tls_aead *aead, const uint8_t *nonce,
    struct bytes associated, struct bytes plaintext, uint8_t *out)
{
	chosen->seal(aead, nonce, associated, plaintext, out);
}

bool
tls_aead_open(struct tls_aead *aead, const uint8_t *nonce,
    struct bytes associated, const uint8_t *text, size_t len, uint8_t *out)
{
	return chosen->open(aead, nonce, associated, text, len, out);
}
