/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the user asks for on the command line. One table gives the parsing,
 * the bounds and the help text.
 */
#ifndef SIGNET_BENCH_OPTIONS_H
#define SIGNET_BENCH_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "mqtt/mqtt.h"

enum scenario {
	SCENARIO_FAN_OUT,  /* one publisher, N subscribers */
	SCENARIO_PAIRS,    /* publisher i to subscriber i */
	SCENARIO_FAN_IN,   /* N publishers, one subscriber */
	SCENARIO_ALL,      /* each publisher to each subscriber */
	SCENARIO_STORM,    /* connect, disconnect, again */
	SCENARIO_IDLE,     /* connect and wait */
	SCENARIO_RETAINED, /* subscribe to retained messages */
};

struct options {
	enum scenario scenario;
	enum mqtt_version version;

	const char *host;
	const char *server_name; /* NULL: host */
	const char *ca;
	const char *cert;
	const char *key;
	const char *tls_version; /* NULL, "1.2" or "1.3" */
	const char *ciphers;     /* NULL: the library's choice */
	const char *files;       /* the broker's directory; NULL */
	const char *topic_prefix;
	const char *share; /* the subscribers are its members; NULL */
	const char *version_text;

	uint32_t port;
	uint32_t publishers; /* 0 until options_parse() has set it */
	uint32_t subscribers;
	uint32_t topics;
	uint32_t qos;
	uint32_t payload_bytes;
	uint32_t rate;           /* messages/s in all; 0: closed loop */
	uint32_t publisher_rate; /* messages/s of each; 0: as rate says */
	uint32_t window;
	uint32_t connections;
	uint32_t concurrency;
	uint32_t keep_alive;     /* seconds */
	uint32_t session_expiry; /* seconds, of subscribers; 0: none lasts */
	uint32_t pid;            /* 0: no broker to measure */

	uint32_t warm_up_ms;
	uint32_t measure_ms;
	uint32_t drain_ms;
	uint32_t connect_timeout_ms;

	bool awaits_acks; /* the window has what is not acknowledged, too */
	bool is_offline;  /* subscribers are away while messages are sent */
	bool json;
};

enum options_result { OPTIONS_RUN, OPTIONS_HELP, OPTIONS_VERSION, OPTIONS_BAD };

/*
 * Fill options from the command line; texts are borrowed from argv. A fault is
 * written to errors in one line.
 */
enum options_result options_parse(int argc, char **argv,
    struct options *options, FILE *errors);

void options_help(FILE *out);

const char *scenario_name(enum scenario scenario);

#endif
