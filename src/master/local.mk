# SPDX-License-Identifier: Apache-2.0
noinst_LIBRARIES += libsignet-master.a
libsignet_master_a_SOURCES = \
	src/master/control.c src/master/control.h src/master/control_internal.h \
	src/master/control_sessions.c \
	src/master/control_status.c \
	src/master/folder.c src/master/folder.h \
	src/master/heartbeat.c src/master/heartbeat.h \
	src/master/inherited.c src/master/inherited.h \
	src/master/listener.c src/master/listener.h \
	src/master/master.c src/master/master.h \
	src/master/local_socket.c src/master/local_socket.h \
	src/master/log_levels.c src/master/log_levels.h \
	src/master/member.c src/master/member.h \
	src/master/monitor.c src/master/monitor.h \
	src/master/reload.c src/master/reload.h src/master/reload_internal.h \
	src/master/reload_read.c \
	src/master/report.c src/master/report.h \
	src/master/service.c src/master/service.h \
	src/master/signing_keys.c src/master/signing_keys.h \
	src/master/statistics.c src/master/statistics.h \
	src/master/supplies.c \
	src/master/tickets.c src/master/tickets.h \
	src/master/trust.c src/master/trust.h

MASTER_ALL = libsignet-master.a $(BEAT_ALL) $(PROC_ALL) -lm
