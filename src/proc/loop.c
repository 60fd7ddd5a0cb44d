/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The life of a child process: turns of its event loop and channels to peers.
 */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

#include "lib/clock.h"
#include "lib/memory.h"
#include "proc/child_private.h"
#include "proc/seccomp.h"

/* Of one channel in one turn: so that each gets its share. */
#define BATCHES_A_TURN 4
/* All that a dead peer can have left in the socket. */
#define BATCHES_OF_THE_DEAD 4096
/* Until the kernel may have room again. */
#define NO_ROOM_MS 5

static void
on_wake(uv_timer_t *timer)
{
	(void)timer; /* the turn's end does the rest */
}

static void
wake(struct proc_child *child, uint64_t ms)
{
	uv_timer_start(&child->private->wake, on_wake, ms, 0);
}

static void
log_peer(struct peer *peer, const char *event, const char *reason)
{
	log_warning(log_word("process", role_find(peer->public.role)->name),
	    log_number("index", peer->public.index), log_word("event", event),
	    log_string("why", reason));
}

void
proc_peer_report(struct peer *peer, const char *fault)
{
	struct ipc_peer who = { peer->public.role, peer->public.index };
	struct buffer out = { NULL, 0, 0 };

	log_peer(peer, "channel-fault", fault);
	ipc_peer_encode(&who, &out);
	(void)ipc_channel_push(peer->child->private->control, IPC_PEER_FAULT,
	    buffer_view(&out), -1, false);
	buffer_done(&out);
}

static int
on_peer_message(void *context, struct ipc_message *message)
{
	struct peer *peer = context;
	struct proc_child *child = peer->child;

	return child->private->events->on_message(child, &peer->public,
	    message);
}

/*
 * A channel between two living processes is never opened again: if one fails
 * and its peer is not to blame, this process has to begin anew.
 */
static void
channel_failed(struct peer *peer, int error)
{
	struct proc_child_private *private = peer->child->private;

	log_peer(peer, "channel-failed", strerror(-error));
	private->status = EXIT_FAILURE;
	private->is_told_to_stop = true;
}

static void
peer_receive(struct peer *peer, unsigned int max_batches)
{
	struct ipc_channel *channel = peer->public.channel;
	uint64_t lost = ipc_channel_lost_messages(channel);
	const char *fault;
	int error = ipc_channel_receive(channel, max_batches, on_peer_message,
	    peer, &fault);

	if (ipc_channel_lost_messages(channel) != lost)
		log_peer(peer, "message-lost", "no descriptors are left");
	if (error == 0)
		return;
	if (error == -EBADMSG)
		proc_peer_report(peer, fault);
	else if (error != -EPIPE)
		channel_failed(peer, error);
	peer->is_ending = true;
	peer->is_drained = true;
}

static void
on_peer_event(uv_poll_t *poll, int status, int events)
{
	struct peer *peer = poll->data;

	if (peer->is_ending)
		return;
	if (status == 0 && (events & UV_WRITABLE) != 0) {
		peer->is_blocked = false;
		peer->is_dirty = true;
		uv_poll_start(&peer->poll, UV_READABLE, on_peer_event);
	}
	if (status != 0 || (events & UV_READABLE) != 0)
		peer_receive(peer, BATCHES_A_TURN);
}

static struct peer *
peer_find(struct proc_child *child, const struct ipc_peer *who)
{
	struct peer *peer = child->private->peers;

	while (peer != NULL && (peer->public.role != who->role ||
				   peer->public.index != who->index))
		peer = peer->next;
	return peer;
}

static void
on_peer_closed(uv_handle_t *handle)
{
	free(handle->data);
}

/* Close the channel now; the memory goes when the loop has let it go. */
static void
peer_close(struct peer *peer)
{
	uv_close((uv_handle_t *)&peer->poll, on_peer_closed);
	ipc_channel_close(&peer->public.channel);
}

static void
peer_open(struct proc_child *child, const struct arrival *arrival)
{
	struct proc_child_private *private = child->private;
	struct peer *peer = memory_new(1, sizeof(*peer));

	peer->child = child;
	peer->public.role = arrival->peer.role;
	peer->public.index = arrival->peer.index;
	peer->public.channel = ipc_channel_open(arrival->fd, child->role->id,
	    arrival->peer.role);
	peer->poll.data = peer;
	if (uv_poll_init(&child->loop, &peer->poll, arrival->fd) != 0)
		panic("a channel can be polled");
	uv_poll_start(&peer->poll, UV_READABLE, on_peer_event);
	peer->next = private->peers;
	private->peers = peer;
	if (private->events->on_peer_up != NULL)
	private->events->on_peer_up(child, &peer->public);
}

static void
peer_end(struct proc_child *child, struct peer *peer)
{
	struct peer **link = &child->private->peers;

	if (!peer->is_drained)
		peer_receive(peer, BATCHES_OF_THE_DEAD);
	while (*link != peer)
		link = &(*link)->next;
	*link = peer->next;
	if (child->private->events->on_peer_down != NULL)
		child->private->events->on_peer_down(child, &peer->public);
	peer_close(peer);
}

static void
end_peers(struct proc_child *child)
{
	struct peer *peer = child->private->peers;

	while (peer != NULL) {
		struct peer *next = peer->next;

		if (peer->is_ending)
			peer_end(child, peer);
		peer = next;
	}
}

/* Open the channels that came; a new one replaces that of a dead process. */
static void
open_arrivals(struct proc_child *child)
{
	struct proc_child_private *private = child->private;

	for (size_t i = 0; i < private->arrival_count; i++) {
		struct arrival *arrival = &private->arrivals[i];
		struct peer *before = peer_find(child, &arrival->peer);

		if (before != NULL)
			peer_end(child, before);
		peer_open(child, arrival);
	}
	private->arrival_count = 0;
}

static void
peer_flush(struct proc_child *child, struct peer *peer)
{
	size_t limit = child->config->processes.channel_bytes;
	int error = ipc_channel_flush(peer->public.channel);

	switch (error) {
	case 0:
		peer->is_dirty = false;
		break;
	case -EAGAIN:
		peer->is_blocked = true;
		uv_poll_start(&peer->poll, UV_READABLE | UV_WRITABLE,
		    on_peer_event);
		break;
	case -ENOBUFS:
		wake(child, NO_ROOM_MS);
		break;
	default:
		if (error != -EPIPE)
			channel_failed(peer, error);
		peer->is_ending = true;
		return;
	}
	if (peer->was_full &&
	    ipc_channel_queued_bytes(peer->public.channel) <= limit / 2) {
		peer->was_full = false;
		peer->has_room = true;
		wake(child, 0);
	}
}

/* Returns true if a peer is to be ended now. */
static bool
flush_peers(struct proc_child *child)
{
	struct peer *peer = child->private->peers;
	bool is_one_ending = false;

	for (; peer != NULL; peer = peer->next) {
		if (peer->is_dirty && !peer->is_blocked && !peer->is_ending)
			peer_flush(child, peer);
		is_one_ending = is_one_ending || peer->is_ending;
	}
	return is_one_ending;
}

static void
tell_of_room(struct proc_child *child)
{
	struct proc_child_private *private = child->private;

	for (struct peer *peer = private->peers; peer; peer = peer->next) {
		if (!peer->has_room || peer->is_ending)
			continue;
		peer->has_room = false;
		if (private->events->on_peer_writable != NULL)
		private->events->on_peer_writable(child, &peer->public);
	}
}

static void
on_deadline(uv_timer_t *timer)
{
	log_warning(log_word("event", "stop-unfinished"));
	proc_child_stopped(timer->data);
}

static void
master_lost(struct proc_child *child)
{
	struct proc_child_private *private = child->private;

	if (private->is_master_gone)
		return;
	private->is_master_gone = true;
	private->is_told_to_stop = true;
	uv_poll_stop(&private->control_poll);
	/* nobody is left to end us by force */
	uv_timer_start(&private->deadline, on_deadline,
	    UINT64_C(1000) * child->config->processes.stop_seconds, 0);
}

static void
stop_if_told(struct proc_child *child)
{
	struct proc_child_private *private = child->private;

	if (!private->is_told_to_stop || private->is_stopping)
		return;
	private->is_stopping = true;
	if (private->events->on_stop != NULL)
	private->events->on_stop(child);
	else proc_child_stopped(child);
}

static void on_control_event(uv_poll_t *poll, int status, int events);

static void
flush_control(struct proc_child *child)
{
	struct proc_child_private *private = child->private;
	int error;

	if (private->is_master_gone || private->is_control_blocked)
		return;
	error = ipc_channel_flush(private->control);
	if (error == -EAGAIN) {
		private->is_control_blocked = true;
		uv_poll_start(&private->control_poll, UV_READABLE | UV_WRITABLE,
		    on_control_event);
	} else if (error == -ENOBUFS) {
		wake(child, NO_ROOM_MS);
	} else if (error != 0) {
		master_lost(child);
		wake(child, 0);
	}
}

static void
on_control_event(uv_poll_t *poll, int status, int events)
{
	struct proc_child *child = poll->data;
	struct proc_child_private *private = child->private;
	const char *fault;
	int error;

	if (status == 0 && (events & UV_WRITABLE) != 0) {
		private->is_control_blocked = false;
		uv_poll_start(&private->control_poll, UV_READABLE,
		    on_control_event);
	}
	error = ipc_channel_receive(private->control, BATCHES_A_TURN,
	    child_on_control, child, &fault);
	if (error == 0)
		return;
	if (error == -EPIPE)
		fault = "its channel has ended";
	else if (error != -EBADMSG)
		fault = strerror(-error);
	private->status = EXIT_FAILURE;
	log_error(log_word("event", "master-lost"), log_string("why", fault));
	master_lost(child);
}

/* In time, also if nothing happens meanwhile. */
static void
tell_repeats(struct proc_child *child)
{
	uv_timer_t *timer = &child->private->repeats;
	uint64_t due_ms = log_repeats_due();

	if (due_ms != UINT64_MAX && !uv_is_active((uv_handle_t *)timer))
		uv_timer_start(timer, on_wake, due_ms, 0);
}

static void
turn_end(struct proc_child *child)
{
	const struct proc_events *events = child->private->events;

	tell_of_room(child);
	do {
		end_peers(child);
		open_arrivals(child);
		stop_if_told(child);
		if (events->on_turn_end != NULL)
			events->on_turn_end(child);
	} while (flush_peers(child));
	flush_control(child);
	proc_seccomp_report();
	tell_repeats(child);
}

/* Timers, and handles that were closed: before the loop waits. */
static void
on_prepare(uv_prepare_t *prepare)
{
	turn_end(prepare->data);
}

/* Descriptors: after it has waited. */
static void
on_check(uv_check_t *check)
{
	turn_end(check->data);
}

static void
loop_open(struct proc_child *child)
{
	struct proc_child_private *private = child->private;
	uv_loop_t *loop = &child->loop;

	private->control_poll.data = child;
	private->prepare.data = child;
	private->check.data = child;
	private->wake.data = child;
	private->deadline.data = child;
	uv_timer_init(loop, &private->wake);
	uv_timer_init(loop, &private->repeats);
	uv_timer_init(loop, &private->deadline);
	uv_prepare_init(loop, &private->prepare);
	uv_prepare_start(&private->prepare, on_prepare);
	uv_check_init(loop, &private->check);
	uv_check_start(&private->check, on_check);
	if (uv_poll_init(loop, &private->control_poll,
		ipc_channel_fd(private->control)) != 0)
		panic("the channel to the master can be polled");
	uv_poll_start(&private->control_poll, UV_READABLE, on_control_event);
}

static void
loop_close(struct proc_child *child)
{
	struct proc_child_private *private = child->private;

	while (private->peers != NULL) {
		struct peer *peer = private->peers;

		private->peers = peer->next;
		peer_close(peer);
	}
	uv_close((uv_handle_t *)&private->control_poll, NULL);
	uv_close((uv_handle_t *)&private->prepare, NULL);
	uv_close((uv_handle_t *)&private->check, NULL);
	uv_close((uv_handle_t *)&private->wake, NULL);
	uv_close((uv_handle_t *)&private->repeats, NULL);
	uv_close((uv_handle_t *)&private->deadline, NULL);
	uv_run(&child->loop, UV_RUN_NOWAIT);
}

int
proc_child_loop(struct proc_child *child, const struct proc_events *events)
{
	struct proc_child_private *private = child->private;

	private->events = events;
	loop_open(child);
	open_arrivals(child);
	child_run(child);
	loop_close(child);
	return private->status;
}

void
proc_child_ready(struct proc_child *child)
{
	struct proc_child_private *private = child->private;

	if (private->is_ready)
		return;
	private->is_ready = true;
	(void)ipc_channel_push(private->control, IPC_READY, BYTES_NONE, -1,
	    false);
}

void
proc_master_push(struct proc_child *child, enum ipc_message_type type,
    struct bytes payload)
{
	proc_master_push_with(child, type, payload, -1);
}

void
proc_master_push_with(struct proc_child *child, enum ipc_message_type type,
    struct bytes payload, int fd)
{
	(void)ipc_channel_push(child->private->control, type, payload, fd,
	    false);
}

void
proc_child_stopped(struct proc_child *child)
{
	child->private->is_stopped = true;
	uv_stop(&child->loop);
}

/* No descriptor or memory is left for the content of a large message. */
static bool
is_out_of_means(int error)
{
	return error == -EMFILE || error == -ENFILE || error == -ENOMEM ||
	       error == -ENOSPC;
}

void
proc_peer_push_parts(struct proc_child *child, struct proc_peer *public,
    enum ipc_message_type type, const struct bytes *parts, size_t count, int fd,
    bool is_secret)
{
	struct peer *peer = (struct peer *)public;
	int error;

	if (peer->is_ending) {
		if (fd >= 0)
			close(fd);
		return;
	}
	error = ipc_channel_push_parts(public->channel, type, parts, count, fd,
	    is_secret);
	if (error == -EBADMSG)
		panic("messages.def allows what this process sends");
	if (is_out_of_means(error)) {
		/* this message is lost, and what it was for; no more than it */
		log_peer(peer, "message-lost", strerror(-error));
		return;
	}
	if (error != 0) {
		if (error != -EPIPE)
			channel_failed(peer, error);
		peer->is_ending = true;
		return;
	}
	peer->is_dirty = true;
	if (proc_peer_is_full(child, public))
		peer->was_full = true;
}

void
proc_peer_push(struct proc_child *child, struct proc_peer *peer,
    enum ipc_message_type type, struct bytes payload, int fd, bool is_secret)
{
	proc_peer_push_parts(child, peer, type, &payload, 1, fd, is_secret);
}

/* Send on what waits, until there is something to read: 1; 0 if not yet. */
static int
peer_poll(struct peer *peer, uint64_t timeout_ms)
{
	struct pollfd socket = {
		.fd = ipc_channel_fd(peer->public.channel),
		.events = POLLIN,
	};
	bool is_waiting = ipc_channel_queued_bytes(peer->public.channel) > 0;
	int count;

	if (is_waiting && peer->is_blocked)
		socket.events |= POLLOUT;
	else if (is_waiting && timeout_ms > NO_ROOM_MS)
		timeout_ms = NO_ROOM_MS;
	count = poll(&socket, 1, (int)timeout_ms);
	if (count < 0 && errno != EINTR)
		return -errno;
	if (is_waiting)
		peer_flush(peer->child, peer);
	return count > 0 && (socket.revents & ~POLLOUT) != 0 ? 1 : 0;
}

int
proc_peer_await(struct proc_child *child, struct proc_peer *public,
    uint64_t timeout_ms)
{
	struct peer *peer = (struct peer *)public;
	uint64_t deadline_ms = clock_monotonic_ms() + timeout_ms;

	if (!peer->is_ending)
		peer_flush(child, peer);
	for (;;) {
		uint64_t now_ms = clock_monotonic_ms();
		int ready;

		if (peer->is_ending)
			return -EPIPE;
		ready = peer_poll(peer,
		    now_ms < deadline_ms ? deadline_ms - now_ms : 0);
		if (ready < 0)
			return ready;
		if (ready > 0) {
			peer_receive(peer, 1);
			return 0;
		}
		if (now_ms >= deadline_ms)
			return -ETIMEDOUT;
	}
}

bool
proc_peer_is_full(const struct proc_child *child, const struct proc_peer *peer)
{
	return ipc_channel_queued_bytes(peer->channel) >
	       child->config->processes.channel_bytes;
}

void
proc_peers_flush(struct proc_child *child)
{
	/* Those that end are found again at the end of the turn. */
	(void)flush_peers(child);
}
