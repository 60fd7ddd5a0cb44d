/* SPDX-License-Identifier: Apache-2.0 */
/*
 * This program is executed again as the store itself: see rig.h.
 */
#include <stdlib.h>

#include "proc/child.h"
#include "store/store.h"
#include "tests.h"

static unsigned int
count(const struct config *config)
{
	(void)config;
	return 1;
}

const struct role role_table[] = {
	{ .id = IPC_ROLE_STORE,
	    .name = "store",
	    .count = count,
	    .peers = IPC_ROLE_WORKER,
	    .is_last = true,
	    .needs = { .calls = ROLE_NEEDS_FILES | ROLE_NEEDS_THREADS },
	    .prepare = store_prepare,
	    .run = store_run },
	{ .name = NULL },
};

int
main(int argc, char **argv)
{
	SRunner *runner;
	Suite *suite;
	int failed;

	if (argc == 3 && strcmp(argv[0], "signetd:") == 0)
		return proc_child_main(role_find_by_name(argv[1]), 0);
	suite = suite_create("store");
	suite_add_tcase(suite, test_reference());
	suite_add_tcase(suite, test_row());
	suite_add_tcase(suite, test_writer());
	suite_add_tcase(suite, test_log_ahead());
	suite_add_tcase(suite, test_log_zeros());
	suite_add_tcase(suite, test_store());
	suite_add_tcase(suite, test_owner());
	suite_add_tcase(suite, test_sweep());
	suite_add_tcase(suite, test_fault());
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
