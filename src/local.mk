# SPDX-License-Identifier: Apache-2.0
SIGNETD_ALL = libsignet-master.a libsignet-reader.a libsignet-trust.a $(METRICS_ALL) \
	$(GATE_ALL) $(KEY_ALL) \
	$(STORE_ALL) $(WORKER_ALL)

sbin_PROGRAMS += signetd
signetd_SOURCES = src/check_files.c src/check_files.h src/roles.c \
	src/signetd.c src/start_key.c src/start_key.h
signetd_LDADD = $(SIGNETD_ALL)
