/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which roles one configuration has and another has not: they go by their
 * names, wherever in the list they stand.
 */
#include "config/change.h"

#include "config/value.h"

#define SCOPE "roles[]."

static const struct config_role *
role_find(const struct config *config, const char *name)
{
	for (size_t i = 0; i < config->roles.count; i++)
		if (strcmp(config->roles.items[i].name, name) == 0)
			return &config->roles.items[i];
	return NULL;
}

/* The settings in which two roles of one name differ: "publish, will". */
static void
compare(const struct config_role *old, const struct config_role *new,
    struct buffer *names)
{
	names->len = 0;
	for (size_t i = 0; i < config_row_count; i++) {
		const struct config_row *row = &config_rows[i];

		if (!config_row_is_in(row, SCOPE) ||
		    config_value_is_equal(row, old, new))
			continue;
		if (names->len > 0)
			buffer_append(names, BYTES_LITERAL(", "));
		buffer_append(names,
		    bytes_of_string(row->path + sizeof(SCOPE) - 1));
	}
}

void
config_compare_roles(const struct config *from, const struct config *to,
    void *context, config_role_visit *visit)
{
	struct buffer names = { NULL, 0, 0 };

	for (size_t i = 0; i < to->roles.count; i++) {
		const struct config_role *new = &to->roles.items[i];
		const struct config_role *old = role_find(from, new->name);

		if (old == NULL) {
			visit(context, new->name, "added", BYTES_NONE);
			continue;
		}
		compare(old, new, &names);
		if (names.len > 0)
			visit(context, new->name, "changed",
			    buffer_view(&names));
	}
	for (size_t i = 0; i < from->roles.count; i++) {
		const char *name = from->roles.items[i].name;

		if (role_find(to, name) == NULL)
			visit(context, name, "removed", BYTES_NONE);
	}
	buffer_done(&names);
}
