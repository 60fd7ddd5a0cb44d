/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The worker role.
 *
 * Duties: the records, packets and sessions of authenticated connections, and
 * the routing of messages between them and to other workers; heartbeats.
 * Privileges: none; the sockets that are handed to it, and its channels.
 * Receives: SESSION_HANDOFF from gates and workers; INTEREST_*, RETAINED_*,
 * PUBLISH_*, FORWARD_*, DENIAL* and EXPIRY from workers; STORE_* from the
 * store; TRUST_INDEX, STATISTICS_SUM, SESSIONS_*, HEARTBEAT_SOCKET, PROPOSE,
 * COMMIT and STOP from the master; datagrams of heartbeats from anybody.
 * Sends: SESSION_HANDOFF, INTEREST_*, RETAINED_*, PUBLISH_*, FORWARD_*,
 * DENIAL* and EXPIRY to workers; SOURCE to gates; STORE_* to the store;
 * SESSIONS_PAGE to the master.
 * On failure: its connections are lost, and nothing of the other workers'; what
 * it has acknowledged is on disk, and comes back with the one in its place.
 */
#include "worker/worker.h"

#include <sys/resource.h>

#include <errno.h>
#include <malloc.h>
#include <stdlib.h>

#include "lib/memory.h"
#include "tls/aead.h"
#include "worker/connection.h"
#include "worker/denial.h"
#include "worker/denials.h"
#include "worker/expiry.h"
#include "worker/handoff.h"
#include "worker/heartbeat.h"
#include "worker/inspect.h"
#include "worker/journal.h"
#include "worker/moved.h"
#include "worker/presence.h"
#include "worker/retention.h"
#include "worker/router.h"
#include "worker/session.h"
#include "worker/store_read.h"
#include "worker/sys.h"
#include "worker/throttle.h"

#define TICK_MS 1000

/* So many holes make it worth to look for them at once; fewer, when no more
 * come. */
#define TRIM_COUNT 256

/* Channels, messages by descriptor, the loop's own. */
#define DESCRIPTORS_RESERVED 256

/* By so many a worker may have more than twice its share, if there are few. */
#define CHANCE_CONNECTIONS 64

/* Blocks above go back to the system at once; so does free memory above. */
#define HEAP_BLOCK_MAX (1024 * 1024)
#define HEAP_TOP_MAX   (2 * 1024 * 1024)

/* A connection that was silent so long gives back what can be made again. */
#define REST_MS 1000

unsigned int
worker_home_of(const struct worker *worker, struct bytes key)
{
	return hash_home(worker->child->start.home_key, key,
	    worker->child->start.worker_count);
}

bool
worker_is_congested(const struct worker *worker)
{
	for (unsigned int i = 0; i < WORKER_SET_MAX; i++)
		if (worker->peers[i] != NULL &&
		    proc_peer_is_full(worker->child, worker->peers[i]))
			return true;
	return false;
}

bool
worker_is_full(const struct worker *worker)
{
	return journal_is_full(worker) || forwards_is_full(worker) ||
	       retention_is_full(worker);
}

/* Let publishers go on that were held back for a full queue. */
static void
resume_held(struct worker *worker)
{
	struct connection *connection;

	while (worker->is_ready && !worker_is_congested(worker) &&
	       !worker_is_full(worker) &&
	       (connection = TAILQ_FIRST(&worker->held)) != NULL)
		connection_resume(connection);
}

static void
ready_if_complete(struct worker *worker)
{
	if (worker->is_ready || !journal_is_loaded(worker) ||
	    !interest_is_complete(worker))
		return;
	worker->is_ready = true;
	wills_resend(worker);
	proc_child_ready(worker->child);
	resume_held(worker);
}

static void
on_peer_up(struct proc_child *child, struct proc_peer *peer)
{
	struct worker *worker = child->context;

	if (peer->role == IPC_ROLE_STORE)
		journal_store_up(worker, peer);
	if (peer->role == IPC_ROLE_GATE)
		sources_gate_up(worker, peer);
	if (peer->role != IPC_ROLE_WORKER)
		return;
	if (peer->index >= WORKER_SET_MAX)
		panic("the schema bounds the number of workers");
	worker->peers[peer->index] = peer;
	forwards_peer_up(worker, peer->index);
	interest_peer_up(worker, peer);
	handoff_retry(worker);
}

static void
on_peer_down(struct proc_child *child, struct proc_peer *peer)
{
	struct worker *worker = child->context;

	if (peer->role == IPC_ROLE_STORE)
		journal_store_down(worker);
	if (peer->role == IPC_ROLE_GATE)
		sources_gate_down(worker, peer);
	if (peer->role != IPC_ROLE_WORKER)
		return;
	worker->peers[peer->index] = NULL;
	forwards_peer_down(worker, peer->index);
	interest_peer_down(worker, peer);
	retention_peer_down(worker, peer);
	resume_held(worker);
}

static void
on_peer_writable(struct proc_child *child, struct proc_peer *peer)
{
	struct worker *worker = child->context;

	if (peer->role == IPC_ROLE_GATE)
		sources_gate_writable(worker, peer);
	if (peer->role != IPC_ROLE_WORKER)
		return;
	handoff_retry(worker);
	resume_held(worker);
}

static int
on_message(struct proc_child *child, struct proc_peer *peer,
    struct ipc_message *message)
{
	struct worker *worker = child->context;

	switch (message->type) {
	case IPC_SESSION_HANDOFF:
		return on_session_handoff(worker, peer, message);
	case IPC_PUBLISH_FORWARD:
		return on_publish_forward(worker, message);
	case IPC_PUBLISH_SHARE:
		return on_publish_share(worker, message);
	case IPC_INTEREST_ADD:
		return on_interest_add(worker, peer, message->payload, false);
	case IPC_INTEREST_DURABLE:
		return on_interest_add(worker, peer, message->payload, true);
	case IPC_INTEREST_REMOVE:
		return on_interest_remove(worker, peer, message->payload);
	case IPC_INTEREST_SHARE:
		return on_interest_share(worker, peer, message->payload);
	case IPC_INTEREST_SYNC:
		return on_interest_sync(worker, peer, message->payload);
	case IPC_INTEREST_ACK:
		return on_interest_ack(worker, peer, message->payload);
	case IPC_RETAINED_PUT:
	case IPC_RETAINED_ACK:
	case IPC_RETAINED_QUERY:
	case IPC_RETAINED_MORE:
	case IPC_RETAINED_CANCEL:
	case IPC_RETAINED_MESSAGE:
	case IPC_RETAINED_PAGE:
		return on_retained_message(worker, peer, message);
	case IPC_FORWARD_KEPT:
		return on_forward_kept(worker, peer, message);
	case IPC_FORWARD_ACK:
		return on_forward_ack(worker, peer, message->payload);
	case IPC_FORWARD_RELEASE:
		return on_forward_release(worker, peer, message->payload);
	case IPC_DENIAL:
		return on_denial(worker, peer, message->payload);
	case IPC_DENIAL_LOGGED:
		return on_denial_logged(worker, message->payload);
	case IPC_EXPIRY:
		return on_expiry(worker, message->payload);
	case IPC_STORE_OPENED:
	case IPC_STORE_ROW:
	case IPC_STORE_LOADED:
	case IPC_STORE_WRITTEN:
	case IPC_STORE_ENTRY:
	case IPC_STORE_PAGE:
	case IPC_STORE_EXPIRED:
		return on_store_message(worker, message);
	default:
		return -EBADMSG;
	}
}

static int
on_control(struct proc_child *child, struct ipc_message *message)
{
	switch (message->type) {
	case IPC_TRUST_INDEX:
		return on_trust_index(child->context, message);
	case IPC_SESSIONS_ASK:
	case IPC_SESSIONS_MORE:
	case IPC_SESSIONS_END:
		return on_sessions_message(child->context, message);
	case IPC_STATISTICS_SUM:
		return on_statistics_sum(child->context, message->payload);
	case IPC_HEARTBEAT_SOCKET:
		return on_heartbeat_socket(child->context, message);
	default:
		return -EBADMSG;
	}
}

/* Keeps the loop from waiting while there is more to do. */
static void
on_idle(uv_idle_t *idle)
{
	(void)idle;
}

void
worker_flush(struct worker *worker)
{
	struct connection *connection;

	worker->waiting_bytes = 0;
	ready_if_complete(worker);
	journal_turn_end(worker);
	forwards_turn_end(worker);
	retention_turn_end(worker);
	if (!TAILQ_EMPTY(&worker->held))
		resume_held(worker);
	/* What is acknowledged to a publisher has left for the others: a crash
	 * of this worker does not take it along. */
	if (!TAILQ_EMPTY(&worker->dirty))
		proc_peers_flush(worker->child);
	while ((connection = TAILQ_FIRST(&worker->dirty)) != NULL)
		connection_flush(connection);
}

static void
on_turn_end(struct proc_child *child)
{
	struct worker *worker = child->context;
	bool is_busy;

	worker_flush(worker);
	heartbeats_turn_end(worker);
	is_busy = review_turn(worker);
	is_busy |= retention_turn(worker);
	is_busy |= trust_turn(worker);
	is_busy |= inspect_turn(worker);
	is_busy |= presence_turn(worker);
	sharing_turn(worker);
	/* What they found is sent before the loop waits again. */
	worker_flush(worker);
	if (is_busy || sharing_is_busy(worker))
		uv_idle_start(&worker->idle, on_idle);
	else
		uv_idle_stop(&worker->idle);
	sharing_announce(worker);
	/* What was routed before an interest was taken in has left for where it
	 * is retained: whoever hears of that and asks there finds it. */
	proc_peers_flush(child);
	interest_turn_end(worker);
	if (worker->is_stopping && worker->connection_count == 0 &&
	    journal_covering(worker) == IPC_STORE_NONE)
		proc_child_stopped(child);
}

/*
 * How many connections this worker takes. Gates hold to limits.connections, so
 * it is far more than its share: homes are spread evenly, but by chance. Nor is
 * it more than it may hold descriptors, some of which it needs for channels and
 * for large messages on their way.
 */
static size_t
connection_max(const struct proc_child *child)
{
	size_t share = child->config->limits.connections /
			   child->start.worker_count +
		       1;
	struct rlimit descriptors;

	if (getrlimit(RLIMIT_NOFILE, &descriptors) != 0 ||
	    descriptors.rlim_cur >= share + DESCRIPTORS_RESERVED) {
		size_t most = 2 * share + CHANCE_CONNECTIONS;
		size_t held = descriptors.rlim_cur - DESCRIPTORS_RESERVED;

		return most < held ? most : held;
	}
	log_warning(log_word("event", "few-descriptors"),
	    log_number("limit", (int64_t)descriptors.rlim_cur),
	    log_number("needed", (int64_t)(share + DESCRIPTORS_RESERVED)),
	    log_string("hint", "raise the limit of open files (LimitNOFILE) "
			       "or lower limits.connections"));
	return descriptors.rlim_cur > 2 * DESCRIPTORS_RESERVED
		   ? descriptors.rlim_cur - DESCRIPTORS_RESERVED
		   : descriptors.rlim_cur / 2;
}

static void
on_count(struct proc_child *child)
{
	struct message_totals messages = message_totals();
	struct worker *worker = child->context;
	uint64_t *counted = child->counted;

	counted[IPC_STATISTIC_HEARTBEATS] = heartbeats_count(worker);
	counted[IPC_STATISTIC_SESSIONS] = worker->session_index.count;
	counted[IPC_STATISTIC_RETAINED] = retained_count(
	    retention_retained(worker->retention));
	counted[IPC_STATISTIC_MESSAGES] = messages.count;
	counted[IPC_STATISTIC_MESSAGE_BYTES] = messages.bytes;
}

static bool
on_commit(struct proc_child *child, const struct config *before)
{
	struct worker *worker = child->context;

	worker->config = child->config;
	heartbeats_commit(worker, before);
	if (before->limits.connections != child->config->limits.connections)
		worker->connection_max = connection_max(child);
	return review_begin(worker, before);
}

static void
on_stop(struct proc_child *child)
{
	struct worker *worker = child->context;
	struct connection *connection, *next;

	worker->is_stopping = true;
	for (connection = TAILQ_FIRST(&worker->connections); connection != NULL;
	     connection = next) {
		next = TAILQ_NEXT(connection, in_all);
		connection_disconnect(connection,
		    MQTT_REASON_SERVER_SHUTTING_DOWN, "shutting-down");
	}
}

static void
on_due(void *context, struct deadline *deadline)
{
	struct connection *connection = (struct connection
		*)((char *)deadline - offsetof(struct connection, deadline));

	(void)context;
	connection_due(connection);
}

static void
on_session_due(void *context, struct deadline *deadline)
{
	struct session *session = (struct session *)((char *)deadline -
						     offsetof(struct session,
							 deadline));

	(void)context;
	session_due(session);
}

/*
 * What is idle gives its memory back; when little goes on, the holes that this
 * and what ended has left in the heap go back to the system.
 */
static void
rest_idle(struct worker *worker)
{
	struct connection *connection;

	while ((connection = TAILQ_FIRST(&worker->active)) != NULL &&
	       connection->active_ms + REST_MS <= worker_now_ms(worker)) {
		TAILQ_REMOVE(&worker->active, connection, in_active);
		connection->is_active = false;
		connection_rest(connection);
		worker->hole_count++;
	}
	if (connection == NULL && worker->hole_count > 0 &&
	    (worker->hole_count >= TRIM_COUNT ||
		worker->hole_count == worker->hole_count_seen)) {
		malloc_trim(0);
		worker->hole_count = 0;
	}
	worker->hole_count_seen = worker->hole_count;
}

static void
on_tick(uv_timer_t *timer)
{
	struct worker *worker = timer->data;

	deadline_wheel_turn(&worker->deadlines, worker_now_ms(worker), on_due,
	    worker);
	/* What was due meanwhile is done when all can hear of it. */
	if (worker->is_ready)
		deadline_wheel_turn(&worker->session_deadlines,
		    worker_now_ms(worker), on_session_due, worker);
	retention_tick(worker);
	sys_tick(worker);
	census_tick(worker);
	trust_tick(worker);
	heartbeats_report(worker);
	rest_idle(worker);
	handoff_retry(worker);
}

const struct proc_events worker_events = {
	.on_peer_up = on_peer_up,
	.on_peer_down = on_peer_down,
	.on_message = on_message,
	.on_control = on_control,
	.on_peer_writable = on_peer_writable,
	.on_turn_end = on_turn_end,
	.on_count = on_count,
	.on_commit = on_commit,
	.on_stop = on_stop,
};

static void
worker_init(struct worker *worker, struct proc_child *child)
{

	worker->child = child;
	worker->config = child->config;
	TAILQ_INIT(&worker->sessions);
	worker->topics = topic_tree_new();
	worker->rights = rights_table_new(child->config);
	worker->denials = denials_new();
	worker->journal = journal_new(worker);
	worker->router = router_new(worker);
	worker->forwards = forwards_new(worker);
	worker->retention = retention_new(worker);
	worker->sys = sys_new();
	census_open(worker);
	interest_init(&worker->interest);
	sharing_init(&worker->sharing);
	TAILQ_INIT(&worker->wills);
	store_reads_init(&worker->reads);
	worker->connection_max = connection_max(child);
	TAILQ_INIT(&worker->connections);
	TAILQ_INIT(&worker->dirty);
	TAILQ_INIT(&worker->active);
	TAILQ_INIT(&worker->held);
	TAILQ_INIT(&worker->homeless);
	deadline_wheel_init(&worker->deadlines, TICK_MS, worker_now_ms(worker));
	deadline_wheel_init(&worker->session_deadlines, TICK_MS,
	    worker_now_ms(worker));
	throttles_init(worker);
	heartbeats_init(worker);
	worker->read_buffer = memory_new(1, CONNECTION_READ_BUFFER);
	worker->record_buffer = memory_new(1, TLS_PLAINTEXT_MAX);
	worker->write_buffer = memory_new(1, CONNECTION_WRITE_MAX);
	trust_init(worker);
	uv_idle_init(&child->loop, &worker->idle);
	uv_timer_init(&child->loop, &worker->tick);
	worker->tick.data = worker;
	uv_timer_start(&worker->tick, on_tick, TICK_MS, TICK_MS);
}

static void
worker_done(struct worker *worker)
{
	/* What was closed is the loop's until its next turn. */
	uv_close((uv_handle_t *)&worker->tick, NULL);
	uv_close((uv_handle_t *)&worker->idle, NULL);
	throttles_done(worker);
	heartbeats_done(worker);
	uv_run(&worker->child->loop, UV_RUN_NOWAIT);
	/* The loop has closed its channels: nobody is told any more. */
	memset(worker->peers, 0, sizeof(worker->peers));
	memset(worker->sources.gates, 0, sizeof(worker->sources.gates));
	inspect_done(worker);
	census_close(worker);
	session_forget_all(worker);
	store_reads_done(&worker->reads);
	wills_forget(worker);
	sharing_done(worker);
	sys_free(&worker->sys);
	presence_done(worker);
	retention_free(&worker->retention);
	forwards_free(&worker->forwards);
	journal_free(&worker->journal);
	moved_done(worker);
	interest_done(&worker->interest);
	router_free(&worker->router);
	denials_free(&worker->denials);
	rights_table_free(&worker->rights);
	topic_tree_free(&worker->topics);
	pool_done(&worker->subscriptions);
	trust_done(worker);
	buffer_done(&worker->sources.payload);
	buffer_done(&worker->scratch);
	free(worker->read_buffer);
	free(worker->record_buffer);
	free(worker->write_buffer);
}

int
worker_run(struct proc_child *child)
{
	struct worker worker = { .child = child };
	int status;

	/* A large message comes and goes: its pages are not to be given back to
	 * the system, and faulted in again, each time. */
	mallopt(M_MMAP_THRESHOLD, HEAP_BLOCK_MAX);
	mallopt(M_TRIM_THRESHOLD, HEAP_TOP_MAX);
	tls_aead_start();
	worker_init(&worker, child);
	heartbeats_set_socket(&worker, child->heartbeat_socket);
	child->heartbeat_socket = -1;
	child->context = &worker;
	log_info(log_word("event", "started"),
	    log_word("aead", tls_aead_name()));
	status = proc_child_loop(child, &worker_events);
	worker_done(&worker);
	return status;
}
