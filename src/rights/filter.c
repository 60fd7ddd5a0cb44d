/* SPDX-License-Identifier: Apache-2.0 */
#include "rights/filter.h"

#include <stdlib.h>

#include "lib/buffer.h"
#include "lib/memory.h"
#include "mqtt/topic.h"
#include "mqtt/wire.h"

struct rights_filter {
	char *text;
	bool has_dollar; /* reaches topics that begin with $ */
	rights_variable_set variables;
	size_t piece_count;
	struct rights_piece pieces[];
};

static inline bool
starts_with(struct bytes text, struct bytes start)
{
	if (text.len < start.len)
		return false;
	/* Most differ at once: that is cheaper than a call. */
	return start.len == 0 ||
	       (text.data[0] == start.data[0] &&
		   memcmp(text.data, start.data, start.len) == 0);
}

/* The filter as it may look for a client: each variable becomes a letter. */
static const char *
sample(struct bytes text, struct buffer *out)
{
	enum rights_variable variable;
	size_t len;

	while (text.len > 0) {
		len = rights_variable_at(text, &variable);
		if (len > 0) {
			buffer_append(out, BYTES_LITERAL("v"));
			text = bytes_skip(text, len);
		} else if (starts_with(text, BYTES_LITERAL("${"))) {
			return "has a variable that is "
			       "not " RIGHTS_VARIABLE_NAMES;
		} else {
			buffer_append(out, bytes_of(text.data, 1));
			text = bytes_skip(text, 1);
		}
	}
	return NULL;
}

static const char *
text_fault(struct bytes text)
{
	struct buffer sampled = { NULL, 0, 0 };
	const char *fault = sample(text, &sampled);

	if (fault == NULL && !mqtt_utf8_is_valid(buffer_view(&sampled)))
		fault = "is not valid UTF-8";
	/* Members of a group have the rights to the filter behind it. */
	if (fault == NULL &&
	    starts_with(buffer_view(&sampled), BYTES_LITERAL("$share/")))
		fault = "begins with $share: name the filter behind the group";
	if (fault == NULL && !mqtt_topic_filter_is_valid(buffer_view(&sampled)))
		fault = "is no topic filter: + has to fill a level, and # the "
			"last one";
	buffer_done(&sampled);
	return fault;
}

/* Add len bytes of text to the last piece, or as a new one. */
static void
add_text(struct rights_filter *filter, const char *text, size_t len)
{
	struct rights_piece *last = filter->pieces + filter->piece_count;

	if (filter->piece_count > 0 && last[-1].type == RIGHTS_PIECE_TEXT)
		last[-1].text.len += len;
	else
		filter->pieces[filter->piece_count++] = (struct rights_piece){
			.type = RIGHTS_PIECE_TEXT,
			.text = bytes_of(text, len)
		};
}

static void
add_piece(struct rights_filter *filter, enum rights_piece_type type)
{
	filter->pieces[filter->piece_count++].type = type;
}

static void
add_variable(struct rights_filter *filter, enum rights_variable variable)
{
	filter->variables |= (rights_variable_set)(1u << variable);
	filter->pieces[filter->piece_count++] = (struct rights_piece){
		.type = RIGHTS_PIECE_VARIABLE,
		.variable = variable
	};
}

/* Fill the pieces of a valid filter. */
static void
split(struct rights_filter *filter)
{
	const char *at = filter->text;
	enum rights_variable variable;
	size_t len;

	/* The same, but also where # is asked for. */
	if (strcmp(at, "+/#") == 0)
		at += 2;
	while (*at != '\0') {
		len = rights_variable_at(bytes_of_string(at), &variable);
		if (len > 0) {
			add_variable(filter, variable);
			at += len;
			continue;
		}
		len = strcmp(at, "/#") == 0 ? 2 : 1;
		if (*at == '+')
			add_piece(filter, RIGHTS_PIECE_LEVEL);
		else if (*at == '#')
			add_piece(filter, RIGHTS_PIECE_ALL);
		else if (len == 2)
			add_piece(filter, RIGHTS_PIECE_LEVELS);
		else
			add_text(filter, at, 1);
		at += len;
	}
}

const char *
rights_filter_compile(const char *text, struct rights_filter **filter)
{
	struct bytes view = bytes_of_string(text);
	const char *fault = text_fault(view);
	enum rights_variable variable;
	struct rights_filter *compiled;

	if (fault != NULL || filter == NULL)
		return fault;
	/* No piece is shorter than a byte. */
	compiled = memory_new(1,
	    sizeof(*compiled) + view.len * sizeof(struct rights_piece));
	compiled->text = memory_copy(view);
	compiled->has_dollar = text[0] == '$' &&
			       rights_variable_at(view, &variable) == 0;
	split(compiled);
	*filter = memory_resize(compiled,
	    sizeof(*compiled) +
		compiled->piece_count * sizeof(struct rights_piece));
	return NULL;
}

void
rights_filter_free(struct rights_filter **filter)
{
	if (*filter == NULL)
		return;
	free((*filter)->text);
	free(*filter);
	*filter = NULL;
}

const char *
rights_filter_text(const struct rights_filter *filter)
{
	return filter->text;
}

rights_variable_set
rights_filter_variables(const struct rights_filter *filter)
{
	return filter->variables;
}

/* The same for an identity of which some bytes are encoded. */
static bool
take_encoded(struct bytes *topic, const struct rights_values *values,
    const struct rights_piece *piece)
{
	struct rights_cursor cursor = { .values = values,
		.piece = piece,
		.end = piece + 1,
		.use = RIGHTS_IN_TOPIC };
	struct bytes rest = *topic;
	unsigned int token;

	while ((token = rights_cursor_next(&cursor)) != RIGHTS_TOKEN_END) {
		if (rest.len == 0 || token != rest.data[0])
			return false;
		rest = bytes_skip(rest, 1);
	}
	*topic = rest;
	return true;
}

/* Take a value off the front of topic, if it is there and may be there. */
static bool
take_value(struct bytes *topic, const struct rights_values *values,
    const struct rights_piece *piece)
{
	struct bytes value = values->of[piece->variable];

	if (piece->variable == RIGHTS_IDENTITY && values->is_uri)
		return take_encoded(topic, values, piece);
	/* The cheap question first: most values differ. */
	if (!starts_with(*topic, value) ||
	    !rights_value_is_plain(values, piece->variable))
		return false;
	*topic = bytes_skip(*topic, value.len);
	return true;
}

/* The rest of a topic behind its first level. */
static struct bytes
skip_level(struct bytes topic)
{
	size_t len = 0;

	while (len < topic.len && topic.data[len] != '/')
		len++;
	return bytes_skip(topic, len);
}

/* Take a level off the front of topic, if it is one and not any number. */
static bool
take_level(struct bytes *topic)
{
	if (topic->len > 0 && topic->data[0] == '#')
		return false;
	*topic = skip_level(*topic);
	return true;
}

static bool
begins_with_wildcard(const struct rights_filter *filter)
{
	return filter->pieces[0].type == RIGHTS_PIECE_LEVEL ||
	       filter->pieces[0].type == RIGHTS_PIECE_ALL;
}

/* Each piece takes its part off the front of topic, which, is_denial, is a
 * name. */
static inline bool
takes_all(const struct rights_filter *filter,
    const struct rights_values *values, struct bytes topic, bool is_denial)
{
	struct bytes rest = topic;
	const struct rights_piece *piece = filter->pieces;
	const struct rights_piece *end = piece + filter->piece_count;

	for (; piece < end; piece++) {
		switch (piece->type) {
		case RIGHTS_PIECE_TEXT:
			if (!starts_with(rest, piece->text))
				return false;
			rest = bytes_skip(rest, piece->text.len);
			break;
		case RIGHTS_PIECE_VARIABLE:
			if (!take_value(&rest, values, piece))
				return is_denial &&
				       !rights_value_is_plain(values,
					   piece->variable);
			break;
		case RIGHTS_PIECE_LEVEL:
			if (!take_level(&rest))
				return false;
			break;
		case RIGHTS_PIECE_LEVELS:
			/* The parent itself [MQTT5-4.7.1-1], or what is below. */
			return rest.len == 0 || rest.data[0] == '/';
		default:
			return true;
		}
	}
	return rest.len == 0;
}

bool
rights_filter_covers(const struct rights_filter *filter,
    const struct rights_values *values, struct bytes topic)
{
	/* [MQTT-4.7.2-1], and no variable is worth more than a wildcard. */
	if (topic.len == 0 || (topic.data[0] == '$' && !filter->has_dollar))
		return false;
	return takes_all(filter, values, topic, false);
}

bool
rights_filter_meets_name(const struct rights_filter *filter,
    const struct rights_values *values, struct bytes topic_name)
{
	if (topic_name.len == 0 ||
	    (topic_name.data[0] == '$' && begins_with_wildcard(filter)))
		return false;
	return takes_all(filter, values, topic_name, true);
}

static bool
is_wildcard(unsigned int token)
{
	return token == RIGHTS_TOKEN_LEVEL || token == RIGHTS_TOKEN_ALL;
}

/* [MQTT-4.7.2-1]: a wildcard in front does not match a $. */
static bool
is_kept_apart_by_dollar(struct rights_cursor cursor, struct bytes topic)
{
	unsigned int first = rights_cursor_next(&cursor);

	if (topic.data[0] == '$')
		return is_wildcard(first);
	return first == '$' && (topic.data[0] == '+' || topic.data[0] == '#');
}

/* Read a level of the filter, whatever is in it, but not what is behind. */
static void
skip_cursor_level(struct rights_cursor *cursor)
{
	struct rights_cursor ahead = *cursor;
	unsigned int token = rights_cursor_next(&ahead);

	while ((token < RIGHTS_TOKEN_END && token != '/') ||
	       token == RIGHTS_TOKEN_LEVEL) {
		*cursor = ahead;
		token = rights_cursor_next(&ahead);
	}
}

/* Nothing of the filter is left. */
static bool
meets_end(struct bytes topic)
{
	return topic.len == 0 || bytes_equal(topic, BYTES_LITERAL("/#"));
}

/* What is in front of both takes the other's part off. */
static bool
meets(struct rights_cursor *cursor, struct bytes topic)
{
	for (;;) {
		unsigned int token;

		if (topic.len > 0 && topic.data[0] == '#')
			return true;
		if (topic.len > 0 && topic.data[0] == '+') {
			skip_cursor_level(cursor);
			topic = bytes_skip(topic, 1);
			continue;
		}
		token = rights_cursor_next(cursor);
		switch (token) {
		case RIGHTS_TOKEN_END:
			return meets_end(topic);
		case RIGHTS_TOKEN_LEVELS:
			return topic.len == 0 || topic.data[0] == '/';
		case RIGHTS_TOKEN_LEVEL:
			topic = skip_level(topic);
			continue;
		case RIGHTS_TOKEN_ALL:
		case RIGHTS_TOKEN_UNKNOWN:
			return true;
		default:
			if (topic.len == 0 || token != topic.data[0])
				return false;
			topic = bytes_skip(topic, 1);
		}
	}
}

bool
rights_filter_meets(const struct rights_filter *filter,
    const struct rights_values *values, struct bytes topic)
{
	struct rights_cursor cursor = {
		.values = values,
		.piece = filter->pieces,
		.end = filter->pieces + filter->piece_count,
		.use = RIGHTS_IN_TOPIC,
	};

	return topic.len > 0 && !is_kept_apart_by_dollar(cursor, topic) &&
	       meets(&cursor, topic);
}
