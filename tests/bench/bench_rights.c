/* SPDX-License-Identifier: Apache-2.0 */
/*
 * usage: bench_rights [ROUNDS]
 *
 * Prints what a question for rights costs, for an identity with ten rules:
 * granted by the first and by the last of them, and by none. In the rows
 * "worst" every rule has ${identity} and a wildcard, begins as the topic does,
 * and what denies is asked first: the topic has to be held against all of them
 * up to its last level.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "config/config.h"
#include "lib/hash.h"
#include "rights/rights.h"
#include "tls/handover.h"

#define ROUNDS 10000
#define TRIES  300

static size_t rounds = ROUNDS;

#define CONFIG                                                                 \
	"listen = ( { address = \"::1\"; } );\n"                               \
	"tls = { certificate = \"c\"; private_key = \"k\"; client_ca = "       \
	"\"a\"; "                                                              \
	"};\n"

/* Ten rules of one role; of five, two each, with what denies before. */
static const char one_role[] = CONFIG
    "roles = ( { name = \"r\"; match = { identity = \"*\"; }; publish = [\n"
    "\"devices/${identity}/state/+\", \"devices/${identity}/alarm/#\",\n"
    "\"sites/+/${identity}/state\", \"sites/${ou}/common\",\n"
    "\"apps/${client_id}/#\", \"logs/${identity}/#\",\n"
    "\"files/${identity}/+/done\", \"metrics/+/${identity}\",\n"
    "\"answers/${identity}/${client_id}/#\", \"last/${identity}/#\" ]; } );\n";
static const char five_roles[] = CONFIG
    "roles = (\n"
    "{ name = \"1\"; match = { identity = \"*\"; }; publish = [\n"
    "\"devices/${identity}/state/+\", \"devices/${identity}/alarm/#\" ]; },\n"
    "{ name = \"2\"; match = { ou = \"crew\"; }; publish = [\n"
    "\"sites/+/${identity}/state\", \"sites/${ou}/common\" ]; },\n"
    "{ name = \"3\"; match = { identity = \"p*\"; }; publish = [\n"
    "\"apps/${client_id}/#\", \"logs/${identity}/#\" ]; },\n"
    "{ name = \"4\"; match = { identity = \"*7\"; }; publish = [\n"
    "\"files/${identity}/+/done\", \"metrics/+/${identity}\" ]; },\n"
    "{ name = \"5\"; match = { identity = \"*\"; }; publish = [\n"
    "\"answers/${identity}/${client_id}/#\", \"last/${identity}/#\" ]; } );\n";
static const char denied[] = CONFIG
    "roles = ( { name = \"r\"; match = { identity = \"*\"; }; publish = [\n"
    "\"devices/${identity}/state/+\", \"sites/+/${identity}/state\",\n"
    "\"apps/${client_id}/#\", \"answers/${identity}/#\",\n"
    "\"last/${identity}/#\" ]; deny = { publish = [\n"
    "\"devices/+/firmware\", \"sites/+/+/keys\", \"apps/admin/#\",\n"
    "\"answers/${identity}/secret/#\", \"last/${ou}/#\" ]; }; } );\n";

static const char worst[] = CONFIG
    "roles = ( { name = \"r\"; match = { identity = \"*\"; }; publish = [\n"
    "\"devices/${identity}/+/state\", \"devices/${identity}/+/alarm\",\n"
    "\"devices/${identity}/+/done\", \"devices/${identity}/+/count\",\n"
    "\"devices/${identity}/+/value/#\" ]; deny = { publish = [\n"
    "\"devices/${identity}/+/key\", \"devices/${identity}/+/secret\",\n"
    "\"devices/${identity}/+/firmware\", \"devices/${identity}/+/owner\",\n"
    "\"devices/${identity}/+/reset/#\" ]; }; } );\n";

static const struct rights *
load(const char *text, struct rights_table **table)
{
	static const uint8_t fingerprint[TLS_HASH_LEN];
	struct rights_certificate certificate = {
		.identity = BYTES_LITERAL("pump-0017"),
		.fingerprint = fingerprint,
	};
	struct buffer fields = { .data = NULL };
	struct config *config = NULL;
	struct config_error error;
	const struct rights *rights;

	if (config_parse("bench", bytes_of_string(text), &config, &error) !=
		0 ||
	    rights_check_config(config, &error) != 0) {
		fprintf(stderr, "%s\n", error.text);
		exit(EXIT_FAILURE);
	}
	tls_field_append(&fields, TLS_FIELD_SUBJECT_OU, BYTES_LITERAL("crew"));
	certificate.fields = buffer_view(&fields);
	*table = rights_table_new(config);
	rights = rights_ref(*table, &certificate);
	buffer_done(&fields);
	config_free(&config);
	return rights;
}

static double
seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* The best of many short tries: what the processor needs when it is ours. */
static void
measure(const char *name, const struct rights *rights, const char *topic)
{
	const struct rights_request request = {
		.action = RIGHTS_PUBLISH,
		.identity = BYTES_LITERAL("pump-0017"),
		.client_id = BYTES_LITERAL("pump-0017-main"),
		.topic = bytes_of_string(topic),
	};
	struct rights_verdict verdict;
	double best = 1e9;
	size_t granted = 0;

	for (int i = 0; i < TRIES; i++) {
		double took, started = seconds();

		granted = 0;
		for (size_t k = 0; k < rounds; k++)
			granted += rights_check(rights, &request, &verdict);
		took = (seconds() - started) / (double)rounds * 1e9;
		if (took < best)
			best = took;
	}
	printf("%-12s %-44s %-8s %6.1f ns\n", name, topic,
	    granted == rounds ? "granted" : "denied", best);
}

static void
measure_all(const char *name, const char *text)
{
	struct rights_table *table;
	const struct rights *rights = load(text, &table);

	measure(name, rights, "devices/pump-0017/state/temperature");
	measure(name, rights, "last/pump-0017/temperature/celsius");
	measure(name, rights, "devices/pump-0018/state/temperature");
	measure(name, rights, "elsewhere/pump-0017");
	measure(name, rights, "devices/pump-0017/room-4/value");
	rights_unref(&rights);
	rights_table_free(&table);
}

int
main(int argc, char **argv)
{
	if (argc > 1)
		rounds = strtoul(argv[1], NULL, 10);
	hash_start();
	measure_all("one role", one_role);
	measure_all("five roles", five_roles);
	measure_all("denials", denied);
	measure_all("worst", worst);
	return EXIT_SUCCESS;
}
