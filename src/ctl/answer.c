/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl/answer.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static enum line_status
take_end(int is_error, struct bytes text)
{
	if (is_error == 0)
		return LINE_OK;
	fprintf(stderr, "signetctl: the daemon says: %.*s\n", (int)text.len,
	    (const char *)text.data);
	return LINE_INCOMPLETE;
}

enum line_status
answer_take(struct line_connection *connection, struct bytes command,
    answer_row *on_row, void *context)
{
	int error = line_send(connection, command);
	struct bytes line;

	while (error == 0 && (error = line_next(connection, &line)) == 0) {
		struct bytes rest = line;
		int end = line_end(&rest);
		bool is_wanted = false;
		struct row row;

		if (end >= 0)
			return take_end(end, rest);
		if (row_parse(line, &row))
			is_wanted = on_row(context, &row);
		else
			error = -EBADMSG;
		row_done(&row);
		if (error == 0 && !is_wanted)
			return LINE_OK;
	}
	fprintf(stderr, "signetctl: the daemon does not answer: %s\n",
	    strerror(-error));
	return LINE_UNREACHABLE;
}
