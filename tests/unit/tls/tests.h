/* SPDX-License-Identifier: Apache-2.0 */
/* One test case per file of src/tls. */
#ifndef SIGNET_TEST_TLS_TESTS_H
#define SIGNET_TEST_TLS_TESTS_H

#include <check.h>

TCase *test_aead(void);
TCase *test_handover(void);
TCase *test_key_limit(void);
TCase *test_key_schedule(void);
TCase *test_post_handshake(void);
TCase *test_record(void);
TCase *test_record_1_2(void);
TCase *test_record_1_3(void);
TCase *test_ticket(void);
TCase *test_tls(void);

#endif
