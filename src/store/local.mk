# SPDX-License-Identifier: Apache-2.0
noinst_LIBRARIES += libsignet-store.a
libsignet_store_a_SOURCES = \
	src/store/database.c src/store/database.h \
	src/store/database_options.c src/store/database_options.h \
	src/store/reference.c src/store/reference.h \
	src/store/store.c src/store/store.h
libsignet_store_a_CFLAGS = $(AM_CFLAGS) $(ROCKSDB_CFLAGS)

# For those who link with it.
STORE_ALL = libsignet-store.a $(PROC_ALL) $(ROCKSDB_LIBS)
