# SPDX-License-Identifier: Apache-2.0
if HAVE_CHECK
check_PROGRAMS += tests/unit/signetd/test_confinement
tests_unit_signetd_test_confinement_SOURCES = src/roles.c \
	tests/unit/signetd/attempts.c tests/unit/signetd/attempts.h \
	tests/unit/signetd/test_confinement.c
tests_unit_signetd_test_confinement_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_signetd_test_confinement_LDADD = $(SIGNETD_ALL) $(CHECK_LIBS)

check_PROGRAMS += tests/unit/signetd/test_check_files
tests_unit_signetd_test_check_files_SOURCES = \
	src/check_files.c src/check_files.h src/roles.c \
	tests/unit/signetd/test_check_files.c \
	tests/unit/x509/pki.c tests/unit/x509/pki.h
tests_unit_signetd_test_check_files_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS) \
	$(OPENSSL_CFLAGS)
tests_unit_signetd_test_check_files_LDADD = $(SIGNETD_ALL) $(CHECK_LIBS) \
	$(OPENSSL_LIBS)
endif
