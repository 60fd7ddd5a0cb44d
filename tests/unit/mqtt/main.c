/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "suites.h"

int
main(void)
{
	Suite *suite = suite_create("mqtt");
	SRunner *runner;
	int failed;

	suite_add_tcase(suite, test_mqtt_case());
	suite_add_tcase(suite, test_wire_case());
	suite_add_tcase(suite, test_utf8_case());
	suite_add_tcase(suite, test_property_case());
	suite_add_tcase(suite, test_frame_case());
	suite_add_tcase(suite, test_packet_case());
	suite_add_tcase(suite, test_publish_case());
	suite_add_tcase(suite, test_subscribe_case());
	suite_add_tcase(suite, test_topic_case());
	suite_add_tcase(suite, test_vectors_case());
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
