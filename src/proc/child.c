/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The birth of a child process: what it gives up, what it gets, its role.
 */
#include "proc/child.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "ipc/control.h"
#include "lib/hash.h"
#include "lib/memory.h"
#include "proc/child_private.h"
#include "proc/privileges.h"
#include "proc/sandbox.h"

/* What a child is born with: the channel to the master and, if there is one,
 * the journal's. */
#define CONTROL_FD 3
#define JOURNAL_FD 4

#define CONFIGURATION_BYTES_MAX (64 * 1024 * 1024)
#define CREDENTIAL_BYTES_MAX    (1024 * 1024)

static char child_name[32]; /* "worker/1" */

static void
ignore_signals(void)
{
	/* the master is who tells a child to end */
	static const int ignored[] = { SIGINT, SIGTERM, SIGHUP, SIGPIPE };
	struct sigaction action = { .sa_handler = SIG_IGN };

	for (size_t i = 0; i < sizeof(ignored) / sizeof(ignored[0]); i++)
		sigaction(ignored[i], &action, NULL);
}

static void
check_control(void)
{
	int type = 0;
	socklen_t len = sizeof(type);

	if (getsockopt(CONTROL_FD, SOL_SOCKET, SO_TYPE, &type, &len) != 0 ||
	    type != SOCK_SEQPACKET)
		fatal("a role is started by the master only");
}

static void
take_name(const struct role *role, uint16_t index)
{
	char comm[16];

	snprintf(child_name, sizeof(child_name), "%s/%u", role->name, index);
	snprintf(comm, sizeof(comm), "signet-%s%u", role->name, index);
	prctl(PR_SET_NAME, comm, 0, 0, 0);
	log_start(child_name, LOG_LEVEL_INFO);
}

int
child_read_configuration(int fd, struct config **config)
{
	struct buffer text = { NULL, 0, 0 };
	struct config_error fault = { .text = "" };
	int error;

	error = ipc_sealed_memory_read(fd, CONFIGURATION_BYTES_MAX, &text);
	if (error == 0)
		error = config_parse("configuration", buffer_view(&text),
		    config, &fault);
	buffer_done(&text);
	if (error == 0)
		return 0;
	log_error(log_word("event", "configuration-refused"),
	    log_string("why", fault.text));
	return -EBADMSG;
}

static int
on_configuration(struct proc_child *child, int fd)
{
	struct config *config = NULL;
	int error;

	if (child->config != NULL)
		return -EBADMSG;
	error = child_read_configuration(fd, &config);
	if (error != 0)
		return error;
	child->config = config;
	role_log_as(config, child->role->name);
	return 0;
}

int
child_read_credential(const struct proc_child *child,
    const struct ipc_message *message, struct proc_credentials *all)
{
	enum ipc_credential which;
	struct buffer *one;

	if (ipc_credential_decode(message->payload, &which) != 0 ||
	    (child->role->credentials & IPC_CREDENTIAL_BIT(which)) == 0)
		return -EBADMSG;
	if (which == IPC_CREDENTIAL_CERTIFICATE)
		one = &all->certificate;
	else if (which == IPC_CREDENTIAL_PRIVATE_KEY)
		one = &all->private_key;
	else
		one = &all->client_ca;
	if (one->data != NULL)
		return -EBADMSG;
	return ipc_sealed_memory_read(message->fd, CREDENTIAL_BYTES_MAX, one);
}

/* The last one that comes before the role runs is the one that holds. */
static int
on_trust_index(struct proc_child *child, struct ipc_message *message)
{
	struct ipc_trust_given given;

	if (!child->role->has_trust ||
	    ipc_trust_given_decode(message->payload, &given) != 0)
		return -EBADMSG;
	if (child->trust_index >= 0)
		close(child->trust_index);
	child->trust_index = message->fd;
	child->trust_given = given;
	message->fd = -1;
	return 0;
}

/* As for the trust index: the last one holds. */
static int
on_ticket_keys(struct proc_child *child, struct ipc_message *message)
{
	if (!child->role->has_ticket_keys)
		return -EBADMSG;
	return ipc_ticket_keys_decode(message->payload, &child->ticket_keys);
}

/* A role that runs gets it as a message of its own. */
static int
on_heartbeat_socket(struct proc_child *child, struct ipc_message *message)
{
	if (!child->role->has_heartbeat || child->heartbeat_socket >= 0)
		return -EBADMSG;
	child->heartbeat_socket = message->fd;
	message->fd = -1;
	return 0;
}

static int
on_listener(struct proc_child *child, struct ipc_message *message)
{
	size_t count = child->listener_count + 1;

	if (!child->role->has_listeners && !child->role->has_metrics_listener)
		return -EBADMSG;
	child->listeners = memory_resize(child->listeners, count * sizeof(int));
	child->listeners[count - 1] = message->fd;
	child->listener_count = count;
	message->fd = -1;
	return 0;
}

static int
on_peer(struct proc_child *child, struct ipc_message *message)
{
	struct proc_child_private *private = child->private;
	size_t count = private->arrival_count + 1;
	struct ipc_peer peer;

	if (ipc_peer_decode(message->payload, &peer) != 0 ||
	    (child->role->peers & peer.role) == 0)
		return -EBADMSG;
	private->arrivals = memory_resize(private->arrivals,
	    count * sizeof(*private->arrivals));
	private->arrivals[count - 1] = (struct arrival){ peer, message->fd };
	private->arrival_count = count;
	message->fd = -1;
	return 0;
}

static int
on_files_path(struct proc_child *child, struct bytes path)
{
	if (!child->role->is_reader || child->files_path != NULL ||
	    path.len == 0 || memchr(path.data, 0, path.len) != NULL)
		return -EBADMSG;
	child->files_path = memory_copy(path);
	return 0;
}

static int
on_start(struct proc_child *child, struct ipc_message *message)
{
	if (child->config == NULL ||
	    ipc_start_decode(message->payload, &child->start) != 0)
		return -EBADMSG;
	child->private->is_started = true;
	return 0;
}

static int
on_log_level(struct bytes payload)
{
	enum log_level level;

	if (ipc_log_level_decode(payload, &level) != 0)
		return -EBADMSG;
	log_set_level(level);
	return 0;
}

/* What only some roles know; before the loop none does. */
static int
on_role_message(struct proc_child *child, struct ipc_message *message)
{
	const struct proc_events *events = child->private->events;
	int error;

	if (events == NULL)
		return -EBADMSG;
	error = child_on_proposal(child, message);
	if (error != -ENOSYS)
		return error;
	if (message->type == IPC_STATISTICS_ASK) {
		child_tell_statistics(child);
		return 0;
	}
	return events->on_control != NULL ? events->on_control(child, message)
					  : -EBADMSG;
}

int
child_on_control(void *context, struct ipc_message *message)
{
	struct proc_child *child = context;

	switch (message->type) {
	case IPC_PEER:
		return on_peer(child, message);
	case IPC_STOP:
		child->private->is_told_to_stop = true;
		return 0;
	case IPC_LOG_LEVEL:
		return on_log_level(message->payload);
	case IPC_TRUST_INDEX:
		if (child->private->events == NULL)
			return on_trust_index(child, message);
		break;
	case IPC_TICKET_KEYS:
		if (child->private->events == NULL)
			return on_ticket_keys(child, message);
		break;
	case IPC_HEARTBEAT_SOCKET:
		if (child->private->events == NULL)
			return on_heartbeat_socket(child, message);
		break;
	default:
		break;
	}
	if (child->private->is_started)
		return on_role_message(child, message);
	switch (message->type) {
	case IPC_CONFIGURATION:
		return on_configuration(child, message->fd);
	case IPC_CREDENTIALS:
		return child_read_credential(child, message,
		    &child->credentials);
	case IPC_LISTENER:
		return on_listener(child, message);
	case IPC_FILES_PATH:
		return on_files_path(child, message->payload);
	case IPC_START:
		return on_start(child, message);
	default:
		return -EBADMSG;
	}
}

/* Wait for what the master gives, up to START. 0; -EPIPE; -EBADMSG. */
static int
receive_start(struct proc_child *child)
{
	struct proc_child_private *private = child->private;
	struct pollfd control = { .fd = CONTROL_FD, .events = POLLIN };
	const char *fault;
	int error = 0;

	while (
	    !private->is_started && !private->is_told_to_stop && error == 0) {
		if (poll(&control, 1, -1) < 0 && errno != EINTR)
			return -errno;
		error = ipc_channel_receive(private->control, 1,
		    child_on_control, child, &fault);
	}
	if (error == -EBADMSG)
		log_error(log_word("event", "control-fault"),
		    log_string("why", fault));
	return error;
}

static void
child_done(struct proc_child *child)
{
	struct proc_child_private *private = child->private;

	for (size_t i = 0; i < private->arrival_count; i++)
		close(private->arrivals[i].fd);
	free(private->arrivals);
	for (size_t i = 0; i < child->listener_count; i++)
		close(child->listeners[i]);
	free(child->listeners);
	if (child->trust_index >= 0)
		close(child->trust_index);
	if (child->heartbeat_socket >= 0)
		close(child->heartbeat_socket);
	memory_wipe(&child->ticket_keys, sizeof(child->ticket_keys));
	free(child->files_path);
	proc_credentials_wipe(&child->credentials);
	child_proposal_done(child);
	config_free((struct config **)(uintptr_t)&child->config);
	ipc_channel_close(&private->control);
}

int
proc_child_main(const struct role *role, uint16_t index)
{
	struct proc_child_private private = { .status = EXIT_SUCCESS };
	struct proc_child child = { .role = role,
		.index = index,
		.trust_index = -1,
		.heartbeat_socket = -1,
		.private = &private };
	int status = EXIT_FAILURE;
	char why[256];

	proc_sandbox_begin();
	(void)close_range(JOURNAL_FD + 1, ~0U, 0);
	if (!log_journal_take(JOURNAL_FD))
		(void)close(JOURNAL_FD);
	ignore_signals();
	take_name(role, index);
	check_control();
	proc_privileges_confine();
	hash_start();

	private.control = ipc_channel_open(CONTROL_FD, role->id,
	    IPC_ROLE_MASTER);
	if (receive_start(&child) != 0)
		goto out;
	if (!private.is_started) {
		status = EXIT_SUCCESS; /* told to stop before the start */
		goto out;
	}
	if (role->prepare != NULL && role->prepare(why, sizeof(why)) != 0)
		fatal("%s", why);
	proc_sandbox_enter(role, child.config);
	if (uv_loop_init(&child.loop) != 0)
		fatal("the event loop cannot start");
	status = role->run(&child);
	(void)uv_loop_close(&child.loop);
out:
	log_repeats_finish();
	child_done(&child);
	return status;
}

void
proc_peer_refuse(struct proc_peer *public, const char *why)
{
	struct peer *peer = (struct peer *)public;

	if (peer->is_ending)
		return;
	proc_peer_report(peer, why);
	peer->is_ending = true;
	peer->is_drained = true;
}
