# SPDX-License-Identifier: Apache-2.0
noinst_LIBRARIES += libsignet-beat.a
libsignet_beat_a_SOURCES = \
	src/beat/datagram.c src/beat/datagram.h \
	src/beat/key.c src/beat/key.h \
	src/beat/key_mbedtls.c \
	src/beat/key_pad.h \
	src/beat/key_start.c \
	src/beat/offer.c src/beat/offer.h \
	src/beat/pacer.c src/beat/pacer.h \
	src/beat/window.c src/beat/window.h

if HAVE_IPSEC_MB
libsignet_beat_a_SOURCES += src/beat/key_ipsec_mb.c
endif

# For those who link with it; who calls beat_key_start() needs IPSEC_MB_LIBS too.
BEAT_ALL = libsignet-beat.a $(LIB_ALL) $(MBEDCRYPTO_LIBS)
