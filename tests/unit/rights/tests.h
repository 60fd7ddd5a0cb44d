/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_TESTS_UNIT_RIGHTS_TESTS_H
#define SIGNET_TESTS_UNIT_RIGHTS_TESTS_H

#include <check.h>

TCase *test_filter(void);
TCase *test_filter_row(void);
TCase *test_pattern(void);
TCase *test_rights(void);
TCase *test_role(void);

#endif
