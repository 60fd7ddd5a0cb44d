# SPDX-License-Identifier: Apache-2.0
if HAVE_CHECK
check_PROGRAMS += tests/unit/signetd/test_confinement
tests_unit_signetd_test_confinement_SOURCES = src/roles.c \
	tests/unit/signetd/attempts.c tests/unit/signetd/attempts.h \
	tests/unit/signetd/test_confinement.c
tests_unit_signetd_test_confinement_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_signetd_test_confinement_LDADD = $(SIGNETD_ALL) $(CHECK_LIBS)
endif
