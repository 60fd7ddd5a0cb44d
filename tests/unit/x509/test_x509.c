/* SPDX-License-Identifier: Apache-2.0 */
#include "test_x509.h"

#include <stdlib.h>

int
main(void)
{
	Suite *suite = suite_create("x509");
	SRunner *runner;
	int failed;

	suite_add_tcase(suite, identity_tests());
	suite_add_tcase(suite, pem_tests());
	suite_add_tcase(suite, strict_tests());
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
