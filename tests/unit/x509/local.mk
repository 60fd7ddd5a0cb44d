# SPDX-License-Identifier: Apache-2.0
if HAVE_CHECK
check_PROGRAMS += tests/unit/x509/test_x509
tests_unit_x509_test_x509_SOURCES = \
	tests/unit/x509/pki.c tests/unit/x509/pki.h \
	tests/unit/x509/test_identity.c \
	tests/unit/x509/test_pem.c \
	tests/unit/x509/test_strict.c \
	tests/unit/x509/test_x509.c tests/unit/x509/test_x509.h
tests_unit_x509_test_x509_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS) \
	$(OPENSSL_CFLAGS)
tests_unit_x509_test_x509_LDADD = $(X509_ALL) $(CHECK_LIBS) \
	$(OPENSSL_LIBS) -lpthread
endif
