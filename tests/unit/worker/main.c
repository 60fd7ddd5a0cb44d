/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "lib/hash.h"
#include "tests.h"

int
main(void)
{
	Suite *suite = suite_create("worker");
	SRunner *runner;
	int failed;

	hash_start();
	suite_add_tcase(suite, test_deadline());
	suite_add_tcase(suite, test_denial());
	suite_add_tcase(suite, test_denials());
	suite_add_tcase(suite, test_expiry());
	suite_add_tcase(suite, test_told());
	suite_add_tcase(suite, test_heartbeat());
	suite_add_tcase(suite, test_heartbeat_report());
	suite_add_tcase(suite, test_journal());
	suite_add_tcase(suite, test_journal_changes());
	suite_add_tcase(suite, test_journal_quiet());
	suite_add_tcase(suite, test_router_forward());
	suite_add_tcase(suite, test_router_qos0());
	suite_add_tcase(suite, test_message());
	suite_add_tcase(suite, test_moved());
	suite_add_tcase(suite, test_outbox());
	suite_add_tcase(suite, test_pending());
	suite_add_tcase(suite, test_permission());
	suite_add_tcase(suite, test_share());
	suite_add_tcase(suite, test_topic_alias_out());
	suite_add_tcase(suite, test_topic_node());
	suite_add_tcase(suite, test_topic_tree());
	suite_add_tcase(suite, test_trust());
	suite_add_tcase(suite, test_will());
	suite_add_tcase(suite, test_message_record());
	suite_add_tcase(suite, test_session_head());
	suite_add_tcase(suite, test_session_queue());
	suite_add_tcase(suite, test_session_restore());
	suite_add_tcase(suite, test_sharing_debt());
	suite_add_tcase(suite, test_sharing_queue());
	suite_add_tcase(suite, test_skeleton());
	suite_add_tcase(suite, test_acks());
	suite_add_tcase(suite, test_response_information());
	suite_add_tcase(suite, test_retained());
	suite_add_tcase(suite, test_review());
	suite_add_tcase(suite, test_interest());
	suite_add_tcase(suite, test_router());
	suite_add_tcase(suite, test_session());
	suite_add_tcase(suite, test_subscription_record());
	suite_add_tcase(suite, test_topic_alias());
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
