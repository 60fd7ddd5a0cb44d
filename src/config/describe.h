/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A row of the schema in words.
 */
#ifndef SIGNET_CONFIG_DESCRIBE_H
#define SIGNET_CONFIG_DESCRIBE_H

#include "config/schema.h"

#define CONFIG_FACTS_MAX 256

/*
 * Type, unit, bounds, default and when a change is applied, in sentences.
 *
 * facts: CONFIG_FACTS_MAX bytes; a string.
 */
void config_describe(const struct config_row *row, char *facts);

#endif
