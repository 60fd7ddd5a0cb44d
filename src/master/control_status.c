/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The daemon's life at a glance, for who sits at the control socket; and what
 * is logged.
 */
#include <ctype.h>
#include <unistd.h>

#include "lib/clock.h"
#include "lib/fields.h"
#include "master/control_internal.h"
#include "master/log_levels.h"
#include "master/master.h"
#include "master/reload.h"

#define NAME_MAX_LEN 64

static const char *
daemon_state(const struct master *master)
{
	if (master->is_stopping)
		return "stopping";
	if (!master->is_up)
		return "starting";
	return master->reload->stage != RELOAD_IDLE ? "reloading" : "ready";
}

static void
print_daemon(const struct master *master, struct buffer *out)
{
	uint64_t up_ms = clock_monotonic_ms() -
			 master->supplies.start.started_ms;

	fields_begin(out, "daemon");
	fields_word(out, "version", PACKAGE_VERSION);
	fields_number(out, "pid", getpid());
	fields_word(out, "state", daemon_state(master));
	fields_number(out, "uptime", (int64_t)(up_ms / 1000));
	fields_number(out, "generation", (int64_t)master->reload->generation);
	fields_number(out, "time", clock_realtime_seconds());
	fields_end(out);
}

static const char *const member_states[] = {
	[MEMBER_DOWN] = "down",
	[MEMBER_STARTING] = "starting",
	[MEMBER_READY] = "ready",
};

static const char *
member_word(const struct member *member, uint64_t now_ms)
{
	return monitor_silent_ms(member, now_ms) >= MONITOR_SILENT_MS
		   ? "silent"
		   : member_states[member->state];
}

static void
print_member(const struct member *member, struct buffer *out)
{
	uint64_t now_ms = clock_monotonic_ms();
	uint64_t heard_ms = member->monitored.answered_ms != 0
				? member->monitored.answered_ms
				: member->started_at_ms;

	fields_begin(out, "process");
	fields_word(out, "role", member->role->name);
	fields_number(out, "index", member->index);
	fields_word(out, "state", member_word(member, now_ms));
	if (member->process != NULL) {
		fields_number(out, "pid", member->process->pid);
		fields_number(out, "uptime",
		    (int64_t)((now_ms - member->started_at_ms) / 1000));
		fields_number(out, "silent_ms", (int64_t)(now_ms - heard_ms));
	}
	fields_number(out, "restarts", member->monitored.restarts);
	fields_number(out, "generation", (int64_t)member->generation);
	fields_end(out);
}

/* What the settings of now are. */
static void
print_heartbeat(const struct config *config, struct buffer *out)
{
	fields_begin(out, "heartbeat");
	fields_word(out, "enabled",
	    config->heartbeat.enabled ? "true" : "false");
	fields_word(out, "address", config->heartbeat.address);
	fields_number(out, "port", config->heartbeat.port);
	fields_number(out, "least_interval_ms",
	    config->heartbeat.least_interval_ms);
	fields_number(out, "misses", config->heartbeat.misses);
	fields_number(out, "max_sessions_percent",
	    config->heartbeat.max_sessions_percent);
	fields_end(out);
}

static const char *const kind_names[] = {
	[IPC_STATISTIC_COUNTER] = "counter",
	[IPC_STATISTIC_GAUGE] = "gauge",
	[IPC_STATISTIC_EARLIEST] = "time",
};

static void
print_statistic(const struct statistics *statistics, enum ipc_statistic which,
    struct buffer *out)
{
	const struct ipc_statistic_row *row = &ipc_statistic_rows[which];
	char name[NAME_MAX_LEN];
	size_t len = 0;

	for (; row->name[len] != '\0' && len < sizeof(name) - 1; len++)
		name[len] = (char)tolower(row->name[len]);
	name[len] = '\0';
	fields_begin(out, "statistic");
	fields_word(out, "name", name);
	fields_word(out, "kind", kind_names[row->kind]);
	fields_number(out, "value", (int64_t)statistics->sum.values[which]);
	if (row->kind == IPC_STATISTIC_COUNTER)
		fields_number(out, "per_second_hundredths",
		    (int64_t)(statistics_rate(statistics, which) * 100 + 0.5));
	fields_end(out);
}

/* By enum ipc_trust_date_kind, which begins at 1. */
static const char *const date_names[] = { "", "server", "authority", "crl" };

static void
print_date(const char *what, struct bytes name, int64_t ends_at,
    struct buffer *out)
{
	fields_begin(out, "certificate");
	fields_word(out, "what", what);
	if (name.len > 0)
		fields_text(out, "name", name);
	fields_number(out, "ends_at", ends_at);
	fields_end(out);
}

/* Of each kind what ends first. */
static void
print_dates(const struct master *master, struct buffer *out)
{
	struct ipc_trust_date date, first[IPC_TRUST_DATE_CRL + 1] = { 0 };
	int64_t client = (int64_t)master->monitor.statistics.sum
			     .values[IPC_STATISTIC_CLIENT_ENDS];
	size_t pos = 0;

	while (master->trust.index >= 0 &&
	       ipc_trust_date_next(&master->trust.view, &pos, &date))
		if (first[date.kind].name.data == NULL ||
		    date.ends_at < first[date.kind].ends_at)
			first[date.kind] = date;
	for (size_t i = IPC_TRUST_DATE_SERVER; i <= IPC_TRUST_DATE_CRL; i++)
		if (first[i].name.data != NULL)
			print_date(date_names[i], first[i].name,
			    first[i].ends_at, out);
	if (client > 0)
		print_date("client", BYTES_NONE, client, out);
}

void
control_print_status(const struct master *master, struct buffer *out)
{
	print_daemon(master, out);
	for (size_t i = 0; i < master->member_count; i++)
		print_member(&master->members[i], out);
	for (unsigned int i = 0; i < IPC_STATISTIC_COUNT; i++)
		print_statistic(&master->monitor.statistics,
		    (enum ipc_statistic)i, out);
	print_heartbeat(master->config, out);
	print_dates(master, out);
}

void
control_on_status(struct control_client *client, struct bytes fields)
{
	(void)fields;
	control_print_status(client->control->master, &client->out);
	control_answer(client, "ok");
}

void
control_on_version(struct control_client *client, struct bytes fields)
{
	(void)fields;
	fields_begin(&client->out, "daemon");
	fields_word(&client->out, "version", PACKAGE_VERSION);
	fields_end(&client->out);
	control_answer(client, "ok");
}

static bool
find_level(struct bytes word, enum log_level *level)
{
	const char *name;

	for (unsigned int i = 0;
	     (name = log_level_name((enum log_level)i)) != NULL; i++) {
		if (!bytes_equal(bytes_of_string(name), word))
			continue;
		*level = (enum log_level)i;
		return true;
	}
	return false;
}

void
control_on_log_level(struct control_client *client, struct bytes line)
{
	struct control_field fields[] = { { "level", BYTES_NONE },
		{ "role", BYTES_NONE } };
	struct buffer memory = { NULL, 0, 0 };
	enum log_level level;

	if (!control_fields_take(line, fields, 2, &memory) ||
	    !find_level(fields[0].value, &level))
		control_answer(client, "error there is no such level");
	else if (log_levels_set(client->control->master, fields[1].value,
		     level) == 0)
		control_answer(client, "error there is no such role");
	else
		control_answer(client, "ok");
	buffer_done(&memory);
}
