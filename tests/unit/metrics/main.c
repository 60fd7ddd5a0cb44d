/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "tests.h"

int
main(void)
{
	Suite *suite = suite_create("metrics");
	SRunner *runner;
	int failed;

	suite_add_tcase(suite, test_page());
	suite_add_tcase(suite, test_state());
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
