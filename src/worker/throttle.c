/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Each limit has a time up to which its rate is used up. It moves on with what
 * the client sends, and may be ahead of the clock by what can come at once.
 */
#include "worker/throttle.h"

#include <stdlib.h>

#include "lib/hash.h"
#include "lib/memory.h"
#include "worker/denials.h"
#include "worker/session.h"

#define SECOND_NS 1000000000u
#define MS_NS     1000000u

/* What may come at once, after silence; and how much of it has to be there
 * again before the client goes on, so that it does not wake us for each. */
#define BURST_NS (1 * (uint64_t)SECOND_NS)
#define PAUSE_NS (BURST_NS / 10)

/* How exactly the pauses end. */
#define SLOT_MS 25

struct throttle {
	struct deadline deadline; /* set while the connection is held back */
	struct connection *connection;
	struct rights_limits limits;
	uint64_t messages_ns; /* up to when the rate is used up */
	uint64_t bytes_ns;
	uint32_t times;
};

static void
release(void *context, struct deadline *deadline)
{
	struct throttle *throttle = (struct throttle
		*)((char *)deadline - offsetof(struct throttle, deadline));
	struct connection *connection = throttle->connection;
	struct worker *worker = context;

	worker->throttle_count--;
	connection->is_throttled = false;
	/* One that is held for other reasons is resumed when they are over. */
	if (!connection->is_held)
		connection_resume(connection);
}

static void
on_timer(uv_timer_t *timer)
{
	struct worker *worker = timer->data;

	deadline_wheel_turn(&worker->throttles, worker_now_ms(worker), release,
	    worker);
	if (worker->throttle_count == 0)
		uv_timer_stop(timer);
}

void
throttles_init(struct worker *worker)
{
	deadline_wheel_init(&worker->throttles, SLOT_MS, worker_now_ms(worker));
	uv_timer_init(&worker->child->loop, &worker->throttle_timer);
	worker->throttle_timer.data = worker;
}

void
throttles_done(struct worker *worker)
{
	uv_close((uv_handle_t *)&worker->throttle_timer, NULL);
}

/* Let it go on, with the next thing that it is called for. */
static void
stop_waiting(struct connection *connection)
{
	if (!connection->is_throttled)
		return;
	deadline_clear(&connection->throttle->deadline);
	connection->is_throttled = false;
	connection->worker->throttle_count--;
}

void
throttle_free(struct connection *connection)
{
	stop_waiting(connection);
	free(connection->throttle);
	connection->throttle = NULL;
}

void
throttle_renew(struct connection *connection)
{
	struct rights_limits limits = rights_limits(connection->rights);
	struct throttle *throttle = connection->throttle;

	if (limits.messages_per_second == 0 && limits.bytes_per_second == 0) {
		/* What waits goes on when it would have. */
		if (throttle != NULL)
			throttle->limits = limits;
		return;
	}
	if (throttle == NULL)
		throttle = memory_new(1, sizeof(*throttle));
	throttle->connection = connection;
	throttle->limits = limits;
	connection->throttle = throttle;
}

uint32_t
throttle_times(const struct connection *connection)
{
	return connection->throttle == NULL ? 0 : connection->throttle->times;
}

/*
 * Use so much of a limit, from now on or from where it is used up.
 *
 * limit: a second; 0: there is none.
 * Returns how long has to be waited for more of it.
 */
static uint64_t
use(uint64_t *used_ns, uint32_t limit, uint64_t amount, uint64_t now_ns)
{
	if (limit == 0)
		return 0;
	if (*used_ns < now_ns)
		*used_ns = now_ns;
	*used_ns += amount * SECOND_NS / limit;
	if (*used_ns <= now_ns + BURST_NS)
		return 0;
	return *used_ns - now_ns - BURST_NS + PAUSE_NS;
}

static void
log_throttled(const struct connection *connection, bool is_messages)
{
	const struct session *session = connection->session;
	const struct rights_limits *limits = &connection->throttle->limits;

	log_warning(log_id("session", connection->id),
	    log_word("event", "throttled"),
	    log_text("identity", session_identity(session)),
	    log_text("client_id", session_client_id(session)),
	    log_word("limit",
		is_messages ? "messages_per_second" : "bytes_per_second"),
	    log_number("allowed", is_messages ? limits->messages_per_second
					      : limits->bytes_per_second),
	    log_number("count", connection->throttle->times));
}

/* Once a minute and identity, as denials are. */
static void
report(struct connection *connection, bool is_messages)
{
	struct worker *worker = connection->worker;
	uint32_t count;
	uint64_t hash = ~hash_of(session_identity(connection->session));

	if (denials_note(worker->denials, hash, worker_now_ms(worker), &count))
		log_throttled(connection, is_messages);
}

static void
hold(struct connection *connection, uint64_t wait_ns)
{
	struct worker *worker = connection->worker;
	struct throttle *throttle = connection->throttle;

	connection->is_throttled = true;
	throttle->times++;
	worker->child->counted[IPC_STATISTIC_THROTTLED]++;
	deadline_set(&worker->throttles, &throttle->deadline,
	    worker_now_ms(worker) + wait_ns / MS_NS + 1);
	if (worker->throttle_count++ == 0)
		uv_timer_start(&worker->throttle_timer, on_timer, SLOT_MS,
		    SLOT_MS);
}

void
throttle_count(struct connection *connection, const struct mqtt_frame *frame)
{
	struct throttle *throttle = connection->throttle;
	uint64_t now_ns = worker_now_ms(connection->worker) * MS_NS;
	uint64_t messages_ns, bytes_ns;

	messages_ns = use(&throttle->messages_ns,
	    throttle->limits.messages_per_second, frame->type == MQTT_PUBLISH,
	    now_ns);
	bytes_ns = use(&throttle->bytes_ns, throttle->limits.bytes_per_second,
	    frame->len, now_ns);
	if ((messages_ns == 0 && bytes_ns == 0) || connection->is_throttled ||
	    connection->state != CONNECTION_OPEN)
		return;
	hold(connection, messages_ns > bytes_ns ? messages_ns : bytes_ns);
	report(connection, messages_ns >= bytes_ns);
}
