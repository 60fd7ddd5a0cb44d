# SPDX-License-Identifier: Apache-2.0
EXTRA_DIST += \
	tests/vectors/mqtt/ack.hex \
	tests/vectors/mqtt/connack.hex \
	tests/vectors/mqtt/connect.hex \
	tests/vectors/mqtt/disconnect.hex \
	tests/vectors/mqtt/frame.hex \
	tests/vectors/mqtt/ping.hex \
	tests/vectors/mqtt/publish.hex \
	tests/vectors/mqtt/suback.hex \
	tests/vectors/mqtt/subscribe.hex \
	tests/vectors/mqtt/unsubscribe.hex

if HAVE_CHECK
check_PROGRAMS += tests/unit/mqtt/test_mqtt
endif

tests_unit_mqtt_test_mqtt_SOURCES = \
	tests/unit/mqtt/any_packet.c tests/unit/mqtt/any_packet.h \
	tests/unit/mqtt/main.c \
	tests/unit/mqtt/suites.h \
	tests/unit/mqtt/test_frame.c \
	tests/unit/mqtt/test_mqtt.c \
	tests/unit/mqtt/test_packet.c \
	tests/unit/mqtt/test_property.c \
	tests/unit/mqtt/test_publish.c \
	tests/unit/mqtt/test_subscribe.c \
	tests/unit/mqtt/test_topic.c \
	tests/unit/mqtt/test_utf8.c \
	tests/unit/mqtt/test_vectors.c \
	tests/unit/mqtt/test_wire.c
tests_unit_mqtt_test_mqtt_CPPFLAGS = $(AM_CPPFLAGS) $(CHECK_CFLAGS)
tests_unit_mqtt_test_mqtt_LDADD = $(MQTT_ALL) $(CHECK_LIBS)
