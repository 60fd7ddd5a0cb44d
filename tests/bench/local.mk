# SPDX-License-Identifier: Apache-2.0
# Measurements: run by hand, since they want the machine to themselves.
# Of single parts, built with the rest:
noinst_PROGRAMS += tests/bench/bench_beat
tests_bench_bench_beat_SOURCES = tests/bench/bench_beat.c
tests_bench_bench_beat_LDADD = $(BEAT_ALL)
noinst_PROGRAMS += tests/bench/bench_record
tests_bench_bench_record_SOURCES = tests/bench/bench_record.c
tests_bench_bench_record_LDADD = $(TLS_ALL)
noinst_PROGRAMS += tests/bench/bench_rights
tests_bench_bench_rights_SOURCES = tests/bench/bench_rights.c
tests_bench_bench_rights_LDADD = $(RIGHTS_ALL)
noinst_PROGRAMS += tests/bench/bench_send
tests_bench_bench_send_SOURCES = tests/bench/bench_send.c
if HAVE_CHECK
noinst_PROGRAMS += tests/bench/bench_store
tests_bench_bench_store_SOURCES = tests/bench/bench_store.c \
	tests/unit/store/rig.c tests/unit/store/rig.h
tests_bench_bench_store_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests/unit/store
tests_bench_bench_store_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_bench_bench_store_LDADD = $(STORE_ALL) $(CHECK_LIBS)
endif

# Of whole brokers, with signet-bench:
EXTRA_DIST += \
	tests/bench/brokers.py \
	tests/bench/compare \
	tests/bench/floods \
	tests/bench/handshakes \
	tests/bench/heartbeat \
	tests/bench/revocation \
	tests/bench/scenarios.py
