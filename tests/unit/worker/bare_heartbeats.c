/* SPDX-License-Identifier: Apache-2.0 */
#include "bare_heartbeats.h"

#include <stdlib.h>
#include <string.h>

#include <mbedtls/md.h>

#include "lib/memory.h"

#define NOW_MS   1000
#define UNTIL_MS 61000
#define HMAC_LEN 32

void
bare_heartbeats_secret(unsigned int which, bool is_old,
    uint8_t secret[BEAT_KEY_LEN])
{
	memset(secret, (int)(1 + 2 * which + is_old), BEAT_KEY_LEN);
}

static uint64_t
handle_of(unsigned int which)
{
	return beat_handle(0, UINT64_C(0x0102030405060700) * (which + 1));
}

static void
init_one(struct bare_heartbeats *bare, unsigned int which)
{
	struct heartbeat *heartbeat = &bare->each[which];
	uint8_t secret[BEAT_KEY_LEN];

	bare->connections[which].worker = &bare->worker;
	bare->connections[which].heartbeat = heartbeat;
	heartbeat->connection = &bare->connections[which];
	heartbeat->is_on = true;
	heartbeat->key_number = BARE_KEY_NUMBER;
	heartbeat->misses = 3;
	heartbeat->interval_ms = 1000;
	heartbeat->handle = handle_of(which);
	heartbeat->renew_at_ms = UNTIL_MS;
	heartbeat->old_until_ms = UNTIL_MS;
	bare_heartbeats_secret(which, false, secret);
	beat_key_init(&heartbeat->key, secret);
	bare_heartbeats_secret(which, true, secret);
	heartbeat->old_key = memory_new(1, sizeof(*heartbeat->old_key));
	beat_key_init(heartbeat->old_key, secret);
	HASH_ADD(hh, bare->heartbeats.by_handle, handle,
	    sizeof(heartbeat->handle), heartbeat);
}

bool
bare_heartbeats_init(struct bare_heartbeats *bare,
    const struct beat_key_backend *backend)
{
	if (!beat_key_start_with(backend))
		return false;
	memset(bare, 0, sizeof(*bare));
	bare->child.loop.time = NOW_MS; /* it does not run */
	bare->worker.child = &bare->child;
	bare->worker.heartbeats = &bare->heartbeats;
	bare->heartbeats.worker = &bare->worker;
	deadline_wheel_init(&bare->heartbeats.deadlines, 50, NOW_MS);
	for (unsigned int i = 0; i < BARE_HEARTBEATS; i++)
		init_one(bare, i);
	return true;
}

void
bare_heartbeats_done(struct bare_heartbeats *bare)
{
	for (unsigned int i = 0; i < BARE_HEARTBEATS; i++) {
		struct heartbeat *heartbeat = &bare->each[i];

		HASH_DELETE(hh, bare->heartbeats.by_handle, heartbeat);
		deadline_clear(&heartbeat->deadline);
		heartbeat_forget_old_key(heartbeat);
		beat_key_wipe(&heartbeat->key);
	}
	(void)beat_key_start_with(&beat_key_mbedtls);
}

static void
make_tag(unsigned int which, bool is_old, const uint8_t *datagram,
    uint8_t tag[HMAC_LEN])
{
	uint8_t secret[BEAT_KEY_LEN];

	bare_heartbeats_secret(which, is_old, secret);
	if (mbedtls_md_hmac(mbedtls_md_info_from_type(MBEDTLS_MD_SHA256),
		secret, sizeof(secret), datagram, BEAT_TAG_AT, tag) != 0)
		abort();
}

void
bare_heartbeats_ask(unsigned int which, bool is_old, uint64_t sequence,
    uint8_t out[BEAT_DATAGRAM_LEN])
{
	const struct beat_datagram question = {
		.kind = BEAT_QUESTION,
		.key_number = (uint8_t)(BARE_KEY_NUMBER - is_old),
		.handle = handle_of(which),
		.sequence = sequence,
		.clock = ~sequence,
	};
	uint8_t tag[HMAC_LEN];

	beat_datagram_put(&question, out);
	make_tag(which, is_old, out, tag);
	memcpy(out + BEAT_TAG_AT, tag, BEAT_TAG_LEN);
}

bool
bare_heartbeats_is_tagged(unsigned int which, bool is_old,
    const uint8_t datagram[BEAT_DATAGRAM_LEN])
{
	uint8_t tag[HMAC_LEN];

	make_tag(which, is_old, datagram, tag);
	return memcmp(tag, datagram + BEAT_TAG_AT, BEAT_TAG_LEN) == 0;
}
