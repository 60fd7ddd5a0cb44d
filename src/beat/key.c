/* SPDX-License-Identifier: Apache-2.0 */
#include "beat/key.h"

static const struct beat_key_backend *chosen = &beat_key_mbedtls;

bool
beat_key_start_with(const struct beat_key_backend *backend)
{
	if (!backend->start())
		return false;
	if (chosen != backend)
		chosen->stop();
	chosen = backend;
	return true;
}

void
beat_key_stop(void)
{
	(void)beat_key_start_with(&beat_key_mbedtls); /* which has nothing */
}

void
beat_key_init(struct beat_key *key, const uint8_t *secret)
{
	chosen->init(key, secret);
}

void
beat_key_wipe(struct beat_key *key)
{
	chosen->wipe(key);
}

void
beat_tags_make(const struct beat_tag *tags, size_t count)
{
	chosen->make_tags(tags, count);
}

void
beat_key_tag(const struct beat_key *key, struct bytes data,
    uint8_t tag[BEAT_TAG_LEN])
{
	const struct beat_tag one = { key, data, tag };

	chosen->make_tags(&one, 1);
}

bool
beat_tag_is_equal(const uint8_t *a, const uint8_t *b)
{
	volatile uint8_t difference = 0;

	for (size_t i = 0; i < BEAT_TAG_LEN; i++)
		difference = (uint8_t)(difference | (a[i] ^ b[i]));
	return difference == 0;
}

bool
beat_key_check(const struct beat_key *key, struct bytes data,
    const uint8_t tag[BEAT_TAG_LEN])
{
	uint8_t expected[BEAT_TAG_LEN];

	beat_key_tag(key, data, expected);
	return beat_tag_is_equal(expected, tag);
}
