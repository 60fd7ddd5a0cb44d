/* SPDX-License-Identifier: Apache-2.0 */
#include "rig.h"

#include <check.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/hash.h"
#include "lib/log.h"
#include "lib/memory.h"
#include "proc/privileges.h"

/* For everything that is waited for; far longer than it takes. */
#define PATIENCE_MS 60000

struct rig rig;

static const uint8_t home_key[HASH_KEY_LEN] = { 7 };

static void
send_control(enum ipc_message_type type, struct bytes payload, int fd)
{
	ck_assert_int_eq(ipc_channel_push(rig.control, type, payload, fd,
			     false),
	    0);
	ck_assert_int_eq(ipc_channel_flush(rig.control), 0);
}

static void
send_configuration(void)
{
	char text[1024];

	snprintf(text, sizeof(text),
	    "listen = ( { address = \"127.0.0.1\"; } );"
	    "tls = { certificate = \"/c\"; private_key = \"/k\"; "
	    "client_ca = \"/a\"; };"
	    "store = { path = \"%s\"; reserve_bytes = 1048576; };"
	    "processes = { user = \"nobody\"; };"
	    "log = { level = \"%s\"; };",
	    rig.path, getenv("SHOW_LOG") != NULL ? "debug" : "error");
	send_control(IPC_CONFIGURATION, BYTES_NONE,
	    ipc_sealed_memory("configuration", bytes_of_string(text)));
}

static void
send_start(void)
{
	struct ipc_start begin = { .worker_count = rig.worker_count,
		.gate_count = 1 };
	struct buffer out = { NULL, 0, 0 };

	memcpy(begin.home_key, home_key, sizeof(home_key));
	ipc_start_encode(&begin, &out);
	send_control(IPC_START, buffer_view(&out), -1);
	buffer_done(&out);
}

static int
on_control(void *context, struct ipc_message *message)
{
	*(bool *)context = message->type == IPC_READY;
	return 0;
}

static void
wait_for(struct ipc_channel *channel)
{
	struct pollfd state = { ipc_channel_fd(channel), POLLIN, 0 };

	ck_assert_int_eq(poll(&state, 1, PATIENCE_MS), 1);
}

/* As the master does it: what is there belongs to whom the store becomes. */
static void
give_folder(void)
{
	char command[160];

	if (geteuid() != 0)
		return;
	snprintf(command, sizeof(command), "chown -R nobody %s", rig.folder);
	ck_assert_int_eq(system(command), 0);
}

void
rig_become_store(void)
{
	char why[256];

	if (proc_privileges_drop("nobody", why, sizeof(why)) != 0)
		fatal("%s", why);
}

void
rig_start_early(void)
{
	char *arguments[] = { (char[]){ "signetd:" }, (char[]){ "store" },
		(char[]){ "0" }, NULL };
	int fds[2];

	give_folder();
	ck_assert_int_eq(ipc_socket_pair(fds), 0);
	rig.pid = fork();
	if (rig.pid == 0) {
		/* not where it is already: close-on-exec would stay */
		if (fds[1] == 3)
			fds[1] = dup(fds[1]);
		dup2(fds[1], 3);
		execv("/proc/self/exe", arguments);
		_exit(99);
	}
	close(fds[1]);
	rig.control = ipc_channel_open(fds[0], IPC_ROLE_MASTER, IPC_ROLE_STORE);
	send_configuration();
	send_start();
}

bool
rig_is_ready(int ms)
{
	struct pollfd state = { ipc_channel_fd(rig.control), POLLIN, 0 };
	bool is_ready = false;
	const char *fault;

	if (poll(&state, 1, ms) == 0)
		return false;
	ck_assert_int_eq(ipc_channel_receive(rig.control, 1, on_control,
			     &is_ready, &fault),
	    0);
	return is_ready;
}

void
rig_start(void)
{
	rig_start_early();
	ck_assert(rig_is_ready(PATIENCE_MS));
}

void
rig_forget(struct rig_worker *worker)
{
	for (size_t i = 0; i < worker->count; i++)
		free((void *)(uintptr_t)worker->messages[i].payload.data);
	free(worker->messages);
	worker->messages = NULL;
	worker->count = 0;
	worker->next = 0;
}

static void
worker_close(struct rig_worker *worker)
{
	ipc_channel_close(&worker->channel);
	rig_forget(worker);
	buffer_done(&worker->changes);
}

static void
close_all(void)
{
	for (uint16_t i = 0; i < RIG_WORKERS; i++)
		worker_close(&rig.workers[i]);
	ipc_channel_close(&rig.control);
	rig.pid = 0;
}

void
rig_kill(void)
{
	kill(rig.pid, SIGKILL);
	waitpid(rig.pid, NULL, 0);
	close_all();
}

void
rig_stop(void)
{
	int status;

	for (uint16_t i = 0; i < RIG_WORKERS; i++)
		ipc_channel_close(&rig.workers[i].channel);
	send_control(IPC_STOP, BYTES_NONE, -1);
	ck_assert_int_eq(waitpid(rig.pid, &status, 0), rig.pid);
	ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 0,
	    "the store ended with %#x", status);
	close_all();
}

void
rig_await_failure(void)
{
	int status;

	ck_assert_int_eq(waitpid(rig.pid, &status, 0), rig.pid);
	ck_assert_msg((WIFEXITED(status) && WEXITSTATUS(status) == 1) ||
			  (WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT),
	    "the store ended with %#x", status);
	close_all();
}

void
rig_setup_in(const char *parent)
{
	memset(&rig, 0, sizeof(rig));
	rig.worker_count = RIG_WORKERS;
	snprintf(rig.folder, sizeof(rig.folder), "%s/signet-test-XXXXXX",
	    parent);
	ck_assert_ptr_nonnull(mkdtemp(rig.folder));
	snprintf(rig.path, sizeof(rig.path), "%s", rig.folder);
	rig_start();
}

void
rig_setup(void)
{
	rig_setup_in("/tmp");
}

void
rig_teardown(void)
{
	char command[160];

	if (rig.pid != 0)
		rig_stop();
	snprintf(command, sizeof(command), "rm -rf %s", rig.folder);
	ck_assert_int_eq(system(command), 0);
}

struct rig_worker *
rig_worker(uint16_t index)
{
	struct rig_worker *worker = &rig.workers[index];
	struct ipc_peer peer = { IPC_ROLE_WORKER, index };
	struct buffer out = { NULL, 0, 0 };
	int fds[2];

	worker_close(worker);
	worker->index = index;
	worker->transaction = 0;
	ck_assert_int_eq(ipc_socket_pair(fds), 0);
	ipc_peer_encode(&peer, &out);
	send_control(IPC_PEER, buffer_view(&out), fds[1]);
	close(fds[1]);
	buffer_done(&out);
	worker->channel = ipc_channel_open(fds[0], IPC_ROLE_WORKER,
	    IPC_ROLE_STORE);
	return worker;
}

void
rig_push(struct rig_worker *worker, enum ipc_message_type type,
    struct bytes payload)
{
	struct pollfd state = { ipc_channel_fd(worker->channel), POLLOUT, 0 };
	int error;

	ck_assert_int_eq(ipc_channel_push(worker->channel, type, payload, -1,
			     false),
	    0);
	while ((error = ipc_channel_flush(worker->channel)) == -EAGAIN ||
	       error == -ENOBUFS)
		ck_assert_int_eq(poll(&state, 1, PATIENCE_MS), 1);
	ck_assert_int_eq(error, 0);
}

static int
on_message(void *context, struct ipc_message *message)
{
	struct rig_worker *worker = context;
	struct rig_message *kept;

	if (worker->minds_no_expiry && message->type == IPC_STORE_EXPIRED)
		return 0;
	worker->messages = memory_resize(worker->messages,
	    (worker->count + 1) * sizeof(*kept));
	kept = &worker->messages[worker->count++];
	kept->type = message->type;
	kept->payload = bytes_of(memory_copy(message->payload),
	    message->payload.len);
	return 0;
}

static int
on_fault(void *context, struct ipc_message *message)
{
	struct ipc_peer *who = context;

	ck_assert_str_eq(ipc_message_name(message->type), "PEER_FAULT");
	ck_assert_int_eq(ipc_peer_decode(message->payload, who), 0);
	return 0;
}

void
rig_await_refused(struct rig_worker *worker)
{
	struct ipc_peer who = { 0, 0 };
	const char *fault;

	wait_for(rig.control);
	ck_assert_int_eq(ipc_channel_receive(rig.control, 1, on_fault, &who,
			     &fault),
	    0);
	ck_assert_int_eq(who.role, IPC_ROLE_WORKER);
	ck_assert_uint_eq(who.index, worker->index);
	do
		wait_for(worker->channel);
	while (ipc_channel_receive(worker->channel, 1, on_message, worker,
		   &fault) == 0);
}

bool
rig_has_answer(struct rig_worker *worker, int ms)
{
	struct pollfd state = { ipc_channel_fd(worker->channel), POLLIN, 0 };

	return worker->next < worker->count || poll(&state, 1, ms) == 1;
}

const struct rig_message *
rig_next(struct rig_worker *worker)
{
	const char *fault = "";

	while (worker->next == worker->count) {
		wait_for(worker->channel);
		ck_assert_msg(ipc_channel_receive(worker->channel, 1,
				  on_message, worker, &fault) == 0,
		    "%s", fault);
	}
	return &worker->messages[worker->next++];
}

const struct rig_message *
rig_expect(struct rig_worker *worker, enum ipc_message_type type)
{
	const struct rig_message *message = rig_next(worker);

	ck_assert_str_eq(ipc_message_name(message->type),
	    ipc_message_name(type));
	return message;
}

void
rig_open(struct rig_worker *worker, uint64_t epoch)
{
	struct ipc_store_open open = { .worker = worker->index,
		.worker_count = rig.worker_count,
		.epoch = epoch };
	struct buffer out = { NULL, 0, 0 };

	memcpy(open.home_key, home_key, sizeof(home_key));
	ipc_store_open_encode(&open, &out);
	rig_push(worker, IPC_STORE_OPEN, buffer_view(&out));
	buffer_done(&out);
}

struct rig_worker *
rig_begin(uint16_t index)
{
	struct rig_worker *worker = rig_worker(index);
	struct ipc_store_state state;

	rig_open(worker, 0);
	ck_assert_int_eq(ipc_store_state_decode(
			     rig_expect(worker, IPC_STORE_OPENED)->payload,
			     &state),
	    0);
	ck_assert_uint_gt(state.epoch, 0);
	ck_assert_uint_eq(state.transaction, 0);
	worker->epoch = state.epoch;
	while (rig_next(worker)->type == IPC_STORE_ROW)
		;
	ck_assert_int_eq(worker->messages[worker->next - 1].type,
	    IPC_STORE_LOADED);
	return worker;
}

void
rig_change(struct rig_worker *worker, const struct ipc_store_change *change)
{
	ipc_store_change_encode(change, &worker->changes);
}

void
rig_send(struct rig_worker *worker)
{
	struct ipc_store_write write = { .transaction = ++worker->transaction,
		.is_last = true };
	struct buffer out = { NULL, 0, 0 };

	buffer_reserve(&out, IPC_STORE_WRITE_HEAD_LEN);
	ipc_store_write_head(&write, out.data);
	out.len = IPC_STORE_WRITE_HEAD_LEN;
	buffer_append(&out, buffer_view(&worker->changes));
	rig_push(worker, IPC_STORE_WRITE, buffer_view(&out));
	worker->changes.len = 0;
	buffer_done(&out);
}

void
rig_await_written(struct rig_worker *worker, uint64_t transaction)
{
	const struct rig_message *message;
	struct ipc_store_state state;

	while ((message = rig_next(worker))->type == IPC_STORE_EXPIRED)
		;
	ck_assert_str_eq(ipc_message_name(message->type), "STORE_WRITTEN");
	ck_assert_int_eq(ipc_store_state_decode(message->payload, &state), 0);
	ck_assert_uint_eq(state.transaction, transaction);
}

void
rig_write(struct rig_worker *worker)
{
	rig_send(worker);
	rig_await_written(worker, worker->transaction);
}

struct ipc_store_page
rig_page(struct rig_worker *worker, uint64_t session, uint64_t from,
    uint32_t count, uint32_t bytes, struct ipc_store_entry *entries,
    size_t *entry_count)
{
	struct ipc_store_read read = { from + 5, session, from, count, bytes };
	struct buffer out = { NULL, 0, 0 };
	const struct rig_message *message;
	struct ipc_store_page page;

	ipc_store_read_encode(&read, &out);
	rig_push(worker, IPC_STORE_READ, buffer_view(&out));
	buffer_done(&out);
	*entry_count = 0;
	while ((message = rig_next(worker))->type == IPC_STORE_ENTRY) {
		ck_assert_int_eq(ipc_store_entry_decode(message->payload,
				     &entries[*entry_count]),
		    0);
		ck_assert_uint_eq(entries[(*entry_count)++].request, from + 5);
	}
	ck_assert_str_eq(ipc_message_name(message->type), "STORE_PAGE");
	ck_assert_int_eq(ipc_store_page_decode(message->payload, &page), 0);
	ck_assert_uint_eq(page.request, from + 5);
	return page;
}

const struct ipc_store_row *
rig_find_row(struct rig_worker *worker, enum ipc_store_change_type type,
    struct bytes key)
{
	static struct ipc_store_row row;

	for (size_t i = 0; i < worker->count; i++) {
		if (worker->messages[i].type != IPC_STORE_ROW)
			continue;
		ck_assert_int_eq(
		    ipc_store_row_decode(worker->messages[i].payload, &row), 0);
		if (row.put.type == type && bytes_equal(row.put.key, key))
			return &row;
	}
	return NULL;
}

size_t
rig_count(const struct rig_worker *worker, enum ipc_message_type type)
{
	size_t count = 0;

	for (size_t i = 0; i < worker->count; i++)
		count += worker->messages[i].type == type;
	return count;
}

struct bytes
rig_key_at(uint16_t index, unsigned int number)
{
	static char text[4][32];
	static unsigned int next;
	char *key = text[next++ % 4];
	struct bytes view;

	for (unsigned int i = 0;; i++) {
		snprintf(key, sizeof(text[0]), "key-%u-%u", number, i);
		view = bytes_of_string(key);
		if (hash_home(home_key, view, RIG_WORKERS) == index)
			return view;
	}
}
