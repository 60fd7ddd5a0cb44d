# SPDX-License-Identifier: Apache-2.0
if HAVE_CHECK
check_PROGRAMS += tests/unit/reader/test_reader
tests_unit_reader_test_reader_SOURCES = tests/unit/reader/test_reader.c
tests_unit_reader_test_reader_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_reader_test_reader_LDADD = $(READER_ALL) $(CHECK_LIBS)
endif
