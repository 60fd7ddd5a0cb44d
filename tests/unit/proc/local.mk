# SPDX-License-Identifier: Apache-2.0
if HAVE_CHECK
check_PROGRAMS += tests/unit/proc/test_proc
tests_unit_proc_test_proc_SOURCES = \
	tests/unit/proc/test_chain.c \
	tests/unit/proc/test_child.c \
	tests/unit/proc/test_privileges.c \
	tests/unit/proc/test_proc.c tests/unit/proc/test_proc.h \
	tests/unit/proc/test_role.c
tests_unit_proc_test_proc_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_proc_test_proc_LDADD = $(PROC_ALL) $(CHECK_LIBS)
endif
