# SPDX-License-Identifier: Apache-2.0
noinst_LIBRARIES += libsignet-store.a
libsignet_store_a_SOURCES = \
	src/store/backup.c src/store/backup.h \
	src/store/batch.c src/store/batch.h \
	src/store/check.c src/store/check.h \
	src/store/database.c src/store/database.h \
	src/store/database_options.c src/store/database_options.h \
	src/store/fault.c src/store/fault.h \
	src/store/frames.c src/store/frames.h \
	src/store/group.c src/store/group.h \
	src/store/homes.c src/store/homes.h \
	src/store/iterator.c src/store/iterator.h \
	src/store/loader.c src/store/loader.h \
	src/store/log_ahead.c src/store/log_ahead.h \
	src/store/owner.c src/store/owner.h \
	src/store/reader.c src/store/reader.h \
	src/store/reference.c src/store/reference.h \
	src/store/rocksdb.c src/store/rocksdb.h src/store/rocksdb_calls.def \
	src/store/row.c src/store/row.h \
	src/store/salvage.c src/store/salvage.h \
	src/store/scan.c src/store/scan.h \
	src/store/store.c src/store/store.h \
	src/store/store_internal.h \
	src/store/sweep.c src/store/sweep.h \
	src/store/walk.c src/store/walk.h \
	src/store/writer.c src/store/writer.h
libsignet_store_a_CPPFLAGS = $(AM_CPPFLAGS) \
	-DSIGNET_ROCKSDB_LIBRARY='"$(ROCKSDB_LIBRARY)"'
libsignet_store_a_CFLAGS = $(AM_CFLAGS) $(ROCKSDB_CFLAGS)

# For those who link with it.
STORE_ALL = libsignet-store.a $(PROC_ALL)
