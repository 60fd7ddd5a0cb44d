/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How a child that runs gets a new state: the master gives it one and asks
 * whether it could be used, then says that it is to be.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "proc/child_private.h"

void
child_proposal_done(struct proc_child *child)
{
	config_free(&child->next_config);
	proc_credentials_wipe(&child->next_credentials);
	child->private->proposed = 0;
}

/* One that does not parse is answered when it is proposed. */
static void
take_configuration(struct proc_child *child, int fd)
{
	child_proposal_done(child);
	(void)child_read_configuration(fd, &child->next_config);
}

static int
take_credential(struct proc_child *child, const struct ipc_message *message)
{
	if (child->next_config == NULL)
		return -EBADMSG;
	return child_read_credential(child, message, &child->next_credentials);
}

static void
push_generation(struct proc_child *child, enum ipc_message_type type,
    uint64_t number, const char *why)
{
	struct ipc_generation generation = { number, bytes_of_string(why) };
	struct buffer out = { NULL, 0, 0 };

	ipc_generation_encode(&generation, &out);
	proc_master_push(child, type, buffer_view(&out));
	buffer_done(&out);
}

static int
on_propose(struct proc_child *child, struct bytes payload)
{
	const struct proc_events *events = child->private->events;
	struct ipc_generation generation;
	char why[512] = "";
	int error = 0;

	if (ipc_generation_decode(payload, &generation) != 0)
		return -EBADMSG;
	child->private->proposed = 0;
	child->next_key_id = generation.detail;
	if (child->next_config == NULL) {
		snprintf(why, sizeof(why), "the configuration cannot be taken");
		error = -EINVAL;
	} else if (events->on_propose != NULL) {
		error = events->on_propose(child, why, sizeof(why));
	}
	if (error == 0) {
		child->private->proposed = generation.number;
		why[0] = '\0';
	} else if (why[0] == '\0') {
		snprintf(why, sizeof(why), "%s", strerror(-error));
	}
	push_generation(child, IPC_PROPOSED, generation.number, why);
	return 0;
}

void
proc_child_committed(struct proc_child *child)
{
	push_generation(child, IPC_COMMITTED, child->private->committed, "");
}

/* Who cannot use what all others use begins anew, with that. */
static void
begin_anew(struct proc_child *child)
{
	log_error(log_word("event", "state-refused"));
	child->private->status = EXIT_FAILURE;
	child->private->is_told_to_stop = true;
}

static int
on_commit(struct proc_child *child, struct bytes payload)
{
	struct proc_child_private *private = child->private;
	struct config *before = (struct config *)(uintptr_t)child->config;
	struct ipc_generation generation;
	bool is_done = true;

	if (ipc_generation_decode(payload, &generation) != 0)
		return -EBADMSG;
	if (private->proposed != generation.number) {
		begin_anew(child);
		return 0;
	}
	child->config = child->next_config;
	child->next_config = NULL;
	private->committed = generation.number;
	role_log_as(child->config, child->role->name);
	if (private->events->on_commit != NULL)
		is_done = private->events->on_commit(child, before);
	child_proposal_done(child);
	config_free(&before);
	if (is_done)
		proc_child_committed(child);
	return 0;
}

int
child_on_proposal(struct proc_child *child, struct ipc_message *message)
{
	switch (message->type) {
	case IPC_CONFIGURATION:
		take_configuration(child, message->fd);
		return 0;
	case IPC_CREDENTIALS:
		return take_credential(child, message);
	case IPC_PROPOSE:
		return on_propose(child, message->payload);
	case IPC_COMMIT:
		return on_commit(child, message->payload);
	case IPC_DISMISS:
		child_proposal_done(child);
		if (child->private->events->on_dismiss != NULL)
			child->private->events->on_dismiss(child);
		return 0;
	default:
		return -ENOSYS;
	}
}
