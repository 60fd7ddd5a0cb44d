/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "tests.h"

int
main(void)
{
	Suite *suite = suite_create("tls");
	SRunner *runner;
	int failed_count;

	suite_add_tcase(suite, test_tls());
	suite_add_tcase(suite, test_aead());
	suite_add_tcase(suite, test_key_schedule());
	suite_add_tcase(suite, test_key_limit());
	suite_add_tcase(suite, test_record());
	suite_add_tcase(suite, test_record_1_2());
	suite_add_tcase(suite, test_record_1_3());
	suite_add_tcase(suite, test_post_handshake());
	suite_add_tcase(suite, test_handover());
	suite_add_tcase(suite, test_ticket());
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed_count = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed_count == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
