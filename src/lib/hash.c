/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/hash.h"

#include <sys/random.h>

#include <endian.h>
#include <string.h>

#include "lib/log.h"

static struct hash_key process_key;

void
hash_key_init(struct hash_key *key)
{
	if (getrandom(key->bytes, sizeof(key->bytes), 0) !=
	    (ssize_t)sizeof(key->bytes))
		fatal("getrandom: no randomness from the kernel");
}

void
hash_start(void)
{
	hash_key_init(&process_key);
}

static inline uint64_t
rotate(uint64_t word, unsigned int bits)
{
	return word << bits | word >> (64 - bits);
}

/* One load: a loop over bytes took longer than the rounds did. */
static inline uint64_t
load_word(const uint8_t *data)
{
	uint64_t word;

	memcpy(&word, data, sizeof(word));
	return le64toh(word);
}

/* Fewer than 8 bytes, from a position on. */
static inline uint64_t
load_rest(const uint8_t *data, size_t at, size_t len)
{
	uint64_t word = 0;

	for (size_t i = 0; i < len; i++)
		word |= (uint64_t)data[at + i] << (8 * i);
	return word;
}

static inline void
sip_round(uint64_t v[4])
{
	v[0] += v[1];
	v[1] = rotate(v[1], 13) ^ v[0];
	v[0] = rotate(v[0], 32);
	v[2] += v[3];
	v[3] = rotate(v[3], 16) ^ v[2];
	v[0] += v[3];
	v[3] = rotate(v[3], 21) ^ v[0];
	v[2] += v[1];
	v[1] = rotate(v[1], 17) ^ v[2];
	v[2] = rotate(v[2], 32);
}

static inline void
sip_compress(uint64_t v[4], uint64_t word)
{
	v[3] ^= word;
	sip_round(v);
	sip_round(v);
	v[0] ^= word;
}

uint64_t
hash_keyed(const struct hash_key *key, struct bytes view)
{
	uint64_t k0 = load_word(key->bytes);
	uint64_t k1 = load_word(key->bytes + 8);
	uint64_t v[4] = {
		k0 ^ UINT64_C(0x736f6d6570736575),
		k1 ^ UINT64_C(0x646f72616e646f6d),
		k0 ^ UINT64_C(0x6c7967656e657261),
		k1 ^ UINT64_C(0x7465646279746573),
	};
	size_t whole = view.len / 8 * 8;

	for (size_t i = 0; i < whole; i += 8)
		sip_compress(v, load_word(view.data + i));
	sip_compress(v, (uint64_t)view.len << 56 |
			    load_rest(view.data, whole, view.len - whole));
	v[2] ^= 0xff;
	for (int i = 0; i < 4; i++)
		sip_round(v);
	return v[0] ^ v[1] ^ v[2] ^ v[3];
}

unsigned int
hash_home(const uint8_t key[HASH_KEY_LEN], struct bytes name,
    unsigned int count)
{
	struct hash_key home_key;

	memcpy(home_key.bytes, key, HASH_KEY_LEN);
	return (unsigned int)(hash_keyed(&home_key, name) % count);
}

uint64_t
hash_of(struct bytes view)
{
	return hash_keyed(&process_key, view);
}
