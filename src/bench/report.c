/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/report.h"

#include <inttypes.h>
#include <string.h>

static bool
is_traffic(const struct options *options)
{
	return options->scenario != SCENARIO_STORM &&
	       options->scenario != SCENARIO_IDLE;
}

bool
report_is_good(const struct options *options, const struct report *report)
{
	if (report->reasons->total > 0 || report->refused > 0)
		return false;
	if (report->is_interrupted || !is_traffic(options))
		return report->connections > 0;
	if (report->order_violations > 0 || report->received == 0)
		return false;
	if (options->qos == 2 && report->duplicates > 0)
		return false;
	return options->qos == 0 || report_lost(report) == 0;
}

static double
per_second(uint64_t count, uint64_t duration_ns)
{
	return duration_ns > 0 ? (double)count * 1e9 / (double)duration_ns : 0;
}

/* Microseconds each; 0 of none. */
static double
us_each(uint64_t total_ns, uint64_t count)
{
	return count > 0 ? (double)total_ns / 1e3 / (double)count : 0;
}

static double
kilobytes_each(double bytes, uint64_t count)
{
	return count > 0 ? bytes / 1000 / (double)count : 0;
}

static double
growth_bytes(const struct gauge *gauge)
{
	return (double)gauge->own_after_bytes - (double)gauge->own_before_bytes;
}

static double
files_growth(const struct gauge *gauge)
{
	return (double)gauge->files_after_bytes -
	       (double)gauge->files_before_bytes;
}

/* What is counted in the measuring window. */
static const char *
unit_of(const struct options *options)
{
	return options->scenario == SCENARIO_STORM ? "connection" : "message";
}

static void
print_histogram(const char *name, const struct histogram *histogram, FILE *out)
{
	if (histogram->count == 0)
		return;
	fprintf(out,
	    "%-16s p50 %.1f us, p99 %.1f us, p99.9 %.1f us, max %.1f us\n",
	    name, (double)histogram_percentile(histogram, 50) / 1e3,
	    (double)histogram_percentile(histogram, 99) / 1e3,
	    (double)histogram_percentile(histogram, 99.9) / 1e3,
	    (double)histogram->max / 1e3);
}

static void
print_traffic(const struct options *options, const struct report *report,
    FILE *out)
{
	fprintf(out,
	    "traffic          %" PRIu32 " to %" PRIu32 ", QoS %" PRIu32
	    ", %" PRIu32 " bytes, ",
	    options->publishers, options->subscribers, options->qos,
	    options->payload_bytes);
	if (options->rate > 0)
		fprintf(out, "%" PRIu32 " messages/s\n", options->rate);
	else
		fprintf(out, "closed loop, window %" PRIu32 "\n",
		    options->window);
	fprintf(out, "published        %" PRIu64 " (%.0f/s)\n",
	    report->published,
	    per_second(report->published, report->measured_ns));
	fprintf(out, "%-16s %" PRIu64 " (%.0f/s)\n",
	    options->is_offline ? "acknowledged" : "delivered",
	    report->delivered,
	    per_second(report->delivered, report->measured_ns));
	if (report->return_ns > 0)
		fprintf(out, "fetched          %" PRIu64 " (%.0f/s)\n",
		    report->received,
		    per_second(report->received, report->return_ns));
	print_histogram("latency", &report->latency_ns, out);
	print_histogram("acknowledged", &report->second_ns, out);
	fprintf(out,
	    "whole run        %" PRIu64 " of %" PRIu64 " deliveries, %" PRIu64
	    " lost, %" PRIu64 " duplicates, %" PRIu64 " out of order\n",
	    report->received, report->expected, report_lost(report),
	    report->duplicates, report->order_violations);
	if (report->timed_out > 0)
		fprintf(out, "given up         %" PRIu64 " messages\n",
		    report->timed_out);
	if (report->refused > 0)
		fprintf(out, "refused          %" PRIu64 " messages\n",
		    report->refused);
}

static void
print_connections(const struct options *options, const struct report *report,
    FILE *out)
{
	fprintf(out, "connections      %" PRIu64, report->connections);
	if (report->open_ns > 0)
		fprintf(out, " opened in %.2f s (%.0f/s)",
		    (double)report->open_ns / 1e9,
		    per_second(report->connections, report->open_ns));
	fputc('\n', out);
	if (options->scenario != SCENARIO_STORM)
		return;
	fprintf(out, "measured         %" PRIu64 " (%.0f/s)\n",
	    report->delivered,
	    per_second(report->delivered, report->measured_ns));
	print_histogram("to CONNACK", &report->latency_ns, out);
	print_histogram("TLS handshake", &report->second_ns, out);
}

static void
print_gauge(const struct options *options, const struct report *report,
    FILE *out)
{
	const struct gauge *gauge = &report->gauge;
	const char *unit = unit_of(options);

	if (gauge->has_broker_cpu && report->delivered > 0)
		fprintf(out, "broker CPU       %.2f us per %s (%.0f%%)\n",
		    us_each(gauge->broker_cpu_ns, report->delivered), unit,
		    100.0 * (double)gauge->broker_cpu_ns /
			(double)report->measured_ns);
	if (report->delivered > 0)
		fprintf(out, "own CPU          %.2f us per %s (%.0f%%)\n",
		    us_each(gauge->tool_cpu_ns, report->delivered), unit,
		    100.0 * (double)gauge->tool_cpu_ns /
			(double)report->measured_ns);
	if (gauge->has_broker_written && report->delivered > 0)
		fprintf(out, "broker writes    %.0f bytes per %s\n",
		    (double)gauge->broker_written_bytes /
			(double)report->delivered,
		    unit);
	if (gauge->has_files && report->delivered > 0)
		fprintf(out, "files grew by    %.0f bytes per %s\n",
		    files_growth(gauge) / (double)report->delivered, unit);
	if (gauge->has_broker_memory)
		fprintf(out,
		    "broker memory    %.2f kB per connection more than before,"
		    " %.2f kB in all with pages of files (%" PRIu64
		    " connections, %" PRIu32 " processes, PSS)\n",
		    kilobytes_each(growth_bytes(gauge),
			gauge->connection_count),
		    kilobytes_each((double)gauge->pss_after_bytes,
			gauge->connection_count),
		    gauge->connection_count, gauge->process_count);
	else if (gauge->memory_error != 0)
		fprintf(out, "broker memory    not known: %s\n",
		    strerror(-gauge->memory_error));
}

void
report_print(const struct options *options, const struct report *report,
    FILE *out)
{
	fprintf(out, "scenario         %s, MQTT %s, %.1f s%s\n",
	    scenario_name(options->scenario), options->version_text,
	    (double)report->measured_ns / 1e9,
	    report->is_interrupted ? ", interrupted" : "");
	if (is_traffic(options))
		print_traffic(options, report, out);
	print_connections(options, report, out);
	print_gauge(options, report, out);
	for (uint32_t i = 0; i < report->reasons->count; i++)
		fprintf(out, "failed           %" PRIu64 " clients: %s\n",
		    report->reasons->items[i].count,
		    report->reasons->items[i].text);
}
