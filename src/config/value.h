/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The value of a setting, whatever kind it is of. base: what the offset of its
 * row counts from.
 */
#ifndef SIGNET_CONFIG_VALUE_H
#define SIGNET_CONFIG_VALUE_H

#include "config/schema.h"

/* Free what the value holds; the member is not usable before it is set. */
void config_value_free(const struct config_row *row, void *base);

/* Set it to a copy; what was there is not freed. */
void config_value_copy(const struct config_row *row, void *to,
    const void *from);

bool config_value_is_equal(const struct config_row *row, const void *a,
    const void *b);

/* Free what all values of a scope hold. */
void config_values_free(const char *scope, void *base);

#endif
