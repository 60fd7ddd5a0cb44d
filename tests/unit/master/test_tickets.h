/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_TEST_TICKETS_H
#define SIGNET_TEST_TICKETS_H

#include <check.h>

TCase *test_tickets(void);

#endif
