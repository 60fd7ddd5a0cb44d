# SPDX-License-Identifier: Apache-2.0
noinst_LIBRARIES += libsignet-config.a
libsignet_config_a_SOURCES = \
	src/config/check.c src/config/check.h \
	src/config/config.c src/config/config.h \
	src/config/describe.c src/config/describe.h \
	src/config/fault.c src/config/fault.h \
	src/config/load.c \
	src/config/manual.c \
	src/config/nearest.c \
	src/config/print.c \
	src/config/schema.c src/config/schema.def src/config/schema.h \
	src/config/source.c src/config/source.h

CONFIG_ALL = libsignet-config.a $(LIB_ALL) $(LIBCONFIG_LIBS)
