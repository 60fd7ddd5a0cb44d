/* SPDX-License-Identifier: Apache-2.0 */
#include "metrics/page.h"

#include <stdio.h>

#include "lib/clock.h"
#include "metrics/text.h"

#define BAD_DAYS 7

#define CHART_HEIGHT 100

static const char *const page_lines[] = {
#include "metrics/page.inc"
};

static void
print_cell(const char *tag, const char *class, struct bytes text,
    struct buffer *out)
{
	text_print(out, "<%s%s>", tag, class);
	text_html(out, text);
	text_print(out, "</%s>", tag);
}

static void
print_state(const struct state *state, struct bytes word, uint64_t now_ms,
    struct buffer *out)
{
	bool is_ready = bytes_equal(word, BYTES_LITERAL("ready"));

	if (!state_is_alive(state, now_ms)) {
		text_print(out,
		    "<p class=\"bad\">silent</p><p class=\"bad\">The daemon "
		    "has said nothing for %llu&#160;s: this is what it said "
		    "before.</p>",
		    (unsigned long long)(now_ms - state->told_ms) / 1000);
		return;
	}
	print_cell("p", is_ready ? " class=\"good\"" : " class=\"warn\"", word,
	    out);
}

static void
print_head(const struct state *state, uint64_t now_ms, struct buffer *out)
{
	const struct row *daemon = state_find(state, "daemon", NULL, NULL);
	long long up;

	if (daemon == NULL) {
		text_print(out,
		    "<h1>Signet</h1><p class=\"bad\">The daemon has "
		    "said nothing yet.</p>\n");
		return;
	}
	up = (long long)row_number(daemon, "uptime");
	text_print(out, "<h1>Signet ");
	text_html(out, row_text(daemon, "version"));
	text_print(out, "</h1>");
	print_state(state, row_text(daemon, "state"), now_ms, out);
	text_print(out,
	    "<p>up %lld d %lld h %lld min</p><p>configuration %lld</p>\n",
	    up / CLOCK_DAY_SECONDS, up % CLOCK_DAY_SECONDS / 3600,
	    up % 3600 / 60, (long long)row_number(daemon, "generation"));
}

static void
print_number(struct buffer *out, const char *title, const char *class,
    const char *format, double number)
{
	text_print(out, "<div><dt%s>%s</dt><dd>", class, title);
	/* format is one of ours, for a double */
	if (format[0] == '0')
		text_print(out, "%.0f", number);
	else
		text_print(out, "%.1f", number);
	text_print(out, "</dd></div>\n");
}

static void
print_sessions(const struct state *state, struct buffer *out)
{
	int64_t connected = state_value(state, IPC_STATISTIC_CONNECTED);
	int64_t all = state_value(state, IPC_STATISTIC_SESSIONS);

	text_print(out, "<dl class=\"numbers\">");
	print_number(out, "connected", "", "0", (double)connected);
	print_number(out, "offline", "", "0",
	    all > connected ? (double)(all - connected) : 0);
	print_number(out, "subscriptions", "", "0",
	    (double)state_value(state, IPC_STATISTIC_SUBSCRIPTIONS));
	print_number(out, "retained messages", "", "0",
	    (double)state_value(state, IPC_STATISTIC_RETAINED));
	text_print(out, "</dl>\n");
}

static void
print_line(const double *history, size_t count, double scale, const char *class,
    struct buffer *out)
{
	text_print(out, "<polyline class=\"%s\" points=\"", class);
	for (size_t i = 0; i < count; i++)
		text_print(out, "%zu,%.1f ", i + STATE_HISTORY_MAX - count,
		    CHART_HEIGHT - 2 - history[i] / scale * (CHART_HEIGHT - 4));
	text_print(out, "\"/>");
}

static void
print_messages(const struct state *state, struct buffer *out)
{
	double most = 0, scale;

	for (size_t i = 0; i < state->history_count; i++) {
		if (state->received[i] > most)
			most = state->received[i];
		if (state->sent[i] > most)
			most = state->sent[i];
	}
	scale = most > 1 ? most : 1;
	text_print(out, "<dl class=\"numbers\">");
	print_number(out, "in", " class=\"in key\"", "1",
	    state_rate(state, IPC_STATISTIC_MESSAGES_RECEIVED));
	print_number(out, "out", " class=\"out key\"", "1",
	    state_rate(state, IPC_STATISTIC_MESSAGES_SENT));
	print_number(out, "dropped", "", "1",
	    state_rate(state, IPC_STATISTIC_MESSAGES_DROPPED));
	print_number(out, "denied", "", "1",
	    state_rate(state, IPC_STATISTIC_DENIED));
	print_number(out, "most, in two minutes", "", "1", most);
	text_print(out,
	    "</dl>\n<svg viewBox=\"0 0 %d %d\" preserveAspectRatio=\"none\" "
	    "role=\"img\" aria-label=\"messages in a second, over the last two "
	    "minutes\">",
	    STATE_HISTORY_MAX - 1, CHART_HEIGHT);
	print_line(state->received, state->history_count, scale, "in", out);
	print_line(state->sent, state->history_count, scale, "out", out);
	text_print(out, "</svg>\n");
}

static void
print_row(struct buffer *out, const char *title, int64_t number)
{
	text_print(out, "<tr><th>%s</th><td class=\"number\">%lld</td></tr>\n",
	    title, (long long)number);
}

static void
print_queues(const struct state *state, struct buffer *out)
{
	static const struct {
		const char *title;
		enum ipc_statistic which;
	} rows[] = {
		{ "messages for clients", IPC_STATISTIC_QUEUED_MESSAGES },
		{ "bytes for clients", IPC_STATISTIC_QUEUED_BYTES },
		{ "bytes between processes", IPC_STATISTIC_CHANNEL_BYTES },
		{ "bytes for the disk", IPC_STATISTIC_STORE_BYTES },
		{ "handshakes under way", IPC_STATISTIC_HANDSHAKES },
	};

	text_print(out, "<table>");
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		print_row(out, rows[i].title,
		    state_value(state, rows[i].which));
	text_print(out, "</table>\n");
}

static const struct {
	const char *word;
	enum ipc_statistic which;
} refusals[] = {
#define REFUSAL(name, word) { word, IPC_STATISTIC_REFUSED_##name },
#include "ipc/refusals.def"
#undef REFUSAL
};

/* Those that were closed without a handshake, by the limit. */
static bool
print_not_admitted(const struct state *state, struct buffer *out)
{
	bool is_any = false;

	for (unsigned int i = 0; i < IPC_STATISTIC_COUNT; i++) {
		const struct ipc_statistic_row *row = &ipc_statistic_rows[i];
		int64_t count = state_value(state, (enum ipc_statistic)i);
		char title[64];

		if (strcmp(row->metric, "connections_not_admitted") != 0 ||
		    count == 0)
			continue;
		snprintf(title, sizeof(title), "not admitted: %s",
		    row->topic + sizeof("admission/") - 1);
		print_row(out, title, count);
		is_any = true;
	}
	return is_any;
}

static void
print_refusals(const struct state *state, struct buffer *out)
{
	bool is_any;

	text_print(out, "<table>");
	is_any = print_not_admitted(state, out);
	for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
		int64_t count = state_value(state, refusals[i].which);

		if (count == 0)
			continue;
		print_row(out, refusals[i].word, count);
		is_any = true;
	}
	text_print(out, "</table>\n");
	if (!is_any)
		text_print(out, "<p class=\"none\">none</p>\n");
}

static void
print_certificates(const struct state *state, struct buffer *out)
{
	const struct row *daemon = state_find(state, "daemon", NULL, NULL);
	int64_t now = daemon == NULL ? 0 : row_number(daemon, "time");

	text_print(out, "<table>");
	for (size_t i = 0; i < state->count; i++) {
		const struct row *row = &state->rows[i];
		int64_t left, days;

		if (!row_is(row, "certificate"))
			continue;
		left = row_number(row, "ends_at") - now;
		days = left / CLOCK_DAY_SECONDS;
		text_print(out, "<tr>");
		print_cell("th", "", row_text(row, "what"), out);
		print_cell("td", "", row_text(row, "name"), out);
		text_print(out, "<td class=\"number\"><span class=\"%s\">",
		    days < BAD_DAYS             ? "bad"
		    : days < CLOCK_WARNING_DAYS ? "warn"
						: "good");
		if (left < 0)
			text_print(out, "ended");
		else
			text_print(out, "%lld days", (long long)days);
		text_print(out, "</span></td></tr>\n");
	}
	text_print(out, "</table>\n");
}

static void
print_processes(const struct state *state, struct buffer *out)
{
	text_print(out, "<table><tr><th>process</th><th>state</th>"
			"<th class=\"number\">restarts</th></tr>\n");
	for (size_t i = 0; i < state->count; i++) {
		const struct row *row = &state->rows[i];
		struct bytes word = row_text(row, "state");

		if (!row_is(row, "process"))
			continue;
		text_print(out, "<tr><td>");
		text_html(out, row_text(row, "role"));
		text_print(out, "/%lld</td><td class=\"%s\">",
		    (long long)row_number(row, "index"),
		    bytes_equal(word, BYTES_LITERAL("ready")) ? "good" : "bad");
		text_html(out, word);
		text_print(out, "</td><td class=\"number\">%lld</td></tr>\n",
		    (long long)row_number(row, "restarts"));
	}
	text_print(out, "</table>\n");
}

static const struct {
	const char *marker;
	void (*print)(const struct state *state, struct buffer *out);
} parts[] = {
	{ "@sessions\n", print_sessions },
	{ "@messages\n", print_messages },
	{ "@queues\n", print_queues },
	{ "@refusals\n", print_refusals },
	{ "@certificates\n", print_certificates },
	{ "@processes\n", print_processes },
};

static bool
print_part(const struct state *state, const char *line, struct buffer *out)
{
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		if (strcmp(parts[i].marker, line) != 0)
			continue;
		parts[i].print(state, out);
		return true;
	}
	return false;
}

void
page_print(const struct state *state, uint64_t now_ms, struct buffer *out)
{
	for (size_t i = 0; i < sizeof(page_lines) / sizeof(page_lines[0]); i++)
		if (strcmp(page_lines[i], "@head\n") == 0)
			print_head(state, now_ms, out);
		else if (!print_part(state, page_lines[i], out))
			buffer_append(out, bytes_of_string(page_lines[i]));
}
