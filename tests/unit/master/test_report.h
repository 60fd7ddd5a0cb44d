/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_TEST_REPORT_H
#define SIGNET_TEST_REPORT_H

#include <check.h>

TCase *test_report(void);

#endif
