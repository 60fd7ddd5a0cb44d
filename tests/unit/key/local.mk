# SPDX-License-Identifier: Apache-2.0
if HAVE_CHECK
check_PROGRAMS += tests/unit/key/test_key
tests_unit_key_test_key_SOURCES = \
	tests/unit/key/test_key.c tests/unit/key/test_key.h \
	tests/unit/key/test_keyring.c \
	tests/unit/key/test_requests.c \
	tests/unit/x509/pki.c tests/unit/x509/pki.h
tests_unit_key_test_key_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS) \
	$(OPENSSL_CFLAGS)
tests_unit_key_test_key_LDADD = $(KEY_ALL) $(CHECK_LIBS) $(OPENSSL_LIBS)
endif
