/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is signed here is verified by OpenSSL, and a key's name is what OpenSSL
 * makes of it.
 */
#include "key/keyring.h"

#include <errno.h>

#include <openssl/pem.h>
#include <openssl/rsa.h>

#include "../x509/pki.h"
#include "test_key.h"

enum { P256, RSA_2048, P384, P521, RSA_3072, KEY_COUNT };

static const struct {
	bool is_rsa;
} kinds[KEY_COUNT] = {
	[RSA_2048] = { .is_rsa = true },
	[RSA_3072] = { .is_rsa = true },
};

static EVP_PKEY *keys[KEY_COUNT];
static struct keyring keyring;
static char why[256];
static const struct x509_fault fault = { why, sizeof(why) };
static const uint8_t digest[IPC_DIGEST_MAX] = { 1, 2, 3 };

static const struct {
	enum ipc_sign_hash hash;
	const EVP_MD *(*md)(void);
} hashes[] = {
	{ IPC_SIGN_SHA256, EVP_sha256 },
	{ IPC_SIGN_SHA384, EVP_sha384 },
	{ IPC_SIGN_SHA512, EVP_sha512 },
};

/*
 * All, or the first few where each instruction takes many (see tests/lib/step)
 * and each of these seconds.
 */
static int
some(int all, int few)
{
	return getenv("SIGNET_TESTS_ARE_SLOWED") == NULL ? all : few;
}

static void
make_keys(void)
{
	keys[P256] = EVP_EC_gen("P-256");
	keys[P384] = EVP_EC_gen("P-384");
	keys[P521] = EVP_EC_gen("P-521");
	keys[RSA_2048] = EVP_RSA_gen(2048);
	if (some(KEY_COUNT, RSA_3072) == KEY_COUNT)
		keys[RSA_3072] = EVP_RSA_gen(3072);
}

static void
free_keys(void)
{
	for (int i = 0; i < KEY_COUNT; i++)
		EVP_PKEY_free(keys[i]);
}

static void
set_up(void)
{
	why[0] = '\0';
	ck_assert_int_eq(keyring_open(&keyring), 0);
}

static void
tear_down(void)
{
	keyring_close(&keyring);
}

static void
id_of(EVP_PKEY *key, uint8_t id[IPC_KEY_ID_LEN])
{
	uint8_t *der = NULL;
	int len = i2d_PUBKEY(key, &der);

	ck_assert_int_gt(len, 0);
	ck_assert_int_eq(EVP_Digest(der, (size_t)len, id, NULL, EVP_sha256(),
			     NULL),
	    1);
	OPENSSL_free(der);
}

static int
add(EVP_PKEY *key, uint8_t id[IPC_KEY_ID_LEN])
{
	struct buffer file = { NULL, 0, 0 };
	int error;

	pki_append_key(key, &file);
	buffer_append(&file, bytes_of("", 1)); /* as files are received */
	file.len--;
	error = keyring_add(&keyring, buffer_view(&file), id, &fault);
	buffer_wipe(&file);
	return error;
}

static void
verify(EVP_PKEY *key, enum ipc_sign_scheme scheme, const EVP_MD *md,
    struct bytes signed_digest, struct bytes signature)
{
	EVP_PKEY_CTX *verifier = EVP_PKEY_CTX_new(key, NULL);

	ck_assert_int_eq(EVP_PKEY_verify_init(verifier), 1);
	ck_assert_int_eq(EVP_PKEY_CTX_set_signature_md(verifier, md), 1);
	if (scheme != IPC_SIGN_ECDSA)
		ck_assert_int_eq(EVP_PKEY_CTX_set_rsa_padding(verifier,
				     scheme == IPC_SIGN_RSA_PSS
					 ? RSA_PKCS1_PSS_PADDING
					 : RSA_PKCS1_PADDING),
		    1);
	if (scheme == IPC_SIGN_RSA_PSS) /* RFC 8446 s4.2.3 */
		ck_assert_int_eq(EVP_PKEY_CTX_set_rsa_pss_saltlen(verifier,
				     RSA_PSS_SALTLEN_DIGEST),
		    1);
	ck_assert_int_eq(EVP_PKEY_verify(verifier, signature.data,
			     signature.len, signed_digest.data,
			     signed_digest.len),
	    1);
	EVP_PKEY_CTX_free(verifier);
}

START_TEST(each_key_signs_in_each_scheme_that_is_its_own)
{
	uint8_t signature[IPC_SIGNATURE_MAX];
	struct ipc_sign sign = { .hash = hashes[_i % 3].hash };
	EVP_PKEY *key = keys[_i / 3];
	bool is_rsa = kinds[_i / 3].is_rsa;

	sign.digest = bytes_of(digest, ipc_sign_digest_len(sign.hash));
	ck_assert_int_eq(add(key, sign.key_id), 0);
	for (int scheme = IPC_SIGN_ECDSA; scheme <= IPC_SIGN_RSA_PSS;
	     scheme++) {
		size_t len = 12345;
		enum ipc_sign_status status;

		sign.scheme = (enum ipc_sign_scheme)scheme;
		status = keyring_sign(&keyring, &sign, signature, &len);
		if (is_rsa != (scheme != IPC_SIGN_ECDSA)) {
			ck_assert_int_eq(status, IPC_SIGN_UNFIT_KEY);
			ck_assert_uint_eq(len, 12345);
			continue;
		}
		ck_assert_int_eq(status, IPC_SIGN_DONE);
		verify(key, sign.scheme, hashes[_i % 3].md(), sign.digest,
		    bytes_of(signature, len));
	}
}
END_TEST

START_TEST(a_key_is_named_by_its_public_half)
{
	uint8_t id[IPC_KEY_ID_LEN], expected[IPC_KEY_ID_LEN];

	ck_assert_int_eq(add(keys[_i], id), 0);
	id_of(keys[_i], expected);
	ck_assert_mem_eq(id, expected, IPC_KEY_ID_LEN);
	ck_assert_ptr_nonnull(keyring_find(&keyring, id));
}
END_TEST

static enum ipc_sign_status
try_signing(const uint8_t id[IPC_KEY_ID_LEN])
{
	struct ipc_sign sign = { .scheme = IPC_SIGN_ECDSA,
		.hash = IPC_SIGN_SHA256,
		.digest = bytes_of(digest, 32) };
	uint8_t signature[IPC_SIGNATURE_MAX];
	size_t len;

	memcpy(sign.key_id, id, IPC_KEY_ID_LEN);
	return keyring_sign(&keyring, &sign, signature, &len);
}

START_TEST(two_keys_are_served_and_no_more)
{
	uint8_t ids[4][IPC_KEY_ID_LEN] = { { 0 } };

	id_of(keys[P384], ids[1]);
	ck_assert_int_eq(try_signing(ids[0]), IPC_SIGN_UNKNOWN_KEY);
	ck_assert_int_eq(add(keys[P256], ids[0]), 0);
	ck_assert_int_eq(try_signing(ids[0]), IPC_SIGN_DONE);
	ck_assert_int_eq(try_signing(ids[1]), IPC_SIGN_UNKNOWN_KEY);
	ck_assert_int_eq(add(keys[P384], ids[1]), 0);
	ck_assert_int_eq(try_signing(ids[0]), IPC_SIGN_DONE);
	ck_assert_int_eq(try_signing(ids[1]), IPC_SIGN_DONE);
	ck_assert_int_eq(add(keys[P521], ids[2]), -ENOSPC);
	ck_assert_ptr_nonnull(strstr(why, "tls.private_key: "));
	/* one that is there is there once */
	ck_assert_int_eq(add(keys[P256], ids[3]), 0);
	ck_assert_mem_eq(ids[3], ids[0], IPC_KEY_ID_LEN);
	ck_assert_uint_eq(keyring.count, 2);
}
END_TEST

START_TEST(a_key_that_is_removed_signs_no_more)
{
	uint8_t ids[2][IPC_KEY_ID_LEN];
	int other = 1 - _i;

	ck_assert_int_eq(add(keys[P256], ids[0]), 0);
	ck_assert_int_eq(add(keys[P384], ids[1]), 0);
	ck_assert_int_eq(keyring_remove(&keyring, ids[_i]), 0);
	ck_assert_int_eq(try_signing(ids[_i]), IPC_SIGN_UNKNOWN_KEY);
	ck_assert_int_eq(try_signing(ids[other]), IPC_SIGN_DONE);
	ck_assert_int_eq(keyring_remove(&keyring, ids[_i]), -ENOENT);
	ck_assert_int_eq(keyring_remove(&keyring, ids[other]), 0);
	ck_assert_int_eq(keyring_remove(&keyring, ids[other]), -ENOENT);
	ck_assert_int_eq(add(keys[P521], ids[0]), 0);
}
END_TEST

static void
refuse(struct bytes file, const char *text)
{
	uint8_t id[IPC_KEY_ID_LEN];

	ck_assert_int_eq(keyring_add(&keyring, file, id, &fault), -EINVAL);
	ck_assert_msg(strstr(why, text) != NULL, "\"%s\" is not in \"%s\"",
	    text, why);
	ck_assert_uint_eq(keyring.count, 0);
}

START_TEST(what_is_no_key_is_refused)
{
	EVP_PKEY *weak = EVP_RSA_gen(1024);
	EVP_PKEY *foreign = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
	struct buffer file = { NULL, 0, 0 };

	refuse(BYTES_NONE, "the file is empty");
	refuse(BYTES_LITERAL("nonsense"), "no key can be read");
	pki_append_key(weak, &file);
	buffer_append(&file, bytes_of("", 1));
	refuse(bytes_of(file.data, file.len - 1), "RSA of 1024 bits");
	buffer_wipe(&file);
	pki_append_key(foreign, &file);
	buffer_append(&file, bytes_of("", 1));
	refuse(bytes_of(file.data, file.len - 1), "no key can be read");
	buffer_wipe(&file);
	EVP_PKEY_free(weak);
	EVP_PKEY_free(foreign);
}
END_TEST

/* Whoever takes the wrong file is told which it is. */
static const struct {
	const char *content, *words;
} wrong_files[] = {
	{ "nonsense", "it is not PEM" },
	{ "-----BEGIN PUBLIC KEY-----\nMFk=\n-----END PUBLIC KEY-----\n",
	    "it is a public key" },
	{ "-----BEGIN CERTIFICATE-----\nMFk=\n-----END CERTIFICATE-----\n",
	    "there are certificates in it" },
	{ "-----BEGIN X509 CRL-----\nMFk=\n-----END X509 CRL-----\n",
	    "there is no private key in it" },
	{ "-----BEGIN OPENSSH PRIVATE KEY-----\nMFk=\n"
	  "-----END OPENSSH PRIVATE KEY-----\n",
	    "a format that TLS keys do not have" },
	{ "-----BEGIN PRIVATE KEY-----\nMFk=\n", "the file is cut" },
	{ "-----BEGIN PRIVATE KEY-----\nMFk=\n-----END PRIVATE KEY-----\n",
	    "the key is damaged" },
	{ "-----BEGIN EC PRIVATE KEY-----\nMFk=\n"
	  "-----END EC PRIVATE KEY-----\n",
	    "the key is damaged" },
};

START_TEST(what_is_taken_for_a_key_is_named)
{
	refuse(bytes_of_string(wrong_files[_i].content), wrong_files[_i].words);
}
END_TEST

/* A daemon with such a key could not make a handshake with anybody. */
START_TEST(a_key_on_a_curve_that_nobody_takes_is_refused)
{
	static const char *const curves[] = { "brainpoolP256r1", "secp256k1" };
	EVP_PKEY *key = EVP_EC_gen(curves[_i]);
	struct buffer file = { NULL, 0, 0 };

	ck_assert_ptr_nonnull(key);
	pki_append_key(key, &file);
	buffer_append(&file, bytes_of("", 1));
	refuse(bytes_of(file.data, file.len - 1), "P-256, P-384 or P-521");
	buffer_wipe(&file);
	EVP_PKEY_free(key);
}
END_TEST

START_TEST(a_key_that_is_encrypted_is_refused)
{
	char password[] = "secret";
	BIO *bio = BIO_new(BIO_s_mem());
	char *data;
	long len;

	if (_i == 0)
		ck_assert_int_eq(PEM_write_bio_PKCS8PrivateKey(bio, keys[P256],
				     EVP_aes_256_cbc(), password, 6, NULL,
				     NULL),
		    1);
	else
		ck_assert_int_eq(PEM_write_bio_PrivateKey_traditional(bio,
				     keys[P256], EVP_aes_256_cbc(),
				     (uint8_t *)password, 6, NULL, NULL),
		    1);
	ck_assert_int_eq(BIO_write(bio, "", 1), 1);
	len = BIO_get_mem_data(bio, &data);
	refuse(bytes_of(data, (size_t)len - 1), "the key is encrypted");
	BIO_free(bio);
}
END_TEST

TCase *
keyring_tests(void)
{
	TCase *tests = tcase_create("keyring");

	tcase_add_unchecked_fixture(tests, make_keys, free_keys);
	tcase_add_checked_fixture(tests, set_up, tear_down);
	tcase_add_loop_test(tests,
	    each_key_signs_in_each_scheme_that_is_its_own, 0,
	    3 * some(KEY_COUNT, P384));
	tcase_add_loop_test(tests, a_key_is_named_by_its_public_half, 0,
	    some(KEY_COUNT, RSA_3072));
	tcase_add_test(tests, two_keys_are_served_and_no_more);
	tcase_add_loop_test(tests, a_key_that_is_removed_signs_no_more, 0, 2);
	tcase_add_test(tests, what_is_no_key_is_refused);
	tcase_add_loop_test(tests, what_is_taken_for_a_key_is_named, 0,
	    sizeof(wrong_files) / sizeof(wrong_files[0]));
	tcase_add_loop_test(tests,
	    a_key_on_a_curve_that_nobody_takes_is_refused, 0, 2);
	tcase_add_loop_test(tests, a_key_that_is_encrypted_is_refused, 0, 2);
	return tests;
}
