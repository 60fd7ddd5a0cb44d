/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_TEST_FOLDER_H
#define SIGNET_TEST_FOLDER_H

#include <check.h>

TCase *test_folder(void);

#endif
