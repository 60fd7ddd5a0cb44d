/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/fields.h"

#include <stdio.h>

#define NUMBER_MAX 24

static const char digits[] = "0123456789abcdef";

static void
append_string(struct buffer *out, const char *text)
{
	buffer_append(out, bytes_of_string(text));
}

static void
begin_field(struct buffer *out, const char *name)
{
	append_string(out, "\t");
	append_string(out, name);
	append_string(out, "=");
}

void
fields_begin(struct buffer *out, const char *word)
{
	append_string(out, word);
}

void
fields_end(struct buffer *out)
{
	append_string(out, "\n");
}

static bool
is_escaped(uint8_t byte)
{
	return byte < ' ' || byte == 0x7f || byte == '\\';
}

static void
append_escaped(struct buffer *out, uint8_t byte)
{
	const uint8_t text[] = { '\\', 'x', (uint8_t)digits[byte >> 4],
		(uint8_t)digits[byte & 15] };

	buffer_append(out, bytes_of(text, sizeof(text)));
}

void
fields_text(struct buffer *out, const char *name, struct bytes value)
{
	size_t begin = 0;

	begin_field(out, name);
	for (size_t i = 0; i < value.len; i++) {
		if (!is_escaped(value.data[i]))
			continue;
		buffer_append(out, bytes_of(value.data + begin, i - begin));
		append_escaped(out, value.data[i]);
		begin = i + 1;
	}
	if (begin < value.len)
		buffer_append(out,
		    bytes_of(value.data + begin, value.len - begin));
}

void
fields_word(struct buffer *out, const char *name, const char *value)
{
	begin_field(out, name);
	append_string(out, value);
}

void
fields_number(struct buffer *out, const char *name, int64_t value)
{
	char text[NUMBER_MAX];

	snprintf(text, sizeof(text), "%lld", (long long)value);
	fields_word(out, name, text);
}

void
fields_id(struct buffer *out, const char *name, uint64_t value)
{
	char text[NUMBER_MAX];

	snprintf(text, sizeof(text), "%016llx", (unsigned long long)value);
	fields_word(out, name, text);
}

void
fields_hex(struct buffer *out, const char *name, struct bytes value)
{
	begin_field(out, name);
	for (size_t i = 0; i < value.len; i++) {
		const uint8_t pair[] = { (uint8_t)digits[value.data[i] >> 4],
			(uint8_t)digits[value.data[i] & 15] };

		buffer_append(out, bytes_of(pair, sizeof(pair)));
	}
}

bool
fields_next(struct bytes *line, struct bytes *name, struct bytes *value)
{
	const uint8_t *end, *equals;
	struct bytes part;

	if (line->len == 0)
		return false;
	end = memchr(line->data, '\t', line->len);
	part = bytes_of(line->data,
	    end == NULL ? line->len : (size_t)(end - line->data));
	*line = end == NULL ? BYTES_NONE : bytes_skip(*line, part.len + 1);
	equals = part.len == 0 ? NULL : memchr(part.data, '=', part.len);
	if (equals == NULL) {
		*name = BYTES_NONE;
		*value = part;
		return true;
	}
	*name = bytes_of(part.data, (size_t)(equals - part.data));
	*value = bytes_skip(part, name->len + 1);
	return true;
}

static int
digit_of(uint8_t byte)
{
	const char *found = byte == '\0' ? NULL : strchr(digits, byte);

	return found == NULL ? -1 : (int)(found - digits);
}

bool
fields_unescape(struct bytes value, struct buffer *out)
{
	for (size_t i = 0; i < value.len; i++) {
		uint8_t byte = value.data[i];

		if (byte == '\\') {
			int high, low;

			if (value.len - i < 4 || value.data[i + 1] != 'x')
				return false;
			high = digit_of(value.data[i + 2]);
			low = digit_of(value.data[i + 3]);
			if (high < 0 || low < 0)
				return false;
			byte = (uint8_t)(high * 16 + low);
			if (!is_escaped(byte))
				return false;
			i += 3;
		}
		buffer_append(out, bytes_of(&byte, 1));
	}
	return true;
}
