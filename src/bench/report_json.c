/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The report as one JSON object (RFC 8259). What is not known is null.
 */
#include <inttypes.h>

#include "bench/report.h"

static void
put_count(FILE *out, const char *name, uint64_t value)
{
	fprintf(out, ",\n  \"%s\": %" PRIu64, name, value);
}

/* numerator / denominator, or null. */
static void
put_ratio(FILE *out, const char *name, bool is_known, double numerator,
    double denominator)
{
	if (is_known && denominator > 0)
		fprintf(out, ",\n  \"%s\": %.3f", name,
		    numerator / denominator);
	else
		fprintf(out, ",\n  \"%s\": null", name);
}

/* Reasons hold text of the broker and of libraries: printable ASCII only. */
static void
put_text(FILE *out, const char *text)
{
	fputc('"', out);
	for (; *text != '\0'; text++) {
		unsigned char c = (unsigned char)*text;

		if (c == '"' || c == '\\')
			fprintf(out, "\\%c", c);
		else if (c < 0x20 || c > 0x7e)
			fprintf(out, "\\u%04x", c);
		else
			fputc(c, out);
	}
	fputc('"', out);
}

static void
put_histogram(FILE *out, const char *name, const struct histogram *histogram)
{
	static const double percents[] = { 50, 90, 99, 99.9 };

	fprintf(out, ",\n  \"%s_us\": ", name);
	if (histogram->count == 0) {
		fputs("null", out);
		return;
	}
	fputs("{ ", out);
	for (size_t i = 0; i < sizeof(percents) / sizeof(percents[0]); i++)
		fprintf(out, "\"p%g\": %.3f, ", percents[i],
		    (double)histogram_percentile(histogram, percents[i]) / 1e3);
	fprintf(out, "\"max\": %.3f }", (double)histogram->max / 1e3);
}

static void
put_options(FILE *out, const struct options *options)
{
	fprintf(out, "{\n  \"scenario\": \"%s\",\n  \"mqtt\": \"%s\"",
	    scenario_name(options->scenario), options->version_text);
	if (options->scenario == SCENARIO_STORM ||
	    options->scenario == SCENARIO_IDLE)
		return;
	put_count(out, "publishers", options->publishers);
	put_count(out, "subscribers", options->subscribers);
	put_count(out, "topics", options->topics);
	put_count(out, "qos", options->qos);
	put_count(out, "payload_bytes", options->payload_bytes);
	put_count(out, "rate", options->rate);
	put_count(out, "window", options->rate > 0 ? 0 : options->window);
	put_count(out, "session_expiry", options->session_expiry);
	fprintf(out, ",\n  \"offline\": %s",
	    options->is_offline ? "true" : "false");
}

static void
put_gauge(FILE *out, const struct report *report)
{
	const struct gauge *gauge = &report->gauge;
	double delivered = (double)report->delivered;
	double connections = (double)gauge->connection_count;
	double before = (double)gauge->pss_before_bytes;
	double after = (double)gauge->pss_after_bytes;
	bool has_memory = gauge->has_broker_memory;

	put_ratio(out, "broker_cpu_us_per_delivered", gauge->has_broker_cpu,
	    (double)gauge->broker_cpu_ns / 1e3, delivered);
	put_ratio(out, "broker_cpu_seconds", gauge->has_broker_cpu,
	    (double)gauge->broker_cpu_ns, 1e9);
	put_ratio(out, "broker_written_bytes_per_delivered",
	    gauge->has_broker_written, (double)gauge->broker_written_bytes,
	    delivered);
	put_ratio(out, "files_growth_bytes_per_delivered", gauge->has_files,
	    (double)gauge->files_after_bytes -
		(double)gauge->files_before_bytes,
	    delivered);
	put_ratio(out, "tool_cpu_us_per_delivered", true,
	    (double)gauge->tool_cpu_ns / 1e3, delivered);
	put_ratio(out, "tool_cpu_seconds", true, (double)gauge->tool_cpu_ns,
	    1e9);
	put_count(out, "broker_processes", gauge->process_count);
	put_ratio(out, "broker_pss_before_bytes", has_memory, before, 1);
	put_ratio(out, "broker_pss_after_bytes", has_memory, after, 1);
	put_ratio(out, "broker_pss_growth_bytes_per_connection", has_memory,
	    after - before, connections);
	put_ratio(out, "broker_own_growth_bytes_per_connection", has_memory,
	    (double)gauge->own_after_bytes - (double)gauge->own_before_bytes,
	    connections);
	put_ratio(out, "broker_pss_bytes_per_connection", has_memory, after,
	    connections);
}

static void
put_reasons(FILE *out, const struct reasons *reasons)
{
	put_count(out, "failed_clients", reasons->total);
	fputs(",\n  \"reasons\": [", out);
	for (uint32_t i = 0; i < reasons->count; i++) {
		fprintf(out,
		    "%s{ \"count\": %" PRIu64 ", \"text\": ", i > 0 ? ", " : "",
		    reasons->items[i].count);
		put_text(out, reasons->items[i].text);
		fputs(" }", out);
	}
	fputs("]", out);
}

void
report_print_json(const struct options *options, const struct report *report,
    FILE *out)
{
	double seconds = (double)report->measured_ns / 1e9;

	put_options(out, options);
	put_ratio(out, "measured_seconds", true, seconds, 1);
	put_count(out, "published", report->published);
	put_count(out, "delivered", report->delivered);
	put_ratio(out, "published_per_second", true, (double)report->published,
	    seconds);
	put_ratio(out, "delivered_per_second", true, (double)report->delivered,
	    seconds);
	put_ratio(out, "fetched_per_second", report->return_ns > 0,
	    (double)report->received * 1e9, (double)report->return_ns);
	put_histogram(out, "latency", &report->latency_ns);
	put_histogram(out,
	    options->scenario == SCENARIO_STORM ? "handshake" : "acknowledged",
	    &report->second_ns);
	put_count(out, "run_expected", report->expected);
	put_count(out, "run_received", report->received);
	put_count(out, "run_lost", report_lost(report));
	put_count(out, "run_duplicates", report->duplicates);
	put_count(out, "run_order_violations", report->order_violations);
	put_count(out, "run_refused", report->refused);
	put_count(out, "run_timed_out", report->timed_out);
	put_count(out, "connections", report->connections);
	put_ratio(out, "connections_opened_per_second", report->open_ns > 0,
	    (double)report->connections * 1e9, (double)report->open_ns);
	put_gauge(out, report);
	put_reasons(out, report->reasons);
	fprintf(out, ",\n  \"interrupted\": %s,\n  \"good\": %s\n}\n",
	    report->is_interrupted ? "true" : "false",
	    report_is_good(options, report) ? "true" : "false");
}
