# SPDX-License-Identifier: Apache-2.0
sbin_PROGRAMS += signetd
signetd_SOURCES = src/signetd.c
signetd_LDADD = libsignet-master.a $(GATE_ALL) $(STORE_ALL) $(WORKER_ALL)
