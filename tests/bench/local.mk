# SPDX-License-Identifier: Apache-2.0
# Measurements of single parts; built with the rest, run by hand.
noinst_PROGRAMS += tests/bench/bench_record
tests_bench_bench_record_SOURCES = tests/bench/bench_record.c
tests_bench_bench_record_LDADD = $(TLS_ALL)
