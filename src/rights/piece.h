/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The text of a rule, cut into pieces: text, variables such as ${identity},
 * and wildcards. What a variable stands for is put in at each question, byte
 * by byte, so that no value can become a wildcard or a variable.
 */
#ifndef SIGNET_RIGHTS_PIECE_H
#define SIGNET_RIGHTS_PIECE_H

#include "lib/bytes.h"

enum rights_variable {
	RIGHTS_IDENTITY,
	RIGHTS_CLIENT_ID,
	RIGHTS_CN,
	RIGHTS_O,
	RIGHTS_OU,
	RIGHTS_VARIABLE_COUNT,
};

/* Bits of variables, 1 << enum rights_variable. */
typedef uint8_t rights_variable_set;

/* What the variables stand for; an empty value is one that is not there. */
struct rights_values {
	struct bytes of[RIGHTS_VARIABLE_COUNT];
	/* '/' and '%' of the identity are percent-encoded in a topic. */
	bool is_uri;
};

enum rights_piece_type {
	RIGHTS_PIECE_TEXT,
	RIGHTS_PIECE_VARIABLE,
	RIGHTS_PIECE_LEVEL,  /* + */
	RIGHTS_PIECE_LEVELS, /* # with the '/' before it; the last one */
	RIGHTS_PIECE_ALL,    /* # alone */
	RIGHTS_PIECE_RUN,    /* *, in a pattern */
};

struct rights_piece {
	enum rights_piece_type type;
	enum rights_variable variable; /* of a RIGHTS_PIECE_VARIABLE */
	struct bytes text;             /* of a RIGHTS_PIECE_TEXT */
};

/* The names of the variables, for humans. */
#define RIGHTS_VARIABLE_NAMES "${identity}, ${client_id}, ${cn}, ${o} or ${ou}"

/*
 * The variable that text begins with.
 *
 * Returns the length of its name with ${ and }, 0 if there is none.
 */
size_t rights_variable_at(struct bytes text, enum rights_variable *variable);

/*
 * Can the value stand in a topic, encoded as it would be? Not if it is not
 * there, or holds a '/' (unless it is encoded), '+', '#' or NUL.
 */
bool rights_value_is_plain(const struct rights_values *values,
    enum rights_variable variable);

/* What a value may be, where the pieces are read one byte after the other. */
enum rights_use {
	RIGHTS_IN_TOPIC,  /* plain values, the identity encoded */
	RIGHTS_IN_STRING, /* all values but missing ones, as they are */
};

/* A byte of text or of a value; or one of these. */
enum rights_token {
	RIGHTS_TOKEN_END = 256,
	RIGHTS_TOKEN_LEVEL,
	RIGHTS_TOKEN_LEVELS,
	RIGHTS_TOKEN_ALL,
	RIGHTS_TOKEN_RUN,
	RIGHTS_TOKEN_UNKNOWN, /* a value that may not be used: the end, too */
};

/* Where the reader stands: a value, which can be kept to come back to. */
struct rights_cursor {
	const struct rights_values *values;
	const struct rights_piece *piece;
	const struct rights_piece *end;
	size_t offset;   /* in the piece's text or value */
	uint8_t encoded; /* digits of the byte at offset that are read */
	enum rights_use use;
};

/* Read on; returns a byte or an enum rights_token. */
unsigned int rights_cursor_next(struct rights_cursor *cursor);

#endif
