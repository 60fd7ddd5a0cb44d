/* SPDX-License-Identifier: Apache-2.0 */
#include "vector.h"

#include <check.h>

FILE *
vector_open(const char *file_name)
{
	char path[512];
	FILE *file;

	snprintf(path, sizeof(path), "%s/tls/%s", SIGNET_VECTORS, file_name);
	file = fopen(path, "r");
	ck_assert_msg(file != NULL, "%s cannot be opened", path);
	return file;
}

static void
append(char *text, const char *more)
{
	size_t len = strlen(text);

	more += strspn(more, " ");
	snprintf(text + len, VECTOR_TEXT_MAX - len, "%s", more);
}

static void
item_read(struct vector *vector, const char *line)
{
	const char *equals = strchr(line, '=');
	size_t len;

	ck_assert_ptr_nonnull(equals);
	ck_assert_uint_lt(vector->count, VECTOR_ITEMS_MAX);
	len = strcspn(line, " =");
	snprintf(vector->items[vector->count].name,
	    sizeof(vector->items[0].name), "%.*s", (int)len, line);
	vector->items[vector->count].text[0] = '\0';
	append(vector->items[vector->count].text, equals + 1);
	vector->count++;
}

/* Up to the next section's name, which is left for the next call. */
static void
items_read(FILE *file, struct vector *vector)
{
	char line[256];
	long start = ftell(file);

	while (fgets(line, sizeof(line), file) != NULL && line[0] != '[') {
		line[strcspn(line, "\n")] = '\0';
		if (line[0] == ' ')
			append(vector->items[vector->count - 1].text, line);
		else if (line[0] != '#' && line[0] != '\0')
			item_read(vector, line);
		start = ftell(file);
	}
	fseek(file, start, SEEK_SET);
}

bool
vector_next(FILE *file, struct vector *vector)
{
	char line[256];

	vector->count = 0;
	while (fgets(line, sizeof(line), file) != NULL) {
		if (line[0] != '[')
			continue;
		snprintf(vector->name, sizeof(vector->name), "%.*s",
		    (int)strcspn(line + 1, "]"), line + 1);
		items_read(file, vector);
		return true;
	}
	return false;
}

void
vector_get(const char *file_name, const char *section, struct vector *vector)
{
	FILE *file = vector_open(file_name);
	bool is_found = false;

	while (!is_found && vector_next(file, vector))
		is_found = strcmp(vector->name, section) == 0;
	fclose(file);
	ck_assert_msg(is_found, "%s has no [%s]", file_name, section);
}

const char *
vector_text(const struct vector *vector, const char *name)
{
	size_t i;

	for (i = 0; i < vector->count; i++) {
		if (strcmp(vector->items[i].name, name) == 0)
			return vector->items[i].text;
	}
	ck_abort_msg("[%s] has no %s", vector->name, name);
	return NULL;
}

size_t
vector_hex(const struct vector *vector, const char *name, uint8_t *out,
    size_t max)
{
	const char *text = vector_text(vector, name);
	size_t len = strlen(text) / 2;
	unsigned int byte;
	size_t i;

	ck_assert_uint_le(len, max);
	for (i = 0; i < len; i++) {
		ck_assert_int_eq(sscanf(text + 2 * i, "%2x", &byte), 1);
		out[i] = (uint8_t)byte;
	}
	return len;
}
