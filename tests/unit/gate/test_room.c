/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who gives way when all places are taken. The last number of a client's
 * address is what it weighs.
 */
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "fixture.h"
#include "test_gate.h"

static struct fixture fixture;
static struct client client;

static void
set_up(void)
{
	fixture_start(&fixture, &fixture_pki.server, 60000);
}

static void
tear_down(void)
{
	fixture_stop(&fixture);
}

/* The last number of the address of who gives way; -1: nobody; 0: one that
 * had been refused. */
static int
displace(void)
{
	struct sockaddr_storage address;
	const struct sockaddr_in *in = (const void *)&address;
	bool can = handshakes_can_displace(&fixture.handshakes);

	ck_assert_int_eq(handshakes_displace(&fixture.handshakes, &address),
	    can);
	if (!can)
		return -1;
	return address.ss_family == AF_INET
		   ? (int)(ntohl(in->sin_addr.s_addr) & 0xff)
		   : 0;
}

static bool
is_closed(int fd)
{
	char byte;

	return recv(fd, &byte, 1, MSG_DONTWAIT) == 0;
}

START_TEST(nobody_gives_way_where_nobody_is)
{
	ck_assert_int_eq(displace(), -1);
}
END_TEST

START_TEST(the_oldest_of_those_that_weigh_most_gives_way)
{
	static const unsigned int weights[] = { 2, 3, 1, 3 };
	static const int order[] = { 1, 3, 0, 2 };
	int fds[4];

	for (int i = 0; i < 4; i++)
		fds[i] = fixture_connect_silent(&fixture, weights[i]);
	for (int i = 0; i < 4; i++) {
		ck_assert(!is_closed(fds[order[i]]));
		ck_assert_int_eq(displace(), (int)weights[order[i]]);
		ck_assert(is_closed(fds[order[i]]));
		ck_assert_uint_eq(fixture.ended, (size_t)i + 1);
	}
	ck_assert_int_eq(displace(), -1);
	for (int i = 0; i < 4; i++)
		close(fds[i]);
	/* It is not a refusal: the owner tells of it. */
	ck_assert_uint_eq(fixture_log_count(&fixture, "refused"), 0);
}
END_TEST

/* We are to blame if it has to wait. */
START_TEST(whose_bytes_are_there_does_not_give_way)
{
	int heavy = fixture_connect_silent(&fixture, 9);
	int light = fixture_connect_silent(&fixture, 1);

	ck_assert_int_eq(send(heavy, "\x16", 1, 0), 1);
	ck_assert_int_eq(displace(), 1);
	ck_assert_int_eq(displace(), -1);
	close(heavy);
	close(light);
}
END_TEST

/* Until the client's bytes have been taken in. */
static void
hear(void)
{
	while (!TAILQ_EMPTY(&fixture.handshakes.silent))
		uv_run(&fixture.loop, UV_RUN_ONCE);
}

/* Let the loop's time go on to this. */
static void
run_to(uint64_t ms)
{
	while (uv_now(&fixture.loop) < ms) {
		usleep(10000);
		uv_run(&fixture.loop, UV_RUN_NOWAIT);
	}
}

/* For less than a second, that is: it may be computing. */
START_TEST(who_has_sent_something_does_not_give_way)
{
	int fd = fixture_connect_silent(&fixture, 9);
	uint64_t began = uv_now(&fixture.loop);

	ck_assert_int_eq(send(fd, "\x16", 1, 0), 1);
	hear();
	/* Unless the machine stood still for so long. */
	if (uv_now(&fixture.loop) < began + 1000)
		ck_assert_int_eq(displace(), -1);
	close(fd);
}
END_TEST

/* A byte now and then is no step. */
START_TEST(who_makes_no_step_for_a_second_gives_way)
{
	int slow = fixture_connect_silent(&fixture, 9);
	uint64_t heard;

	ck_assert_int_eq(send(slow, "\x16\x03", 2, 0), 2);
	hear();
	heard = uv_now(&fixture.loop);
	run_to(heard + 600);
	ck_assert_int_eq(send(slow, "\x01", 1, 0), 1);
	run_to(heard + 1000);
	ck_assert_int_eq(displace(), 9);
	ck_assert(is_closed(slow));
	close(slow);
}
END_TEST

START_TEST(who_is_authenticated_does_not_give_way)
{
	const struct client_spec spec = { .pair = &fixture_pki.client };
	struct sockaddr_storage address;

	fixture.has_worker = false;
	fixture_connect(&fixture, &client, &spec);
	while (fixture.authenticated == 0)
		uv_run(&fixture.loop, UV_RUN_ONCE);
	run_to(uv_now(&fixture.loop) + 1100);
	ck_assert_int_eq(displace(), -1);
	ck_assert(!handshakes_displace(&fixture.handshakes, &address));
	fixture.has_worker = true;
	handshakes_offer(&fixture.handshakes);
	ck_assert_int_ge(fixture.fd, 0);
	shutdown(fixture.fd, SHUT_RDWR);
	client_join(&client);
}
END_TEST

/* Who was refused has had its answer, and holds its place until it has gone. */
START_TEST(who_was_refused_gives_way_first)
{
	int silent = fixture_connect_silent(&fixture, 9);
	int refused = fixture_connect_silent(&fixture, 3);
	uint64_t began;

	ck_assert_int_eq(send(refused, "GET / HTTP/1.1\r\n\r\n", 18, 0), 18);
	while (fixture.refused[REFUSAL_PLAINTEXT] == 0)
		uv_run(&fixture.loop, UV_RUN_ONCE);
	began = uv_now(&fixture.loop);
	while (uv_now(&fixture.loop) <= began + 100)
		uv_run(&fixture.loop, UV_RUN_NOWAIT);
	/* Unless the machine was so slow that it has gone by itself. */
	if (!TAILQ_EMPTY(&fixture.handshakes.draining))
		ck_assert_int_eq(displace(), 0);
	ck_assert_int_eq(displace(), 9);
	close(silent);
	close(refused);
}
END_TEST

TCase *
room_tests(void)
{
	TCase *tests = tcase_create("room");

	tcase_set_tags(tests, "no-valgrind");
	tcase_add_unchecked_fixture(tests, fixture_make_pki, fixture_free_pki);
	tcase_add_checked_fixture(tests, set_up, tear_down);
	tcase_add_test(tests, nobody_gives_way_where_nobody_is);
	tcase_add_test(tests, the_oldest_of_those_that_weigh_most_gives_way);
	tcase_add_test(tests, whose_bytes_are_there_does_not_give_way);
	tcase_add_test(tests, who_has_sent_something_does_not_give_way);
	tcase_add_test(tests, who_makes_no_step_for_a_second_gives_way);
	tcase_add_test(tests, who_is_authenticated_does_not_give_way);
	tcase_add_test(tests, who_was_refused_gives_way_first);
	return tests;
}
