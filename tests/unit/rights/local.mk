# SPDX-License-Identifier: Apache-2.0
if HAVE_CHECK
check_PROGRAMS += tests/unit/rights/test_rights
tests_unit_rights_test_rights_SOURCES = \
	tests/unit/rights/main.c tests/unit/rights/tests.h \
	tests/unit/rights/table.c tests/unit/rights/table.h \
	tests/unit/rights/test_filter.c \
	tests/unit/rights/test_filter_row.c \
	tests/unit/rights/test_pattern.c \
	tests/unit/rights/test_rights.c \
	tests/unit/rights/test_role.c
tests_unit_rights_test_rights_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_rights_test_rights_LDADD = $(RIGHTS_ALL) $(CHECK_LIBS)
endif
