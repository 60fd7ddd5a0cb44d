/* SPDX-License-Identifier: Apache-2.0 */
#include "rights/pattern.h"

#include <stdlib.h>

#include "lib/memory.h"
#include "mqtt/wire.h"

struct rights_pattern {
	char *text;
	rights_variable_set variables;
	size_t piece_count;
	struct rights_piece pieces[];
};

static const char *
text_fault(const char *text)
{
	enum rights_variable variable;
	const char *at = text;

	if (!mqtt_utf8_is_valid(bytes_of_string(text)))
		return "is not valid UTF-8";
	while ((at = strstr(at, "${")) != NULL) {
		if (rights_variable_at(bytes_of_string(at), &variable) == 0)
			return "has a variable that is "
			       "not " RIGHTS_VARIABLE_NAMES;
		if (variable == RIGHTS_CLIENT_ID)
			return "compares the client identifier with itself";
		at += 2;
	}
	return NULL;
}

static void
add_byte(struct rights_pattern *pattern, const char *at)
{
	struct rights_piece *last = pattern->pieces + pattern->piece_count;

	if (*at == '*')
		(pattern->piece_count++, last)->type = RIGHTS_PIECE_RUN;
	else if (pattern->piece_count > 0 && last[-1].type == RIGHTS_PIECE_TEXT)
		last[-1].text.len++;
	else
		pattern->pieces[pattern->piece_count++] = (struct rights_piece){
			.type = RIGHTS_PIECE_TEXT,
			.text = bytes_of(at, 1)
		};
}

static void
split(struct rights_pattern *pattern)
{
	const char *at = pattern->text;
	enum rights_variable variable;
	size_t len;

	while (*at != '\0') {
		len = rights_variable_at(bytes_of_string(at), &variable);
		if (len == 0) {
			add_byte(pattern, at++);
			continue;
		}
		pattern->variables |= (rights_variable_set)(1u << variable);
		pattern->pieces[pattern->piece_count++] = (struct rights_piece){
			.type = RIGHTS_PIECE_VARIABLE,
			.variable = variable
		};
		at += len;
	}
}

const char *
rights_pattern_compile(const char *text, struct rights_pattern **pattern)
{
	const char *fault = text_fault(text);
	struct rights_pattern *compiled;

	if (fault != NULL || pattern == NULL)
		return fault;
	/* No piece is shorter than a byte. */
	compiled = memory_new(1,
	    sizeof(*compiled) + strlen(text) * sizeof(struct rights_piece));
	compiled->text = memory_copy(bytes_of_string(text));
	split(compiled);
	*pattern = memory_resize(compiled,
	    sizeof(*compiled) +
		compiled->piece_count * sizeof(struct rights_piece));
	return NULL;
}

void
rights_pattern_free(struct rights_pattern **pattern)
{
	if (*pattern == NULL)
		return;
	free((*pattern)->text);
	free(*pattern);
	*pattern = NULL;
}

const char *
rights_pattern_text(const struct rights_pattern *pattern)
{
	return pattern->text;
}

rights_variable_set
rights_pattern_variables(const struct rights_pattern *pattern)
{
	return pattern->variables;
}

/*
 * Where what follows a * fails, only the last * takes a byte more: at most
 * pattern's length times text.len steps.
 */
bool
rights_pattern_matches(const struct rights_pattern *pattern,
    const struct rights_values *values, struct bytes text,
    bool is_match_if_unknown)
{
	struct rights_cursor cursor = {
		.values = values,
		.piece = pattern->pieces,
		.end = pattern->pieces + pattern->piece_count,
		.use = RIGHTS_IN_STRING,
	};
	struct rights_cursor behind_run;
	bool has_run = false;
	size_t at = 0, retry = 0;

	for (;;) {
		unsigned int token = rights_cursor_next(&cursor);

		if (token == RIGHTS_TOKEN_UNKNOWN)
			return is_match_if_unknown;
		if (token == RIGHTS_TOKEN_RUN) {
			behind_run = cursor;
			has_run = true;
			retry = at;
		} else if (token == RIGHTS_TOKEN_END && at == text.len) {
			return true;
		} else if (at < text.len && token == text.data[at]) {
			at++;
		} else {
			if (!has_run || retry >= text.len)
				return false;
			cursor = behind_run;
			at = ++retry;
		}
	}
}

const char *
rights_pattern_fault(const char *text)
{
	if (!mqtt_utf8_is_valid(bytes_of_string(text)))
		return "is not valid UTF-8";
	if (strstr(text, "${") != NULL)
		return "has a variable: there is nothing yet that it could "
		       "stand for";
	return NULL;
}

/* As rights_pattern_matches(). */
bool
rights_text_matches(struct bytes pattern, struct bytes text)
{
	size_t p = 0, t = 0, behind_run = 0, retry = 0;

	while (t < text.len) {
		/* A * in the text is not the pattern's. */
		if (p < pattern.len && pattern.data[p] == '*') {
			behind_run = ++p;
			retry = t;
		} else if (p < pattern.len && pattern.data[p] == text.data[t]) {
			p++;
			t++;
		} else if (behind_run > 0) {
			p = behind_run;
			t = ++retry;
		} else {
			return false;
		}
	}
	while (p < pattern.len && pattern.data[p] == '*')
		p++;
	return p == pattern.len;
}
