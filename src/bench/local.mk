# SPDX-License-Identifier: Apache-2.0
# signet-bench alone links OpenSSL: a TLS of its own, not the daemon's.
noinst_LIBRARIES += libsignet-bench.a
libsignet_bench_a_SOURCES = \
	src/bench/client.c src/bench/client.h \
	src/bench/client_packets.c src/bench/client_packets.h \
	src/bench/disk_usage.c src/bench/disk_usage.h \
	src/bench/endpoint.c src/bench/endpoint.h \
	src/bench/flight.c src/bench/flight.h \
	src/bench/gauge.c src/bench/gauge.h \
	src/bench/histogram.c src/bench/histogram.h \
	src/bench/options.c src/bench/options.h \
	src/bench/process_tree.c src/bench/process_tree.h \
	src/bench/publisher.c src/bench/publisher.h \
	src/bench/reasons.c src/bench/reasons.h \
	src/bench/report.c src/bench/report.h \
	src/bench/report_json.c \
	src/bench/scenario.h \
	src/bench/scenario_idle.c \
	src/bench/scenario_retained.c \
	src/bench/scenario_storm.c \
	src/bench/scenario_traffic.c \
	src/bench/stamp.h \
	src/bench/stream.c src/bench/stream.h \
	src/bench/swarm.c src/bench/swarm.h \
	src/bench/tls_context.c src/bench/tls_context.h \
	src/bench/topics.c src/bench/topics.h \
	src/bench/window.c src/bench/window.h
libsignet_bench_a_CFLAGS = $(AM_CFLAGS) $(OPENSSL_CFLAGS)

bin_PROGRAMS += signet-bench
signet_bench_SOURCES = src/bench/signet_bench.c
signet_bench_CFLAGS = $(AM_CFLAGS) $(OPENSSL_CFLAGS)
signet_bench_LDADD = libsignet-bench.a $(MQTT_ALL) $(OPENSSL_LIBS)
