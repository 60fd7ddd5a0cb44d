/* SPDX-License-Identifier: Apache-2.0 */
#include "config/config.h"

#include <stdlib.h>

#include "config/fault.h"
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
