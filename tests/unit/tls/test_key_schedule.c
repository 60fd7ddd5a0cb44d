/* SPDX-License-Identifier: Apache-2.0 */
#include "tls/key_schedule.h"

#include "tests.h"
#include "vector.h"

static void
direction_load(const char *section, struct tls_direction *direction,
    struct vector *vector)
{
	memset(direction, 0, sizeof(*direction));
	vector_get("rfc8448.txt", section, vector);
	ck_assert_uint_eq(vector_hex(vector, "traffic_secret",
			      direction->traffic_secret, TLS_SECRET_MAX),
	    32);
}

START_TEST(derive_gives_the_keys_of_the_trace) /* RFC 8446 s7.3, RFC 8448 s3 */
{
	const char *sections[] = { "client", "server" };
	const struct tls_suite *suite = tls_suite_find(TLS_AES_128_GCM_SHA256);
	struct tls_direction direction;
	struct vector vector;
	uint8_t expected[32];

	direction_load(sections[_i], &direction, &vector);
	direction.sequence_number = 5;
	direction.protected_blocks = 6;
	ck_assert_int_eq(tls_direction_derive(suite, &direction), 0);
	vector_hex(&vector, "key", expected, sizeof(expected));
	ck_assert_mem_eq(direction.key, expected, 16);
	vector_hex(&vector, "iv", expected, sizeof(expected));
	ck_assert_mem_eq(direction.iv, expected, 12);
	ck_assert_uint_eq(direction.sequence_number, 0); /* RFC 8446 s5.3 */
	ck_assert_uint_eq(direction.protected_blocks, 0);
}
END_TEST

START_TEST(update_gives_the_next_secret_and_its_keys) /* RFC 8446 s7.2 */
{
	const char *sections[] = { "client", "server" };
	const char *names[] = { "client_traffic_secret",
		"server_traffic_secret" };
	const struct tls_suite *suite = tls_suite_find(TLS_AES_128_GCM_SHA256);
	struct tls_direction updated, derived = { 0 };
	struct vector vector;

	direction_load(sections[_i], &updated, &vector);
	ck_assert_int_eq(tls_direction_update(suite, &updated), 0);
	vector_get("rfc8448.txt", "updated", &vector);
	vector_hex(&vector, names[_i], derived.traffic_secret, TLS_SECRET_MAX);
	ck_assert_mem_eq(updated.traffic_secret, derived.traffic_secret, 32);
	ck_assert_int_eq(tls_direction_derive(suite, &derived), 0);
	ck_assert_mem_eq(updated.key, derived.key, 16);
	ck_assert_mem_eq(updated.iv, derived.iv, 12);
}
END_TEST

START_TEST(expand_label_refuses_what_hkdf_cannot_give)
{
	const struct tls_suite *suite = tls_suite_find(TLS_AES_128_GCM_SHA256);
	uint8_t secret[48] = { 0 };
	char label[251];
	static uint8_t out[256 * 32];

	memset(label, 'x', sizeof(label) - 1);
	label[250] = '\0';
	ck_assert_int_eq(tls_expand_label(suite, secret, label, out, 32),
	    -TLS_ALERT_INTERNAL_ERROR);
	/* RFC 5869 s2.3: at most 255 hashes. */
	ck_assert_int_eq(tls_expand_label(suite, secret, "key", out,
			     sizeof(out)),
	    -TLS_ALERT_INTERNAL_ERROR);
}
END_TEST

START_TEST(suites_have_the_lengths_of_their_standards)
{
	/* RFC 8446 B.4, RFC 5288 s3, RFC 5289, RFC 7905 */
	static const struct {
		unsigned int cipher_suite;
		uint16_t version;
		uint8_t key_len, secret_len, iv_len;
	} rows[] = {
		{ 0x1301, 0x0304, 16, 32, 12 },
		{ 0x1302, 0x0304, 32, 48, 12 },
		{ 0x1303, 0x0304, 32, 32, 12 },
		{ 0xc02b, 0x0303, 16, 32, 4 },
		{ 0xc02c, 0x0303, 32, 48, 4 },
		{ 0xc02f, 0x0303, 16, 32, 4 },
		{ 0xc030, 0x0303, 32, 48, 4 },
		{ 0xcca8, 0x0303, 32, 32, 12 },
		{ 0xcca9, 0x0303, 32, 32, 12 },
	};
	const struct tls_suite *suite;
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		suite = tls_suite_find(rows[i].cipher_suite);
		ck_assert_ptr_nonnull(suite);
		ck_assert_uint_eq(suite->version, rows[i].version);
		ck_assert_uint_eq(suite->key_len, rows[i].key_len);
		ck_assert_uint_eq(suite->secret_len, rows[i].secret_len);
		ck_assert_uint_eq(suite->iv_len, rows[i].iv_len);
		ck_assert_uint_le(tls_key_block_len(suite), TLS_KEY_BLOCK_MAX);
	}
	ck_assert_ptr_null(tls_suite_find(0x002f)); /* CBC */
	ck_assert_ptr_null(tls_suite_find(0));
}
END_TEST

START_TEST(key_block_is_cut_in_the_order_of_the_standard) /* RFC 5246 s6.3 */
{
	const struct tls_suite *suite = tls_suite_find(
	    TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256);
	struct tls_direction client = { 0 }, server = { 0 };
	uint8_t block[40];
	size_t i;

	for (i = 0; i < sizeof(block); i++)
		block[i] = (uint8_t)i;
	ck_assert_uint_eq(tls_key_block_len(suite), sizeof(block));
	tls_key_block_cut(suite, block, &client, &server);
	ck_assert_mem_eq(client.key, block, 16);
	ck_assert_mem_eq(server.key, block + 16, 16);
	ck_assert_mem_eq(client.iv, block + 32, 4);
	ck_assert_mem_eq(server.iv, block + 36, 4);
	ck_assert_uint_eq(client.iv[4], 0);
}
END_TEST

TCase *
test_key_schedule(void)
{
	TCase *tcase = tcase_create("key_schedule");

	tcase_add_loop_test(tcase, derive_gives_the_keys_of_the_trace, 0, 2);
	tcase_add_loop_test(tcase, update_gives_the_next_secret_and_its_keys, 0,
	    2);
	tcase_add_test(tcase, expand_label_refuses_what_hkdf_cannot_give);
	tcase_add_test(tcase, suites_have_the_lengths_of_their_standards);
	tcase_add_test(tcase, key_block_is_cut_in_the_order_of_the_standard);
	return tcase;
}
