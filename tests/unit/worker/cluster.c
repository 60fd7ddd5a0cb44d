/* SPDX-License-Identifier: Apache-2.0 */
#include "cluster.h"

#include <check.h>
#include <stdlib.h>

#include "lib/memory.h"
#include "proc/child_private.h"
#include "worker/journal.h"
#include "worker/router_forward.h"

#define BATCHES 1000
#define ROUNDS  20
#define SLOWER  5

static struct cluster_member {
	struct bare_worker bare;
	struct proc_child_private private;
	struct peer *ends[CLUSTER_SIZE]; /* of its channels to the others */
	bool is_alive;
	bool is_unanswered; /* its store has written, and not said so */
} members[CLUSTER_SIZE];

struct fake_store cluster_stores[CLUSTER_SIZE];
static unsigned int step;
static bool is_slow[CLUSTER_SIZE];

struct worker *
cluster_worker(unsigned int index)
{
	return &members[index].bare.worker;
}

static struct proc_child *
child_of(unsigned int index)
{
	return &members[index].bare.child;
}

static void
end_open(unsigned int self, unsigned int other, int fd)
{
	struct peer *end = memory_new(1, sizeof(*end));

	end->child = child_of(self);
	end->public.role = IPC_ROLE_WORKER;
	end->public.index = (uint16_t)other;
	end->public.channel = ipc_channel_open(fd, IPC_ROLE_WORKER,
	    IPC_ROLE_WORKER);
	end->next = members[self].private.peers;
	members[self].private.peers = end;
	members[self].ends[other] = end;
	worker_events.on_peer_up(end->child, &end->public);
}

static void
end_close(unsigned int self, unsigned int other, bool is_told)
{
	struct peer *end = members[self].ends[other];
	struct peer **link = &members[self].private.peers;

	if (end == NULL)
		return;
	while (*link != end)
		link = &(*link)->next;
	*link = end->next;
	if (is_told)
		worker_events.on_peer_down(end->child, &end->public);
	ipc_channel_close(&end->public.channel);
	free(end);
	members[self].ends[other] = NULL;
}

void
cluster_start(unsigned int index)
{
	struct cluster_member *member = &members[index];
	struct worker *worker = cluster_worker(index);
	struct proc_child *child = child_of(index);

	memset(member, 0, sizeof(*member));
	bare_worker_init(&member->bare);
	child->private = &member->private;
	child->context = worker;
	child->index = (uint16_t)index;
	child->start.worker_count = CLUSTER_SIZE;
	member->private.is_ready = true; /* there is no master to be told */
	worker->is_ready = false;
	uv_idle_init(&child->loop, &worker->idle);
	member->is_alive = true;
	cluster_stores[index].others = cluster_stores;
	cluster_stores[index].other_count = CLUSTER_SIZE;
	fake_store_start(&cluster_stores[index], worker);
	for (unsigned int other = 0; other < CLUSTER_SIZE; other++) {
		int fds[2];

		if (other == index || !members[other].is_alive)
			continue;
		ck_assert_int_eq(ipc_socket_pair(fds), 0);
		end_open(index, other, fds[0]);
		end_open(other, index, fds[1]);
	}
}

void
cluster_kill(unsigned int index)
{
	struct worker *worker = cluster_worker(index);
	struct proc_child *child = child_of(index);

	if (!members[index].is_alive)
		return;
	members[index].is_alive = false;
	for (unsigned int other = 0; other < CLUSTER_SIZE; other++) {
		end_close(index, other, false);
		if (members[other].is_alive)
			end_close(other, index, true);
	}
	fake_store_die(&cluster_stores[index]);
	memset(worker->peers, 0, sizeof(worker->peers));
	uv_close((uv_handle_t *)&worker->idle, NULL);
	uv_run(&child->loop, UV_RUN_NOWAIT);
	bare_worker_done(&members[index].bare);
}

void
cluster_restart_store(unsigned int index)
{
	fake_store_die(&cluster_stores[index]);
	members[index].is_unanswered = false;
	fake_store_start(&cluster_stores[index], cluster_worker(index));
}

static int
on_input(void *context, struct ipc_message *message)
{
	struct peer *end = context;

	return worker_events.on_message(end->child, &end->public, message);
}

/* What this worker has sent arrives. */
static void
carry(unsigned int from, unsigned int to)
{
	struct peer *end = members[to].ends[from];
	const char *fault = "";

	if (end == NULL)
		return;
	ck_assert_int_eq(ipc_channel_flush(
			     members[from].ends[to]->public.channel),
	    0);
	ck_assert_msg(ipc_channel_receive(end->public.channel, BATCHES,
			  on_input, end, &fault) == 0,
	    "%s", fault);
}

static void
worker_turn(unsigned int index)
{
	worker_events.on_turn_end(child_of(index));
	for (unsigned int other = 0; other < CLUSTER_SIZE; other++)
		carry(index, other);
	fake_store_exchange(&cluster_stores[index]);
}

void
cluster_step(void)
{
	unsigned int index = step / 3 % CLUSTER_SIZE;
	struct fake_store *store = &cluster_stores[index];
	struct cluster_member *member = &members[index];
	unsigned int round = step / CLUSTER_STEPS;
	unsigned int what = step++ % 3;

	if (!member->is_alive)
		return;
	if (what == 0)
		worker_turn(index);
	else if (what == 1 && store->arrived != 0 &&
		 (!is_slow[index] || round % SLOWER == SLOWER - 1)) {
		fake_store_write(store);
		member->is_unanswered = true;
	} else if (what == 2 && member->is_unanswered) {
		member->is_unanswered = false;
		fake_store_answer(store);
	}
}

unsigned int
cluster_stride(void)
{
	return getenv("SIGNET_TESTS_ARE_SLOWED") == NULL ? 1 : 7;
}

void
cluster_slow_disk(unsigned int index)
{
	is_slow[index] = true;
}

void
cluster_settle(void)
{
	for (unsigned int i = 0; i < ROUNDS * CLUSTER_STEPS; i++)
		cluster_step();
}

void
cluster_setup(void)
{
	memset(members, 0, sizeof(members));
	memset(cluster_stores, 0, sizeof(cluster_stores));
	memset(is_slow, 0, sizeof(is_slow));
	step = 0;
	for (unsigned int i = 0; i < CLUSTER_SIZE; i++) {
		/* What workers number has one number only. */
		cluster_stores[i].epoch = (uint64_t)i << 16;
		cluster_start(i);
	}
	cluster_settle();
	for (unsigned int i = 0; i < CLUSTER_SIZE; i++)
		ck_assert(cluster_worker(i)->is_ready);
}

void
cluster_teardown(void)
{
	for (unsigned int i = 0; i < CLUSTER_SIZE; i++) {
		cluster_kill(i);
		fake_store_done(&cluster_stores[i]);
	}
}
