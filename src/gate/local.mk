# SPDX-License-Identifier: Apache-2.0
noinst_LIBRARIES += libsignet-gate.a
libsignet_gate_a_SOURCES = \
	src/gate/acceptor.c src/gate/acceptor.h \
	src/gate/admission.c src/gate/admission.h \
	src/gate/complaints.c src/gate/complaints.h \
	src/gate/credentials.c src/gate/credentials.h \
	src/gate/effort.c src/gate/effort.h \
	src/gate/entrance.c src/gate/entrance.h \
	src/gate/export.c src/gate/export.h \
	src/gate/framing.c src/gate/framing.h \
	src/gate/gate.c src/gate/gate.h \
	src/gate/handshake.c src/gate/handshake.h \
	src/gate/handshake_internal.h src/gate/handshake_refuse.c \
	src/gate/handshake_room.c src/gate/handshakes.c \
	src/gate/interpose.c src/gate/interpose.h \
	src/gate/rate.h \
	src/gate/refusal.c src/gate/refusal.h \
	src/gate/resumption.c src/gate/resumption.h \
	src/gate/settings.c src/gate/settings.h \
	src/gate/sign_request.c src/gate/sign_request.h \
	src/gate/signer.c src/gate/signer.h \
	src/gate/sources.c src/gate/sources.h \
	src/gate/tally.c src/gate/tally.h \
	src/gate/verify.c src/gate/verify.h

# For those who link with it.
GATE_ALL = libsignet-gate.a $(X509_ALL) $(PROC_ALL)
