# SPDX-License-Identifier: Apache-2.0
noinst_LIBRARIES += libsignet-reader.a
libsignet_reader_a_SOURCES = \
	src/reader/path.c src/reader/path.h \
	src/reader/reader.c src/reader/reader.h \
	src/reader/watch.c src/reader/watch.h

READER_ALL = libsignet-reader.a $(PROC_ALL)
