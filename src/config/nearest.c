/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What may have been meant by a name that no setting has.
 */
#include <stdio.h>

#include "config/schema.h"

/* Names are compared up to this many bytes; no setting's is longer. */
#define NAME_MAX_COMPARED 64
/* With fewer characters it could be of many. */
#define BEGINNING_MIN 3

/* How many characters must be put in, taken out or replaced (Levenshtein). */
static size_t
name_distance(const char *a, const char *b)
{
	size_t row[NAME_MAX_COMPARED + 1];
	size_t a_len = strnlen(a, NAME_MAX_COMPARED);
	size_t b_len = strnlen(b, NAME_MAX_COMPARED);
	size_t diagonal, above, best;
	size_t i, j;

	for (j = 0; j <= b_len; j++)
		row[j] = j;
	for (i = 1; i <= a_len; i++) {
		diagonal = row[0];
		row[0] = i;
		for (j = 1; j <= b_len; j++) {
			above = row[j];
			best = diagonal + (a[i - 1] != b[j - 1]);
			best = above + 1 < best ? above + 1 : best;
			best = row[j - 1] + 1 < best ? row[j - 1] + 1 : best;
			row[j] = best;
			diagonal = above;
		}
	}
	return row[b_len];
}

/* Is the name one that was not written to its end? */
static bool
is_beginning(const char *name, const char *known)
{
	size_t len = strlen(name);

	return len >= BEGINNING_MIN && strncmp(name, known, len) == 0;
}

/*
 * The right name in another group costs one more than in this one; a name's
 * beginning is as near as a slip of one character. slip: SIZE_MAX from there
 * on if it is in another group.
 */
static size_t
path_distance(const char *a, const char *b, size_t slip)
{
	const char *a_name = config_path_name(a);
	const char *b_name = config_path_name(b);
	size_t group_len = (size_t)(a_name - a);
	bool is_same_group = group_len == (size_t)(b_name - b) &&
			     strncmp(a, b, group_len) == 0;
	size_t distance = is_beginning(a_name, b_name)
			      ? 1
			      : name_distance(a_name, b_name);

	if (is_same_group)
		return distance;
	return distance + 1 < slip ? distance + 1 : SIZE_MAX;
}

/* Does a setting's or a group's path end here? */
static bool
is_name_end(const char *path, size_t len)
{
	return path[len] == '\0' || (path[len] == '.' && path[len - 1] != ']');
}

bool
config_path_nearest(const char *path, char *nearest)
{
	/* A third of the name wrong is no slip of the finger any more. */
	size_t slip = 2 + strlen(config_path_name(path)) / 3;
	size_t best = SIZE_MAX;
	char candidate[CONFIG_PATH_MAX];
	size_t distance;
	size_t i, len;

	for (i = 0; i < config_row_count; i++) {
		/* The path itself, and each group on the way to it. */
		for (len = 1; len <= strlen(config_rows[i].path); len++) {
			if (!is_name_end(config_rows[i].path, len))
				continue;
			config_path_format(candidate, "%.*s", (int)len,
			    config_rows[i].path);
			distance = path_distance(path, candidate, slip);
			if (distance >= best)
				continue;
			best = distance;
			memcpy(nearest, candidate, len + 1);
		}
	}
	return best < slip;
}
