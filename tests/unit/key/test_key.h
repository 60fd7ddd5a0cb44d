/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_TEST_KEY_H
#define SIGNET_TEST_KEY_H

#include <check.h>

TCase *keyring_tests(void);
TCase *requests_tests(void);

#endif
