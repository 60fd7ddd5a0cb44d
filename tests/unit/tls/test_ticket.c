/* SPDX-License-Identifier: Apache-2.0 */
#include "tls/ticket.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "tests.h"

#define CONTENT "who it is, and until when"
#define LEN     (sizeof(CONTENT) - 1 + TLS_TICKET_OVERHEAD)

static struct tls_ticket_keys keys;
static uint8_t ticket[LEN];

static struct tls_ticket_key
key_of(uint8_t number)
{
	struct tls_ticket_key key;

	memset(key.name, number, sizeof(key.name));
	memset(key.key, ~number, sizeof(key.key));
	return key;
}

static void
setup(void)
{
	static const uint8_t nonce[TLS_AEAD_NONCE_LEN] = { 1, 2, 3 };

	tls_aead_start();
	keys = (struct tls_ticket_keys){ .count = 1, .keys = { key_of(1) } };
	tls_ticket_seal(&keys, nonce, BYTES_LITERAL(CONTENT), ticket);
}

static void
assert_opens(void)
{
	struct bytes content;

	ck_assert_int_eq(tls_ticket_open(&keys, ticket, LEN, &content), 0);
	ck_assert(bytes_equal(content, BYTES_LITERAL(CONTENT)));
}

START_TEST(a_ticket_opens_as_it_was_sealed)
{
	setup();
	ck_assert_ptr_null(memmem(ticket, LEN, CONTENT, sizeof(CONTENT) - 1));
	assert_opens();
}
END_TEST

START_TEST(a_ticket_of_the_key_before_opens)
{
	setup();
	keys = (struct tls_ticket_keys){ .count = 2,
		.keys = { key_of(2), key_of(1) } };
	assert_opens();
}
END_TEST

START_TEST(a_ticket_of_a_key_that_is_gone_does_not_open)
{
	struct bytes content;

	setup();
	keys = (struct tls_ticket_keys){ .count = 2,
		.keys = { key_of(3), key_of(2) } };
	ck_assert_int_eq(tls_ticket_open(&keys, ticket, LEN, &content),
	    -ENOENT);
	keys.count = 0;
	ck_assert_int_eq(tls_ticket_open(&keys, ticket, LEN, &content),
	    -ENOENT);
}
END_TEST

START_TEST(a_ticket_with_one_bit_changed_is_refused)
{
	struct bytes content;

	for (size_t bit = 0; bit < LEN * 8; bit++) {
		int error;

		setup();
		ticket[bit / 8] ^= (uint8_t)(1 << bit % 8);
		error = tls_ticket_open(&keys, ticket, LEN, &content);
		ck_assert_int_eq(error,
		    bit / 8 < TLS_TICKET_NAME_LEN ? -ENOENT : -EBADMSG);
	}
}
END_TEST

START_TEST(a_ticket_that_is_cut_is_refused)
{
	struct bytes content;

	for (size_t len = 0; len < LEN; len++) {
		/* So that a byte too many that is read is noticed. */
		uint8_t *cut = malloc(len + 1);

		setup();
		memcpy(cut, ticket, len);
		ck_assert_int_eq(tls_ticket_open(&keys, cut, len, &content),
		    -EBADMSG);
		free(cut);
	}
}
END_TEST

START_TEST(a_ticket_under_another_name_is_refused)
{ /* the name is sealed with the content */
	struct bytes content;

	setup();
	keys = (struct tls_ticket_keys){ .count = 2,
		.keys = { key_of(2), key_of(1) } };
	memcpy(keys.keys[0].key, keys.keys[1].key, TLS_TICKET_KEY_LEN);
	memcpy(ticket, keys.keys[0].name, TLS_TICKET_NAME_LEN);
	ck_assert_int_eq(tls_ticket_open(&keys, ticket, LEN, &content),
	    -EBADMSG);
}
END_TEST

TCase *
test_ticket(void)
{
	TCase *tcase = tcase_create("ticket");

	tcase_add_test(tcase, a_ticket_opens_as_it_was_sealed);
	tcase_add_test(tcase, a_ticket_of_the_key_before_opens);
	tcase_add_test(tcase, a_ticket_of_a_key_that_is_gone_does_not_open);
	tcase_add_test(tcase, a_ticket_with_one_bit_changed_is_refused);
	tcase_add_test(tcase, a_ticket_that_is_cut_is_refused);
	tcase_add_test(tcase, a_ticket_under_another_name_is_refused);
	return tcase;
}
