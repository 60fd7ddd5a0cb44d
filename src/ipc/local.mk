# SPDX-License-Identifier: Apache-2.0
noinst_LIBRARIES += libsignet-ipc.a
libsignet_ipc_a_SOURCES = \
	src/ipc/batch.c src/ipc/batch.h \
	src/ipc/channel.c src/ipc/channel.h \
	src/ipc/control.c src/ipc/control.h \
	src/ipc/memory.c src/ipc/memory.h \
	src/ipc/message.c src/ipc/message.h \
	src/ipc/message_source.c \
	src/ipc/message_denial.c \
	src/ipc/message_expiry.c \
	src/ipc/message_forward.c \
	src/ipc/message_reload.c \
	src/ipc/message_retained.c \
	src/ipc/message_session.c \
	src/ipc/message_share.c \
	src/ipc/messages.def \
	src/ipc/presence.c src/ipc/presence.h \
	src/ipc/refusals.def \
	src/ipc/signing.c src/ipc/signing.h \
	src/ipc/statistics.c src/ipc/statistics.def src/ipc/statistics.h \
	src/ipc/store.c src/ipc/store.h \
	src/ipc/ticket_keys.c src/ipc/ticket_keys.h \
	src/ipc/trust.c src/ipc/trust.h \
	src/ipc/trust_change.c src/ipc/trust_change.h \
	src/ipc/trust_date.c src/ipc/trust_date.h \
	src/ipc/trust_index.c src/ipc/trust_index.h

IPC_ALL = libsignet-ipc.a $(LIB_ALL)
