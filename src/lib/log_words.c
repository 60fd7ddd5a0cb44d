/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/log_words.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

struct word {
	const char *word, *meaning;
};

#define EVENT(word, meaning)
#define REASON(word, meaning)
#define REASON_OF_MQTT(word)
#define REASON_OF_TLS(word)

static const struct word events[] = {
#undef EVENT
#define EVENT(word, meaning) { word, meaning },
#include "lib/log_words.def"
#undef EVENT
#define EVENT(word, meaning)
};

static const struct word reasons[] = {
#undef REASON
#define REASON(word, meaning) { word, meaning },
#include "lib/log_words.def"
#undef REASON
#define REASON(word, meaning)
};

static const struct word mqtt_reasons[] = {
#undef REASON_OF_MQTT
#define REASON_OF_MQTT(word) { word, NULL },
#include "lib/log_words.def"
#undef REASON_OF_MQTT
#define REASON_OF_MQTT(word)
};

static const struct word tls_reasons[] = {
#undef REASON_OF_TLS
#define REASON_OF_TLS(word) { word, NULL },
#include "lib/log_words.def"
};

static bool
has(const struct word *words, size_t count, const char *word)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(words[i].word, word) == 0)
			return true;
	return false;
}

bool
log_event_is_known(const char *word)
{
	return has(events, COUNT_OF(events), word);
}

bool
log_reason_is_known(const char *word)
{
	return has(reasons, COUNT_OF(reasons), word) ||
	       has(mqtt_reasons, COUNT_OF(mqtt_reasons), word) ||
	       has(tls_reasons, COUNT_OF(tls_reasons), word);
}

static void
append(struct buffer *out, const char *text)
{
	buffer_append(out, bytes_of_string(text));
}

static void
print_meanings(struct buffer *out, const struct word *words, size_t count)
{
	append(out, ".Bl -tag -width Ds -compact\n");
	for (size_t i = 0; i < count; i++) {
		append(out, ".It Li ");
		append(out, words[i].word);
		append(out, "\n");
		append(out, words[i].meaning);
		append(out, "\n");
	}
	append(out, ".El\n");
}

static void
print_names(struct buffer *out, const struct word *words, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		append(out, ".Li ");
		append(out, words[i].word);
		append(out, i + 1 < count ? " ,\n" : " .\n");
	}
}

void
log_words_print_manual(struct buffer *out)
{
	append(out, "The events are:\n.Pp\n");
	print_meanings(out, events, COUNT_OF(events));
	append(out, ".Pp\nThe reasons are:\n.Pp\n");
	print_meanings(out, reasons, COUNT_OF(reasons));
	append(out, ".Pp\nBesides, where a connection is ended with a Reason "
		    "Code of MQTT,\n");
	print_names(out, mqtt_reasons, COUNT_OF(mqtt_reasons));
	append(out, "Where a record of TLS is at fault, the alert's name:\n");
	print_names(out, tls_reasons, COUNT_OF(tls_reasons));
}
