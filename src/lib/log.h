/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The log: one event per line, subject first, as fields.
 *
 *   log_info(log_id("session", id), log_word("event", "closed"),
 *       log_word("reason", "keep-alive-timeout"));
 *
 * gives
 *
 *   2026-01-31T09:30:00.123Z info worker/1 session=9f2c00000000a1b3
 *       event=closed reason=keep-alive-timeout
 *
 * in one line on standard error, or an object of JSON there, or an entry with
 * fields in systemd's journal. Text that a peer chose goes through log_text(),
 * which escapes and cuts it; payloads and secrets never come here. The words of
 * event and reason are fixed: lib/log_words.def has them all.
 */
#ifndef SIGNET_LIB_LOG_H
#define SIGNET_LIB_LOG_H

#include <sys/socket.h>

#include "lib/bytes.h"

enum log_level {
	LOG_LEVEL_ERROR,   /* the operator must act */
	LOG_LEVEL_WARNING, /* something was refused or lost */
	LOG_LEVEL_INFO,    /* the life of a session */
	LOG_LEVEL_DEBUG,   /* anything; off by default */
};

/* What standard error gets; the journal has fields of its own. */
enum log_format {
	LOG_FORMAT_TEXT,
	LOG_FORMAT_JSON,
};

/* A peer's text is cut to this many bytes. */
#define LOG_TEXT_MAX 256

enum log_field_type {
	LOG_FIELD_WORD,    /* a fixed word of our own */
	LOG_FIELD_TEXT,    /* somebody else's bytes: quoted, escaped, cut */
	LOG_FIELD_NUMBER,  /* decimal */
	LOG_FIELD_ID,      /* 16 hexadecimal digits */
	LOG_FIELD_HEX,     /* bytes in hexadecimal, cut like text */
	LOG_FIELD_ADDRESS, /* struct sockaddr: 192.0.2.1:8883, [::1]:8883 */
	LOG_FIELD_ERRNO,   /* an errno value, in words */
};

struct log_field {
	const char *name;
	enum log_field_type type;
	union {
		const char *word;
		struct bytes text;
		int64_t number;
		uint64_t id;
		const struct sockaddr *address;
	} value;
};

/* Who speaks ("master", "worker/1"; borrowed for good) and from which level. */
void log_start(const char *speaker, enum log_level least);

/* From which level, from now on. */
void log_set_level(enum log_level least);

void log_set_format(enum log_format format);

/*
 * Lines that say the same but for numbers, sessions and ports: how many are
 * written in LOG_REPEATS_SECONDS, after which one says how many were left out.
 * 0: all, as before the first call.
 */
void log_set_repeats(uint32_t shown);
#define LOG_REPEATS_SECONDS 10

/*
 * Say what was left out, as far as its time is over, or in any case. Returns
 * the milliseconds until there is more to say; UINT64_MAX: nothing was left
 * out.
 */
uint64_t log_repeats_due(void);
void log_repeats_finish(void);

bool log_is_enabled(enum log_level level);

/* The names of the levels, as in the configuration; NULL past the last. */
const char *log_level_name(enum log_level level);
const char *log_format_name(enum log_format format);

/*
 * Write to the journal instead of to standard error, if that is where systemd
 * has connected standard error to. Returns the descriptor, for those that are
 * started, which cannot open it themselves; -1: this is not so.
 */
int log_journal_open(void);

/* The same over a descriptor of log_journal_open(): taken, if it is one. */
bool log_journal_take(int fd);

/* Write one event of count fields; all of them are borrowed. */
void log_event(enum log_level level, const struct log_field *fields,
    size_t count);

#define LOG_FIELDS(...) ((const struct log_field[]){ __VA_ARGS__ })
#define LOG_EVENT(level, ...)                                                  \
	do {                                                                   \
		if (log_is_enabled(level))                                     \
			log_event((level), LOG_FIELDS(__VA_ARGS__),            \
			    sizeof(LOG_FIELDS(__VA_ARGS__)) /                  \
				sizeof(struct log_field));                     \
	} while (0)

#define log_error(...)   LOG_EVENT(LOG_LEVEL_ERROR, __VA_ARGS__)
#define log_warning(...) LOG_EVENT(LOG_LEVEL_WARNING, __VA_ARGS__)
#define log_info(...)    LOG_EVENT(LOG_LEVEL_INFO, __VA_ARGS__)
#define log_debug(...)   LOG_EVENT(LOG_LEVEL_DEBUG, __VA_ARGS__)

static inline struct log_field
log_word(const char *name, const char *word)
{
	return (struct log_field){ name, LOG_FIELD_WORD, { .word = word } };
}

static inline struct log_field
log_text(const char *name, struct bytes text)
{
	return (struct log_field){ name, LOG_FIELD_TEXT, { .text = text } };
}

static inline struct log_field
log_string(const char *name, const char *text)
{
	return log_text(name, bytes_of_string(text));
}

static inline struct log_field
log_number(const char *name, int64_t number)
{
	return (
	    struct log_field){ name, LOG_FIELD_NUMBER, { .number = number } };
}

static inline struct log_field
log_id(const char *name, uint64_t id)
{
	return (struct log_field){ name, LOG_FIELD_ID, { .id = id } };
}

static inline struct log_field
log_hex(const char *name, struct bytes text)
{
	return (struct log_field){ name, LOG_FIELD_HEX, { .text = text } };
}

static inline struct log_field
log_address(const char *name, const struct sockaddr *address)
{
	return (struct log_field){ name, LOG_FIELD_ADDRESS,
		{ .address = address } };
}

/* number: a positive errno value. */
static inline struct log_field
log_errno(const char *name, int number)
{
	return (
	    struct log_field){ name, LOG_FIELD_ERRNO, { .number = number } };
}

/* The environment does not let us start: say why and exit with status 1. */
_Noreturn void fatal(const char *format, ...)
    __attribute__((format(printf, 1, 2)));

/* Our own code broke a promise: say which one and abort. */
_Noreturn void panic(const char *promise);

#endif
