# SPDX-License-Identifier: Apache-2.0
noinst_LIBRARIES += libsignet-mqtt.a
libsignet_mqtt_a_SOURCES = \
	src/mqtt/ack.c \
	src/mqtt/codec.h \
	src/mqtt/connack.c \
	src/mqtt/connect.c \
	src/mqtt/disconnect.c \
	src/mqtt/frame.c \
	src/mqtt/mqtt.c src/mqtt/mqtt.h \
	src/mqtt/packet.h \
	src/mqtt/ping.c \
	src/mqtt/property.c src/mqtt/property.h \
	src/mqtt/publish.c \
	src/mqtt/reason.c \
	src/mqtt/suback.c \
	src/mqtt/subscribe.c \
	src/mqtt/topic.c src/mqtt/topic.h \
	src/mqtt/unsubscribe.c \
	src/mqtt/utf8.c \
	src/mqtt/wire.c src/mqtt/wire.h

MQTT_ALL = libsignet-mqtt.a $(LIB_ALL)
