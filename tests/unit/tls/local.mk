# SPDX-License-Identifier: Apache-2.0
if HAVE_CHECK
check_PROGRAMS += tests/unit/tls/test_tls tests/unit/tls/test_live
endif

tests_unit_tls_test_tls_SOURCES = \
	tests/unit/tls/main.c \
	tests/unit/tls/rig.c tests/unit/tls/rig.h \
	tests/unit/tls/test_aead.c \
	tests/unit/tls/test_handover.c \
	tests/unit/tls/test_key_limit.c \
	tests/unit/tls/test_key_schedule.c \
	tests/unit/tls/test_post_handshake.c \
	tests/unit/tls/test_record.c \
	tests/unit/tls/test_record_1_2.c \
	tests/unit/tls/test_record_1_3.c \
	tests/unit/tls/test_ticket.c \
	tests/unit/tls/test_tls.c \
	tests/unit/tls/tests.h \
	tests/unit/tls/vector.c tests/unit/tls/vector.h
tests_unit_tls_test_tls_CPPFLAGS = $(AM_CPPFLAGS) $(CHECK_CFLAGS)
tests_unit_tls_test_tls_LDADD = $(TLS_ALL) $(CHECK_LIBS)

# OpenSSL as the live peer.
tests_unit_tls_test_live_SOURCES = \
	tests/unit/tls/live.c tests/unit/tls/live.h \
	tests/unit/tls/rig.c tests/unit/tls/rig.h \
	tests/unit/tls/test_live.c
tests_unit_tls_test_live_CPPFLAGS = \
	$(AM_CPPFLAGS) $(CHECK_CFLAGS) $(OPENSSL_CFLAGS)
tests_unit_tls_test_live_LDADD = $(TLS_ALL) $(CHECK_LIBS) $(OPENSSL_LIBS)

EXTRA_DIST += \
	tests/vectors/tls/aead.txt \
	tests/vectors/tls/rfc8448.txt
