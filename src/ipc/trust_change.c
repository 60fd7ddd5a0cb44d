/* SPDX-License-Identifier: Apache-2.0 */
#include "ipc/trust_change.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "lib/memory.h"

/* Longer CRL numbers are told in hexadecimal digits. */
#define DECIMAL_LEN_MAX 8

/* All dates of an index; those of a kind stand together, by their ids. */
struct rows {
	size_t count;
	struct ipc_trust_date *items;
	struct ipc_trust_date own; /* the server's, which comes first */
};

struct change {
	void *context;
	ipc_trust_change_visit *visit;
	struct buffer now, before;
};

static int
compare_bytes(struct bytes a, struct bytes b)
{
	size_t len = a.len < b.len ? a.len : b.len;
	int order = len == 0 ? 0 : memcmp(a.data, b.data, len);

	if (order != 0)
		return order;
	return (a.len > b.len) - (a.len < b.len);
}

static int
compare_rows(const void *a, const void *b)
{
	const struct ipc_trust_date *first = a, *second = b;

	if (first->kind != second->kind)
		return first->kind < second->kind ? -1 : 1;
	return compare_bytes(first->id, second->id);
}

static void
rows_init(struct rows *rows, const struct ipc_trust_index *index)
{
	struct ipc_trust_date date;
	size_t pos = 0;

	*rows = (struct rows){ .items = memory_new(index->date_count + 1,
				   sizeof(*rows->items)) };
	while (ipc_trust_date_next(index, &pos, &date)) {
		if (rows->own.id.len == 0 && date.kind == IPC_TRUST_DATE_SERVER)
			rows->own = date;
		else
			rows->items[rows->count++] = date;
	}
	qsort(rows->items, rows->count, sizeof(*rows->items), compare_rows);
}

/* Words */

static void __attribute__((format(printf, 2, 3)))
say(struct buffer *out, const char *format, ...)
{
	char words[256];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(words, sizeof(words), format, arguments);
	va_end(arguments);
	buffer_append(out, bytes_of_string(words));
}

static void
say_hex(struct buffer *out, struct bytes bytes)
{
	for (size_t i = 0; i < bytes.len; i++)
		say(out, "%02x", bytes.data[i]);
}

static void
say_time(struct buffer *out, int64_t seconds)
{
	time_t when = (time_t)seconds;
	char text[64];
	struct tm utc;

	if (gmtime_r(&when, &utc) != NULL &&
	    strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S UTC", &utc) > 0)
		say(out, "%s", text);
	else
		say(out, "%lld", (long long)seconds);
}

static void
say_number(struct buffer *out, struct bytes number)
{
	uint64_t value = 0;

	if (number.len == 0) {
		say(out, "no number");
		return;
	}
	if (number.len > DECIMAL_LEN_MAX) {
		say(out, "number 0x");
		say_hex(out, number);
		return;
	}
	for (size_t i = 0; i < number.len; i++)
		value = value << 8 | number.data[i];
	say(out, "number %llu", (unsigned long long)value);
}

/* The name last: it is the longest, and what is too long is cut. */
static void
say_row(struct buffer *out, const struct ipc_trust_date *row)
{
	bool is_crl = row->kind == IPC_TRUST_DATE_CRL;

	if (is_crl) {
		say_number(out, row->number);
	} else {
		say(out, "SHA-256 ");
		say_hex(out, row->id);
	}
	say(out, is_crl ? " nextUpdate " : " notAfter ");
	say_time(out, row->ends_at);
	say(out, is_crl ? " of \"" : " \"");
	buffer_append(out, row->name);
	say(out, "\"");
}

static void
tell(struct change *change, const char *what)
{
	change->visit(change->context, what, buffer_view(&change->now),
	    buffer_view(&change->before));
	change->now.len = 0;
	change->before.len = 0;
}

/* Comparison */

/* before, now: NULL: it was, or is, not there. */
static void
tell_row(struct change *change, const char *what,
    const struct ipc_trust_date *before, const struct ipc_trust_date *now)
{
	if (now != NULL)
		say_row(&change->now, now);
	if (before != NULL)
		say_row(&change->before, before);
	tell(change, what);
}

static const char *
word_of(enum ipc_trust_date_kind kind)
{
	if (kind == IPC_TRUST_DATE_SERVER)
		return "server-chain";
	return kind == IPC_TRUST_DATE_CRL ? "crl" : "client-ca";
}

/* Both are of one issuer, or the same certificate. */
static bool
is_same(const struct ipc_trust_date *before, const struct ipc_trust_date *now)
{
	return now->kind != IPC_TRUST_DATE_CRL ||
	       (before->ends_at == now->ends_at &&
		   compare_bytes(before->number, now->number) == 0);
}

static void
tell_rows(struct change *change, const struct rows *before,
    const struct rows *after)
{
	size_t i = 0, j = 0;

	while (i < before->count || j < after->count) {
		const struct ipc_trust_date *old = &before->items[i];
		const struct ipc_trust_date *new = &after->items[j];
		int order = i == before->count  ? 1
			    : j == after->count ? -1
						: compare_rows(old, new);

		if (order < 0)
			tell_row(change, word_of(old->kind), old, NULL);
		else if (order > 0)
			tell_row(change, word_of(new->kind), NULL, new);
		else if (!is_same(old, new))
			tell_row(change, word_of(new->kind), old, new);
		i += order <= 0;
		j += order >= 0;
	}
}

void
ipc_trust_changes(const struct ipc_trust_index *before,
    const struct ipc_trust_index *after, void *context,
    ipc_trust_change_visit *visit)
{
	struct change change = { .context = context, .visit = visit };
	struct rows old, new;

	rows_init(&old, before);
	rows_init(&new, after);
	if (compare_bytes(old.own.id, new.own.id) != 0)
		tell_row(&change, "server-certificate", &old.own, &new.own);
	tell_rows(&change, &old, &new);
	if (before->revoked_count != after->revoked_count) {
		say(&change.now, "%u certificates", after->revoked_count);
		say(&change.before, "%u", before->revoked_count);
		tell(&change, "revoked");
	}
	free(old.items);
	free(new.items);
	buffer_done(&change.now);
	buffer_done(&change.before);
}
