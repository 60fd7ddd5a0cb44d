/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who is let in: each limit alone, for each of the processes that has to do
 * with it.
 */
#include "gate/admission.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>

#include "test_gate.h"

#define NOW_MS 100000

static struct config config;
static struct admissions admissions;
static struct admission_peer *gate, *worker;

static void
set_up(void)
{
	config = (struct config){ .limits.connections = 1000000 };
	admissions_init(&admissions, &config);
	gate = admission_peer_new(&admissions, true);
	worker = admission_peer_new(&admissions, false);
}

static void
tear_down(void)
{
	admission_peer_free(&gate);
	admission_peer_free(&worker);
	admissions_done(&admissions);
}

static const struct sockaddr *
address_of(const char *text)
{
	static struct sockaddr_storage address;
	struct sockaddr_in *in = (void *)&address;
	struct sockaddr_in6 *in6 = (void *)&address;

	address = (struct sockaddr_storage){ .ss_family = AF_INET };
	if (inet_pton(AF_INET, text, &in->sin_addr) == 1)
		return (const struct sockaddr *)&address;
	address.ss_family = AF_INET6;
	ck_assert_int_eq(inet_pton(AF_INET6, text, &in6->sin6_addr), 1);
	return (const struct sockaddr *)&address;
}

static int
report(struct admission_peer *peer, enum ipc_source_change change,
    const char *address)
{
	const struct ipc_source said = { (uint8_t)change,
		address_source(address_of(address)) };

	return admission_peer_report(&admissions, peer, &said, NOW_MS);
}

enum who {
	NOBODY,
	WE,
	GATE,
	WORKER,
};

/* One that is there already. */
static void
add(enum who who, const char *address)
{
	switch (who) {
	case WE:
		admission_begin(&admissions,
		    address_source(address_of(address)), NOW_MS);
		break;
	case GATE:
		ck_assert_int_eq(report(gate, IPC_SOURCE_MORE, address), 0);
		break;
	case WORKER:
		ck_assert_int_eq(report(worker, IPC_SOURCE_MORE, address), 0);
		break;
	default:
		break;
	}
}

static const struct decision {
	const char *rule;
	struct admission_limits limits;
	struct {
		enum who who;
		const char *address;
	} there[3];
	const char *comes;
	enum admission verdict;
} decisions[] = {
	{ "without limits all come in", { 0 },
	    { { WE, "192.0.2.1" }, { GATE, "192.0.2.1" },
		{ WORKER, "192.0.2.1" } },
	    "192.0.2.1", ADMISSION_GRANTED },
	{ "connections are those of workers", { .connections = 2 },
	    { { WORKER, "192.0.2.1" }, { WORKER, "192.0.2.2" } }, "192.0.2.3",
	    ADMISSION_CONNECTIONS },
	{ "below the limit there is room", { .connections = 2 },
	    { { WORKER, "192.0.2.1" } }, "192.0.2.3", ADMISSION_GRANTED },
	{ "handshakes take no connection's place", { .connections = 2 },
	    { { WE, "192.0.2.1" }, { GATE, "192.0.2.1" } }, "192.0.2.3",
	    ADMISSION_GRANTED },
	{ "connections are bounded for the exempt as well",
	    { .connections = 1 }, { { WORKER, "127.0.0.1" } }, "127.0.0.1",
	    ADMISSION_CONNECTIONS },
	{ "connections of a source", { .connections_per_source = 2 },
	    { { WORKER, "192.0.2.1" }, { WORKER, "192.0.2.1" } }, "192.0.2.1",
	    ADMISSION_CONNECTIONS_PER_SOURCE },
	{ "its handshakes are going to be connections",
	    { .connections_per_source = 3 },
	    { { WORKER, "192.0.2.1" }, { GATE, "192.0.2.1" },
		{ WE, "192.0.2.1" } },
	    "192.0.2.1", ADMISSION_CONNECTIONS_PER_SOURCE },
	{ "another source is not concerned", { .connections_per_source = 2 },
	    { { WORKER, "192.0.2.1" }, { WORKER, "192.0.2.1" } }, "192.0.2.2",
	    ADMISSION_GRANTED },
	{ "IPv6 addresses of 64 bits are one source",
	    { .connections_per_source = 2 },
	    { { WORKER, "2001:db8::1" }, { WORKER, "2001:db8::2" } },
	    "2001:db8::3", ADMISSION_CONNECTIONS_PER_SOURCE },
	{ "those of other 64 bits are not", { .connections_per_source = 2 },
	    { { WORKER, "2001:db8::1" }, { WORKER, "2001:db8::2" } },
	    "2001:db8:0:1::3", ADMISSION_GRANTED },
	{ "handshakes of a source, in all gates",
	    { .handshakes_per_source = 2 },
	    { { WE, "192.0.2.1" }, { GATE, "192.0.2.1" } }, "192.0.2.1",
	    ADMISSION_HANDSHAKES_PER_SOURCE },
	{ "connections are no handshakes", { .handshakes_per_source = 2 },
	    { { WE, "192.0.2.1" }, { WORKER, "192.0.2.1" } }, "192.0.2.1",
	    ADMISSION_GRANTED },
	{ "the machine itself is exempt",
	    { .connections_per_source = 1,
		.handshakes_per_source = 1,
		.handshakes_per_second_per_source = 1 },
	    { { WE, "127.0.0.1" }, { GATE, "127.0.0.1" } }, "127.0.0.1",
	    ADMISSION_GRANTED },
	{ "and by IPv6", { .handshakes_per_source = 1 },
	    { { WE, "::1" }, { GATE, "::1" } }, "::1", ADMISSION_GRANTED },
	{ "the rate of a source", { .handshakes_per_second_per_source = 2 },
	    { { WE, "192.0.2.1" }, { WE, "192.0.2.1" } }, "192.0.2.1",
	    ADMISSION_HANDSHAKES_PER_SECOND_PER_SOURCE },
	{ "is that of all gates", { .handshakes_per_second_per_source = 2 },
	    { { WE, "192.0.2.1" }, { GATE, "192.0.2.1" } }, "192.0.2.1",
	    ADMISSION_HANDSHAKES_PER_SECOND_PER_SOURCE },
	{ "and not of what workers have",
	    { .handshakes_per_second_per_source = 2 },
	    { { WE, "192.0.2.1" }, { WORKER, "192.0.2.1" } }, "192.0.2.1",
	    ADMISSION_GRANTED },
	{ "each has its own", { .handshakes_per_second_per_source = 2 },
	    { { WE, "192.0.2.1" }, { WE, "192.0.2.1" } }, "192.0.2.2",
	    ADMISSION_GRANTED },
};

START_TEST(admission_is_decided_by_what_all_have)
{
	const struct decision *decision = &decisions[_i];

	admissions.limits = decision->limits;
	for (size_t i = 0; i < 3; i++)
		add(decision->there[i].who, decision->there[i].address);
	ck_assert_msg(admission_decide(&admissions, address_of(decision->comes),
			  NOW_MS) == decision->verdict,
	    "%s", decision->rule);
}
END_TEST

START_TEST(admission_is_close_when_a_few_more_reach_a_limit)
{
	const struct sockaddr *from = address_of("192.0.2.1");

	admissions.limits = (struct admission_limits){ 0 };
	ck_assert(!admission_is_close(&admissions, from));
	admissions.limits.connections_per_source = 100;
	admissions.limits.handshakes_per_source = 100;
	admissions.limits.connections = 100;
	ck_assert(!admission_is_close(&admissions, from));
	for (int i = 0; i < 83; i++)
		add(WORKER, "192.0.2.2");
	ck_assert(!admission_is_close(&admissions, from));
	add(WORKER, "192.0.2.2");
	ck_assert(admission_is_close(&admissions, from));
	admissions.limits.connections = 0;
	ck_assert(!admission_is_close(&admissions, address_of("192.0.2.1")));
	ck_assert(admission_is_close(&admissions, address_of("192.0.2.2")));
	admissions.limits.connections_per_source = 0;
	ck_assert(!admission_is_close(&admissions, address_of("192.0.2.2")));
	for (int i = 0; i < 84; i++)
		add(GATE, "192.0.2.2");
	ck_assert(admission_is_close(&admissions, address_of("192.0.2.2")));
}
END_TEST

START_TEST(admission_is_given_again_when_one_has_ended)
{
	const char *from = "192.0.2.1";

	admissions.limits.connections_per_source = 2;
	add(WE, from);
	add(WORKER, from);
	ck_assert_int_ne(admission_decide(&admissions, address_of(from),
			     NOW_MS),
	    ADMISSION_GRANTED);
	admission_end(&admissions, address_source(address_of(from)));
	ck_assert_int_eq(admission_decide(&admissions, address_of(from),
			     NOW_MS),
	    ADMISSION_GRANTED);
	add(WE, from);
	ck_assert_int_eq(report(worker, IPC_SOURCE_LESS, from), 0);
	ck_assert_int_eq(admission_decide(&admissions, address_of(from),
			     NOW_MS),
	    ADMISSION_GRANTED);
}
END_TEST

START_TEST(admission_forgets_a_process_that_is_gone)
{
	const char *from = "192.0.2.1";

	admissions.limits.connections_per_source = 1;
	add(WORKER, from);
	ck_assert_int_ne(admission_decide(&admissions, address_of(from),
			     NOW_MS),
	    ADMISSION_GRANTED);
	admission_peer_free(&worker);
	ck_assert_int_eq(admission_decide(&admissions, address_of(from),
			     NOW_MS),
	    ADMISSION_GRANTED);
}
END_TEST

START_TEST(admission_of_a_process_begins_anew)
{
	const char *from = "192.0.2.1";

	admissions.limits.connections_per_source = 2;
	add(WORKER, from);
	add(WORKER, from);
	ck_assert_int_eq(report(worker, IPC_SOURCE_NONE, from), 0);
	add(WORKER, from);
	ck_assert_int_eq(admission_decide(&admissions, address_of(from),
			     NOW_MS),
	    ADMISSION_GRANTED);
}
END_TEST

START_TEST(admission_does_not_believe_in_less_than_none)
{
	add(WORKER, "192.0.2.1");
	ck_assert_int_eq(report(worker, IPC_SOURCE_LESS, "192.0.2.2"),
	    -EBADMSG);
	ck_assert_int_eq(report(gate, IPC_SOURCE_LESS, "192.0.2.1"), -EBADMSG);
	ck_assert_int_eq(report(worker, IPC_SOURCE_LESS, "192.0.2.1"), 0);
	ck_assert_int_eq(report(worker, IPC_SOURCE_LESS, "192.0.2.1"),
	    -EBADMSG);
}
END_TEST

START_TEST(admission_waits_for_the_rate_of_all)
{
	admissions.limits.handshakes_per_second = 2;
	ck_assert_uint_eq(admission_wait_ms(&admissions, NOW_MS), 0);
	add(WE, "192.0.2.1");
	add(GATE, "192.0.2.2");
	ck_assert_uint_eq(admission_wait_ms(&admissions, NOW_MS), 500);
	ck_assert_uint_eq(admission_wait_ms(&admissions, NOW_MS + 499), 1);
	ck_assert_uint_eq(admission_wait_ms(&admissions, NOW_MS + 500), 0);
	/* which is no reason to refuse one that was accepted */
	ck_assert_int_eq(admission_decide(&admissions, address_of("192.0.2.3"),
			     NOW_MS),
	    ADMISSION_GRANTED);
}
END_TEST

START_TEST(admission_exempts_what_the_configuration_names)
{
	char *items[] = { "192.0.2.0/24", "2001:db8::/32" };

	config.limits.handshakes_per_source = 1;
	config.limits.source_exempt.items = items;
	config.limits.source_exempt.count = 2;
	admissions_renew(&admissions, &config);
	for (int i = 0; i < 2; i++) {
		add(WE, "192.0.2.77");
		add(WE, "2001:db8:1::1");
		add(WE, "127.0.0.1");
	}
	ck_assert_int_eq(admission_decide(&admissions, address_of("192.0.2.77"),
			     NOW_MS),
	    ADMISSION_GRANTED);
	ck_assert_int_eq(admission_decide(&admissions,
			     address_of("2001:db8:1::1"), NOW_MS),
	    ADMISSION_GRANTED);
	/* The list stands for all that is exempt. */
	ck_assert_int_eq(admission_decide(&admissions, address_of("127.0.0.1"),
			     NOW_MS),
	    ADMISSION_HANDSHAKES_PER_SOURCE);
	ck_assert_uint_eq(admission_weight(&admissions,
			      address_of("192.0.2.77")),
	    1);
	ck_assert_uint_eq(admission_weight(&admissions,
			      address_of("127.0.0.1")),
	    2);
}
END_TEST

START_TEST(admission_exempts_nobody_if_the_list_is_empty)
{
	char *items[] = { NULL };

	config.limits.handshakes_per_source = 1;
	config.limits.source_exempt.items = items;
	admissions_renew(&admissions, &config);
	add(WE, "127.0.0.1");
	ck_assert_int_eq(admission_decide(&admissions, address_of("127.0.0.1"),
			     NOW_MS),
	    ADMISSION_HANDSHAKES_PER_SOURCE);
}
END_TEST

START_TEST(admission_by_new_limits_counts_those_who_are_there)
{
	const char *from = "192.0.2.1";

	add(WORKER, from);
	add(WORKER, from);
	config.limits.connections_per_source = 2;
	admissions_renew(&admissions, &config);
	ck_assert_int_eq(admission_decide(&admissions, address_of(from),
			     NOW_MS),
	    ADMISSION_CONNECTIONS_PER_SOURCE);
	ck_assert_uint_eq(admission_limit(&admissions,
			      ADMISSION_CONNECTIONS_PER_SOURCE),
	    2);
	config.limits.connections_per_source = 3;
	admissions_renew(&admissions, &config);
	ck_assert_int_eq(admission_decide(&admissions, address_of(from),
			     NOW_MS),
	    ADMISSION_GRANTED);
}
END_TEST

TCase *
admission_tests(void)
{
	TCase *tests = tcase_create("admission");

	tcase_add_checked_fixture(tests, set_up, tear_down);
	tcase_add_loop_test(tests, admission_is_decided_by_what_all_have, 0,
	    (int)(sizeof(decisions) / sizeof(decisions[0])));
	tcase_add_test(tests, admission_is_close_when_a_few_more_reach_a_limit);
	tcase_add_test(tests, admission_is_given_again_when_one_has_ended);
	tcase_add_test(tests, admission_forgets_a_process_that_is_gone);
	tcase_add_test(tests, admission_of_a_process_begins_anew);
	tcase_add_test(tests, admission_does_not_believe_in_less_than_none);
	tcase_add_test(tests, admission_waits_for_the_rate_of_all);
	tcase_add_test(tests, admission_exempts_what_the_configuration_names);
	tcase_add_test(tests, admission_exempts_nobody_if_the_list_is_empty);
	tcase_add_test(tests,
	    admission_by_new_limits_counts_those_who_are_there);
	return tests;
}
