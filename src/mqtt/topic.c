/* SPDX-License-Identifier: Apache-2.0 */
#include "mqtt/topic.h"

#include "mqtt/wire.h"

#define SHARE_PREFIX BYTES_LITERAL("$share/")

static inline bool
is_wildcard(uint8_t byte)
{
	return byte == '+' || byte == '#';
}

#define EVERY_BYTE(byte) (UINT64_C(0x0101010101010101) * (byte))

/* Eight bytes at once: '+' and '#' differ in one bit, which is masked out. */
static inline bool
has_wildcard_in_word(const uint8_t *at)
{
	uint64_t word;

	memcpy(&word, at, sizeof(word));
	word = (word & ~EVERY_BYTE('+' ^ '#')) ^ EVERY_BYTE('+' & '#');
	/* Is one of the bytes 0 now? */
	return ((word - EVERY_BYTE(0x01)) & ~word & EVERY_BYTE(0x80)) != 0;
}

static bool
has_wildcard(struct bytes text)
{
	const size_t step = sizeof(uint64_t);
	size_t i = 0;

	for (; text.len - i >= step; i += step)
		if (has_wildcard_in_word(text.data + i))
			return true;
	/* The rest, with some bytes a second time. */
	if (i > 0)
		return i < text.len &&
		       has_wildcard_in_word(text.data + text.len - step);
	for (; i < text.len; i++)
		if (is_wildcard(text.data[i]))
			return true;
	return false;
}

static inline bool
is_char(struct bytes text, char character)
{
	return text.len == 1 && text.data[0] == (uint8_t)character;
}

bool
mqtt_topic_name_is_valid(struct bytes topic_name)
{
	/* [MQTT-4.7.3-1, -3], [MQTT5-4.7.3-1, -3] */
	if (topic_name.len == 0 || topic_name.len > MQTT_STRING_MAX)
		return false;
	/* [MQTT-4.7.1-1], [MQTT5-4.7.0-1] */
	return !has_wildcard(topic_name);
}

static bool
starts_with(struct bytes text, struct bytes prefix)
{
	return text.len >= prefix.len &&
	       memcmp(text.data, prefix.data, prefix.len) == 0;
}

/* Of a filter without $share/<group>/ before it. */
static bool
is_valid_unshared(struct bytes topic_filter)
{
	/* [MQTT-4.7.3-1], [MQTT5-4.7.3-1] */
	if (topic_filter.len == 0)
		return false;

	for (size_t i = 0; i < topic_filter.len; i++) {
		const uint8_t *at = topic_filter.data + i;
		bool is_last = i + 1 == topic_filter.len;

		if (!is_wildcard(*at))
			continue;
		if (i > 0 && at[-1] != '/')
			return false;
		/* [MQTT-4.7.1-2], [MQTT5-4.7.1-1] */
		if (*at == '#' && !is_last)
			return false;
		/* [MQTT-4.7.1-3], [MQTT5-4.7.1-2] */
		if (*at == '+' && !is_last && at[1] != '/')
			return false;
	}
	return true;
}

bool
mqtt_topic_filter_is_valid(struct bytes topic_filter)
{
	struct bytes group;
	struct bytes rest;

	if (topic_filter.len > MQTT_STRING_MAX) /* [MQTT5-4.7.3-3] */
		return false;
	if (!starts_with(topic_filter, SHARE_PREFIX))
		return is_valid_unshared(topic_filter);
	/* [MQTT5-4.8.2-1, -2] */
	return mqtt_topic_filter_is_shared(topic_filter, &group, &rest) &&
	       is_valid_unshared(rest);
}

bool
mqtt_topic_filter_is_shared(struct bytes topic_filter, struct bytes *group,
    struct bytes *rest)
{
	struct bytes behind;
	struct bytes share_name;
	const uint8_t *slash;

	if (!starts_with(topic_filter, SHARE_PREFIX))
		return false;
	behind = bytes_skip(topic_filter, SHARE_PREFIX.len);
	slash = behind.len > 0 ? memchr(behind.data, '/', behind.len) : NULL;
	if (slash == NULL)
		return false;

	share_name = bytes_of(behind.data, (size_t)(slash - behind.data));
	behind = bytes_skip(behind, share_name.len + 1);
	if (share_name.len == 0 || has_wildcard(share_name) || behind.len == 0)
		return false;
	*group = share_name;
	*rest = behind;
	return true;
}

bool
mqtt_topic_level_next(struct bytes *rest, bool *is_done, struct bytes *level)
{
	const uint8_t *slash;

	if (*is_done)
		return false;
	slash = rest->len > 0 ? memchr(rest->data, '/', rest->len) : NULL;
	if (slash == NULL) {
		*level = *rest;
		*rest = bytes_of(rest->data, 0);
		*is_done = true;
		return true;
	}
	*level = bytes_of(rest->data, (size_t)(slash - rest->data));
	*rest = bytes_skip(*rest, level->len + 1);
	return true;
}

/* May a filter match topics that begin with this byte of a name or filter? */
static inline bool
is_hidden_from(struct bytes topic_filter, struct bytes topic)
{
	/* [MQTT-4.7.2-1], [MQTT5-4.7.2-1] */
	return topic.len > 0 && topic.data[0] == '$' && topic_filter.len > 0 &&
	       is_wildcard(topic_filter.data[0]);
}

/* No level split: this runs for each message and each filter near it. */
bool
mqtt_topic_filter_match(struct bytes topic_filter, struct bytes topic_name)
{
	const uint8_t *filter = topic_filter.data;
	const uint8_t *filter_end = filter + topic_filter.len;
	const uint8_t *name = topic_name.data;
	const uint8_t *name_end = name + topic_name.len;

	if (is_hidden_from(topic_filter, topic_name))
		return false;

	for (; filter < filter_end; filter++) {
		if (*filter == '#')
			return true;
		if (*filter == '+') {
			while (name < name_end && *name != '/')
				name++;
			continue;
		}
		if (name == name_end || *filter != *name)
			break;
		name++;
	}
	if (name != name_end)
		return false;
	/* a/# matches its parent a, too (4.7.1.2) */
	return filter == filter_end ||
	       (filter_end - filter == 2 && filter[0] == '/' &&
		   filter[1] == '#');
}

bool
mqtt_topic_filter_covers(struct bytes outer, struct bytes inner)
{
	struct bytes outer_level, inner_level;
	bool outer_done = false, inner_done = false;

	if (is_hidden_from(outer, inner))
		return false;
	/* Every name has a first level, so these two are one. */
	if (is_char(inner, '#') && bytes_equal(outer, BYTES_LITERAL("+/#")))
		return true;

	while (mqtt_topic_level_next(&outer, &outer_done, &outer_level)) {
		if (is_char(outer_level, '#'))
			return true;
		if (!mqtt_topic_level_next(&inner, &inner_done, &inner_level))
			return false;
		if (is_char(inner_level, '#'))
			return false;
		if (!is_char(outer_level, '+') &&
		    !bytes_equal(outer_level, inner_level))
			return false;
	}
	return inner_done;
}
