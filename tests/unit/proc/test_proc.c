/* SPDX-License-Identifier: Apache-2.0 */
#include "test_proc.h"

#include <stdlib.h>

#include "proc/child.h"

static unsigned int
count(const struct config *config)
{
	return config->processes.workers;
}

const struct role role_table[] = {
	{ .id = IPC_ROLE_WORKER,
	    .name = "worker",
	    .count = count,
	    .peers = IPC_ROLE_WORKER,
	    .run = toy_run },
	{ .name = NULL },
};

int
main(int argc, char **argv)
{
	SRunner *runner;
	Suite *suite;
	int failed;

	if (argc == 3 && strcmp(argv[0], "signetd:") == 0)
		return proc_child_main(role_find_by_name(argv[1]),
		    (uint16_t)atoi(argv[2]));
	suite = suite_create("proc");
	suite_add_tcase(suite, test_role());
	suite_add_tcase(suite, test_privileges());
	suite_add_tcase(suite, test_chain());
	suite_add_tcase(suite, test_child());
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
