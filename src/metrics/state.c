/* SPDX-License-Identifier: Apache-2.0 */
#include "metrics/state.h"

#include <ctype.h>
#include <errno.h>

/* The master tells every second. */
#define ALIVE_MS 10000

#define NAME_BYTES 64

static void
rows_free(struct state *state)
{
	for (size_t i = 0; i < state->count; i++)
		row_done(&state->rows[i]);
	state->count = 0;
}

static void
remember(double *history, size_t count, double value)
{
	if (count == STATE_HISTORY_MAX)
		memmove(history, history + 1, (count - 1) * sizeof(*history));
	else
		count++;
	history[count - 1] = value;
}

static bool
parse(struct state *state, struct bytes lines)
{
	while (lines.len > 0) {
		const uint8_t *end = memchr(lines.data, '\n', lines.len);
		struct bytes line;

		if (end == NULL || state->count == STATE_ROWS_MAX)
			return false;
		line = bytes_of(lines.data, (size_t)(end - lines.data));
		if (!row_parse(line, &state->rows[state->count++]))
			return false;
		lines = bytes_skip(lines, line.len + 1);
	}
	return true;
}

int
state_take(struct state *state, struct bytes lines, uint64_t now_ms)
{
	rows_free(state);
	if (!parse(state, lines)) {
		rows_free(state);
		return -EBADMSG;
	}
	state->told_ms = now_ms;
	remember(state->received, state->history_count,
	    state_rate(state, IPC_STATISTIC_MESSAGES_RECEIVED));
	remember(state->sent, state->history_count,
	    state_rate(state, IPC_STATISTIC_MESSAGES_SENT));
	if (state->history_count < STATE_HISTORY_MAX)
		state->history_count++;
	return 0;
}

void
state_done(struct state *state)
{
	rows_free(state);
}

const struct row *
state_find(const struct state *state, const char *word, const char *field,
    const char *value)
{
	for (size_t i = 0; i < state->count; i++) {
		const struct row *row = &state->rows[i];

		if (row_is(row, word) &&
		    (field == NULL || bytes_equal(row_text(row, field),
					  bytes_of_string(value))))
			return row;
	}
	return NULL;
}

static const struct row *
find_statistic(const struct state *state, enum ipc_statistic which)
{
	const char *upper = ipc_statistic_rows[which].name;
	char name[NAME_BYTES];
	size_t len = 0;

	for (; upper[len] != '\0' && len < sizeof(name) - 1; len++)
		name[len] = (char)tolower(upper[len]);
	name[len] = '\0';
	return state_find(state, "statistic", "name", name);
}

int64_t
state_value(const struct state *state, enum ipc_statistic which)
{
	const struct row *row = find_statistic(state, which);

	return row == NULL ? 0 : row_number(row, "value");
}

double
state_rate(const struct state *state, enum ipc_statistic which)
{
	const struct row *row = find_statistic(state, which);

	return row == NULL
		   ? 0
		   : (double)row_number(row, "per_second_hundredths") / 100;
}

bool
state_is_alive(const struct state *state, uint64_t now_ms)
{
	return state->told_ms != 0 && now_ms - state->told_ms < ALIVE_MS;
}

bool
state_is_ready(const struct state *state, uint64_t now_ms)
{
	const struct row *daemon = state_find(state, "daemon", NULL, NULL);
	struct bytes word = daemon == NULL ? BYTES_NONE
					   : row_text(daemon, "state");

	if (!state_is_alive(state, now_ms) ||
	    (!bytes_equal(word, BYTES_LITERAL("ready")) &&
		!bytes_equal(word, BYTES_LITERAL("reloading"))))
		return false;
	for (size_t i = 0; i < state->count; i++)
		if (row_is(&state->rows[i], "process") &&
		    !bytes_equal(row_text(&state->rows[i], "state"),
			BYTES_LITERAL("ready")))
			return false;
	return true;
}
