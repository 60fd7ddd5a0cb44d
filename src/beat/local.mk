# SPDX-License-Identifier: Apache-2.0
noinst_LIBRARIES += libsignet-beat.a
libsignet_beat_a_SOURCES = \
	src/beat/datagram.c src/beat/datagram.h \
	src/beat/key.c src/beat/key.h \
	src/beat/offer.c src/beat/offer.h \
	src/beat/pacer.c src/beat/pacer.h \
	src/beat/window.c src/beat/window.h

# For those who link with it.
BEAT_ALL = libsignet-beat.a $(LIB_ALL) $(MBEDCRYPTO_LIBS)
