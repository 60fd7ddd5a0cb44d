# SPDX-License-Identifier: Apache-2.0
if HAVE_CHECK
check_PROGRAMS += tests/unit/worker/test_worker
tests_unit_worker_test_worker_SOURCES = \
	tests/unit/worker/main.c tests/unit/worker/tests.h \
	tests/unit/worker/bare_heartbeats.c \
	tests/unit/worker/bare_heartbeats.h \
	tests/unit/worker/bare_peer.c tests/unit/worker/bare_peer.h \
	tests/unit/worker/bare_worker.c tests/unit/worker/bare_worker.h \
	tests/unit/worker/kept.c tests/unit/worker/kept.h \
	tests/unit/worker/cluster.c tests/unit/worker/cluster.h \
	tests/unit/worker/fake_store.c tests/unit/worker/fake_store.h \
	tests/unit/worker/test_deadline.c \
	tests/unit/worker/test_denial.c \
	tests/unit/worker/test_denials.c \
	tests/unit/worker/test_expiry.c \
	tests/unit/worker/test_heartbeat.c \
	tests/unit/worker/test_journal.c \
	tests/unit/worker/test_journal_changes.c \
	tests/unit/worker/test_journal_quiet.c \
	tests/unit/worker/test_router_forward.c \
	tests/unit/worker/test_router_qos0.c \
	tests/unit/worker/test_message.c \
	tests/unit/worker/test_message_record.c \
	tests/unit/worker/test_session_head.c \
	tests/unit/worker/test_session_queue.c \
	tests/unit/worker/test_session_restore.c \
	tests/unit/worker/test_sharing_debt.c \
	tests/unit/worker/test_sharing_queue.c \
	tests/unit/worker/test_skeleton.c \
	tests/unit/worker/test_acks.c \
	tests/unit/worker/test_heartbeat_report.c \
	tests/unit/worker/test_interest.c \
	tests/unit/worker/test_response_information.c \
	tests/unit/worker/test_retained.c \
	tests/unit/worker/test_review.c \
	tests/unit/worker/test_router.c \
	tests/unit/worker/test_session.c \
	tests/unit/worker/test_subscription_record.c \
	tests/unit/worker/test_told.c \
	tests/unit/worker/test_topic_alias.c \
	tests/unit/worker/test_moved.c \
	tests/unit/worker/test_outbox.c \
	tests/unit/worker/test_pending.c \
	tests/unit/worker/test_permission.c \
	tests/unit/worker/test_share.c \
	tests/unit/worker/test_topic_alias_out.c \
	tests/unit/worker/test_topic_node.c \
	tests/unit/worker/test_topic_tree.c \
	tests/unit/worker/test_trust.c \
	tests/unit/worker/test_will.c
tests_unit_worker_test_worker_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_worker_test_worker_LDADD = $(WORKER_ALL) $(CHECK_LIBS)
endif
