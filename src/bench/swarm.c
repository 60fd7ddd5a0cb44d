/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/swarm.h"

#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <unistd.h>

#include "bench/tls_context.h"
#include "lib/memory.h"

#define SCRATCH_BYTES 131072
#define MANY_CLIENTS  1000
#define CARE_NS       UINT64_C(100000000)
#define SECOND_NS     UINT64_C(1000000000)

volatile sig_atomic_t swarm_interrupts;

int
swarm_init(struct swarm *swarm, const struct options *options, uint32_t count,
    char *fault, size_t fault_len)
{
	struct client_context *context = &swarm->context;
	bool has_many = count > MANY_CLIENTS ||
			options->scenario == SCENARIO_IDLE;
	int error;

	*swarm = (struct swarm){ .options = options, .count = count };
	swarm->epoll_fd = -1;
	error = endpoint_resolve(&context->endpoint, options->host,
	    options->port);
	if (error != 0) {
		snprintf(fault, fault_len, "%s: %s", options->host,
		    gai_strerror(error));
		return -EINVAL;
	}
	context->tls = tls_context_new(options, has_many, fault, fault_len);
	if (context->tls == NULL)
		return -EINVAL;
	context->server_name = options->server_name;
	context->version = options->version;
	context->keep_alive = options->keep_alive;
	context->scratch_len = SCRATCH_BYTES;
	context->scratch = memory_new(1, SCRATCH_BYTES);
	swarm->clients = memory_new(count, sizeof(*swarm->clients));
	swarm->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (swarm->epoll_fd < 0 ||
	    getrandom(&context->run, sizeof(context->run), 0) < 0) {
		snprintf(fault, fault_len, "the system refuses epoll");
		return -EINVAL;
	}
	swarm->now_ns = client_clock_ns();
	return 0;
}

void
swarm_done(struct swarm *swarm)
{
	for (uint32_t i = 0; swarm->clients != NULL && i < swarm->count; i++)
		client_disconnect(&swarm->clients[i]);
	free(swarm->clients);
	swarm->clients = NULL;
	free(swarm->context.scratch);
	swarm->context.scratch = NULL;
	SSL_CTX_free(swarm->context.tls);
	swarm->context.tls = NULL;
	if (swarm->epoll_fd >= 0)
		close(swarm->epoll_fd);
	swarm->epoll_fd = -1;
}

/* What to poll a client for follows from whether its output is blocked. */
static void
interest_set(struct swarm *swarm, struct client *client, int operation)
{
	struct epoll_event event = { .events = EPOLLIN };

	if (client->has_output_blocked)
		event.events |= EPOLLOUT;
	event.data.ptr = client;
	client->is_polled_for_output = client->has_output_blocked;
	if (epoll_ctl(swarm->epoll_fd, operation, client->fd, &event) < 0)
		client_fail(client, "the system refuses to poll");
}

static void
interest_update(struct swarm *swarm, struct client *client)
{
	if (client->state != CLIENT_IDLE && client->state != CLIENT_FAILED &&
	    client->is_polled_for_output != client->has_output_blocked)
		interest_set(swarm, client, EPOLL_CTL_MOD);
}

static void
open_as(struct swarm *swarm, struct client *client, uint32_t index)
{
	client_open(client, &swarm->context, index, client_clock_ns());
	if (client->state != CLIENT_FAILED)
		interest_set(swarm, client, EPOLL_CTL_ADD);
}

void
swarm_open(struct swarm *swarm, struct client *client)
{
	open_as(swarm, client, swarm->opened++);
}

void
swarm_open_again(struct swarm *swarm, struct client *client)
{
	open_as(swarm, client, client->index);
}

void
swarm_flush(struct swarm *swarm, struct client *client)
{
	if (client->state != CLIENT_READY || client->has_output_blocked)
		return;
	client_flush(client, swarm->now_ns);
	interest_update(swarm, client);
}

static void
client_care(struct swarm *swarm, struct client *client, uint64_t now_ns)
{
	uint64_t timeout_ns = (uint64_t)swarm->options->connect_timeout_ms *
			      1000000;

	if (client->state == CLIENT_READY) {
		if (client->keep_alive > 0 && client_output_len(client) == 0 &&
		    client->written_ns + client->keep_alive * SECOND_NS / 2 <
			now_ns) {
			client_ping(client);
			swarm_flush(swarm, client);
		}
		return;
	}
	if (client->state != CLIENT_IDLE && client->state != CLIENT_FAILED &&
	    client->opened_ns + timeout_ns < now_ns)
		client_fail(client, "timed out");
}

/*
 * The clients one by one: time-outs, pings, and failures that came while they
 * were not being read, which are told as if the socket were ready.
 */
static void
swarm_care(struct swarm *swarm)
{
	for (uint32_t i = 0; i < swarm->count; i++) {
		struct client *client = &swarm->clients[i];

		client_care(swarm, client, swarm->now_ns);
		if (client->state == CLIENT_FAILED &&
		    !client->is_failure_told &&
		    swarm->ready_count < SWARM_EVENTS)
			swarm->ready[swarm->ready_count++].data.ptr = client;
	}
	swarm->care_ns = swarm->now_ns + CARE_NS;
}

void
swarm_wait(struct swarm *swarm, uint64_t until_ns)
{
	struct timespec timeout = { 0, 0 };
	uint64_t now_ns = client_clock_ns();

	if (until_ns > swarm->care_ns)
		until_ns = swarm->care_ns;
	if (until_ns > now_ns) {
		timeout.tv_sec = (time_t)((until_ns - now_ns) / SECOND_NS);
		timeout.tv_nsec = (long)((until_ns - now_ns) % SECOND_NS);
	}
	swarm->ready_next = 0;
	swarm->ready_count = epoll_pwait2(swarm->epoll_fd, swarm->ready,
	    SWARM_EVENTS, &timeout, NULL);
	if (swarm->ready_count < 0)
		swarm->ready_count = 0; /* a signal */
	swarm->now_ns = client_clock_ns();
	if (swarm->now_ns >= swarm->care_ns)
		swarm_care(swarm);
}

/* Go on with the next ready client; false if there is none. */
static bool
current_enter(struct swarm *swarm)
{
	if (swarm->ready_next == swarm->ready_count)
		return false;
	swarm->current = swarm->ready[swarm->ready_next++].data.ptr;
	client_progress(swarm->current);
	return true;
}

/* Its events are taken: send what it answered, and read on if there is more. */
static void
current_leave(struct swarm *swarm)
{
	struct client *client = swarm->current;

	if (client->state == CLIENT_READY && client_output_len(client) > 0)
		swarm_flush(swarm, client);
	interest_update(swarm, client);
	if (client->state == CLIENT_READY && client->has_more) {
		client_progress(client);
		return;
	}
	swarm->current = NULL;
}

bool
swarm_next(struct swarm *swarm, struct client **client,
    struct client_event *event)
{
	for (;;) {
		if (swarm->current == NULL && !current_enter(swarm))
			return false;
		if (client_next(swarm->current, event))
			break;
		current_leave(swarm);
	}
	*client = swarm->current;
	if (event->type == CLIENT_EVENT_FAILED)
		reasons_add(&swarm->reasons, swarm->current->reason);
	else
		swarm->now_ns = swarm->current->read_ns;
	return true;
}

/* Open further clients, as many as may be opening at once. */
static uint32_t
openings_refill(struct swarm *swarm, uint32_t next, uint32_t *opening_count)
{
	while (next < swarm->count &&
	       *opening_count < swarm->options->concurrency) {
		swarm_open(swarm, &swarm->clients[next++]);
		(*opening_count)++;
	}
	return next;
}

int
swarm_open_all(struct swarm *swarm)
{
	uint32_t next = 0, opening_count = 0;
	struct client_event event;
	struct client *client;
	int failed_count = 0;

	while (next < swarm->count || opening_count > 0) {
		if (swarm_interrupts > 0)
			return -EINTR;
		next = openings_refill(swarm, next, &opening_count);
		swarm_wait(swarm, UINT64_MAX);
		while (swarm_next(swarm, &client, &event)) {
			if (event.type == CLIENT_EVENT_CONNECTED)
				opening_count--;
			if (event.type != CLIENT_EVENT_FAILED)
				continue;
			failed_count++;
			if (client->connected_ns == 0)
				opening_count--;
		}
	}
	return failed_count;
}
