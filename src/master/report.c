/* SPDX-License-Identifier: Apache-2.0 */
#include "master/report.h"

#include <stdarg.h>
#include <stdio.h>

#include "config/change.h"
#include "ipc/trust_change.h"
#include "ipc/trust_date.h"
#include "lib/log.h"

void
report_clear(struct report *report)
{
	report->settings.len = 0;
	report->files.len = 0;
	report->restart.len = 0;
	report->lines.len = 0;
	report->line_count = 0;
}

void
report_done(struct report *report)
{
	buffer_done(&report->settings);
	buffer_done(&report->files);
	buffer_done(&report->restart);
	buffer_done(&report->lines);
}

static void __attribute__((format(printf, 2, 3)))
add(struct report *report, const char *format, ...)
{
	char text[1024];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	buffer_append(&report->lines, bytes_of_string(text));
}

/* Is it one of those that are told? */
static bool
count_line(struct report *report)
{
	return report->line_count++ < REPORT_LINES_MAX;
}

static void
add_role(void *context, const char *name, const char *verb,
    struct bytes settings)
{
	const struct log_field fields[] = {
		log_word("event", "changed"),
		log_word("what", "role"),
		log_string("name", name),
		log_word("how", verb),
		log_text("settings", settings),
	};
	struct report *report = context;

	if (!count_line(report))
		return;
	log_event(LOG_LEVEL_INFO, fields, settings.len > 0 ? 5 : 4);
	add(report, "role \"%s\" %s%s", name, verb,
	    settings.len > 0 ? ": " : "");
	buffer_append(&report->lines, settings);
	add(report, "\n");
}

void
report_add_roles(struct report *report, const struct config *before,
    const struct config *after)
{
	config_compare_roles(before, after, report, add_role);
}

static void
add_trust(void *context, const char *what, struct bytes now,
    struct bytes before)
{
	struct report *report = context;

	if (!count_line(report))
		return;
	log_info(log_word("event", "changed"), log_word("what", what),
	    log_text("now", now), log_text("before", before));
	add(report, "%s%s: ", what,
	    now.len == 0      ? " removed"
	    : before.len == 0 ? " added"
			      : "");
	buffer_append(&report->lines, now);
	if (now.len > 0 && before.len > 0)
		add(report, ", before ");
	buffer_append(&report->lines, before);
	add(report, "\n");
}

void
report_add_trust(struct report *report, const struct ipc_trust_index *before,
    const struct ipc_trust_index *after)
{
	ipc_trust_changes(before, after, report, add_trust);
}

/* Is the same CRL there with the same end of its grace? */
static bool
was_refused_at(const struct ipc_trust_index *index,
    const struct ipc_trust_date *date, int64_t refused_at)
{
	struct ipc_trust_crl crl;

	return ipc_trust_crl_find(index, date->id.data, &crl) &&
	       crl.next_update == date->ends_at && crl.ends_at == refused_at;
}

void
report_add_refusals(struct report *report, const struct ipc_trust_index *before,
    const struct ipc_trust_index *after, int64_t now)
{
	char text[IPC_TRUST_DATE_TEXT_MAX];
	struct ipc_trust_date date;
	size_t pos = 0;

	while (ipc_trust_date_next(after, &pos, &date)) {
		int64_t refused_at = ipc_trust_date_refused_at(after, &date);

		if (refused_at == IPC_TRUST_NEVER || now < date.tell_from ||
		    was_refused_at(before, &date, refused_at) ||
		    !count_line(report))
			continue;
		ipc_trust_date_text(&date, refused_at, now, text);
		add(report, "warning: ");
		buffer_append(&report->lines, bytes_of_string(text));
		add(report, "\n");
	}
}

static void
append_names(struct buffer *out, const char *what, const struct buffer *names)
{
	if (names->len == 0)
		return;
	buffer_append(out, bytes_of_string(what));
	buffer_append(out, buffer_view(names));
	buffer_append(out, BYTES_LITERAL("\n"));
}

/* The first line of text, without its end; text is what is behind it. */
static bool
line_next(struct bytes *text, struct bytes *line)
{
	const uint8_t *end;

	if (text->len == 0)
		return false;
	end = memchr(text->data, '\n', text->len);
	*line = bytes_of(text->data,
	    end == NULL ? text->len : (size_t)(end - text->data));
	*text = bytes_skip(*text, line->len + (end != NULL));
	return true;
}

/* As many whole lines as there is room for. */
static void
append_lines(struct buffer *out, const struct report *report)
{
	struct bytes text = buffer_view(&report->lines), line;
	size_t start = out->len, told = 0;
	char more[64];

	while (line_next(&text, &line) &&
	       out->len - start + line.len < REPORT_BYTES_MAX) {
		buffer_append(out, line);
		buffer_append(out, BYTES_LITERAL("\n"));
		told++;
	}
	if (told == report->line_count)
		return;
	snprintf(more, sizeof(more), "and %zu more\n",
	    report->line_count - told);
	buffer_append(out, bytes_of_string(more));
}

void
report_text(const struct report *report, struct buffer *out)
{
	size_t start = out->len;

	append_names(out, "changed: ", &report->settings);
	append_names(out, "read anew: ", &report->files);
	append_lines(out, report);
	append_names(out,
	    "as before until the daemon is restarted: ", &report->restart);
	if (out->len == start)
		buffer_append(out, BYTES_LITERAL("nothing has changed\n"));
	out->len--; /* of the last line there is no end */
}
