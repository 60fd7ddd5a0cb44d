/* SPDX-License-Identifier: Apache-2.0 */
#include "rights/piece.h"

#include <string.h>

#define NAME(text)                                                             \
	{                                                                      \
		(const uint8_t *)(text), sizeof(text) - 1                      \
	}

static const struct bytes names[RIGHTS_VARIABLE_COUNT] = {
	[RIGHTS_IDENTITY] = NAME("${identity}"),
	[RIGHTS_CLIENT_ID] = NAME("${client_id}"),
	[RIGHTS_CN] = NAME("${cn}"),
	[RIGHTS_O] = NAME("${o}"),
	[RIGHTS_OU] = NAME("${ou}"),
};

size_t
rights_variable_at(struct bytes text, enum rights_variable *variable)
{
	size_t i;

	if (text.len == 0 || text.data[0] != '$')
		return 0;
	for (i = 0; i < RIGHTS_VARIABLE_COUNT; i++) {
		if (text.len < names[i].len ||
		    memcmp(text.data, names[i].data, names[i].len) != 0)
			continue;
		*variable = (enum rights_variable)i;
		return names[i].len;
	}
	return 0;
}

static bool
is_encoded(const struct rights_values *values, enum rights_variable variable)
{
	return variable == RIGHTS_IDENTITY && values->is_uri;
}

bool
rights_value_is_plain(const struct rights_values *values,
    enum rights_variable variable)
{
	static const bool is_special[256] = {
		['\0'] = true,
		['/'] = true,
		['+'] = true,
		['#'] = true,
	};
	struct bytes value = values->of[variable];
	size_t i;

	for (i = 0; i < value.len; i++)
		if (is_special[value.data[i]] &&
		    (value.data[i] != '/' || !is_encoded(values, variable)))
			return false;
	return value.len > 0;
}

/* May the value of the piece that the reader is at be used? */
static bool
is_usable(const struct rights_cursor *cursor)
{
	enum rights_variable variable = cursor->piece->variable;

	if (cursor->use == RIGHTS_IN_TOPIC)
		return rights_value_is_plain(cursor->values, variable);
	return cursor->values->of[variable].len > 0;
}

/* The byte of a value at the reader, or the next digit of its encoding. */
static unsigned int
value_byte(struct rights_cursor *cursor)
{
	struct bytes value = cursor->values->of[cursor->piece->variable];
	uint8_t byte = value.data[cursor->offset];
	const char *code = byte == '/' ? "%2F" : "%25";

	if (cursor->use != RIGHTS_IN_TOPIC || (byte != '/' && byte != '%') ||
	    !is_encoded(cursor->values, cursor->piece->variable)) {
		cursor->offset++;
		return byte;
	}
	byte = (uint8_t)code[cursor->encoded++];
	if (code[cursor->encoded] == '\0') {
		cursor->encoded = 0;
		cursor->offset++;
	}
	return byte;
}

static unsigned int
wildcard_token(enum rights_piece_type type)
{
	switch (type) {
	case RIGHTS_PIECE_LEVEL:
		return RIGHTS_TOKEN_LEVEL;
	case RIGHTS_PIECE_LEVELS:
		return RIGHTS_TOKEN_LEVELS;
	case RIGHTS_PIECE_ALL:
		return RIGHTS_TOKEN_ALL;
	default:
		return RIGHTS_TOKEN_RUN;
	}
}

unsigned int
rights_cursor_next(struct rights_cursor *cursor)
{
	for (; cursor->piece < cursor->end; cursor->piece++) {
		const struct rights_piece *piece = cursor->piece;

		switch (piece->type) {
		case RIGHTS_PIECE_TEXT:
			if (cursor->offset < piece->text.len)
				return piece->text.data[cursor->offset++];
			break;
		case RIGHTS_PIECE_VARIABLE:
			if (cursor->offset == 0 && !is_usable(cursor))
				return RIGHTS_TOKEN_UNKNOWN;
			if (cursor->offset <
			    cursor->values->of[piece->variable].len)
				return value_byte(cursor);
			break;
		default:
			cursor->piece++;
			return wildcard_token(piece->type);
		}
		cursor->offset = 0;
	}
	return RIGHTS_TOKEN_END;
}
