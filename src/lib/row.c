/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/row.h"

#include <stdio.h>
#include <stdlib.h>

#include "lib/fields.h"

#define NUMBER_MAX 24

static bool
add_field(struct row *row, struct bytes name, struct bytes value)
{
	size_t begin = row->memory.len;

	if (name.len == 0) {
		row->word = value;
		return row->count == 0;
	}
	if (row->count == ROW_FIELDS_MAX ||
	    !fields_unescape(value, &row->memory))
		return false;
	row->fields[row->count].name = name;
	row->fields[row->count++].value = bytes_of(row->memory.data + begin,
	    row->memory.len - begin);
	return true;
}

bool
row_parse(struct bytes line, struct row *row)
{
	struct bytes copy, name, value;

	*row = (struct row){ .count = 0 };
	/* first the line itself, then the values without their escapes: none
	 * of it moves */
	buffer_reserve(&row->memory, 2 * line.len + 1);
	buffer_append(&row->memory, line);
	copy = buffer_view(&row->memory);
	while (fields_next(&copy, &name, &value))
		if (!add_field(row, name, value))
			return false;
	return row->word.len > 0;
}

void
row_done(struct row *row)
{
	buffer_done(&row->memory);
}

bool
row_is(const struct row *row, const char *word)
{
	return bytes_equal(row->word, bytes_of_string(word));
}

static const struct row_field *
find(const struct row *row, const char *name)
{
	for (size_t i = 0; i < row->count; i++)
		if (bytes_equal(row->fields[i].name, bytes_of_string(name)))
			return &row->fields[i];
	return NULL;
}

bool
row_has(const struct row *row, const char *name)
{
	return find(row, name) != NULL;
}

struct bytes
row_text(const struct row *row, const char *name)
{
	const struct row_field *field = find(row, name);

	return field == NULL ? BYTES_NONE : field->value;
}

int64_t
row_number(const struct row *row, const char *name)
{
	struct bytes text = row_text(row, name);
	char number[NUMBER_MAX];

	snprintf(number, sizeof(number), "%.*s",
	    (int)(text.len < NUMBER_MAX ? text.len : NUMBER_MAX - 1),
	    text.len > 0 ? (const char *)text.data : "");
	return strtoll(number, NULL, 10);
}
