/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_TEST_RELOAD_H
#define SIGNET_TEST_RELOAD_H

#include <check.h>

TCase *test_reload(void);

#endif
