# SPDX-License-Identifier: Apache-2.0
if HAVE_CHECK
check_PROGRAMS += tests/unit/bench/test_bench
tests_unit_bench_test_bench_SOURCES = \
	tests/unit/bench/test_bench.c tests/unit/bench/test_bench.h \
	tests/unit/bench/test_disk_usage.c \
	tests/unit/bench/test_flight.c \
	tests/unit/bench/test_histogram.c \
	tests/unit/bench/test_options.c \
	tests/unit/bench/test_process_tree.c \
	tests/unit/bench/test_report.c \
	tests/unit/bench/test_stream.c \
	tests/unit/bench/test_topics.c \
	tests/unit/bench/test_window.c
tests_unit_bench_test_bench_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_bench_test_bench_LDADD = libsignet-bench.a $(MQTT_ALL) \
	$(OPENSSL_LIBS) $(CHECK_LIBS)
endif
