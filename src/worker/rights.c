/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/rights.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "lib/memory.h"
#include "lib/table.h"
#include "worker/grant.h"

struct grant_list {
	size_t count;
	struct grant **items;
};

struct role_rights {
	char *name;
	struct bytes identity_pattern; /* free its data */
	struct grant_list publish;
	struct grant_list subscribe;
};

struct rights_table {
	size_t ref_count; /* the owner's, and one for each set */
	size_t role_count;
	struct role_rights *roles;
	struct rights *sets;
};

struct rights {
	struct rights_table *table;
	size_t ref_count;
	size_t role_count;
	UT_hash_handle hh;
	uint16_t roles[]; /* indices, ascending: the key in table->sets */
};

static void
filters_check(const struct config *config, size_t role, const char *name,
    const struct config_strings *filters, struct config_error *error)
{
	char path[64];
	const char *fault;
	size_t i;

	for (i = 0; i < filters->count; i++) {
		fault = grant_compile(filters->items[i], NULL);
		if (fault == NULL)
			continue;
		snprintf(path, sizeof(path), "roles[%zu].%s[%zu]", role, name,
		    i);
		config_fault(config, error, path, "is \"%.256s\", which %s",
		    filters->items[i], fault);
	}
}

int
rights_check_config(const struct config *config, struct config_error *error)
{
	size_t len = strlen(error->text);
	const struct config_role *role;
	size_t i;

	for (i = 0; i < config->roles.count; i++) {
		role = &config->roles.items[i];
		filters_check(config, i, "publish", &role->publish, error);
		filters_check(config, i, "subscribe", &role->subscribe, error);
	}
	return strlen(error->text) > len ? -EINVAL : 0;
}

static void
grants_init(struct grant_list *list, const struct config_strings *filters)
{
	size_t i;

	list->count = filters->count;
	list->items = memory_new(filters->count, sizeof(struct grant *));
	for (i = 0; i < filters->count; i++)
		if (grant_compile(filters->items[i], &list->items[i]) != NULL)
			panic("granted topic filters are checked");
}

static void
grants_done(struct grant_list *list)
{
	size_t i;

	for (i = 0; i < list->count; i++)
		grant_free(&list->items[i]);
	free(list->items);
}

struct rights_table *
rights_table_new(const struct config *config)
{
	struct rights_table *table = memory_new(1, sizeof(*table));
	const struct config_role *from;
	struct role_rights *role;
	size_t i;

	table->ref_count = 1;
	table->role_count = config->roles.count;
	table->roles = memory_new(table->role_count, sizeof(*table->roles));
	for (i = 0; i < table->role_count; i++) {
		from = &config->roles.items[i];
		role = &table->roles[i];
		role->name = memory_copy(bytes_of_string(from->name));
		role->identity_pattern = bytes_of_string(
		    memory_copy(bytes_of_string(from->match.identity)));
		grants_init(&role->publish, &from->publish);
		grants_init(&role->subscribe, &from->subscribe);
	}
	return table;
}

static void
table_unref(struct rights_table *table)
{
	size_t i;

	if (--table->ref_count > 0)
		return;
	for (i = 0; i < table->role_count; i++) {
		free(table->roles[i].name);
		free((void *)table->roles[i].identity_pattern.data);
		grants_done(&table->roles[i].publish);
		grants_done(&table->roles[i].subscribe);
	}
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

/*
 * Does a pattern match, in which * stands for any run of characters? Where
 * what follows a * fails, only the last * takes a byte more: at most
 * pattern.len * text.len steps.
 */
static bool
pattern_matches(struct bytes pattern, struct bytes text)
{
	size_t p = 0, t = 0, behind_star = 0, retry = 0;

	while (t < text.len) {
		/* A * in the text is not the pattern's. */
		if (p < pattern.len && pattern.data[p] == '*') {
			behind_star = ++p;
			retry = t;
		} else if (p < pattern.len && pattern.data[p] == text.data[t]) {
			p++;
			t++;
		} else if (behind_star > 0) {
			p = behind_star;
			t = ++retry;
		} else {
			return false;
		}
	}
	while (p < pattern.len && pattern.data[p] == '*')
		p++;
	return p == pattern.len;
}

/* A new set with the identity's roles that is in no table yet. */
static struct rights *
rights_new(struct rights_table *table, struct bytes identity)
{
	struct rights *rights = memory_new(1,
	    sizeof(*rights) + table->role_count * sizeof(rights->roles[0]));
	size_t i;

	rights->table = table;
	for (i = 0; identity.len > 0 && i < table->role_count; i++)
		if (pattern_matches(table->roles[i].identity_pattern, identity))
			rights->roles[rights->role_count++] = (uint16_t)i;
	return rights;
}

const struct rights *
rights_ref(struct rights_table *table, struct bytes identity)
{
	struct rights *fresh = rights_new(table, identity);
	unsigned int key_len = (unsigned int)(fresh->role_count *
					      sizeof(fresh->roles[0]));
	struct rights *known;

	HASH_FIND(hh, table->sets, fresh->roles, key_len, known);
	if (known != NULL) {
		free(fresh);
		known->ref_count++;
		return known;
	}
	fresh->ref_count = 1;
	table->ref_count++;
	HASH_ADD(hh, table->sets, roles, key_len, fresh);
	return fresh;
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

static const struct grant *
grant_find(const struct grant_list *list, const struct grant_client *client,
    struct bytes topic)
{
	size_t i;

	for (i = 0; i < list->count; i++)
		if (grant_covers(list->items[i], client, topic))
			return list->items[i];
	return NULL;
}

/* lists: the offset in struct role_rights of those that count. */
static bool
find(const struct rights *rights, size_t lists,
    const struct grant_client *client, struct bytes topic,
    struct rights_grant *grant)
{
	const struct role_rights *role;
	const struct grant *found;
	size_t i;

	for (i = 0; i < rights->role_count; i++) {
		role = &rights->table->roles[rights->roles[i]];
		found = grant_find((const void *)((const char *)role + lists),
		    client, topic);
		if (found == NULL)
			continue;
		if (grant != NULL)
			*grant = (struct rights_grant){ role->name,
				grant_topic_filter(found) };
		return true;
	}
	return false;
}

bool
rights_topic_is_reserved(struct bytes topic_name)
{
	static const char level[] = "$SYS";
	const size_t len = sizeof(level) - 1;

	return topic_name.len >= len &&
	       memcmp(topic_name.data, level, len) == 0 &&
	       (topic_name.len == len || topic_name.data[len] == '/');
}

bool
rights_may_publish(const struct rights *rights, struct bytes identity,
    struct bytes client_id, struct bytes topic_name, struct rights_grant *grant)
{
	const struct grant_client client = { identity, client_id };

	return !rights_topic_is_reserved(topic_name) &&
	       find(rights, offsetof(struct role_rights, publish), &client,
		   topic_name, grant);
}

bool
rights_may_subscribe(const struct rights *rights, struct bytes identity,
    struct bytes client_id, struct bytes topic_filter,
    struct rights_grant *grant)
{
	const struct grant_client client = { identity, client_id };

	return find(rights, offsetof(struct role_rights, subscribe), &client,
	    topic_filter, grant);
}

const char *
rights_role_name(const struct rights *rights, size_t index)
{
	if (index >= rights->role_count)
		return NULL;
	return rights->table->roles[rights->roles[index]].name;
}
