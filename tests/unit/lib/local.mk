# SPDX-License-Identifier: Apache-2.0
if HAVE_CHECK
check_PROGRAMS += tests/unit/lib/test_lib
tests_unit_lib_test_lib_SOURCES = \
	tests/unit/lib/main.c tests/unit/lib/tests.h \
	tests/unit/lib/test_address.c \
	tests/unit/lib/test_buffer.c \
	tests/unit/lib/test_bytes.c \
	tests/unit/lib/test_clock.c \
	tests/unit/lib/test_descriptor.c \
	tests/unit/lib/test_fields.c \
	tests/unit/lib/test_hash.c \
	tests/unit/lib/test_index.c \
	tests/unit/lib/test_library.c \
	tests/unit/lib/test_log.c \
	tests/unit/lib/test_log_journal.c \
	tests/unit/lib/test_log_json.c \
	tests/unit/lib/test_log_repeats.c \
	tests/unit/lib/test_log_words.c \
	tests/unit/lib/test_memory.c \
	tests/unit/lib/test_pack.c \
	tests/unit/lib/test_pool.c \
	tests/unit/lib/test_row.c \
	tests/unit/lib/test_table.c
tests_unit_lib_test_lib_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS) \
	-DSIGNET_SOURCE='"$(abs_top_srcdir)"'
tests_unit_lib_test_lib_LDADD = $(LIB_ALL) $(CHECK_LIBS)
endif
