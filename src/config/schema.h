/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The schema: one row for each setting. The loader, the printed configuration
 * and the manual page know about a setting only what its row says.
 *
 * A path is that of the setting in the file; "roles[].name" is the name of
 * each group in the list roles. Rows of one group stand together, and the row
 * of a list stands before those of its elements.
 */
#ifndef SIGNET_CONFIG_SCHEMA_H
#define SIGNET_CONFIG_SCHEMA_H

#include "config/config.h"

/* The longest path with its indices, in bytes. */
#define CONFIG_PATH_MAX 192

enum config_kind {
	CONFIG_KIND_LIST, /* of groups, whose settings are rows of their own */
	CONFIG_KIND_NUMBER,  /* uint16_t or uint32_t */
	CONFIG_KIND_WORD,    /* an enum */
	CONFIG_KIND_SWITCH,  /* bool */
	CONFIG_KIND_TEXT,    /* char * */
	CONFIG_KIND_ADDRESS, /* char *: IPv4 or IPv6 */
	CONFIG_KIND_FILE,    /* char *: a file that can be read */
	CONFIG_KIND_PATH,    /* char *: where something is or will be */
	CONFIG_KIND_TEXTS,   /* struct config_strings */
};

/* From when on a changed value holds. */
enum config_applied {
	CONFIG_APPLIED_BY_RELOAD,
	CONFIG_APPLIED_BY_RESTART,
};

struct config_row {
	const char *path;
	enum config_kind kind;
	/* In struct config, or in the element of a list. */
	size_t offset;
	size_t size;         /* of the member */
	size_t element_size; /* of a list */
	const char *unit;    /* NULL if the value is a plain one */
	/* Of the value; of a text's bytes; of a list's or an array's count. */
	int64_t least, most;
	bool is_files;    /* each of the texts names a file that can be read */
	bool is_required; /* then number and text are no default: an example */
	bool is_optional; /* the same; and what is not given is left out */
	int64_t number;
	const char *text;
	const char *(*word)(unsigned int value); /* NULL past the last */
	enum config_applied applied;
	const char *meaning;
};

extern const struct config_row config_rows[];
extern const size_t config_row_count;

/* The row of a path; NULL if there is none. */
const struct config_row *config_row_find(const char *path);

/* Is this the path of a group: do rows begin with it and a dot? */
bool config_path_is_group(const char *path);

/* Put a path together; path has CONFIG_PATH_MAX bytes, what is beyond is cut. */
void config_path_format(char *path, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* The last name in a path. */
const char *config_path_name(const char *path);

/*
 * The known path that is most like an unknown one.
 *
 * path, nearest: without indices; nearest has CONFIG_PATH_MAX bytes.
 * Returns true if it is near enough to be what was meant.
 */
bool config_path_nearest(const char *path, char *nearest);

/* Is it a number, a word or a switch? */
bool config_row_is_number(const struct config_row *row);

/* A list's elements as raw memory: row->element_size bytes each. */
size_t config_list_get(const struct config_row *row, const void *base,
    void **items);

/* Make room for count zeroed elements in an empty list; they are returned. */
void *config_list_new(const struct config_row *row, void *base, size_t count);

/* The number, the word's index or the switch in a member, and the other way. */
int64_t config_number_get(const struct config_row *row, const void *base);
void config_number_set(const struct config_row *row, void *base, int64_t value);

/*
 * Give each setting whose path begins with scope ("" or "roles[].") its
 * default, or, with_examples, an example where there is no default.
 *
 * base: zeroed; what the rows' offsets count from.
 */
void config_defaults_set(const char *scope, void *base, bool with_examples);

/* Is it an optional setting that is not given in base? */
bool config_row_is_absent(const struct config_row *row, const void *base);

/* Is the row one of those that base holds: scope, and no list in between? */
bool config_row_is_in(const struct config_row *row, const char *scope);

#endif
