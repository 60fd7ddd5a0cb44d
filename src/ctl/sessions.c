/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl/sessions.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/answer.h"
#include "ctl/output.h"
#include "ctl/table.h"
#include "lib/clock.h"
#include "lib/fields.h"

/* A sorted list with a limit holds at most so many times as many as it shows,
 * and so many more. */
#define HELD_FACTOR 2
#define HELD_MORE   1000

static const char *const titles[] = { "IDENTITY", "CLIENT ID", "STATE", "PEER",
	"PROTOCOL", "SINCE", "QUEUED", "INFLIGHT", "SUBS", "WORKER",
	"CERTIFICATE" };

/* What the worker says of a session, in its order. */
static const char *const sortable[] = { "identity", "client_id", "state",
	"worker", "id", "subscription_count", "queued", "queued_bytes",
	"inflight", "received_unreleased", "dropped", "expiry", "durable",
	"peer", "port", "protocol", "tls", "cipher", "fingerprint", "not_after",
	"connected_at", "keep_alive", "heartbeat_ms", "heartbeat_misses",
	"idle_ms", "messages_received", "messages_sent", "unsent_bytes",
	"roles", "expires_in" };

struct list {
	const struct sessions_filter *filter;
	bool is_json;
	struct table table;
	uint64_t shown;
	/* Of a list that is sorted: copies of lines, until all are here. */
	struct row *held;
	size_t held_count;
	size_t held_capacity;
};

bool
sessions_has_field(const char *name)
{
	for (size_t i = 0; i < sizeof(sortable) / sizeof(sortable[0]); i++)
		if (strcmp(sortable[i], name) == 0)
			return true;
	return false;
}

static void
show_table(struct list *list, const struct row *row)
{
	char span[OUTPUT_SPAN_MAX] = "-", left[OUTPUT_SPAN_MAX] = "-";
	int64_t now = clock_realtime_seconds();

	if (row_has(row, "connected_at"))
		output_span(now - row_number(row, "connected_at"), span);
	if (row_has(row, "not_after"))
		output_span(row_number(row, "not_after") - now, left);
	table_cell(&list->table, row_text(row, "identity"));
	table_cell(&list->table, row_text(row, "client_id"));
	table_cell(&list->table, row_text(row, "state"));
	table_cell(&list->table,
	    row_has(row, "peer") ? row_text(row, "peer") : BYTES_LITERAL("-"));
	table_cell(&list->table, row_has(row, "protocol")
				     ? row_text(row, "protocol")
				     : BYTES_LITERAL("-"));
	table_string(&list->table, span);
	table_number(&list->table, row_number(row, "queued"));
	table_number(&list->table, row_number(row, "inflight"));
	table_number(&list->table, row_number(row, "subscription_count"));
	table_number(&list->table, row_number(row, "worker"));
	table_string(&list->table, left);
}

static void
show(struct list *list, const struct row *row)
{
	if (list->is_json) {
		printf("%s  {", list->shown == 0 ? "\n" : ",\n");
		output_json_fields(row, NULL);
		printf("}");
	} else {
		show_table(list, row);
	}
	list->shown++;
}

/* Numbers by their size, other text by its bytes; "-" before the field's name:
 * backwards. */
static const char *sort_field;

static int
compare(const void *one, const void *other)
{
	bool is_backwards = sort_field[0] == '-';
	const char *name = sort_field + (is_backwards ? 1 : 0);
	struct bytes a = row_text(one, name), b = row_text(other, name);
	size_t least = a.len < b.len ? a.len : b.len;
	int order = 0;

	if (a.len > 0 && b.len > 0 && a.data[0] >= '0' && a.data[0] <= '9' &&
	    b.data[0] >= '0' && b.data[0] <= '9') {
		int64_t left = row_number(one, name);
		int64_t right = row_number(other, name);

		order = (left > right) - (left < right);
	}
	if (order == 0 && least > 0)
		order = memcmp(a.data, b.data, least);
	if (order == 0)
		order = (a.len > b.len) - (a.len < b.len);
	return is_backwards ? -order : order;
}

static void
sort(struct list *list)
{
	uint64_t limit = list->filter->limit;

	sort_field = list->filter->sort;
	if (list->held_count > 1)
		qsort(list->held, list->held_count, sizeof(*list->held),
		    compare);
	while (limit > 0 && list->held_count > limit)
		row_done(&list->held[--list->held_count]);
}

/* The row's memory is taken. */
static bool
hold(struct list *list, const struct row *row)
{
	uint64_t limit = list->filter->limit;

	if (list->held_count == list->held_capacity) {
		size_t capacity = list->held_capacity * 2 + 64;
		struct row *held = realloc(list->held,
		    capacity * sizeof(*held));

		if (held == NULL)
			return false;
		list->held = held;
		list->held_capacity = capacity;
	}
	list->held[list->held_count++] = *row;
	if (limit > 0 && list->held_count >= limit * HELD_FACTOR + HELD_MORE)
		sort(list);
	return true;
}

static bool
is_of_worker(const struct list *list, const struct row *row)
{
	return list->filter->worker == NULL ||
	       bytes_equal(row_text(row, "worker"),
		   bytes_of_string(list->filter->worker));
}

static bool
on_listed(void *context, struct row *row)
{
	struct list *list = context;

	if (!row_is(row, "session") || !is_of_worker(list, row))
		return true;
	if (list->filter->sort != NULL) {
		bool is_held = hold(list, row);

		if (is_held)
			row->memory = (struct buffer){ NULL, 0, 0 };
		return is_held;
	}
	show(list, row);
	return list->filter->limit == 0 || list->shown < list->filter->limit;
}

static void
add_filter(struct buffer *command, const char *name, const char *value)
{
	if (value != NULL)
		fields_text(command, name, bytes_of_string(value));
}

static void
show_held(struct list *list)
{
	if (list->filter->sort != NULL)
		sort(list);
	for (size_t i = 0; i < list->held_count; i++) {
		show(list, &list->held[i]);
		row_done(&list->held[i]);
	}
	free(list->held);
}

enum line_status
sessions_run(struct line_connection *connection,
    const struct sessions_filter *filter, bool is_json)
{
	struct list list = { .filter = filter, .is_json = is_json };
	struct buffer command = { NULL, 0, 0 };
	enum line_status status;

	fields_begin(&command, "sessions");
	add_filter(&command, "identity", filter->identity);
	add_filter(&command, "client_id", filter->client_id);
	add_filter(&command, "peer", filter->peer);
	add_filter(&command, "state", filter->state);
	if (is_json)
		printf("{\"sessions\": [");
	else
		table_begin(&list.table, titles,
		    sizeof(titles) / sizeof(titles[0]));
	status = answer_take(connection, buffer_view(&command), on_listed,
	    &list);
	show_held(&list);
	if (is_json)
		printf("],\n \"complete\": %s}\n",
		    status == LINE_OK ? "true" : "false");
	else
		table_end(&list.table);
	buffer_done(&command);
	return status;
}
