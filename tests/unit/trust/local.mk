# SPDX-License-Identifier: Apache-2.0
if HAVE_CHECK
check_PROGRAMS += tests/unit/trust/test_trust
tests_unit_trust_test_trust_SOURCES = \
	tests/unit/trust/test_check.c \
	tests/unit/x509/pki.c tests/unit/x509/pki.h
tests_unit_trust_test_trust_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS) \
	$(OPENSSL_CFLAGS)
tests_unit_trust_test_trust_LDADD = $(TRUST_ALL) $(CHECK_LIBS) \
	$(OPENSSL_LIBS) -lpthread
endif
