/* SPDX-License-Identifier: Apache-2.0 */
#include "config/change.h"

#include <stdio.h>

#include "config/value.h"

struct comparison {
	enum config_applied applied;
	struct buffer *names;
	size_t count;
};

static void
add_name(struct comparison *comparison, const char *name)
{
	if (comparison->count++ > 0)
		buffer_append(comparison->names, BYTES_LITERAL(", "));
	buffer_append(comparison->names, bytes_of_string(name));
}

/* Do its elements go by their names, and not by where they stand? */
static bool
is_named(const struct config_row *row)
{
	char name[CONFIG_PATH_MAX];

	config_path_format(name, "%s[].name", row->path);
	return config_row_find(name) != NULL;
}

static void compare_members(struct comparison *comparison, const char *path,
    const char *scope, const void *from, const void *to);

static void
compare_list(struct comparison *comparison, const char *path,
    const struct config_row *row, const void *from, const void *to)
{
	char element[CONFIG_PATH_MAX], scope[CONFIG_PATH_MAX];
	void *old, *new;
	size_t old_count = config_list_get(row, from, &old);
	size_t count = config_list_get(row, to, &new);

	if (old_count != count || is_named(row)) {
		if (row->applied == comparison->applied &&
		    !config_value_is_equal(row, from, to))
			add_name(comparison, path);
		return;
	}
	config_path_format(scope, "%s[].", row->path);
	for (size_t i = 0; i < count; i++) {
		config_path_format(element, "%s[%zu].", path, i);
		compare_members(comparison, element, scope,
		    (const char *)old + i * row->element_size,
		    (const char *)new + i * row->element_size);
	}
}

/* path: what scope is called with its indices. */
static void
compare_members(struct comparison *comparison, const char *path,
    const char *scope, const void *from, const void *to)
{
	char name[CONFIG_PATH_MAX];

	for (size_t i = 0; i < config_row_count; i++) {
		const struct config_row *row = &config_rows[i];

		if (!config_row_is_in(row, scope))
			continue;
		config_path_format(name, "%s%s", path,
		    row->path + strlen(scope));
		if (row->kind == CONFIG_KIND_LIST)
			compare_list(comparison, name, row, from, to);
		else if (row->applied == comparison->applied &&
			 !config_value_is_equal(row, from, to))
			add_name(comparison, name);
	}
}

size_t
config_compare(const struct config *from, const struct config *to,
    enum config_applied applied, struct buffer *names)
{
	struct comparison comparison = { applied, names, 0 };

	compare_members(&comparison, "", "", from, to);
	return comparison.count;
}

bool
config_is_same(const struct config *a, const struct config *b, const char *path)
{
	size_t len = strlen(path);

	for (size_t i = 0; i < config_row_count; i++) {
		const struct config_row *row = &config_rows[i];

		if (config_row_is_in(row, "") &&
		    strncmp(row->path, path, len) == 0 &&
		    !config_value_is_equal(row, a, b))
			return false;
	}
	return true;
}

void
config_keep_restart(struct config *to, const struct config *from)
{
	for (size_t i = 0; i < config_row_count; i++) {
		const struct config_row *row = &config_rows[i];

		if (!config_row_is_in(row, "") ||
		    row->applied != CONFIG_APPLIED_BY_RESTART)
			continue;
		config_value_free(row, to);
		config_value_copy(row, to, from);
	}
}

static void
visit_all(const struct config_row *row, const struct config *config,
    void *context,
    void (*visit)(void *context, const char *setting, const char *path))
{
	const struct config_strings *texts = (const void *)((const char *)
								config +
							    row->offset);

	for (size_t i = 0; i < texts->count; i++)
		visit(context, row->path, texts->items[i]);
}

void
config_each_file(const struct config *config, void *context,
    void (*visit)(void *context, const char *setting, const char *path))
{
	for (size_t i = 0; i < config_row_count; i++) {
		const struct config_row *row = &config_rows[i];

		if (!config_row_is_in(row, ""))
			continue;
		if (row->kind == CONFIG_KIND_FILE)
			visit(context, row->path,
			    *(char *const *)((const char *)config +
					     row->offset));
		else if (row->kind == CONFIG_KIND_TEXTS && row->is_files)
			visit_all(row, config, context, visit);
	}
}
