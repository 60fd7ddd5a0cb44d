# SPDX-License-Identifier: Apache-2.0
# libFuzzer programs: built with CC=clang --enable-fuzzers --enable-sanitizers,
# run by tests/fuzz/run. Each starts from corpus/NAME.
EXTRA_DIST += \
	tests/fuzz/corpus/mqtt/ack-3.1.1 \
	tests/fuzz/corpus/mqtt/ack-5 \
	tests/fuzz/corpus/mqtt/connack-3.1.1 \
	tests/fuzz/corpus/mqtt/connack-5 \
	tests/fuzz/corpus/mqtt/connect-3.1.1 \
	tests/fuzz/corpus/mqtt/connect-5 \
	tests/fuzz/corpus/mqtt/disconnect-3.1.1 \
	tests/fuzz/corpus/mqtt/disconnect-5 \
	tests/fuzz/corpus/mqtt/ping-3.1.1 \
	tests/fuzz/corpus/mqtt/ping-5 \
	tests/fuzz/corpus/mqtt/publish-3.1.1 \
	tests/fuzz/corpus/mqtt/publish-5 \
	tests/fuzz/corpus/mqtt/suback-3.1.1 \
	tests/fuzz/corpus/mqtt/suback-5 \
	tests/fuzz/corpus/mqtt/subscribe-3.1.1 \
	tests/fuzz/corpus/mqtt/subscribe-5 \
	tests/fuzz/corpus/mqtt/topics-all \
	tests/fuzz/corpus/mqtt/topics-dollar \
	tests/fuzz/corpus/mqtt/topics-hash \
	tests/fuzz/corpus/mqtt/topics-plus \
	tests/fuzz/corpus/mqtt/topics-share \
	tests/fuzz/corpus/mqtt/unsubscribe-3.1.1 \
	tests/fuzz/corpus/mqtt/unsubscribe-5

if FUZZERS
noinst_PROGRAMS += tests/fuzz/fuzz_mqtt
endif

tests_fuzz_fuzz_mqtt_SOURCES = \
	tests/fuzz/fuzz_mqtt.c \
	tests/unit/mqtt/any_packet.c tests/unit/mqtt/any_packet.h
tests_fuzz_fuzz_mqtt_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests/unit/mqtt
tests_fuzz_fuzz_mqtt_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
tests_fuzz_fuzz_mqtt_LDADD = $(MQTT_ALL)

EXTRA_DIST += \
	tests/fuzz/corpus/handover/aes-128-1.2 \
	tests/fuzz/corpus/handover/aes-128-1.3 \
	tests/fuzz/corpus/handover/aes-256-1.3 \
	tests/fuzz/corpus/handover/chacha-1.2 \
	tests/fuzz/corpus/handover/fields-all.bin \
	tests/fuzz/corpus/record/acts-1.2 \
	tests/fuzz/corpus/record/acts-1.3 \
	tests/fuzz/corpus/record/wire-1.2 \
	tests/fuzz/corpus/record/wire-1.3

if FUZZERS
noinst_PROGRAMS += tests/fuzz/fuzz_handover tests/fuzz/fuzz_record
endif

tests_fuzz_fuzz_handover_SOURCES = tests/fuzz/fuzz_handover.c
tests_fuzz_fuzz_handover_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
tests_fuzz_fuzz_handover_LDADD = $(TLS_ALL)

tests_fuzz_fuzz_record_SOURCES = tests/fuzz/fuzz_record.c
tests_fuzz_fuzz_record_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
tests_fuzz_fuzz_record_LDADD = $(TLS_ALL)

EXTRA_DIST += \
	tests/fuzz/corpus/config/minimum \
	tests/fuzz/corpus/config/roles \
	tests/fuzz/corpus/config/sample

if FUZZERS
noinst_PROGRAMS += tests/fuzz/fuzz_config
endif

tests_fuzz_fuzz_config_SOURCES = tests/fuzz/fuzz_config.c
tests_fuzz_fuzz_config_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
tests_fuzz_fuzz_config_LDADD = $(CONFIG_ALL)

if FUZZERS
noinst_PROGRAMS += tests/fuzz/fuzz_ipc
endif

tests_fuzz_fuzz_ipc_SOURCES = tests/fuzz/fuzz_ipc.c
tests_fuzz_fuzz_ipc_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
tests_fuzz_fuzz_ipc_LDADD = $(IPC_ALL)

EXTRA_DIST += \
	tests/fuzz/corpus/websocket/frames \
	tests/fuzz/corpus/websocket/request.bin \
	tests/fuzz/corpus/websocket/state

if FUZZERS
noinst_PROGRAMS += tests/fuzz/fuzz_websocket
endif

tests_fuzz_fuzz_websocket_SOURCES = tests/fuzz/fuzz_websocket.c
tests_fuzz_fuzz_websocket_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
tests_fuzz_fuzz_websocket_LDADD = $(WEBSOCKET_ALL)

EXTRA_DIST += \
	tests/fuzz/corpus/session/delivery \
	tests/fuzz/corpus/session/head-least \
	tests/fuzz/corpus/session/head-will \
	tests/fuzz/corpus/session/message \
	tests/fuzz/corpus/session/subscription

if FUZZERS
noinst_PROGRAMS += tests/fuzz/fuzz_session
endif

tests_fuzz_fuzz_session_SOURCES = tests/fuzz/fuzz_session.c
tests_fuzz_fuzz_session_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
tests_fuzz_fuzz_session_LDADD = $(WORKER_ALL)

EXTRA_DIST += \
	tests/fuzz/corpus/rights/denied.bin \
	tests/fuzz/corpus/rights/pattern.bin \
	tests/fuzz/corpus/rights/uri.bin \
	tests/fuzz/corpus/rights/variables.bin

if FUZZERS
noinst_PROGRAMS += tests/fuzz/fuzz_rights
endif

tests_fuzz_fuzz_rights_SOURCES = tests/fuzz/fuzz_rights.c
tests_fuzz_fuzz_rights_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
tests_fuzz_fuzz_rights_LDADD = $(RIGHTS_ALL)

EXTRA_DIST += \
	tests/fuzz/corpus/store/changes.bin \
	tests/fuzz/corpus/store/head.bin \
	tests/fuzz/corpus/store/row.bin

if FUZZERS
noinst_PROGRAMS += tests/fuzz/fuzz_store
endif

tests_fuzz_fuzz_store_SOURCES = tests/fuzz/fuzz_store.c
tests_fuzz_fuzz_store_CFLAGS = $(AM_CFLAGS) $(ROCKSDB_CFLAGS)
tests_fuzz_fuzz_store_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
tests_fuzz_fuzz_store_LDADD = $(STORE_ALL)

EXTRA_DIST += \
	tests/fuzz/corpus/key/held.bin \
	tests/fuzz/corpus/key/signs.bin \
	tests/fuzz/corpus/key/unfit.bin

if FUZZERS
noinst_PROGRAMS += tests/fuzz/fuzz_key
endif

tests_fuzz_fuzz_key_SOURCES = tests/fuzz/fuzz_key.c
tests_fuzz_fuzz_key_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
tests_fuzz_fuzz_key_LDADD = $(KEY_ALL)

EXTRA_DIST += \
	tests/fuzz/corpus/crl/list.pem \
	tests/fuzz/corpus/crl/list.der \
	tests/fuzz/corpus/trust_index/index.bin

if FUZZERS
noinst_PROGRAMS += tests/fuzz/fuzz_crl tests/fuzz/fuzz_trust_index
endif

tests_fuzz_fuzz_crl_SOURCES = tests/fuzz/fuzz_crl.c tests/fuzz/fuzz_crl_root.h
tests_fuzz_fuzz_crl_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
tests_fuzz_fuzz_crl_LDADD = $(TRUST_ALL)

tests_fuzz_fuzz_trust_index_SOURCES = tests/fuzz/fuzz_trust_index.c
tests_fuzz_fuzz_trust_index_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
tests_fuzz_fuzz_trust_index_LDADD = $(IPC_ALL)

EXTRA_DIST += \
	tests/fuzz/corpus/beat/answer.bin \
	tests/fuzz/corpus/beat/offer.bin \
	tests/fuzz/corpus/beat/question.bin \
	tests/fuzz/corpus/beat/topic.bin \
	tests/fuzz/corpus/beat/window.bin

if FUZZERS
noinst_PROGRAMS += tests/fuzz/fuzz_beat
endif

tests_fuzz_fuzz_beat_SOURCES = tests/fuzz/fuzz_beat.c
tests_fuzz_fuzz_beat_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
tests_fuzz_fuzz_beat_LDADD = $(BEAT_ALL)

EXTRA_DIST += \
	tests/fuzz/corpus/heartbeat/broken.bin \
	tests/fuzz/corpus/heartbeat/keys.bin \
	tests/fuzz/corpus/heartbeat/window.bin

if FUZZERS
noinst_PROGRAMS += tests/fuzz/fuzz_heartbeat
endif

tests_fuzz_fuzz_heartbeat_SOURCES = \
	tests/fuzz/fuzz_heartbeat.c \
	tests/unit/worker/bare_heartbeats.c tests/unit/worker/bare_heartbeats.h
tests_fuzz_fuzz_heartbeat_CPPFLAGS = $(AM_CPPFLAGS) \
	-I$(top_srcdir)/tests/unit/worker
tests_fuzz_fuzz_heartbeat_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
tests_fuzz_fuzz_heartbeat_LDADD = $(WORKER_ALL)

EXTRA_DIST += \
	tests/fuzz/corpus/fields/ask.bin \
	tests/fuzz/corpus/fields/command.bin \
	tests/fuzz/corpus/fields/line.bin \
	tests/fuzz/corpus/fields/page.bin \
	tests/fuzz/corpus/fields/status.bin

if FUZZERS
noinst_PROGRAMS += tests/fuzz/fuzz_fields
endif

tests_fuzz_fuzz_fields_SOURCES = tests/fuzz/fuzz_fields.c
tests_fuzz_fuzz_fields_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
tests_fuzz_fuzz_fields_LDADD = libsignet-metrics.a $(MASTER_ALL) \
	$(MICROHTTPD_LIBS)
