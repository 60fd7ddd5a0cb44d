# SPDX-License-Identifier: Apache-2.0
if HAVE_CHECK
check_PROGRAMS += tests/unit/store/test_store
tests_unit_store_test_store_SOURCES = \
	tests/unit/store/main.c tests/unit/store/tests.h \
	tests/unit/store/bad_block.c tests/unit/store/bad_block.h \
	tests/unit/store/changes.c tests/unit/store/changes.h \
	tests/unit/store/held_sync.c tests/unit/store/held_sync.h \
	tests/unit/store/rig.c tests/unit/store/rig.h \
	tests/unit/store/test_fault.c \
	tests/unit/store/test_log_ahead.c \
	tests/unit/store/test_owner.c \
	tests/unit/store/test_reference.c \
	tests/unit/store/test_row.c \
	tests/unit/store/test_store.c \
	tests/unit/store/test_sweep.c \
	tests/unit/store/test_writer.c
tests_unit_store_test_store_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
# RocksDB is to find our pread() and fdatasync().
tests_unit_store_test_store_LDFLAGS = $(AM_LDFLAGS) -rdynamic
tests_unit_store_test_store_LDADD = $(STORE_ALL) $(CHECK_LIBS)
endif
