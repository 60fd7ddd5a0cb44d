/* SPDX-License-Identifier: Apache-2.0 */
#include "gate/complaints.h"

#include <stdio.h>

#include "lib/log.h"

#define HINT_MAX 256

static void
count_one(uint32_t *count)
{
	if (*count < UINT32_MAX)
		(*count)++;
}

bool
complaint_note(struct complaints *complaints, enum admission verdict,
    struct source *source, uint64_t now_ms, uint32_t *count)
{
	if (complaints->began_ms == 0)
		complaints->began_ms = now_ms;
	count_one(&complaints->counts[verdict]);
	count_one(&source->refused);
	if ((source->told_ms != 0 &&
		now_ms - source->told_ms < COMPLAINTS_MS) ||
	    complaints->line_count == COMPLAINTS_LINES_MAX)
		return false;
	complaints->line_count++;
	*count = source->refused;
	source->refused = 0;
	source->told_ms = now_ms;
	return true;
}

/* One more of this source within its minute: is it one too many? */
static bool
is_too_much(struct source *source, uint64_t now_ms)
{
	if (source->failed == 0 ||
	    now_ms - source->failed_ms >= COMPLAINTS_MS) {
		source->failed = 0;
		source->failed_ms = now_ms;
	}
	count_one(&source->failed);
	return source->failed > COMPLAINTS_FAILED_OF_SOURCE;
}

bool
complaint_note_failed(struct complaints *complaints, struct source *source,
    uint64_t now_ms)
{
	if (complaints->began_ms == 0)
		complaints->began_ms = now_ms;
	if ((source == NULL || !is_too_much(source, now_ms)) &&
	    complaints->failed_count < COMPLAINTS_FAILED_MAX) {
		complaints->failed_count++;
		return true;
	}
	count_one(&complaints->untold);
	return false;
}

/* What a human can do about it. */
static void
print_hint(char hint[HINT_MAX], enum admission verdict, uint32_t limit)
{
	switch (verdict) {
	case ADMISSION_CONNECTIONS:
		snprintf(hint, HINT_MAX,
		    "limits.connections is %u: if these are your clients, "
		    "raise it",
		    limit);
		break;
	case ADMISSION_DISPLACED:
		snprintf(hint, HINT_MAX,
		    "it made no progress while others came: if these are your "
		    "clients, raise limits.handshakes_in_flight, and restart");
		break;
	default:
		snprintf(hint, HINT_MAX,
		    "limits.%s is %u: if many of your clients share this "
		    "address, raise it or add the address to "
		    "limits.source_exempt",
		    admission_word(verdict), limit);
		break;
	}
}

void
complaint_log(enum admission verdict, uint64_t source, uint32_t limit,
    uint32_t count)
{
	char text[ADDRESS_SOURCE_TEXT_MAX], hint[HINT_MAX];

	address_source_print(source, text);
	print_hint(hint, verdict, limit);
	log_warning(log_string("source", text),
	    log_word("event", "not-admitted"),
	    log_word("limit", admission_word(verdict)),
	    log_number("count", count), log_string("hint", hint));
}

static bool
is_empty(const struct complaints *complaints)
{
	for (size_t i = 0; i < ADMISSION_COUNT; i++)
		if (complaints->counts[i] != 0)
			return false;
	return complaints->untold == 0;
}

void
complaints_end(struct complaints *complaints)
{
	struct log_field fields[2 + ADMISSION_COUNT];
	const struct complaints ended = *complaints;
	size_t count = 0;

	*complaints = (struct complaints){ .began_ms = 0 };
	if (is_empty(&ended) || !log_is_enabled(LOG_LEVEL_WARNING))
		return;
	fields[count++] = log_word("event", "not-admitted-in-all");
	for (unsigned int i = 0; i < ADMISSION_COUNT; i++)
		if (ended.counts[i] != 0)
			fields[count++] = log_number(admission_word(i),
			    ended.counts[i]);
	if (ended.untold != 0)
		fields[count++] = log_number("refused_without_a_line",
		    ended.untold);
	log_event(LOG_LEVEL_WARNING, fields, count);
}

void
complaints_turn(struct complaints *complaints, uint64_t now_ms)
{
	if (complaints->began_ms != 0 &&
	    now_ms - complaints->began_ms >= COMPLAINTS_MS)
		complaints_end(complaints);
}
