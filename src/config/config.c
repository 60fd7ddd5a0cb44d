/* SPDX-License-Identifier: Apache-2.0 */
#include "config/config.h"

#include <stdlib.h>

#include "config/fault.h"
#include "config/schema.h"

static void members_free(const char *scope, void *base);

static void
list_free(const struct config_row *row, void *base)
{
	char scope[CONFIG_PATH_MAX];
	void *items;
	size_t i, count = config_list_get(row, base, &items);

	config_path_format(scope, "%s[].", row->path);
	for (i = 0; i < count; i++)
		members_free(scope, (char *)items + i * row->element_size);
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

static void
members_free(const char *scope, void *base)
{
	const struct config_row *row;
	void *member;

	for (row = config_rows; row < config_rows + config_row_count; row++) {
		if (!config_row_is_in(row, scope))
			continue;
		member = (char *)base + row->offset;
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
}

void
config_free(struct config **config)
{
	if (*config == NULL)
		return;
	members_free("", *config);
	config_places_free(&(*config)->places);
	free(*config);
	*config = NULL;
}
