/* SPDX-License-Identifier: Apache-2.0 */
#include "store/iterator.h"

#include <stdlib.h>

/* There is no struct: its pointer is RocksDB's own. */
#define ROWS(iterator) ((rocksdb_iterator_t *)(iterator))
#define CONST_ROWS(iterator)                                                   \
	((const rocksdb_iterator_t *)(const void *)(iterator))

struct iterator *
iterator_open(struct database *database, enum database_family family)
{
	return (struct iterator *)rocksdb.create_iterator_cf(database->handle,
	    database->read, database->families[family]);
}

void
iterator_close(struct iterator **iterator)
{
	if (*iterator != NULL)
		rocksdb.iter_destroy(ROWS(*iterator));
	*iterator = NULL;
}

void
iterator_seek(struct iterator *iterator, struct bytes key)
{
	rocksdb.iter_seek(ROWS(iterator),
	    key.len == 0 ? "" : (const char *)key.data, key.len);
}

void
iterator_seek_back(struct iterator *iterator, struct bytes key)
{
	rocksdb.iter_seek_for_prev(ROWS(iterator), (const char *)key.data,
	    key.len);
}

void
iterator_next(struct iterator *iterator)
{
	rocksdb.iter_next(ROWS(iterator));
}

bool
iterator_is_valid(const struct iterator *iterator)
{
	return rocksdb.iter_valid(CONST_ROWS(iterator)) != 0;
}

struct bytes
iterator_key(const struct iterator *iterator)
{
	size_t len;
	const char *data = rocksdb.iter_key(CONST_ROWS(iterator), &len);

	return bytes_of(data, len);
}

struct bytes
iterator_value(const struct iterator *iterator)
{
	size_t len;
	const char *data = rocksdb.iter_value(CONST_ROWS(iterator), &len);

	return bytes_of(data, len);
}

int
iterator_error(const struct iterator *iterator, char *why)
{
	char *failed = NULL;

	if (iterator_is_valid(iterator))
		return 0;
	rocksdb.iter_get_error(CONST_ROWS(iterator), &failed);
	return database_error(failed, why);
}
