/* SPDX-License-Identifier: Apache-2.0 */
/*
 * signetctl session and disconnect: those that have a name.
 */
#include <stdio.h>

#include "ctl/answer.h"
#include "ctl/output.h"
#include "ctl/sessions.h"
#include "lib/clock.h"
#include "lib/fields.h"

struct shown {
	bool is_json;
	size_t session_count;
	size_t subscription_count; /* of the session */
};

static const struct {
	const char *field;
	const char *title;
	enum { TEXT, SPAN, MOMENT } kind;
} lines[] = {
	{ "identity", "Identity", TEXT },
	{ "client_id", "Client identifier", TEXT },
	{ "state", "State", TEXT },
	{ "id", "Session in the log", TEXT },
	{ "worker", "Worker", TEXT },
	{ "peer", "Peer", TEXT },
	{ "port", "Port", TEXT },
	{ "protocol", "Protocol", TEXT },
	{ "tls", "TLS", TEXT },
	{ "cipher", "Cipher suite", TEXT },
	{ "fingerprint", "Fingerprint", TEXT },
	{ "not_after", "Certificate ends", MOMENT },
	{ "connected_at", "Connected", MOMENT },
	{ "keep_alive", "Keep alive", SPAN },
	{ "heartbeat_ms", "Heartbeat, in ms", TEXT },
	{ "heartbeat_misses", "Heartbeat, misses", TEXT },
	{ "roles", "Roles", TEXT },
	{ "durable", "Durable", TEXT },
	{ "expiry", "Expiry interval", SPAN },
	{ "expires_in", "Expires in", SPAN },
	{ "messages_received", "Messages in", TEXT },
	{ "messages_sent", "Messages out", TEXT },
	{ "queued", "Waiting messages", TEXT },
	{ "queued_bytes", "Waiting bytes", TEXT },
	{ "inflight", "In flight", TEXT },
	{ "received_unreleased", "QoS 2 unreleased", TEXT },
	{ "unsent_bytes", "Unsent bytes", TEXT },
	{ "dropped", "Dropped messages", TEXT },
	{ "subscription_count", "Subscriptions", TEXT },
};

#define NEVER UINT32_MAX

static void
print_text(struct bytes text)
{
	struct buffer out = { NULL, 0, 0 };

	output_escape(text, &out);
	fwrite(out.data, 1, out.len, stdout);
	buffer_done(&out);
}

static void
print_moment(int64_t moment)
{
	int64_t away = moment - clock_realtime_seconds();
	char span[OUTPUT_SPAN_MAX];

	output_span(away < 0 ? -away : away, span);
	printf(away < 0 ? "%s ago" : "in %s", span);
}

static void
print_span(int64_t seconds)
{
	char span[OUTPUT_SPAN_MAX];

	output_span(seconds, span);
	fputs(seconds == NEVER ? "never" : span, stdout);
}

static void
print_session(const struct row *row)
{
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		if (!row_has(row, lines[i].field))
			continue;
		printf("%-20s", lines[i].title);
		if (lines[i].kind == SPAN)
			print_span(row_number(row, lines[i].field));
		else if (lines[i].kind == MOMENT)
			print_moment(row_number(row, lines[i].field));
		else
			print_text(row_text(row, lines[i].field));
		putchar('\n');
	}
}

static void
end_json_session(const struct shown *shown)
{
	if (shown->session_count > 0)
		printf("]}");
}

static void
show_session(struct shown *shown, const struct row *row)
{
	if (shown->is_json) {
		end_json_session(shown);
		printf("%s  {", shown->session_count == 0 ? "\n" : ",\n");
		output_json_fields(row, NULL);
		printf(", \"subscriptions\": [");
	} else {
		if (shown->session_count > 0)
			putchar('\n');
		print_session(row);
	}
	shown->session_count++;
	shown->subscription_count = 0;
}

static void
show_subscription(struct shown *shown, const struct row *row)
{
	if (shown->is_json) {
		printf("%s   {", shown->subscription_count == 0 ? "\n" : ",\n");
		output_json_fields(row, NULL);
		printf("}");
	} else {
		printf("  QoS %lld  ", (long long)row_number(row, "qos"));
		print_text(row_text(row, "filter"));
		putchar('\n');
	}
	shown->subscription_count++;
}

static bool
on_shown(void *context, struct row *row)
{
	struct shown *shown = context;

	if (row_is(row, "session"))
		show_session(shown, row);
	else if (row_is(row, "subscription") && shown->session_count > 0)
		show_subscription(shown, row);
	return true;
}

static bool
on_disconnected(void *context, struct row *row)
{
	struct shown *shown = context;

	if (!row_is(row, "session"))
		return true;
	if (shown->is_json) {
		printf("%s  {", shown->session_count == 0 ? "\n" : ",\n");
		output_json_fields(row, NULL);
		printf("}");
	} else {
		printf("disconnected ");
		print_text(row_text(row, "identity"));
		putchar('/');
		print_text(row_text(row, "client_id"));
		putchar('\n');
	}
	shown->session_count++;
	return true;
}

static enum line_status
run(struct line_connection *connection, const char *word, const char *name,
    answer_row *on_row, struct shown *shown)
{
	struct buffer command = { NULL, 0, 0 };
	enum line_status status;

	fields_begin(&command, word);
	fields_text(&command, "name", bytes_of_string(name));
	status = answer_take(connection, buffer_view(&command), on_row, shown);
	buffer_done(&command);
	if (status == LINE_OK && shown->session_count == 0) {
		fprintf(stderr, "signetctl: there is no such session%s\n",
		    on_row == on_disconnected ? " with a connection" : "");
		return LINE_NOT_FOUND;
	}
	return status;
}

enum line_status
session_run(struct line_connection *connection, const char *name, bool is_json)
{
	struct shown shown = { .is_json = is_json };
	enum line_status status;

	if (is_json)
		printf("{\"sessions\": [");
	status = run(connection, "session", name, on_shown, &shown);
	if (is_json) {
		end_json_session(&shown);
		printf("],\n \"complete\": %s}\n",
		    status == LINE_INCOMPLETE || status == LINE_UNREACHABLE
			? "false"
			: "true");
	}
	return status;
}

enum line_status
disconnect_run(struct line_connection *connection, const char *name,
    bool is_json)
{
	struct shown shown = { .is_json = is_json };
	enum line_status status;

	if (is_json)
		printf("{\"disconnected\": [");
	status = run(connection, "disconnect", name, on_disconnected, &shown);
	if (is_json)
		printf("],\n \"complete\": %s}\n",
		    status == LINE_INCOMPLETE || status == LINE_UNREACHABLE
			? "false"
			: "true");
	return status;
}
