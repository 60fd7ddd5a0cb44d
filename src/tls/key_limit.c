/* SPDX-License-Identifier: Apache-2.0 */
#include "tls/key_limit.h"

static bool
is_gcm(const struct tls_suite *suite)
{
	return suite->algorithm != TLS_AEAD_CHACHA20_POLY1305;
}

bool
tls_key_is_worn(const struct tls_suite *suite,
    const struct tls_direction *direction)
{
	if (direction->sequence_number >= TLS_SEQUENCE_WORN)
		return true;
	return is_gcm(suite) && direction->protected_blocks >= TLS_BLOCKS_WORN;
}

bool
tls_key_is_used_up(const struct tls_suite *suite,
    const struct tls_direction *direction)
{
	if (direction->sequence_number == TLS_SEQUENCE_MAX)
		return true;
	return is_gcm(suite) && direction->protected_blocks >= TLS_BLOCKS_MAX;
}

void
tls_key_count(struct tls_direction *direction, size_t text_len)
{
	direction->sequence_number += 1;
	direction->protected_blocks += 1 + (text_len + TLS_AEAD_BLOCK_LEN - 1) /
					       TLS_AEAD_BLOCK_LEN;
}
