/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The text of a configuration with its @include files in place, and where
 * each line of it comes from.
 *
 * libconfig could include files itself, but it ends the process when one
 * cannot be read, passes over NUL bytes and cuts whole numbers to 32 bits. So
 * it is given one text, in which none of this can happen.
 */
#ifndef SIGNET_CONFIG_SOURCE_H
#define SIGNET_CONFIG_SOURCE_H

#include "config/config.h"

/* All files together, in bytes; a thousand roles come to less than one MiB. */
#define CONFIG_SOURCE_BYTES_MAX (4 * 1024 * 1024)
/* Files within files; and @include lines altogether. */
#define CONFIG_SOURCE_DEPTH_MAX    8
#define CONFIG_SOURCE_INCLUDES_MAX 1000

/* libconfig compares each name with all before it: seconds for as many. A
 * thousand roles come to 5000. */
#define CONFIG_SOURCE_SETTINGS_MAX 8000

struct config_place {
	const char *file;
	uint32_t line; /* 0: the file as a whole */
};

struct config_source {
	struct buffer text; /* with a NUL behind it, not counted */
	char *folder;       /* of the first file; NULL if there is none */
	size_t setting_count;
	size_t file_count;
	char **files;
	size_t line_count;
	struct config_source_line {
		uint32_t file;
		uint32_t line;
	} * lines;
};

/*
 * Read a file and what it includes.
 *
 * source: zeroed; to be given to config_source_done() in any case.
 * Returns 0 or as config_load(), with the reason in error.
 */
int config_source_load(struct config_source *source, const char *path,
    struct config_error *error);

/* The same from a text that includes nothing. */
int config_source_parse(struct config_source *source, const char *name,
    struct bytes text, struct config_error *error);

void config_source_done(struct config_source *source);

/* Where a line (from 1) of the text comes from; as long as source lives. */
struct config_place config_source_place(const struct config_source *source,
    size_t line);

/* Copies of the names of all files, into an empty list. */
void config_source_files(const struct config_source *source,
    struct config_strings *names);

/* path as seen from the first file's folder; free with free(). */
char *config_source_resolve(const struct config_source *source,
    const char *path);

#endif
