/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How much one key may protect.
 *
 * AES-GCM: RFC 8446 s5.5 allows 2^24.5 full-size records. One has 2^14 bytes,
 * which is 2^10 blocks of 16, so the limit is 2^34.5 blocks; it keeps an
 * attacker's advantage below 2^-57. RFC 9325 s4.4 holds TLS 1.2 to the same.
 * A record counts as the blocks of its text, rounded up, and one for its tag.
 * A key is worn at 2^34 blocks, and used up a quarter later, at 2^34.32: in
 * between go the alerts, the KeyUpdate and what is already on its way.
 *
 * ChaCha20-Poly1305 has no limit but the sequence number (s5.5), which never
 * wraps (s5.3, RFC 5246 s6.1); its last numbers are kept for the same.
 */
#ifndef SIGNET_TLS_KEY_LIMIT_H
#define SIGNET_TLS_KEY_LIMIT_H

#include "tls/key_schedule.h"

#define TLS_BLOCKS_WORN    (UINT64_C(1) << 34)
#define TLS_BLOCKS_MAX     (TLS_BLOCKS_WORN + TLS_BLOCKS_WORN / 4)
#define TLS_SEQUENCE_MAX   UINT64_MAX
#define TLS_SEQUENCE_WORN  (TLS_SEQUENCE_MAX - 2000000)
#define TLS_AEAD_BLOCK_LEN 16

/* No more application data under this key: change it, or close. */
bool tls_key_is_worn(const struct tls_suite *suite,
    const struct tls_direction *direction);

/* No more records at all. */
bool tls_key_is_used_up(const struct tls_suite *suite,
    const struct tls_direction *direction);

/* A record with text_len bytes of text was protected under this key. */
void tls_key_count(struct tls_direction *direction, size_t text_len);

#endif
