/* SPDX-License-Identifier: Apache-2.0 */
#include "metrics/exposition.h"

#include "metrics/text.h"

#define PREFIX "signet_"

/* The head of a metric; a counter's name ends in _total, but OpenMetrics names
 * the metric without that. */
static void
print_head(struct buffer *out, bool is_open_metrics, const char *name,
    bool is_counter, const char *help)
{
	const char *suffix = is_counter && !is_open_metrics ? "_total" : "";

	text_print(out, "# TYPE " PREFIX "%s%s %s\n", name, suffix,
	    is_counter ? "counter" : "gauge");
	text_print(out, "# HELP " PREFIX "%s%s %s.\n", name, suffix, help);
}

static void
print_statistics(const struct state *state, bool is_open_metrics,
    struct buffer *out)
{
	const char *last = "";

	for (unsigned int i = 0; i < IPC_STATISTIC_COUNT; i++) {
		const struct ipc_statistic_row *row = &ipc_statistic_rows[i];
		bool is_counter = row->kind == IPC_STATISTIC_COUNTER;

		if (strcmp(last, row->metric) != 0)
			print_head(out, is_open_metrics, row->metric,
			    is_counter, row->help);
		last = row->metric;
		text_print(out, PREFIX "%s%s", row->metric,
		    is_counter ? "_total" : "");
		if (row->label[0] != '\0')
			text_print(out, "{%s}", row->label);
		text_print(out, " %lld\n",
		    (long long)state_value(state, (enum ipc_statistic)i));
	}
}

static void
print_daemon(const struct state *state, uint64_t now_ms, bool is_open_metrics,
    struct buffer *out)
{
	const struct row *daemon = state_find(state, "daemon", NULL, NULL);

	if (daemon == NULL)
		return;
	print_head(out, is_open_metrics, "build_info", false,
	    "Which version runs: always 1");
	text_print(out, PREFIX "build_info{version=\"");
	text_label(out, row_text(daemon, "version"));
	text_print(out, "\"} 1\n");
	print_head(out, is_open_metrics, "start_time_seconds", false,
	    "When the daemon was started (seconds since 1970)");
	text_print(out, PREFIX "start_time_seconds %lld\n",
	    (long long)(row_number(daemon, "time") -
			row_number(daemon, "uptime")));
	print_head(out, is_open_metrics, "configuration_generation", false,
	    "Grows with each configuration that is taken up");
	text_print(out, PREFIX "configuration_generation %lld\n",
	    (long long)row_number(daemon, "generation"));
	print_head(out, is_open_metrics, "status_age_seconds", false,
	    "How long ago the daemon told all this: about 1 at most, if it "
	    "does not hang");
	text_print(out, PREFIX "status_age_seconds %.3f\n",
	    (double)(now_ms - state->told_ms) / 1000);
}

/* A metric with a sample for each process. */
static void
print_processes(const struct state *state, struct buffer *out,
    const char *metric, const char *field)
{
	for (size_t i = 0; i < state->count; i++) {
		const struct row *row = &state->rows[i];

		if (!row_is(row, "process"))
			continue;
		text_print(out, PREFIX "%s{role=\"", metric);
		text_label(out, row_text(row, "role"));
		text_print(out, "\",index=\"%lld\"} ",
		    (long long)row_number(row, "index"));
		if (field == NULL)
			text_print(out, "%d\n",
			    bytes_equal(row_text(row, "state"),
				BYTES_LITERAL("ready")));
		else
			text_print(out, "%lld\n",
			    (long long)row_number(row, field));
	}
}

static void
print_certificates(const struct state *state, bool is_open_metrics,
    struct buffer *out)
{
	print_head(out, is_open_metrics, "certificate_end_seconds", false,
	    "When the first of a kind ends (seconds since 1970)");
	for (size_t i = 0; i < state->count; i++) {
		const struct row *row = &state->rows[i];

		if (!row_is(row, "certificate"))
			continue;
		text_print(out, PREFIX "certificate_end_seconds{what=\"");
		text_label(out, row_text(row, "what"));
		text_print(out, "\"} %lld\n",
		    (long long)row_number(row, "ends_at"));
	}
}

void
exposition_print(const struct state *state, uint64_t now_ms,
    bool is_open_metrics, struct buffer *out)
{
	print_daemon(state, now_ms, is_open_metrics, out);
	print_statistics(state, is_open_metrics, out);
	print_head(out, is_open_metrics, "process_ready", false,
	    "Whether a process of the daemon does its work");
	print_processes(state, out, "process_ready", NULL);
	print_head(out, is_open_metrics, "process_restarts", true,
	    "How often a process was started in the place of another one");
	print_processes(state, out, "process_restarts_total", "restarts");
	print_certificates(state, is_open_metrics, out);
	if (is_open_metrics)
		text_print(out, "# EOF\n");
}
