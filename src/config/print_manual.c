/* SPDX-License-Identifier: Apache-2.0 */
/*
 * usage: print_manual settings|words
 *
 * Put a list that the code has into its manual page: a filter that passes the
 * page on and replaces what stands between two markers. `make update-manual'
 * uses it: the settings are in signet.conf(5), the log's words in signetd(8).
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/config.h"
#include "lib/log_words.h"

struct section {
	const char *name;
	const char *begin; /* how the marker's line begins */
	const char *end;
	void (*print)(struct buffer *out);
};

static const struct section sections[] = {
	{ "settings", ".\\\" Begin of what the schema says.",
	    ".\\\" End of what the schema says.", config_print_manual },
	{ "words", ".\\\" Begin of the words of the log.",
	    ".\\\" End of the words of the log.", log_words_print_manual },
};

static bool
begins_with(const char *line, const char *start)
{
	return strncmp(line, start, strlen(start)) == 0;
}

static const struct section *
section_named(const char *name)
{
	for (size_t i = 0; i < sizeof(sections) / sizeof(*sections); i++)
		if (strcmp(sections[i].name, name) == 0)
			return &sections[i];
	return NULL;
}

static void
replace(const struct section *section)
{
	struct buffer list = { NULL, 0, 0 };
	bool is_inside = false;
	char line[256];

	section->print(&list);
	while (fgets(line, sizeof(line), stdin) != NULL) {
		if (begins_with(line, section->end))
			is_inside = false;
		if (!is_inside)
			fputs(line, stdout);
		if (begins_with(line, section->begin)) {
			fwrite(list.data, 1, list.len, stdout);
			is_inside = true;
		}
	}
	buffer_done(&list);
}

int
main(int argc, char **argv)
{
	const struct section *section = argc == 2 ? section_named(argv[1])
						  : NULL;

	if (section == NULL) {
		fputs("usage: print_manual settings|words\n", stderr);
		return EXIT_FAILURE;
	}
	replace(section);
	return fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
