# SPDX-License-Identifier: Apache-2.0
# signet-beat: a client's side of the heartbeat, with OpenSSL's TLS.
bin_PROGRAMS += signet-beat
signet_beat_SOURCES = \
	src/beatctl/link.c src/beatctl/link.h \
	src/beatctl/pulse.c src/beatctl/pulse.h \
	src/beatctl/signet_beat.c
signet_beat_CFLAGS = $(AM_CFLAGS) $(OPENSSL_CFLAGS)
signet_beat_LDADD = $(BEAT_ALL) $(MQTT_ALL) $(OPENSSL_LIBS)
