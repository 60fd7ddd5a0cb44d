/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A library that is not linked with: one that takes memory and time of every
 * process that it is mapped into, where only one of them needs it.
 */
#ifndef SIGNET_LIB_LIBRARY_H
#define SIGNET_LIB_LIBRARY_H

#include <stddef.h>

struct library_call {
	const char *name;
	size_t at; /* of the pointer to it, in the caller's table */
};

/*
 * Load a library for as long as the process lives, and fill the table with its
 * functions; again is allowed.
 *
 * name: as a program that is linked with it would note.
 * why: what is wrong, cut to so many bytes.
 * Returns 0; -ELIBACC if the library, or one that it needs, is not there;
 * -ELIBBAD if it lacks a function.
 */
int library_load(const char *name, const struct library_call *calls,
    size_t call_count, void *table, char *why, size_t why_size);

#endif
