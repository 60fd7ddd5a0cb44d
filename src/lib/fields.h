/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A line of fields, as the daemon and signetctl write to each other: a word,
 * then name=value, each behind a tab, then a newline. In a value every byte
 * below a space, 0x7f and the backslash are written as \xNN, so that no text
 * can end its field or its line.
 */
#ifndef SIGNET_LIB_FIELDS_H
#define SIGNET_LIB_FIELDS_H

#include "lib/buffer.h"
#include "lib/bytes.h"

/* Begin a line, and end it. Names and words have no byte to escape. */
void fields_begin(struct buffer *out, const char *word);
void fields_end(struct buffer *out);

void fields_text(struct buffer *out, const char *name, struct bytes value);
void fields_word(struct buffer *out, const char *name, const char *value);
void fields_number(struct buffer *out, const char *name, int64_t value);
/* Hexadecimal: 16 digits; bytes. */
void fields_id(struct buffer *out, const char *name, uint64_t value);
void fields_hex(struct buffer *out, const char *name, struct bytes value);

/*
 * Take the next part off the front of a line without its newline: its word or
 * a field. *name is empty for a part without "=". False at the end.
 */
bool fields_next(struct bytes *line, struct bytes *name, struct bytes *value);

/*
 * Undo the escapes of a value, in place behind what out holds. False if there
 * is one that fields_text() does not write.
 */
bool fields_unescape(struct bytes value, struct buffer *out);

#endif
