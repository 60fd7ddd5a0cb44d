/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "tests.h"

int
main(void)
{
	Suite *suite = suite_create("beat");
	SRunner *runner;
	int failed;

	suite_add_tcase(suite, test_datagram());
	suite_add_tcase(suite, test_key());
	suite_add_tcase(suite, test_offer());
	suite_add_tcase(suite, test_pacer());
	suite_add_tcase(suite, test_window());
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
