/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fields of the log as text.
 */
#include "lib/log_line.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

void
log_line_print(struct log_line *line, const char *format, ...)
{
	size_t room = sizeof(line->text) - 1 - line->len; /* 1: newline */
	va_list arguments;
	int len;

	va_start(arguments, format);
	len = vsnprintf(line->text + line->len, room, format, arguments);
	va_end(arguments);
	if (len < 0)
		return;
	if ((size_t)len < room) {
		line->len += (size_t)len;
	} else {
		line->len += room - 1;
		line->is_cut = true;
	}
}

void
log_line_print_time(struct log_line *line)
{
	struct timespec now;
	struct tm utc;

	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &utc);
	log_line_print(line, "%04d-%02d-%02dT%02d:%02d:%02d.%03ldZ",
	    utc.tm_year + 1900, utc.tm_mon + 1, utc.tm_mday, utc.tm_hour,
	    utc.tm_min, utc.tm_sec, now.tv_nsec / 1000000);
}

static bool
is_bare(struct bytes text)
{
	for (size_t i = 0; i < text.len; i++)
		if (text.data[i] <= ' ' || text.data[i] >= 0x7f ||
		    strchr("\"\\=", text.data[i]) != NULL)
			return false;
	return text.len > 0;
}

/* special: what has a backslash before it. */
static void
print_text(struct log_line *line, struct bytes text, const char *special)
{
	size_t shown = text.len < LOG_TEXT_MAX ? text.len : LOG_TEXT_MAX;

	for (size_t i = 0; i < shown; i++) {
		uint8_t byte = text.data[i];

		if (byte < ' ' || byte >= 0x7f)
			log_line_print(line, "\\x%02x", byte);
		else if (strchr(special, byte) != NULL)
			log_line_print(line, "\\%c", byte);
		else
			log_line_print(line, "%c", byte);
	}
	log_line_print(line, "%s", shown < text.len ? "..." : "");
}

static void
print_hex(struct log_line *line, struct bytes text)
{
	size_t shown = text.len < LOG_TEXT_MAX ? text.len : LOG_TEXT_MAX;

	for (size_t i = 0; i < shown; i++)
		log_line_print(line, "%02x", text.data[i]);
}

static void
print_address(struct log_line *line, const struct sockaddr *address)
{
	char text[INET6_ADDRSTRLEN] = "?";

	if (address->sa_family == AF_INET) {
		const struct sockaddr_in *in = (const void *)address;

		inet_ntop(AF_INET, &in->sin_addr, text, sizeof(text));
		log_line_print(line, "%s:%u", text, ntohs(in->sin_port));
	} else if (address->sa_family == AF_INET6) {
		const struct sockaddr_in6 *in6 = (const void *)address;

		inet_ntop(AF_INET6, &in6->sin6_addr, text, sizeof(text));
		log_line_print(line, "[%s]:%u", text, ntohs(in6->sin6_port));
	} else {
		log_line_print(line, "unknown");
	}
}

/* The bytes of those whose value is text. */
static struct bytes
text_of(const struct log_field *field)
{
	if (field->type == LOG_FIELD_ERRNO)
		return bytes_of_string(strerror((int)field->value.number));
	return field->value.text;
}

static void
print_value(struct log_line *line, const struct log_field *field,
    const char *special)
{
	switch (field->type) {
	case LOG_FIELD_WORD:
		log_line_print(line, "%s", field->value.word);
		break;
	case LOG_FIELD_TEXT:
	case LOG_FIELD_ERRNO:
		print_text(line, text_of(field), special);
		break;
	case LOG_FIELD_NUMBER:
		log_line_print(line, "%lld", (long long)field->value.number);
		break;
	case LOG_FIELD_ID:
		log_line_print(line, "%016llx",
		    (unsigned long long)field->value.id);
		break;
	case LOG_FIELD_HEX:
		print_hex(line, field->value.text);
		break;
	case LOG_FIELD_ADDRESS:
		print_address(line, field->value.address);
		break;
	}
}

void
log_line_print_value(struct log_line *line, const struct log_field *field)
{
	print_value(line, field, "\\");
}

void
log_line_print_fields(struct log_line *line, const struct log_entry *entry)
{
	for (size_t i = 0; i < entry->count; i++) {
		const struct log_field *field = &entry->fields[i];
		bool is_quoted = (field->type == LOG_FIELD_TEXT ||
				     field->type == LOG_FIELD_ERRNO) &&
				 !is_bare(text_of(field));
		const char *quote = is_quoted ? "\"" : "";

		log_line_print(line, " %s=%s", field->name, quote);
		print_value(line, field, "\"\\");
		log_line_print(line, "%s", quote);
	}
}

int
log_speaker_split(const char *speaker, char *role, size_t size)
{
	const char *slash = strchr(speaker, '/');
	size_t len = slash != NULL ? (size_t)(slash - speaker)
				   : strlen(speaker);

	snprintf(role, size, "%.*s", (int)len, speaker);
	return slash != NULL ? atoi(slash + 1) : -1;
}
