/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "lib/hash.h"
#include "tests.h"

int
main(void)
{
	Suite *suite = suite_create("rights");
	SRunner *runner;
	int failed;

	hash_start();
	suite_add_tcase(suite, test_filter());
	suite_add_tcase(suite, test_filter_row());
	suite_add_tcase(suite, test_pattern());
	suite_add_tcase(suite, test_role());
	suite_add_tcase(suite, test_rights());
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
