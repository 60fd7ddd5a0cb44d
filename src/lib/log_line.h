/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A line of the log while it is written: what the parts of the log share.
 */
#ifndef SIGNET_LIB_LOG_LINE_H
#define SIGNET_LIB_LOG_LINE_H

#include "lib/log.h"

/* Long enough for every event we write; what does not fit is cut. Not more
 * than a pipe takes at once: lines of several processes would mix. */
#define LOG_LINE_MAX 4096

struct log_line {
	char text[LOG_LINE_MAX];
	size_t len;
	bool is_cut; /* something did not fit */
};

/* One event, and who says it. */
struct log_entry {
	enum log_level level;
	const char *speaker; /* "worker/1" */
	const struct log_field *fields;
	size_t count;
};

void log_line_print(struct log_line *line, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* "2026-01-31T09:30:00.123Z" */
void log_line_print_time(struct log_line *line);

/* " name=value name=value" */
void log_line_print_fields(struct log_line *line,
    const struct log_entry *entry);

/* The value alone, escaped, without quotes around it. */
void log_line_print_value(struct log_line *line, const struct log_field *field);

/* The speaker without its number, and the number; -1 if it has none. */
int log_speaker_split(const char *speaker, char *role, size_t size);

/* The whole entry as one object, without a newline: log_json.c. */
void log_line_print_json(struct log_line *line, const struct log_entry *entry);

/* Is there a journal? Then false if it did not take the entry. */
bool log_journal_is_open(void);
bool log_journal_send(const struct log_entry *entry);

/* log_repeats.c: is this one to be left out? The others are for log.h's
 * functions of such names, which have the lock.
 * now_ms: CLOCK_MONOTONIC. */
bool log_repeats_is_one(const struct log_entry *entry, uint64_t now_ms);
void log_repeats_limit(uint32_t shown);
uint64_t log_repeats_check(uint64_t now_ms);
void log_repeats_end(void);

/* Write this, whatever it repeats. */
void log_entry_write(const struct log_entry *entry);

#endif
