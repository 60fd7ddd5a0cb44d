/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lines that say the same are written a few times, then counted. Two lines say
 * the same if they differ in numbers, identifiers and ports alone. What is
 * remembered is bounded: if too many different ones come, the oldest is
 * forgotten, and what was left out of it is said.
 */
#include <netinet/in.h>
#include <stdio.h>

#include "lib/hash.h"
#include "lib/log_line.h"

#define ENTRIES_MAX 64
#define TEXT_MAX    224

#define WINDOW_MS (UINT64_C(1000) * LOG_REPEATS_SECONDS)

struct repeated {
	uint64_t since_ms;
	uint64_t shown;
	uint64_t left_out;
	enum log_level level;
	const char *event; /* the word */
	char text[TEXT_MAX];
};

static uint32_t shown_most; /* 0: all */
static struct hash_key key;
static bool has_key;
static uint64_t hashes[ENTRIES_MAX]; /* 0: free */
static struct repeated entries[ENTRIES_MAX];
static const char *own_speaker = "signetd";
static size_t left_out_count; /* entries of which some were left out */

void
log_repeats_limit(uint32_t shown)
{
	if (shown != shown_most)
		log_repeats_end();
	shown_most = shown;
}

/* What makes two lines different. */
static void
line_print_same(struct log_line *line, const struct log_entry *entry)
{
	for (size_t i = 0; i < entry->count; i++) {
		const struct log_field *field = &entry->fields[i];
		struct log_field masked = *field;
		struct sockaddr_storage address = { .ss_family = AF_UNSPEC };

		if (field->type == LOG_FIELD_NUMBER ||
		    field->type == LOG_FIELD_ID)
			continue;
		if (field->type == LOG_FIELD_ADDRESS) {
			bool is_6 = field->value.address->sa_family == AF_INET6;

			memcpy(&address, field->value.address,
			    is_6 ? sizeof(struct sockaddr_in6)
				 : sizeof(struct sockaddr_in));
			if (is_6)
				((struct sockaddr_in6 *)&address)
				    ->sin6_port = 0;
			else
				((struct sockaddr_in *)&address)->sin_port = 0;
			masked.value.address = (const void *)&address;
		}
		log_line_print_fields(line,
		    &(struct log_entry){ .fields = &masked, .count = 1 });
	}
}

static uint64_t
hash_line(const struct log_entry *entry, const struct log_line *line)
{
	uint64_t hash;

	if (!has_key) {
		hash_key_init(&key);
		has_key = true;
	}
	hash = hash_keyed(&key, bytes_of(line->text, line->len)) +
	       (uint64_t)entry->level;
	return hash != 0 ? hash : 1;
}

/* Say what was left out, and begin anew or forget. */
static void
tell(struct repeated *repeated)
{
	const struct log_field fields[] = {
		log_word("event", "repeated"),
		log_word("repeated", repeated->event),
		log_number("count", (int64_t)repeated->left_out),
		log_string("line", repeated->text),
	};

	if (repeated->left_out == 0)
		return;
	repeated->left_out = 0;
	left_out_count--;
	log_entry_write(&(struct log_entry){ repeated->level, own_speaker,
	    fields, sizeof(fields) / sizeof(fields[0]) });
}

static void
forget(size_t i)
{
	tell(&entries[i]);
	hashes[i] = 0;
}

static size_t
place_for(uint64_t hash)
{
	size_t place = 0;

	for (size_t i = 0; i < ENTRIES_MAX; i++) {
		if (hashes[i] == hash)
			return i;
		if (hashes[place] != 0 &&
		    (hashes[i] == 0 ||
			entries[i].since_ms < entries[place].since_ms))
			place = i;
	}
	return place;
}

static const char *
event_of(const struct log_entry *entry)
{
	for (size_t i = 0; i < entry->count; i++)
		if (strcmp(entry->fields[i].name, "event") == 0 &&
		    entry->fields[i].type == LOG_FIELD_WORD)
			return entry->fields[i].value.word;
	return "none";
}

/* The first one stands for all of them. */
static void
leave_out(struct repeated *repeated, const struct log_entry *entry)
{
	struct log_line line = { .len = 0 };

	if (repeated->left_out++ > 0)
		return;
	left_out_count++;
	repeated->level = entry->level;
	repeated->event = event_of(entry);
	log_line_print_fields(&line, entry);
	/* without the blank in front */
	snprintf(repeated->text, sizeof(repeated->text), "%.*s",
	    line.len > 0 ? (int)line.len - 1 : 0, line.text + 1);
}

bool
log_repeats_is_one(const struct log_entry *entry, uint64_t now_ms)
{
	struct log_line line = { .len = 0 };
	struct repeated *repeated;
	uint64_t hash;
	size_t place;

	own_speaker = entry->speaker;
	if (left_out_count > 0)
		(void)log_repeats_check(now_ms);
	if (shown_most == 0)
		return false;
	line_print_same(&line, entry);
	hash = hash_line(entry, &line);
	place = place_for(hash);
	repeated = &entries[place];
	if (hashes[place] != hash || now_ms - repeated->since_ms >= WINDOW_MS) {
		forget(place);
		hashes[place] = hash;
		repeated->since_ms = now_ms;
		repeated->shown = 0;
	}
	if (repeated->shown < shown_most) {
		repeated->shown++;
		return false;
	}
	leave_out(repeated, entry);
	return true;
}

uint64_t
log_repeats_check(uint64_t now_ms)
{
	uint64_t due_ms = UINT64_MAX;

	if (left_out_count == 0)
		return UINT64_MAX;
	for (size_t i = 0; i < ENTRIES_MAX; i++) {
		uint64_t passed_ms = now_ms - entries[i].since_ms;

		if (hashes[i] == 0 || entries[i].left_out == 0)
			continue;
		if (passed_ms >= WINDOW_MS)
			forget(i);
		else if (WINDOW_MS - passed_ms < due_ms)
			due_ms = WINDOW_MS - passed_ms;
	}
	return due_ms;
}

void
log_repeats_end(void)
{
	for (size_t i = 0; i < ENTRIES_MAX; i++)
		if (hashes[i] != 0)
			forget(i);
}
