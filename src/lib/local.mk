# SPDX-License-Identifier: Apache-2.0
noinst_LIBRARIES += libsignet-lib.a
libsignet_lib_a_SOURCES = \
	src/lib/buffer.c src/lib/buffer.h \
	src/lib/bytes.h \
	src/lib/clock.c src/lib/clock.h \
	src/lib/hash.c src/lib/hash.h \
	src/lib/log.c src/lib/log.h \
	src/lib/memory.c src/lib/memory.h \
	src/lib/pack.c src/lib/pack.h \
	src/lib/table.h

LIB_ALL = libsignet-lib.a
