/* SPDX-License-Identifier: Apache-2.0 */
#include "table.h"

#include <check.h>
#include <errno.h>
#include <stdio.h>

#include "tls/handover.h"

static const char config_text[] =
    "listen = ( { address = \"::1\"; } );\n"
    "tls = { certificate = \"c\"; private_key = \"k\"; client_ca = \"a\"; };\n"
    "roles = %s;\n%s";

static struct config *
config_of(const char *roles, const char *other_settings)
{
	struct config *config = NULL;
	struct config_error error;
	char text[8192];

	ck_assert_int_lt(snprintf(text, sizeof(text), config_text, roles,
			     other_settings),
	    (int)sizeof(text));
	ck_assert_msg(config_parse("test", bytes_of_string(text), &config,
			  &error) == 0,
	    "%s", error.text);
	return config;
}

struct rights_table *
table_of(const char *roles, const char *other_settings)
{
	struct config *config = config_of(roles, other_settings);
	struct config_error error = { .text = "" };
	struct rights_table *table;

	ck_assert_msg(rights_check_config(config, &error) == 0, "%s",
	    error.text);
	table = rights_table_new(config);
	config_free(&config);
	return table;
}

void
table_faults(const char *roles, struct config_error *error)
{
	struct config *config = config_of(roles, "");

	error->text[0] = '\0';
	ck_assert_int_eq(rights_check_config(config, error),
	    error->text[0] == '\0' ? 0 : -EINVAL);
	config_free(&config);
}

static void
append_field(struct buffer *fields, const char *line, size_t len)
{
	static const struct {
		const char *prefix;
		enum tls_field_type type;
	} types[] = {
		{ "cn=", TLS_FIELD_SUBJECT_CN },
		{ "o=", TLS_FIELD_SUBJECT_O },
		{ "ou=", TLS_FIELD_SUBJECT_OU },
		{ "dns=", TLS_FIELD_SAN_DNS },
		{ "uri=", TLS_FIELD_SAN_URI },
		{ "email=", TLS_FIELD_SAN_EMAIL },
		{ "issuer=", TLS_FIELD_ISSUER_CN },
		{ "authority=", TLS_FIELD_AUTHORITY_CN },
	};

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		size_t prefix_len = strlen(types[i].prefix);

		if (strncmp(line, types[i].prefix, prefix_len) != 0)
			continue;
		ck_assert(tls_field_append(fields, types[i].type,
		    bytes_of(line + prefix_len, len - prefix_len)));
		return;
	}
	ck_abort_msg("no field: %s", line);
}

const struct rights *
rights_of(struct rights_table *table, const char *identity, const char *fields,
    uint8_t fingerprint)
{
	struct buffer packed = { .data = NULL };
	uint8_t hash[TLS_HASH_LEN];
	struct rights_certificate certificate = {
		.identity = bytes_of_string(identity),
		.fingerprint = hash,
	};
	const struct rights *rights;

	memset(hash, fingerprint, sizeof(hash));
	while (*fields != '\0') {
		size_t len = strcspn(fields, "\n");

		append_field(&packed, fields, len);
		fields += len + (fields[len] == '\n');
	}
	certificate.fields = buffer_view(&packed);
	rights = rights_ref(table, &certificate);
	buffer_done(&packed);
	return rights;
}

bool
is_granted(const struct rights *rights, enum rights_action action,
    const char *identity, const char *client_id, const char *topic,
    struct rights_verdict *verdict)
{
	const struct rights_request request = {
		.action = action,
		.identity = bytes_of_string(identity),
		.client_id = bytes_of_string(client_id),
		.topic = topic == NULL ? BYTES_NONE : bytes_of_string(topic),
	};

	return rights_check(rights, &request, verdict);
}
