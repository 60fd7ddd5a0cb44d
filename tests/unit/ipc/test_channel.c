/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "ipc/batch.h"
#include "ipc/channel.h"
#include "lib/memory.h"
#include "test_ipc.h"

static int fds[2];
static struct ipc_channel *left;
static struct ipc_channel *right;
static const char *fault;

/* What the handler saw. */
static unsigned int seen;
static unsigned int fds_seen;
static size_t bytes_seen;
static uint64_t last_number;
static int kept_fd = -1;
static int handler_result;

static void
setup_as(enum ipc_role a, enum ipc_role b)
{
	ck_assert_int_eq(ipc_socket_pair(fds), 0);
	left = ipc_channel_open(fds[0], a, b);
	right = ipc_channel_open(fds[1], b, a);
	seen = fds_seen = 0;
	bytes_seen = 0;
	last_number = 0;
	kept_fd = -1;
	handler_result = 0;
}

static void
setup(void)
{
	setup_as(IPC_ROLE_WORKER, IPC_ROLE_WORKER);
}

static void
teardown(void)
{
	ipc_channel_close(&left);
	ipc_channel_close(&right);
}

static int
count_message(void *context, struct ipc_message *message)
{
	ck_assert_ptr_eq(context, &seen);
	seen++;
	fds_seen += message->fd >= 0;
	bytes_seen += message->payload.len;
	return handler_result;
}

static int
keep_fd(void *context, struct ipc_message *message)
{
	kept_fd = message->fd;
	message->fd = -1;
	return count_message(context, message);
}

static int
check_order(void *context, struct ipc_message *message)
{
	struct ipc_interest interest;

	if (ipc_interest_decode(message->payload, &interest) != 0 ||
	    interest.number != last_number + 1)
		ck_abort_msg("not what follows %" PRIu64, last_number);
	last_number = interest.number;
	return count_message(context, message);
}

static int
receive(unsigned int max_batches, ipc_handler *handler)
{
	return ipc_channel_receive(right, max_batches, handler, &seen, &fault);
}

static int
push(enum ipc_message_type type, size_t len, int fd)
{
	uint8_t *payload = memory_new(1, len + 1);
	int error;

	memset(payload, 'x', len);
	error = ipc_channel_push(left, type, bytes_of(payload, len), fd, false);
	free(payload);
	return error;
}

static void
push_number(uint64_t number)
{
	struct ipc_interest interest = { number, BYTES_LITERAL("a/b") };
	struct buffer out = { 0 };

	ipc_interest_encode(&interest, &out);
	if (ipc_channel_push(left, IPC_INTEREST_ADD, buffer_view(&out), -1,
		false) != 0)
		ck_abort_msg("%" PRIu64 " is not taken", number);
	buffer_done(&out);
}

static bool
is_closed(int fd)
{
	return fcntl(fd, F_GETFD) < 0 && errno == EBADF;
}

/* A datagram of raw bytes, with count descriptors beside it. */
static void
send_raw(const void *data, size_t len, const int *descriptors, size_t count)
{
	struct iovec content = { (void *)(uintptr_t)data, len };
	union {
		struct cmsghdr header;
		uint8_t bytes[CMSG_SPACE(sizeof(int) * 4)];
	} control = { .header = { .cmsg_len = CMSG_LEN(sizeof(int) * count),
			  .cmsg_level = SOL_SOCKET,
			  .cmsg_type = SCM_RIGHTS } };
	struct msghdr datagram = { .msg_iov = &content, .msg_iovlen = 1 };

	if (count > 0) {
		memcpy(CMSG_DATA(&control.header), descriptors,
		    sizeof(int) * count);
		datagram.msg_control = control.bytes;
		datagram.msg_controllen = CMSG_SPACE(sizeof(int) * count);
	}
	ck_assert_int_eq(sendmsg(fds[0], &datagram, 0), (ssize_t)len);
}

START_TEST(messages_of_a_turn_leave_as_one_batch)
{
	for (uint64_t i = 1; i <= 1000; i++)
		push_number(i);
	ck_assert_int_eq(receive(1, check_order), 0);
	ck_assert_uint_eq(seen, 0);
	ck_assert_uint_gt(ipc_channel_queued_bytes(left), 0);
	ck_assert_int_eq(ipc_channel_flush(left), 0);
	ck_assert_uint_eq(ipc_channel_queued_bytes(left), 0);
	ck_assert_int_eq(receive(1, check_order), 0);
	ck_assert_uint_eq(seen, 1000);
}
END_TEST

START_TEST(a_full_socket_keeps_the_rest_in_order)
{
	uint64_t pushed = 0;
	int error;

	while (ipc_channel_queued_bytes(left) < 1000000)
		push_number(++pushed);
	do {
		error = ipc_channel_flush(left);
		ck_assert(error == 0 || error == -EAGAIN);
		push_number(++pushed);
		ck_assert_int_eq(receive(3, check_order), 0);
	} while (error != 0);
	ck_assert_int_eq(ipc_channel_flush(left), 0);
	ck_assert_int_eq(receive(1000, check_order), 0);
	ck_assert_uint_eq(last_number, pushed);
}
END_TEST

START_TEST(parts_are_joined)
{
	struct bytes parts[] = { BYTES_LITERAL("abc"), BYTES_NONE,
		BYTES_LITERAL("de") };

	ck_assert_int_eq(ipc_channel_push_parts(left, IPC_PUBLISH_FORWARD,
			     parts, 3, -1, false),
	    0);
	ck_assert_int_eq(ipc_channel_flush(left), 0);
	ck_assert_int_eq(receive(1, count_message), 0);
	ck_assert_uint_eq(seen, 1);
	ck_assert_uint_eq(bytes_seen, 5);
}
END_TEST

START_TEST(a_descriptor_is_passed_and_closed_here)
{
	int pipe_fds[2];
	char byte = 0;

	ck_assert_int_eq(pipe(pipe_fds), 0);
	ck_assert_int_eq(push(IPC_SESSION_HANDOFF, 10, pipe_fds[1]), 0);
	ck_assert_int_eq(ipc_channel_flush(left), 0);
	ck_assert(is_closed(pipe_fds[1]));
	ck_assert_int_eq(receive(1, keep_fd), 0);
	ck_assert_int_ne(fcntl(kept_fd, F_GETFD) & FD_CLOEXEC, 0);
	ck_assert_int_eq(write(kept_fd, "y", 1), 1);
	ck_assert_int_eq(read(pipe_fds[0], &byte, 1), 1);
	ck_assert_int_eq(byte, 'y');
	close(kept_fd);
	close(pipe_fds[0]);
}
END_TEST

START_TEST(a_descriptor_that_nobody_keeps_is_closed)
{
	int pipe_fds[2];
	char byte;

	ck_assert_int_eq(pipe(pipe_fds), 0);
	ck_assert_int_eq(push(IPC_SESSION_HANDOFF, 10, pipe_fds[1]), 0);
	ck_assert_int_eq(ipc_channel_flush(left), 0);
	ck_assert_int_eq(receive(1, count_message), 0);
	ck_assert_uint_eq(fds_seen, 1);
	ck_assert_int_eq(read(pipe_fds[0], &byte, 1), 0); /* all are closed */
	close(pipe_fds[0]);
}
END_TEST

START_TEST(descriptors_are_closed_with_the_channel)
{
	int fd = dup(0);

	ck_assert_int_eq(push(IPC_SESSION_HANDOFF, 10, fd), 0);
	ipc_channel_close(&left);
	ck_assert(is_closed(fd));
}
END_TEST

START_TEST(more_descriptors_than_a_batch_holds_go_in_several)
{
	for (int i = 0; i < 3 * IPC_BATCH_FDS_MAX; i++)
		ck_assert_int_eq(push(IPC_SESSION_HANDOFF, 10, dup(0)), 0);
	ck_assert_int_eq(ipc_channel_flush(left), 0);
	ck_assert_int_eq(receive(3, count_message), 0);
	ck_assert_uint_eq(fds_seen, 3 * IPC_BATCH_FDS_MAX);
}
END_TEST

START_TEST(a_payload_larger_than_a_batch_goes_as_sealed_memory)
{
	size_t len = IPC_BATCH_MAX - BATCH_HEADER_LEN + (size_t)_i;

	ck_assert_int_eq(push(IPC_SESSION_HANDOFF, len, dup(0)), 0);
	ck_assert_uint_ge(ipc_channel_queued_bytes(left), len);
	push_number(1);
	ck_assert_int_eq(ipc_channel_flush(left), 0);
	ck_assert_int_eq(receive(3, count_message), 0);
	ck_assert_uint_eq(seen, 2);
	ck_assert_uint_eq(fds_seen, 1);
	ck_assert_uint_eq(bytes_seen, len + 8 + 3);
}
END_TEST

/* Keeps what the last message came in. */
static struct buffer taken;

static int
take_storage(void *context, struct ipc_message *message)
{
	if (message->storage != NULL) {
		buffer_done(&taken);
		taken = *message->storage;
		*message->storage = (struct buffer){ NULL, 0, 0 };
		ck_assert(message->payload.data > taken.data &&
			  message->payload.data + message->payload.len <=
			      taken.data + taken.capacity);
	}
	return count_message(context, message);
}

START_TEST(a_payload_that_fills_most_of_a_batch_goes_and_comes_without_a_copy)
{
	const size_t most = IPC_BATCH_MAX - BATCH_HEADER_LEN;

	/* sent at once, without a flush */
	ck_assert_int_eq(push(IPC_PUBLISH_FORWARD, BATCH_DIRECT_MIN, -1), 0);
	ck_assert_int_eq(push(IPC_PUBLISH_FORWARD, most, -1), 0);
	ck_assert_uint_eq(ipc_channel_queued_bytes(left), 0);
	for (unsigned int i = 1; i <= 2; i++) {
		ck_assert_int_eq(receive(1, take_storage), 0);
		ck_assert_uint_eq(seen, i);
		ck_assert_ptr_nonnull(taken.data);
		ck_assert_uint_eq(taken.data[BATCH_HEADER_LEN], 'x');
		buffer_done(&taken);
	}
	ck_assert_uint_eq(bytes_seen, BATCH_DIRECT_MIN + most);

	/* not what shares the datagram, and not what is little */
	push_number(1);
	ck_assert_int_eq(push(IPC_PUBLISH_FORWARD, BATCH_DIRECT_MIN - 1, -1),
	    0);
	ck_assert_int_eq(ipc_channel_flush(left), 0);
	ck_assert_int_eq(push(IPC_PUBLISH_FORWARD, BATCH_DIRECT_MIN - 1, -1),
	    0);
	ck_assert_int_eq(ipc_channel_flush(left), 0);
	ck_assert_int_eq(receive(2, take_storage), 0);
	ck_assert_uint_eq(seen, 5);
	ck_assert_ptr_null(taken.data);
}
END_TEST

START_TEST(what_the_socket_does_not_take_waits_in_its_order)
{
	unsigned int pushed = 0;

	push_number(1);
	while (ipc_channel_queued_bytes(left) < 3 * BATCH_DIRECT_MIN) {
		ck_assert_int_eq(push(IPC_PUBLISH_FORWARD, BATCH_DIRECT_MIN,
				     -1),
		    0);
		pushed++;
	}
	push_number(2);
	while (ipc_channel_queued_bytes(left) > 0) {
		ck_assert_int_eq(receive(1000, take_storage), 0);
		ck_assert_int_ge(ipc_channel_flush(left), -EAGAIN);
	}
	ck_assert_int_eq(receive(1000, take_storage), 0);
	ck_assert_uint_eq(seen, pushed + 2);
	buffer_done(&taken);
}
END_TEST

START_TEST(large_and_small_payloads_keep_their_order)
{
	static const size_t lens[] = { 10, 100000, 3, 65536, 72000, 73721, 0 };
	size_t sum = 0;

	for (size_t i = 0; i < 7; i++) {
		ck_assert_int_eq(push(IPC_PUBLISH_FORWARD, lens[i], -1), 0);
		sum += lens[i];
	}
	for (int i = 0; i < 100 && seen < 7; i++) {
		(void)ipc_channel_flush(left);
		ck_assert_int_eq(receive(100, count_message), 0);
	}
	ck_assert_uint_eq(seen, 7);
	ck_assert_uint_eq(bytes_seen, sum);
}
END_TEST

START_TEST(what_the_table_forbids_is_not_queued)
{
	int fd = dup(0);

	ck_assert_int_eq(push(IPC_READY, 0, -1), -EBADMSG);
	ck_assert_int_eq(push(IPC_PUBLISH_FORWARD, 5, fd), -EBADMSG);
	ck_assert(is_closed(fd));
	ck_assert_int_eq(push(IPC_SESSION_HANDOFF, 5, -1), -EBADMSG);
	ck_assert_uint_eq(ipc_channel_queued_bytes(left), 0);
}
END_TEST

START_TEST(what_a_peer_sent_before_it_died_is_received)
{
	push_number(1);
	ck_assert_int_eq(ipc_channel_flush(left), 0);
	/* something unread at the dead end resets the channel */
	ck_assert_int_eq(send(fds[1], "x", 1, 0), 1);
	ipc_channel_close(&left);
	ck_assert_int_eq(receive(10, check_order), -EPIPE);
	ck_assert_uint_eq(last_number, 1);
	ck_assert_ptr_null(fault);
}
END_TEST

START_TEST(a_channel_without_its_peer_drops_what_is_queued)
{
	int fd = dup(0);

	ipc_channel_close(&right);
	ck_assert_int_eq(push(IPC_SESSION_HANDOFF, 10, fd), 0);
	ck_assert_int_eq(ipc_channel_flush(left), -EPIPE);
	ck_assert(is_closed(fd));
	ck_assert_uint_eq(ipc_channel_queued_bytes(left), 0);
	fd = dup(0);
	ck_assert_int_eq(push(IPC_SESSION_HANDOFF, 10, fd), -EPIPE);
	ck_assert(is_closed(fd));
	ck_assert_int_eq(ipc_channel_flush(left), -EPIPE);
}
END_TEST

START_TEST(a_handlers_refusal_ends_the_receiving)
{
	push_number(1);
	push_number(2);
	ck_assert_int_eq(ipc_channel_flush(left), 0);
	handler_result = -EBADMSG;
	ck_assert_int_eq(receive(1, count_message), -EBADMSG);
	ck_assert_uint_eq(seen, 1);
	ck_assert_str_eq(fault, "message whose content is malformed");
}
END_TEST

/* Type, flags, payload length in network byte order. */
#define HEADER(type, flags, len)                                               \
	0, (type), 0, (flags), 0, 0, (uint8_t)((len) >> 8), (uint8_t)(len)

static const struct raw_case {
	uint8_t data[24];
	size_t len;
	unsigned int fd_count;
	unsigned int handled; /* before the fault */
	const char *fault;
} raw_cases[] = {
	{ { 0 }, 0, 0, 0, "datagram that is empty" },
	{ { 0 }, 1, 0, 0, "message whose header is cut off" },
	{ { HEADER(IPC_INTEREST_ADD, 0, 0) }, 7, 0, 0,
	    "message whose header is cut off" },
	{ { HEADER(IPC_INTEREST_ADD, 0, 1) }, 8, 0, 0,
	    "message whose payload is cut off" },
	{ { HEADER(IPC_INTEREST_ADD, 0, 1), 'x', 0 }, 10, 0, 1,
	    "message whose header is cut off" },
	{ { HEADER(IPC_INTEREST_ADD, 0, 0), HEADER(99, 0, 0) }, 16, 0, 1,
	    "message of unknown type" },
	{ { HEADER(IPC_READY, 0, 0) }, 8, 0, 0,
	    "message that is not for this receiver" },
	{ { HEADER(IPC_INTEREST_SYNC, 0, 9) }, 17, 0, 0,
	    "message longer than its type allows" },
	{ { HEADER(IPC_INTEREST_ADD, 8, 0) }, 8, 0, 0,
	    "message with unknown flags" },
	{ { HEADER(IPC_INTEREST_ADD, BATCH_FLAG_FD, 0) }, 8, 1, 0,
	    "message with a descriptor that it may not have" },
	{ { HEADER(IPC_SESSION_HANDOFF, 0, 0) }, 8, 1, 0,
	    "message without its descriptor" },
	{ { HEADER(IPC_SESSION_HANDOFF, BATCH_FLAG_FD, 0) }, 8, 0, 0,
	    "message whose descriptor is missing" },
	{ { HEADER(IPC_SESSION_HANDOFF, BATCH_FLAG_FD | BATCH_FLAG_MEMORY, 9) },
	    8, 1, 0, "message whose descriptor is missing" },
	{ { HEADER(IPC_SESSION_HANDOFF, BATCH_FLAG_FD, 0) }, 8, 2, 1,
	    "descriptor that no message names" },
	{ { HEADER(IPC_INTEREST_ADD, 0, 0) }, 8, 3, 1,
	    "descriptor that no message names" },
	{ { HEADER(IPC_INTEREST_ADD, BATCH_FLAG_MEMORY, 9) }, 8, 1, 0,
	    "memory that is not sealed or not of its length" },
};

START_TEST(a_malformed_datagram_is_refused)
{
	const struct raw_case *raw = &raw_cases[_i];
	int descriptors[3];
	int pipe_fds[2];
	char byte;

	ck_assert_int_eq(pipe(pipe_fds), 0);
	for (unsigned int i = 0; i < 3; i++)
		descriptors[i] = pipe_fds[1];
	send_raw(raw->data, raw->len, descriptors, raw->fd_count);
	close(pipe_fds[1]);
	ck_assert_int_eq(receive(1, count_message), -EBADMSG);
	ck_assert_str_eq(fault, raw->fault);
	ck_assert_uint_eq(seen, raw->handled);
	/* no descriptor is left open */
	ck_assert_int_eq(read(pipe_fds[0], &byte, 1), 0);
	close(pipe_fds[0]);
}
END_TEST

START_TEST(memory_of_another_length_is_refused)
{
	const uint8_t data[] = { HEADER(IPC_INTEREST_ADD, BATCH_FLAG_MEMORY,
	    7) };
	int fd = ipc_sealed_memory("test", BYTES_LITERAL("content"));
	int other = ipc_sealed_memory("test", BYTES_LITERAL("contents"));

	send_raw(data, 8, &fd, 1);
	ck_assert_int_eq(receive(1, count_message), 0);
	ck_assert_uint_eq(bytes_seen, 7);
	send_raw(data, 8, &other, 1);
	ck_assert_int_eq(receive(1, count_message), -EBADMSG);
	close(fd);
	close(other);
}
END_TEST

START_TEST(a_datagram_larger_than_a_batch_is_refused)
{
	uint8_t *data = memory_new(1, IPC_BATCH_MAX + 1);

	send_raw(data, IPC_BATCH_MAX + 1, NULL, 0);
	ck_assert_int_eq(receive(1, count_message), -EBADMSG);
	ck_assert_str_eq(fault, "datagram larger than a batch");
	free(data);
}
END_TEST

START_TEST(without_descriptors_left_a_message_is_left_out)
{
	struct rlimit before;
	struct rlimit none;

	ck_assert_int_eq(push(IPC_SESSION_HANDOFF, 1, dup(0)), 0);
	ck_assert_int_eq(push(IPC_SESSION_HANDOFF, 1, dup(0)), 0);
	push_number(1);
	ck_assert_int_eq(ipc_channel_flush(left), 0);
	getrlimit(RLIMIT_NOFILE, &before);
	none = before;
	kept_fd = dup(0); /* the lowest that is free */
	close(kept_fd);
	none.rlim_cur = (rlim_t)kept_fd + 1;
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &none), 0);
	ck_assert_int_eq(receive(1, count_message), 0);
	setrlimit(RLIMIT_NOFILE, &before);
	ck_assert_uint_eq(seen, 2);
	ck_assert_uint_eq(fds_seen, 1);
	ck_assert_uint_eq(ipc_channel_lost_messages(right), 1);
}
END_TEST

START_TEST(a_secret_is_wiped_at_both_ends)
{
	static const char secret[] = "this is a traffic secret";
	struct bytes view = bytes_of_string(secret);

	ck_assert_int_eq(ipc_channel_push(left, IPC_SESSION_HANDOFF, view,
			     dup(0), true),
	    0);
	ck_assert_int_eq(ipc_channel_flush(left), 0);
	ck_assert_int_eq(receive(1, count_message), 0);
	/* the block that held it is the next one to be used */
	struct batch *batch = batch_new();

	ck_assert_ptr_null(
	    memmem(batch->data, IPC_BATCH_MAX, secret, view.len));
	batch_free(&batch);
}
END_TEST

START_TEST(a_turn_is_bounded_in_batches)
{
	for (uint64_t i = 1; i <= 4; i++) {
		push_number(i);
		ck_assert_int_eq(ipc_channel_flush(left), 0);
	}
	ck_assert_int_eq(receive(2, check_order), 0);
	ck_assert_uint_eq(seen, 2);
	ck_assert_int_eq(receive(2, check_order), 0);
	ck_assert_uint_eq(seen, 4);
}
END_TEST

TCase *
test_channel(void)
{
	TCase *tests = tcase_create("channel");
	int raw_count = (int)(sizeof(raw_cases) / sizeof(raw_cases[0]));

	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_add_test(tests, messages_of_a_turn_leave_as_one_batch);
	tcase_add_test(tests, a_full_socket_keeps_the_rest_in_order);
	tcase_add_test(tests, parts_are_joined);
	tcase_add_test(tests, a_descriptor_is_passed_and_closed_here);
	tcase_add_test(tests, a_descriptor_that_nobody_keeps_is_closed);
	tcase_add_test(tests, descriptors_are_closed_with_the_channel);
	tcase_add_test(tests,
	    more_descriptors_than_a_batch_holds_go_in_several);
	tcase_add_loop_test(tests,
	    a_payload_larger_than_a_batch_goes_as_sealed_memory, 0, 2);
	tcase_add_test(tests,
	    a_payload_that_fills_most_of_a_batch_goes_and_comes_without_a_copy);
	tcase_add_test(tests, what_the_socket_does_not_take_waits_in_its_order);
	tcase_add_test(tests, large_and_small_payloads_keep_their_order);
	tcase_add_test(tests, what_the_table_forbids_is_not_queued);
	tcase_add_test(tests, what_a_peer_sent_before_it_died_is_received);
	tcase_add_test(tests, a_channel_without_its_peer_drops_what_is_queued);
	tcase_add_test(tests, a_handlers_refusal_ends_the_receiving);
	tcase_add_loop_test(tests, a_malformed_datagram_is_refused, 0,
	    raw_count);
	tcase_add_test(tests, memory_of_another_length_is_refused);
	tcase_add_test(tests, a_datagram_larger_than_a_batch_is_refused);
	tcase_add_test(tests, a_secret_is_wiped_at_both_ends);
	tcase_add_test(tests, a_turn_is_bounded_in_batches);
	return tests;
}

/* Under valgrind the kernel knows nothing of the limit of descriptors. */
TCase *
test_channel_limit(void)
{
	TCase *tests = tcase_create("channel limit");

	tcase_set_tags(tests, "no-valgrind");
	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_add_test(tests, without_descriptors_left_a_message_is_left_out);
	return tests;
}
