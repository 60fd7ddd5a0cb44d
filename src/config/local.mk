# SPDX-License-Identifier: Apache-2.0
noinst_LIBRARIES += libsignet-config.a
libsignet_config_a_SOURCES = \
	src/config/change.c src/config/change.h \
	src/config/change_roles.c \
	src/config/check.c src/config/check.h \
	src/config/config.c src/config/config.h \
	src/config/describe.c src/config/describe.h \
	src/config/fault.c src/config/fault.h \
	src/config/file_fault.c src/config/file_fault.h \
	src/config/file_name.c src/config/file_name.h \
	src/config/load.c \
	src/config/manual.c \
	src/config/nearest.c \
	src/config/print.c \
	src/config/schema.c src/config/schema.def src/config/schema.h \
	src/config/source.c src/config/source.h \
	src/config/value.c src/config/value.h

CONFIG_ALL = libsignet-config.a $(LIB_ALL) $(LIBCONFIG_LIBS)

# The manual pages are kept as they are built here; tests compare them.
EXTRA_PROGRAMS = src/config/print_manual
src_config_print_manual_SOURCES = src/config/print_manual.c
src_config_print_manual_LDADD = $(CONFIG_ALL)
CLEANFILES += src/config/print_manual

.PHONY: update-manual
update-manual: src/config/print_manual$(EXEEXT)
	src/config/print_manual settings < $(srcdir)/docs/signet.conf.5 > manual.tmp
	mv manual.tmp $(srcdir)/docs/signet.conf.5
	src/config/print_manual words < $(srcdir)/docs/signetd.8 > manual.tmp
	mv manual.tmp $(srcdir)/docs/signetd.8
