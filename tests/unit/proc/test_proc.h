/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_TEST_PROC_H
#define SIGNET_TEST_PROC_H

#include <check.h>

TCase *test_chain(void);
TCase *test_child(void);
TCase *test_privileges(void);
TCase *test_role(void);

/* The run function of the only role, "worker". */
struct proc_child;
int toy_run(struct proc_child *child);

#endif
