/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Put the words of the log into signetd(8): a filter that passes the page on
 * and replaces what stands between its two markers. `make update-manual' uses
 * it.
 */
#include <stdio.h>
#include <stdlib.h>

#include "lib/log_words.h"

#define BEGIN ".\\\" Begin of the words of the log."
#define END   ".\\\" End of the words of the log."

int
main(void)
{
	struct buffer list = { NULL, 0, 0 };
	bool is_inside = false;
	char line[256];

	log_words_print_manual(&list);
	while (fgets(line, sizeof(line), stdin) != NULL) {
		if (strncmp(line, END, sizeof(END) - 1) == 0)
			is_inside = false;
		if (!is_inside)
			fputs(line, stdout);
		if (strncmp(line, BEGIN, sizeof(BEGIN) - 1) == 0) {
			fwrite(list.data, 1, list.len, stdout);
			is_inside = true;
		}
	}
	buffer_done(&list);
	return fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
