# SPDX-License-Identifier: Apache-2.0
if HAVE_CHECK
check_PROGRAMS += tests/unit/metrics/test_metrics
tests_unit_metrics_test_metrics_SOURCES = \
	tests/unit/metrics/main.c tests/unit/metrics/tests.h \
	tests/unit/metrics/test_page.c \
	tests/unit/metrics/test_state.c
tests_unit_metrics_test_metrics_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_metrics_test_metrics_LDADD = $(METRICS_ALL) $(CHECK_LIBS)
endif
