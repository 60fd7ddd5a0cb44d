/* SPDX-License-Identifier: Apache-2.0 */
#include "gate/admission.h"

#include <errno.h>
#include <stdlib.h>

#include "gate/rate.h"
#include "lib/log.h"
#include "lib/memory.h"

#define MS_NS UINT64_C(1000000)

/* Sources that a tally tells apart, in 8 MB at the most: more than
 * limits.connections is at its default. */
#define TALLY_SOURCES_MAX ((size_t)1 << 18)

/* A few more: as many as can come in a turn. */
#define CLOSE 16

/* What is exempt without limits.source_exempt. */
static const char *const exempt_by_default[] = { "127.0.0.0/8", "::1/128" };

static const char *const words[ADMISSION_COUNT] = {
	[ADMISSION_GRANTED] = "granted",
	[ADMISSION_CONNECTIONS] = "connections",
	[ADMISSION_CONNECTIONS_PER_SOURCE] = "connections_per_source",
	[ADMISSION_HANDSHAKES_PER_SOURCE] = "handshakes_per_source",
	[ADMISSION_HANDSHAKES_PER_SECOND_PER_SOURCE] =
	    "handshakes_per_second_per_source",
	[ADMISSION_DISPLACED] = "displaced",
};

const char *
admission_word(enum admission verdict)
{
	return words[verdict];
}

uint32_t
admission_limit(const struct admissions *admissions, enum admission verdict)
{
	switch (verdict) {
	case ADMISSION_CONNECTIONS:
		return admissions->limits.connections;
	case ADMISSION_CONNECTIONS_PER_SOURCE:
		return admissions->limits.connections_per_source;
	case ADMISSION_HANDSHAKES_PER_SOURCE:
		return admissions->limits.handshakes_per_source;
	case ADMISSION_HANDSHAKES_PER_SECOND_PER_SOURCE:
		return admissions->limits.handshakes_per_second_per_source;
	default:
		return 0;
	}
}

static void
take_exempt(struct admissions *admissions, const char *const *texts,
    size_t count)
{
	free(admissions->exempt);
	admissions->exempt = memory_new(count + 1,
	    sizeof(struct address_prefix));
	admissions->exempt_count = count;
	for (size_t i = 0; i < count; i++)
		if (address_prefix_parse(texts[i], &admissions->exempt[i]) != 0)
			panic("the configuration's prefixes were checked");
}

void
admissions_renew(struct admissions *admissions, const struct config *config)
{
	const struct config_strings *exempt = &config->limits.source_exempt;

	admissions->limits = (struct admission_limits){
		.connections = config->limits.connections,
		.connections_per_source = config->limits.connections_per_source,
		.handshakes_per_source = config->limits.handshakes_per_source,
		.handshakes_per_second = config->limits.handshakes_per_second,
		.handshakes_per_second_per_source =
		    config->limits.handshakes_per_second_per_source,
	};
	if (exempt->items == NULL)
		take_exempt(admissions, exempt_by_default,
		    sizeof(exempt_by_default) / sizeof(exempt_by_default[0]));
	else
		take_exempt(admissions, (const char *const *)exempt->items,
		    exempt->count);
}

void
admissions_init(struct admissions *admissions, const struct config *config)
{
	*admissions = (struct admissions){ .sources = sources_new() };
	tally_init(&admissions->own, TALLY_SOURCES_MAX);
	LIST_INIT(&admissions->peers);
	admissions_renew(admissions, config);
}

void
admissions_done(struct admissions *admissions)
{
	struct admission_peer *peer;

	while ((peer = LIST_FIRST(&admissions->peers)) != NULL)
		admission_peer_free(&peer);
	tally_done(&admissions->own);
	sources_free(&admissions->sources);
	free(admissions->exempt);
	admissions->exempt = NULL;
}

bool
admission_is_exempt(const struct admissions *admissions,
    const struct sockaddr *address)
{
	for (size_t i = 0; i < admissions->exempt_count; i++)
		if (address_is_in(address, &admissions->exempt[i]))
			return true;
	return false;
}

/* Without handshakes: nobody who is not authenticated takes another's place. */
static uint64_t
count_connected(const struct admissions *admissions)
{
	const struct admission_peer *peer;
	uint64_t count = 0;

	LIST_FOREACH(peer, &admissions->peers, link)
	if (!peer->is_gate)
		count += peer->tally.total;
	return count;
}

static uint64_t
count_handshakes(const struct admissions *admissions, uint64_t source)
{
	const struct admission_peer *peer;
	uint64_t count = tally_count(&admissions->own, source);

	LIST_FOREACH(peer, &admissions->peers, link)
	if (peer->is_gate)
		count += tally_count(&peer->tally, source);
	return count;
}

static uint64_t
count_connections(const struct admissions *admissions, uint64_t source)
{
	const struct admission_peer *peer;
	uint64_t count = tally_count(&admissions->own, source);

	LIST_FOREACH(peer, &admissions->peers, link)
	count += tally_count(&peer->tally, source);
	return count;
}

static bool
is_reached(uint64_t count, uint32_t limit)
{
	return limit != 0 && count >= limit;
}

bool
admission_is_close(const struct admissions *admissions,
    const struct sockaddr *address)
{
	const struct admission_limits *limits = &admissions->limits;
	uint64_t source = address_source(address);

	return is_reached(count_connected(admissions) + CLOSE,
		   limits->connections) ||
	       is_reached(count_connections(admissions, source) + CLOSE,
		   limits->connections_per_source) ||
	       is_reached(count_handshakes(admissions, source) + CLOSE,
		   limits->handshakes_per_source);
}

enum admission
admission_decide(struct admissions *admissions, const struct sockaddr *address,
    uint64_t now_ms)
{
	const struct admission_limits *limits = &admissions->limits;
	uint64_t source = address_source(address);

	if (is_reached(count_connected(admissions), limits->connections))
		return ADMISSION_CONNECTIONS;
	if (admission_is_exempt(admissions, address))
		return ADMISSION_GRANTED;
	if (is_reached(count_connections(admissions, source),
		limits->connections_per_source))
		return ADMISSION_CONNECTIONS_PER_SOURCE;
	if (is_reached(count_handshakes(admissions, source),
		limits->handshakes_per_source))
		return ADMISSION_HANDSHAKES_PER_SOURCE;
	if (rate_wait_ns(
		sources_get(admissions->sources, source, now_ms)->spent_ns,
		limits->handshakes_per_second_per_source, now_ms * MS_NS) != 0)
		return ADMISSION_HANDSHAKES_PER_SECOND_PER_SOURCE;
	return ADMISSION_GRANTED;
}

uint64_t
admission_wait_ms(const struct admissions *admissions, uint64_t now_ms)
{
	return (rate_wait_ns(admissions->spent_ns,
		    admissions->limits.handshakes_per_second, now_ms * MS_NS) +
		   MS_NS - 1) /
	       MS_NS;
}

/* One has begun, here or in another gate. */
static void
spend(struct admissions *admissions, uint64_t source, uint64_t now_ms)
{
	const struct admission_limits *limits = &admissions->limits;

	rate_spend(&admissions->spent_ns, limits->handshakes_per_second,
	    now_ms * MS_NS);
	rate_spend(&sources_get(admissions->sources, source, now_ms)->spent_ns,
	    limits->handshakes_per_second_per_source, now_ms * MS_NS);
}

void
admission_begin(struct admissions *admissions, uint64_t source, uint64_t now_ms)
{
	tally_add(&admissions->own, source);
	spend(admissions, source, now_ms);
}

void
admission_end(struct admissions *admissions, uint64_t source)
{
	if (!tally_remove(&admissions->own, source))
		panic("a handshake that ends has begun");
}

uint32_t
admission_weight(const struct admissions *admissions,
    const struct sockaddr *address)
{
	if (admission_is_exempt(admissions, address))
		return 1;
	return (uint32_t)count_handshakes(admissions, address_source(address));
}

struct admission_peer *
admission_peer_new(struct admissions *admissions, bool is_gate)
{
	struct admission_peer *peer = memory_new(1, sizeof(*peer));

	peer->is_gate = is_gate;
	tally_init(&peer->tally, TALLY_SOURCES_MAX);
	LIST_INSERT_HEAD(&admissions->peers, peer, link);
	return peer;
}

void
admission_peer_free(struct admission_peer **peer)
{
	if (*peer == NULL)
		return;
	LIST_REMOVE(*peer, link);
	tally_done(&(*peer)->tally);
	free(*peer);
	*peer = NULL;
}

int
admission_peer_report(struct admissions *admissions,
    struct admission_peer *peer, const struct ipc_source *report,
    uint64_t now_ms)
{
	switch (report->change) {
	case IPC_SOURCE_NONE:
		tally_clear(&peer->tally);
		return 0;
	case IPC_SOURCE_MORE:
		tally_add(&peer->tally, report->source);
		if (peer->is_gate)
			spend(admissions, report->source, now_ms);
		return 0;
	default:
		return tally_remove(&peer->tally, report->source) ? 0
								  : -EBADMSG;
	}
}
