# SPDX-License-Identifier: Apache-2.0
bin_PROGRAMS += signetctl
signetctl_SOURCES = \
	src/ctl/backup.c src/ctl/backup.h \
	src/ctl/explain.c src/ctl/explain.h \
	src/ctl/line.c src/ctl/line.h \
	src/ctl/signetctl.c
signetctl_LDADD = $(RIGHTS_ALL) $(X509_ALL)
