/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/address.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>

#include "tests.h"

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

static const struct {
	const char *prefix;
	const char *address;
	bool is_in;
} members[] = {
	{ "192.0.2.0/24", "192.0.2.0", true },
	{ "192.0.2.0/24", "192.0.2.255", true },
	{ "192.0.2.0/24", "192.0.3.0", false },
	{ "192.0.2.0/24", "192.0.1.255", false },
	{ "192.0.2.128/25", "192.0.2.127", false },
	{ "192.0.2.128/25", "192.0.2.128", true },
	{ "192.0.2.7", "192.0.2.7", true },
	{ "192.0.2.7", "192.0.2.6", false },
	{ "192.0.2.7/32", "192.0.2.6", false },
	{ "192.0.2.6/31", "192.0.2.7", true },
	{ "128.0.0.0/1", "192.0.2.7", true },
	{ "128.0.0.0/1", "127.0.0.1", false },
	{ "0.0.0.0/0", "255.255.255.255", true },
	{ "0.0.0.0/0", "::1", false },
	{ "0.0.0.0/0", "::ffff:192.0.2.1", false },
	{ "::/0", "2001:db8::1", true },
	{ "::/0", "192.0.2.1", false },
	{ "2001:db8::/32", "2001:db8:ffff::1", true },
	{ "2001:db8::/32", "2001:db9::1", false },
	{ "2001:db8:0:1::/64", "2001:db8:0:1:ffff::", true },
	{ "2001:db8:0:1::/64", "2001:db8:0:2::", false },
	{ "2001:db8::8/125", "2001:db8::f", true },
	{ "2001:db8::8/125", "2001:db8::10", false },
	{ "::1", "::1", true },
	{ "::1/128", "::2", false },
};

START_TEST(prefix_has_the_addresses_that_begin_so)
{
	struct address_prefix prefix;

	ck_assert_int_eq(address_prefix_parse(members[_i].prefix, &prefix), 0);
	ck_assert_int_eq(address_is_in(address_of(members[_i].address),
			     &prefix),
	    members[_i].is_in);
}
END_TEST

static const struct {
	const char *text;
	const char *fault;
} faults[] = {
	{ "", "no IPv4 or IPv6 address" },
	{ "/24", "no IPv4 or IPv6 address" },
	{ "example.com", "no IPv4 or IPv6 address" },
	{ "192.0.2", "no IPv4 or IPv6 address" },
	{ "192.0.2.0 /24", "no IPv4 or IPv6 address" },
	{ "192.0.2.0/", "0 to 32 bits" },
	{ "192.0.2.0/33", "0 to 32 bits" },
	{ "192.0.2.0/-1", "0 to 32 bits" },
	{ "192.0.2.0/24 ", "0 to 32 bits" },
	{ "192.0.2.0/2/4", "0 to 32 bits" },
	{ "192.0.2.0/0024", "0 to 32 bits" },
	{ "192.0.2.0/255.255.255.0", "0 to 32 bits" },
	{ "192.0.2.1/24", "bits behind" },
	{ "2001:db8::/129", "0 to 128 bits" },
	{ "2001:db8::1/64", "bits behind" },
	{ "2001:db8::/31", NULL },
	{ "2001:db9::/31", "bits behind" },
	{ "2001:0db8:0000:0000:0000:0000:0000:00000000000/64", "no address" },
};

START_TEST(prefix_that_is_none_is_refused)
{
	const char *fault = address_prefix_fault(faults[_i].text);
	struct address_prefix prefix = { .bits = 77 };
	int result = address_prefix_parse(faults[_i].text, &prefix);

	if (faults[_i].fault == NULL) {
		ck_assert_ptr_null(fault);
		ck_assert_int_eq(result, 0);
		return;
	}
	ck_assert_ptr_nonnull(fault);
	ck_assert_ptr_nonnull(strstr(fault, faults[_i].fault));
	ck_assert_int_eq(result, -EINVAL);
	ck_assert_uint_eq(prefix.bits, 77);
}
END_TEST

static const struct {
	const char *address;
	const char *source;
} sources[] = {
	{ "192.0.2.1", "192.0.2.1" },
	{ "0.0.0.0", "0.0.0.0" },
	{ "255.255.255.255", "255.255.255.255" },
	{ "::1", "::/64" },
	{ "2001:db8::1", "2001:db8::/64" },
	{ "2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64" },
	{ "fe80::1", "fe80::/64" },
};

START_TEST(source_of_an_address_has_a_name)
{
	char text[ADDRESS_SOURCE_TEXT_MAX];

	address_source_print(address_source(address_of(sources[_i].address)),
	    text);
	ck_assert_str_eq(text, sources[_i].source);
}
END_TEST

START_TEST(source_of_ipv6_is_its_first_half)
{
	uint64_t source = address_source(address_of("2001:db8:0:1::1"));

	ck_assert_uint_eq(address_source(address_of("2001:db8:0:1:ffff::")),
	    source);
	ck_assert_uint_ne(address_source(address_of("2001:db8:0:2::1")),
	    source);
}
END_TEST

START_TEST(source_of_no_address_is_none)
{
	const struct sockaddr address = { .sa_family = AF_UNIX };
	struct address_prefix any;

	ck_assert_uint_eq(address_source(&address), 0);
	ck_assert_int_eq(address_prefix_parse("::/0", &any), 0);
	ck_assert(!address_is_in(&address, &any));
}
END_TEST

TCase *
test_address(void)
{
	TCase *tests = tcase_create("address");

#define COUNT(table) ((int)(sizeof(table) / sizeof((table)[0])))
	tcase_add_loop_test(tests, prefix_has_the_addresses_that_begin_so, 0,
	    COUNT(members));
	tcase_add_loop_test(tests, prefix_that_is_none_is_refused, 0,
	    COUNT(faults));
	tcase_add_loop_test(tests, source_of_an_address_has_a_name, 0,
	    COUNT(sources));
	tcase_add_test(tests, source_of_ipv6_is_its_first_half);
	tcase_add_test(tests, source_of_no_address_is_none);
	return tests;
}
