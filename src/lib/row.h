/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A line of fields, taken apart.
 */
#ifndef SIGNET_LIB_ROW_H
#define SIGNET_LIB_ROW_H

#include "lib/buffer.h"

#define ROW_FIELDS_MAX 64

struct row_field {
	struct bytes name;
	struct bytes value; /* as it is meant */
};

struct row {
	struct bytes word;
	size_t count;
	struct row_field fields[ROW_FIELDS_MAX];
	struct buffer memory; /* all of them lie there */
};

/* Take a line apart. False if it is malformed. Free with row_done(). */
bool row_parse(struct bytes line, struct row *row);
void row_done(struct row *row);

bool row_is(const struct row *row, const char *word);

/* The value of a field; empty if it is not there. As a number: 0. */
struct bytes row_text(const struct row *row, const char *name);
bool row_has(const struct row *row, const char *name);
int64_t row_number(const struct row *row, const char *name);

#endif
