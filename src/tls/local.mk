# SPDX-License-Identifier: Apache-2.0
noinst_LIBRARIES += libsignet-tls.a
libsignet_tls_a_SOURCES = \
	src/tls/aead.c src/tls/aead.h \
	src/tls/aead_mbedtls.c \
	src/tls/field.c \
	src/tls/handover.c src/tls/handover.h \
	src/tls/key_limit.c src/tls/key_limit.h \
	src/tls/key_schedule.c src/tls/key_schedule.h \
	src/tls/post_handshake.c src/tls/post_handshake.h \
	src/tls/record.c src/tls/record.h \
	src/tls/record_1_2.c \
	src/tls/record_1_3.c \
	src/tls/record_format.h \
	src/tls/ticket.c src/tls/ticket.h \
	src/tls/tls.c src/tls/tls.h
if HAVE_IPSEC_MB
libsignet_tls_a_SOURCES += src/tls/aead_ipsec_mb.c
endif

# For those who link with it.
TLS_ALL = libsignet-tls.a $(LIB_ALL) $(IPSEC_MB_LIBS) $(MBEDCRYPTO_LIBS)
