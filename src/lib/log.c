/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/log.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

/* Long enough for every event we write; what does not fit is cut. */
#define LOG_LINE_MAX 4096

struct line {
	char text[LOG_LINE_MAX];
	size_t len;
};

static const char *const level_names[] = { "error", "warning", "info", "debug",
	NULL };
static const char *log_speaker = "signetd";
static enum log_level log_least = LOG_LEVEL_INFO;

void
log_start(const char *speaker, enum log_level least)
{
	log_speaker = speaker;
	log_least = least;
}

bool
log_is_enabled(enum log_level level)
{
	return level <= log_least;
}

const char *
log_level_name(enum log_level level)
{
	return level > LOG_LEVEL_DEBUG ? NULL : level_names[level];
}

static void __attribute__((format(printf, 2, 3)))
line_print(struct line *line, const char *format, ...)
{
	size_t room = sizeof(line->text) - 1 - line->len; /* 1: newline */
	va_list arguments;
	int len;

	va_start(arguments, format);
	len = vsnprintf(line->text + line->len, room, format, arguments);
	va_end(arguments);
	if (len > 0)
		line->len += (size_t)len < room ? (size_t)len : room - 1;
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

static void
line_print_text(struct line *line, struct bytes text)
{
	size_t shown = text.len < LOG_TEXT_MAX ? text.len : LOG_TEXT_MAX;
	const char *quote = is_bare(text) ? "" : "\"";

	line_print(line, "%s", quote);
	for (size_t i = 0; i < shown; i++) {
		uint8_t byte = text.data[i];

		if (byte == '"' || byte == '\\')
			line_print(line, "\\%c", byte);
		else if (byte < ' ' || byte >= 0x7f)
			line_print(line, "\\x%02x", byte);
		else
			line_print(line, "%c", byte);
	}
	line_print(line, "%s%s", shown < text.len ? "..." : "", quote);
}

static void
line_print_hex(struct line *line, struct bytes text)
{
	size_t shown = text.len < LOG_TEXT_MAX ? text.len : LOG_TEXT_MAX;

	for (size_t i = 0; i < shown; i++)
		line_print(line, "%02x", text.data[i]);
}

static void
line_print_address(struct line *line, const struct sockaddr *address)
{
	char text[INET6_ADDRSTRLEN] = "?";

	if (address->sa_family == AF_INET) {
		const struct sockaddr_in *in = (const void *)address;

		inet_ntop(AF_INET, &in->sin_addr, text, sizeof(text));
		line_print(line, "%s:%u", text, ntohs(in->sin_port));
	} else if (address->sa_family == AF_INET6) {
		const struct sockaddr_in6 *in6 = (const void *)address;

		inet_ntop(AF_INET6, &in6->sin6_addr, text, sizeof(text));
		line_print(line, "[%s]:%u", text, ntohs(in6->sin6_port));
	} else {
		line_print(line, "unknown");
	}
}

static void
line_print_field(struct line *line, const struct log_field *field)
{
	line_print(line, " %s=", field->name);
	switch (field->type) {
	case LOG_FIELD_WORD:
		line_print(line, "%s", field->value.word);
		break;
	case LOG_FIELD_TEXT:
		line_print_text(line, field->value.text);
		break;
	case LOG_FIELD_NUMBER:
		line_print(line, "%lld", (long long)field->value.number);
		break;
	case LOG_FIELD_ID:
		line_print(line, "%016llx",
		    (unsigned long long)field->value.id);
		break;
	case LOG_FIELD_HEX:
		line_print_hex(line, field->value.text);
		break;
	case LOG_FIELD_ADDRESS:
		line_print_address(line, field->value.address);
		break;
	case LOG_FIELD_ERRNO:
		line_print_text(line,
		    bytes_of_string(strerror((int)field->value.number)));
		break;
	}
}

static void
line_start(struct line *line, enum log_level level)
{
	struct timespec now;
	struct tm utc;

	line->len = 0;
	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &utc);
	line_print(line, "%04d-%02d-%02dT%02d:%02d:%02d.%03ldZ %s %s",
	    utc.tm_year + 1900, utc.tm_mon + 1, utc.tm_mday, utc.tm_hour,
	    utc.tm_min, utc.tm_sec, now.tv_nsec / 1000000, level_names[level],
	    log_speaker);
}

/* One write, so that lines of several processes do not mix. */
static void
line_end(struct line *line)
{
	size_t pos = 0;

	line->text[line->len++] = '\n';
	while (pos < line->len) {
		ssize_t len = write(STDERR_FILENO, line->text + pos,
		    line->len - pos);

		if (len < 0 && errno == EINTR)
			continue;
		if (len <= 0)
			return; /* nobody reads: there is no one to tell */
		pos += (size_t)len;
	}
}

void
log_event(enum log_level level, const struct log_field *fields, size_t count)
{
	struct line line;

	if (!log_is_enabled(level))
		return;
	line_start(&line, level);
	for (size_t i = 0; i < count; i++)
		line_print_field(&line, &fields[i]);
	line_end(&line);
}

void
fatal(const char *format, ...)
{
	struct line line = { .len = 0 };
	va_list arguments;
	char text[1024];

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	line_print(&line, "%s: %s", log_speaker, text);
	line_end(&line);
	exit(EXIT_FAILURE);
}

void
panic(const char *promise)
{
	log_error(log_word("event", "panic"), log_string("promise", promise));
	abort();
}
