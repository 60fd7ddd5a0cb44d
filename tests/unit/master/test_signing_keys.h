/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_TEST_SIGNING_KEYS_H
#define SIGNET_TEST_SIGNING_KEYS_H

#include <check.h>

TCase *test_signing_keys(void);

#endif
