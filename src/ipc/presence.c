/* SPDX-License-Identifier: Apache-2.0 */
#include "ipc/presence.h"

#include "lib/pack.h"

static const struct bytes prefix = {
	(const uint8_t *)IPC_PRESENCE_PREFIX,
	sizeof(IPC_PRESENCE_PREFIX) - 1,
};

static const char digits[] = "0123456789ABCDEF";

/* The first byte of what is U+0080 to U+00BF in UTF-8. */
#define LATIN_1_LEAD 0xc2

/* How many bytes at the beginning are to be encoded; text: not empty. */
static size_t
special_len(struct bytes text)
{
	uint8_t byte = text.data[0];

	if (byte < 0x20 || byte == 0x7f || byte == '/' || byte == '+' ||
	    byte == '#' || byte == '%')
		return 1;
	if (byte == LATIN_1_LEAD && text.len > 1 && text.data[1] >= 0x80 &&
	    text.data[1] <= 0x9f)
		return 2;
	return 0;
}

static void
append_encoded(struct buffer *out, uint8_t byte)
{
	const char code[] = { '%', digits[byte >> 4], digits[byte & 0xf] };

	buffer_append(out, bytes_of(code, sizeof(code)));
}

static void
append_level(struct buffer *out, struct bytes text)
{
	while (text.len > 0) {
		size_t len = special_len(text);

		for (size_t i = 0; i < len; i++)
			append_encoded(out, text.data[i]);
		if (len == 0) {
			len = 1;
			buffer_append(out, bytes_of(text.data, len));
		}
		text = bytes_skip(text, len);
	}
}

bool
ipc_presence_topic(struct bytes identity, struct bytes client_id,
    struct buffer *out)
{
	size_t begin = out->len;

	/* Encoded it is no shorter. */
	if (identity.len + client_id.len > IPC_PRESENCE_TOPIC_MAX)
		return false;
	buffer_append(out, prefix);
	append_level(out, identity);
	buffer_append(out, BYTES_LITERAL("/"));
	append_level(out, client_id);
	if (out->len - begin <= IPC_PRESENCE_TOPIC_MAX)
		return true;
	out->len = begin;
	return false;
}

/* The value of a digit, 16 if it is none. */
static unsigned int
digit_value(uint8_t digit)
{
	const char *at = digit == '\0' ? NULL : strchr(digits, digit);

	return at == NULL ? 16 : (unsigned int)(at - digits);
}

static bool
append_decoded(struct buffer *out, struct bytes level)
{
	while (level.len > 0) {
		uint8_t byte = level.data[0];
		size_t len = 1;

		if (byte == '%') {
			unsigned int high, low;

			if (level.len < 3)
				return false;
			high = digit_value(level.data[1]);
			low = digit_value(level.data[2]);
			if (high > 15 || low > 15)
				return false;
			byte = (uint8_t)(high << 4 | low);
			len = 3;
		}
		buffer_append(out, bytes_of(&byte, 1));
		level = bytes_skip(level, len);
	}
	return true;
}

/* Cut into the two levels behind the prefix. */
static bool
cut(struct bytes topic, struct bytes *identity, struct bytes *client_id)
{
	const uint8_t *slash;

	if (topic.len <= prefix.len || topic.len > IPC_PRESENCE_TOPIC_MAX ||
	    memcmp(topic.data, prefix.data, prefix.len) != 0)
		return false;
	topic = bytes_skip(topic, prefix.len);
	slash = memchr(topic.data, '/', topic.len);
	if (slash == NULL)
		return false;
	*identity = bytes_of(topic.data, (size_t)(slash - topic.data));
	*client_id = bytes_skip(topic, identity->len + 1);
	return client_id->len == 0 ||
	       memchr(client_id->data, '/', client_id->len) == NULL;
}

bool
ipc_presence_session_key(struct bytes topic, struct buffer *key)
{
	size_t begin = key->len, identity_len;
	struct bytes identity, client_id;

	if (!cut(topic, &identity, &client_id))
		return false;
	pack_u16(key, 0);
	if (!append_decoded(key, identity))
		goto fail;
	identity_len = key->len - begin - 2;
	if (!append_decoded(key, client_id))
		goto fail;
	key->data[begin] = (uint8_t)(identity_len >> 8);
	key->data[begin + 1] = (uint8_t)identity_len;
	return true;
fail:
	key->len = begin;
	return false;
}
