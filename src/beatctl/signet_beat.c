/* SPDX-License-Identifier: Apache-2.0 */
/*
 * signet-beat: connect, ask for a heartbeat, and show round-trip times and loss
 * as they come. The reference of a client; signet-beat(1).
 */
#include <errno.h>
#include <getopt.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "beatctl/link.h"
#include "beatctl/pulse.h"
#include "lib/clock.h"

/* How long an offer may take. */
#define OFFER_MS 30000

struct options {
	struct link_options link;
	uint64_t count; /* of answers; 0: until it is told to end */
	bool is_quiet;
};

static volatile sig_atomic_t is_told_to_end;

static void
on_signal(int number)
{
	(void)number;
	is_told_to_end = 1;
}

static uint64_t
now_us(void)
{
	return clock_monotonic_ns() / 1000;
}

static void
print_usage(FILE *out)
{
	fputs("usage: signet-beat --ca FILE --cert FILE --key FILE [options]\n"
	      "  -h, --host NAME          of the server (localhost)\n"
	      "  -p, --port PORT          of TLS (8883)\n"
	      "      --ca, --cert, --key  PEM files\n"
	      "  -i, --id CLIENT-ID       the server's choice\n"
	      "  -I, --interval MS        that is asked for (1000)\n"
	      "  -k, --keep-alive SECONDS of MQTT (60)\n"
	      "  -c, --count NUMBER       end after so many answers\n"
	      "  -q, --quiet              print the summary alone\n"
	      "      --version, --help\n",
	    out);
}

static uint64_t
number_of(const char *text, uint64_t least, uint64_t most)
{
	char *end;
	unsigned long long number;

	errno = 0;
	number = strtoull(text, &end, 10);
	if (errno != 0 || *text < '0' || *text > '9' || *end != '\0' ||
	    number < least || number > most) {
		fprintf(stderr,
		    "signet-beat: %s: not a number from %llu to "
		    "%llu\n",
		    text, (unsigned long long)least, (unsigned long long)most);
		exit(2);
	}
	return number;
}

static const struct option names[] = {
	{ "host", required_argument, NULL, 'h' },
	{ "port", required_argument, NULL, 'p' },
	{ "ca", required_argument, NULL, 'A' },
	{ "cert", required_argument, NULL, 'C' },
	{ "key", required_argument, NULL, 'K' },
	{ "id", required_argument, NULL, 'i' },
	{ "interval", required_argument, NULL, 'I' },
	{ "keep-alive", required_argument, NULL, 'k' },
	{ "count", required_argument, NULL, 'c' },
	{ "quiet", no_argument, NULL, 'q' },
	{ "version", no_argument, NULL, 'V' },
	{ "help", no_argument, NULL, 'H' },
	{ NULL, 0, NULL, 0 },
};

static void
take_option(struct options *options, int option)
{
	switch (option) {
	case 'h':
		options->link.host = optarg;
		break;
	case 'p':
		(void)number_of(optarg, 1, UINT16_MAX);
		options->link.port = optarg;
		break;
	case 'A':
		options->link.ca = optarg;
		break;
	case 'C':
		options->link.cert = optarg;
		break;
	case 'K':
		options->link.key = optarg;
		break;
	case 'i':
		options->link.client_id = optarg;
		break;
	case 'I':
		options->link.interval_ms = (uint32_t)number_of(optarg, 1,
		    3600000);
		break;
	case 'k':
		options->link.keep_alive_seconds = (uint16_t)number_of(optarg,
		    0, UINT16_MAX);
		break;
	case 'c':
		options->count = number_of(optarg, 1, UINT64_MAX);
		break;
	case 'q':
		options->is_quiet = true;
		break;
	case 'V':
		printf("signet-beat %s\n", PACKAGE_VERSION);
		exit(0);
	case 'H':
		print_usage(stdout);
		exit(0);
	default:
		print_usage(stderr);
		exit(2);
	}
}

static void
take_options(struct options *options, int argc, char **argv)
{
	int option;

	while ((option = getopt_long(argc, argv, "h:p:i:I:k:c:q", names,
		    NULL)) != -1)
		take_option(options, option);
	if (optind != argc || options->link.ca == NULL ||
	    options->link.cert == NULL || options->link.key == NULL) {
		print_usage(stderr);
		exit(2);
	}
}

static double
lost_percent(const struct pulse *pulse)
{
	return pulse->sent == 0
		   ? 0
		   : 100.0 * (double)(pulse->sent - pulse->received) /
			 (double)pulse->sent;
}

static void
print_answer(const struct pulse *pulse)
{
	printf("%llu: %.3f ms, %.1f %% lost%s%s%s\n",
	    (unsigned long long)pulse->received, (double)pulse->last_us / 1000,
	    lost_percent(pulse),
	    pulse->flags & BEAT_MESSAGES_WAIT ? ", messages wait" : "",
	    pulse->flags & BEAT_GOING_AWAY ? ", the server is ending" : "",
	    pulse->flags & BEAT_NEW_KEY ? ", a new key is there" : "");
}

static void
print_summary(const struct pulse *pulse)
{
	printf("%llu sent, %llu answered, %.1f %% lost, %llu dropped\n",
	    (unsigned long long)pulse->sent,
	    (unsigned long long)pulse->received, lost_percent(pulse),
	    (unsigned long long)pulse->dropped);
	if (pulse->received > 0)
		printf("round trip: %.3f ms least, %.3f mean, %.3f most\n",
		    (double)pulse->least_us / 1000,
		    (double)pulse->sum_us / (double)pulse->received / 1000,
		    (double)pulse->most_us / 1000);
}

static int
take_offer(struct pulse *pulse, struct link *link,
    const struct beat_offer *offer, const struct options *options)
{
	int error;

	if (offer->is_ended) {
		printf("the server has turned heartbeats off\n");
		pulse_end(pulse);
		return 0;
	}
	if (!options->is_quiet)
		printf("port %u, key %u, every %u ms, %u misses\n", offer->port,
		    offer->key_number, offer->interval_ms, offer->misses);
	error = pulse_begin(pulse, offer, &link->server, link->server_len,
	    now_us());
	if (error != 0)
		fprintf(stderr, "signet-beat: UDP: %s\n", strerror(-error));
	return error;
}

/* Until when to wait for what comes next. */
static int
wait_ms(const struct pulse *pulse, uint64_t ping_at_ms)
{
	uint64_t now_ms = now_us() / 1000;
	uint64_t next_ms = ping_at_ms;

	if (pulse->fd >= 0 && beat_pacer_next_ms(&pulse->pacer) < next_ms)
		next_ms = beat_pacer_next_ms(&pulse->pacer);
	if (next_ms <= now_ms)
		return 0;
	return next_ms - now_ms < 1000 ? (int)(next_ms - now_ms) : 1000;
}

/* Half of the Keep Alive, so that one that is late is in time. */
static uint64_t
ping_after_ms(const struct options *options)
{
	return options->link.keep_alive_seconds == 0
		   ? UINT64_C(1) << 62
		   : UINT64_C(500) * options->link.keep_alive_seconds;
}

/* Send PINGREQ if Keep Alive wants it, or where no beats are answered. */
static int
ping_in_time(struct pulse *pulse, struct link *link,
    const struct options *options, uint64_t *ping_at_ms)
{
	bool is_in_doubt = pulse_is_in_doubt(pulse, now_us());

	if (!is_in_doubt && now_us() / 1000 < *ping_at_ms)
		return 0;
	*ping_at_ms = now_us() / 1000 + ping_after_ms(options);
	return link_ping(link);
}

/* 0 when it is to end; 1 if the server is gone. */
static int
run(struct pulse *pulse, struct link *link, const struct options *options)
{
	uint64_t began_ms = now_us() / 1000;
	uint64_t ping_at_ms = began_ms + ping_after_ms(options);
	struct beat_offer offer;
	char why[256] = "the connection has ended";

	while (!is_told_to_end &&
	       (options->count == 0 || pulse->received < options->count)) {
		struct pollfd fds[2] = {
			{ .fd = link->fd, .events = POLLIN },
			{ .fd = pulse->fd, .events = POLLIN },
		};
		bool has_input = link_has_input(link);
		uint64_t pongs = link->pongs;
		int status = 0;

		(void)poll(fds, 2, has_input ? 0 : wait_ms(pulse, ping_at_ms));
		if (has_input || fds[0].revents != 0)
			status = link_receive(link, &offer, why, sizeof(why));
		if (status > 0)
			status = take_offer(pulse, link, &offer, options);
		if (pulse_receive(pulse, now_us()) > 0 && !options->is_quiet)
			print_answer(pulse);
		if (link->pongs != pongs)
			pulse_heard(pulse, now_us());
		if (status == 0)
			status = ping_in_time(pulse, link, options,
			    &ping_at_ms);
		if (status < 0) {
			fprintf(stderr, "signet-beat: %s\n", why);
			return 1;
		}
		pulse_turn(pulse, now_us());
		if (pulse_is_over(pulse, now_us())) {
			printf("the server, or the way to it, is gone\n");
			return 1;
		}
		if (pulse->fd < 0 && pulse->sent == 0 &&
		    now_us() / 1000 - began_ms > OFFER_MS) {
			fprintf(stderr, "signet-beat: no heartbeat is "
					"offered\n");
			return 1;
		}
	}
	return 0;
}

int
main(int argc, char **argv)
{
	struct options options = {
		.link = { .host = "localhost",
		    .port = "8883",
		    .client_id = "",
		    .interval_ms = 1000,
		    .keep_alive_seconds = 60 },
	};
	struct pulse pulse = { .fd = -1 };
	struct link link;
	char why[256] = "the connection has ended";
	int status;

	take_options(&options, argc, argv);
	setvbuf(stdout, NULL, _IOLBF, 0);
	signal(SIGINT, on_signal);
	signal(SIGTERM, on_signal);
	signal(SIGPIPE, SIG_IGN);
	if (link_open(&link, &options.link, why, sizeof(why)) != 0) {
		fprintf(stderr, "signet-beat: %s\n", why);
		link_close(&link);
		return 1;
	}
	status = run(&pulse, &link, &options);
	print_summary(&pulse);
	pulse_end(&pulse);
	link_close(&link);
	return status;
}
