/* SPDX-License-Identifier: Apache-2.0 */
#include "config/value.h"

#include <stdlib.h>

#include "lib/memory.h"

static void
list_free(const struct config_row *row, void *base)
{
	char scope[CONFIG_PATH_MAX];
	void *items;
	size_t i, count = config_list_get(row, base, &items);

	config_path_format(scope, "%s[].", row->path);
	for (i = 0; i < count; i++)
		config_values_free(scope,
		    (char *)items + i * row->element_size);
	free(items);
}

static void
texts_free(struct config_strings *texts)
{
	size_t i;

	for (i = 0; i < texts->count; i++)
		free(texts->items[i]);
	free(texts->items);
}

void
config_value_free(const struct config_row *row, void *base)
{
	void *member = (char *)base + row->offset;

	switch (row->kind) {
	case CONFIG_KIND_LIST:
		list_free(row, base);
		break;
	case CONFIG_KIND_TEXTS:
		texts_free(member);
		break;
	case CONFIG_KIND_TEXT:
	case CONFIG_KIND_ADDRESS:
	case CONFIG_KIND_FILE:
	case CONFIG_KIND_PATH:
		free(*(char **)member);
		break;
	case CONFIG_KIND_NUMBER:
	case CONFIG_KIND_WORD:
	case CONFIG_KIND_SWITCH:
		break;
	}
}

void
config_values_free(const char *scope, void *base)
{
	const struct config_row *row;

	for (row = config_rows; row < config_rows + config_row_count; row++)
		if (config_row_is_in(row, scope))
			config_value_free(row, base);
}

static void
list_copy(const struct config_row *row, void *to, const void *from)
{
	char scope[CONFIG_PATH_MAX];
	void *items, *copies;
	size_t i, j, count = config_list_get(row, from, &items);

	copies = config_list_new(row, to, count);
	config_path_format(scope, "%s[].", row->path);
	for (i = 0; i < count; i++)
		for (j = 0; j < config_row_count; j++)
			if (config_row_is_in(&config_rows[j], scope))
				config_value_copy(&config_rows[j],
				    (char *)copies + i * row->element_size,
				    (char *)items + i * row->element_size);
}

static void
texts_copy(struct config_strings *to, const struct config_strings *from)
{
	size_t i;

	to->count = from->count;
	to->items = NULL;
	if (from->items == NULL) /* it is not given */
		return;
	to->items = memory_new(from->count + 1, sizeof(*to->items));
	for (i = 0; i < from->count; i++)
		to->items[i] = memory_copy(bytes_of_string(from->items[i]));
}

void
config_value_copy(const struct config_row *row, void *to, const void *from)
{
	const void *source = (const char *)from + row->offset;
	void *member = (char *)to + row->offset;

	switch (row->kind) {
	case CONFIG_KIND_LIST:
		list_copy(row, to, from);
		break;
	case CONFIG_KIND_TEXTS:
		texts_copy(member, source);
		break;
	case CONFIG_KIND_TEXT:
	case CONFIG_KIND_ADDRESS:
	case CONFIG_KIND_FILE:
	case CONFIG_KIND_PATH:
		*(char **)member = memory_copy(
		    bytes_of_string(*(char *const *)source));
		break;
	case CONFIG_KIND_NUMBER:
	case CONFIG_KIND_WORD:
	case CONFIG_KIND_SWITCH:
		memcpy(member, source, row->size);
		break;
	}
}

static bool
texts_are_equal(const struct config_strings *a, const struct config_strings *b)
{
	size_t i;

	if (a->count != b->count)
		return false;
	for (i = 0; i < a->count; i++)
		if (strcmp(a->items[i], b->items[i]) != 0)
			return false;
	return true;
}

static bool
lists_are_equal(const struct config_row *row, const void *a, const void *b)
{
	char scope[CONFIG_PATH_MAX];
	void *some, *others;
	size_t i, j, count = config_list_get(row, a, &some);

	if (config_list_get(row, b, &others) != count)
		return false;
	config_path_format(scope, "%s[].", row->path);
	for (i = 0; i < count; i++)
		for (j = 0; j < config_row_count; j++)
			if (config_row_is_in(&config_rows[j], scope) &&
			    !config_value_is_equal(&config_rows[j],
				(char *)some + i * row->element_size,
				(char *)others + i * row->element_size))
				return false;
	return true;
}

bool
config_value_is_equal(const struct config_row *row, const void *a,
    const void *b)
{
	const void *one = (const char *)a + row->offset;
	const void *other = (const char *)b + row->offset;

	switch (row->kind) {
	case CONFIG_KIND_TEXTS:
		return texts_are_equal(one, other) &&
		       config_row_is_absent(row, a) ==
			   config_row_is_absent(row, b);
	case CONFIG_KIND_TEXT:
	case CONFIG_KIND_ADDRESS:
	case CONFIG_KIND_FILE:
	case CONFIG_KIND_PATH:
		return strcmp(*(char *const *)one, *(char *const *)other) == 0;
	case CONFIG_KIND_NUMBER:
	case CONFIG_KIND_WORD:
	case CONFIG_KIND_SWITCH:
		break;
	case CONFIG_KIND_LIST:
		return lists_are_equal(row, a, b);
	}
	return config_number_get(row, a) == config_number_get(row, b);
}
