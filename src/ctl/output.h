/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What signetctl prints: text that peers chose, so that it cannot do anything
 * to a terminal; JSON; colours where there is a terminal that wants them.
 */
#ifndef SIGNET_CTL_OUTPUT_H
#define SIGNET_CTL_OUTPUT_H

#include "lib/row.h"

enum output_colour {
	OUTPUT_PLAIN,
	OUTPUT_BOLD,
	OUTPUT_GREEN,
	OUTPUT_YELLOW,
	OUTPUT_RED,
};

/* Standard output is a terminal, and NO_COLOR is not set (no-color.org). */
bool output_has_colours(void);

/* Begin a colour; OUTPUT_PLAIN ends it. Nothing where there are none. */
void output_colour(enum output_colour colour);

/*
 * Append text in one line and without anything that a terminal or a reader
 * could take for something else: control characters, what is not seen, what
 * changes the direction of writing, and what is no UTF-8 are escaped as \xNN.
 */
void output_escape(struct bytes text, struct buffer *out);

/* How many columns UTF-8 takes, one for each character. */
size_t output_width(struct bytes text);

/* As a JSON string; what is no UTF-8 becomes U+FFFD. */
void output_json_text(struct bytes text);

/* A field with its name, as a number, a boolean or a string, by its name. */
void output_json_field(const struct row_field *field);

/* All fields of a row but skip (may be NULL), separated by ", ". */
void output_json_fields(const struct row *row, const char *skip);

/* "3 d 4 h", "12 min", "7 s". */
#define OUTPUT_SPAN_MAX 32
void output_span(int64_t seconds, char text[OUTPUT_SPAN_MAX]);

#endif
