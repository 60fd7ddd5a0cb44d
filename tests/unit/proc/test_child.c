/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One child process; the test is its master, and its peers.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "proc/child.h"
#include "test_proc.h"

/*
 * The child. It answers each INTEREST_ADD with an INTEREST_ACK of the same
 * number, pushed in two places of a turn; to the number FILL it fills its
 * queue, and tells of room with the number ROOM. What comes and goes is told
 * to worker 9 as INTEREST_SYNC, UP and DOWN plus index.
 */
enum { FILL = 1000, ROOM = 1001, UP = 2000, DOWN = 3000, LAST = 500 };

static struct proc_peer *witness;
static uint64_t answer_later;
static struct proc_peer *answer_to;

static void
push_number(struct proc_child *child, struct proc_peer *peer,
    enum ipc_message_type type, uint64_t number)
{
	struct ipc_interest interest = { number, BYTES_NONE };
	struct buffer out = { NULL, 0, 0 };

	ipc_interest_encode(&interest, &out);
	proc_peer_push(child, peer, type, buffer_view(&out), -1, false);
	buffer_done(&out);
}

static void
tell(struct proc_child *child, uint64_t number)
{
	if (witness != NULL)
		push_number(child, witness, IPC_INTEREST_SYNC, number);
}

static void
toy_peer_up(struct proc_child *child, struct proc_peer *peer)
{
	if (peer->index == 9)
		witness = peer;
	tell(child, UP + peer->index);
}

static void
toy_peer_down(struct proc_child *child, struct proc_peer *peer)
{
	if (peer == witness)
		witness = NULL;
	if (peer == answer_to)
		answer_to = NULL;
	tell(child, DOWN + peer->index);
}

static void
fill(struct proc_child *child, struct proc_peer *peer)
{
	static const uint8_t payload[60000];

	while (!proc_peer_is_full(child, peer))
		proc_peer_push(child, peer, IPC_PUBLISH_FORWARD,
		    bytes_of(payload, sizeof(payload)), -1, false);
}

static int
toy_message(struct proc_child *child, struct proc_peer *peer,
    struct ipc_message *message)
{
	struct ipc_interest interest;

	if (message->type != IPC_INTEREST_ADD ||
	    ipc_interest_decode(message->payload, &interest) != 0)
		return -EBADMSG;
	if (interest.number == FILL) {
		fill(child, peer);
		return 0;
	}
	if (interest.number == LAST)
		tell(child, LAST);
	push_number(child, peer, IPC_INTEREST_ACK, interest.number);
	answer_to = peer;
	answer_later = interest.number;
	return 0;
}

static void
toy_writable(struct proc_child *child, struct proc_peer *peer)
{
	push_number(child, peer, IPC_INTEREST_ACK, ROOM);
}

static void
toy_turn_end(struct proc_child *child)
{
	if (answer_to != NULL)
		push_number(child, answer_to, IPC_INTEREST_ACK, answer_later);
	answer_to = NULL;
}

int
toy_run(struct proc_child *child)
{
	static const struct proc_events events = {
		.on_peer_up = toy_peer_up,
		.on_peer_down = toy_peer_down,
		.on_message = toy_message,
		.on_peer_writable = toy_writable,
		.on_turn_end = toy_turn_end,
	};

	proc_child_ready(child);
	return proc_child_loop(child, &events);
}

/* The master. */

static pid_t pid;
static struct ipc_channel *control;
static const char *fault;

static void
start(void)
{
	char *arguments[] = { (char[]){ "signetd:" }, (char[]){ "worker" },
		(char[]){ "0" }, NULL };
	int fds[2];

	ck_assert_int_eq(ipc_socket_pair(fds), 0);
	pid = fork();
	if (pid == 0) {
		/* not where it is already: close-on-exec would stay */
		if (fds[1] == 3)
			fds[1] = dup(fds[1]);
		dup2(fds[1], 3);
		execv("/proc/self/exe", arguments);
		_exit(99);
	}
	close(fds[1]);
	control = ipc_channel_open(fds[0], IPC_ROLE_MASTER, IPC_ROLE_WORKER);
}

static void
send_control(enum ipc_message_type type, struct bytes payload, int fd)
{
	ck_assert_int_eq(ipc_channel_push(control, type, payload, fd, false),
	    0);
	ck_assert_int_eq(ipc_channel_flush(control), 0);
}

static const char settings[] =
    "listen = ( { address = \"127.0.0.1\"; } );"
    "tls = { certificate = \"/c\"; private_key = \"/k\"; client_ca = \"/a\"; };"
    "processes = { channel_bytes = 1000000; stop_seconds = 1; "
    "user = \"nobody\"; };";

static int
configuration(void)
{
	return ipc_sealed_memory("configuration", bytes_of_string(settings));
}

static void
send_start(void)
{
	struct ipc_start begin = { 2, 1, { 0 }, 0 };
	struct buffer out = { NULL, 0, 0 };

	ipc_start_encode(&begin, &out);
	send_control(IPC_START, buffer_view(&out), -1);
	buffer_done(&out);
}

static struct ipc_channel *
send_peer(uint16_t index)
{
	struct ipc_peer peer = { IPC_ROLE_WORKER, index };
	struct buffer out = { NULL, 0, 0 };
	int fds[2];

	ck_assert_int_eq(ipc_socket_pair(fds), 0);
	ipc_peer_encode(&peer, &out);
	send_control(IPC_PEER, buffer_view(&out), fds[1]);
	buffer_done(&out);
	return ipc_channel_open(fds[0], IPC_ROLE_WORKER, IPC_ROLE_WORKER);
}

static void
say(struct ipc_channel *channel, uint64_t number)
{
	struct ipc_interest interest = { number, BYTES_LITERAL("a") };
	struct buffer out = { NULL, 0, 0 };

	ipc_interest_encode(&interest, &out);
	ck_assert_int_eq(ipc_channel_push(channel, IPC_INTEREST_ADD,
			     buffer_view(&out), -1, false),
	    0);
	ck_assert_int_eq(ipc_channel_flush(channel), 0);
	buffer_done(&out);
}

struct heard {
	unsigned int count;
	struct {
		enum ipc_message_type type;
		uint64_t number;
	} items[16];
};

static int
hear(void *context, struct ipc_message *message)
{
	struct heard *heard = context;
	struct ipc_interest interest = { 0, BYTES_NONE };

	if (message->type == IPC_PUBLISH_FORWARD)
		return 0;
	if (message->type == IPC_PEER_FAULT)
		interest.number = message->payload.data[2];
	else if (message->payload.len > 0)
		ck_assert_int_eq(ipc_interest_decode(message->payload,
				     &interest),
		    0);
	heard->items[heard->count].type = message->type;
	heard->items[heard->count++].number = interest.number;
	return 0;
}

/* Receive one batch, of which some is to be kept; its messages. */
static struct heard
listen_to(struct ipc_channel *channel)
{
	struct pollfd state = { ipc_channel_fd(channel), POLLIN, 0 };
	struct heard heard = { .count = 0 };

	while (heard.count == 0) {
		ck_assert_int_eq(poll(&state, 1, 60000), 1);
		ck_assert_int_eq(ipc_channel_receive(channel, 1, hear, &heard,
				     &fault),
		    0);
	}
	return heard;
}

static void
expect(struct ipc_channel *channel, enum ipc_message_type type, uint64_t number)
{
	struct heard heard = listen_to(channel);

	ck_assert_uint_eq(heard.count, 1);
	ck_assert_str_eq(ipc_message_name(heard.items[0].type),
	    ipc_message_name(type));
	ck_assert_uint_eq(heard.items[0].number, number);
}

static int
exit_status(void)
{
	int status;

	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	pid = 0;
	ck_assert(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void
setup(void)
{
	start();
	send_control(IPC_CONFIGURATION, BYTES_NONE, configuration());
}

static void
teardown(void)
{
	ipc_channel_close(&control);
	if (pid != 0) {
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
	}
}

START_TEST(a_child_is_ready_and_stops_when_told)
{
	send_start();
	expect(control, IPC_READY, 0);
	send_control(IPC_STOP, BYTES_NONE, -1);
	ck_assert_int_eq(exit_status(), 0);
}
END_TEST

START_TEST(stop_may_come_before_start_or_right_behind_it)
{
	if (_i == 1)
		send_start();
	send_control(IPC_STOP, BYTES_NONE, -1);
	ck_assert_int_eq(exit_status(), 0);
}
END_TEST

START_TEST(a_child_ends_with_its_master)
{
	if (_i == 1) {
		send_start();
		expect(control, IPC_READY, 0);
	}
	ipc_channel_close(&control);
	ck_assert_int_eq(exit_status(), 1);
}
END_TEST

START_TEST(what_a_master_may_not_say_ends_the_child)
{
	uint8_t credential = 1;
	uint8_t start_payload[20] = { 0, 1, 0, 1 };

	switch (_i) {
	case 0: /* a second configuration */
		send_control(IPC_CONFIGURATION, BYTES_NONE, configuration());
		break;
	case 1: /* a gate's message, by a datagram of its own */
		credential = IPC_LISTENER;
		ck_assert_int_eq(
		    send(ipc_channel_fd(control),
			(uint8_t[]){ 0, credential, 0, 0, 0, 0, 0, 0 }, 8, 0),
		    8);
		break;
	case 2: /* START cut short */
		send_control(IPC_START, bytes_of(start_payload, 19), -1);
		break;
	case 3: /* START twice */
		send_start();
		send_start();
		break;
	case 4: /* a peer that is no peer */
		send_control(IPC_PEER,
		    bytes_of((uint8_t[]){ IPC_ROLE_GATE, 0, 0 }, 3), dup(0));
		break;
	}
	ck_assert_int_eq(exit_status(), 1);
}
END_TEST

START_TEST(what_is_pushed_in_a_turn_leaves_in_one_batch)
{
	struct ipc_channel *peer = send_peer(1);
	struct heard heard;

	send_start();
	say(peer, 7);
	heard = listen_to(peer);
	ck_assert_uint_eq(heard.count, 2);
	ck_assert_uint_eq(heard.items[0].number, 7);
	ck_assert_uint_eq(heard.items[1].number, 7);
	ipc_channel_close(&peer);
}
END_TEST

static void
send_generation(enum ipc_message_type type, uint64_t number)
{
	struct ipc_generation generation = { number, BYTES_NONE };
	struct buffer out = { NULL, 0, 0 };

	ipc_generation_encode(&generation, &out);
	send_control(type, buffer_view(&out), -1);
	buffer_done(&out);
}

START_TEST(a_child_takes_up_what_it_has_agreed_to)
{
	send_start();
	expect(control, IPC_READY, 0);
	for (uint64_t number = 7; number < 9; number++) {
		send_control(IPC_CONFIGURATION, BYTES_NONE, configuration());
		send_generation(IPC_PROPOSE, number);
		expect(control, IPC_PROPOSED, number);
		send_generation(IPC_COMMIT, number);
		expect(control, IPC_COMMITTED, number);
	}
	send_control(IPC_STOP, BYTES_NONE, -1);
	ck_assert_int_eq(exit_status(), 0);
}
END_TEST

static int
hear_refusal(void *context, struct ipc_message *message)
{
	struct ipc_generation generation;

	ck_assert_int_eq(message->type, IPC_PROPOSED);
	ck_assert_int_eq(ipc_generation_decode(message->payload, &generation),
	    0);
	ck_assert_uint_gt(generation.detail.len, 0);
	*(uint64_t *)context = generation.number;
	return 0;
}

START_TEST(a_child_refuses_what_it_cannot_read_and_goes_on)
{
	struct pollfd state = { ipc_channel_fd(control), POLLIN, 0 };
	uint64_t number = 0;

	send_start();
	expect(control, IPC_READY, 0);
	send_control(IPC_CONFIGURATION, BYTES_NONE,
	    ipc_sealed_memory("configuration", BYTES_LITERAL("listen = 5;")));
	send_generation(IPC_PROPOSE, 3);
	ck_assert_int_eq(poll(&state, 1, 60000), 1);
	ck_assert_int_eq(ipc_channel_receive(control, 1, hear_refusal, &number,
			     &fault),
	    0);
	ck_assert_uint_eq(number, 3);
	send_control(IPC_DISMISS, BYTES_NONE, -1);
	send_control(IPC_STOP, BYTES_NONE, -1);
	ck_assert_int_eq(exit_status(), 0);
}
END_TEST

START_TEST(a_child_that_is_to_use_what_it_has_not_agreed_to_begins_anew)
{
	send_start();
	expect(control, IPC_READY, 0);
	send_control(IPC_CONFIGURATION, BYTES_NONE, configuration());
	send_generation(IPC_PROPOSE, 3);
	expect(control, IPC_PROPOSED, 3);
	if (_i == 1)
		send_control(IPC_DISMISS, BYTES_NONE, -1);
	send_generation(IPC_COMMIT, _i == 1 ? 3 : 4);
	ck_assert_int_eq(exit_status(), 1);
}
END_TEST

START_TEST(peers_come_and_go)
{
	struct ipc_channel *witness_channel = send_peer(9);
	struct ipc_channel *peer;

	send_start();
	expect(witness_channel, IPC_INTEREST_SYNC, UP + 9);
	peer = send_peer(1);
	expect(witness_channel, IPC_INTEREST_SYNC, UP + 1);
	ipc_channel_close(&peer);
	expect(witness_channel, IPC_INTEREST_SYNC, DOWN + 1);
	ipc_channel_close(&witness_channel);
}
END_TEST

START_TEST(a_new_channel_replaces_the_old_after_what_that_still_holds)
{
	struct ipc_channel *witness_channel = send_peer(9);
	struct ipc_channel *before;
	struct ipc_channel *after;
	uint64_t heard[3];
	unsigned int count = 0;

	send_start();
	expect(witness_channel, IPC_INTEREST_SYNC, UP + 9);
	before = send_peer(1);
	expect(witness_channel, IPC_INTEREST_SYNC, UP + 1);
	say(before, LAST);
	after = send_peer(1);
	while (count < 3) {
		struct heard batch = listen_to(witness_channel);

		for (unsigned int i = 0; i < batch.count && count < 3; i++)
			heard[count++] = batch.items[i].number;
	}
	ck_assert_uint_eq(heard[0], LAST);
	ck_assert_uint_eq(heard[1], DOWN + 1);
	ck_assert_uint_eq(heard[2], UP + 1);
	say(after, 3);
	ck_assert_uint_eq(listen_to(after).items[0].number, 3);
	ipc_channel_close(&before);
	ipc_channel_close(&after);
	ipc_channel_close(&witness_channel);
}
END_TEST

START_TEST(a_malformed_message_is_reported_and_ends_its_channel)
{
	struct ipc_channel *peer = send_peer(4);
	struct pollfd state = { ipc_channel_fd(peer), POLLIN, 0 };
	struct heard heard = { .count = 0 };

	send_start();
	expect(control, IPC_READY, 0);
	ck_assert_int_eq(send(ipc_channel_fd(peer), "malformed", 9, 0), 9);
	expect(control, IPC_PEER_FAULT, 4);
	ck_assert_int_eq(poll(&state, 1, 60000), 1);
	ck_assert_int_eq(ipc_channel_receive(peer, 1, hear, &heard, &fault),
	    -EPIPE);
	ipc_channel_close(&peer);
}
END_TEST

START_TEST(room_in_a_queue_that_was_full_is_told)
{
	struct ipc_channel *peer = send_peer(1);
	struct heard heard;

	send_start();
	say(peer, FILL);
	heard = listen_to(peer);
	ck_assert_int_eq(heard.items[0].type, IPC_INTEREST_ACK);
	ck_assert_uint_eq(heard.items[0].number, ROOM);
	ipc_channel_close(&peer);
}
END_TEST

TCase *
test_child(void)
{
	TCase *tests = tcase_create("child");

	tcase_set_timeout(tests, 120);
	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_add_test(tests, a_child_is_ready_and_stops_when_told);
	tcase_add_loop_test(tests,
	    stop_may_come_before_start_or_right_behind_it, 0, 2);
	tcase_add_loop_test(tests, a_child_ends_with_its_master, 0, 2);
	tcase_add_loop_test(tests, what_a_master_may_not_say_ends_the_child, 0,
	    5);
	tcase_add_test(tests, what_is_pushed_in_a_turn_leaves_in_one_batch);
	tcase_add_test(tests, a_child_takes_up_what_it_has_agreed_to);
	tcase_add_test(tests, a_child_refuses_what_it_cannot_read_and_goes_on);
	tcase_add_loop_test(tests,
	    a_child_that_is_to_use_what_it_has_not_agreed_to_begins_anew, 0, 2);
	tcase_add_test(tests, peers_come_and_go);
	tcase_add_test(tests,
	    a_new_channel_replaces_the_old_after_what_that_still_holds);
	tcase_add_test(tests,
	    a_malformed_message_is_reported_and_ends_its_channel);
	tcase_add_test(tests, room_in_a_queue_that_was_full_is_told);
	return tests;
}
