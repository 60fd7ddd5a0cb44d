# SPDX-License-Identifier: Apache-2.0
if HAVE_CHECK
check_PROGRAMS += tests/unit/master/test_master
tests_unit_master_test_master_SOURCES = \
	tests/unit/master/reload_rig.c tests/unit/master/reload_rig.h \
	tests/unit/master/test_folder.c tests/unit/master/test_folder.h \
	tests/unit/master/test_master.c \
	tests/unit/master/test_reload.c tests/unit/master/test_reload.h \
	tests/unit/master/test_report.c tests/unit/master/test_report.h \
	tests/unit/master/test_signing_keys.c \
	tests/unit/master/test_signing_keys.h \
	tests/unit/master/test_statistics.c \
	tests/unit/master/test_statistics.h \
	tests/unit/master/test_tickets.c tests/unit/master/test_tickets.h \
	tests/unit/master/toys.c tests/unit/master/toys.h
tests_unit_master_test_master_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_master_test_master_LDADD = $(MASTER_ALL) $(CHECK_LIBS)
endif
