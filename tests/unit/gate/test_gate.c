/* SPDX-License-Identifier: Apache-2.0 */
#include "test_gate.h"

#include <stdlib.h>

int
main(void)
{
	Suite *suite = suite_create("gate");
	SRunner *runner;
	int failed;

	suite_add_tcase(suite, framing_tests());
	suite_add_tcase(suite, acceptor_tests());
	suite_add_tcase(suite, descriptors_tests());
	suite_add_tcase(suite, tally_tests());
	suite_add_tcase(suite, sources_tests());
	suite_add_tcase(suite, admission_tests());
	suite_add_tcase(suite, complaints_tests());
	suite_add_tcase(suite, room_tests());
	suite_add_tcase(suite, credentials_tests());
	suite_add_tcase(suite, effort_tests());
	suite_add_tcase(suite, verify_tests());
	suite_add_tcase(suite, handshake_tests());
	suite_add_tcase(suite, refusal_tests());
	suite_add_tcase(suite, resumption_tests());
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
