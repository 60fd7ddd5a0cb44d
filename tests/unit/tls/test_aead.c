/* SPDX-License-Identifier: Apache-2.0 */
#include "tls/aead.h"

#include <stdlib.h>

#include "rig.h"
#include "tests.h"
#include "vector.h"

#define TEXT_MAX 512

static enum tls_aead_algorithm
algorithm_of(const struct vector *vector)
{
	const char *name = vector_text(vector, "algorithm");

	if (strcmp(name, "aes-128-gcm") == 0)
		return TLS_AEAD_AES_128_GCM;
	if (strcmp(name, "aes-256-gcm") == 0)
		return TLS_AEAD_AES_256_GCM;
	ck_assert_str_eq(name, "chacha20-poly1305");
	return TLS_AEAD_CHACHA20_POLY1305;
}

static void
vector_check(const struct tls_aead_backend *backend,
    const struct vector *vector)
{
	uint8_t key[32], nonce[12], associated[64], tag[16];
	uint8_t plaintext[TEXT_MAX], ciphertext[TEXT_MAX];
	uint8_t out[TEXT_MAX + TLS_AEAD_TAG_LEN];
	struct tls_aead *aead;
	struct bytes a;
	size_t len;

	vector_hex(vector, "key", key, sizeof(key));
	vector_hex(vector, "nonce", nonce, sizeof(nonce));
	a = bytes_of(associated,
	    vector_hex(vector, "associated", associated, sizeof(associated)));
	len = vector_hex(vector, "plaintext", plaintext, sizeof(plaintext));
	vector_hex(vector, "ciphertext", ciphertext, sizeof(ciphertext));
	vector_hex(vector, "tag", tag, sizeof(tag));

	aead = backend->new (algorithm_of(vector), key);
	backend->seal(aead, nonce, a, bytes_of(plaintext, len), out);
	ck_assert_msg(memcmp(out, ciphertext, len) == 0, "%s: ciphertext",
	    vector->name);
	ck_assert_msg(memcmp(out + len, tag, sizeof(tag)) == 0, "%s: tag",
	    vector->name);
	ck_assert(backend->open(aead, nonce, a, out, len, out));
	ck_assert_msg(memcmp(out, plaintext, len) == 0, "%s: plaintext",
	    vector->name);
	backend->free(aead);
}

START_TEST(aead_agrees_with_the_published_vectors)
{
	const struct tls_aead_backend *backend = rig_backend(_i);
	FILE *file = vector_open("aead.txt");
	struct vector vector;
	size_t count = 0;

	while (backend != NULL && vector_next(file, &vector)) {
		vector_check(backend, &vector);
		count++;
	}
	fclose(file);
	if (backend != NULL)
		ck_assert_uint_eq(count, 10);
}
END_TEST

static const enum tls_aead_algorithm algorithms[] = { TLS_AEAD_AES_128_GCM,
	TLS_AEAD_AES_256_GCM, TLS_AEAD_CHACHA20_POLY1305 };

static const uint8_t a_key[32] = { 1, 2, 3, 4, 5, 6, 7, 8, 9 };
static const uint8_t a_nonce[12] = { 9, 8, 7, 6 };

/* Every edge of a block, of several and of a whole record; of fewer blocks where
 * each instruction takes many (see tests/lib/step). */
static bool
is_edge(size_t len)
{
	bool is_slowed = getenv("SIGNET_TESTS_ARE_SLOWED") != NULL;
	size_t rest = len % (is_slowed ? 4096 : 64);

	return len <= 300 || (len >= 1020 && len <= 1030) || len >= 16380 ||
	       rest == 0 || rest == 1 || rest == 63;
}

static void
pattern_fill(uint8_t *out, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++)
		out[i] = (uint8_t)(i * 31 + (i >> 8));
}

START_TEST(aead_back_ends_open_what_the_other_seals)
{
	static uint8_t text[TLS_PLAINTEXT_MAX + 1];
	static uint8_t a[sizeof(text) + 16], b[sizeof(text) + 16];
	const struct tls_aead_backend *first = rig_backend(0);
	const struct tls_aead_backend *second = rig_backend(1);
	struct tls_aead *one, *other;
	struct bytes associated = bytes_of("0123456789abc", 13);
	size_t len;

	if (second == NULL)
		return;
	pattern_fill(text, sizeof(text));
	one = first->new (algorithms[_i], a_key);
	other = second->new (algorithms[_i], a_key);
	for (len = 0; len <= sizeof(text); len++) {
		if (!is_edge(len))
			continue;
		associated.len = len % 2 ? 13 : 5;
		first->seal(one, a_nonce, associated, bytes_of(text, len), a);
		second->seal(other, a_nonce, associated, bytes_of(text, len),
		    b);
		ck_assert_mem_eq(a, b, len + TLS_AEAD_TAG_LEN);
		ck_assert(second->open(other, a_nonce, associated, a, len, a));
		ck_assert(first->open(one, a_nonce, associated, b, len, b));
		ck_assert_mem_eq(a, text, len);
		ck_assert_mem_eq(b, text, len);
	}
	first->free(one);
	second->free(other);
}
END_TEST

START_TEST(aead_seals_in_place)
{
	const struct tls_aead_backend *backend = rig_backend(
	    _i % RIG_BACKENDS_MAX);
	uint8_t apart[1000 + TLS_AEAD_TAG_LEN], inside[sizeof(apart)];
	struct tls_aead *aead;

	if (backend == NULL)
		return;
	pattern_fill(inside, 1000);
	aead = backend->new (algorithms[_i / RIG_BACKENDS_MAX], a_key);
	backend->seal(aead, a_nonce, BYTES_NONE, bytes_of(inside, 1000), apart);
	backend->seal(aead, a_nonce, BYTES_NONE, bytes_of(inside, 1000),
	    inside);
	ck_assert_mem_eq(apart, inside, sizeof(apart));
	backend->free(aead);
}
END_TEST

START_TEST(aead_opens_apart)
{
	const struct tls_aead_backend *backend = rig_backend(
	    _i % RIG_BACKENDS_MAX);
	uint8_t text[1000], opened[sizeof(text)];
	uint8_t sealed[sizeof(text) + TLS_AEAD_TAG_LEN], copy[sizeof(sealed)];
	struct tls_aead *aead;

	if (backend == NULL)
		return;
	pattern_fill(text, sizeof(text));
	aead = backend->new (algorithms[_i / RIG_BACKENDS_MAX], a_key);
	backend->seal(aead, a_nonce, BYTES_NONE, bytes_of(text, sizeof(text)),
	    sealed);
	memcpy(copy, sealed, sizeof(copy));
	ck_assert(backend->open(aead, a_nonce, BYTES_NONE, sealed, sizeof(text),
	    opened));
	ck_assert_mem_eq(opened, text, sizeof(text));
	ck_assert_mem_eq(sealed, copy, sizeof(copy));
	backend->free(aead);
}
END_TEST

START_TEST(aead_refuses_each_changed_bit)
{
	const struct tls_aead_backend *backend = rig_backend(
	    _i % RIG_BACKENDS_MAX);
	uint8_t sealed[33 + TLS_AEAD_TAG_LEN], copy[sizeof(sealed)];
	uint8_t associated[5] = { 23, 3, 3, 0, 49 };
	uint8_t other_nonce[12];
	struct tls_aead *aead;
	size_t bit;

	if (backend == NULL)
		return;
	pattern_fill(copy, 33);
	aead = backend->new (algorithms[_i / RIG_BACKENDS_MAX], a_key);
	backend->seal(aead, a_nonce, bytes_of(associated, 5),
	    bytes_of(copy, 33), sealed);
	for (bit = 0; bit < 8 * sizeof(sealed); bit++) {
		memcpy(copy, sealed, sizeof(copy));
		copy[bit / 8] ^= (uint8_t)(1 << bit % 8);
		ck_assert(!backend->open(aead, a_nonce, bytes_of(associated, 5),
		    copy, 33, copy));
	}
	for (bit = 0; bit < 8 * sizeof(associated); bit++) {
		memcpy(copy, sealed, sizeof(copy));
		associated[bit / 8] ^= (uint8_t)(1 << bit % 8);
		ck_assert(!backend->open(aead, a_nonce, bytes_of(associated, 5),
		    copy, 33, copy));
		associated[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	memcpy(other_nonce, a_nonce, sizeof(other_nonce));
	other_nonce[11] ^= 1;
	memcpy(copy, sealed, sizeof(copy));
	ck_assert(!backend->open(aead, other_nonce, bytes_of(associated, 5),
	    copy, 33, copy));
	ck_assert(backend->open(aead, a_nonce, bytes_of(associated, 5), sealed,
	    33, sealed));
	backend->free(aead);
}
END_TEST

START_TEST(aead_leaves_nothing_of_a_forged_text)
{
	const struct tls_aead_backend *backend = rig_backend(_i);
	const uint8_t zeros[32] = { 0 };
	uint8_t text[32 + TLS_AEAD_TAG_LEN], apart[32];
	struct tls_aead *aead;

	if (backend == NULL)
		return;
	pattern_fill(text, sizeof(text));
	aead = backend->new (TLS_AEAD_AES_128_GCM, a_key);
	pattern_fill(apart, sizeof(apart));
	ck_assert(!backend->open(aead, a_nonce, BYTES_NONE, text, 32, apart));
	ck_assert_mem_eq(apart, zeros, 32);
	ck_assert(!backend->open(aead, a_nonce, BYTES_NONE, text, 32, text));
	ck_assert_mem_eq(text, zeros, 32);
	backend->free(aead);
}
END_TEST

START_TEST(aead_starts_with_the_fastest_back_end)
{
	tls_aead_start();
	ck_assert_str_eq(tls_aead_name(),
	    rig_backend(1) ? "ipsec-mb" : "mbedtls");
	ck_assert(tls_aead_start_with(&tls_aead_mbedtls));
	ck_assert_str_eq(tls_aead_name(), "mbedtls");
}
END_TEST

START_TEST(aead_free_takes_null)
{
	struct tls_aead *aead = NULL;

	tls_aead_free(&aead);
	tls_aead_start();
	aead = tls_aead_new(TLS_AEAD_CHACHA20_POLY1305, a_key);
	tls_aead_free(&aead);
	ck_assert_ptr_null(aead);
}
END_TEST

TCase *
test_aead(void)
{
	TCase *tcase = tcase_create("aead");

	tcase_add_loop_test(tcase, aead_agrees_with_the_published_vectors, 0,
	    RIG_BACKENDS_MAX);
	tcase_add_loop_test(tcase, aead_back_ends_open_what_the_other_seals, 0,
	    3);
	tcase_add_loop_test(tcase, aead_seals_in_place, 0,
	    3 * RIG_BACKENDS_MAX);
	tcase_add_loop_test(tcase, aead_opens_apart, 0, 3 * RIG_BACKENDS_MAX);
	tcase_add_loop_test(tcase, aead_refuses_each_changed_bit, 0,
	    3 * RIG_BACKENDS_MAX);
	tcase_add_loop_test(tcase, aead_leaves_nothing_of_a_forged_text, 0,
	    RIG_BACKENDS_MAX);
	tcase_add_test(tcase, aead_starts_with_the_fastest_back_end);
	tcase_add_test(tcase, aead_free_takes_null);
	tcase_set_timeout(tcase, 120);
	return tcase;
}
