# SPDX-License-Identifier: Apache-2.0
noinst_LIBRARIES += libsignet-worker.a
libsignet_worker_a_SOURCES = \
	src/worker/acks.c src/worker/acks.h \
	src/worker/census.c src/worker/census.h \
	src/worker/connack.c src/worker/connack.h \
	src/worker/connection.c src/worker/connection.h \
	src/worker/connection_input.c \
	src/worker/connection_output.c \
	src/worker/connection_websocket.c \
	src/worker/connection_websocket.h \
	src/worker/deadline.c src/worker/deadline.h \
	src/worker/denial.c src/worker/denial.h \
	src/worker/denials.c src/worker/denials.h \
	src/worker/dispatch.c \
	src/worker/expiry.c src/worker/expiry.h \
	src/worker/handle_ack.c \
	src/worker/handle_connect.c src/worker/handle_connect.h \
	src/worker/handle_publish.c \
	src/worker/handle_subscribe.c \
	src/worker/handler.h \
	src/worker/heartbeat.c src/worker/heartbeat.h \
	src/worker/heartbeat_question.c \
	src/worker/heartbeat_report.c \
	src/worker/heartbeat_socket.c src/worker/heartbeat_socket.h \
	src/worker/handoff.c src/worker/handoff.h \
	src/worker/inspect.c src/worker/inspect.h \
	src/worker/inspect_lines.c src/worker/inspect_lines.h \
	src/worker/interest.c src/worker/interest.h \
	src/worker/journal.c src/worker/journal.h \
	src/worker/journal_changes.c \
	src/worker/journal_internal.h \
	src/worker/message.c src/worker/message.h \
	src/worker/message_record.c src/worker/message_record.h \
	src/worker/moved.c src/worker/moved.h \
	src/worker/outbox.c src/worker/outbox.h \
	src/worker/pending.c src/worker/pending.h \
	src/worker/pending_record.c src/worker/pending_record.h \
	src/worker/permission.c src/worker/permission.h \
	src/worker/presence.c src/worker/presence.h \
	src/worker/promise.c src/worker/promise.h \
	src/worker/response_information.c \
	src/worker/response_information.h \
	src/worker/retained.c src/worker/retained.h \
	src/worker/retention.c src/worker/retention.h \
	src/worker/retention_answer.c \
	src/worker/retention_internal.h \
	src/worker/retention_query.c \
	src/worker/reason_string.c src/worker/reason_string.h \
	src/worker/review.c src/worker/review.h \
	src/worker/router.c src/worker/router.h \
	src/worker/router_forward.c src/worker/router_forward.h \
	src/worker/router_forward_internal.h \
	src/worker/router_forwarded.c \
	src/worker/router_share.c src/worker/router_share.h \
	src/worker/session.c src/worker/session.h \
	src/worker/session_cursor.c src/worker/session_cursor.h \
	src/worker/session_deliver.c \
	src/worker/session_head.c src/worker/session_head.h \
	src/worker/session_pager.c src/worker/session_pager.h \
	src/worker/session_queue.c src/worker/session_queue.h \
	src/worker/session_restore.c src/worker/session_restore.h \
	src/worker/session_state.c src/worker/session_state.h \
	src/worker/session_subscribe.c \
	src/worker/share.c src/worker/share.h \
	src/worker/sharing.c src/worker/sharing.h \
	src/worker/sharing_debt.c \
	src/worker/sharing_internal.h \
	src/worker/sharing_note.c \
	src/worker/sharing_queue.c \
	src/worker/sharing_turn.c \
	src/worker/sources.c src/worker/sources.h \
	src/worker/store_read.c src/worker/store_read.h \
	src/worker/subscription_record.c \
	src/worker/subscription_record.h \
	src/worker/sys.c src/worker/sys.h \
	src/worker/throttle.c src/worker/throttle.h \
	src/worker/told.c src/worker/told.h \
	src/worker/topic_alias.c src/worker/topic_alias.h \
	src/worker/topic_alias_out.c src/worker/topic_alias_out.h \
	src/worker/topic_node.c \
	src/worker/topic_tree.c src/worker/topic_tree.h \
	src/worker/topic_tree_internal.h \
	src/worker/trust.c src/worker/trust.h \
	src/worker/will.c src/worker/will.h \
	src/worker/worker.c src/worker/worker.h

# For those who link with it.
WORKER_ALL = libsignet-worker.a $(BEAT_ALL) $(RIGHTS_ALL) $(MQTT_ALL) $(PROC_ALL) $(TLS_ALL) \
	$(WEBSOCKET_ALL) -lm
