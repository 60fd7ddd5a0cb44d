# SPDX-License-Identifier: Apache-2.0
EXTRA_DIST += tests/vectors/beat/datagrams
if HAVE_CHECK
check_PROGRAMS += tests/unit/beat/test_beat
tests_unit_beat_test_beat_SOURCES = \
	tests/unit/beat/main.c tests/unit/beat/tests.h \
	tests/unit/beat/test_datagram.c \
	tests/unit/beat/test_key.c \
	tests/unit/beat/test_offer.c \
	tests/unit/beat/test_pacer.c \
	tests/unit/beat/test_window.c
tests_unit_beat_test_beat_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_beat_test_beat_LDADD = $(BEAT_ALL) $(IPSEC_MB_LIBS) \
	$(CHECK_LIBS)
endif
