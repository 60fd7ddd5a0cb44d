/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_TESTS_GATE_TEST_GATE_H
#define SIGNET_TESTS_GATE_TEST_GATE_H

#include <check.h>

#include "lib/bytes.h"

/* BYTES_LITERAL() for tables, where it has to be a constant. */
#define CONSTANT(text)                                                         \
	{                                                                      \
		(const uint8_t *)(text), sizeof(text) - 1                      \
	}

TCase *acceptor_tests(void);
TCase *admission_tests(void);
TCase *complaints_tests(void);
TCase *credentials_tests(void);
TCase *descriptors_tests(void);
TCase *framing_tests(void);
TCase *handshake_tests(void);
TCase *refusal_tests(void);
TCase *resumption_tests(void);
TCase *room_tests(void);
TCase *sources_tests(void);
TCase *tally_tests(void);
TCase *effort_tests(void);
TCase *verify_tests(void);

#endif
