/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_TESTS_UNIT_LIB_TESTS_H
#define SIGNET_TESTS_UNIT_LIB_TESTS_H

#include <check.h>

TCase *test_address(void);
TCase *test_buffer(void);
TCase *test_bytes(void);
TCase *test_clock(void);
TCase *test_descriptor(void);
TCase *test_fields(void);
TCase *test_hash(void);
TCase *test_index(void);
TCase *test_library(void);
TCase *test_log(void);
TCase *test_log_journal(void);
TCase *test_log_json(void);
TCase *test_log_repeats(void);
TCase *test_log_words(void);
TCase *test_memory(void);
TCase *test_pack(void);
TCase *test_pool(void);
TCase *test_row(void);
TCase *test_table(void);

#endif
