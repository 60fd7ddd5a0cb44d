# SPDX-License-Identifier: Apache-2.0
# Measurements: run by hand, since they want the machine to themselves.
# Of single parts, built with the rest:
noinst_PROGRAMS += tests/bench/bench_record
tests_bench_bench_record_SOURCES = tests/bench/bench_record.c
tests_bench_bench_record_LDADD = $(TLS_ALL)

# Of whole brokers, with signet-bench:
EXTRA_DIST += \
	tests/bench/brokers.py \
	tests/bench/compare \
	tests/bench/scenarios.py
