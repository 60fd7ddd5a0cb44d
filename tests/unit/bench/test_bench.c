/* SPDX-License-Identifier: Apache-2.0 */
#include "test_bench.h"

#include <stdlib.h>

int
main(void)
{
	Suite *suite = suite_create("bench");
	SRunner *runner;
	int failed;

	suite_add_tcase(suite, test_disk_usage());
	suite_add_tcase(suite, test_flight());
	suite_add_tcase(suite, test_histogram());
	suite_add_tcase(suite, test_options());
	suite_add_tcase(suite, test_process_tree());
	suite_add_tcase(suite, test_report());
	suite_add_tcase(suite, test_stream());
	suite_add_tcase(suite, test_topics());
	suite_add_tcase(suite, test_window());
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
