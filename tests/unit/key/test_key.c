/* SPDX-License-Identifier: Apache-2.0 */
#include "test_key.h"

#include <stdlib.h>

int
main(void)
{
	Suite *suite = suite_create("key");
	SRunner *runner;
	int failed;

	suite_add_tcase(suite, keyring_tests());
	suite_add_tcase(suite, requests_tests());
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
