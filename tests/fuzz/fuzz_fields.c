/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the control socket and the metrics role take apart: lines of fields. The
 * first byte says which: a line, the fields of a command, what the master tells
 * the metrics role, or a message about sessions.
 */
#include <errno.h>
#include <stdlib.h>

#include "ipc/control.h"
#include "lib/fields.h"
#include "master/control_internal.h"
#include "metrics/exposition.h"
#include "metrics/page.h"
#include "metrics/state.h"
#include "proc/role.h"

/* The master's code refers to it. */
const struct role role_table[] = { { .name = NULL } };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static volatile uint8_t sum;

static void
read_through(struct bytes view)
{
	for (size_t i = 0; i < view.len; i++)
		sum = (uint8_t)(sum + view.data[i]);
}

/* A text is the same when it was written as a field and read again. */
static void
write_and_read(struct bytes text)
{
	struct buffer line = { NULL, 0, 0 };
	struct row row;

	fields_begin(&line, "word");
	fields_text(&line, "text", text);
	if (memchr(line.data, '\n', line.len) != NULL ||
	    memchr(line.data, '\0', line.len) != NULL)
		abort();
	if (!row_parse(buffer_view(&line), &row) || row.count != 1 ||
	    !bytes_equal(row_text(&row, "text"), text))
		abort();
	row_done(&row);
	buffer_done(&line);
}

static void
parse_line(struct bytes line)
{
	struct row row;

	if (row_parse(line, &row)) {
		read_through(row.word);
		for (size_t i = 0; i < row.count; i++) {
			read_through(row.fields[i].name);
			read_through(row.fields[i].value);
		}
		(void)row_number(&row, "n");
	}
	row_done(&row);
	write_and_read(line);
}

static void
parse_command(struct bytes line)
{
	struct control_field fields[] = { { "name", BYTES_NONE },
		{ "state", BYTES_NONE }, { "n", BYTES_NONE } };
	struct buffer memory = { NULL, 0, 0 };

	if (control_fields_take(line, fields, 3, &memory))
		for (size_t i = 0; i < 3; i++)
			read_through(fields[i].value);
	buffer_done(&memory);
}

static void
show(struct bytes lines)
{
	static struct state state;
	struct buffer out = { NULL, 0, 0 };
	int error = state_take(&state, lines, 1);

	if (error != 0 && (error != -EBADMSG || state.count != 0))
		abort();
	(void)state_is_ready(&state, 1);
	page_print(&state, 2, &out);
	exposition_print(&state, 2, true, &out);
	read_through(buffer_view(&out));
	buffer_done(&out);
}

static void
decode_ask(struct bytes payload)
{
	struct buffer out = { NULL, 0, 0 };
	struct ipc_sessions_ask ask;

	if (ipc_sessions_ask_decode(payload, &ask) != 0)
		return;
	if (ask.action != IPC_SESSIONS_LIST && ask.name.len == 0)
		abort();
	ipc_sessions_ask_encode(&ask, &out);
	if (!bytes_equal(buffer_view(&out), payload))
		abort();
	buffer_done(&out);
}

static void
decode_messages(struct bytes payload)
{
	struct ipc_sessions_page page;
	enum log_level level;
	uint64_t number;

	decode_ask(payload);
	if (ipc_sessions_page_decode(payload, &page) == 0)
		read_through(page.lines);
	(void)ipc_sessions_number_decode(payload, &number);
	if (ipc_log_level_decode(payload, &level) == 0 &&
	    log_level_name(level) == NULL)
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static void (*const parse[])(struct bytes) = { parse_line,
		parse_command, show, decode_messages };

	if (len > 0)
		parse[data[0] % 4](bytes_of(data + 1, len - 1));
	return 0;
}
