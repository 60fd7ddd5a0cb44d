/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The choice is a file of its own, so that a program that is content with
 * mbedTLS needs no other library.
 */
#include "beat/key.h"

void
beat_key_start(void)
{
#ifdef HAVE_IPSEC_MB
	if (beat_key_start_with(&beat_key_ipsec_mb))
		return;
#endif
	(void)beat_key_start_with(&beat_key_mbedtls);
}
