/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_TEST_STORE_H
#define SIGNET_TEST_STORE_H

#include <check.h>

TCase *test_fault(void);
TCase *test_log_ahead(void);
TCase *test_log_zeros(void);
TCase *test_owner(void);
TCase *test_reference(void);
TCase *test_row(void);
TCase *test_store(void);
TCase *test_sweep(void);
TCase *test_writer(void);

#endif
