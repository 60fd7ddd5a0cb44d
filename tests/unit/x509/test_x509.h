/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_TESTS_X509_TEST_X509_H
#define SIGNET_TESTS_X509_TEST_X509_H

#include <check.h>

#include "lib/bytes.h"

/* BYTES_LITERAL() for tables, where it has to be a constant. */
#define CONSTANT(text)                                                         \
	{                                                                      \
		(const uint8_t *)(text), sizeof(text) - 1                      \
	}

TCase *identity_tests(void);
TCase *pem_tests(void);
TCase *strict_tests(void);

#endif
