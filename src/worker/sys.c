/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/sys.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/memory.h"
#include "worker/retention.h"
#include "worker/router.h"

#define PREFIX    "$SYS/broker/"
#define TOPIC_MAX 64
#define VALUE_MAX 48

/* version, uptime, clients/active, /maximum, /disconnected and /inactive,
 * messages/stored; and at most all rows, with their loads */
#define OTHER_TOPICS 7
#define TOPICS       (OTHER_TOPICS + IPC_STATISTIC_COUNT * (1 + IPC_STATISTIC_SPANS))

static const char *const load_spans[IPC_STATISTIC_SPANS] = { "1min", "5min",
	"15min" };

struct sys {
	struct ipc_statistics_sum sum;
	bool is_due;   /* sum is to be published */
	bool is_fresh; /* what others have of it is not known */
	/* What was published, in the order of publishing. */
	char values[TOPICS][VALUE_MAX];
	size_t position;
};

struct sys *
sys_new(void)
{
	struct sys *sys = memory_new(1, sizeof(*sys));

	sys->is_fresh = true;
	return sys;
}

void
sys_free(struct sys **sys)
{
	free(*sys);
	*sys = NULL;
}

static void publish(struct worker *worker, const char *topic,
    const char *format, ...) __attribute__((format(printf, 3, 4)));

/* Publish the next value, unless it is the one that was published. */
static void
publish(struct worker *worker, const char *topic, const char *format, ...)
{
	char *last = worker->sys->values[worker->sys->position++];
	char name[TOPIC_MAX], value[VALUE_MAX];
	struct ipc_publish parts = { .qos = 2, .retain = true };
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(value, sizeof(value), format, arguments);
	va_end(arguments);
	if (strcmp(value, last) == 0)
		return;
	strcpy(last, value);
	snprintf(name, sizeof(name), PREFIX "%s", topic);
	parts.topic_name = bytes_of_string(name);
	parts.payload = bytes_of_string(value);
	router_publish(worker, &parts, NULL);
	retention_put_will(worker, &parts, NULL);
}

static void
publish_number(struct worker *worker, const char *topic, uint64_t number)
{
	publish(worker, topic, "%llu", (unsigned long long)number);
}

static void
publish_loads(struct worker *worker, const char *name, const uint64_t *averages)
{
	char topic[TOPIC_MAX];

	for (size_t span = 0; span < IPC_STATISTIC_SPANS; span++) {
		snprintf(topic, sizeof(topic), "load/%s/%s", name,
		    load_spans[span]);
		publish(worker, topic, "%llu.%02llu",
		    (unsigned long long)(averages[span] / 100),
		    (unsigned long long)(averages[span] % 100));
	}
}

static void
publish_rows(struct worker *worker, const struct ipc_statistics_sum *sum)
{
	for (size_t i = 0; i < IPC_STATISTIC_COUNT; i++) {
		const struct ipc_statistic_row *row = &ipc_statistic_rows[i];

		if (row->topic[0] != '\0')
			publish_number(worker, row->topic, sum->values[i]);
		if (row->load[0] != '\0')
			publish_loads(worker, row->load, sum->averages[i]);
	}
}

static void
publish_all(struct worker *worker, const struct ipc_statistics_sum *sum)
{
	uint64_t up_ms = worker_now_ms(worker) -
			 worker->child->start.started_ms;
	uint64_t connected = sum->values[IPC_STATISTIC_CONNECTED];
	uint64_t sessions = sum->values[IPC_STATISTIC_SESSIONS];
	uint64_t disconnected = sessions > connected ? sessions - connected : 0;

	worker->sys->position = 0;
	publish(worker, "version", "signet version %s", PACKAGE_VERSION);
	publish(worker, "uptime", "%llu seconds",
	    (unsigned long long)(up_ms / 1000));
	publish_rows(worker, sum);
	publish_number(worker, "clients/active", connected);
	publish_number(worker, "clients/disconnected", disconnected);
	publish_number(worker, "clients/inactive", disconnected);
	publish_number(worker, "clients/maximum", sum->connected_max);
	publish_number(worker, "messages/stored",
	    sum->values[IPC_STATISTIC_MESSAGES]);
}

void
sys_tick(struct worker *worker)
{
	struct sys *sys = worker->sys;

	/* What is said now can be said later to those who are behind. */
	if (!sys->is_due || worker->is_stopping || worker_is_congested(worker))
		return;
	sys->is_due = false;
	if (sys->is_fresh)
		memset(sys->values, 0, sizeof(sys->values));
	sys->is_fresh = false;
	publish_all(worker, &sys->sum);
}

void
sys_peer_known(struct worker *worker)
{
	worker->sys->is_fresh = true;
}

int
on_statistics_sum(struct worker *worker, struct bytes payload)
{
	int error = ipc_statistics_sum_decode(payload, &worker->sys->sum);

	if (error == 0)
		worker->sys->is_due = true;
	return error;
}
