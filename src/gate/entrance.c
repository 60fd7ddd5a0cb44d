/* SPDX-License-Identifier: Apache-2.0 */
#include "gate/entrance.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "lib/memory.h"

/* When nobody gives way: how long until somebody may. */
#define FULL_MS 100
/* How often it is seen if a minute of complaints is over. */
#define TICK_MS 1000

/* How the verdicts are counted. */
static const enum ipc_statistic statistics[ADMISSION_COUNT] = {
	[ADMISSION_CONNECTIONS] = IPC_STATISTIC_NOT_ADMITTED_CONNECTIONS,
	[ADMISSION_CONNECTIONS_PER_SOURCE] =
	    IPC_STATISTIC_NOT_ADMITTED_CONNECTIONS_PER_SOURCE,
	[ADMISSION_HANDSHAKES_PER_SOURCE] =
	    IPC_STATISTIC_NOT_ADMITTED_HANDSHAKES_PER_SOURCE,
	[ADMISSION_HANDSHAKES_PER_SECOND_PER_SOURCE] =
	    IPC_STATISTIC_NOT_ADMITTED_HANDSHAKES_PER_SECOND_PER_SOURCE,
	[ADMISSION_DISPLACED] = IPC_STATISTIC_NOT_ADMITTED_DISPLACED,
};

static uint64_t
now_ms(const struct entrance *entrance)
{
	return uv_now(&entrance->child->loop);
}

/* Complaining */

static void
on_tick(uv_timer_t *timer)
{
	struct entrance *entrance = timer->data;

	complaints_turn(&entrance->complaints, now_ms(entrance));
	if (entrance->complaints.began_ms == 0)
		uv_timer_stop(timer);
}

static void
need_tick(struct entrance *entrance)
{
	if (!uv_is_active((uv_handle_t *)&entrance->tick))
		uv_timer_start(&entrance->tick, on_tick, TICK_MS, TICK_MS);
}

static void
complain(struct entrance *entrance, enum admission verdict, uint64_t number)
{
	struct source *source = sources_get(entrance->admissions.sources,
	    number, now_ms(entrance));
	uint32_t refused;

	entrance->child->counted[statistics[verdict]]++;
	need_tick(entrance);
	if (complaint_note(&entrance->complaints, verdict, source,
		now_ms(entrance), &refused))
		complaint_log(verdict, number,
		    admission_limit(&entrance->admissions, verdict), refused);
}

bool
entrance_on_refused(struct entrance *entrance,
    const struct sockaddr_storage *address)
{
	const struct sockaddr *from = (const struct sockaddr *)address;
	struct source *source = NULL;

	need_tick(entrance);
	if (!admission_is_exempt(&entrance->admissions, from))
		source = sources_get(entrance->admissions.sources,
		    address_source(from), now_ms(entrance));
	return complaint_note_failed(&entrance->complaints, source,
	    now_ms(entrance));
}

/* Telling other gates what is under way */

static void
push_change(struct entrance *entrance, struct proc_peer *gate,
    enum ipc_source_change change, uint64_t source)
{
	const struct ipc_source message = { (uint8_t)change, source };
	struct buffer payload = { .data = NULL };

	ipc_source_encode(&message, &payload);
	proc_peer_push(entrance->child, gate, IPC_SOURCE, buffer_view(&payload),
	    -1, false);
	buffer_done(&payload);
}

static void
tell_gates(struct entrance *entrance, enum ipc_source_change change,
    uint64_t source)
{
	for (size_t i = 0; i < entrance->gate_count; i++) {
		struct entrance_peer *gate = entrance->gates[i];

		if (proc_peer_is_full(entrance->child, gate->public))
			gate->is_behind = true;
		if (!gate->is_behind)
			push_change(entrance, gate->public, change, source);
	}
}

/* All that is under way, from the beginning. */
static void
tell_all(struct entrance *entrance, struct proc_peer *gate)
{
	const struct tally *own = &entrance->admissions.own;

	push_change(entrance, gate, IPC_SOURCE_NONE, 0);
	for (size_t i = 0; i < own->capacity; i++)
		for (uint32_t j = 0; j < own->entries[i].count; j++)
			push_change(entrance, gate, IPC_SOURCE_MORE,
			    own->entries[i].source);
}

/* Letting in */

static bool
is_full(const struct entrance *entrance)
{
	return entrance->handshakes->count >= entrance->handshakes_max;
}

static void
make_room(struct entrance *entrance)
{
	struct sockaddr_storage address;

	while (is_full(entrance) &&
	       handshakes_displace(entrance->handshakes, &address))
		if (address.ss_family != AF_UNSPEC)
			complain(entrance, ADMISSION_DISPLACED,
			    address_source((const struct sockaddr *)&address));
}

/* Whoever is to give way does so when the next one is there. */
static uint64_t
wait_ms(void *context)
{
	struct entrance *entrance = context;
	uint64_t rate_ms = admission_wait_ms(&entrance->admissions,
	    now_ms(entrance));

	if (rate_ms > 0)
		return rate_ms;
	return is_full(entrance) &&
		       !handshakes_can_displace(entrance->handshakes)
		   ? FULL_MS
		   : 0;
}

/* Take in what has been said already by those who know. */
static void
hear_others(struct entrance *entrance)
{
	for (size_t i = 0; i < entrance->gate_count; i++)
		(void)proc_peer_await(entrance->child,
		    entrance->gates[i]->public, 0);
	for (size_t i = 0; i < entrance->worker_count; i++)
		(void)proc_peer_await(entrance->child,
		    entrance->workers[i]->public, 0);
}

static void
on_connection(void *context, int fd, const struct sockaddr_storage *address)
{
	const struct sockaddr *from = (const struct sockaddr *)address;
	struct entrance *entrance = context;
	uint64_t source = address_source(from);
	enum admission verdict;

	if (admission_is_close(&entrance->admissions, from))
		hear_others(entrance);
	verdict = admission_decide(&entrance->admissions, from,
	    now_ms(entrance));
	if (verdict != ADMISSION_GRANTED) {
		close(fd);
		complain(entrance, verdict, source);
		return;
	}
	make_room(entrance);
	admission_begin(&entrance->admissions, source, now_ms(entrance));
	tell_gates(entrance, IPC_SOURCE_MORE, source);
	handshake_begin(entrance->handshakes, fd, address);
}

static const struct acceptor_events acceptor_events = {
	.wait_ms = wait_ms,
	.on_connection = on_connection,
};

void
entrance_on_end(struct entrance *entrance,
    const struct sockaddr_storage *address)
{
	uint64_t source = address_source((const struct sockaddr *)address);

	admission_end(&entrance->admissions, source);
	tell_gates(entrance, IPC_SOURCE_LESS, source);
	if (wait_ms(entrance) == 0)
		acceptor_resume(&entrance->acceptor);
}

/* Others */

static void
add_peer(struct entrance_peer ***peers, size_t *peer_count,
    struct entrance_peer *peer)
{
	*peers = memory_resize(*peers, (*peer_count + 1) * sizeof(**peers));
	(*peers)[(*peer_count)++] = peer;
}

static void
remove_peer(struct entrance_peer **peers, size_t *peer_count,
    const struct entrance_peer *peer)
{
	for (size_t i = 0; i < *peer_count; i++)
		if (peers[i] == peer) {
			peers[i] = peers[--*peer_count];
			return;
		}
}

void
entrance_peer_up(struct entrance *entrance, struct proc_peer *public)
{
	struct entrance_peer *peer = memory_new(1, sizeof(*peer));
	bool is_gate = public->role == IPC_ROLE_GATE;

	peer->public = public;
	peer->admission = admission_peer_new(&entrance->admissions, is_gate);
	public->context = peer;
	if (!is_gate) {
		add_peer(&entrance->workers, &entrance->worker_count, peer);
		return;
	}
	add_peer(&entrance->gates, &entrance->gate_count, peer);
	tell_all(entrance, public);
}

void
entrance_peer_down(struct entrance *entrance, struct proc_peer *public)
{
	struct entrance_peer *peer = public->context;

	if (public->role == IPC_ROLE_GATE)
		remove_peer(entrance->gates, &entrance->gate_count, peer);
	else
		remove_peer(entrance->workers, &entrance->worker_count, peer);
	admission_peer_free(&peer->admission);
	free(peer);
	public->context = NULL;
}

void
entrance_peer_writable(struct entrance *entrance, struct proc_peer *public)
{
	struct entrance_peer *peer = public->context;

	if (public->role != IPC_ROLE_GATE || !peer->is_behind)
		return;
	peer->is_behind = false;
	tell_all(entrance, public);
}

int
entrance_on_source(struct entrance *entrance, struct proc_peer *public,
    struct bytes payload)
{
	struct entrance_peer *peer = public->context;
	struct ipc_source report;
	int error = ipc_source_decode(payload, &report);

	if (error != 0)
		return error;
	return admission_peer_report(&entrance->admissions, peer->admission,
	    &report, now_ms(entrance));
}

/* Opening and closing */

/* The setting holds for all gates together; each gets its share. */
static size_t
share_of(uint32_t handshakes, uint16_t gates)
{
	size_t share = gates > 0 ? handshakes / gates : handshakes;

	return share > 0 ? share : 1;
}

static void
take_share(struct entrance *entrance)
{
	entrance->handshakes_max = share_of(
	    entrance->child->config->limits.handshakes_in_flight,
	    entrance->child->start.gate_count);
}

void
entrance_renew(struct entrance *entrance)
{
	admissions_renew(&entrance->admissions, entrance->child->config);
	take_share(entrance);
	if (wait_ms(entrance) == 0)
		acceptor_resume(&entrance->acceptor);
}

void
entrance_open(struct entrance *entrance, struct proc_child *child,
    struct handshakes *handshakes)
{
	*entrance = (struct entrance){
		.child = child,
		.handshakes = handshakes,
	};
	admissions_init(&entrance->admissions, child->config);
	take_share(entrance);
	uv_timer_init(&child->loop, &entrance->tick);
	entrance->tick.data = entrance;
	acceptor_start(&entrance->acceptor, &child->loop, child->listeners,
	    child->listener_count, &acceptor_events, entrance);
}

void
entrance_close(struct entrance *entrance)
{
	acceptor_stop(&entrance->acceptor);
	complaints_end(&entrance->complaints);
	uv_close((uv_handle_t *)&entrance->tick, NULL);
}

void
entrance_done(struct entrance *entrance)
{
	for (size_t i = 0; i < entrance->gate_count; i++)
		free(entrance->gates[i]);
	for (size_t i = 0; i < entrance->worker_count; i++)
		free(entrance->workers[i]);
	free(entrance->gates);
	free(entrance->workers);
	admissions_done(&entrance->admissions);
}
