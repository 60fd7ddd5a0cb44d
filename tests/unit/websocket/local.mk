# SPDX-License-Identifier: Apache-2.0
if HAVE_CHECK
check_PROGRAMS += tests/unit/websocket/test_websocket
tests_unit_websocket_test_websocket_SOURCES = \
	tests/unit/websocket/main.c tests/unit/websocket/tests.h \
	tests/unit/websocket/test_frame.c \
	tests/unit/websocket/test_handover.c \
	tests/unit/websocket/test_stream.c \
	tests/unit/websocket/test_upgrade.c
tests_unit_websocket_test_websocket_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_websocket_test_websocket_LDADD = $(WEBSOCKET_ALL) $(CHECK_LIBS)
endif
