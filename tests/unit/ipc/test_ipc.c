/* SPDX-License-Identifier: Apache-2.0 */
#include "test_ipc.h"

#include <stdlib.h>

int
main(void)
{
	Suite *suite = suite_create("ipc");
	SRunner *runner;
	int failed;

	suite_add_tcase(suite, test_message());
	suite_add_tcase(suite, test_message_denial());
	suite_add_tcase(suite, test_message_expiry());
	suite_add_tcase(suite, test_message_source());
	suite_add_tcase(suite, test_message_retained());
	suite_add_tcase(suite, test_message_forward());
	suite_add_tcase(suite, test_message_share());
	suite_add_tcase(suite, test_memory());
	suite_add_tcase(suite, test_presence());
	suite_add_tcase(suite, test_signing());
	suite_add_tcase(suite, test_store());
	suite_add_tcase(suite, test_channel());
	suite_add_tcase(suite, test_channel_limit());
	suite_add_tcase(suite, test_control());
	suite_add_tcase(suite, test_trust_index());
	suite_add_tcase(suite, test_trust_change());
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
