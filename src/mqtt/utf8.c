/* SPDX-License-Identifier: Apache-2.0 */
/*
 * UTF-8 as MQTT wants it: RFC 3629, without U+0000. Control characters and
 * Unicode's non-characters are discouraged by the standard (1.5.4), not
 * forbidden, and pass.
 */
#include "mqtt/wire.h"

#define EVERY_BYTE(byte) (UINT64_C(0x0101010101010101) * (byte))

/* Eight bytes at once: none above 0x7f and none 0. */
static inline bool
is_plain_ascii(uint64_t word)
{
	return ((word | (word - EVERY_BYTE(0x01))) & EVERY_BYTE(0x80)) == 0;
}

/* The last eight bytes, of which some may have been seen already. */
static inline bool
ends_in_plain_ascii(struct bytes text)
{
	uint64_t word;

	if (text.len < sizeof(word))
		return false;
	memcpy(&word, text.data + text.len - sizeof(word), sizeof(word));
	return is_plain_ascii(word);
}

/*
 * The length of the multi-byte sequence at text, or 0 if it is ill-formed. The
 * second byte's range is what tells overlong forms, surrogates and code points
 * above U+10FFFF from the rest (RFC 3629 s4).
 */
static size_t
sequence_len(const uint8_t *text, size_t len)
{
	uint8_t least = 0x80;
	uint8_t most = 0xbf;
	size_t count;

	if (text[0] < 0xc2 || text[0] > 0xf4)
		return 0;
	if (text[0] < 0xe0)
		count = 2;
	else if (text[0] < 0xf0)
		count = 3;
	else
		count = 4;
	if (text[0] == 0xe0)
		least = 0xa0;
	else if (text[0] == 0xed)
		most = 0x9f; /* no surrogates [MQTT-1.5.3-1], [MQTT5-1.5.4-1] */
	else if (text[0] == 0xf0)
		least = 0x90;
	else if (text[0] == 0xf4)
		most = 0x8f;

	if (len < count || text[1] < least || text[1] > most)
		return 0;
	for (size_t i = 2; i < count; i++)
		if ((text[i] & 0xc0) != 0x80)
			return 0;
	return count;
}

bool
mqtt_utf8_is_valid(struct bytes text)
{
	size_t pos = 0;

	while (pos < text.len) {
		size_t left = text.len - pos;
		size_t count = 1;
		uint64_t word;

		if (left >= sizeof(word)) {
			memcpy(&word, text.data + pos, sizeof(word));
			if (is_plain_ascii(word)) {
				pos += sizeof(word);
				continue;
			}
		} else if (ends_in_plain_ascii(text)) {
			break;
		}
		/* No U+0000 [MQTT-1.5.3-2], [MQTT5-1.5.4-2]. */
		if (text.data[pos] == 0)
			return false;
		if (text.data[pos] >= 0x80)
			count = sequence_len(text.data + pos, left);
		if (count == 0)
			return false;
		pos += count;
	}
	return true;
}
