# SPDX-License-Identifier: Apache-2.0
if HAVE_CHECK
check_PROGRAMS += tests/unit/config/test_config
tests_unit_config_test_config_SOURCES = \
	tests/unit/config/test_config.c tests/unit/config/test_config.h \
	tests/unit/config/test_change.c \
	tests/unit/config/test_file_fault.c \
	tests/unit/config/test_load.c \
	tests/unit/config/test_manual.c \
	tests/unit/config/test_nearest.c \
	tests/unit/config/test_print.c \
	tests/unit/config/test_sample.c \
	tests/unit/config/test_source.c
tests_unit_config_test_config_CPPFLAGS = $(AM_CPPFLAGS) \
	-DSIGNET_SOURCE='"$(abs_top_srcdir)"'
tests_unit_config_test_config_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_config_test_config_LDADD = $(CONFIG_ALL) $(CHECK_LIBS)
endif
