/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_TESTS_UNIT_WORKER_TESTS_H
#define SIGNET_TESTS_UNIT_WORKER_TESTS_H

#include <check.h>

TCase *test_deadline(void);
TCase *test_denial(void);
TCase *test_denials(void);
TCase *test_expiry(void);
TCase *test_told(void);
TCase *test_heartbeat(void);
TCase *test_heartbeat_report(void);
TCase *test_journal(void);
TCase *test_journal_changes(void);
TCase *test_journal_quiet(void);
TCase *test_router_forward(void);
TCase *test_router_qos0(void);
TCase *test_message(void);
TCase *test_moved(void);
TCase *test_outbox(void);
TCase *test_pending(void);
TCase *test_permission(void);
TCase *test_share(void);
TCase *test_topic_alias_out(void);
TCase *test_topic_node(void);
TCase *test_topic_tree(void);
TCase *test_trust(void);
TCase *test_will(void);
TCase *test_message_record(void);
TCase *test_session_head(void);
TCase *test_session_queue(void);
TCase *test_session_restore(void);
TCase *test_sharing_debt(void);
TCase *test_sharing_queue(void);
TCase *test_skeleton(void);
TCase *test_acks(void);
TCase *test_response_information(void);
TCase *test_retained(void);
TCase *test_review(void);
TCase *test_interest(void);
TCase *test_router(void);
TCase *test_session(void);
TCase *test_subscription_record(void);
TCase *test_topic_alias(void);

#endif
