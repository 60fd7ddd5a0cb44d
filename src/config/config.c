/* SPDX-License-Identifier: Apache-2.0 */
#include "config/config.h"

#include <stdlib.h>

#include "config/fault.h"
#include "config/schema.h"
#include "config/value.h"

void
config_free(struct config **config)
{
	if (*config == NULL)
		return;
	config_values_free("", *config);
	for (size_t i = 0; i < (*config)->sources.count; i++)
		free((*config)->sources.items[i]);
	free((*config)->sources.items);
	config_places_free(&(*config)->places);
	free(*config);
	*config = NULL;
}

enum log_level
config_log_level(const struct config *config, const char *role)
{
	const struct config_row *row;
	char path[CONFIG_PATH_MAX];
	int64_t value;

	config_path_format(path, "log.levels.%s", role);
	row = config_row_find(path);
	value = row != NULL ? config_number_get(row, config)
			    : CONFIG_ROLE_LEVEL_AS_ALL;
	return value == CONFIG_ROLE_LEVEL_AS_ALL ? config->log.level
						 : (enum log_level)(value - 1);
}
