/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A rule, a topic and three values, a line each. The rule answers as the same
 * rule does with the values written into it, as long as they can be; and
 * whatever the values are, what is granted is denied by the same words.
 */
#include <stdint.h>
#include <stdlib.h>

#include "lib/buffer.h"
#include "mqtt/topic.h"
#include "mqtt/wire.h"
#include "rights/filter.h"
#include "rights/pattern.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void
promise(bool is_kept)
{
	if (!is_kept)
		abort();
}

static struct bytes
take_line(struct bytes *rest)
{
	size_t len = 0;
	struct bytes line;

	while (len < rest->len && rest->data[len] != '\n')
		len++;
	line = bytes_of(rest->data, len);
	*rest = bytes_skip(*rest, len < rest->len ? len + 1 : len);
	return line;
}

/* False if a value may not be used. */
static bool
append_value(const struct rights_values *values, enum rights_variable variable,
    struct buffer *out)
{
	struct bytes value = values->of[variable];

	if (!rights_value_is_plain(values, variable))
		return false;
	for (size_t i = 0; i < value.len; i++) {
		bool is_encoded = values->is_uri && variable == RIGHTS_IDENTITY;

		if (is_encoded && value.data[i] == '/')
			buffer_append(out, BYTES_LITERAL("%2F"));
		else if (is_encoded && value.data[i] == '%')
			buffer_append(out, BYTES_LITERAL("%25"));
		else
			buffer_append(out, bytes_of(value.data + i, 1));
	}
	return true;
}

/* The rule with its values; false if one may not be used. */
static bool
substitute(struct bytes rule, const struct rights_values *values,
    struct buffer *out)
{
	while (rule.len > 0) {
		enum rights_variable variable;
		size_t len = rights_variable_at(rule, &variable);

		if (len == 0)
			buffer_append(out, bytes_of(rule.data, len = 1));
		else if (!append_value(values, variable, out))
			return false;
		rule = bytes_skip(rule, len);
	}
	return true;
}

static void
check_name(const struct rights_filter *filter, struct bytes rule,
    const struct rights_values *values, struct bytes name)
{
	bool is_covered = rights_filter_covers(filter, values, name);
	bool is_met = rights_filter_meets_name(filter, values, name);
	struct buffer written = { .data = NULL };

	promise(is_met == rights_filter_meets(filter, values, name));
	promise(is_met || !is_covered);
	/* A $ in front is the rule's own, or none. */
	if (substitute(rule, values, &written) && name.data[0] != '$') {
		bool is_match = mqtt_topic_filter_match(buffer_view(&written),
		    name);

		promise(is_covered == is_match);
		promise(is_met == is_match);
	}
	buffer_done(&written);
}

static void
check_filter(const char *rule, const struct rights_values *values,
    struct bytes topic)
{
	struct rights_filter *filter = NULL;
	const char *fault = rights_filter_compile(rule, &filter);

	promise((fault == NULL) == (filter != NULL));
	if (filter == NULL)
		return;
	if (mqtt_topic_name_is_valid(topic))
		check_name(filter, bytes_of_string(rule), values, topic);
	else if (mqtt_topic_filter_is_valid(topic))
		promise(rights_filter_meets(filter, values, topic) ||
			!rights_filter_covers(filter, values, topic));
	rights_filter_free(&filter);
}

static void
check_pattern(const char *rule, const struct rights_values *values,
    struct bytes text)
{
	struct rights_pattern *pattern = NULL;
	const char *fault = rights_pattern_compile(rule, &pattern);
	bool is_granted, is_denied;

	promise((fault == NULL) == (pattern != NULL));
	if (pattern == NULL)
		return;
	is_granted = rights_pattern_matches(pattern, values, text, false);
	is_denied = rights_pattern_matches(pattern, values, text, true);
	promise(is_denied || !is_granted);
	if (rights_pattern_variables(pattern) == 0)
		promise(is_granted == is_denied &&
			is_granted ==
			    rights_text_matches(bytes_of_string(rule), text));
	rights_pattern_free(&pattern);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct bytes rest = bytes_of(data, len);
	struct bytes rule = take_line(&rest), topic = take_line(&rest);
	struct rights_values values = { .is_uri = false };
	struct buffer text = { .data = NULL };

	values.of[RIGHTS_IDENTITY] = take_line(&rest);
	values.of[RIGHTS_CLIENT_ID] = take_line(&rest);
	values.of[RIGHTS_OU] = take_line(&rest);
	buffer_append(&text, rule);
	buffer_append(&text, BYTES_LITERAL("\0"));
	for (int i = 0; i < 2; i++) {
		values.is_uri = i == 1;
		if (mqtt_utf8_is_valid(topic))
			check_filter((const char *)text.data, &values, topic);
		check_pattern((const char *)text.data, &values, topic);
	}
	buffer_done(&text);
	return 0;
}
