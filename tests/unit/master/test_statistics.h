/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_TEST_STATISTICS_H
#define SIGNET_TEST_STATISTICS_H

#include <check.h>

TCase *test_statistics(void);

#endif
