/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl/status.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/output.h"
#include "ctl/table.h"
#include "lib/clock.h"
#include "lib/row.h"

#define ROWS_MAX 1024

/* All lines of the answer. */
struct status {
	size_t count;
	struct row rows[ROWS_MAX];
};

/* How a line of the page is printed: its title and statistics. */
struct line {
	const char *title;
	const char *statistic;
	const char *unit; /* with a space before it, or nothing */
	bool has_rate;    /* what it counts is shown by the second */
	void (*more)(const struct status *); /* lines behind it; NULL: none */
};

static const struct row *
find(const struct status *status, const char *word, const char *field,
    const char *value)
{
	for (size_t i = 0; i < status->count; i++) {
		const struct row *row = &status->rows[i];

		if (row_is(row, word) &&
		    (field == NULL || bytes_equal(row_text(row, field),
					  bytes_of_string(value))))
			return row;
	}
	return NULL;
}

static int64_t
value_of(const struct status *status, const char *statistic)
{
	const struct row *row = find(status, "statistic", "name", statistic);

	return row == NULL ? 0 : row_number(row, "value");
}

static double
rate_of(const struct status *status, const char *statistic)
{
	const struct row *row = find(status, "statistic", "name", statistic);

	return row == NULL
		   ? 0
		   : (double)row_number(row, "per_second_hundredths") / 100;
}

static void
print_text(struct bytes text)
{
	struct buffer out = { NULL, 0, 0 };

	output_escape(text, &out);
	fwrite(out.data, 1, out.len, stdout);
	buffer_done(&out);
}

static void
print_head(const struct status *status)
{
	const struct row *daemon = find(status, "daemon", NULL, NULL);
	char span[OUTPUT_SPAN_MAX];
	bool is_ready;

	if (daemon == NULL)
		return;
	is_ready = bytes_equal(row_text(daemon, "state"),
	    BYTES_LITERAL("ready"));
	output_span(row_number(daemon, "uptime"), span);
	printf("signetd ");
	print_text(row_text(daemon, "version"));
	printf(": ");
	output_colour(is_ready ? OUTPUT_GREEN : OUTPUT_YELLOW);
	print_text(row_text(daemon, "state"));
	output_colour(OUTPUT_PLAIN);
	printf(", up %s, pid %lld, configuration %lld\n\n", span,
	    (long long)row_number(daemon, "pid"),
	    (long long)row_number(daemon, "generation"));
}

static void
print_heartbeat_settings(const struct status *status)
{
	const struct row *row = find(status, "heartbeat", NULL, NULL);

	if (row == NULL)
		return; /* a daemon of before */
	printf("%-22s", "");
	if (!bytes_equal(row_text(row, "enabled"), BYTES_LITERAL("true"))) {
		printf("off\n");
		return;
	}
	print_text(row_text(row, "address"));
	printf(" UDP port %lld, from %lld ms, %lld misses, for %lld %% of "
	       "limits.connections\n",
	    (long long)row_number(row, "port"),
	    (long long)row_number(row, "least_interval_ms"),
	    (long long)row_number(row, "misses"),
	    (long long)row_number(row, "max_sessions_percent"));
}

static const struct line lines[] = {
	{ "Connected", "connected", " sessions", false, NULL },
	{ "Offline", NULL, " sessions", false, NULL },
	{ "Subscriptions", "subscriptions", "", false, NULL },
	{ "Retained", "retained", " messages", false, NULL },
	{ "Heartbeats", "heartbeats", " sessions", false,
	    print_heartbeat_settings },
	{ "Messages in", "messages_received", " messages", true, NULL },
	{ "Messages out", "messages_sent", " messages", true, NULL },
	{ "Dropped", "messages_dropped", " messages", true, NULL },
	{ "Denied", "denied", " requests", true, NULL },
	{ "Waiting for clients", "queued_messages", " messages", false, NULL },
	{ "", "queued_bytes", " bytes", false, NULL },
	{ "Between processes", "channel_bytes", " bytes", false, NULL },
	{ "Waiting for the disk", "store_bytes", " bytes", false, NULL },
	{ "Handshakes under way", "handshakes", "", false, NULL },
};

static void
print_line(const struct status *status, const struct line *line)
{
	int64_t value = line->statistic != NULL
			    ? value_of(status, line->statistic)
			    : value_of(status, "sessions") -
				  value_of(status, "connected");

	printf("%-22s", line->title);
	if (line->has_rate)
		printf("%.1f/s, %lld%s", rate_of(status, line->statistic),
		    (long long)value, line->unit);
	else
		printf("%lld%s", (long long)value, line->unit);
	putchar('\n');
	if (line->more != NULL)
		line->more(status);
}

/* What has occurred of the counters whose names begin with this. */
static bool
print_counted(const struct status *status, const char *prefix,
    const char *title, char separator, bool is_first)
{
	const size_t len = strlen(prefix);

	for (size_t i = 0; i < status->count; i++) {
		const struct row *row = &status->rows[i];
		struct bytes name = row_text(row, "name");

		if (!row_is(row, "statistic") || name.len <= len ||
		    memcmp(name.data, prefix, len) != 0 ||
		    row_number(row, "value") == 0)
			continue;
		printf("%-22s%lld %s", is_first ? "Refused" : "",
		    (long long)row_number(row, "value"), title);
		for (size_t j = len; j < name.len; j++)
			putchar(name.data[j] == '_' ? separator : name.data[j]);
		putchar('\n');
		is_first = false;
	}
	return is_first;
}

/* Each limit, and each reason. */
static void
print_refusals(const struct status *status)
{
	bool is_first = print_counted(status, "not_admitted_",
	    "not admitted: ", '_', true);

	(void)print_counted(status, "refused_", "", '-', is_first);
}

/* How many connected clients have to be seen to. */
static void
print_ending(const struct status *status)
{
	int64_t count = value_of(status, "clients_ending");

	if (count > 0)
		printf("%-22s%lld with less than %d days left: signetctl "
		       "sessions --state connected --sort not_after\n",
		    "Clients to renew", (long long)count, CLOCK_WARNING_DAYS);
}

static void
print_certificate(const struct row *row, int64_t now)
{
	static const char *const titles[][2] = {
		{ "server", "Server certificate" },
		{ "authority", "Client authority" },
		{ "crl", "Revocation list" },
		{ "client", "First client" },
	};
	int64_t left = row_number(row, "ends_at") - now;
	const char *title = "";

	for (size_t i = 0; i < sizeof(titles) / sizeof(titles[0]); i++)
		if (bytes_equal(bytes_of_string(titles[i][0]),
			row_text(row, "what")))
			title = titles[i][1];
	printf("%-22s", title);
	output_colour(left < 0                       ? OUTPUT_RED
		      : left < CLOCK_WARNING_SECONDS ? OUTPUT_YELLOW
						     : OUTPUT_GREEN);
	if (left < 0)
		printf("ended");
	else
		printf("%lld days left", (long long)(left / CLOCK_DAY_SECONDS));
	output_colour(OUTPUT_PLAIN);
	if (row_has(row, "name")) {
		printf("  ");
		print_text(row_text(row, "name"));
	}
	putchar('\n');
}

static void
print_processes(const struct status *status)
{
	static const char *const titles[] = { "PROCESS", "PID", "STATE", "UP",
		"RESTARTS" };
	struct table table;

	table_begin(&table, titles, 5);
	for (size_t i = 0; i < status->count; i++) {
		const struct row *row = &status->rows[i];
		char span[OUTPUT_SPAN_MAX] = "-", name[64];
		struct bytes role = row_text(row, "role");

		if (!row_is(row, "process"))
			continue;
		snprintf(name, sizeof(name), "%.*s/%lld", (int)role.len,
		    (const char *)role.data,
		    (long long)row_number(row, "index"));
		table_string(&table, name);
		if (row_has(row, "pid")) {
			output_span(row_number(row, "uptime"), span);
			table_number(&table, row_number(row, "pid"));
		} else {
			table_string(&table, "-");
		}
		table_cell(&table, row_text(row, "state"));
		table_string(&table, span);
		table_number(&table, row_number(row, "restarts"));
	}
	table_end(&table);
}

static void
print_page(const struct status *status)
{
	const struct row *daemon = find(status, "daemon", NULL, NULL);
	int64_t now = daemon == NULL ? 0 : row_number(daemon, "time");

	print_head(status);
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		print_line(status, &lines[i]);
	print_refusals(status);
	for (size_t i = 0; i < status->count; i++)
		if (row_is(&status->rows[i], "certificate"))
			print_certificate(&status->rows[i], now);
	print_ending(status);
	putchar('\n');
	print_processes(status);
}

static void
print_json_list(const struct status *status, const char *word,
    const char *title)
{
	const char *separator = "\n";

	printf(",\n \"%s\": [", title);
	for (size_t i = 0; i < status->count; i++) {
		if (!row_is(&status->rows[i], word))
			continue;
		printf("%s  {", separator);
		output_json_fields(&status->rows[i], NULL);
		printf("}");
		separator = ",\n";
	}
	printf("]");
}

static void
print_json_statistics(const struct status *status)
{
	const char *separator = "\n";

	printf(",\n \"statistics\": {");
	for (size_t i = 0; i < status->count; i++) {
		const struct row *row = &status->rows[i];

		if (!row_is(row, "statistic"))
			continue;
		printf("%s  ", separator);
		output_json_text(row_text(row, "name"));
		printf(": {\"kind\": ");
		output_json_text(row_text(row, "kind"));
		printf(", \"value\": %lld",
		    (long long)row_number(row, "value"));
		if (row_has(row, "per_second_hundredths"))
			printf(", \"per_second\": %.2f",
			    (double)row_number(row, "per_second_hundredths") /
				100);
		printf("}");
		separator = ",\n";
	}
	printf("}");
}

static void
print_json(const struct status *status)
{
	const struct row *daemon = find(status, "daemon", NULL, NULL);
	const struct row *heartbeat = find(status, "heartbeat", NULL, NULL);

	printf("{\"daemon\": {");
	if (daemon != NULL)
		output_json_fields(daemon, NULL);
	printf("}");
	print_json_list(status, "process", "processes");
	print_json_statistics(status);
	print_json_list(status, "certificate", "certificates");
	if (heartbeat != NULL) {
		printf(",\n \"heartbeat\": {");
		output_json_fields(heartbeat, NULL);
		printf("}");
	}
	printf("}\n");
}

/* Take all lines in. LINE_OK, or what is wrong, which is said. */
static enum line_status
receive(struct line_connection *connection, struct status *status)
{
	int error = line_send(connection, BYTES_LITERAL("status"));
	struct bytes line;

	while (error == 0 && (error = line_next(connection, &line)) == 0) {
		struct bytes rest = line;

		if (line_end(&rest) == 0)
			return LINE_OK;
		if (status->count == ROWS_MAX ||
		    !row_parse(line, &status->rows[status->count++]))
			error = -EBADMSG;
	}
	fprintf(stderr, "signetctl: the daemon does not answer: %s\n",
	    strerror(-error));
	return LINE_UNREACHABLE;
}

enum line_status
status_run(struct line_connection *connection, bool is_json)
{
	struct status *status = calloc(1, sizeof(*status));
	enum line_status result;

	if (status == NULL)
		return LINE_REFUSED;
	result = receive(connection, status);
	if (result == LINE_OK && is_json)
		print_json(status);
	else if (result == LINE_OK)
		print_page(status);
	for (size_t i = 0; i < status->count; i++)
		row_done(&status->rows[i]);
	free(status);
	return result;
}
