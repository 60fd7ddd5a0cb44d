/* SPDX-License-Identifier: Apache-2.0 */
#include "tls/ticket.h"

#include <errno.h>
#include <string.h>

void
tls_ticket_seal(const struct tls_ticket_keys *keys, const uint8_t *nonce,
    struct bytes content, uint8_t *out)
{
	const struct tls_ticket_key *key = &keys->keys[0];
	struct tls_aead *aead = tls_aead_new(TLS_AEAD_AES_256_GCM, key->key);

	memcpy(out, key->name, TLS_TICKET_NAME_LEN);
	out += TLS_TICKET_NAME_LEN;
	memcpy(out, nonce, TLS_AEAD_NONCE_LEN);
	out += TLS_AEAD_NONCE_LEN;
	tls_aead_seal(aead, nonce, bytes_of(key->name, TLS_TICKET_NAME_LEN),
	    content, out);
	tls_aead_free(&aead);
}

static const struct tls_ticket_key *
key_find(const struct tls_ticket_keys *keys, const uint8_t *name)
{
	for (size_t i = 0; i < keys->count; i++)
		if (memcmp(keys->keys[i].name, name, TLS_TICKET_NAME_LEN) == 0)
			return &keys->keys[i];
	return NULL;
}

int
tls_ticket_open(const struct tls_ticket_keys *keys, uint8_t *ticket, size_t len,
    struct bytes *content)
{
	const struct tls_ticket_key *key;
	const uint8_t *nonce = ticket + TLS_TICKET_NAME_LEN;
	struct tls_aead *aead;
	uint8_t *text;
	bool is_genuine;

	if (len < TLS_TICKET_OVERHEAD)
		return -EBADMSG;
	key = key_find(keys, ticket);
	if (key == NULL)
		return -ENOENT;
	text = ticket + TLS_TICKET_NAME_LEN + TLS_AEAD_NONCE_LEN;
	len -= TLS_TICKET_OVERHEAD;
	aead = tls_aead_new(TLS_AEAD_AES_256_GCM, key->key);
	is_genuine = tls_aead_open(aead, nonce,
	    bytes_of(key->name, TLS_TICKET_NAME_LEN), text, len, text);
	tls_aead_free(&aead);
	if (!is_genuine)
		return -EBADMSG;
	*content = bytes_of(text, len);
	return 0;
}
