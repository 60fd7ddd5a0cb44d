/* SPDX-License-Identifier: Apache-2.0 */
#include "gate/acceptor.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/resource.h>
#include <unistd.h>

#include "test_gate.h"

#define CLIENTS_MAX 16

static uv_loop_t loop;
static struct acceptor acceptor;
static int listener;
static struct sockaddr_in address;
static int taken[CLIENTS_MAX];
static size_t taken_count;
static size_t room;
static int clients[CLIENTS_MAX];
static size_t client_count;

static uint64_t pause_ms; /* while there is no room */

static uint64_t
wait_ms(void *context)
{
	ck_assert_ptr_eq(context, &loop);
	return taken_count < room ? 0 : pause_ms;
}

static void
on_connection(void *context, int fd, const struct sockaddr_storage *from)
{
	ck_assert_ptr_eq(context, &loop);
	ck_assert_int_eq(from->ss_family, AF_INET);
	taken[taken_count++] = fd;
}

static const struct acceptor_events events = {
	.wait_ms = wait_ms,
	.on_connection = on_connection,
};

/* Longer than any test takes. */
#define LONG_MS 1000000

static void
set_up(void)
{
	socklen_t len = sizeof(address);

	address = (struct sockaddr_in){
		.sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	ck_assert_int_eq(bind(listener, (struct sockaddr *)&address,
			     sizeof(address)),
	    0);
	ck_assert_int_eq(listen(listener, CLIENTS_MAX), 0);
	getsockname(listener, (struct sockaddr *)&address, &len);
	room = CLIENTS_MAX;
	pause_ms = LONG_MS;
	taken_count = 0;
	client_count = 0;
	uv_loop_init(&loop);
	acceptor_start(&acceptor, &loop, &listener, 1, &events, &loop);
}

static void
tear_down(void)
{
	acceptor_stop(&acceptor);
	uv_run(&loop, UV_RUN_DEFAULT);
	ck_assert_int_eq(uv_loop_close(&loop), 0);
	for (size_t i = 0; i < taken_count; i++)
		close(taken[i]);
	for (size_t i = 0; i < client_count; i++)
		close(clients[i]);
	close(listener);
}

static void
add_clients(size_t count)
{
	for (; count > 0; count--) {
		int fd = socket(AF_INET, SOCK_STREAM, 0);

		ck_assert_int_eq(connect(fd, (struct sockaddr *)&address,
				     sizeof(address)),
		    0);
		clients[client_count++] = fd;
	}
}

static void
run_until(size_t count)
{
	while (taken_count < count)
		uv_run(&loop, UV_RUN_ONCE);
}

static void
run_some_turns(void)
{
	for (int i = 0; i < 10; i++)
		uv_run(&loop, UV_RUN_NOWAIT);
}

START_TEST(acceptor_gives_sockets_that_do_not_wait)
{
	int on = 0;
	socklen_t len = sizeof(on);

	add_clients(1);
	run_until(1);
	ck_assert(fcntl(taken[0], F_GETFL) & O_NONBLOCK);
	ck_assert(fcntl(taken[0], F_GETFD) & FD_CLOEXEC);
	getsockopt(taken[0], IPPROTO_TCP, TCP_NODELAY, &on, &len);
	ck_assert_int_ne(on, 0);
}
END_TEST

START_TEST(acceptor_leaves_some_to_the_others)
{
	add_clients(CLIENTS_MAX);
	uv_run(&loop, UV_RUN_NOWAIT);
	ck_assert_uint_gt(taken_count, 0);
	ck_assert_uint_lt(taken_count, CLIENTS_MAX);
	run_until(CLIENTS_MAX);
}
END_TEST

START_TEST(acceptor_stops_when_there_is_no_room)
{
	room = 2;
	add_clients(4);
	run_until(2);
	run_some_turns();
	ck_assert_uint_eq(taken_count, 2);
	room = 4;
	acceptor_resume(&acceptor);
	run_until(4);
}
END_TEST

START_TEST(acceptor_goes_on_by_itself_after_a_pause)
{
	room = 0;
	pause_ms = 1;
	add_clients(2);
	while (!acceptor.is_pausing)
		uv_run(&loop, UV_RUN_ONCE);
	ck_assert_uint_eq(taken_count, 0);
	room = 2;
	run_until(2);
}
END_TEST

START_TEST(acceptor_pauses_when_descriptors_run_out)
{
	struct rlimit before, limit;
	int null = open("/dev/null", O_WRONLY);
	int saved = dup(STDERR_FILENO);

	add_clients(2);
	getrlimit(RLIMIT_NOFILE, &before);
	limit = before;
	limit.rlim_cur = (rlim_t)dup(listener); /* the lowest that is free */
	close((int)limit.rlim_cur);
	dup2(null, STDERR_FILENO);
	setrlimit(RLIMIT_NOFILE, &limit);
	run_some_turns();
	dup2(saved, STDERR_FILENO);
	ck_assert_uint_eq(taken_count, 0);
	/* It does not spin: the loop has only a timer to wait for. */
	ck_assert(acceptor.is_pausing);
	ck_assert(!uv_is_active((uv_handle_t *)&acceptor.listeners[0]));
	setrlimit(RLIMIT_NOFILE, &before);
	run_until(2);
	close(null);
	close(saved);
}
END_TEST

TCase *
acceptor_tests(void)
{
	TCase *tests = tcase_create("acceptor");

	tcase_add_checked_fixture(tests, set_up, tear_down);
	tcase_add_test(tests, acceptor_gives_sockets_that_do_not_wait);
	tcase_add_test(tests, acceptor_leaves_some_to_the_others);
	tcase_add_test(tests, acceptor_stops_when_there_is_no_room);
	tcase_add_test(tests, acceptor_goes_on_by_itself_after_a_pause);
	return tests;
}

TCase *
descriptors_tests(void)
{
	TCase *tests = tcase_create("descriptors");

	tcase_set_tags(tests, "no-valgrind");
	tcase_add_checked_fixture(tests, set_up, tear_down);
	tcase_add_test(tests, acceptor_pauses_when_descriptors_run_out);
	return tests;
}
