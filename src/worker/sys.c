/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/sys.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/memory.h"
#include "worker/retention.h"
#include "worker/router.h"
#include "worker/session.h"
#include "worker/statistics.h"

#define PREFIX    "$SYS/broker/"
#define TOPIC_MAX 64
#define VALUE_MAX 48

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* A topic without its prefix, and what it shows. */
struct row {
	const char *topic;
	unsigned int number;
};

static const struct row counter_rows[] = {
	{ "clients/expired", IPC_COUNTER_SESSIONS_EXPIRED },
	{ "rights/denied", IPC_COUNTER_DENIED },
	{ "rights/throttled", IPC_COUNTER_THROTTLED },
	{ "messages/received", IPC_COUNTER_PACKETS_RECEIVED },
	{ "messages/sent", IPC_COUNTER_PACKETS_SENT },
	{ "bytes/received", IPC_COUNTER_BYTES_RECEIVED },
	{ "bytes/sent", IPC_COUNTER_BYTES_SENT },
	{ "publish/messages/received", IPC_COUNTER_MESSAGES_RECEIVED },
	{ "publish/messages/sent", IPC_COUNTER_MESSAGES_SENT },
	{ "publish/messages/dropped", IPC_COUNTER_MESSAGES_DROPPED },
	{ "publish/bytes/received", IPC_COUNTER_PAYLOAD_RECEIVED },
	{ "publish/bytes/sent", IPC_COUNTER_PAYLOAD_SENT },
};

static const struct row gauge_rows[] = {
	{ "clients/connected", IPC_GAUGE_CONNECTED },
	{ "clients/active", IPC_GAUGE_CONNECTED },
	{ "clients/total", IPC_GAUGE_SESSIONS },
	{ "subscriptions/count", IPC_GAUGE_SUBSCRIPTIONS },
	{ "retained messages/count", IPC_GAUGE_RETAINED },
	{ "store/messages/count", IPC_GAUGE_MESSAGES },
	{ "messages/stored", IPC_GAUGE_MESSAGES },
	{ "store/messages/bytes", IPC_GAUGE_MESSAGE_BYTES },
};

static const struct row load_rows[] = {
	{ "messages/received", IPC_COUNTER_PACKETS_RECEIVED },
	{ "messages/sent", IPC_COUNTER_PACKETS_SENT },
	{ "bytes/received", IPC_COUNTER_BYTES_RECEIVED },
	{ "bytes/sent", IPC_COUNTER_BYTES_SENT },
	{ "publish/received", IPC_COUNTER_MESSAGES_RECEIVED },
	{ "publish/sent", IPC_COUNTER_MESSAGES_SENT },
	{ "publish/dropped", IPC_COUNTER_MESSAGES_DROPPED },
	{ "sockets", IPC_COUNTER_SOCKETS },
	{ "connections", IPC_COUNTER_CONNECTS },
};

static const char *const load_spans[STATISTICS_SPANS] = { "1min", "5min",
	"15min" };

/* version, uptime, clients/maximum, /disconnected and /inactive */
#define OTHER_TOPICS 5
#define TOPICS                                                                 \
	(OTHER_TOPICS + COUNT(counter_rows) + COUNT(gauge_rows) +              \
	    COUNT(load_rows) * STATISTICS_SPANS)

struct sys {
	struct statistics statistics;
	uint64_t started_ms;
	uint64_t interval; /* the number of the one that was reported in */
	bool is_due;       /* reports are out; publish at the next tick */
	bool is_publisher;
	/* What was published, in the order of publishing. */
	char values[TOPICS][VALUE_MAX];
	size_t position;
};

struct sys *
sys_new(const struct worker *worker)
{
	struct sys *sys = memory_new(1, sizeof(*sys));

	sys->started_ms = worker_now_ms(worker);
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
publish_loads(struct worker *worker)
{
	const struct statistics *statistics = &worker->sys->statistics;
	char topic[TOPIC_MAX];

	for (size_t i = 0; i < COUNT(load_rows); i++)
		for (size_t span = 0; span < STATISTICS_SPANS; span++) {
			snprintf(topic, sizeof(topic), "load/%s/%s",
			    load_rows[i].topic, load_spans[span]);
			publish(worker, topic, "%.2f",
			    statistics->averages[load_rows[i].number][span]);
		}
}

static void
publish_all(struct worker *worker, const struct ipc_statistics *sum)
{
	uint64_t up_ms = worker_now_ms(worker) -
			 worker->child->start.started_ms;
	uint64_t disconnected = sum->gauges[IPC_GAUGE_SESSIONS] -
				sum->gauges[IPC_GAUGE_CONNECTED];

	worker->sys->position = 0;
	publish(worker, "version", "signet version %s", PACKAGE_VERSION);
	publish(worker, "uptime", "%llu seconds",
	    (unsigned long long)(up_ms / 1000));
	for (size_t i = 0; i < COUNT(gauge_rows); i++)
		publish_number(worker, gauge_rows[i].topic,
		    sum->gauges[gauge_rows[i].number]);
	publish_number(worker, "clients/disconnected", disconnected);
	publish_number(worker, "clients/inactive", disconnected);
	publish_number(worker, "clients/maximum", sum->connected_max);
	for (size_t i = 0; i < COUNT(counter_rows); i++)
		publish_number(worker, counter_rows[i].topic,
		    sum->counters[counter_rows[i].number]);
	publish_loads(worker);
}

static void
collect_counters(const struct worker_statistics *counted, uint64_t *counters)
{
	counters[IPC_COUNTER_SOCKETS] = counted->sockets;
	counters[IPC_COUNTER_CONNECTS] = counted->connects;
	counters[IPC_COUNTER_PACKETS_RECEIVED] = counted->packets_received;
	counters[IPC_COUNTER_PACKETS_SENT] = counted->packets_sent;
	counters[IPC_COUNTER_BYTES_RECEIVED] = counted->bytes_received;
	counters[IPC_COUNTER_BYTES_SENT] = counted->bytes_sent;
	counters[IPC_COUNTER_MESSAGES_RECEIVED] = counted->messages_received;
	counters[IPC_COUNTER_MESSAGES_SENT] = counted->messages_sent;
	counters[IPC_COUNTER_MESSAGES_DROPPED] = counted->messages_dropped;
	counters[IPC_COUNTER_PAYLOAD_RECEIVED] = counted->payload_received;
	counters[IPC_COUNTER_PAYLOAD_SENT] = counted->payload_sent;
	counters[IPC_COUNTER_SESSIONS_EXPIRED] = counted->sessions_expired;
	counters[IPC_COUNTER_DENIED] = counted->denied;
	counters[IPC_COUNTER_THROTTLED] = counted->throttled;
}

static void
collect_gauges(const struct worker *worker, uint64_t *gauges)
{
	struct message_totals messages = message_totals();

	gauges[IPC_GAUGE_CONNECTED] = worker->statistics.connected;
	gauges[IPC_GAUGE_SESSIONS] = HASH_COUNT(worker->sessions);
	gauges[IPC_GAUGE_SUBSCRIPTIONS] = worker->statistics.subscriptions;
	gauges[IPC_GAUGE_RETAINED] = retained_count(
	    retention_retained(worker->retention));
	gauges[IPC_GAUGE_MESSAGES] = messages.count;
	gauges[IPC_GAUGE_MESSAGE_BYTES] = messages.bytes;
}

/* Write our report, and take it in ourselves. */
static void
collect(struct worker *worker, struct ipc_statistics *report)
{
	struct sys *sys = worker->sys;

	*report = (struct ipc_statistics){ .started_ms = sys->started_ms };
	collect_counters(&worker->statistics, report->counters);
	collect_gauges(worker, report->gauges);
	memcpy(report->ended, sys->statistics.ended, sizeof(report->ended));
	report->connected_max = sys->statistics.connected_max;
	if (statistics_report(&sys->statistics, worker->child->index, report,
		false) != 0)
		panic("no counter of ours goes back");
}

static void
send_report(struct worker *worker, struct proc_peer *peer,
    const struct ipc_statistics *report)
{
	worker->scratch.len = 0;
	ipc_statistics_encode(report, &worker->scratch);
	proc_peer_push(worker->child, peer, IPC_STATISTICS,
	    buffer_view(&worker->scratch), -1, false);
}

/* Add up; every worker does, and one of them says what came out. */
static void
sys_publish(struct worker *worker)
{
	struct sys *sys = worker->sys;
	struct ipc_statistics sum;

	collect(worker, &sum);
	statistics_sum(&sys->statistics, &sum);
	statistics_average(&sys->statistics, &sum, worker_now_ms(worker));
	if (statistics_eldest(&sys->statistics) != worker->child->index)
		return;
	if (!sys->is_publisher) /* what others have of it is not known */
		memset(sys->values, 0, sizeof(sys->values));
	sys->is_publisher = true;
	publish_all(worker, &sum);
}

void
sys_tick(struct worker *worker)
{
	uint64_t interval_ms = (uint64_t)worker->config->sys.interval_seconds *
			       1000;
	struct sys *sys = worker->sys;
	struct ipc_statistics report;

	if (interval_ms == 0 || worker->is_stopping)
		return;
	/* What is said now can be said later to those who are behind. */
	if (sys->is_due && !worker_is_congested(worker)) {
		sys->is_due = false;
		sys_publish(worker);
	}
	/* All processes share the clock: they report at the same time. */
	if (sys->interval == worker_now_ms(worker) / interval_ms)
		return;
	sys->interval = worker_now_ms(worker) / interval_ms;
	sys->is_due = true;
	collect(worker, &report);
	for (unsigned int i = 0; i < WORKER_SET_MAX; i++)
		if (worker->peers[i] != NULL)
			send_report(worker, worker->peers[i], &report);
}

void
sys_peer_up(struct worker *worker, struct proc_peer *peer)
{
	struct ipc_statistics report;

	/* It is told at once: what is counted must outlive us. */
	collect(worker, &report);
	send_report(worker, peer, &report);
}

void
sys_peer_known(struct worker *worker)
{
	worker->sys->is_publisher = false;
}

void
sys_peer_down(struct worker *worker, struct proc_peer *peer)
{
	statistics_end(&worker->sys->statistics, peer->index);
}

int
on_statistics(struct worker *worker, struct proc_peer *peer,
    struct bytes payload)
{
	struct sys *sys = worker->sys;
	struct ipc_statistics report;
	int error = ipc_statistics_decode(payload, &report);

	if (error != 0)
		return error;
	return statistics_report(&sys->statistics, peer->index, &report,
	    report.started_ms < sys->started_ms);
}
