/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_TESTS_WEBSOCKET_TESTS_H
#define SIGNET_TESTS_WEBSOCKET_TESTS_H

#include <check.h>

TCase *test_frame(void);
TCase *test_handover(void);
TCase *test_stream(void);
TCase *test_upgrade(void);

/* BYTES_LITERAL() for tables with static storage. */
#define CONSTANT(text)                                                         \
	{                                                                      \
		(const uint8_t *)(text), sizeof(text) - 1                      \
	}

#endif
