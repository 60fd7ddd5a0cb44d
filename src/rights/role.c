/* SPDX-License-Identifier: Apache-2.0 */
#include "rights/role.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

#include "lib/memory.h"
#include "tls/handover.h"

/* Hexadecimal digits of a fingerprint, without colons. */
#define FINGERPRINT_DIGITS (2 * (size_t)TLS_HASH_LEN)

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

#define LIST(id, member)                                                       \
	[RIGHTS_LIST_##id] = { #member, offsetof(struct config_role, member) }

static const struct {
	const char *name;
	size_t offset;
} lists[RIGHTS_LIST_COUNT] = {
	LIST(CONNECT, connect),
	LIST(PUBLISH, publish),
	LIST(SUBSCRIBE, subscribe),
	LIST(RETAIN, retain),
	LIST(WILL, will),
	LIST(DENY_CONNECT, deny.connect),
	LIST(DENY_PUBLISH, deny.publish),
	LIST(DENY_SUBSCRIBE, deny.subscribe),
};

#define MATCH(id, member)                                                      \
	[RIGHTS_MATCH_##id] = { #member, offsetof(struct config_role, member) }

static const struct {
	const char *name;
	size_t offset;
} matches[RIGHTS_MATCH_COUNT] = {
	MATCH(IDENTITY, match.identity),
	MATCH(O, match.o),
	MATCH(OU, match.ou),
	MATCH(SAN, match.san),
	MATCH(ISSUER, match.issuer),
	MATCH(AUTHORITY, match.authority),
	MATCH(FINGERPRINT, match.fingerprint),
};

static const struct {
	const char *prefix;
	enum tls_field_type type;
} san_types[] = {
	{ "dns:", TLS_FIELD_SAN_DNS },
	{ "uri:", TLS_FIELD_SAN_URI },
	{ "email:", TLS_FIELD_SAN_EMAIL },
};

const char *
rights_list_name(enum rights_list list)
{
	return lists[list].name;
}

bool
rights_list_is_denial(enum rights_list list)
{
	return list >= RIGHTS_LIST_DENY_CONNECT;
}

static bool
is_of_patterns(enum rights_list list)
{
	return list == RIGHTS_LIST_CONNECT || list == RIGHTS_LIST_DENY_CONNECT;
}

static const struct config_strings *
strings_at(const struct config_role *role, size_t offset)
{
	return (const void *)((const char *)role + offset);
}

/* The kind of name that a pattern begins with, and the pattern behind it. */
static bool
split_san(const char *text, enum tls_field_type *type, const char **pattern)
{
	for (size_t i = 0; i < COUNT(san_types); i++) {
		size_t len = strlen(san_types[i].prefix);

		if (strncmp(text, san_types[i].prefix, len) != 0)
			continue;
		*type = san_types[i].type;
		*pattern = text + len;
		return true;
	}
	return false;
}

/* The digits in lower case and without colons; false if they are others. */
static bool
fingerprint_digits(const char *text, char digits[FINGERPRINT_DIGITS + 1])
{
	size_t count = 0;

	for (; *text != '\0'; text++) {
		if (*text == ':')
			continue;
		if (!isxdigit((unsigned char)*text) ||
		    count == FINGERPRINT_DIGITS)
			return false;
		digits[count++] = (char)tolower((unsigned char)*text);
	}
	digits[count] = '\0';
	return count == FINGERPRINT_DIGITS;
}

static const char *
match_fault(enum rights_match match, const char *text)
{
	char digits[FINGERPRINT_DIGITS + 1];
	enum tls_field_type type;
	const char *pattern = text;

	if (match == RIGHTS_MATCH_FINGERPRINT)
		return fingerprint_digits(text, digits)
			   ? NULL
			   : "is no SHA-256 fingerprint: 64 hexadecimal digits";
	if (match == RIGHTS_MATCH_SAN && !split_san(text, &type, &pattern))
		return "does not begin with dns:, uri: or email:";
	return rights_pattern_fault(pattern);
}

static const char *
rule_fault(enum rights_list list, const char *text)
{
	return is_of_patterns(list) ? rights_pattern_compile(text, NULL)
				    : rights_filter_compile(text, NULL);
}

static void
fault_add(const struct config *config, size_t role, const char *name,
    size_t index, const char *text, const char *fault,
    struct config_error *error)
{
	char path[64];

	if (fault == NULL)
		return;
	snprintf(path, sizeof(path), "roles[%zu].%s[%zu]", role, name, index);
	config_fault(config, error, path, "is \"%.256s\", which %s", text,
	    fault);
}

void
rights_role_check(const struct config *config, size_t index,
    struct config_error *error)
{
	const struct config_role *role = &config->roles.items[index];
	const struct config_strings *texts;

	for (size_t list = 0; list < RIGHTS_LIST_COUNT; list++) {
		texts = strings_at(role, lists[list].offset);
		for (size_t i = 0; i < texts->count; i++)
			fault_add(config, index, lists[list].name, i,
			    texts->items[i],
			    rule_fault((enum rights_list)list, texts->items[i]),
			    error);
	}
	for (size_t match = 0; match < RIGHTS_MATCH_COUNT; match++) {
		texts = strings_at(role, matches[match].offset);
		for (size_t i = 0; i < texts->count; i++)
			fault_add(config, index, matches[match].name, i,
			    texts->items[i],
			    match_fault((enum rights_match)match,
				texts->items[i]),
			    error);
	}
}

static void
rules_init(struct rights_rules *rules, enum rights_list list,
    const struct config_strings *texts, rights_variable_set *variables)
{
	const char *fault;
	size_t i;

	rules->is_given = texts->items != NULL;
	rules->count = texts->count;
	if (is_of_patterns(list))
		rules->patterns = memory_new(rules->count + 1,
		    sizeof(*rules->patterns));
	else
		rules->filters = memory_new(rules->count + 1,
		    sizeof(*rules->filters));
	for (i = 0; i < rules->count; i++) {
		fault = rules->patterns != NULL
			    ? rights_pattern_compile(texts->items[i],
				  &rules->patterns[i])
			    : rights_filter_compile(texts->items[i],
				  &rules->filters[i]);
		if (fault != NULL)
			panic("the rules of roles are checked");
		*variables |= rules->patterns != NULL
				  ? rights_pattern_variables(rules->patterns[i])
				  : rights_filter_variables(rules->filters[i]);
	}
	if (rules->filters != NULL)
		rights_filters_link(rules->filters, rules->count);
}

static void
rules_done(struct rights_rules *rules)
{
	for (size_t i = 0; i < rules->count; i++)
		if (rules->patterns != NULL)
			rights_pattern_free(&rules->patterns[i]);
		else
			rights_filter_free(&rules->filters[i]);
	free(rules->patterns);
	free(rules->filters);
}

static void
match_init(struct config_strings *to, enum rights_match match,
    const struct config_strings *from)
{
	char digits[FINGERPRINT_DIGITS + 1];

	to->items = memory_new(from->count + 1, sizeof(*to->items));
	for (to->count = 0; to->count < from->count; to->count++) {
		const char *text = from->items[to->count];

		if (match == RIGHTS_MATCH_FINGERPRINT) {
			if (!fingerprint_digits(text, digits))
				panic("the fingerprints of roles are checked");
			text = digits;
		}
		to->items[to->count] = memory_copy(bytes_of_string(text));
	}
}

void
rights_role_init(struct rights_role *role, const struct config_role *from)
{
	*role = (struct rights_role){
		.name = memory_copy(bytes_of_string(from->name)),
		.limits = { from->limits.messages_per_second,
		    from->limits.bytes_per_second },
	};
	for (size_t i = 0; i < RIGHTS_MATCH_COUNT; i++)
		match_init(&role->match[i], (enum rights_match)i,
		    strings_at(from, matches[i].offset));
	for (size_t i = 0; i < RIGHTS_LIST_COUNT; i++)
		rules_init(&role->lists[i], (enum rights_list)i,
		    strings_at(from, lists[i].offset), &role->variables);
}

void
rights_role_done(struct rights_role *role)
{
	for (size_t i = 0; i < RIGHTS_MATCH_COUNT; i++) {
		for (size_t k = 0; k < role->match[i].count; k++)
			free(role->match[i].items[k]);
		free(role->match[i].items);
	}
	for (size_t i = 0; i < RIGHTS_LIST_COUNT; i++)
		rules_done(&role->lists[i]);
	free(role->name);
}

static bool
any_matches(const struct config_strings *patterns, struct bytes text)
{
	for (size_t i = 0; i < patterns->count; i++)
		if (rights_text_matches(bytes_of_string(patterns->items[i]),
			text))
			return true;
	return false;
}

/* Has the certificate a field of this type that one of the patterns matches? */
static bool
has_field(const struct config_strings *patterns, struct bytes fields,
    enum tls_field_type wanted)
{
	enum tls_field_type type;
	struct bytes value;
	size_t pos = 0;

	while (tls_field_next(fields, &pos, &type, &value))
		if (type == wanted && any_matches(patterns, value))
			return true;
	return false;
}

static bool
has_san(const struct config_strings *patterns, struct bytes fields)
{
	enum tls_field_type type;
	const char *pattern;

	for (size_t i = 0; i < patterns->count; i++) {
		struct config_strings one = { .count = 1,
			.items = (char **)&pattern };

		if (split_san(patterns->items[i], &type, &pattern) &&
		    has_field(&one, fields, type))
			return true;
	}
	return false;
}

static bool
has_fingerprint(const struct config_strings *wanted, const uint8_t *fingerprint)
{
	char digits[FINGERPRINT_DIGITS + 1];

	for (size_t i = 0; i < TLS_HASH_LEN; i++)
		snprintf(digits + 2 * i, 3, "%02x", fingerprint[i]);
	for (size_t i = 0; i < wanted->count; i++)
		if (strcmp(wanted->items[i], digits) == 0)
			return true;
	return false;
}

static bool
matches_one(const struct config_strings *patterns, enum rights_match match,
    const struct rights_certificate *certificate)
{
	struct bytes fields = certificate->fields;

	switch (match) {
	case RIGHTS_MATCH_IDENTITY:
		return any_matches(patterns, certificate->identity);
	case RIGHTS_MATCH_O:
		return has_field(patterns, fields, TLS_FIELD_SUBJECT_O);
	case RIGHTS_MATCH_OU:
		return has_field(patterns, fields, TLS_FIELD_SUBJECT_OU);
	case RIGHTS_MATCH_SAN:
		return has_san(patterns, fields);
	case RIGHTS_MATCH_ISSUER:
		return has_field(patterns, fields, TLS_FIELD_ISSUER_CN);
	case RIGHTS_MATCH_AUTHORITY:
		return has_field(patterns, fields, TLS_FIELD_AUTHORITY_CN);
	case RIGHTS_MATCH_FINGERPRINT:
		return has_fingerprint(patterns, certificate->fingerprint);
	default:
		return false;
	}
}

bool
rights_role_is_for(const struct rights_role *role,
    const struct rights_certificate *certificate)
{
	bool is_for = false;

	/* A role that names no field is nobody's. */
	for (size_t i = 0; i < RIGHTS_MATCH_COUNT; i++) {
		if (role->match[i].count == 0)
			continue;
		if (!matches_one(&role->match[i], (enum rights_match)i,
			certificate))
			return false;
		is_for = true;
	}
	return is_for;
}

static bool
find_pattern(const struct rights_rules *rules, bool is_denial,
    const struct rights_values *values, size_t *index, const char **rule)
{
	for (size_t i = 0; i < rules->count; i++) {
		if (!rights_pattern_matches(rules->patterns[i], values,
			values->of[RIGHTS_CLIENT_ID], is_denial))
			continue;
		*index = i;
		*rule = rights_pattern_text(rules->patterns[i]);
		return true;
	}
	return false;
}

/* To grant, a rule covers the topic; to deny, it need not. */
static enum rights_question
question_of(enum rights_list list)
{
	if (list == RIGHTS_LIST_DENY_SUBSCRIBE)
		return RIGHTS_MEETS;
	return rights_list_is_denial(list) ? RIGHTS_MEETS_NAME : RIGHTS_COVERS;
}

static bool
find_filter(const struct rights_rules *rules, enum rights_list list,
    const struct rights_values *values, struct bytes topic, size_t *index,
    const char **rule)
{
	size_t at = rights_filters_find(rules->filters, rules->count,
	    question_of(list), values, topic);

	if (at == rules->count)
		return false;
	*index = at;
	*rule = rights_filter_text(rules->filters[at]);
	return true;
}

bool
rights_role_find(const struct rights_role *role, enum rights_list list,
    const struct rights_values *values, struct bytes topic, size_t *index,
    const char **rule)
{
	const struct rights_rules *rules = &role->lists[list];

	if (list == RIGHTS_LIST_CONNECT && !rules->is_given) {
		*index = 0;
		*rule = NULL;
		return true;
	}
	if (is_of_patterns(list))
		return find_pattern(rules, rights_list_is_denial(list), values,
		    index, rule);
	return find_filter(rules, list, values, topic, index, rule);
}
