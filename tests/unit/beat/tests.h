/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_TESTS_BEAT_TESTS_H
#define SIGNET_TESTS_BEAT_TESTS_H

#include <check.h>

TCase *test_datagram(void);
TCase *test_key(void);
TCase *test_offer(void);
TCase *test_pacer(void);
TCase *test_window(void);

#endif
