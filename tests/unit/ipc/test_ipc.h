/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_TEST_IPC_H
#define SIGNET_TEST_IPC_H

#include <check.h>

TCase *test_message(void);
TCase *test_message_denial(void);
TCase *test_message_expiry(void);
TCase *test_message_source(void);
TCase *test_message_retained(void);
TCase *test_message_forward(void);
TCase *test_message_share(void);
TCase *test_channel(void);
TCase *test_channel_limit(void);
TCase *test_control(void);
TCase *test_memory(void);
TCase *test_presence(void);
TCase *test_signing(void);
TCase *test_store(void);
TCase *test_trust_change(void);
TCase *test_trust_index(void);

#endif
