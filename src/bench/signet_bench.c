/* SPDX-License-Identifier: Apache-2.0 */
/*
 * signet-bench: load on an MQTT broker over mutual TLS, and what came of it.
 *
 * Exit status: 0 all well; 1 messages or connections were lost; 2 the command
 * line or a file it names is wrong.
 */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "bench/scenario.h"
#include "lib/memory.h"

#define EXIT_FAULT 1
#define EXIT_USAGE 2

static void
on_signal(int number)
{
	(void)number;
	swarm_interrupts++;
}

static void
signals_set(void)
{
	struct sigaction action = { .sa_handler = on_signal };

	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	/* OpenSSL writes with write(): a closed connection is an error. */
	action.sa_handler = SIG_IGN;
	sigaction(SIGPIPE, &action, NULL);
}

/* Each connection is a descriptor: take as many as are allowed. */
static void
descriptors_raise(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
		return;
	limit.rlim_cur = limit.rlim_max;
	(void)setrlimit(RLIMIT_NOFILE, &limit);
}

static int
run(const struct options *options)
{
	static struct swarm swarm;
	struct report *report;
	char fault[512];
	bool is_good;

	if (swarm_init(&swarm, options, scenario_client_count(options), fault,
		sizeof(fault)) != 0) {
		fprintf(stderr, "signet-bench: %s\n", fault);
		swarm_done(&swarm);
		return EXIT_USAGE;
	}
	report = memory_new(1, sizeof(*report));
	report->reasons = &swarm.reasons;
	if (options->scenario == SCENARIO_STORM)
		scenario_storm(options, &swarm, report);
	else if (options->scenario == SCENARIO_IDLE)
		scenario_idle(options, &swarm, report);
	else if (options->scenario == SCENARIO_RETAINED)
		scenario_retained(options, &swarm, report);
	else
		scenario_traffic(options, &swarm, report);
	report->is_interrupted = swarm_interrupts != 0;
	if (options->json)
		report_print_json(options, report, stdout);
	else
		report_print(options, report, stdout);
	is_good = report_is_good(options, report);
	free(report);
	swarm_done(&swarm);
	return is_good ? EXIT_SUCCESS : EXIT_FAULT;
}

int
main(int argc, char **argv)
{
	struct options options;

	switch (options_parse(argc, argv, &options, stderr)) {
	case OPTIONS_HELP:
		options_help(stdout);
		return EXIT_SUCCESS;
	case OPTIONS_VERSION:
		puts("signet-bench " PACKAGE_VERSION);
		return EXIT_SUCCESS;
	case OPTIONS_BAD:
		return EXIT_USAGE;
	case OPTIONS_RUN:
		break;
	}
	signals_set();
	descriptors_raise();
	return run(&options);
}
