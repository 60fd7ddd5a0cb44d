# SPDX-License-Identifier: Apache-2.0
noinst_LIBRARIES += libsignet-websocket.a
libsignet_websocket_a_SOURCES = \
	src/websocket/frame.c src/websocket/frame.h \
	src/websocket/handover.c \
	src/websocket/stream.c src/websocket/stream.h \
	src/websocket/upgrade.c src/websocket/upgrade.h \
	src/websocket/websocket.h

# For those who link with it.
WEBSOCKET_ALL = libsignet-websocket.a $(LIB_ALL) $(WSLAY_LIBS) \
	$(MBEDCRYPTO_LIBS)
