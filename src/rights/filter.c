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
	/* Of its pieces so many are those of the filter before it, too: at
	 * most SHARED_MAX. */
	uint8_t shared_count;
	size_t piece_count;
	struct rights_piece pieces[];
};

#define SHARED_MAX 8

/* A topic on its way through filters. */
struct walk {
	const struct rights_values *values;
	bool is_denial;
	rights_variable_set plain; /* values that were seen to be */
	/* How many pieces the last filter has taken off, and what was left of
	 * the topic in front of each, and of the last. */
	size_t taken;
	struct bytes rest[SHARED_MAX + 1];
};

/* The same bytes? Most texts of rules are short: the two ends of 4 to 16 bytes
 * are compared at once, which is cheaper than a call. */
static inline bool
are_same(const uint8_t *one, const uint8_t *other, size_t len)
{
	uint64_t a[2], b[2];
	uint32_t c[2], d[2];

	if (len > 16)
		return memcmp(one, other, len) == 0;
	if (len >= 8) {
		memcpy(&a[0], one, 8);
		memcpy(&b[0], other, 8);
		memcpy(&a[1], one + len - 8, 8);
		memcpy(&b[1], other + len - 8, 8);
		return a[0] == b[0] && a[1] == b[1];
	}
	if (len >= 4) {
		memcpy(&c[0], one, 4);
		memcpy(&d[0], other, 4);
		memcpy(&c[1], one + len - 4, 4);
		memcpy(&d[1], other + len - 4, 4);
		return c[0] == d[0] && c[1] == d[1];
	}
	while (len > 0 && one[len - 1] == other[len - 1])
		len--;
	return len == 0;
}

/* start: not empty. */
static inline bool
starts_with(struct bytes text, struct bytes start)
{
	return text.len >= start.len && text.data[0] == start.data[0] &&
	       are_same(text.data, start.data, start.len);
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

static bool
is_plain(struct walk *walk, enum rights_variable variable)
{
	rights_variable_set bit = (rights_variable_set)(1u << variable);

	if ((walk->plain & bit) == 0 &&
	    rights_value_is_plain(walk->values, variable))
		walk->plain |= bit;
	return (walk->plain & bit) != 0;
}

/* Take a value off the front of topic, if it is there and may be there. */
static bool
take_value(struct walk *walk, struct bytes *topic,
    const struct rights_piece *piece)
{
	struct bytes value = walk->values->of[piece->variable];

	if (piece->variable == RIGHTS_IDENTITY && walk->values->is_uri)
		return take_encoded(topic, walk->values, piece);
	/* The cheap question first: most values differ. */
	if (value.len == 0 || !starts_with(*topic, value) ||
	    !is_plain(walk, piece->variable))
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

/* Take a piece off the front of rest; the last ones leave it as it is. */
static inline bool
take_piece(struct walk *walk, struct bytes *rest,
    const struct rights_piece *piece)
{
	switch (piece->type) {
	case RIGHTS_PIECE_TEXT:
		if (!starts_with(*rest, piece->text))
			return false;
		*rest = bytes_skip(*rest, piece->text.len);
		return true;
	case RIGHTS_PIECE_VARIABLE:
		return take_value(walk, rest, piece);
	case RIGHTS_PIECE_LEVEL:
		return take_level(rest);
	default:
		return true;
	}
}

/* May no more be left of the topic than is left when all has been taken? */
static bool
ends_with(const struct rights_piece *last, struct bytes rest)
{
	if (last->type == RIGHTS_PIECE_ALL)
		return true;
	/* The parent itself [MQTT5-4.7.1-1], or what is below. */
	return rest.len == 0 ||
	       (last->type == RIGHTS_PIECE_LEVELS && rest.data[0] == '/');
}

/* It is denied where it would be named by a value that cannot be. */
static bool
is_denied_unnamed(struct walk *walk, const struct rights_piece *piece)
{
	return walk->is_denial && piece->type == RIGHTS_PIECE_VARIABLE &&
	       !is_plain(walk, piece->variable);
}

/*
 * Each piece takes its part off the front of the topic, but for the first so
 * many, which the filter before has in common with this one.
 */
static inline bool
takes_all(struct walk *walk, const struct rights_filter *filter, size_t at)
{
	struct bytes rest;

	/* What stopped that one stops this one as well. */
	if (at > walk->taken)
		return false;
	rest = walk->rest[at];
	for (; at < filter->piece_count; at++) {
		if (at <= SHARED_MAX)
			walk->rest[at] = rest;
		if (take_piece(walk, &rest, &filter->pieces[at]))
			continue;
		walk->taken = at;
		return is_denied_unnamed(walk, &filter->pieces[at]);
	}
	walk->taken = at;
	if (at <= SHARED_MAX)
		walk->rest[at] = rest;
	return ends_with(&filter->pieces[at - 1], rest);
}

/* [MQTT-4.7.2-1], and no variable is worth more than a wildcard. Filters whose
 * first piece is the same give the same answer. */
static inline bool
is_out_of_reach(const struct rights_filter *filter, struct bytes topic,
    bool is_denial)
{
	return topic.data[0] == '$' &&
	       (is_denial ? begins_with_wildcard(filter) : !filter->has_dollar);
}

/* Nothing has been taken yet: what is left of it later is not there. */
static inline void
walk_begin(struct walk *walk, const struct rights_values *values,
    struct bytes topic, bool is_denial)
{
	walk->values = values;
	walk->is_denial = is_denial;
	walk->plain = 0;
	walk->taken = 0;
	walk->rest[0] = topic;
}

bool
rights_filter_covers(const struct rights_filter *filter,
    const struct rights_values *values, struct bytes topic)
{
	struct walk walk;

	walk_begin(&walk, values, topic, false);
	return topic.len > 0 && !is_out_of_reach(filter, topic, false) &&
	       takes_all(&walk, filter, 0);
}

bool
rights_filter_meets_name(const struct rights_filter *filter,
    const struct rights_values *values, struct bytes topic_name)
{
	struct walk walk;

	walk_begin(&walk, values, topic_name, true);
	return topic_name.len > 0 &&
	       !is_out_of_reach(filter, topic_name, true) &&
	       takes_all(&walk, filter, 0);
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

static bool
is_same_piece(const struct rights_piece *one, const struct rights_piece *other)
{
	if (one->type != other->type)
		return false;
	if (one->type == RIGHTS_PIECE_TEXT)
		return bytes_equal(one->text, other->text);
	if (one->type == RIGHTS_PIECE_VARIABLE)
		return one->variable == other->variable;
	return one->type == RIGHTS_PIECE_LEVEL;
}

void
rights_filters_link(struct rights_filter *const *filters, size_t count)
{
	for (size_t i = 1; i < count; i++) {
		const struct rights_filter *before = filters[i - 1];
		uint8_t at = 0;

		while (
		    at < SHARED_MAX && at < before->piece_count &&
		    at < filters[i]->piece_count &&
		    is_same_piece(&before->pieces[at], &filters[i]->pieces[at]))
			at++;
		filters[i]->shared_count = at;
	}
}

static size_t
find_meeting(struct rights_filter *const *filters, size_t count,
    const struct rights_values *values, struct bytes topic)
{
	for (size_t i = 0; i < count; i++)
		if (rights_filter_meets(filters[i], values, topic))
			return i;
	return count;
}

size_t
rights_filters_find(struct rights_filter *const *filters, size_t count,
    enum rights_question question, const struct rights_values *values,
    struct bytes topic)
{
	bool is_denial = question == RIGHTS_MEETS_NAME;
	struct walk walk;

	if (topic.len == 0 || count == 0)
		return count;
	if (question == RIGHTS_MEETS)
		return find_meeting(filters, count, values, topic);
	walk_begin(&walk, values, topic, is_denial);
	for (size_t i = 0; i < count; i++)
		if (!is_out_of_reach(filters[i], topic, is_denial) &&
		    takes_all(&walk, filters[i], filters[i]->shared_count))
			return i;
	return count;
}
