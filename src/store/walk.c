/* SPDX-License-Identifier: Apache-2.0 */
#include "store/walk.h"

#include <errno.h>

#include "store/iterator.h"

#define BITS (WALK_KEY_MAX * 8)

/* A key as a number, its first byte the greatest. */
struct number {
	uint8_t bytes[WALK_KEY_MAX];
};

static void
number_of(struct bytes key, struct number *number)
{
	memset(number, 0, sizeof(*number));
	memcpy(number->bytes, key.len == 0 ? "" : (const char *)key.data,
	    key.len < WALK_KEY_MAX ? key.len : WALK_KEY_MAX);
}

/* Add 2^bit; false if that is more than there can be. */
static bool
number_add(struct number *number, unsigned int bit)
{
	unsigned int carry = 1U << bit % 8;

	for (size_t i = WALK_KEY_MAX - bit / 8; i > 0 && carry > 0; i--) {
		carry += number->bytes[i - 1];
		number->bytes[i - 1] = (uint8_t)carry;
		carry >>= 8;
	}
	return carry == 0;
}

/* Where a walk is. */
struct position {
	struct database *database;
	enum database_family family;
	struct iterator *rows;
};

/* What is read is not what was written, or the disk cannot read it. */
static bool
is_damage(int error)
{
	return error == -EBADMSG || error == -EIO;
}

/* Is there something to read at a key, or nothing behind it? An iterator that
 * has met damage may stay damaged: each try has its own. */
static bool
can_seek(struct position *position, const struct number *number)
{
	char why[DATABASE_WHY_MAX];

	iterator_close(&position->rows);
	position->rows = iterator_open(position->database, position->family);
	iterator_seek(position->rows, bytes_of(number->bytes, WALK_KEY_MAX));
	return !is_damage(iterator_error(position->rows, why));
}

/*
 * From a key on nothing can be read: stand at the next row that can. The
 * distance is doubled until something is found, and then narrowed down.
 */
static void
step_over(struct position *position, struct bytes after)
{
	struct number from, tried;
	unsigned int bit = 0;

	number_of(after, &from);
	for (; bit < BITS; bit++) {
		tried = from;
		if (!number_add(&tried, bit)) {
			bit = BITS;
			break;
		}
		if (can_seek(position, &tried))
			break;
	}
	if (bit == BITS) /* not even behind the last row */
		memset(tried.bytes, 0xff, WALK_KEY_MAX);
	while (bit > 0) {
		struct number nearer = from;

		if (!number_add(&nearer, --bit))
			continue;
		if (can_seek(position, &nearer))
			tried = nearer;
		else
			from = nearer;
	}
	(void)can_seek(position, &tried);
}

static void
set_key(struct buffer *buffer, struct bytes key)
{
	buffer->len = 0;
	buffer_append(buffer, key);
}

/* Rows up to damage, the end or another error. */
static int
walk_rows(struct iterator *rows, enum database_family family,
    const struct walk *walk, struct buffer *last, bool *is_damaged, char *why)
{
	int error = 0;

	*is_damaged = false;

	while (error == 0 && iterator_is_valid(rows)) {
		error = walk->on_row(walk->context, family, iterator_key(rows),
		    iterator_value(rows));
		set_key(last, iterator_key(rows));
		iterator_next(rows);
	}
	if (error != 0)
		return error;
	error = iterator_error(rows, why);
	*is_damaged = is_damage(error);
	return error;
}

int
walk_family(struct database *database, enum database_family family,
    const struct walk *walk, char *why)
{
	struct position position = { database, family,
		iterator_open(database, family) };
	struct buffer last = { NULL, 0, 0 };
	bool is_more = true;
	int error = 0;

	iterator_seek(position.rows, BYTES_NONE);
	while (is_more && error == 0) {
		error = walk_rows(position.rows, family, walk, &last, &is_more,
		    why);
		if (!is_more)
			break;
		step_over(&position, buffer_view(&last));
		is_more = iterator_is_valid(position.rows);
		walk->on_gap(walk->context, family, buffer_view(&last),
		    is_more ? iterator_key(position.rows) : BYTES_NONE, why);
		error = 0;
	}
	buffer_done(&last);
	iterator_close(&position.rows);
	return error;
}
