# SPDX-License-Identifier: Apache-2.0
bin_PROGRAMS += signetctl
signetctl_SOURCES = \
	src/ctl/answer.c src/ctl/answer.h \
	src/ctl/backup.c src/ctl/backup.h \
	src/ctl/explain.c src/ctl/explain.h \
	src/ctl/line.c src/ctl/line.h \
	src/ctl/output.c src/ctl/output.h \
	src/ctl/session.c \
	src/ctl/sessions.c src/ctl/sessions.h \
	src/ctl/signetctl.c \
	src/ctl/status.c src/ctl/status.h \
	src/ctl/table.c src/ctl/table.h
signetctl_LDADD = $(RIGHTS_ALL) $(X509_ALL)
