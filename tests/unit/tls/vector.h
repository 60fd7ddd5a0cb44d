/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Vectors from tests/vectors/tls: sections of names and values; a value goes
 * on in indented lines. What is wrong with a file fails the test.
 */
#ifndef SIGNET_TEST_VECTOR_H
#define SIGNET_TEST_VECTOR_H

#include <stdio.h>

#include "lib/bytes.h"

#define VECTOR_ITEMS_MAX 8
#define VECTOR_TEXT_MAX  1024

struct vector {
	char name[64];
	size_t count;
	struct {
		char name[32];
		char text[VECTOR_TEXT_MAX];
	} items[VECTOR_ITEMS_MAX];
};

FILE *vector_open(const char *file_name);

/* The next section; false at the end. */
bool vector_next(FILE *file, struct vector *vector);

/* The section of that name, which must be there. */
void vector_get(const char *file_name, const char *section,
    struct vector *vector);

const char *vector_text(const struct vector *vector, const char *name);

/* Decode hexadecimal digits; returns how many bytes they were. */
size_t vector_hex(const struct vector *vector, const char *name, uint8_t *out,
    size_t max);

#endif
