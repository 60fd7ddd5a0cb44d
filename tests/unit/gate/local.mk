# SPDX-License-Identifier: Apache-2.0
if HAVE_CHECK
check_PROGRAMS += tests/unit/gate/test_gate
tests_unit_gate_test_gate_SOURCES = \
	tests/unit/gate/client.c tests/unit/gate/client.h \
	tests/unit/gate/fixture.c tests/unit/gate/fixture.h \
	tests/unit/gate/test_acceptor.c \
	tests/unit/gate/test_admission.c \
	tests/unit/gate/test_complaints.c \
	tests/unit/gate/test_credentials.c \
	tests/unit/gate/test_effort.c \
	tests/unit/gate/test_framing.c \
	tests/unit/gate/test_gate.c tests/unit/gate/test_gate.h \
	tests/unit/gate/test_handshake.c \
	tests/unit/gate/test_refusal.c \
	tests/unit/gate/test_resumption.c \
	tests/unit/gate/test_room.c \
	tests/unit/gate/test_sources.c \
	tests/unit/gate/test_tally.c \
	tests/unit/gate/test_verify.c \
	tests/unit/x509/pki.c tests/unit/x509/pki.h
tests_unit_gate_test_gate_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS) \
	$(OPENSSL_CFLAGS)
tests_unit_gate_test_gate_LDADD = $(GATE_ALL) $(CHECK_LIBS) \
	$(OPENSSL_LIBS) $(LIBUV_LIBS) -lpthread
endif
