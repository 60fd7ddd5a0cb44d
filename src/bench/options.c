/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/options.h"

#include <getopt.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "bench/stamp.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))
#define RATE_MAX        100000000u /* messages/s, more than anyone has */
#define LONG_ONLY       256        /* codes of options without a letter */
#define OFFLINE_EXPIRY  3600       /* seconds */
#define CODE_HELP       1
#define CODE_VERSION    2

enum kind { KIND_TEXT, KIND_NUMBER, KIND_SECONDS, KIND_FLAG };

struct option_row {
	const char *name;
	char letter; /* 0: none */
	enum kind kind;
	size_t offset;
	uint32_t min; /* of a number; seconds are milliseconds here */
	uint32_t max;
	const char *argument;
	const char *meaning;
};

#define AT(field) offsetof(struct options, field)

static const struct option_row rows[] = {
	{ "host", 'h', KIND_TEXT, AT(host), 0, 0, "HOST",
	    "the broker (default: localhost)" },
	{ "port", 'p', KIND_NUMBER, AT(port), 1, 65535, "PORT",
	    "its port (8883)" },
	{ "ca", 'A', KIND_TEXT, AT(ca), 0, 0, "FILE",
	    "CA certificates that the broker must be under" },
	{ "cert", 'C', KIND_TEXT, AT(cert), 0, 0, "FILE",
	    "certificate chain of all clients" },
	{ "key", 'K', KIND_TEXT, AT(key), 0, 0, "FILE",
	    "private key of that certificate" },
	{ "server-name", 0, KIND_TEXT, AT(server_name), 0, 0, "NAME",
	    "name in the broker's certificate (the host)" },
	{ "tls", 0, KIND_TEXT, AT(tls_version), 0, 0, "1.2|1.3",
	    "use this TLS version only" },
	{ "ciphers", 0, KIND_TEXT, AT(ciphers), 0, 0, "LIST",
	    "OpenSSL cipher list; with TLS 1.3, cipher suites" },
	{ "mqtt", 'V', KIND_TEXT, AT(version_text), 0, 0, "3.1.1|5",
	    "MQTT version (5)" },
	{ "publishers", 'P', KIND_NUMBER, AT(publishers), 1, 100000, "N",
	    "publishing clients (1; pairs, fan-in and all: 50)" },
	{ "subscribers", 'S', KIND_NUMBER, AT(subscribers), 1, 100000, "N",
	    "subscribing clients (50; fan-in: 1)" },
	{ "topics", 'T', KIND_NUMBER, AT(topics), 1, 10000, "N",
	    "topics of each publisher; all: of all together (1)" },
	{ "topic", 't', KIND_TEXT, AT(topic_prefix), 0, 0, "PREFIX",
	    "topic names begin with this (signet-bench)" },
	{ "share", 0, KIND_TEXT, AT(share), 0, 0, "GROUP",
	    "subscribers share: one of the group gets each message" },
	{ "qos", 'q', KIND_NUMBER, AT(qos), 0, 2, "0|1|2",
	    "of publishing and of subscribing (0)" },
	{ "payload", 's', KIND_NUMBER, AT(payload_bytes), STAMP_LEN, 268000000,
	    "BYTES", "payload of a message, 32 or more (64)" },
	{ "rate", 'r', KIND_NUMBER, AT(rate), 1, RATE_MAX, "N",
	    "messages a second, all publishers together" },
	{ "publisher-rate", 'R', KIND_NUMBER, AT(publisher_rate), 1, 1000000,
	    "N", "messages a second, each publisher" },
	{ "window", 'w', KIND_NUMBER, AT(window), 1, 10000, "N",
	    "without a rate: messages in flight of a publisher (1)" },
	{ "await-acks", 0, KIND_FLAG, AT(awaits_acks), 0, 0, NULL,
	    "... until they are acknowledged, too" },
	{ "warm-up", 'W', KIND_SECONDS, AT(warm_up_ms), 0, 3600000, "SECONDS",
	    "before measuring (1)" },
	{ "seconds", 'd', KIND_SECONDS, AT(measure_ms), 1, 864000000, "SECONDS",
	    "measured (10); idle: waiting (5)" },
	{ "drain", 0, KIND_SECONDS, AT(drain_ms), 1, 3600000, "SECONDS",
	    "a message that takes longer is lost (5)" },
	{ "connections", 'n', KIND_NUMBER, AT(connections), 1, 1000000, "N",
	    "idle connections to open (1000)" },
	{ "concurrency", 'c', KIND_NUMBER, AT(concurrency), 1, 100000, "N",
	    "connections being opened at once (16)" },
	{ "connect-timeout", 0, KIND_SECONDS, AT(connect_timeout_ms), 1,
	    3600000, "SECONDS", "from connect to CONNACK (10)" },
	{ "keep-alive", 'k', KIND_NUMBER, AT(keep_alive), 0, 65535, "SECONDS",
	    "of each session; 0: none (60)" },
	{ "session-expiry", 0, KIND_NUMBER, AT(session_expiry), 0, UINT32_MAX,
	    "SECONDS", "subscribers' sessions outlast connections (0)" },
	{ "offline", 0, KIND_FLAG, AT(is_offline), 0, 0, NULL,
	    "subscribers are away while messages are sent" },
	{ "pid", 0, KIND_NUMBER, AT(pid), 1, 4194304, "PID",
	    "measure this process and its descendants" },
	{ "files", 0, KIND_TEXT, AT(files), 0, 0, "DIR",
	    "measure how the files in this directory grow" },
	{ "json", 'j', KIND_FLAG, AT(json), 0, 0, NULL,
	    "report one JSON object" },
};

static const char *const scenario_names[] = {
	[SCENARIO_FAN_OUT] = "fan-out",
	[SCENARIO_PAIRS] = "pairs",
	[SCENARIO_FAN_IN] = "fan-in",
	[SCENARIO_ALL] = "all",
	[SCENARIO_STORM] = "storm",
	[SCENARIO_IDLE] = "idle",
	[SCENARIO_RETAINED] = "retained",
};

const char *
scenario_name(enum scenario scenario)
{
	return scenario_names[scenario];
}

void
options_help(FILE *out)
{
	fputs("usage: signet-bench [options] "
	      "fan-out|pairs|fan-in|all|storm|idle|retained\n\n",
	    out);
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		const struct option_row *row = &rows[i];
		char left[64];

		snprintf(left, sizeof(left), "%c%c%c --%s%s%s",
		    row->letter ? '-' : ' ', row->letter ? row->letter : ' ',
		    row->letter ? ',' : ' ', row->name,
		    row->argument != NULL ? " " : "",
		    row->argument != NULL ? row->argument : "");
		fprintf(out, "  %-30s %s\n", left, row->meaning);
	}
	fputs("      --help                     this text\n"
	      "      --version                  the version\n",
	    out);
}

static bool
number_parse(const struct option_row *row, const char *text, uint32_t *value)
{
	char *end;
	double number = strtod(text, &end);

	if (row->kind == KIND_SECONDS)
		number *= 1000;
	if (end == text || *end != '\0' || !(number >= (double)row->min) ||
	    number > (double)row->max)
		return false;
	*value = (uint32_t)number;
	return row->kind == KIND_SECONDS || (double)*value == number;
}

static bool
row_apply(const struct option_row *row, const char *text,
    struct options *options, FILE *errors)
{
	char *field = (char *)options + row->offset;
	double scale = row->kind == KIND_SECONDS ? 1000 : 1;

	switch (row->kind) {
	case KIND_TEXT:
		memcpy(field, &text, sizeof(text));
		return true;
	case KIND_FLAG:
		*(bool *)field = true;
		return true;
	default:
		if (number_parse(row, text, (uint32_t *)(void *)field))
			return true;
		fprintf(errors,
		    "signet-bench: --%s %s: must be a number from %g to %g\n",
		    row->name, text, row->min / scale, row->max / scale);
		return false;
	}
}

static const struct option_row *
row_find(int code)
{
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		if (code == LONG_ONLY + (int)i ||
		    (rows[i].letter != 0 && code == rows[i].letter))
			return &rows[i];
	}
	return NULL;
}

/* getopt_long()'s tables from ours. */
static void
getopt_tables(struct option *longs, char *letters)
{
	size_t i;

	for (i = 0; i < COUNT_OF(rows); i++) {
		longs[i] = (struct option){ rows[i].name,
			rows[i].kind != KIND_FLAG, NULL, LONG_ONLY + (int)i };
		if (rows[i].letter == 0)
			continue;
		*letters++ = rows[i].letter;
		if (rows[i].kind != KIND_FLAG)
			*letters++ = ':';
	}
	longs[i++] = (struct option){ "help", 0, NULL, CODE_HELP };
	longs[i++] = (struct option){ "version", 0, NULL, CODE_VERSION };
	longs[i] = (struct option){ NULL, 0, NULL, 0 };
	*letters = '\0';
}

static bool
scenario_parse(const char *text, enum scenario *scenario)
{
	for (size_t i = 0; i < COUNT_OF(scenario_names); i++) {
		if (strcmp(text, scenario_names[i]) == 0) {
			*scenario = (enum scenario)i;
			return true;
		}
	}
	return false;
}

static void
defaults_set(struct options *options)
{
	bool is_from_many = options->scenario == SCENARIO_PAIRS ||
			    options->scenario == SCENARIO_FAN_IN ||
			    options->scenario == SCENARIO_ALL;

	if (options->measure_ms == 0)
		options->measure_ms = options->scenario == SCENARIO_IDLE
					  ? 5000
					  : 10000;
	if (options->publishers == 0)
		options->publishers = !is_from_many ? 1
				      : options->scenario == SCENARIO_PAIRS &&
					      options->subscribers > 0
					  ? options->subscribers
					  : 50;
	if (options->subscribers == 0)
		options->subscribers = options->scenario == SCENARIO_FAN_IN ? 1
				       : options->scenario == SCENARIO_PAIRS
					   ? options->publishers
					   : 50;
	if (options->is_offline && options->session_expiry == 0)
		options->session_expiry = OFFLINE_EXPIRY;
	if (options->server_name == NULL)
		options->server_name = options->host;
	if (options->publisher_rate > 0)
		options->rate = (uint64_t)options->publisher_rate *
					    options->publishers >
					RATE_MAX
				    ? RATE_MAX
				    : options->publisher_rate *
					  options->publishers;
}

/* NULL, or what is wrong with the options taken together. */
static const char *
fault_find(struct options *options)
{
	const char *tls = options->tls_version;

	if (options->ca == NULL || options->cert == NULL ||
	    options->key == NULL)
		return "--ca, --cert and --key are needed";
	if (tls != NULL && strcmp(tls, "1.2") != 0 && strcmp(tls, "1.3") != 0)
		return "--tls must be 1.2 or 1.3";
	if (strcmp(options->version_text, "5") == 0)
		options->version = MQTT_VERSION_5;
	else if (strcmp(options->version_text, "3.1.1") == 0)
		options->version = MQTT_VERSION_3_1_1;
	else
		return "--mqtt must be 3.1.1 or 5";
	if (options->rate > 0 && options->publisher_rate > 0)
		return "--rate and --publisher-rate exclude each other";
	if (strlen(options->topic_prefix) > 200 ||
	    strpbrk(options->topic_prefix, "+#") != NULL)
		return "--topic must be a topic name of at most 200 bytes";
	if (options->share != NULL &&
	    (strlen(options->share) > 50 || *options->share == '\0' ||
		strpbrk(options->share, "+#/") != NULL))
		return "--share must be a group's name of at most 50 bytes";
	return NULL;
}

static bool
is_pattern(enum scenario scenario)
{
	return scenario == SCENARIO_FAN_OUT || scenario == SCENARIO_PAIRS ||
	       scenario == SCENARIO_FAN_IN || scenario == SCENARIO_ALL;
}

/* The same, once the defaults are there. */
static const char *
counts_fault_find(const struct options *options)
{
	if (options->scenario == SCENARIO_FAN_OUT && options->publishers != 1)
		return "fan-out has one publisher; several: all";
	if (options->scenario == SCENARIO_RETAINED && options->publishers != 1)
		return "retained messages have one publisher";
	if (options->scenario == SCENARIO_FAN_IN && options->subscribers != 1)
		return "fan-in has one subscriber; several: all";
	if (options->scenario == SCENARIO_PAIRS &&
	    options->publishers != options->subscribers)
		return "pairs have as many publishers as subscribers";
	if (options->session_expiry > 0 && !is_pattern(options->scenario))
		return "sessions that last are of fan-out, pairs, fan-in, all";
	if (options->awaits_acks && (options->qos == 0 || options->rate > 0 ||
					!is_pattern(options->scenario)))
		return "--await-acks goes with a --qos above 0, and without a "
		       "rate";
	if (options->is_offline &&
	    (options->qos == 0 || options->rate > 0 || options->share != NULL))
		return "--offline goes with a --qos above 0, and without a "
		       "rate and --share";
	return NULL;
}

static bool
operands_parse(int argc, char **argv, struct options *options, FILE *errors)
{
	const char *fault;

	if (optind != argc - 1 ||
	    !scenario_parse(argv[optind], &options->scenario))
		fault = "one of fan-out, pairs, fan-in, all, storm, idle, "
			"retained is needed";
	else
		fault = fault_find(options);
	if (fault == NULL) {
		defaults_set(options);
		fault = counts_fault_find(options);
	}
	if (fault != NULL)
		fprintf(errors, "signet-bench: %s (see --help)\n", fault);
	return fault == NULL;
}

enum options_result
options_parse(int argc, char **argv, struct options *options, FILE *errors)
{
	struct option longs[COUNT_OF(rows) + 3];
	char letters[2 * COUNT_OF(rows) + 1];
	int code;

	*options = (struct options){
		.host = "localhost",
		.port = 8883,
		.version_text = "5",
		.topic_prefix = "signet-bench",
		.topics = 1,
		.payload_bytes = 64,
		.window = 1,
		.connections = 1000,
		.concurrency = 16,
		.keep_alive = 60,
		.warm_up_ms = 1000,
		.drain_ms = 5000,
		.connect_timeout_ms = 10000,
	};
	getopt_tables(longs, letters);
	optind = 0; /* start anew, also for a second call */
	while ((code = getopt_long(argc, argv, letters, longs, NULL)) != -1) {
		const struct option_row *row = row_find(code);

		if (code == CODE_HELP)
			return OPTIONS_HELP;
		if (code == CODE_VERSION)
			return OPTIONS_VERSION;
		if (row == NULL || !row_apply(row, optarg, options, errors))
			return OPTIONS_BAD;
	}
	return operands_parse(argc, argv, options, errors) ? OPTIONS_RUN
							   : OPTIONS_BAD;
}
