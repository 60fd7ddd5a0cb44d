/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl/output.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "lib/clock.h"

static const char *const colours[] = {
	[OUTPUT_PLAIN] = "\033[0m",
	[OUTPUT_BOLD] = "\033[1m",
	[OUTPUT_GREEN] = "\033[32m",
	[OUTPUT_YELLOW] = "\033[33m",
	[OUTPUT_RED] = "\033[31m",
};

/* Fields that are no text. */
static const char *const numbers[] = { "index", "pid", "uptime", "restarts",
	"silent_ms", "generation", "value", "time", "ends_at", "worker",
	"subscription_count", "queued", "queued_bytes", "inflight",
	"received_unreleased", "dropped", "expiry", "port", "not_after",
	"connected_at", "keep_alive", "heartbeat_ms", "heartbeat_misses",
	"least_interval_ms", "misses", "max_sessions_percent", "idle_ms",
	"unsent_bytes", "expires_in", "qos", "identifier", "messages_received",
	"messages_sent" };
static const char *const booleans[] = { "enabled", "durable", "no_local",
	"retain_as_published" };

bool
output_has_colours(void)
{
	const char *refused = getenv("NO_COLOR");

	return isatty(STDOUT_FILENO) && (refused == NULL || refused[0] == '\0');
}

void
output_colour(enum output_colour colour)
{
	if (output_has_colours())
		fputs(colours[colour], stdout);
}

/* The length of the character at the front, and its code; 0: it is none. */
static size_t
decode(struct bytes text, uint32_t *code)
{
	uint8_t first = text.data[0];
	size_t len = first < 0x80   ? 1
		     : first < 0xc2 ? 0
		     : first < 0xe0 ? 2
		     : first < 0xf0 ? 3
		     : first < 0xf5 ? 4
				    : 0;
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };

	if (len == 0 || len > text.len)
		return 0;
	*code = len == 1 ? first : first & (0xffU >> (len + 1));
	for (size_t i = 1; i < len; i++) {
		if ((text.data[i] & 0xc0) != 0x80)
			return 0;
		*code = *code << 6 | (text.data[i] & 0x3f);
	}
	if (*code < least[len] || *code > 0x10ffff ||
	    (*code >= 0xd800 && *code <= 0xdfff))
		return 0;
	return len;
}

/* What is not seen, or changes how something else is. */
static bool
is_unseen(uint32_t code)
{
	return code < 0x20 || (code >= 0x7f && code < 0xa0) || code == 0xad ||
	       code == 0x61c || code == 0x180e ||
	       (code >= 0x200b && code <= 0x200f) ||
	       (code >= 0x2028 && code <= 0x202e) ||
	       (code >= 0x2060 && code <= 0x206f) || code == 0xfeff ||
	       (code >= 0xfff0 && code <= 0xfffb) || code >= 0xe0000;
}

void
output_escape(struct bytes text, struct buffer *out)
{
	while (text.len > 0) {
		uint32_t code = 0;
		size_t len = decode(text, &code);
		bool is_plain = len > 0 && !is_unseen(code) && code != '\\';

		if (len == 0)
			len = 1;
		if (is_plain)
			buffer_append(out, bytes_of(text.data, len));
		for (size_t i = 0; i < len && !is_plain; i++) {
			char escaped[8];

			snprintf(escaped, sizeof(escaped), "\\x%02x",
			    text.data[i]);
			buffer_append(out, bytes_of_string(escaped));
		}
		text = bytes_skip(text, len);
	}
}

size_t
output_width(struct bytes text)
{
	size_t width = 0;

	for (size_t i = 0; i < text.len; i++)
		width += (text.data[i] & 0xc0) != 0x80;
	return width;
}

void
output_json_text(struct bytes text)
{
	putchar('"');
	while (text.len > 0) {
		uint32_t code = 0xfffd;
		size_t len = decode(text, &code);

		if (len == 0) {
			len = 1;
			printf("\\ufffd");
		} else if (code == '"' || code == '\\') {
			printf("\\%c", (int)code);
		} else if (is_unseen(code) && code < 0x10000) {
			printf("\\u%04x", (unsigned int)code);
		} else {
			fwrite(text.data, 1, len, stdout);
		}
		text = bytes_skip(text, len);
	}
	putchar('"');
}

static bool
is_among(const char *const *names, size_t count, struct bytes name)
{
	for (size_t i = 0; i < count; i++)
		if (bytes_equal(bytes_of_string(names[i]), name))
			return true;
	return false;
}

/* The daemon's; but nothing else gets into JSON as a number. */
static bool
is_number(struct bytes text)
{
	size_t begin = text.len > 1 && text.data[0] == '-' ? 1 : 0;

	for (size_t i = begin; i < text.len; i++)
		if (text.data[i] < '0' || text.data[i] > '9')
			return false;
	return text.len > begin &&
	       (text.data[begin] != '0' || text.len == begin + 1);
}

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

void
output_json_field(const struct row_field *field)
{
	output_json_text(field->name);
	printf(": ");
	if (is_among(numbers, COUNT(numbers), field->name) &&
	    is_number(field->value))
		fwrite(field->value.data, 1, field->value.len, stdout);
	else if (is_among(booleans, COUNT(booleans), field->name))
		printf("%s", bytes_equal(field->value, BYTES_LITERAL("true"))
				 ? "true"
				 : "false");
	else
		output_json_text(field->value);
}

void
output_json_fields(const struct row *row, const char *skip)
{
	bool is_first = true;

	for (size_t i = 0; i < row->count; i++) {
		if (skip != NULL &&
		    bytes_equal(row->fields[i].name, bytes_of_string(skip)))
			continue;
		if (!is_first)
			printf(", ");
		is_first = false;
		output_json_field(&row->fields[i]);
	}
}

void
output_span(int64_t seconds, char text[OUTPUT_SPAN_MAX])
{
	long long all = seconds < 0 ? -seconds : seconds;
	const char *sign = seconds < 0 ? "-" : "";

	if (all >= CLOCK_DAY_SECONDS)
		snprintf(text, OUTPUT_SPAN_MAX, "%s%lld d %lld h", sign,
		    all / CLOCK_DAY_SECONDS, all % CLOCK_DAY_SECONDS / 3600);
	else if (all >= 3600)
		snprintf(text, OUTPUT_SPAN_MAX, "%s%lld h %lld min", sign,
		    all / 3600, all % 3600 / 60);
	else if (all >= 60)
		snprintf(text, OUTPUT_SPAN_MAX, "%s%lld min", sign, all / 60);
	else
		snprintf(text, OUTPUT_SPAN_MAX, "%s%lld s", sign, all);
}
