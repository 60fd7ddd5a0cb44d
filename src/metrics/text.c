/* SPDX-License-Identifier: Apache-2.0 */
#include "metrics/text.h"

#include <stdarg.h>
#include <stdio.h>

#define PIECE_MAX 1024

void
text_print(struct buffer *out, const char *format, ...)
{
	char piece[PIECE_MAX];
	va_list arguments;
	int len;

	va_start(arguments, format);
	len = vsnprintf(piece, sizeof(piece), format, arguments);
	va_end(arguments);
	if (len > 0)
		buffer_append(out, bytes_of(piece, (size_t)len < sizeof(piece)
						       ? (size_t)len
						       : sizeof(piece) - 1));
}

void
text_html(struct buffer *out, struct bytes text)
{
	for (size_t i = 0; i < text.len; i++) {
		uint8_t byte = text.data[i];

		if (byte == '<' || byte == '>' || byte == '&' || byte == '"' ||
		    byte == '\'')
			text_print(out, "&#%u;", byte);
		else if (byte < ' ' || byte == 0x7f)
			text_print(out, "\\x%02x", byte);
		else
			buffer_append(out, bytes_of(&byte, 1));
	}
}

void
text_label(struct buffer *out, struct bytes text)
{
	for (size_t i = 0; i < text.len; i++) {
		uint8_t byte = text.data[i];

		if (byte == '\n')
			text_print(out, "\\n");
		else if (byte == '"' || byte == '\\')
			text_print(out, "\\%c", byte);
		else
			buffer_append(out, bytes_of(&byte, 1));
	}
}
