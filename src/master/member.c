/* SPDX-License-Identifier: Apache-2.0 */
#include "master/member.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "lib/clock.h"
#include "lib/memory.h"
#include "master/reload.h"

/* A channel that ended belongs to a process that ends: it has this long. */
#define LINGER_MS      2000
#define NO_ROOM_MS     5
#define BATCHES_A_TURN 4

static void on_event(uv_poll_t *poll, int status, int events);

void
member_init(struct member *member, struct master *master,
    const struct role *role, uint16_t index)
{
	member->master = master;
	member->role = role;
	member->index = index;
	member->timer.data = member;
	uv_timer_init(&master->loop, &member->timer);
}

void
state_files_init(struct state_files *files)
{
	*files = (struct state_files){ .configuration = -1 };
	for (size_t i = 0; i < STATE_CREDENTIALS; i++)
		files->credentials[i] = -1;
}

void
state_files_add_crl(struct state_files *files, int crl, uint64_t hash)
{
	files->crls = memory_resize(files->crls,
	    (files->crl_count + 1) * sizeof(*files->crls));
	files->crls[files->crl_count++] = crl;
	/* one that is moved or left out is another */
	files->crls_hash = files->crls_hash * UINT64_C(0x100000001b3) + hash +
			   1;
}

void
state_files_close(struct state_files *files)
{
	if (files->configuration >= 0)
		close(files->configuration);
	for (size_t i = 0; i < STATE_CREDENTIALS; i++)
		if (files->credentials[i] >= 0)
			close(files->credentials[i]);
	for (size_t i = 0; i < files->crl_count; i++)
		close(files->crls[i]);
	free(files->crls);
	state_files_init(files);
}

static void
log_member(struct member *member, const char *event, const char *reason)
{
	log_warning(log_word("process", member->role->name),
	    log_number("index", member->index), log_word("event", event),
	    log_string("why", reason));
}

static void
on_flush_timer(uv_timer_t *timer)
{
	struct member *member = timer->data;

	on_event(member->poll, 0, UV_WRITABLE);
}

void
member_flush(struct member *member)
{
	int error;

	if (member->channel == NULL)
		return;
	error = ipc_channel_flush(member->channel);
	if (error == -EAGAIN)
		uv_poll_start(member->poll, UV_READABLE | UV_WRITABLE,
		    on_event);
	else if (error == -ENOBUFS)
		uv_timer_start(&member->timer, on_flush_timer, NO_ROOM_MS, 0);
	/* another error: the channel's end is read, too */
}

void
member_send(struct member *member, enum ipc_message_type type,
    struct bytes payload, int fd)
{
	int error;

	if (fd >= 0)
		fd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	error = ipc_channel_push(member->channel, type, payload, fd, false);
	if (error == -EBADMSG)
		log_member(member, "push-failed", "no descriptor is left");
}

void
member_send_secret(struct member *member, enum ipc_message_type type,
    struct bytes payload)
{
	(void)ipc_channel_push(member->channel, type, payload, -1, true);
}

static void
member_receive_fault(struct member *member, const char *fault)
{
	log_member(member, "channel-fault", fault);
	member_kill(member);
}

static int
on_message(void *context, struct ipc_message *message)
{
	struct member *member = context;
	struct ipc_peer peer;

	switch (message->type) {
	case IPC_READY:
		if (member->state != MEMBER_STARTING)
			return -EBADMSG;
		member->state = MEMBER_READY;
		master_on_ready(member);
		return 0;
	case IPC_PEER_FAULT:
		if (ipc_peer_decode(message->payload, &peer) != 0 ||
		    (member->role->peers & peer.role) == 0)
			return -EBADMSG;
		master_on_peer_fault(member, &peer);
		return 0;
	default:
		return master_on_message(member, message);
	}
}

static void
on_linger(uv_timer_t *timer)
{
	member_receive_fault(timer->data, "its channel has ended, but not it");
}

static void
member_receive(struct member *member, unsigned int max_batches)
{
	const char *fault = NULL;
	int error = ipc_channel_receive(member->channel, max_batches,
	    on_message, member, &fault);

	if (error == 0)
		return;
	uv_poll_stop(member->poll);
	if (error == -EPIPE)
		uv_timer_start(&member->timer, on_linger, LINGER_MS, 0);
	else
		member_receive_fault(member,
		    fault != NULL ? fault : strerror(-error));
}

static void
on_event(uv_poll_t *poll, int status, int events)
{
	struct member *member = poll->data;

	if (status == 0 && (events & UV_WRITABLE) != 0) {
		uv_poll_start(member->poll, UV_READABLE, on_event);
		member_flush(member);
	}
	if (status != 0 || (events & UV_READABLE) != 0)
		member_receive(member, BATCHES_A_TURN);
}

static void
on_closed(uv_handle_t *handle)
{
	free(handle);
}

static void
on_exit_of_process(uv_process_t *process, int64_t status, int signal)
{
	struct member *member = process->data;

	member->process = NULL; /* its number may soon be another's */
	/* what it said last */
	if (uv_is_active((uv_handle_t *)member->poll))
		member_receive(member, BATCHES_A_TURN);
	uv_timer_stop(&member->timer);
	uv_close((uv_handle_t *)member->poll, on_closed);
	uv_close((uv_handle_t *)process, on_closed);
	ipc_channel_close(&member->channel);
	member->poll = NULL;
	member->is_introduced = false;
	master_on_exit(member, status, signal);
}

/* Execute this program again as a role, with its channel as descriptor 3, and
 * with the journal's, if there is one, as descriptor 4. */
static int
spawn(struct member *member, int control)
{
	int journal = log_journal_open();
	char index[8];
	char title[] = "signetd:";
	char *arguments[] = { title, (char *)(uintptr_t)member->role->name,
		index, NULL };
	uv_stdio_container_t descriptors[5] = {
		{ .flags = UV_IGNORE },
		{ .flags = UV_INHERIT_FD, .data.fd = STDOUT_FILENO },
		{ .flags = UV_INHERIT_FD, .data.fd = STDERR_FILENO },
		{ .flags = UV_INHERIT_FD, .data.fd = control },
		{ .flags = UV_INHERIT_FD, .data.fd = journal },
	};
	uv_process_options_t options = {
		.exit_cb = on_exit_of_process,
		.file = "/proc/self/exe",
		.args = arguments,
		.stdio_count = journal >= 0 ? 5 : 4,
		.stdio = descriptors,
	};

	snprintf(index, sizeof(index), "%u", member->index);
	return uv_spawn(&member->master->loop, member->process, &options);
}

/* 0, or -errno: then the member is as if it had not been tried. */
static int
member_spawn(struct member *member)
{
	uv_loop_t *loop = &member->master->loop;
	int fds[2];
	int error = ipc_socket_pair(fds);

	if (error != 0)
		return error;
	member->process = memory_new(1, sizeof(*member->process));
	member->process->data = member;
	error = spawn(member, fds[1]);
	close(fds[1]);
	if (error != 0) {
		close(fds[0]);
		uv_close((uv_handle_t *)member->process, on_closed);
		member->process = NULL;
		return error;
	}
	member->channel = ipc_channel_open(fds[0], IPC_ROLE_MASTER,
	    member->role->id);
	member->poll = memory_new(1, sizeof(*member->poll));
	member->poll->data = member;
	if (uv_poll_init(loop, member->poll, fds[0]) != 0)
		panic("a channel can be polled");
	uv_poll_start(member->poll, UV_READABLE, on_event);
	member->state = MEMBER_STARTING;
	member->has_accused = false;
	if (member->role->id == IPC_ROLE_KEY)
		signing_keys_on_start(&member->master->keys);
	log_debug(log_word("process", member->role->name),
	    log_number("index", member->index), log_word("event", "started"),
	    log_number("pid", member->process->pid));
	return 0;
}

void
member_push_state(struct member *member, const struct state_files *files)
{
	struct buffer out = { NULL, 0, 0 };

	member_send(member, IPC_CONFIGURATION, BYTES_NONE,
	    files->configuration);
	for (unsigned int i = 0; i < STATE_CREDENTIALS; i++) {
		if ((member->role->credentials & IPC_CREDENTIAL_BIT(i + 1)) ==
			0 ||
		    files->credentials[i] < 0)
			continue;
		out.len = 0;
		ipc_credential_encode((enum ipc_credential)(i + 1), &out);
		member_send(member, IPC_CREDENTIALS, buffer_view(&out),
		    files->credentials[i]);
	}
	buffer_done(&out);
}

/* What it needs for itself. */
static void
member_supply(struct member *member)
{
	const struct supplies *supplies = &member->master->supplies;

	struct buffer out = { NULL, 0, 0 };

	member_push_state(member, &supplies->files);
	log_level_supply(member);
	member->generation = member->master->reload->generation;
	member->proposed = 0;
	member->has_agreed = false;
	member->has_heartbeat = false;
	master_heartbeat_supply(member);
	if ((member->role->credentials &
		IPC_CREDENTIAL_BIT(IPC_CREDENTIAL_PRIVATE_KEY)) != 0) {
		ipc_credential_encode(IPC_CREDENTIAL_PRIVATE_KEY, &out);
		member_send(member, IPC_CREDENTIALS, buffer_view(&out),
		    member->master->keys.current.fd);
		buffer_done(&out);
	}
	master_trust_supply(member);
	master_tickets_supply(member);
	if (member->role->is_reader)
		member_send(member, IPC_FILES_PATH,
		    bytes_of_string(supplies->files_path), -1);
	for (size_t i = 0;
	     i < supplies->listener_count && member->role->has_listeners; i++)
		member_send(member, IPC_LISTENER, BYTES_NONE,
		    supplies->listeners[i]);
	if (member->role->has_metrics_listener)
		member_send(member, IPC_LISTENER, BYTES_NONE,
		    supplies->metrics_listener);
}

/* Give two members a channel to each other. */
static void
connect_members(struct member *one, struct member *other)
{
	struct member *members[2] = { one, other };
	int fds[2];
	int error = ipc_socket_pair(fds);

	if (error != 0) {
		log_member(one, "channel-failed", strerror(-error));
		member_kill(one); /* it is started again, with all channels */
		return;
	}
	for (int i = 0; i < 2; i++) {
		struct member *peer = members[1 - i];
		struct ipc_peer who = { peer->role->id, peer->index };
		struct buffer out = { NULL, 0, 0 };

		ipc_peer_encode(&who, &out);
		member_send(members[i], IPC_PEER, buffer_view(&out), fds[i]);
		member_flush(members[i]);
		close(fds[i]);
		buffer_done(&out);
	}
}

/*
 * Should a new member get a channel to this one now? Those who listen and
 * those who do not meet when the latter are ready: before, they could not
 * take what they are given.
 */
static bool
is_to_meet(const struct member *member, const struct member *other)
{
	if (other == member || !other->is_introduced ||
	    other->state == MEMBER_DOWN ||
	    (member->role->peers & other->role->id) == 0)
		return false;
	if (member->role->has_listeners == other->role->has_listeners)
		return true;
	return member->role->has_listeners ? other->state == MEMBER_READY
					   : member->state == MEMBER_READY;
}

static void
member_introduce(struct member *member)
{
	struct master *master = member->master;

	for (size_t i = 0; i < master->member_count; i++)
		if (is_to_meet(member, &master->members[i]))
			connect_members(member, &master->members[i]);
	member->is_introduced = true;
}

void
member_introduce_ready(struct member *member)
{
	struct master *master = member->master;

	if (member->role->has_listeners)
		return;
	for (size_t i = 0; i < master->member_count; i++) {
		struct member *other = &master->members[i];

		if (other->role->has_listeners && is_to_meet(member, other))
			connect_members(member, other);
	}
}

void
members_start(struct member *const *members, size_t count)
{
	struct buffer start = { NULL, 0, 0 };

	for (size_t i = 0; i < count; i++) {
		int error = member_spawn(members[i]);

		members[i]->started_at_ms = clock_monotonic_ms();
		if (error != 0) {
			log_member(members[i], "spawn-failed",
			    strerror(-error));
			master_on_exit(members[i], EXIT_FAILURE, 0);
			continue;
		}
		member_supply(members[i]);
	}
	for (size_t i = 0; i < count; i++)
		if (members[i]->state != MEMBER_DOWN)
			member_introduce(members[i]);
	if (count > 0)
		ipc_start_encode(&members[0]->master->supplies.start, &start);
	for (size_t i = 0; i < count; i++) {
		if (members[i]->state == MEMBER_DOWN)
			continue;
		member_send(members[i], IPC_START, buffer_view(&start), -1);
		member_flush(members[i]);
	}
	buffer_done(&start);
}

bool
member_give(struct member *member, enum ipc_message_type type,
    struct bytes payload, int fd)
{
	if (member->state != MEMBER_READY)
		return false;
	member_send(member, type, payload, fd);
	member_flush(member);
	return true;
}

bool
member_tell(struct member *member, enum ipc_message_type type)
{
	return member_give(member, type, BYTES_NONE, -1);
}

void
member_stop(struct member *member)
{
	if (member->state == MEMBER_DOWN)
		return;
	member_send(member, IPC_STOP, BYTES_NONE, -1);
	member_flush(member);
}

void
member_kill(struct member *member)
{
	if (member->process != NULL)
		(void)uv_process_kill(member->process, SIGKILL);
}
