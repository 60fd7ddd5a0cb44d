/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/log.h"

#include <errno.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "lib/clock.h"
#include "lib/log_line.h"

static const char *const level_names[] = { "error", "warning", "info", "debug",
	NULL };
static const char *const format_names[] = { "text", "json", NULL };
static const char *log_speaker = "signetd";
static enum log_level log_least = LOG_LEVEL_INFO;
static enum log_format log_format = LOG_FORMAT_TEXT;
/* Threads that write to disk log, too. */
static pthread_mutex_t log_lock = PTHREAD_MUTEX_INITIALIZER;

void
log_start(const char *speaker, enum log_level least)
{
	log_speaker = speaker;
	log_least = least;
}

void
log_set_level(enum log_level least)
{
	log_least = least;
}

void
log_set_format(enum log_format format)
{
	log_format = format;
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

const char *
log_format_name(enum log_format format)
{
	return format > LOG_FORMAT_JSON ? NULL : format_names[format];
}

/* One write, so that lines of several processes do not mix. */
static void
line_end(struct log_line *line)
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
log_entry_write(const struct log_entry *entry)
{
	struct log_line line = { .len = 0 };

	if (log_journal_is_open()) {
		(void)log_journal_send(entry);
		return;
	}
	if (log_format == LOG_FORMAT_JSON) {
		log_line_print_json(&line, entry);
	} else {
		log_line_print_time(&line);
		log_line_print(&line, " %s %s", level_names[entry->level],
		    entry->speaker);
		log_line_print_fields(&line, entry);
	}
	line_end(&line);
}

void
log_event(enum log_level level, const struct log_field *fields, size_t count)
{
	struct log_entry entry = { level, log_speaker, fields, count };

	if (!log_is_enabled(level))
		return;
	pthread_mutex_lock(&log_lock);
	if (!log_repeats_is_one(&entry, clock_monotonic_ms()))
		log_entry_write(&entry);
	pthread_mutex_unlock(&log_lock);
}

void
log_set_repeats(uint32_t shown)
{
	pthread_mutex_lock(&log_lock);
	log_repeats_limit(shown);
	pthread_mutex_unlock(&log_lock);
}

uint64_t
log_repeats_due(void)
{
	uint64_t due_ms;

	pthread_mutex_lock(&log_lock);
	due_ms = log_repeats_check(clock_monotonic_ms());
	pthread_mutex_unlock(&log_lock);
	return due_ms;
}

void
log_repeats_finish(void)
{
	pthread_mutex_lock(&log_lock);
	log_repeats_end();
	pthread_mutex_unlock(&log_lock);
}

/* Where only text is read it is a line like any program's. */
static void
write_fatal(const char *text)
{
	const struct log_field fields[] = {
		log_word("event", "fatal"),
		log_string("why", text),
	};
	struct log_line line = { .len = 0 };

	if (log_journal_is_open() || log_format == LOG_FORMAT_JSON) {
		log_entry_write(&(struct log_entry){ LOG_LEVEL_ERROR,
		    log_speaker, fields, 2 });
		return;
	}
	log_line_print(&line, "%s: %s", log_speaker, text);
	line_end(&line);
}

void
fatal(const char *format, ...)
{
	va_list arguments;
	char text[1024];

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	write_fatal(text);
	exit(EXIT_FAILURE);
}

void
panic(const char *promise)
{
	log_error(log_word("event", "panic"), log_string("promise", promise));
	abort();
}
