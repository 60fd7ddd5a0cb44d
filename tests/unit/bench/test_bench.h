/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_TEST_BENCH_H
#define SIGNET_TEST_BENCH_H

#include <check.h>

TCase *test_disk_usage(void);
TCase *test_flight(void);
TCase *test_histogram(void);
TCase *test_options(void);
TCase *test_process_tree(void);
TCase *test_report(void);
TCase *test_stream(void);
TCase *test_topics(void);
TCase *test_window(void);

#endif
