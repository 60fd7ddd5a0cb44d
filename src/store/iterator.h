/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A walk over the rows of a family.
 */
#ifndef SIGNET_STORE_ITERATOR_H
#define SIGNET_STORE_ITERATOR_H

#include "store/database.h"

struct iterator;

/* Returned, free with iterator_close(); it stands nowhere. */
struct iterator *iterator_open(struct database *database,
    enum database_family family);
void iterator_close(struct iterator **iterator);

/* To the first row at a key or behind it; to the last one at or before it. */
void iterator_seek(struct iterator *iterator, struct bytes key);
void iterator_seek_back(struct iterator *iterator, struct bytes key);
void iterator_next(struct iterator *iterator);

bool iterator_is_valid(const struct iterator *iterator);
/* Until it moves; only if it is valid. */
struct bytes iterator_key(const struct iterator *iterator);
struct bytes iterator_value(const struct iterator *iterator);

/* Why it is not valid: 0 at the end, or as database_get(). */
int iterator_error(const struct iterator *iterator, char *why);

#endif
