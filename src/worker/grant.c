/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/grant.h"

#include <stdlib.h>

#include "lib/buffer.h"
#include "lib/memory.h"
#include "mqtt/topic.h"
#include "mqtt/wire.h"

enum piece_type {
	PIECE_TEXT,
	PIECE_IDENTITY,
	PIECE_CLIENT_ID,
	PIECE_LEVEL,  /* + */
	PIECE_LEVELS, /* # with the '/' before it; the last one */
	PIECE_ALL,    /* # alone */
};

struct piece {
	enum piece_type type;
	struct bytes text; /* into the filter; of a PIECE_TEXT */
};

struct grant {
	char *topic_filter;
	bool has_dollar; /* reaches topics that begin with $ */
	size_t piece_count;
	struct piece pieces[];
};

static const struct {
	struct bytes name;
	enum piece_type type;
} variables[] = {
	{ { (const uint8_t *)"${identity}", 11 }, PIECE_IDENTITY },
	{ { (const uint8_t *)"${client_id}", 12 }, PIECE_CLIENT_ID },
};

#define VARIABLE_COUNT (sizeof(variables) / sizeof(variables[0]))

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

/* The index of the variable that text begins with; VARIABLE_COUNT if none. */
static size_t
variable_at(struct bytes text)
{
	size_t i;

	for (i = 0; i < VARIABLE_COUNT; i++)
		if (starts_with(text, variables[i].name))
			break;
	return i;
}

/* The filter as it may look for a client: each variable becomes a letter. */
static const char *
sample(struct bytes filter, struct buffer *out)
{
	size_t i;

	while (filter.len > 0) {
		i = variable_at(filter);
		if (i < VARIABLE_COUNT) {
			buffer_append(out, BYTES_LITERAL("v"));
			filter = bytes_skip(filter, variables[i].name.len);
		} else if (starts_with(filter, BYTES_LITERAL("${"))) {
			return "has a variable that is neither ${identity} nor "
			       "${client_id}";
		} else {
			buffer_append(out, bytes_of(filter.data, 1));
			filter = bytes_skip(filter, 1);
		}
	}
	return NULL;
}

static const char *
filter_fault(struct bytes filter)
{
	struct buffer text = { NULL, 0, 0 };
	const char *fault = sample(filter, &text);

	if (fault == NULL && !mqtt_utf8_is_valid(buffer_view(&text)))
		fault = "is not valid UTF-8";
	/* Members of a group are granted what the filter behind it is. */
	if (fault == NULL &&
	    starts_with(buffer_view(&text), BYTES_LITERAL("$share/")))
		fault = "begins with $share: grant the filter behind the group";
	if (fault == NULL && !mqtt_topic_filter_is_valid(buffer_view(&text)))
		fault = "is no topic filter: + has to fill a level, and # the "
			"last one";
	buffer_done(&text);
	return fault;
}

/* Add len bytes of text to the last piece, or as a new one. */
static void
add_text(struct grant *grant, const char *text, size_t len)
{
	struct piece *last = grant->pieces + grant->piece_count;

	if (grant->piece_count > 0 && last[-1].type == PIECE_TEXT)
		last[-1].text.len += len;
	else
		grant->pieces[grant->piece_count++] = (struct piece){
			PIECE_TEXT, bytes_of(text, len)
		};
}

static void
add_piece(struct grant *grant, enum piece_type type)
{
	grant->pieces[grant->piece_count++].type = type;
}

/* Fill the pieces of a valid filter. */
static void
split(struct grant *grant)
{
	const char *at = grant->topic_filter;
	size_t i;

	/* The same, but also where # is asked for. */
	if (strcmp(at, "+/#") == 0)
		at += 2;
	while (*at != '\0') {
		i = variable_at(bytes_of_string(at));
		if (i < VARIABLE_COUNT) {
			add_piece(grant, variables[i].type);
			at += variables[i].name.len;
			continue;
		}
		if (*at == '+')
			add_piece(grant, PIECE_LEVEL);
		else if (*at == '#')
			add_piece(grant, PIECE_ALL);
		else if (strcmp(at, "/#") == 0)
			add_piece(grant, PIECE_LEVELS);
		else
			add_text(grant, at, 1);
		at += strcmp(at, "/#") == 0 ? 2 : 1;
	}
}

const char *
grant_compile(const char *topic_filter, struct grant **grant)
{
	struct bytes filter = bytes_of_string(topic_filter);
	const char *fault = filter_fault(filter);
	struct grant *compiled;

	if (fault != NULL || grant == NULL)
		return fault;
	/* No piece is shorter than a byte. */
	compiled = memory_new(1,
	    sizeof(*compiled) + filter.len * sizeof(struct piece));
	compiled->topic_filter = memory_copy(filter);
	compiled->has_dollar = topic_filter[0] == '$' &&
			       variable_at(filter) == VARIABLE_COUNT;
	split(compiled);
	*grant = memory_resize(compiled,
	    sizeof(*compiled) + compiled->piece_count * sizeof(struct piece));
	return NULL;
}

void
grant_free(struct grant **grant)
{
	if (*grant == NULL)
		return;
	free((*grant)->topic_filter);
	free(*grant);
	*grant = NULL;
}

const char *
grant_topic_filter(const struct grant *grant)
{
	return grant->topic_filter;
}

static bool
value_is_safe(struct bytes value)
{
	static const bool is_unsafe[256] = {
		['\0'] = true,
		['/'] = true,
		['+'] = true,
		['#'] = true,
	};
	size_t i;

	for (i = 0; i < value.len; i++)
		if (is_unsafe[value.data[i]])
			return false;
	return value.len > 0;
}

/* Take a value off the front of topic, if it is there and may be there. */
static bool
take_value(struct bytes *topic, struct bytes value)
{
	/* The cheap question first: most values differ. */
	if (!starts_with(*topic, value) || !value_is_safe(value))
		return false;
	*topic = bytes_skip(*topic, value.len);
	return true;
}

/* Take a level off the front of topic, if it is one and not any number. */
static bool
take_level(struct bytes *topic)
{
	const uint8_t *at = topic->data;
	const uint8_t *end = at + topic->len;

	if (at < end && *at == '#')
		return false;
	while (at < end && *at != '/')
		at++;
	*topic = bytes_of(at, (size_t)(end - at));
	return true;
}

bool
grant_covers(const struct grant *grant, const struct grant_client *client,
    struct bytes topic)
{
	struct bytes rest = topic;
	const struct piece *piece = grant->pieces;
	const struct piece *end = piece + grant->piece_count;

	/* [MQTT-4.7.2-1], and no variable is worth more than a wildcard. */
	if (topic.len == 0 || (topic.data[0] == '$' && !grant->has_dollar))
		return false;
	for (; piece < end; piece++) {
		switch (piece->type) {
		case PIECE_TEXT:
			if (!starts_with(rest, piece->text))
				return false;
			rest = bytes_skip(rest, piece->text.len);
			break;
		case PIECE_IDENTITY:
			if (!take_value(&rest, client->identity))
				return false;
			break;
		case PIECE_CLIENT_ID:
			if (!take_value(&rest, client->client_id))
				return false;
			break;
		case PIECE_LEVEL:
			if (!take_level(&rest))
				return false;
			break;
		case PIECE_LEVELS:
			/* The parent itself [MQTT5-4.7.1-1], or what is below. */
			return rest.len == 0 || rest.data[0] == '/';
		case PIECE_ALL:
			return true;
		}
	}
	return rest.len == 0;
}
