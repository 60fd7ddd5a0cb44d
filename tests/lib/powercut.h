/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the files of the library powercut share.
 */
#ifndef SIGNET_POWERCUT_H
#define SIGNET_POWERCUT_H

#include <dlfcn.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

/* As disk.py reads them. */
enum record_type {
	RECORD_CREATE = 1,     /* inode; path */
	RECORD_WRITE = 2,      /* inode, offset; data */
	RECORD_TRUNCATE = 3,   /* inode, offset: the new length */
	RECORD_ZERO = 4,       /* inode, offset, number: length */
	RECORD_SYNC_BEGIN = 5, /* inode, number: of this sync */
	RECORD_SYNC_END = 6,   /* number */
	RECORD_DIR_BEGIN = 7,  /* number: of this sync; path */
	RECORD_MKDIR = 8,      /* path */
	RECORD_RENAME = 9,     /* number: length of the first path; both */
	RECORD_UNLINK = 10,    /* path: of a file or a directory */
	RECORD_LINK = 11,      /* number: length of the first path; both */
};

/* The next library's function of this name. */
#define REAL(name) ((__typeof__(&name))powercut_real(#name))

#pragma GCC visibility push(hidden)

/* Held around an operation and its record. */
extern pthread_mutex_t powercut_mutex;

void *powercut_real(const char *name);

/* What is not recorded must not happen. */
void powercut_refuse(const char *what) __attribute__((noreturn));

bool powercut_is_below_top(const char *path);

/* A path that is relative to a directory of ours, made absolute in the room
 * of PATH_MAX bytes; any other as it is. */
const char *powercut_resolve(int directory, const char *path, char *room);

/* With the mutex held. */
void powercut_record_path(enum record_type type, uint64_t inode,
    uint64_t number, const char *path);
void powercut_record_paths(enum record_type type, const char *from,
    const char *to);

#pragma GCC visibility pop

#endif
