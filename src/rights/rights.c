/* SPDX-License-Identifier: Apache-2.0 */
#include "rights/rights.h"

#include <errno.h>
#include <stdlib.h>

#include "lib/memory.h"
#include "lib/pack.h"
#include "lib/table.h"
#include "rights/role.h"
#include "tls/handover.h"

/* The variables that the certificate has a value for. */
#define FIRST_FIELD RIGHTS_CN
#define FIELD_COUNT (RIGHTS_VARIABLE_COUNT - FIRST_FIELD)

struct rights_table {
	size_t ref_count; /* the owner's, and one for each that is in use */
	bool is_uri;      /* the identity */
	size_t role_count;
	struct rights_role *roles;
	struct rights *sets;
};

struct rights {
	struct rights_table *table;
	size_t ref_count;
	UT_hash_handle hh;
	struct rights_limits limits;
	uint32_t filled; /* the lists that hold rules, of any of the roles */
	struct bytes fields[FIELD_COUNT]; /* into the key */
	uint16_t role_count;
	uint16_t roles[]; /* the key: indices, ascending; lengths, values */
};

/* In which lists an action is looked for, one after the other. */
#define STEPS_MAX 3

static const struct {
	const char *name;
	size_t count;
	enum rights_list steps[STEPS_MAX];
} actions[RIGHTS_ACTION_COUNT] = {
	[RIGHTS_CONNECT] = { "connect", 2,
	    { RIGHTS_LIST_DENY_CONNECT, RIGHTS_LIST_CONNECT } },
	[RIGHTS_PUBLISH] = { "publish", 2,
	    { RIGHTS_LIST_DENY_PUBLISH, RIGHTS_LIST_PUBLISH } },
	[RIGHTS_SUBSCRIBE] = { "subscribe", 2,
	    { RIGHTS_LIST_DENY_SUBSCRIBE, RIGHTS_LIST_SUBSCRIBE } },
	[RIGHTS_RETAIN] = { "retain", 3,
	    { RIGHTS_LIST_DENY_PUBLISH, RIGHTS_LIST_PUBLISH,
		RIGHTS_LIST_RETAIN } },
	[RIGHTS_WILL] = { "will", 2,
	    { RIGHTS_LIST_DENY_PUBLISH, RIGHTS_LIST_WILL } },
	[RIGHTS_RETAINED_WILL] = { "retained-will", 3,
	    { RIGHTS_LIST_DENY_PUBLISH, RIGHTS_LIST_WILL,
		RIGHTS_LIST_RETAIN } },
};

const char *
rights_action_name(unsigned int action)
{
	return action < RIGHTS_ACTION_COUNT ? actions[action].name : NULL;
}

const char *
rights_reason_name(enum rights_reason reason)
{
	static const char *const names[] = {
		[RIGHTS_GRANTED] = "granted",
		[RIGHTS_DENIED] = "a-role-denies-it",
		[RIGHTS_NOT_GRANTED] = "no-role-grants-it",
		[RIGHTS_NO_ROLE] = "no-role-matches",
		[RIGHTS_RESERVED] = "topic-is-reserved",
	};

	return names[reason];
}

int
rights_check_config(const struct config *config, struct config_error *error)
{
	size_t len = strlen(error->text);

	for (size_t i = 0; i < config->roles.count; i++)
		rights_role_check(config, i, error);
	return strlen(error->text) > len ? -EINVAL : 0;
}

struct rights_table *
rights_table_new(const struct config *config)
{
	struct rights_table *table = memory_new(1, sizeof(*table));

	table->ref_count = 1;
	table->is_uri = config->identity == CONFIG_IDENTITY_SAN_URI;
	table->role_count = config->roles.count;
	table->roles = memory_new(table->role_count + 1, sizeof(*table->roles));
	for (size_t i = 0; i < table->role_count; i++)
		rights_role_init(&table->roles[i], &config->roles.items[i]);
	return table;
}

static void
table_unref(struct rights_table *table)
{
	if (--table->ref_count > 0)
		return;
	for (size_t i = 0; i < table->role_count; i++)
		rights_role_done(&table->roles[i]);
	free(table->roles);
	free(table);
}

void
rights_table_free(struct rights_table **table)
{
	if (*table != NULL)
		table_unref(*table);
	*table = NULL;
}

/* The value of the only field of a type; none if there are several. */
static struct bytes
field_of(struct bytes fields, enum rights_variable variable)
{
	static const enum tls_field_type types[RIGHTS_VARIABLE_COUNT] = {
		[RIGHTS_CN] = TLS_FIELD_SUBJECT_CN,
		[RIGHTS_O] = TLS_FIELD_SUBJECT_O,
		[RIGHTS_OU] = TLS_FIELD_SUBJECT_OU,
	};
	struct bytes value, found = BYTES_NONE;
	enum tls_field_type type;
	size_t count = 0, pos = 0;

	while (tls_field_next(fields, &pos, &type, &value)) {
		if (type != types[variable])
			continue;
		found = value;
		count++;
	}
	return count == 1 ? found : BYTES_NONE;
}

/* Add the roles of a certificate; returns the variables that they use. */
static rights_variable_set
pack_roles(const struct rights_table *table,
    const struct rights_certificate *certificate, struct buffer *key)
{
	rights_variable_set variables = 0;

	for (size_t i = 0; i < table->role_count; i++) {
		uint16_t index = (uint16_t)i;

		if (certificate->identity.len == 0 ||
		    !rights_role_is_for(&table->roles[i], certificate))
			continue;
		buffer_append(key, bytes_of(&index, sizeof(index)));
		variables |= table->roles[i].variables;
	}
	return variables;
}

/* Add what of its fields the roles speak of. */
static void
pack_fields(const struct rights_certificate *certificate,
    rights_variable_set variables, struct buffer *key)
{
	for (unsigned int i = 0; i < FIELD_COUNT; i++) {
		bool is_used = (variables >> (FIRST_FIELD + i) & 1) != 0;

		pack_bytes(key,
		    is_used ? field_of(certificate->fields, FIRST_FIELD + i)
			    : BYTES_NONE);
	}
}

static void
set_fields(struct rights *rights, size_t key_len)
{
	struct unpack in = {
		.input = bytes_of(rights->roles, key_len),
		.pos = rights->role_count * sizeof(rights->roles[0]),
	};

	for (size_t i = 0; i < FIELD_COUNT; i++)
		rights->fields[i] = unpack_bytes(&in, TLS_FIELD_VALUE_MAX);
}

/* 0 is no limit, and so not the least one. */
static void
lower(uint32_t *limit, uint32_t other)
{
	if (other != 0 && (*limit == 0 || other < *limit))
		*limit = other;
}

static uint32_t
filled_lists(const struct rights_role *role)
{
	uint32_t filled = 0;

	for (unsigned int i = 0; i < RIGHTS_LIST_COUNT; i++)
		if (role->lists[i].count > 0)
			filled |= UINT32_C(1) << i;
	return filled;
}

static struct rights *
rights_new(struct rights_table *table, const struct buffer *key,
    size_t role_count)
{
	struct rights *rights = memory_new(1, sizeof(*rights) + key->len);

	rights->table = table;
	rights->role_count = (uint16_t)role_count;
	memcpy(rights->roles, key->data, key->len);
	set_fields(rights, key->len);
	for (size_t i = 0; i < role_count; i++) {
		const struct rights_role *role = &table
						      ->roles[rights->roles[i]];
		struct rights_limits other = role->limits;

		rights->filled |= filled_lists(role);
		lower(&rights->limits.messages_per_second,
		    other.messages_per_second);
		lower(&rights->limits.bytes_per_second, other.bytes_per_second);
	}
	table->ref_count++;
	HASH_ADD(hh, table->sets, roles, (unsigned int)key->len, rights);
	return rights;
}

const struct rights *
rights_ref(struct rights_table *table,
    const struct rights_certificate *certificate)
{
	struct buffer key = { .data = NULL };
	rights_variable_set variables = pack_roles(table, certificate, &key);
	size_t role_count = key.len / sizeof(uint16_t);
	struct rights *rights;

	pack_fields(certificate, variables, &key);
	HASH_FIND(hh, table->sets, key.data, (unsigned int)key.len, rights);
	if (rights == NULL)
		rights = rights_new(table, &key, role_count);
	rights->ref_count++;
	buffer_done(&key);
	return rights;
}

void
rights_unref(const struct rights **rights)
{
	struct rights *set = (struct rights *)*rights;
	struct rights_table *table;

	*rights = NULL;
	if (set == NULL || --set->ref_count > 0)
		return;
	table = set->table;
	HASH_DEL(table->sets, set);
	free(set);
	table_unref(table);
}

struct rights_limits
rights_limits(const struct rights *rights)
{
	return rights->limits;
}

const char *
rights_role_name(const struct rights *rights, size_t index)
{
	if (index >= rights->role_count)
		return NULL;
	return rights->table->roles[rights->roles[index]].name;
}

bool
rights_topic_is_reserved(struct bytes topic_name)
{
	static const struct bytes levels[] = { { (const uint8_t *)"$SYS", 4 },
		{ (const uint8_t *)"$signet", 7 } };

	/* Hardly one does: this is asked of each message. */
	if (topic_name.len == 0 || topic_name.data[0] != '$')
		return false;
	for (size_t i = 0; i < sizeof(levels) / sizeof(levels[0]); i++) {
		size_t len = levels[i].len;

		if (topic_name.len >= len &&
		    memcmp(topic_name.data, levels[i].data, len) == 0 &&
		    (topic_name.len == len || topic_name.data[len] == '/'))
			return true;
	}
	return false;
}

static struct rights_values
values_of(const struct rights *rights, const struct rights_request *request)
{
	struct rights_values values = {
		.of = { [RIGHTS_IDENTITY] = request->identity,
		    [RIGHTS_CLIENT_ID] = request->client_id },
		.is_uri = rights->table->is_uri,
	};

	for (size_t i = 0; i < FIELD_COUNT; i++)
		values.of[FIRST_FIELD + i] = rights->fields[i];
	return values;
}

/* Where a role that does not name the list says it instead. */
static enum rights_list
list_of(const struct rights_role *role, enum rights_list list,
    enum rights_action action)
{
	if (list == RIGHTS_LIST_RETAIN && !role->lists[list].is_given)
		list = action == RIGHTS_RETAINED_WILL ? RIGHTS_LIST_WILL
						      : RIGHTS_LIST_PUBLISH;
	if (list == RIGHTS_LIST_WILL && !role->lists[list].is_given)
		list = RIGHTS_LIST_PUBLISH;
	return list;
}

/* Is there a rule in this list of any role? Then verdict names it. */
static bool
find(const struct rights *rights, enum rights_list list,
    const struct rights_request *request, const struct rights_values *values,
    struct rights_verdict *verdict)
{
	for (size_t i = 0; i < rights->role_count; i++) {
		size_t role_index = rights->roles[i];
		const struct rights_role *role = &rights->table
						      ->roles[role_index];
		enum rights_list named = list_of(role, list, request->action);
		size_t index;
		const char *rule;

		if (!rights_role_find(role, named, values, request->topic,
			&index, &rule))
			continue;
		*verdict = (struct rights_verdict){
			.list = rights_list_name(named),
			.role = role->name,
			.role_index = role_index,
			.rule = rule,
			.rule_index = index,
		};
		return true;
	}
	*verdict = (struct rights_verdict){ .list = rights_list_name(list) };
	return false;
}

static void
judge(const struct rights *rights, const struct rights_request *request,
    struct rights_verdict *verdict)
{
	struct rights_values values = values_of(rights, request);

	for (size_t i = 0; i < actions[request->action].count; i++) {
		enum rights_list list = actions[request->action].steps[i];
		bool is_denial = rights_list_is_denial(list);

		/* most clients are denied nothing */
		if (is_denial && (rights->filled >> list & 1) == 0)
			continue;
		if (find(rights, list, request, &values, verdict) != is_denial)
			continue;
		verdict->reason = is_denial ? RIGHTS_DENIED
					    : RIGHTS_NOT_GRANTED;
		return;
	}
	verdict->reason = RIGHTS_GRANTED;
}

bool
rights_are_of(const struct rights *rights, const struct rights_table *table)
{
	return rights->table == table;
}

bool
rights_check(const struct rights *rights, const struct rights_request *request,
    struct rights_verdict *verdict)
{
	struct rights_verdict own;

	if (verdict == NULL)
		verdict = &own;
	if (rights->role_count == 0)
		*verdict = (struct rights_verdict){ .reason = RIGHTS_NO_ROLE };
	else if (request->action != RIGHTS_SUBSCRIBE &&
		 rights_topic_is_reserved(request->topic))
		*verdict = (struct rights_verdict){ .reason = RIGHTS_RESERVED };
	else
		judge(rights, request, verdict);
	return verdict->reason == RIGHTS_GRANTED;
}
