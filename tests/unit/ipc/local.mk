# SPDX-License-Identifier: Apache-2.0
if HAVE_CHECK
check_PROGRAMS += tests/unit/ipc/test_ipc
tests_unit_ipc_test_ipc_SOURCES = \
	tests/unit/ipc/test_channel.c \
	tests/unit/ipc/test_control.c \
	tests/unit/ipc/test_ipc.c tests/unit/ipc/test_ipc.h \
	tests/unit/ipc/test_memory.c \
	tests/unit/ipc/test_message.c \
	tests/unit/ipc/test_message_denial.c \
	tests/unit/ipc/test_message_expiry.c \
	tests/unit/ipc/test_message_source.c \
	tests/unit/ipc/test_message_retained.c \
	tests/unit/ipc/test_message_forward.c \
	tests/unit/ipc/test_message_share.c \
	tests/unit/ipc/test_presence.c \
	tests/unit/ipc/test_signing.c \
	tests/unit/ipc/test_store.c \
	tests/unit/ipc/test_trust_change.c \
	tests/unit/ipc/test_trust_index.c
tests_unit_ipc_test_ipc_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_ipc_test_ipc_LDADD = $(IPC_ALL) $(CHECK_LIBS)
endif
