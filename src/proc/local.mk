# SPDX-License-Identifier: Apache-2.0
noinst_LIBRARIES += libsignet-proc.a
libsignet_proc_a_SOURCES = \
	src/proc/calls.def src/proc/calls_master.def \
	src/proc/chain.c src/proc/chain.h \
	src/proc/child.c src/proc/child.h src/proc/child_private.h \
	src/proc/confined.c src/proc/confined.h \
	src/proc/credentials.c src/proc/credentials.h \
	src/proc/landlock.c src/proc/landlock.h \
	src/proc/jobs.c \
	src/proc/loop.c \
	src/proc/privileges.c src/proc/privileges.h \
	src/proc/proposal.c \
	src/proc/role.c src/proc/role.h \
	src/proc/sandbox.c src/proc/sandbox.h \
	src/proc/seccomp.c src/proc/seccomp.h \
	src/proc/statistics.c

PROC_ALL = libsignet-proc.a $(IPC_ALL) $(CONFIG_ALL) $(LIBUV_LIBS) \
	$(SECCOMP_LIBS)
