/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "tests.h"

int
main(void)
{
	Suite *suite = suite_create("lib");
	SRunner *runner;
	int failed;

	suite_add_tcase(suite, test_address());
	suite_add_tcase(suite, test_buffer());
	suite_add_tcase(suite, test_bytes());
	suite_add_tcase(suite, test_clock());
	suite_add_tcase(suite, test_descriptor());
	suite_add_tcase(suite, test_fields());
	suite_add_tcase(suite, test_hash());
	suite_add_tcase(suite, test_index());
	suite_add_tcase(suite, test_library());
	suite_add_tcase(suite, test_log());
	suite_add_tcase(suite, test_log_journal());
	suite_add_tcase(suite, test_log_json());
	suite_add_tcase(suite, test_log_repeats());
	suite_add_tcase(suite, test_log_words());
	suite_add_tcase(suite, test_memory());
	suite_add_tcase(suite, test_pack());
	suite_add_tcase(suite, test_pool());
	suite_add_tcase(suite, test_row());
	suite_add_tcase(suite, test_table());
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
