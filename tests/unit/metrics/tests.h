/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_TESTS_UNIT_METRICS_TESTS_H
#define SIGNET_TESTS_UNIT_METRICS_TESTS_H

#include <check.h>

TCase *test_page(void);
TCase *test_state(void);

#endif
