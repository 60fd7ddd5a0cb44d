# SPDX-License-Identifier: Apache-2.0
noinst_LIBRARIES += libsignet-lib.a
libsignet_lib_a_SOURCES = \
	src/lib/address.c src/lib/address.h \
	src/lib/buffer.c src/lib/buffer.h \
	src/lib/bytes.h \
	src/lib/clock.c src/lib/clock.h \
	src/lib/descriptor.c src/lib/descriptor.h \
	src/lib/fields.c src/lib/fields.h \
	src/lib/hash.c src/lib/hash.h \
	src/lib/index.c src/lib/index.h \
	src/lib/library.c src/lib/library.h \
	src/lib/log.c src/lib/log.h \
	src/lib/log_journal.c \
	src/lib/log_json.c \
	src/lib/log_line.c src/lib/log_line.h \
	src/lib/log_repeats.c \
	src/lib/log_words.c src/lib/log_words.def src/lib/log_words.h \
	src/lib/memory.c src/lib/memory.h \
	src/lib/pack.c src/lib/pack.h \
	src/lib/pool.c src/lib/pool.h \
	src/lib/row.c src/lib/row.h \
	src/lib/sanitized.h \
	src/lib/table.h

LIB_ALL = libsignet-lib.a $(DLOPEN_LIBS)
