/* SPDX-License-Identifier: Apache-2.0 */
#include "toys.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/memory.h"
#include "proc/role.h"

#define PEERS_MAX 8
#define FILES_MAX 256

struct toy {
	struct proc_child *child;
	uv_poll_t poll;
	struct proc_peer *workers[PEERS_MAX];
	unsigned int worker_count;
	size_t forwarded;
	bool is_hanging;
};

static void
answer(int fd, const char *text)
{
	if (write(fd, text, strlen(text)) < 0)
		_exit(3);
	close(fd);
}

static void
answer_number(int fd, size_t number)
{
	char text[32];

	snprintf(text, sizeof(text), "%zu", number);
	answer(fd, text);
}

/* Confined, it cannot look into /proc. */
static size_t
count_files(void)
{
	size_t count = 0;

	for (int fd = 0; fd < FILES_MAX; fd++)
		count += fcntl(fd, F_GETFD) >= 0;
	return count;
}

static void
forward(struct toy *toy, size_t len)
{
	struct ipc_publish publish = {
		.topic_name = BYTES_LITERAL("a"),
		.payload = { memory_new(1, len + 1), len },
	};
	uint8_t head[IPC_PUBLISH_HEAD_LEN];
	struct bytes parts[IPC_PUBLISH_PART_COUNT];

	ipc_publish_parts(&publish, head, parts);
	for (unsigned int i = 0; i < PEERS_MAX; i++)
		if (toy->workers[i] != NULL)
			proc_peer_push_parts(toy->child, toy->workers[i],
			    IPC_PUBLISH_FORWARD, parts, IPC_PUBLISH_PART_COUNT,
			    -1, false);
	free((void *)(uintptr_t)publish.payload.data);
}

static void
send_malformed(struct toy *toy, unsigned long index)
{
	if (index < PEERS_MAX && toy->workers[index] != NULL)
		proc_peer_push(toy->child, toy->workers[index],
		    IPC_PUBLISH_FORWARD, BYTES_LITERAL("\xff"), -1, false);
}

/* Tell the master that each worker has said what it may not say. */
static void
accuse_all(struct toy *toy)
{
	for (uint16_t i = 0; i < PEERS_MAX; i++) {
		const struct ipc_peer who = { IPC_ROLE_WORKER, i };
		struct buffer out = { NULL, 0, 0 };

		ipc_peer_encode(&who, &out);
		proc_master_push(toy->child, IPC_PEER_FAULT, buffer_view(&out));
		buffer_done(&out);
	}
}

static void
obey(struct toy *toy, const char *words, int fd)
{
	struct proc_credentials *credentials = &toy->child->credentials;
	unsigned long number = 0;
	const char *space = strchr(words, ' ');

	if (space != NULL)
		number = strtoul(space + 1, NULL, 10);
	if (strncmp(words, "pid", 3) == 0) {
		answer_number(fd, (size_t)getpid());
	} else if (strncmp(words, "peers", 5) == 0) {
		answer_number(fd, toy->worker_count);
	} else if (strncmp(words, "count", 5) == 0) {
		answer_number(fd, toy->forwarded);
	} else if (strncmp(words, "files", 5) == 0) {
		answer_number(fd, count_files());
	} else if (strncmp(words, "credentials", 11) == 0) {
		answer_number(fd, credentials->certificate.len +
				      credentials->private_key.len +
				      credentials->client_ca.len);
	} else if (strncmp(words, "forward", 7) == 0) {
		for (unsigned long i = 0; i < number; i++)
			forward(toy, 1000);
		answer(fd, "ok");
	} else if (strncmp(words, "large", 5) == 0) {
		forward(toy, number);
		answer(fd, "ok");
	} else if (strncmp(words, "malformed", 9) == 0) {
		send_malformed(toy, number);
		answer(fd, "ok");
	} else if (strncmp(words, "accuse", 6) == 0) {
		accuse_all(toy);
		answer(fd, "ok");
	} else if (strncmp(words, "hang", 4) == 0) {
		toy->is_hanging = true;
		answer(fd, "ok");
	} else {
		answer(fd, "what?");
	}
}

static void
on_peer_up(struct proc_child *child, struct proc_peer *peer)
{
	struct toy *toy = child->context;

	if (peer->role != IPC_ROLE_WORKER)
		return;
	toy->workers[peer->index] = peer;
	toy->worker_count++;
}

static void
on_peer_down(struct proc_child *child, struct proc_peer *peer)
{
	struct toy *toy = child->context;

	if (peer->role != IPC_ROLE_WORKER)
		return;
	toy->workers[peer->index] = NULL;
	toy->worker_count--;
}

static int
on_message(struct proc_child *child, struct proc_peer *peer,
    struct ipc_message *message)
{
	struct toy *toy = child->context;
	struct ipc_session_handoff handoff;
	struct ipc_publish publish;
	char words[64];

	(void)peer;
	if (message->type == IPC_PUBLISH_FORWARD) {
		if (ipc_publish_decode(message->payload, &publish) != 0)
			return -EBADMSG;
		toy->forwarded += publish.payload.len;
		return 0;
	}
	if (message->type != IPC_SESSION_HANDOFF ||
	    ipc_session_handoff_decode(message->payload, &handoff) != 0)
		return -EBADMSG;
	snprintf(words, sizeof(words), "%.*s", (int)handoff.plaintext.len,
	    (const char *)handoff.plaintext.data);
	obey(toy, words, message->fd);
	message->fd = -1;
	return 0;
}

/* A worker is told what all have counted, once a second. */
static int
on_control(struct proc_child *child, struct ipc_message *message)
{
	(void)child;
	return message->type == IPC_STATISTICS_SUM ? 0 : -EBADMSG;
}

static void
on_stop(struct proc_child *child)
{
	struct toy *toy = child->context;

	if (toy->is_hanging)
		return;
	log_info(log_word("event", "toy-stopped"));
	proc_child_stopped(child);
}

static const struct proc_events toy_events = {
	.on_peer_up = on_peer_up,
	.on_peer_down = on_peer_down,
	.on_message = on_message,
	.on_control = on_control,
	.on_stop = on_stop,
};

static void
on_ready_timer(uv_timer_t *timer)
{
	proc_child_ready(timer->data);
}

static int
toy_run(struct proc_child *child, struct toy *toy)
{
	uv_timer_t timer;
	int status;

	toy->child = child;
	child->context = toy;
	uv_timer_init(&child->loop, &timer);
	timer.data = child;
	uv_timer_start(&timer, on_ready_timer, 0, 0);
	status = proc_child_loop(child, &toy_events);
	uv_close((uv_handle_t *)&timer, NULL);
	uv_run(&child->loop, UV_RUN_NOWAIT);
	return status;
}

int
toy_worker_run(struct proc_child *child)
{
	struct toy toy = { .worker_count = 0 };

	if (getenv("TOY_FAILS") != NULL)
		return 1;
	return toy_run(child, &toy);
}

int
toy_store_run(struct proc_child *child)
{
	struct toy toy = { .worker_count = 0 };

	return toy_run(child, &toy);
}

static void
on_client(uv_poll_t *poll, int status, int events)
{
	struct toy *toy = poll->data;
	char words[64] = "";
	struct ipc_session_handoff handoff = {
		.handover = BYTES_LITERAL("x"),
	};
	struct buffer out = { NULL, 0, 0 };
	struct proc_peer *worker = NULL;
	int fd = accept4(toy->child->listeners[0], NULL, NULL, SOCK_CLOEXEC);

	(void)status;
	(void)events;
	if (fd < 0)
		return; /* another gate was faster */
	if (read(fd, words, sizeof(words) - 1) < 3)
		_exit(4);
	if (words[0] == 'g') {
		obey(toy, words + 2, fd);
		return;
	}
	if (words[0] >= '0' && words[0] < '0' + PEERS_MAX)
		worker = toy->workers[words[0] - '0'];
	if (worker == NULL) {
		answer(fd, "down");
		return;
	}
	handoff.plaintext = bytes_of_string(words + 2);
	ipc_session_handoff_encode(&handoff, &out);
	proc_peer_push(toy->child, worker, IPC_SESSION_HANDOFF,
	    buffer_view(&out), fd, true);
	buffer_done(&out);
}

int
toy_gate_run(struct proc_child *child)
{
	struct toy toy = { .worker_count = 0 };
	int status;

	toy.poll.data = &toy;
	uv_poll_init(&child->loop, &toy.poll, child->listeners[0]);
	uv_poll_start(&toy.poll, UV_READABLE, on_client);
	status = toy_run(child, &toy);
	uv_close((uv_handle_t *)&toy.poll, NULL);
	uv_run(&child->loop, UV_RUN_NOWAIT);
	return status;
}

static unsigned int
count_workers(const struct config *config)
{
	return config->processes.workers;
}

static unsigned int
count_gates(const struct config *config)
{
	return config->processes.gates;
}

static unsigned int
count_stores(const struct config *config)
{
	(void)config;
	return 1;
}

const struct role role_table[] = {
	{ .id = IPC_ROLE_GATE,
	    .name = "gate",
	    .count = count_gates,
	    .peers = IPC_ROLE_WORKER,
	    .has_listeners = true,
	    .credentials = IPC_CREDENTIAL_BIT(IPC_CREDENTIAL_CERTIFICATE) |
			   IPC_CREDENTIAL_BIT(IPC_CREDENTIAL_CLIENT_CA),
	    .needs = { .calls = ROLE_NEEDS_ACCEPT | ROLE_NEEDS_STREAMS },
	    .run = toy_gate_run },
	{ .id = IPC_ROLE_WORKER,
	    .name = "worker",
	    .count = count_workers,
	    .peers = IPC_ROLE_GATE | IPC_ROLE_WORKER | IPC_ROLE_STORE,
	    .run = toy_worker_run },
	{ .id = IPC_ROLE_STORE,
	    .name = "store",
	    .count = count_stores,
	    .peers = IPC_ROLE_WORKER,
	    .is_last = true,
	    .run = toy_store_run },
	{ .name = NULL },
};
